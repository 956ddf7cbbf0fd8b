"""A small city for map and page tests: irregular grids with Chinese names, incidents, patrol fixes and staff."""

from dataclasses import dataclass
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.domain.incidents import StaffMember

EPSG = 4549
CENTRE = (120.15, 35.95)
SIDE_M = 400.0
NEWEST = datetime(2026, 10, 30, 15, 59, 30, tzinfo=UTC)
STREETS = ("海云街道", "临港街道", "青石街道", "灵山街道", "长江路街道", "薛家岛街道")
#: Text that must show as text on every map.
CANARIES = (
    "{{ 7*7 }}",
    "{% for x in [1] %}四十九{% endfor %}",
    "<img src=x onerror=alert(1)>",
    "`;alert(1);`",
    "${alert(1)}",
    "</script><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "'-alert(1)-'",
    "\\u003cimg src=x onerror=alert(1)\\u003e",
    "{# 注释 #}&lt;b&gt;",
)


@dataclass(frozen=True)
class City:
    """Everything a store or a map is filled with."""

    streets: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    context: gpd.GeoDataFrame
    incidents: gpd.GeoDataFrame
    fixes: gpd.GeoDataFrame
    staff: tuple[StaffMember, ...]


def build(rows: int = 12, columns: int = 12, *, seed: int = 5) -> City:
    """Build a city of ``rows * columns`` grids: six bands of streets, three areas in each."""
    rng = np.random.default_rng(seed)
    ground = shapely.box(0, 0, columns * SIDE_M, rows * SIDE_M)
    centres = np.array([(x + 0.5, y + 0.5) for y in range(rows) for x in range(columns)]) * SIDE_M
    centres += rng.uniform(-0.35, 0.35, centres.shape) * SIDE_M
    cells = shapely.intersection(
        np.array(shapely.voronoi_polygons(shapely.MultiPoint(centres), extend_to=ground, ordered=True).geoms), ground
    )
    street_of = np.repeat(np.arange(rows) * len(STREETS) // rows, columns)
    area_of = street_of * 3 + np.tile(np.arange(columns) * 3 // columns, rows)
    grids = _frame(
        [
            (f"370211{s + 1:03d}{a + 1:03d}{i + 1:03d}", f"{STREETS[s][:-2]}第{i + 1}网格", "grid", f"A{a + 1:02d}")
            for i, (s, a) in enumerate(zip(street_of, area_of, strict=True))
        ],
        cells,
    )
    grids["households"] = rng.integers(60, 700, len(grids))
    number = len(STREETS) * 3
    areas = _frame(
        [(f"A{a + 1:02d}", f"{STREETS[a // 3][:-2]}{a % 3 + 1}管区", "area", f"S{a // 3 + 1}") for a in range(number)],
        [shapely.coverage_union_all(cells[area_of == a]) for a in range(number)],
    )
    streets = _frame(
        [(f"S{s + 1}", name, "street", None) for s, name in enumerate(STREETS)],
        [shapely.coverage_union_all(cells[street_of == s]) for s in range(len(STREETS))],
    )
    return City(streets, areas, grids, _context(), _incidents(rng), _fixes(rng, grids), _staff(grids))


def with_canaries(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the first grids names that try to be code."""
    named = grids.copy()
    named.loc[: len(CANARIES) - 1, "name"] = list(CANARIES)
    return named


def _context() -> gpd.GeoDataFrame:
    river = shapely.LineString([(-500, 900), (1500, 1600), (3000, 1500), (5500, 2600)]).buffer(110)
    shapes = [
        river,
        shapely.Point(2600, 3300).buffer(330),
        shapely.LineString([(-300, 2400), (5100, 2350)]),
        shapely.LineString([(2400, -300), (2450, 5100)]),
    ]
    names = {"kind": ["water", "green", "road", "road"], "name": ["灵河", "人民公园", "滨海大道", "长江路"]}
    return gpd.GeoDataFrame(names, geometry=_place(shapes), crs=crs.WGS84)


def _incidents(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Three clusters over a thin spread; nothing in the south-west corner, so that some grids stay quiet."""
    clusters = [
        rng.normal((x, y), spread, (n, 2))
        for x, y, spread, n in ((1300, 2900, 180, 320), (3300, 1200, 120, 150), (3900, 3900, 320, 140))
    ]
    spread = rng.uniform((60, 60), (4740, 4740), (300, 2))
    xy = np.vstack([*clusters, spread[~((spread < 1500).all(axis=1))]]).clip(10, 4790)
    n = len(xy)
    ages = rng.uniform(0, 120, n)
    ages[0] = 0
    return gpd.GeoDataFrame(
        {
            "incident_id": [f"I{i:05d}" for i in range(n)],
            "occurred_at": pd.to_datetime([NEWEST] * n) - pd.to_timedelta(ages, unit="D").round("s"),
            "category": rng.choice(["暴露垃圾", "机动车乱停放"], n),
        },
        geometry=_place(shapely.points(xy)),
        crs=crs.WGS84,
    )


def _fixes(rng: np.random.Generator, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A week of fixes: most grids often, some rarely, every sixth never."""
    middles = crs.to_metric(shapely.point_on_surface(np.asarray(grids.geometry.array)), EPSG)
    counts = np.where(np.arange(len(grids)) % 6 == 2, 0, np.where(np.arange(len(grids)) % 7 == 3, 2, 25))
    at = np.repeat(shapely.get_coordinates(middles), counts, axis=0) + rng.uniform(-20, 20, (counts.sum(), 2))
    ages = rng.uniform(0, 6.5, len(at))
    return gpd.GeoDataFrame(
        {
            "unit_id": [f"U{i % 40:02d}" for i in range(len(at))],
            "fixed_at": pd.to_datetime([NEWEST] * len(at)) - pd.to_timedelta(ages, unit="D").round("s"),
        },
        geometry=crs.from_metric(shapely.points(at), EPSG),
        crs=crs.WGS84,
    )


def _staff(grids: gpd.GeoDataFrame) -> tuple[StaffMember, ...]:
    heads = [
        StaffMember(code, "head", f"王网格长{i}", f"139{i:08d}", "网格化服务中心")
        for i, code in enumerate(grids["code"])
    ]
    workers = [
        StaffMember(code, "worker", f"李网格员{i}-{k}", f"138{i:06d}{k:02d}")
        for i, code in enumerate(grids["code"])
        for k in range(5)
    ]
    return (*heads, *workers)


def _frame(rows: list[tuple], shapes) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(rows, columns=["code", "name", "level", "parent_code"], geometry=_place(shapes), crs=4326)
    return frame.sort_values("code", ignore_index=True)


def _place(shapes):
    return crs.from_metric(shapely.transform(np.asarray(shapes, dtype=object), _shift), EPSG)


def _shift(xy):
    x, y = crs.xy_to_metric([CENTRE[0]], [CENTRE[1]], EPSG)
    return xy + np.array([x[0], y[0]])
