"""A small city for map and page tests: irregular grids with Chinese names, incidents as a density, patrol coverage."""

from dataclasses import dataclass
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs

EPSG = 4549
CENTRE = (120.15, 35.95)
WINDOW = (datetime(2026, 9, 30, 16, tzinfo=UTC), datetime(2026, 10, 30, 16, tzinfo=UTC))
STREETS = ("海云街道", "临港街道", "青石街道", "灵山街道", "长江路街道", "薛家岛街道")


@dataclass(frozen=True)
class City:
    """Everything a map is drawn from."""

    streets: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    context: gpd.GeoDataFrame
    density: gpd.GeoDataFrame
    coverage: gpd.GeoDataFrame
    incidents: int


def build(rows: int = 12, columns: int = 12, *, seed: int = 5) -> City:
    """Build a city of ``rows * columns`` grids; three columns of areas by six streets' bands."""
    rng = np.random.default_rng(seed)
    ground = shapely.box(0, 0, columns * 400, rows * 400)
    centres = np.array([(x * 400 + 200, y * 400 + 200) for y in range(rows) for x in range(columns)], dtype=float)
    centres += rng.uniform(-140, 140, centres.shape)
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
    river = shapely.LineString([(-500, 900), (1500, 1600), (3000, 1500), (5500, 2600)]).buffer(110)
    context = gpd.GeoDataFrame(
        {"kind": ["water", "green", "road", "road"], "name": ["灵河", "人民公园", "滨海大道", "长江路"]},
        geometry=_place(
            [
                river,
                shapely.Point(2600, 3300).buffer(330),
                shapely.LineString([(-300, 2400), (5100, 2350)]),
                shapely.LineString([(2400, -300), (2450, 5100)]),
            ]
        ),
        crs=crs.WGS84,
    )
    return City(streets, areas, grids, context, *_density(rng, ground), _coverage(rng, grids), 640)


def _density(rng: np.random.Generator, ground: shapely.Polygon) -> tuple[gpd.GeoDataFrame]:
    x0, y0, x1, y1 = ground.bounds
    x, y = (a.ravel() for a in np.meshgrid(np.arange(x0, x1, 80), np.arange(y0, y1, 80)))
    value = np.zeros(len(x))
    for cx, cy, peak, reach in ((1300, 2900, 220, 500), (3300, 1200, 130, 350), (3900, 3900, 60, 800)):
        far = np.hypot(x + 40 - cx, y + 40 - cy) / reach
        value += np.where(far < 1, peak * (1 - far**2) ** 2, 0)
    cells = gpd.GeoDataFrame(
        {"cell": np.arange(len(x)), "incidents": rng.poisson(value / 40), "density_per_km2": value},
        geometry=shapely.transform(shapely.box(x, y, x + 80, y + 80), _shift),
        crs=EPSG,
    )
    return (cells,)


def _coverage(rng: np.random.Generator, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    n = len(grids)
    incidents = rng.poisson(3, n) * (rng.random(n) > 0.2)
    fixes = np.where(rng.random(n) < 0.2, 0, rng.poisson(60, n))
    few = rng.random(n) < 0.15
    fixes = np.where(few, rng.integers(1, 8, n), fixes)
    status = np.select([(fixes == 0) & (incidents > 0), fixes == 0, few], ["gap", "quiet", "low"], "covered")
    last = [
        pd.Timestamp(WINDOW[1]) - pd.Timedelta(hours=float(h)) if f else pd.NaT
        for h, f in zip(rng.uniform(0, 160, n), fixes, strict=True)
    ]
    ratio = np.full(n, np.nan)
    np.divide(fixes, incidents, out=ratio, where=incidents > 0)
    return gpd.GeoDataFrame(
        {
            "code": grids["code"],
            "name": grids["name"],
            "incidents": incidents,
            "fixes": fixes,
            "units": (fixes > 0).astype(int),
            "last_fix_at": pd.Series(last, dtype="datetime64[us, UTC]"),
            "fixes_per_incident": ratio,
            "status": status,
        },
        geometry=grids.geometry.array,
        crs=grids.crs,
    )


def _frame(rows: list[tuple], shapes) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(rows, columns=["code", "name", "level", "parent_code"], geometry=_place(shapes), crs=4326)
    return frame.sort_values("code", ignore_index=True)


def _place(shapes):
    return crs.from_metric(shapely.transform(np.asarray(shapes, dtype=object), _shift), EPSG)


def _shift(xy):
    x, y = crs.xy_to_metric([CENTRE[0]], [CENTRE[1]], EPSG)
    return xy + np.array([x[0], y[0]])
