"""Incidents and patrol fixes, as ``services.ports`` asks for them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from gridmap.analysis import frames
from gridmap.errors import Conflict
from gridmap.services.ports import Added, PointFilter
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits, bbox_hits_row, bbox_hits_set, boxes_in
from gridmap.store.blobs import Geometries
from gridmap.store.loading import NEARLY_EMPTY, Keys
from gridmap.store.tables import FixRow, IncidentRow
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import ids_of, version_columns, version_id_of, version_values, versions_of

_KEYS_AT_ONCE = 20_000
#: Fewer places in a box are gathered and sorted; where there are more, a page is found sooner along the times,
#: with the ids in the box at hand or, from the second number on, with a look at each place.
_SOME, _MANY = 20_000, 60_000
_INCIDENT: sa.Table = IncidentRow.__table__  # type: ignore[assignment]
_FIX: sa.Table = FixRow.__table__  # type: ignore[assignment]

Owners = Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]


class Incidents:
    """What happened, where and when, with the responsibility of its day."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, frame: gpd.GeoDataFrame) -> Added:
        """Add INCIDENTS rows with the RESPONSIBILITY columns and their version; see ``services.ports``."""
        frames.require(frame, frames.INCIDENTS)
        columns, at, geometry = incident_values(frame)
        load = self._work.begin_load(_INCIDENT, len(frame))
        if load is not None and load.keys is None:
            load.keys = self._keys_there()
        ids = columns["incident_id"]
        doubtful = np.ones(len(ids), dtype=bool) if load is None or load.keys is None else load.keys.doubtful(ids)
        new = np.ones(len(ids), dtype=bool)
        keys = None
        if doubtful.any() or len(set(ids)) < len(ids):
            keys = _keys(columns, at, geometry)
            new = ~keys.duplicated("incident_id").to_numpy()
            _refuse_other_content(keys, keys[new])
            known = self._known(keys["incident_id"][new & doubtful].tolist())
            _refuse_other_content(keys, known)
            new &= ~keys["incident_id"].isin(known["incident_id"]).to_numpy()
        columns["occurred_at"] = self._work.backend.time_texts(at)
        columns["version_id"] = ids_of(self._work, version_values(frame))
        added = self._work.insert(
            _INCIDENT,
            {name: _kept(values, new) for name, values in columns.items()},
            geometry if new.all() else geometry[new],
        )
        if added < int(new.sum()) and keys is not None:  # somebody else added the same ones meanwhile
            _refuse_other_content(keys, self._known(keys["incident_id"][new].tolist()))
        if load is not None and load.keys is not None:
            load.keys.note(_kept(ids, new))
        return Added(added, len(ids) - added)

    def _keys_there(self) -> Keys | None:
        rows = self._work.rows(sa.select(IncidentRow.incident_id).limit(NEARLY_EMPTY + 1), by_key=True)
        return Keys([row[0] for row in rows]) if len(rows) <= NEARLY_EMPTY else None

    def _known(self, ids: list[str]) -> pd.DataFrame:
        backend = self._work.backend
        found: list[Any] = []
        for start in range(0, len(ids), _KEYS_AT_ONCE):
            if start == 0 and not self._work.rows(sa.select(IncidentRow.id).limit(1), by_key=True):
                break
            found.extend(
                self._work.rows(
                    sa.select(
                        IncidentRow.incident_id,
                        backend.time_out(IncidentRow.occurred_at),
                        IncidentRow.category,
                        backend.geometry_out(IncidentRow.geom),
                    ).where(backend.one_of(IncidentRow.incident_id, ids[start : start + _KEYS_AT_ONCE])),
                    by_key=True,
                )
            )
        geometry = backend.geometries_from([row[3] for row in found])
        return pd.DataFrame(
            {
                "incident_id": [row[0] for row in found],
                "at": backend.times_from([row[1] for row in found]).asi8,
                "category": [row[2] for row in found],
                "x": shapely.get_x(geometry),
                "y": shapely.get_y(geometry),
            }
        )

    def page(self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None) -> gpd.GeoDataFrame:
        """Give up to ``limit`` incidents after a (occurred_at, incident_id) key, in that order."""
        later: list[sa.ColumnElement[bool]] = []
        if after is not None:
            at, key = after
            later = [IncidentRow.occurred_at >= at, sa.or_(IncidentRow.occurred_at > at, IncidentRow.incident_id > key)]
        hits = self._way_to(where, later)
        # first the keys, from an index that holds all it takes; then the rows, of which there are few
        keys = (
            sa.select(IncidentRow.incident_id)
            .where(*self._conditions(where, hits), *later)
            .order_by(IncidentRow.occurred_at, IncidentRow.incident_id)
            .limit(limit)
            .subquery()
        )
        query = self._select(PointFilter()).join(keys, keys.c.incident_id == IncidentRow.incident_id)
        return self._frame(query)

    def _way_to(self, where: PointFilter, later: list[sa.ColumnElement[bool]]) -> type[bbox_hits]:
        """Choose how the box is asked: gather all in it and sort them, or go along the times and look at each place.

        In the embedded store we choose by counting a little: SQLite would always gather. The server has statistics.
        """
        if where.bbox is None or not self._work.backend.CHOOSES_BY_COUNTING:
            return bbox_hits
        times = _window(IncidentRow, IncidentRow.occurred_at, PointFilter(start=where.start, end=where.end))
        some = sa.select(IncidentRow.id).where(*times, *later).limit(_SOME).subquery()
        in_time = self._work.rows(sa.select(sa.func.count()).select_from(some))[0][0]
        in_box = self._work.rows(boxes_in(IncidentRow.__tablename__, *where.bbox, _MANY))[0][0]
        if in_time < min(in_box, _SOME) or in_box >= _MANY:
            return bbox_hits_row
        return bbox_hits_set if in_box >= _SOME else bbox_hits

    def frame(self, where: PointFilter) -> gpd.GeoDataFrame:
        """Give all matching incidents in the same order."""
        return self._frame(self._select(where))

    def _select(self, where: PointFilter) -> sa.Select[Any]:
        backend = self._work.backend
        query = sa.select(
            IncidentRow.incident_id,
            backend.time_out(IncidentRow.occurred_at),
            IncidentRow.category,
            IncidentRow.channel,
            IncidentRow.note,
            IncidentRow.grid_code,
            IncidentRow.method,
            IncidentRow.border_m,
            IncidentRow.version_id,
            backend.geometry_out(IncidentRow.geom),
        ).order_by(IncidentRow.occurred_at, IncidentRow.incident_id)
        return query.where(*self._conditions(where))

    def _conditions(self, where: PointFilter, hits: type[bbox_hits] = bbox_hits) -> list[sa.ColumnElement[bool]]:
        conditions = _window(IncidentRow, IncidentRow.occurred_at, where, hits)
        if where.categories is not None:
            conditions.append(self._work.backend.one_of(IncidentRow.category, where.categories))
        return conditions

    def _frame(self, query: sa.Select[Any]) -> gpd.GeoDataFrame:
        backend = self._work.backend
        values = _transposed(self._work.rows(query), 10)
        return incident_frame(
            [values[0], backend.times_from(values[1]), *values[2:8], versions_of(self._work, values[8])],
            backend.geometries_from(values[9]),
        )

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Give ``grid_code, incidents``, by code; rows without an owner are left out."""
        rows = self._work.rows(
            sa.select(IncidentRow.grid_code, sa.func.count())
            .where(IncidentRow.grid_code.is_not(None), *self._conditions(where))
            .group_by(IncidentRow.grid_code)
            .order_by(IncidentRow.grid_code)
        )
        code, number = _transposed(rows, 2)
        return pd.DataFrame({"grid_code": col.text_array(code), "incidents": pd.array(number, dtype="int64")})

    def count(self, where: PointFilter) -> int:
        """Count the matching incidents."""
        query = sa.select(sa.func.count()).select_from(IncidentRow).where(*self._conditions(where))
        (row,) = self._work.rows(query)
        return int(row[0])

    def reown(self, where: PointFilter, owners: Owners) -> int:
        """Ask again who owns the matching incidents; give how many changed hands."""
        return _reown(self._work, IncidentRow, IncidentRow.occurred_at, self._conditions(where), owners)

    def categories(self) -> list[str]:
        """Give the categories in use, sorted."""
        query = sa.select(IncidentRow.category).distinct().order_by(IncidentRow.category)
        return [row[0] for row in self._work.rows(query)]

    def time_span(self) -> tuple[datetime, datetime] | None:
        """Give the first and the last occurred_at, or None where there is nothing."""
        return _span(self._work, IncidentRow.occurred_at)


class Patrols:
    """Where the workers passed by."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, frame: gpd.GeoDataFrame) -> Added:
        """Add FIXES rows with ``grid_code``; the key is (unit_id, fixed_at, place)."""
        frames.require(frame, frames.FIXES)
        columns, at, geometry = fix_values(frame)
        keys = pd.DataFrame(
            {
                "unit_id": columns["unit_id"],
                "at": at.view(np.int64),
                "x": shapely.get_x(geometry),
                "y": shapely.get_y(geometry),
            }
        )
        new = ~keys.duplicated().to_numpy()
        self._work.begin_load(_FIX, len(frame))
        known = self._known(sorted(set(columns["unit_id"])), at)
        if len(known):
            seen = keys.merge(known.drop_duplicates(), how="left", on=list(keys.columns), indicator=True)
            new &= (seen["_merge"] == "left_only").to_numpy()
        columns["fixed_at"] = self._work.backend.time_texts(at)
        columns["version_id"] = ids_of(self._work, version_values(frame))
        added = self._work.insert(
            _FIX,
            {name: _kept(values, new) for name, values in columns.items()},
            geometry if new.all() else geometry[new],
        )
        return Added(added, len(keys) - added)

    def _known(self, units: list[str], at: np.ndarray) -> pd.DataFrame:
        if len(at) == 0:
            return pd.DataFrame()
        backend = self._work.backend
        first, last = (pd.Timestamp(t, tz="UTC").to_pydatetime() for t in (at.min(), at.max()))
        rows = self._work.rows(
            sa.select(FixRow.unit_id, backend.time_out(FixRow.fixed_at), backend.geometry_out(FixRow.geom)).where(
                backend.one_of(FixRow.unit_id, units), FixRow.fixed_at >= first, FixRow.fixed_at <= last
            ),
            by_key=True,
        )
        unit, times, shapes = _transposed(rows, 3)
        geometry = backend.geometries_from(shapes)
        return pd.DataFrame(
            {
                "unit_id": list(unit),
                "at": backend.times_from(times).asi8,
                "x": shapely.get_x(geometry),
                "y": shapely.get_y(geometry),
            }
        )

    def reown(self, where: PointFilter, owners: Owners) -> int:
        """Ask again who owns the matching fixes; give how many changed hands."""
        return _reown(self._work, FixRow, FixRow.fixed_at, _window(FixRow, FixRow.fixed_at, where), owners)

    def frame(self, where: PointFilter) -> gpd.GeoDataFrame:
        """Give all matching fixes by (unit_id, fixed_at)."""
        backend = self._work.backend
        rows = self._work.rows(
            sa.select(
                FixRow.unit_id,
                backend.time_out(FixRow.fixed_at),
                FixRow.accuracy_m,
                FixRow.grid_code,
                FixRow.version_id,
                backend.geometry_out(FixRow.geom),
            )
            .where(*_window(FixRow, FixRow.fixed_at, where))
            .order_by(FixRow.unit_id, FixRow.fixed_at)
        )
        values = _transposed(rows, 6)
        return fix_frame(
            [values[0], backend.times_from(values[1]), *values[2:4], versions_of(self._work, values[4])],
            backend.geometries_from(values[5]),
        )

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Give ``grid_code, fixes, units, last_fix_at``, by code; rows without an owner are left out."""
        backend = self._work.backend
        # in two steps in the order of the index: nothing is sorted, and no set of units is kept for a grid
        by_unit = (
            sa.select(
                FixRow.grid_code, sa.func.count().label("fixes"), sa.func.max(FixRow.fixed_at).label("last_fix_at")
            )
            .where(FixRow.grid_code.is_not(None), *_window(FixRow, backend.unindexed(FixRow.fixed_at), where))
            .group_by(FixRow.grid_code, FixRow.unit_id)
            .subquery()
        )
        rows = self._work.rows(
            sa.select(
                by_unit.c.grid_code,
                sa.cast(sa.func.sum(by_unit.c.fixes), sa.BigInteger),
                sa.func.count(),
                backend.time_out(sa.func.max(by_unit.c.last_fix_at)),
            )
            .group_by(by_unit.c.grid_code)
            .order_by(by_unit.c.grid_code)
        )
        code, fixes, units, last = _transposed(rows, 4)
        return fix_counts(code, fixes, units, backend.times_from(last))

    def count(self, where: PointFilter) -> int:
        """Count the matching fixes."""
        query = sa.select(sa.func.count()).select_from(FixRow).where(*_window(FixRow, FixRow.fixed_at, where))
        (row,) = self._work.rows(query)
        return int(row[0])

    def time_span(self) -> tuple[datetime, datetime] | None:
        """Give the first and the last fixed_at, or None where there is nothing."""
        return _span(self._work, FixRow.fixed_at)


def incident_values(frame: gpd.GeoDataFrame) -> tuple[dict[str, list[Any]], np.ndarray, Geometries]:
    """Give the columns of an incidents frame as values, its times (``datetime64[us]``, UTC) and its points."""
    geometry = col.points(frame)
    columns: dict[str, list[Any]] = {
        "incident_id": col.texts(frame, "incident_id", required=True),
        "category": col.texts(frame, "category", required=True),
    }
    for name in ("channel", "note", "grid_code", "method"):
        columns[name] = col.texts(frame, name)
    columns["border_m"] = col.floats(frame, "border_m")
    return columns, col.times(frame, "occurred_at"), geometry


def incident_frame(values: Sequence[Any], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of incidents from its columns."""
    key, at, category, channel, note, grid, method, border, version = values
    return col.frame_of(
        {
            "incident_id": col.text_array(key),
            "occurred_at": at,
            "category": col.text_array(category),
            "channel": col.text_array(channel),
            "note": col.text_array(note),
            "grid_code": col.text_array(grid),
            "method": col.text_array(method),
            "border_m": col.float_array(border),
            **version_columns(version),
        },
        geometry,
    )


def fix_values(frame: gpd.GeoDataFrame) -> tuple[dict[str, list[Any]], np.ndarray, Geometries]:
    """Give the columns of a fixes frame as values, its times (``datetime64[us]``, UTC) and its points."""
    columns: dict[str, list[Any]] = {
        "unit_id": col.texts(frame, "unit_id", required=True),
        "accuracy_m": col.floats(frame, "accuracy_m"),
        "grid_code": col.texts(frame, "grid_code"),
    }
    return columns, col.times(frame, "fixed_at"), col.points(frame)


def fix_frame(values: Sequence[Any], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of fixes from its columns; fixes of one unit and moment go by place, x first."""
    unit, at, accuracy, grid, version = values
    data = {
        "unit_id": col.text_array(unit),
        "fixed_at": at,
        "accuracy_m": col.float_array(accuracy),
        "grid_code": col.text_array(grid),
        **version_columns(version),
    }
    found = col.frame_of(data, geometry)
    same = found.duplicated(["unit_id", "fixed_at"], keep=False)
    if not same.any():
        return found
    group = (~found.duplicated(["unit_id", "fixed_at"])).cumsum().to_numpy()
    order = np.lexsort((shapely.get_y(geometry), shapely.get_x(geometry), group))
    return found.iloc[order].reset_index(drop=True)


def fix_counts(code: Sequence[Any], fixes: Sequence[Any], units: Sequence[Any], last: pd.DatetimeIndex) -> pd.DataFrame:
    """Make the frame of fixes by grid."""
    return pd.DataFrame(
        {
            "grid_code": col.text_array(code),
            "fixes": pd.array(fixes, dtype="int64"),
            "units": pd.array(units, dtype="int64"),
            "last_fix_at": last,
        }
    )


def _keys(columns: dict[str, list[Any]], at: np.ndarray, geometry: Geometries) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "incident_id": columns["incident_id"],
            "at": at.view(np.int64),
            "category": columns["category"],
            "x": shapely.get_x(geometry),
            "y": shapely.get_y(geometry),
        }
    )


def _refuse_other_content(keys: pd.DataFrame, known: pd.DataFrame) -> None:
    if len(known) == 0:
        return
    both = keys.merge(known, on="incident_id", suffixes=("", "_known"))
    if any((both[name] != both[f"{name}_known"]).any() for name in ("at", "category", "x", "y")):
        raise Conflict("content_differs")


def _window(
    table: Any, time: Any, where: PointFilter, hits: type[bbox_hits] = bbox_hits
) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if where.start is not None:
        conditions.append(time >= where.start)
    if where.end is not None:
        conditions.append(time < where.end)
    if where.bbox is not None:
        conditions.append(hits(table.geom, *where.bbox))
    if where.grid_code is not None:
        conditions.append(table.grid_code == where.grid_code)
    if where.version is not None:
        conditions.append(table.version_id == version_id_of(where.version))
    if where.not_version is not None:
        conditions.append(table.version_id.is_distinct_from(version_id_of(where.not_version)))
    return conditions


def _reown(work: Work, table: Any, time: Any, conditions: list[sa.ColumnElement[bool]], owners: Owners) -> int:
    """Ask again for the owners of rows and write down those that changed."""
    work.begin_writing()
    backend, changed, last = work.backend, 0, 0
    # fixes keep no method and no distance
    kept = [name for name in ("grid_code", "method", "border_m") if hasattr(table, name)]
    query = (
        sa.select(
            table.id,
            table.grid_code,
            table.version_id,
            backend.time_out(time).label("at"),
            backend.geometry_out(table.geom).label("shape"),
        )
        .where(*conditions)
        .order_by(table.id)
        .limit(_KEYS_AT_ONCE)
    )
    while rows := work.rows(query.where(table.id > last)):
        last = rows[-1].id
        points = col.frame_of(
            {time.key: backend.times_from([r.at for r in rows])}, backend.geometries_from([r.shape for r in rows])
        )
        found = owners(points)
        texts = {"grid_code", "method"}
        values: dict[str, list[Any]] = {n: (col.texts if n in texts else col.floats)(found, n) for n in kept}
        values["version_id"] = ids_of(work, version_values(found))
        new = []
        for row, fields in zip(rows, zip(*values.values(), strict=True), strict=True):
            changed += row.grid_code != fields[0]
            if (row.grid_code, row.version_id) != (fields[0], fields[-1]):
                new.append({"row_id": row.id, **{f"to_{k}": v for k, v in zip(values, fields, strict=True)}})
        if new:
            to: dict[str, Any] = {name: sa.bindparam(f"to_{name}") for name in values}
            work.write(sa.update(table.__table__).where(table.__table__.c.id == sa.bindparam("row_id")).values(to), new)
    return changed


def _span(work: Work, time: Any) -> tuple[datetime, datetime] | None:
    # each by itself is one step into the index; both in one SELECT would make SQLite read all of it
    ends = (sa.select(end(time)).scalar_subquery() for end in (sa.func.min, sa.func.max))
    (row,) = work.rows(sa.select(*ends))
    return None if row[0] is None else (row[0], row[1])


def _transposed(rows: Sequence[Any], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _kept(values: list[Any], keep: np.ndarray) -> list[Any]:
    return values if keep.all() else [v for v, k in zip(values, keep.tolist(), strict=True) if k]
