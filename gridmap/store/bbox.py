"""One construct for "its box meets that box", which uses the spatial index of both stores and is exact.

Both indexes hold boxes in single precision, rounded outwards: they find too many rows, never too few. So the exact
sides are compared after the index has answered; on SQLite only for the rows that the index cannot settle alone.
"""

from typing import Any

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
    return (
        f"({column} && ST_MakeEnvelope({x0}, {y0}, {x1}, {y1}, 4326) AND ST_XMax({column}) >= {x0} "
        f"AND ST_YMax({column}) >= {y0} AND ST_XMin({column}) <= {x1} AND ST_YMin({column}) <= {y1})"
    )


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
