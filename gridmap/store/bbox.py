"""One construct for "its box meets that box", which uses the spatial index of both stores and is exact.

Both indexes hold boxes in single precision, rounded outwards: they find too many rows, never too few. So the exact
sides are compared after the index has answered; on SQLite only for the rows that the index cannot settle alone.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class bbox_hits(GenericFunction[bool]):  # noqa: N801 - an SQL function
    """``bbox_hits(Table.geom, min_x, min_y, max_x, max_y)``: the closed boxes meet. Degrees, EPSG:4326."""

    type = Boolean()
    name = "bbox_hits"
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Stand as a condition by itself: "(...) = 1", as SQLAlchemy writes for SQLite, would hide the index."""
        return self


@compiles(bbox_hits, "postgresql")
def _postgresql(element: bbox_hits, compiler: Any, **kw: Any) -> str:
    column, *sides = (compiler.process(part, **kw) for part in element.clauses)
    x0, y0, x1, y1 = (f"CAST({side} AS double precision)" for side in sides)
    # The planner takes each comparison of a side for a third of the rows, all four for a hundredth, and then chooses a
    # plan for a handful of rows where thousands match; "is not null" it takes for nearly all, which is true.
    return (
        f"({column} && ST_MakeEnvelope({x0}, {y0}, {x1}, {y1}, 4326) AND NULLIF(ST_XMax({column}) >= {x0} "
        f"AND ST_YMax({column}) >= {y0} AND ST_XMin({column}) <= {x1} AND ST_YMin({column}) <= {y1}, false) "
        "IS NOT NULL)"
    )


class bbox_hits_row(bbox_hits):  # noqa: N801 - an SQL function
    """The same, asked of one row after the other: for a query that goes along another index and soon ends."""

    name = "bbox_hits_row"
    inherit_cache = True


@compiles(bbox_hits_row, "sqlite")
def _sqlite_row(element: bbox_hits_row, compiler: Any, **kw: Any) -> str:
    column, *sides = element.clauses
    table = column.table.name
    geometry = f'"{table}"."{column.name}"'
    x0, y0, x1, y1 = (compiler.process(side, **kw) for side in sides)
    return (
        f'EXISTS (SELECT 1 FROM "rtree_{table}_{column.name}" AS r WHERE r.id = "{table}".id AND r.maxx >= {x0} '
        f"AND r.maxy >= {y0} AND r.minx <= {x1} AND r.miny <= {y1} AND ((r.minx >= {x0} AND r.miny >= {y0} "
        f"AND r.maxx <= {x1} AND r.maxy <= {y1}) OR (ST_MaxX({geometry}) >= {x0} AND ST_MaxY({geometry}) >= {y0} "
        f"AND ST_MinX({geometry}) <= {x1} AND ST_MinY({geometry}) <= {y1})))"
    )


class bbox_hits_set(bbox_hits):  # noqa: N801 - an SQL function
    """The same, looked up in a set that is gathered once: for a query that goes along another index for a while."""

    name = "bbox_hits_set"
    inherit_cache = True


@compiles(bbox_hits_set, "sqlite")
def _sqlite_set(element: bbox_hits_set, compiler: Any, **kw: Any) -> str:
    column, *sides = element.clauses
    table = column.table.name
    geometry = f'"{table}"."{column.name}"'
    x0, y0, x1, y1 = (compiler.process(side, **kw) for side in sides)
    # the plus keeps SQLite from taking the set for its way to the rows
    return (
        f'(+"{table}".id IN (SELECT id FROM "rtree_{table}_{column.name}" WHERE maxx >= {x0} AND maxy >= {y0} '
        f"AND minx <= {x1} AND miny <= {y1}) AND ST_MaxX({geometry}) >= {x0} AND ST_MaxY({geometry}) >= {y0} "
        f"AND ST_MinX({geometry}) <= {x1} AND ST_MinY({geometry}) <= {y1})"
    )


def boxes_in(table: str, x0: float, y0: float, x1: float, y1: float, most: int) -> sa.Select[Any]:
    """Count, up to ``most``, how many boxes of a table's R-tree in the embedded store meet a box."""
    index = sa.table(f"rtree_{table}_geom", *map(sa.column, ("id", "minx", "maxx", "miny", "maxy")))
    c = index.c
    some = sa.select(c.id).where(c.maxx >= x0, c.maxy >= y0, c.minx <= x1, c.miny <= y1).limit(most).subquery()
    return sa.select(sa.func.count()).select_from(some)


@compiles(bbox_hits, "sqlite")
def _sqlite(element: bbox_hits, compiler: Any, **kw: Any) -> str:
    column, *sides = element.clauses
    table = column.table.name
    index = f'"rtree_{table}_{column.name}"'
    geometry = f'"{table}"."{column.name}"'
    x0, y0, x1, y1 = (compiler.process(side, **kw) for side in sides)
    return (
        f'("{table}".id IN (SELECT id FROM {index} WHERE maxx >= {x0} AND maxy >= {y0} AND minx <= {x1} '
        f'AND miny <= {y1}) AND ("{table}".id IN (SELECT id FROM {index} WHERE minx >= {x0} AND miny >= {y0} '
        f"AND maxx <= {x1} AND maxy <= {y1}) OR (ST_MaxX({geometry}) >= {x0} AND ST_MaxY({geometry}) >= {y0} "
        f"AND ST_MinX({geometry}) <= {x1} AND ST_MinY({geometry}) <= {y1})))"
    )
