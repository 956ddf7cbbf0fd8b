"""Facilities of the district: health posts, markets, stations, what every area and street shall have, and what lacks.

What is missing on purpose is in the truth under ``services``; how much of it is in the written seed.
"""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.demo.district import District
from gridmap.domain.features import FeatureLayer, FeatureState
from gridmap.domain.people import GridProfile
from gridmap.domain.provision import Need, packaged_provision

#: More floating residents than this need a station.
STATION_OVER = 2_000
#: A health post reaches so far; what shall have none is kept clear of them by a little more.
POST_M = 300.0
_CLEAR_M = POST_M + 15.0
_PLANNED, _BUILT, _OPEN = FeatureState
#: Of what may be anything: so much is planned, and so much built and not yet open.
_SHARES = (0.06, 0.08)
_TITLES = {
    "health-posts": "卫生服务站",
    "markets": "菜市场",
    "community-services": "社区服务中心",
    "stations": "流动人员管理服务站",
    "police-officers": "社区民警",
    "legal-advisers": "法律顾问",
    "mediation-teams": "调解队伍",
    "volunteer-teams": "志愿服务队伍",
    "activity-rooms": "活动场所",
    "mediation-rooms": "综合调解室",
    "premises": "社区用房",
    "enforcement-teams": "综合执法队",
    "governance-centres": "社会治理中心",
    "service-centres": "便民服务中心",
    "party-centres": "党群服务中心",
    "rescue-teams": "综合应急救援队伍",
}

Metric = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Rows:
    """Features of one layer as they are gathered; places in the metric CRS."""

    code: list[str]
    name: list[str]
    state: list[str]
    attributes: list[dict[str, str]]
    at: list[tuple[float, float]]

    @classmethod
    def none(cls) -> "_Rows":
        return cls([], [], [], [], [])

    def add(
        self, code: str, name: str, state: FeatureState, at: Metric, attributes: dict[str, str] | None = None
    ) -> None:
        self.code.append(code)
        self.name.append(name)
        self.state.append(state.value)
        self.attributes.append(attributes or {})
        self.at.append((float(at[0]), float(at[1])))


def plan_services(district: District) -> dict[str, Any]:
    """Choose what is missing.

    Returns
    -------
    dict
        ``without_post``: areas that no health post reaches; ``stations``: grids with more than 2,000 floating
        residents; ``stations_missing``: those of them without an open station; ``just_enough``: the grid with exactly
        2,000; ``lacking``: need to the areas or streets that lack it.
    """
    seed, rng = district.seed, district.seed.stream("services")
    area = district.areas["code"].to_numpy()
    street = district.streets["code"].to_numpy()
    homes = district.grids["households"].to_numpy()
    crowded = rng.permutation(np.flatnonzero(homes >= 380))[: seed.stations + 1]
    grid = district.grids["code"].to_numpy()
    stations = sorted(grid[crowded[:-1]])
    book = {need.id: need for need in packaged_provision().needs}
    lacking = {
        name: sorted(rng.permutation(street if "street" in book[name].at else area)[:count])
        for name, count in seed.lacking.items()
    }
    return {
        "without_post": sorted(rng.permutation(area)[: seed.without_post]),
        "stations": stations,
        "stations_missing": sorted(rng.permutation(stations)[: seed.stations_missing].tolist()),
        "just_enough": str(grid[crowded[-1]]),
        "lacking": lacking,
    }


def make_profiles(district: District) -> list[GridProfile]:
    """Give the floating residents of every grid: some hundreds, and more than 2,000 where a station is needed."""
    planted, rng = district.truth["services"], district.seed.stream("floating")
    codes, homes = district.grids["code"].tolist(), district.grids["households"].to_numpy()
    count = np.minimum(np.round(homes * rng.gamma(2.0, 0.45, len(homes))), 1_950).astype(int)
    many = dict(zip(planted["stations"], rng.integers(STATION_OVER + 1, 3_400, len(planted["stations"])), strict=True))
    many[planted["just_enough"]] = STATION_OVER
    return [GridProfile(code, None, int(many.get(code, n))) for code, n in zip(codes, count.tolist(), strict=True)]


def make_facilities(district: District) -> list[tuple[FeatureLayer, gpd.GeoDataFrame]]:
    """Give every layer of facilities with its features: ``code, name, state, attributes``, points in WGS 84."""
    drawn = {
        "health-posts": _health_posts(district),
        **_near_by(district),
        "stations": _stations(district),
    }
    for need in packaged_provision().needs:
        drawn[need.layers[0]] = _needed(district, need)
    return [(FeatureLayer(name, _TITLES[name]), _frame(rows, district.seed.epsg)) for name, rows in drawn.items()]


def _metric(frame: gpd.GeoDataFrame, epsg: int) -> npt.NDArray[np.object_]:
    return crs.to_metric(np.asarray(frame.geometry.array, dtype=object), epsg)


def _middles(frame: gpd.GeoDataFrame, epsg: int) -> Metric:
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(_metric(frame, epsg))))


def _some(state: float) -> FeatureState:
    planned, built = _SHARES
    return _PLANNED if state < planned else _BUILT if state < planned + built else _OPEN


def _health_posts(district: District) -> _Rows:
    """Stand posts in grids with many people, the densest first, each so far from the others."""
    seed, rng, rows = district.seed, district.seed.stream("health-posts"), _Rows.none()
    grids, at = district.grids, _middles(district.grids, district.seed.epsg)
    density = grids["households"].to_numpy() / shapely.area(_metric(grids, seed.epsg))
    held = district.areas["code"].isin(district.truth["services"]["without_post"])
    closed = shapely.union_all(_metric(district.areas[held], seed.epsg)).buffer(_CLEAR_M)
    shapely.prepare(closed)
    taken = np.zeros((0, 2))
    for i in np.argsort(-density, kind="stable"):
        place = at[i] + rng.uniform(-40, 40, 2)
        near = len(taken) and np.hypot(*(taken - place).T).min() < seed.posts_apart_m
        # beyond the dense quarters only one in three has its post
        rare = grids["households"].iloc[i] < 300 and rng.uniform() < 0.66
        if near or rare or shapely.contains_xy(closed, *place):
            continue
        taken = np.vstack([taken, place])
        number = len(taken)
        rows.add(f"HP{number:04d}", f"{_stem(grids, i)}卫生服务站", _some(rng.uniform()), place)
    return rows


def _stem(frame: pd.DataFrame, row: int) -> str:
    return str(frame["name"].iloc[row]).replace("管区", "").replace("街道", "").replace("网格", "")


def _near_by(district: District) -> dict[str, _Rows]:
    """Put a service centre into each area, and a market into two of three."""
    rng, at = district.seed.stream("life-circle"), _middles(district.areas, district.seed.epsg)
    markets, centres = _Rows.none(), _Rows.none()
    for n in range(len(at)):
        name = _stem(district.areas, n)
        centres.add(f"CS{n + 1:03d}", f"{name}社区服务中心", _some(rng.uniform()), at[n] + (18.0, 6.0))
        if rng.uniform() < 0.66:
            place = at[n] + rng.uniform(-160, 160, 2)
            markets.add(f"MK{n + 1:03d}", f"{name}菜市场", _some(rng.uniform()), place)
    return {"markets": markets, "community-services": centres}


def _stations(district: District) -> _Rows:
    """Stand stations in grids with many floating residents; of those that lack one, the first plans it."""
    planted, rows = district.truth["services"], _Rows.none()
    grids = district.grids.set_index("code", drop=False)
    here = grids.loc[planted["stations"]]
    for n, (code, place) in enumerate(zip(here["code"], _middles(here, district.seed.epsg), strict=True)):
        missing = code in planted["stations_missing"]
        if missing and code != planted["stations_missing"][0]:
            continue
        rows.add(f"ST{n + 1:02d}", f"{_stem(here, n)}流动人员管理服务站", _PLANNED if missing else _OPEN, place)
    return rows


def _needed(district: District, need: Need) -> _Rows:
    """Give every area or street what it needs, but for those that lack it."""
    frame = district.streets if "street" in need.at else district.areas
    lacking = district.truth["services"]["lacking"][need.id]
    layer, rng, rows = need.layers[0], district.seed.stream(need.id), _Rows.none()
    # beside each other around one office, each kind in its own direction
    turn = 2 * np.pi * list(_TITLES).index(layer) / len(_TITLES)
    at = _middles(frame, district.seed.epsg) + 32.0 * np.array([np.cos(turn), np.sin(turn)])
    for n, (code, homes) in enumerate(zip(frame["code"], frame["households"], strict=True)):
        short, name = code in lacking, f"{_stem(frame, n)}{_TITLES[layer]}"
        key = f"{need.id[:2].upper()}{n + 1:03d}"
        if need.per_households is not None:
            required = float(need.count) * homes / need.per_households
            has = required * (rng.uniform(0.6, 0.95) if short else rng.uniform(1.0, 1.6))
            told = np.floor(has) if short else np.ceil(has)
            rows.add(key, name, _OPEN, at[n], {need.attribute: f"{told:.0f}"})
        elif need.least is not None:
            # one too few is lacking, exactly as many as asked for are not
            least = int(need.least)
            first = lacking.index(code) if short else None
            members = least - 1 if first == 0 else 30 if short else least + int(rng.integers(0, 31))
            rows.add(key, name, _OPEN, at[n], {need.attribute: str(members)})
            if first == 1:  # two halves make no team
                rows.add(f"{key}B", f"{name}（二队）", _OPEN, at[n] + 9.0, {need.attribute: str(least // 2)})
        elif not short or code == lacking[0]:
            rows.add(key, name, _PLANNED if short else _OPEN, at[n])
    return rows


def _frame(rows: _Rows, epsg: int) -> gpd.GeoDataFrame:
    points = crs.from_metric(np.asarray(shapely.points(np.array(rows.at))), epsg)
    degrees = shapely.transform(points, lambda xy: np.round(xy, 7))
    held = {"code": rows.code, "name": rows.name, "state": rows.state, "attributes": rows.attributes}
    return gpd.GeoDataFrame(held, geometry=degrees, crs=crs.WGS84)
