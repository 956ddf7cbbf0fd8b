"""Incidents, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from gridmap.analysis import frames
from gridmap.errors import Conflict
from gridmap.services.ports import Added, IncidentRecord, NewIncident, PointFilter, PointOwner, Verdict, Within
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits, bbox_hits_row, bbox_hits_set, boxes_in
from gridmap.store.blobs import Geometries
from gridmap.store.loading import NEARLY_EMPTY, Keys
from gridmap.store.points import (
    KEYS_AT_ONCE,
    Owners,
    in_window,
    insert_few,
    kept_values,
    owned_within,
    reown_rows,
    span_of,
    transposed,
)
from gridmap.store.tables import IncidentRow, VersionRow
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import ids_of, version_columns, version_values, versions_of

#: Fewer places in a box are gathered and sorted; where there are more, a page is found sooner along the times,
#: with the ids in the box at hand or, from the second number on, with a look at each place.
_SOME, _MANY = 20_000, 60_000


_INCIDENT: sa.Table = IncidentRow.__table__  # type: ignore[assignment]


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
            if not new.all():
                _refuse_other_content(keys, keys[new])
            known = self._known(keys["incident_id"][new & doubtful].tolist())
            _refuse_other_content(keys, known)
            new &= ~keys["incident_id"].isin(known["incident_id"]).to_numpy()
        columns["occurred_at"] = self._work.backend.time_texts(at)
        columns["version_id"] = ids_of(self._work, version_values(frame))
        added = self._work.insert(
            _INCIDENT,
            {name: kept_values(values, new) for name, values in columns.items()},
            geometry if new.all() else geometry[new],
        )
        if added < int(new.sum()) and keys is not None:  # somebody else added the same ones meanwhile
            _refuse_other_content(keys, self._known(keys["incident_id"][new].tolist()))
        if load is not None and load.keys is not None:
            load.keys.note(kept_values(ids, new))
        return Added(added, len(ids) - added, new)

    def take(self, points: Sequence[tuple[NewIncident, PointOwner]]) -> list[Verdict]:
        """Add a few incidents, each judged by itself; see ``services.ports``."""
        self._work.begin_writing()
        known = {row[0]: row[1:] for row in self._contents([point.incident_id for point, _ in points])}
        verdicts = []
        new: dict[str, tuple[NewIncident, PointOwner]] = {}
        for point, owner in points:
            content = (point.occurred_at, point.category, point.lon, point.lat)
            before = known.setdefault(point.incident_id, content)
            if before is content:
                new[point.incident_id] = (point, owner)
                verdicts.append(Verdict.ACCEPTED)
            else:
                verdicts.append(Verdict.DUPLICATE if before == content else Verdict.DIFFERS)
        # in one order for all: two units of work must not wait for each other
        rows = [new[key] for key in sorted(new)]
        columns: dict[str, list[Any]] = {
            name: [getattr(point, name) for point, _ in rows] for name in ("incident_id", "category", "channel", "note")
        }
        columns |= {name: [getattr(owner, name) for _, owner in rows] for name in ("grid_code", "method", "border_m")}
        if insert_few(self._work, _INCIDENT, "occurred_at", columns, rows) < len(rows):
            raise Conflict("store_refused")  # somebody else was first with one of them
        return verdicts

    def _contents(self, ids: list[str]) -> list[tuple[str, datetime, str, float, float]]:
        query = sa.select(
            IncidentRow.incident_id,
            IncidentRow.occurred_at,
            IncidentRow.category,
            self._work.backend.geometry_out(IncidentRow.geom),
        ).where(self._work.backend.one_of(IncidentRow.incident_id, ids))
        rows = self._work.rows(query, by_key=True)
        shapes = self._work.backend.geometries_from([row[3] for row in rows])
        places = zip(shapely.get_x(shapes).tolist(), shapely.get_y(shapes).tolist(), strict=True)
        return [(*row[:3], *place) for row, place in zip(rows, places, strict=True)]

    def _keys_there(self) -> Keys | None:
        rows = self._work.rows(sa.select(IncidentRow.incident_id).limit(NEARLY_EMPTY + 1), by_key=True)
        return Keys([row[0] for row in rows]) if len(rows) <= NEARLY_EMPTY else None

    def _known(self, ids: list[str]) -> pd.DataFrame:
        backend = self._work.backend
        found: list[Any] = []
        for start in range(0, len(ids), KEYS_AT_ONCE):
            if start == 0 and not self._work.rows(sa.select(IncidentRow.id).limit(1), by_key=True):
                break
            found.extend(
                self._work.rows(
                    sa.select(
                        IncidentRow.incident_id,
                        backend.time_out(IncidentRow.occurred_at),
                        IncidentRow.category,
                        backend.geometry_out(IncidentRow.geom),
                    ).where(backend.one_of(IncidentRow.incident_id, ids[start : start + KEYS_AT_ONCE])),
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
        return self._frame(self._paged(self._select(PointFilter()), where, limit, after))

    def records(
        self, where: PointFilter, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[IncidentRecord]:
        """Give the same page as ``page``, row by row."""
        query = self._records().order_by(IncidentRow.occurred_at, IncidentRow.incident_id)
        return self._recorded(self._paged(query, where, limit, after))

    def find(self, incident_id: str, within: Within | None = None) -> IncidentRecord | None:
        """Give one incident as ``records`` shows it."""
        mine = owned_within(self._work.backend, IncidentRow, within)
        found = self._recorded(self._records().where(IncidentRow.incident_id == incident_id, *mine))
        return found[0] if found else None

    def _records(self) -> sa.Select[Any]:
        return sa.select(
            IncidentRow.incident_id,
            IncidentRow.occurred_at,
            IncidentRow.category,
            IncidentRow.channel,
            IncidentRow.grid_code,
            IncidentRow.method,
            VersionRow.number,
            self._work.backend.geometry_out(IncidentRow.geom),
        ).outerjoin(VersionRow, VersionRow.id == IncidentRow.version_id)

    def _recorded(self, query: sa.Select[Any]) -> list[IncidentRecord]:
        rows = self._work.rows(query)
        places = self._work.backend.geometries_from([row[7] for row in rows])
        return [IncidentRecord._make((*row[:7], place)) for row, place in zip(rows, places, strict=True)]

    def _paged(
        self, query: sa.Select[Any], where: PointFilter, limit: int, after: tuple[datetime, str] | None
    ) -> sa.Select[Any]:
        """Narrow a query down to a page."""
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
        return query.join(keys, keys.c.incident_id == IncidentRow.incident_id)

    def _way_to(self, where: PointFilter, later: list[sa.ColumnElement[bool]]) -> type[bbox_hits]:
        """Choose how the box is asked: gather all in it and sort them, or go along the times and look at each place.

        In the embedded store we choose by counting a little: SQLite would always gather. The server has statistics.
        """
        if where.bbox is None or not self._work.backend.CHOOSES_BY_COUNTING:
            return bbox_hits
        times = in_window(
            self._work.backend, IncidentRow, IncidentRow.occurred_at, PointFilter(start=where.start, end=where.end)
        )
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
        conditions = in_window(self._work.backend, IncidentRow, IncidentRow.occurred_at, where, hits)
        if where.categories is not None:
            conditions.append(self._work.backend.one_of(IncidentRow.category, where.categories))
        return conditions

    def _frame(self, query: sa.Select[Any]) -> gpd.GeoDataFrame:
        backend = self._work.backend
        values = transposed(self._work.rows(query), 10)
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
        code, number = transposed(rows, 2)
        return pd.DataFrame({"grid_code": col.text_array(code), "incidents": pd.array(number, dtype="int64")})

    def count(self, where: PointFilter) -> int:
        """Count the matching incidents."""
        query = sa.select(sa.func.count()).select_from(IncidentRow).where(*self._conditions(where))
        (row,) = self._work.rows(query)
        return int(row[0])

    def reown(self, where: PointFilter, owners: Owners) -> int:
        """Ask again who owns the matching incidents; give how many changed hands."""
        return reown_rows(self._work, IncidentRow, IncidentRow.occurred_at, self._conditions(where), owners)

    def categories(self, within: Within | None = None) -> list[str]:
        """Give the categories in use, sorted."""
        mine = owned_within(self._work.backend, IncidentRow, within)
        query = sa.select(IncidentRow.category).where(*mine).distinct().order_by(IncidentRow.category)
        return [row[0] for row in self._work.rows(query)]

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None:
        """Give the first and the last occurred_at, or None where there is nothing."""
        return span_of(self._work, IncidentRow, IncidentRow.occurred_at, within)


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
