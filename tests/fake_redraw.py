"""Logs of drafts of the store in memory, by plain loops over plain values."""

import hashlib
import pickle
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from gridmap.analysis.redraw.tiling import frame_of
from gridmap.domain.redraw import Entry
from gridmap.domain.waivers import Waiver
from gridmap.errors import NotFound, StaleVersion
from gridmap.services.ports import LogLine, Mark, Step
from gridmap.store import columns as col


@dataclass
class Log:
    entries: list[tuple[Entry, str | None]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    given: int = 0

    def copy(self) -> "Log":
        return Log(copy(self.entries), copy(self.marks), copy(self.steps), copy(self.waivers), self.given)


class FakeRedraw:
    def __init__(self, work: Any) -> None:
        self._work = work

    def _log(self, set_name, number):
        return self._work.read().redraw.get((set_name, number)) or Log()

    def _draft(self, set_name, number):
        state = self._work.write()
        if set_name not in state.sets:
            raise NotFound("set_not_found")
        draft = self._work.boundaries._need(set_name, number)
        log = (state.redraw.get((set_name, number)) or Log()).copy()
        state.redraw[set_name, number] = log
        return state, draft, log

    def head(self, set_name, number):
        return len(self._log(set_name, number).entries)

    def ground(self, set_name, number):
        draft = self._work.boundaries.find_version(set_name, number)
        if draft is None:
            raise NotFound("version_unknown")
        return self._work.boundaries.grids(draft)

    def export(self, set_name, number):
        return self.ground(set_name, number)

    def lines(self, set_name, number, *, after=0):
        return [
            LogLine(e.number, author_id, e.author, e.at, e.verb, e.undoes, e.change.codes)
            for e, author_id in self._log(set_name, number).entries
            if e.number > after
        ]

    def entries(self, set_name, number, *, after=0):
        return [e for e, _ in self._log(set_name, number).entries if e.number > after]

    def changes(self, set_name, number, *, after=0):
        return [(e.number, e.change) for e in self.entries(set_name, number, after=after)]

    def append(self, set_name, number, entry, *, author_id):
        state, draft, log = self._draft(set_name, number)
        if entry.number != len(log.entries) + 1:
            raise StaleVersion("redraw_stale")
        log.entries.append((entry, author_id))
        rows = [r for r in state.grids[set_name, number] if r["code"] not in entry.change.before]
        if entry.change.after:
            rows += self._work.boundaries._rows(state.sets[set_name], frame_of(list(entry.change.after.values())))
        state.grids[set_name, number] = sorted(rows, key=lambda r: (r["position"], r["code"]))
        content = hashlib.sha256(draft.content_hash.encode() + pickle.dumps(entry.change)).hexdigest()
        return self._work.boundaries._put(state, replace(draft, content_hash=content))

    def marks(self, set_name, number):
        return list(self._log(set_name, number).marks)

    def locks(self, set_name, number):
        return [m for m in self._log(set_name, number).marks if m.kind != "comment"]

    def add_mark(self, set_name, number, mark):
        _, _, log = self._draft(set_name, number)
        col.require_storable("text", [mark.author, mark.text, mark.code or ""])
        log.given += 1
        made = replace(mark, number=log.given)
        log.marks.append(made)
        return made

    def remove_mark(self, set_name, number, mark):
        _, _, log = self._draft(set_name, number)
        found = next((m for m in log.marks if m.number == mark), None)
        if found is None:
            raise NotFound("redraw_mark_unknown")
        log.marks.remove(found)
        return found

    def waivers(self, set_name, number):
        return list(self._log(set_name, number).waivers)

    def add_waiver(self, set_name, number, waiver):
        _, _, log = self._draft(set_name, number)
        col.require_storable("reason", [waiver.author, waiver.reason, waiver.rule, *waiver.codes])
        log.waivers.append(replace(waiver, number=len(log.waivers) + 1))
        return log.waivers[-1]

    def steps(self, set_name, number):
        return list(self._log(set_name, number).steps)

    def add_step(self, set_name, number, step):
        _, _, log = self._draft(set_name, number)
        if step.revision != len(log.entries):
            raise StaleVersion("redraw_stale")
        log.steps.append(step)
