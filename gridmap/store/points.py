"""What incidents and fixes share: conditions, owners asked again, spans of time."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa

from gridmap import crs
from gridmap.services.ports import NewPoint, PointFilter, PointOwner, Within
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import ids_of, version_id_of, version_ids_of, version_values

KEYS_AT_ONCE = 20_000


Owners = Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]


def in_window(
    backend: Any, table: Any, time: Any, where: PointFilter, hits: type[bbox_hits] = bbox_hits
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
    return conditions + owned_within(backend, table, where.within)


def owned_within(backend: Any, table: Any, within: Within | None) -> list[sa.ColumnElement[bool]]:
    """Keep rows of points that these sets and codes own."""
    if within is None:
        return []
    parts: list[sa.ColumnElement[bool]] = [sa.false()]
    for set_name, codes in within:
        asked = table.version_id.in_(version_ids_of(set_name))
        parts.append(asked if codes is None else sa.and_(backend.one_of(table.grid_code, sorted(codes)), asked))
    return [sa.or_(*parts)]


def reown_rows(work: Work, table: Any, time: Any, conditions: list[sa.ColumnElement[bool]], owners: Owners) -> int:
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
        .limit(KEYS_AT_ONCE)
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


def insert_few(
    work: Work,
    table: sa.Table,
    time_column: str,
    columns: dict[str, list[Any]],
    rows: Sequence[tuple[NewPoint, PointOwner]],
) -> int:
    """Add points with their owners; give how many were new."""
    if not rows:
        return 0
    for name, values in columns.items():
        col.require_storable(name, [v for v in values if isinstance(v, str)])
    # -0.0 becomes 0.0, so that equal places are equal bytes
    geometry = shapely.points([point.lon + 0.0 for point, _ in rows], [point.lat + 0.0 for point, _ in rows])
    crs.require_degrees(geometry)
    moments = np.array([point.at.astimezone(UTC).replace(tzinfo=None) for point, _ in rows], dtype="datetime64[us]")
    versions = [
        None if o.set_name is None or o.version_number is None else (o.set_name, o.version_number) for _, o in rows
    ]
    columns[time_column] = work.backend.time_texts(moments)
    columns["version_id"] = ids_of(work, versions)
    return work.insert(table, columns, geometry)


def span_of(work: Work, table: Any, time: Any, within: Within | None = None) -> tuple[datetime, datetime] | None:
    # each by itself is one step into the index; both in one SELECT would make SQLite read all of it
    mine = owned_within(work.backend, table, within)
    ends = (sa.select(end(time)).where(*mine).scalar_subquery() for end in (sa.func.min, sa.func.max))
    (row,) = work.rows(sa.select(*ends))
    return None if row[0] is None else (row[0], row[1])


def transposed(rows: Sequence[Any], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def kept_values(values: list[Any], keep: np.ndarray) -> list[Any]:
    return values if keep.all() else [v for v, k in zip(values, keep.tolist(), strict=True) if k]
