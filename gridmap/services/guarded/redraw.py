"""Logs of drafts, cut down to a reach."""

from collections.abc import Collection
from dataclasses import replace

import geopandas as gpd

from gridmap.analysis.redraw.ground import stays
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundaryVersion
from gridmap.domain.redraw import Change, Entry
from gridmap.domain.waivers import Waiver
from gridmap.errors import NotAllowed, NotFound
from gridmap.services.guarded.guard import Guard
from gridmap.services.ports import LogLine, Mark, Step

_SEE = Permission.GRIDS_READ
_DRAFT = Permission.DRAFTS_WRITE


class CutRedraw:
    """``RedrawRepository`` for who may draw a part of a set.

    Borders are moved on both sides, so drawing itself knows all areas (``ground``); what is read of the log, and what
    may be changed, is that part.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.redraw

    def _codes(self, set_name: str, number: int) -> Collection[str] | None:
        """Give the codes of a draft within reach, new ones below them too; None: all."""
        if not self._guard.sees(_DRAFT, set_name):
            raise NotFound("set_not_found")
        draft = self._guard.raw.boundaries.find_version(set_name, number)
        if draft is None:
            raise NotFound("version_unknown")
        return self._guard.codes_of(_DRAFT, draft)

    def head(self, set_name: str, number: int) -> int:
        """Give the number of the last entry."""
        self._codes(set_name, number)
        return self._raw.head(set_name, number)

    def ground(self, set_name: str, number: int) -> gpd.GeoDataFrame:
        """Give all areas of a draft of which something is within reach, for drawing alone."""
        self._codes(set_name, number)
        return self._raw.ground(set_name, number)

    def export(self, set_name: str, number: int) -> gpd.GeoDataFrame:
        """Give the areas of a draft within reach, with no word of those above them that are not."""
        codes = self._codes(set_name, number)
        frame = self._raw.export(set_name, number)
        if codes is None:
            return frame
        mine = frame[frame["code"].isin(codes)].reset_index(drop=True)
        return mine.assign(parent_code=mine["parent_code"].where(mine["parent_code"].isin(codes), None))

    def lines(self, set_name: str, number: int, *, after: int = 0) -> list[LogLine]:
        """Give the entries about something within reach, with the codes that are."""
        codes = self._codes(set_name, number)
        found = self._raw.lines(set_name, number, after=after)
        if codes is None:
            return found
        cut = [replace(line, codes=tuple(c for c in line.codes if c in codes)) for line in found]
        return [line for line in cut if line.codes]

    def entries(self, set_name: str, number: int, *, after: int = 0) -> list[Entry]:
        """Give all entries, each with what it did within reach."""
        codes = self._codes(set_name, number)
        found = self._raw.entries(set_name, number, after=after)
        return found if codes is None else [replace(e, change=_within(e.change, codes)) for e in found]

    def changes(self, set_name: str, number: int, *, after: int = 0) -> list[tuple[int, Change]]:
        """Give what each entry did, for drawing alone."""
        self._codes(set_name, number)
        return self._raw.changes(set_name, number, after=after)

    def append(self, set_name: str, number: int, entry: Entry, *, author_id: str | None) -> BoundaryVersion:
        """Make a change of what is within reach; beyond it, borders stay where they are.

        Raises
        ------
        NotAllowed
            ``outside_reach``.
        """
        codes = self._codes(set_name, number)
        if codes is not None:
            _require_within(entry.change, codes)
        changed = self._raw.append(set_name, number, entry, author_id=author_id)
        return changed if codes is None else replace(changed, note="")

    def marks(self, set_name: str, number: int) -> list[Mark]:
        """Give the locks and comments of areas within reach."""
        codes = self._codes(set_name, number)
        return [m for m in self._raw.marks(set_name, number) if codes is None or m.code in codes]

    def locks(self, set_name: str, number: int) -> list[Mark]:
        """Give all locks, for drawing alone: that of a street holds its grids, whoever has no more than one of them."""
        self._codes(set_name, number)
        return self._raw.locks(set_name, number)

    def add_mark(self, set_name: str, number: int, mark: Mark) -> Mark:
        """Pin a lock or comment to an area within reach."""
        codes = self._codes(set_name, number)
        if codes is not None and mark.code not in codes:
            raise NotAllowed("outside_reach")
        return self._raw.add_mark(set_name, number, mark)

    def remove_mark(self, set_name: str, number: int, mark: int) -> Mark:
        """Take a lock or comment of an area within reach away."""
        if mark not in [m.number for m in self.marks(set_name, number)]:
            raise NotFound("redraw_mark_unknown")
        return self._raw.remove_mark(set_name, number, mark)

    def waivers(self, set_name: str, number: int) -> list[Waiver]:
        """Give the waivers of findings all of whose areas are within reach."""
        version = self._guard.raw.boundaries.find_version(set_name, number)
        if version is None or not self._guard.sees(_SEE, set_name):
            return []
        codes = self._guard.codes_of(_SEE, version)
        found = self._raw.waivers(set_name, number)
        return [w for w in found if codes is None or (w.codes and set(w.codes) <= set(codes))]

    def add_waiver(self, set_name: str, number: int, waiver: Waiver) -> Waiver:
        """Sign for areas within reach, or take that back."""
        codes = self._codes(set_name, number)
        if codes is not None and not (waiver.codes and set(waiver.codes) <= set(codes)):
            raise NotAllowed("outside_reach")
        return self._raw.add_waiver(set_name, number, waiver)

    def steps(self, set_name: str, number: int) -> list[Step]:
        """Give the steps of a draft; what people wrote of it may speak of other parts."""
        codes = self._codes(set_name, number)
        found = self._raw.steps(set_name, number)
        return found if codes is None else [replace(step, reason="") for step in found]

    def add_step(self, set_name: str, number: int, step: Step) -> None:
        """Move a draft on that is within reach as a whole."""
        self._guard.require_whole(_DRAFT, set_name)
        self._raw.add_step(set_name, number, step)


def _within(change: Change, codes: Collection[str]) -> Change:
    known = {*codes, *(c for c, g in change.after.items() if g.parent_code in codes)}
    before = {c: g for c, g in change.before.items() if c in known}
    return Change(before, {c: g for c, g in change.after.items() if c in known})


def _require_within(change: Change, codes: Collection[str]) -> None:
    for code in change.codes:
        before, after = change.before.get(code), change.after.get(code)
        if code in codes:
            # nor may it be given away
            if before is None or after is None or after.parent_code in (before.parent_code, *codes):
                continue
        elif before is None:
            if after is not None and after.parent_code in codes:
                continue
        elif after is not None and stays(before, after):
            continue
        raise NotAllowed("outside_reach")
