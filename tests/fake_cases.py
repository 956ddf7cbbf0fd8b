"""Cases of the store in memory, in plain loops over plain values."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.crs import distances_m
from gridmap.errors import Conflict, NotFound
from gridmap.services.ports import CaseFile, CaseLine, NearCase, RecordLine, Verdict
from gridmap.store import columns as col
from gridmap.store.case_lines import LAST

_TIMES = ("filed_at", "dispatched_at", "handled_at", "closed_at", "due_at")


@dataclass(frozen=True)
class Held:
    """A case: how it came, whose it is, what it has become and its record."""

    number: int
    new: Any
    owner: Any
    record: tuple[RecordLine, ...]
    change: Any = None

    @property
    def open(self) -> bool:
        return self.change is None or self.change.open

    @property
    def due(self) -> datetime | None:
        return self.new.stage_due_at if self.change is None else self.change.stage_due_at

    @property
    def risk(self) -> datetime | None:
        return (self.new.risk_at if self.change is None else self.change.risk_at) if self.open else None

    @property
    def status(self) -> str:
        return "reported" if self.change is None else self.change.status

    def of(self, name: str, default: Any = None) -> Any:
        return default if self.change is None else getattr(self.change, name)

    def line(self, by_report: bool = False) -> CaseLine:
        new, owner = self.new, self.owner
        key = (self.record[0].entry.at if by_report else self.due or LAST, self.number)
        return CaseLine(
            case_id=new.incident_id, status=self.status, version=len(self.record), category=new.category,
            channel=new.channel, kind=new.kind, emergency=new.emergency, occurred_at=new.occurred_at.astimezone(UTC),
            reported_at=self.record[0].entry.at, stage_due_at=self.due, unit=self.of("unit"), proposed=new.proposed,
            set_name=owner.set_name, grid_code=owner.grid_code, component=new.component, address=new.address,
            extensions=self.of("extensions", 0), returns=self.of("returns", 0), reworks=self.of("reworks", 0),
            merged_into=self.of("merged_into"), place=shapely.Point(new.lon, new.lat), key=key,
            risk_at=self.risk,
        )  # fmt: skip

    def file(self) -> CaseFile:
        new = self.new
        return CaseFile(self.line(), new.note, new.photos, new.reporter, new.accuracy_m, new.rule,
                        self.of("handling_limit"), self.of("due_at"))  # fmt: skip

    def matches(self, where: Any) -> bool:
        line, due = self.line(), self.due or LAST
        texts = [line.case_id, line.address or "", line.unit or ""]
        boxed = where.bbox is None or (
            where.bbox[0] <= self.new.lon <= where.bbox[2] and where.bbox[1] <= self.new.lat <= where.bbox[3]
        )
        mine = where.within is None or any(
            name == line.set_name and (codes is None or line.grid_code in codes) for name, codes in where.within
        )
        return (
            (where.statuses is None or line.status in where.statuses)
            and (where.categories is None or line.category in where.categories)
            and (where.ids is None or line.case_id in where.ids)
            and (where.grid_code is None or line.grid_code == where.grid_code)
            and (where.unit is None or line.unit == where.unit)
            and (where.channel is None or line.channel == where.channel)
            and (where.start is None or line.reported_at >= where.start)
            and (where.end is None or line.reported_at < where.end)
            and (where.open is None or self.open == where.open)
            and (where.due_from is None or (self.open and due >= where.due_from))
            and (where.due_before is None or (self.open and due < where.due_before))
            and (where.risk_before is None or (self.risk is not None and self.risk <= where.risk_before))
            and any(
                (where.acted_from is None or one.entry.at >= where.acted_from)
                and (where.acted_before is None or one.entry.at < where.acted_before)
                for one in self.record
            )
            and (where.text is None or any(where.text.lower() in text.lower() for text in texts))
            and boxed
            and mine
        )


class FakeCases:
    """Cases with their record."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def _all(self, where: Any) -> list[Held]:
        return [held for held in self._work.read().cases.values() if held.matches(where)]

    def take(self, points: Any) -> list[Verdict]:
        for case, _ in points:
            texts = (case.kind, case.component, case.reporter, case.address, case.author)
            col.require_storable("address", [text or "" for text in texts])
        verdicts = self._work.incidents.take([(case.incident, owner) for case, owner in points])
        cases = self._work.write().cases
        found = []
        for (case, owner), verdict in zip(points, verdicts, strict=True):
            if verdict is Verdict.DIFFERS or case.incident_id in cases:
                found.append(Verdict.DUPLICATE if verdict is Verdict.ACCEPTED else verdict)
                continue
            first = RecordLine(1, case.entry, case.author)
            cases[case.incident_id] = Held(len(cases) + 1, case, owner, (first,))
            found.append(Verdict.ACCEPTED)
        return found

    def take_over(self, whole: Any) -> int:
        verdicts = self._work.incidents.take([(one.case.incident, one.owner) for one in whole])
        if Verdict.DIFFERS in verdicts:
            raise Conflict("content_differs")
        cases = self._work.write().cases
        before = len(cases)
        for one in sorted(whole, key=lambda one: one.case.incident_id):
            if one.case.incident_id not in cases:
                cases[one.case.incident_id] = Held(len(cases) + 1, one.case, one.owner, one.record, one.change)
        return len(cases) - before

    def open_near(self, asked: Any, *, metres: float, hours: float) -> list[list[NearCase]]:
        found = []
        for lon, lat, at in asked:
            lines = [held.line() for held in self._work.read().cases.values() if held.open]
            found.append([
                NearCase(line.case_id, line.place.x, line.place.y, line.category, line.occurred_at, line.component,
                         line.set_name, line.grid_code)
                for line in lines
                if abs(line.occurred_at - at) <= timedelta(hours=hours)
                and distances_m(lon, lat, line.place.x, line.place.y) <= metres
            ])  # fmt: skip
        return found

    def page(self, where: Any, *, limit: int, after: Any = None, by_report: bool = False) -> list[CaseLine]:
        lines = [held.line(by_report) for held in self._all(where) if by_report or held.open]
        lines.sort(key=lambda line: line.key, reverse=by_report)
        if after is not None:
            lines = [line for line in lines if (line.key < after if by_report else line.key > after)]
        return lines[:limit]

    def counts(self, where: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for held in self._all(where):
            if held.open:
                found[held.status] = found.get(held.status, 0) + 1
        return found

    def count(self, where: Any) -> int:
        return len(self._all(where))

    def loads(self, units: Any, within: Any = None) -> dict[str, int]:
        found: dict[str, int] = {}
        for held in self._work.read().cases.values():
            unit = held.of("unit")
            mine = within is None or any(
                name == held.owner.set_name and (codes is None or held.owner.grid_code in codes)
                for name, codes in within
            )
            if held.open and unit in units and mine:
                found[unit] = found.get(unit, 0) + 1
        return found

    def find(self, case_id: str) -> CaseFile | None:
        held = self._work.read().cases.get(case_id)
        return None if held is None else held.file()

    def record(self, case_id: str) -> list[RecordLine]:
        held = self._work.read().cases.get(case_id)
        return [] if held is None else list(held.record)

    def hold(self, case_id: str) -> CaseFile | None:
        self._work.write()
        return self.find(case_id)

    def append(self, case_id: str, number: int, entry: Any, author: str, change: Any, owner: Any) -> None:
        cases = self._work.write().cases
        held = cases.get(case_id)
        if held is None:
            raise NotFound("case_unknown")
        if len(held.record) != number - 1:
            raise Conflict("case_moved", version=len(held.record), status=held.status)
        col.require_storable("reason", [author, entry.reason, entry.names, entry.by])
        cases[case_id] = replace(held, change=change, record=(*held.record, RecordLine(number, entry, author)))

    def frame(self, where: Any) -> Any:
        kept = sorted(self._all(where), key=lambda held: (held.record[0].entry.at, held.new.incident_id))
        lines = [held.line() for held in kept]
        texts = ("case_id", "category", "channel", "grid_code", "kind", "status", "unit", "merged_into", "component")
        columns: dict[str, Any] = {name: col.text_array([getattr(line, name) for line in lines]) for name in texts}
        columns["emergency"] = np.array([line.emergency for line in lines], dtype=bool)
        columns["returns"] = np.array([line.returns for line in lines], dtype=np.int64)
        columns["reworks"] = np.array([line.reworks for line in lines], dtype=np.int64)
        columns["deferred"] = np.array([line.status == "suspended" for line in lines], dtype=bool)
        columns["appealed"] = np.array([held.of("appealed", False) for held in kept], dtype=bool)
        times = {"reported_at": [line.reported_at for line in lines]}
        times |= {name: [held.of(name) for held in kept] for name in _TIMES}
        for name, values in times.items():
            columns[name] = pd.Series(pd.to_datetime(values, utc=True)).astype("datetime64[us, UTC]")
        return col.frame_of(columns, np.array([line.place for line in lines], dtype=object))
