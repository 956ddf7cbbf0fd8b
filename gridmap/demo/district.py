"""The demonstration district as one value: streets, areas, grids, unit grids, staff and the context of a map."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.demo import hierarchy, names, people
from gridmap.demo.scenery import build_context
from gridmap.demo.seed import Seed, read_seed
from gridmap.demo.terrain import build_terrain
from gridmap.demo.tiling import SNAP_M, Geometries, build_tiling

#: Clipped cells of the fishnet smaller than this join a neighbour in the same grid.
SMALLEST_UNIT_M2 = 600.0
UNIT_M = 100.0
_DECIMALS = 7


@dataclass(frozen=True, slots=True)
class District:
    """The demonstration district, in WGS 84 lon/lat rounded to 7 decimals.

    Attributes
    ----------
    seed : Seed
    streets, areas, grids, unit_grids : GeoDataFrame
        frames.GRIDS with ``code, name, level, parent_code, households``, by code.
    staff : DataFrame
        ``grid_code, role, name, phone, department``.
    context : GeoDataFrame
        ``kind`` (water, road, green, coast), ``name``, geometry.
    truth : dict
        What was planted.
    """

    seed: Seed
    streets: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    unit_grids: gpd.GeoDataFrame
    staff: pd.DataFrame
    context: gpd.GeoDataFrame
    truth: dict[str, Any]


def build_district(seed: Seed | None = None) -> District:
    """Draw the whole district from a seed; the same seed and library versions give the same bits.

    Raises
    ------
    InvalidInput
        ``demo_seed_unfit``: ground and counts of the seed do not fit.
    """
    seed = seed or read_seed()
    x, y = crs.xy_to_metric([seed.lon], [seed.lat], seed.epsg)
    origin = (round(float(x[0]), -3), round(float(y[0]), -3))
    terrain = build_terrain(seed.stream("terrain"))
    tiling = build_tiling(terrain, seed.grids, origin, seed.stream("tiling"))
    street_of, area_of = hierarchy.build_hierarchy(tiling, seed.streets, seed.areas, seed.stream("hierarchy"))
    shape_of_area, shape_of_street = hierarchy.merged(tiling.faces, area_of), hierarchy.merged(tiling.faces, street_of)
    street_of_area = np.zeros(seed.areas, dtype=np.int64)
    street_of_area[area_of] = street_of

    street_no = hierarchy.numbers(shape_of_street, np.zeros(seed.streets, dtype=np.int64))
    area_no = hierarchy.numbers(shape_of_area, street_of_area)
    grid_no = hierarchy.numbers(tiling.faces, area_of)
    street_code = [f"{seed.code}{n:03d}" for n in street_no]
    area_code = [f"{street_code[s]}{n:03d}" for s, n in zip(street_of_area, area_no, strict=True)]
    grid_code = [f"{area_code[a]}{n:03d}" for a, n in zip(area_of, grid_no, strict=True)]

    rng = seed.stream("names")
    street_name, area_name = names.street_names(seed.streets, rng), names.area_names(seed.areas, rng)
    grid_name = [f"{area_name[a]}第{n}网格" for a, n in zip(area_of, grid_no, strict=True)]
    area_m2 = shapely.area(tiling.faces)
    count = people.households(area_m2, seed.stream("households"))
    count_area = np.bincount(area_of, weights=count).astype(np.int64)
    count_street = np.bincount(street_of, weights=count).astype(np.int64)

    faces = _degrees(tiling.faces, seed.epsg)
    streets = _frame(street_code, street_name, "street", [seed.code] * seed.streets, count_street,
                     hierarchy.merged(faces, street_of))  # fmt: skip
    areas = _frame(area_code, area_name, "area", [street_code[s] for s in street_of_area], count_area,
                   hierarchy.merged(faces, area_of))  # fmt: skip
    grids = _frame(grid_code, grid_name, "grid", [area_code[a] for a in area_of], count, faces)
    core = int(np.argmax(count_street / shapely.area(shape_of_street)))
    mine = np.flatnonzero(street_of_area == core)
    units = _unit_grids(
        shape_of_area[mine], [area_code[a] for a in mine], [area_name[a] for a in mine], street_name[core], seed.epsg
    )
    staff, planted = people.build_staff(seed, list(grids["code"]), grids["households"].to_numpy())
    context = build_context(tiling, terrain, origin, seed)
    context = context.set_geometry(gpd.GeoSeries(_degrees(context.geometry.array, seed.epsg), crs=crs.WGS84))
    truth = {"unit_grid_street": street_code[core], "staff": planted}
    return District(seed, streets, areas, grids, units, staff, context, truth)


def _degrees(shapes: Any, epsg: int) -> Geometries:
    """Bring metric shapes to WGS 84 and round each vertex by itself, so that shared ones stay shared."""
    return np.asarray(shapely.transform(crs.from_metric(shapes, epsg), lambda xy: np.round(xy, _DECIMALS)))


def _frame(code: Any, name: Any, level: str, parent: Any, count: Any, shapes: Geometries) -> gpd.GeoDataFrame:
    columns = {"code": code, "name": name, "level": level, "parent_code": parent, "households": count}
    frame = gpd.GeoDataFrame(columns, geometry=shapely.normalize(shapes), crs=crs.WGS84)
    return frame.sort_values("code", ignore_index=True)


def _unit_grids(areas: Geometries, codes: list[str], names: list[str], street_name: str, epsg: int) -> gpd.GeoDataFrame:
    """Lay the 100 m fishnet of the metric CRS over the areas of a street.

    A unit grid never crosses the border of its area. Cells inside are whole; a small clipping joins the clipped cell
    with which it shares the longest border, never a whole one. Codes have 16 digits, the area's and a serial of four.
    """
    x0, y0, x1, y1 = np.round(shapely.total_bounds(areas) / UNIT_M + [-1, -1, 1, 1]) * UNIT_M
    net = [shapely.LineString([(x, y0), (x, y1)]) for x in np.arange(x0, x1 + 1, UNIT_M)]
    net += [shapely.LineString([(x0, y), (x1, y)]) for y in np.arange(y0, y1 + 1, UNIT_M)]
    noded = shapely.union_all([*net, *shapely.boundary(areas)], grid_size=SNAP_M)
    cells = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))
    at, of = shapely.STRtree(areas).query(shapely.point_on_surface(cells), predicate="within")
    shapes: list[Any] = []
    parent: list[int] = []
    for k in range(len(areas)):
        mine = cells[at[of == k]]
        whole = shapely.area(mine) > UNIT_M**2 * 0.999
        parts = _joined(list(mine[~whole]))
        shapes += [*mine[whole], *parts]
        parent += [k] * (int(whole.sum()) + len(parts))
    owner = np.array(parent, dtype=np.int64)
    array = np.array(shapes, dtype=object)
    number = hierarchy.numbers(array, owner)
    unit_codes = [f"{codes[k]}{n:04d}" for k, n in zip(owner, number, strict=True)]
    titles = [f"{street_name}{names[k]}{n}号单元" for k, n in zip(owner, number, strict=True)]
    frame = _frame(unit_codes, titles, "unit", [codes[k] for k in owner], 0, _degrees(array, epsg))
    return frame.drop(columns="households")


def _joined(clipped: list[Any]) -> list[Any]:
    """Join clippings below ``SMALLEST_UNIT_M2`` to a clipped neighbour; one without such a neighbour stays."""
    waiting = sorted(clipped, key=lambda p: (p.area, p.bounds))
    done: list[Any] = []
    while waiting:
        small = waiting.pop(0)
        edge = [shapely.length(shapely.intersection(small, p)) for p in waiting]
        if small.area >= SMALLEST_UNIT_M2 or not edge or max(edge) == 0:
            done.append(small)
            continue
        k = int(np.argmax(edge))
        waiting[k] = shapely.union(small, waiting[k])
        waiting.sort(key=lambda p: (p.area, p.bounds))
    return done
