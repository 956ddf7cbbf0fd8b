"""Patrol fixes, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from gridmap.analysis import frames
from gridmap.errors import Conflict
from gridmap.services.ports import Added, NewFix, Passing, PointFilter, PointOwner, Verdict, Within
from gridmap.store import columns as col
from gridmap.store.blobs import Geometries
from gridmap.store.patrol_days import hold_off_thinning
from gridmap.store.points import Owners, in_window, insert_few, kept_values, reown_rows, span_of, transposed
from gridmap.store.tables import FixRow
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import ids_of, version_columns, version_values, versions_of

#: Fixes of a batch that lie as near in time are looked for in one run of the index; others by unit and time.
_TOGETHER = timedelta(hours=1)
_PAIRS = 500
_FIX: sa.Table = FixRow.__table__  # type: ignore[assignment]


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
        until = hold_off_thinning(self._work)
        if until is not None and len(at) and pd.Timestamp(at.min(), tz="UTC") < until:
            raise Conflict("day_thinned")
        known = self._known(sorted(set(columns["unit_id"])), at)
        if len(known):
            seen = keys.merge(known.drop_duplicates(), how="left", on=list(keys.columns), indicator=True)
            new &= (seen["_merge"] == "left_only").to_numpy()
        columns["fixed_at"] = self._work.backend.time_texts(at)
        columns["version_id"] = ids_of(self._work, version_values(frame))
        added = self._work.insert(
            _FIX,
            {name: kept_values(values, new) for name, values in columns.items()},
            geometry if new.all() else geometry[new],
        )
        return Added(added, len(keys) - added)

    def take(self, points: Sequence[tuple[NewFix, PointOwner]]) -> list[Verdict]:
        """Add a few fixes, each judged by itself; see ``services.ports``."""
        until = hold_off_thinning(self._work)
        seen = self._there([point for point, _ in points])
        verdicts = []
        new: dict[tuple[str, datetime, float, float], tuple[NewFix, PointOwner]] = {}
        for point, owner in points:
            if until is not None and point.fixed_at < until:
                verdicts.append(Verdict.THINNED)
                continue
            key = (point.unit_id, point.fixed_at, point.lon, point.lat)
            fresh = key not in seen and key not in new
            verdicts.append(Verdict.ACCEPTED if fresh else Verdict.DUPLICATE)
            if fresh:
                new[key] = (point, owner)
        # in one order for all: two units of work must not wait for each other
        rows = [new[key] for key in sorted(new)]
        columns: dict[str, list[Any]] = {
            name: [getattr(point, name) for point, _ in rows] for name in ("unit_id", "accuracy_m")
        }
        columns["grid_code"] = [owner.grid_code for _, owner in rows]
        if insert_few(self._work, _FIX, "fixed_at", columns, rows) < len(rows):
            raise Conflict("store_refused")  # somebody else was first with one of them
        return verdicts

    def _there(self, points: Sequence[NewFix]) -> set[tuple[str, datetime, float, float]]:
        """Give the keys of the fixes of these units in the time of these."""
        if not points:
            return set()
        backend, times = self._work.backend, [point.fixed_at for point in points]
        asked = sa.select(FixRow.unit_id, FixRow.fixed_at, backend.geometry_out(FixRow.geom))
        if max(times) - min(times) <= _TOGETHER:
            units = backend.one_of(FixRow.unit_id, sorted({point.unit_id for point in points}))
            found = asked.where(units, FixRow.fixed_at >= min(times), FixRow.fixed_at <= max(times))
            rows = self._work.rows(found, by_key=True)
        else:
            # one late fix must not read the days between for all units of its batch
            pairs = sorted({(point.unit_id, point.fixed_at) for point in points})
            rows = [
                row
                for first in range(0, len(pairs), _PAIRS)
                for row in self._work.rows(
                    asked.where(sa.tuple_(FixRow.unit_id, FixRow.fixed_at).in_(pairs[first : first + _PAIRS])),
                    by_key=True,
                )
            ]
        shapes = backend.geometries_from([row[2] for row in rows])
        places = zip(shapely.get_x(shapes).tolist(), shapely.get_y(shapes).tolist(), strict=True)
        return {(row[0], row[1], *place) for row, place in zip(rows, places, strict=True)}

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
        unit, times, shapes = transposed(rows, 3)
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
        matching = in_window(self._work.backend, FixRow, FixRow.fixed_at, where)
        return reown_rows(self._work, FixRow, FixRow.fixed_at, matching, owners)

    def frame(self, where: PointFilter, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Give all matching fixes (of some units) by (unit_id, fixed_at)."""
        matching = in_window(self._work.backend, FixRow, FixRow.fixed_at, where)
        if units is not None:
            matching.append(self._work.backend.one_of(FixRow.unit_id, sorted(set(units))))
        return self._framed(self._columns().where(*matching).order_by(FixRow.unit_id, FixRow.fixed_at))

    def _columns(self) -> sa.Select[Any]:
        backend = self._work.backend
        return sa.select(
            FixRow.unit_id,
            backend.time_out(FixRow.fixed_at),
            FixRow.accuracy_m,
            FixRow.grid_code,
            FixRow.version_id,
            backend.geometry_out(FixRow.geom),
        )

    def _framed(self, query: sa.Select[Any]) -> gpd.GeoDataFrame:
        backend = self._work.backend
        values = transposed(self._work.rows(query), 6)
        return fix_frame(
            [values[0], backend.times_from(values[1]), *values[2:4], versions_of(self._work, values[4])],
            backend.geometries_from(values[5]),
        )

    def latest(self, where: PointFilter, units: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Give the last of the matching fixes of each unit."""
        backend = self._work.backend
        matching = in_window(backend, FixRow, FixRow.fixed_at, where)
        if units is not None:
            matching.append(backend.one_of(FixRow.unit_id, sorted(set(units))))
        last = (
            sa.select(FixRow.unit_id.label("unit"), sa.func.max(FixRow.fixed_at).label("at"))
            .where(*matching)
            .group_by(FixRow.unit_id)
            .subquery()
        )
        query = self._columns().join(last, sa.and_(FixRow.unit_id == last.c.unit, FixRow.fixed_at == last.c.at))
        # two fixes of one moment: the other one may lie outside of what was asked for
        found = self._framed(query.where(*matching).order_by(FixRow.unit_id))
        return found.drop_duplicates("unit_id", keep="last", ignore_index=True)

    def counts_by_grid(self, where: PointFilter) -> pd.DataFrame:
        """Give ``grid_code, fixes, units, last_fix_at``, by code; rows without an owner are left out."""
        backend = self._work.backend
        # in two steps in the order of the index: nothing is sorted, and no set of units is kept for a grid
        by_unit = (
            sa.select(
                FixRow.grid_code, sa.func.count().label("fixes"), sa.func.max(FixRow.fixed_at).label("last_fix_at")
            )
            .where(
                FixRow.grid_code.is_not(None), *in_window(backend, FixRow, backend.unindexed(FixRow.fixed_at), where)
            )
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
        code, fixes, units, last = transposed(rows, 4)
        return fix_counts(code, fixes, units, backend.times_from(last))

    def passing(self, where: PointFilter) -> Passing:
        """Give all matching fixes in numbers."""
        query = sa.select(
            sa.func.count(), sa.func.count(FixRow.unit_id.distinct()), sa.func.max(FixRow.fixed_at)
        ).where(*in_window(self._work.backend, FixRow, FixRow.fixed_at, where))
        (row,) = self._work.rows(query)
        return Passing(int(row[0]), int(row[1]), row[2])

    def count(self, where: PointFilter) -> int:
        """Count the matching fixes."""
        matching = in_window(self._work.backend, FixRow, FixRow.fixed_at, where)
        query = sa.select(sa.func.count()).select_from(FixRow).where(*matching)
        (row,) = self._work.rows(query)
        return int(row[0])

    def time_span(self, within: Within | None = None) -> tuple[datetime, datetime] | None:
        """Give the first and the last fixed_at, or None where there is nothing."""
        return span_of(self._work, FixRow, FixRow.fixed_at, within)


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
