"""A store in memory with the ports of ``gridmap.services.ports``, for tests of services.

Its rules are written with plain loops over plain values, not with the code of the true stores; only the making of
frames is shared. The contract suite in ``tests/store`` holds all three to the same answers.
"""

import threading
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely
from fake_access import AccessState, FakeAccounts, FakeEvents, FakeIdempotency, FakeTrail
from fake_books import FakeBooks, FakePlaces
from fake_boundaries import FakeBoundaries, meets
from fake_cases import FakeCases
from fake_duty import DutyState, FakeDuty, FakePatrolDays
from fake_features import FakeFeatures, FakeLayer
from fake_inspections import FakeInspections, InspectionState
from fake_people import FakeProfiles, FakeStaff
from fake_redraw import FakeRedraw

from gridmap.analysis import frames
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.errors import Conflict, NotFound, StoreUnavailable
from gridmap.services.ports import Added, FeatureFilter, IncidentRecord, Passing, PointFilter, StoreMode, Verdict
from gridmap.store import columns as col
from gridmap.store.context import context_frame
from gridmap.store.incidents import incident_frame, incident_values
from gridmap.store.patrols import fix_counts, fix_frame, fix_values
from gridmap.store.version_keys import version_values

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class _State:
    sets: dict[str, BoundarySet] = field(default_factory=dict)
    versions: dict[str, tuple[BoundaryVersion, ...]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    revisions: dict[tuple[str, int], int] = field(default_factory=dict)
    grids: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    lineage: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    staff: dict[str, dict[date, tuple[Any, ...]]] = field(default_factory=dict)
    profiles: dict[tuple[str, str], dict[date, Any]] = field(default_factory=dict)
    layers: dict[str, FakeLayer] = field(default_factory=dict)
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    fixes: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    context: list[tuple[Any, ...]] = field(default_factory=list)
    redraw: dict[tuple[str, int], Any] = field(default_factory=dict)
    cases: dict[str, Any] = field(default_factory=dict)
    books: dict[tuple[str, date], Any] = field(default_factory=dict)
    places: Any = None
    duty: DutyState = field(default_factory=DutyState)
    inspections: InspectionState = field(default_factory=InspectionState)
    access: AccessState = field(default_factory=AccessState)

    def copy(self) -> "_State":
        return _State(**{name: copy(getattr(self, name)) for name in self.__dataclass_fields__})


class FakeStore:
    """An empty store in memory; as in the embedded one, one unit of work writes at a time."""

    local = True

    def __init__(self, *, wait_s: float = 5.0) -> None:
        self.state = _State()
        self.lock = threading.Lock()
        self.wait_s = wait_s
        self.closed = False
        self.commits = 0

    def unit_of_work(self) -> "FakeUnitOfWork":
        return FakeUnitOfWork(self)

    def close(self) -> None:
        self.closed = True

    def revision(self, of: str = "all") -> object:
        if of == "all":
            return self.commits
        if of == "answers":
            return repr([getattr(self.state, name) for name in ("sets", "versions", "staff", "profiles")])
        access = self.state.access
        return repr((access.accounts, {name: token.revoked_at for name, token in access.tokens.items()}))

    def ping(self) -> None:
        if self.closed:
            raise StoreUnavailable("store_unreachable")

    def mode(self) -> StoreMode:
        return StoreMode.WRITABLE


class FakeUnitOfWork:
    """Reads the state that was there at the first look, or its own copy once it writes."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._seen: _State | None = None
        self._own: _State | None = None
        self.boundaries = FakeBoundaries(self)
        self.staff = FakeStaff(self)
        self.profiles = FakeProfiles(self)
        self.incidents = _Incidents(self)
        self.patrols = _Patrols(self)
        self.context = _Context(self)
        self.features = FakeFeatures(self)
        self.accounts = FakeAccounts(self)
        self.trail = FakeTrail(self)
        self.events = FakeEvents(self)
        self.idempotency = FakeIdempotency(self)
        self.redraw = FakeRedraw(self)
        self.cases = FakeCases(self)
        self.books = FakeBooks(self)
        self.places = FakePlaces(self)
        self.duty = FakeDuty(self)
        self.patrol_days = FakePatrolDays(self)
        self.inspections = FakeInspections(self)

    def __enter__(self) -> "FakeUnitOfWork":
        return self

    def __exit__(self, *exc: object) -> None:
        self._release()

    def commit(self) -> None:
        if self._own is not None:
            self._store.state = self._own
            self._store.commits += 1
        self._release()

    def _release(self) -> None:
        if self._own is not None:
            self._store.lock.release()
        self._own = self._seen = None

    def read(self) -> _State:
        if self._own is not None:
            return self._own
        if self._seen is None:
            self._seen = self._store.state
        return self._seen

    def write(self) -> _State:
        if self._own is None:
            if not self._store.lock.acquire(timeout=self._store.wait_s):
                raise StoreUnavailable("store_locked")
            self._own = self._store.state.copy()
        return self._own


class _Incidents:
    def __init__(self, work: FakeUnitOfWork) -> None:
        self._work = work

    def add(self, frame):
        frames.require(frame, frames.INCIDENTS)
        columns, at, geometry = incident_values(frame)
        state = self._work.write()
        columns["version"] = _known_versions(state, version_values(frame))
        fresh: dict[str, dict[str, Any]] = {}
        for i, key in enumerate(columns["incident_id"]):
            row = {name: values[i] for name, values in columns.items()}
            row |= {"at": _moment(at[i]), "geometry": geometry[i]}
            old = fresh.get(key) or state.incidents.get(key)
            if old is None:
                fresh[key] = row
            elif (
                any(old[n] != row[n] for n in ("at", "category"))
                or old["geometry"].coords[0] != row["geometry"].coords[0]
            ):
                raise Conflict("content_differs")
        state.incidents.update(fresh)
        first = {key: i for i, key in reversed(list(enumerate(columns["incident_id"]))) if key in fresh}
        new = np.isin(np.arange(len(frame)), list(first.values()))
        return Added(len(fresh), len(frame) - len(fresh), new)

    def take(self, points):
        state = self._work.write()
        verdicts = []
        for new, owner in points:
            old = state.incidents.get(new.incident_id)
            if old is None:
                row = new._asdict() | owner._asdict()
                row |= {"at": new.occurred_at, "geometry": shapely.Point(new.lon, new.lat), "version": _version(owner)}
                state.incidents[new.incident_id] = row
                verdicts.append(Verdict.ACCEPTED)
                continue
            before = (old["at"], old["category"], *old["geometry"].coords[0])
            same = before == (new.occurred_at, new.category, new.lon, new.lat)
            verdicts.append(Verdict.DUPLICATE if same else Verdict.DIFFERS)
        return verdicts

    def _rows(self, where):
        rows = [
            r
            for r in self._work.read().incidents.values()
            if _within(r, where) and (where.categories is None or r["category"] in where.categories)
        ]
        return sorted(rows, key=lambda r: (r["at"], r["incident_id"]))

    def _frame(self, rows):
        names = ("category", "channel", "note", "grid_code", "method", "border_m", "version")
        values = [[r["incident_id"] for r in rows], _times(rows), *([r[n] for r in rows] for n in names)]
        return incident_frame(values, _geometry(rows))

    def page(self, where, *, limit, after=None):
        rows = [r for r in self._rows(where) if after is None or (r["at"], r["incident_id"]) > after]
        return self._frame(rows[:limit])

    def records(self, where, *, limit, after=None):
        rows = [r for r in self._rows(where) if after is None or (r["at"], r["incident_id"]) > after]
        names = ("incident_id", "at", "category", "channel", "grid_code", "method")
        return [
            IncidentRecord(*(r[n] for n in names), None if r["version"] is None else r["version"][1], r["geometry"])
            for r in rows[:limit]
        ]

    def find(self, incident_id, within=None):
        found = self.records(PointFilter(within=within), limit=10**9)
        return next((record for record in found if record.incident_id == incident_id), None)

    def frame(self, where):
        return self._frame(self._rows(where))

    def count(self, where):
        return len(self._rows(where))

    def counts_by_grid(self, where):
        owners = [r["grid_code"] for r in self._rows(where) if r["grid_code"] is not None]
        codes = sorted(set(owners))
        return pd.DataFrame(
            {
                "grid_code": col.text_array(codes),
                "incidents": pd.array([owners.count(c) for c in codes], dtype="int64"),
            }
        )

    def reown(self, where, owners):
        state = self._work.write()
        rows = self._rows(where)
        new, changed = _reowned(rows, "occurred_at", ("grid_code", "method", "border_m"), owners, state)
        state.incidents |= {row["incident_id"]: row for row in new}
        return changed

    def categories(self, within=None):
        return sorted({r["category"] for r in self._work.read().incidents.values() if owned_within(r, within)})

    def time_span(self, within=None):
        return _span(r for r in self._work.read().incidents.values() if owned_within(r, within))


class _Patrols:
    def __init__(self, work: FakeUnitOfWork) -> None:
        self._work = work

    def add(self, frame):
        frames.require(frame, frames.FIXES)
        columns, at, geometry = fix_values(frame)
        state = self._work.write()
        until = self._work.patrol_days.thinned_until()
        if until is not None and any(_moment(moment) < until for moment in at):
            raise Conflict("day_thinned")
        columns["version"] = _known_versions(state, version_values(frame))
        before = len(state.fixes)
        for i, unit in enumerate(columns["unit_id"]):
            row = {name: values[i] for name, values in columns.items()}
            row |= {"at": _moment(at[i]), "geometry": geometry[i]}
            state.fixes.setdefault((unit, row["at"], geometry[i].coords[0]), row)
        added = len(state.fixes) - before
        return Added(added, len(frame) - added)

    def take(self, points):
        state = self._work.write()
        verdicts = []
        until = self._work.patrol_days.thinned_until()
        for new, owner in points:
            if until is not None and new.fixed_at < until:
                verdicts.append(Verdict.THINNED)
                continue
            key = (new.unit_id, new.fixed_at, (new.lon, new.lat))
            verdicts.append(Verdict.DUPLICATE if key in state.fixes else Verdict.ACCEPTED)
            row = new._asdict() | owner._asdict()
            row |= {"at": new.fixed_at, "geometry": shapely.Point(new.lon, new.lat), "version": _version(owner)}
            state.fixes.setdefault(key, row)
        return verdicts

    def _rows(self, where):
        return [row for _, row in sorted(self._work.read().fixes.items()) if _within(row, where)]

    def reown(self, where, owners):
        state = self._work.write()
        keys = [key for key, row in sorted(state.fixes.items()) if _within(row, where)]
        new, changed = _reowned([state.fixes[k] for k in keys], "fixed_at", ("grid_code",), owners, state)
        state.fixes |= dict(zip(keys, new, strict=True))
        return changed

    def frame(self, where, units=None):
        return self._framed([r for r in self._rows(where) if units is None or r["unit_id"] in units])

    def latest(self, where, units=None):
        rows = {r["unit_id"]: r for r in self._rows(where) if units is None or r["unit_id"] in units}
        return self._framed(list(rows.values()))

    def _framed(self, rows):
        values = [
            [r["unit_id"] for r in rows],
            _times(rows),
            *([r[n] for r in rows] for n in ("accuracy_m", "grid_code", "version")),
        ]
        return fix_frame(values, _geometry(rows))

    def passing(self, where):
        rows = self._rows(where)
        return Passing(len(rows), len({r["unit_id"] for r in rows}), max((r["at"] for r in rows), default=None))

    def count(self, where):
        return len(self._rows(where))

    def counts_by_grid(self, where):
        rows = [r for r in self._rows(where) if r["grid_code"] is not None]
        codes = sorted({r["grid_code"] for r in rows})
        groups = [[r for r in rows if r["grid_code"] == c] for c in codes]
        last = [{"at": max(r["at"] for r in group)} for group in groups]
        units = [len({r["unit_id"] for r in group}) for group in groups]
        return fix_counts(codes, [len(group) for group in groups], units, _times(last))

    def time_span(self, within=None):
        return _span(r for r in self._work.read().fixes.values() if owned_within(r, within))


class _Context:
    def __init__(self, work: FakeUnitOfWork) -> None:
        self._work = work

    def replace(self, frame):
        geometry = col.simple_shapes(frame)
        kinds, names = col.texts(frame, "kind", required=True), col.texts(frame, "name")
        self._work.write().context = list(zip(kinds, names, geometry, strict=True))
        return len(geometry)

    def around(self, names, day):
        drawn = self.frame()
        found = {k: drawn[drawn["kind"] == k] for k in set(drawn["kind"]) & set(names)}
        layers = [x.name for x in self._work.features.list_layers() if x.name in names]
        return found | {n: self._work.features.frame(FeatureFilter(n, day)) for n in layers}

    def frame(self):
        rows = self._work.read().context
        return context_frame([r[:2] for r in rows], _array([r[2] for r in rows]))


def _version(owner):
    return None if owner.set_name is None else (owner.set_name, owner.version_number)


def _known_versions(state, versions):
    for version in versions:
        if version is not None and not any(v.number == version[1] for v in state.versions.get(version[0], ())):
            raise NotFound("version_unknown")
    return versions


def _reowned(rows, time, names, owners, state):
    if not rows:
        return [], 0
    found = owners(col.frame_of({time: _times(rows)}, _geometry(rows)))
    versions = _known_versions(state, version_values(found))
    values = {n: [None if pd.isna(v) else v for v in found[n]] for n in names}
    new = [{**row, "version": versions[i], **{n: values[n][i] for n in names}} for i, row in enumerate(rows)]
    return new, sum(a["grid_code"] != b["grid_code"] for a, b in zip(rows, new, strict=True))


def _array(shapes):
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def _geometry(rows):
    return _array([row["geometry"] for row in rows])


def _moment(value) -> datetime:
    return _EPOCH + timedelta(microseconds=int(value.astype(np.int64)))


def _times(rows) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([r["at"] for r in rows], dtype="datetime64[us, UTC]")


def _within(row, where) -> bool:
    return (
        (where.start is None or row["at"] >= where.start)
        and (where.end is None or row["at"] < where.end)
        and (where.bbox is None or meets(row["geometry"], where.bbox))
        and (where.grid_code is None or row["grid_code"] == where.grid_code)
        and (where.version is None or row["version"] == where.version)
        and (where.not_version is None or row["version"] != where.not_version)
        and owned_within(row, where.within)
    )


def owned_within(row, within) -> bool:
    if within is None:
        return True
    for set_name, codes in within:
        if (
            row["version"] is not None
            and row["version"][0] == set_name
            and (codes is None or row["grid_code"] in codes)
        ):
            return True
    return False


def _span(rows):
    moments = [row["at"] for row in rows]
    return (min(moments), max(moments)) if moments else None
