"""A small city whose borders move: four grids become seven, a street grows to the north, and a draft merges two."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import city
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis.content import content_hash
from gridmap.analysis.lineage import infer_lineage
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.services.ports import Store

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
LEVELS = (Level("street", 0), Level("area", 1), Level("grid", 2))
#: The first version, the redraw and the extension come into force.
STARTS = (date(2025, 1, 1), date(2026, 3, 1), date(2027, 1, 1))
SIDE = 8


@dataclass(frozen=True)
class Moving:
    """The frames of the versions, the draft after them, and the codes that the redraw ends and begins."""

    town: city.City
    frames: tuple[gpd.GeoDataFrame, ...]
    draft: gpd.GeoDataFrame
    ended: tuple[str, ...]
    begun: tuple[str, ...]


def build() -> Moving:
    """Build the city of 64 grids and its later versions."""
    town = city.build(SIDE, SIDE)
    first = _whole(town.streets, town.areas, town.grids)
    block = [SIDE * y + x for y in (3, 4) for x in (3, 4)]
    second, begun = _redrawn(town, block)
    third = _extended(town, second)
    merged = _merged(third, *third.loc[third["level"] == "grid", "code"].iloc[:2])
    ended = tuple(sorted(_by_place(town)["code"].iloc[block]))
    return Moving(town, (first, second, third), merged, ended, begun)


def fill(store: Store, moving: Moving, *, name: str = "demo", title: str = "青屿区网格", lineage: bool = True) -> None:
    """Publish the versions one after the other, with the lineage between them, and leave the draft."""
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet(name, LEVELS, title))
        former = None
        for number, (frame, start) in enumerate(zip(moving.frames, STARTS, strict=True), start=1):
            work.boundaries.add_draft(
                name, frame, valid_from=start, content_hash=content_hash(frame), note=_NOTES[number - 1]
            )
            if former is not None and lineage:
                work.boundaries.add_lineage(name, number, infer_lineage(former, frame))
            work.boundaries.publish(name, number, valid_from=start, published_at=NOW)
            former = frame
        work.boundaries.add_draft(
            name,
            moving.draft,
            valid_from=date(2027, 7, 1),
            content_hash=content_hash(moving.draft),
            note="合并两个网格",
            based_on=3,
        )
        work.commit()


_NOTES = ("首次划定", "四个网格调整为七个", "北部街道向北扩展")


def _by_place(town: city.City) -> gpd.GeoDataFrame:
    """Give the grids row by row from the south-west, as they were made."""
    return town.grids.sort_values("code", key=lambda c: c.str[-3:], ignore_index=True)


def _redrawn(town: city.City, block: list[int]) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    grids = _by_place(town)
    old = grids.iloc[block]
    ground = shapely.coverage_union_all(np.asarray(old.geometry.array))
    middle = np.array(ground.centroid.coords[0])
    turns = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    spread = np.array([0.0030, 0.0024])
    seeds = np.vstack([middle, middle + spread * np.c_[np.cos(turns), np.sin(turns)]])
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=ground.buffer(0.01), ordered=True)
    shapes = shapely.intersection(np.array(cells.geoms), ground)
    # two rows of areas meet in the block: each new grid goes to the area that holds most of it
    parents = old.groupby("parent_code").geometry.apply(lambda g: shapely.coverage_union_all(np.asarray(g.array)))
    best = [max(parents.index, key=lambda p: shapely.intersection(s, parents[p]).area) for s in shapes]
    codes = [f"370211{(int(p[1:]) + 2) // 3:03d}{int(p[1:]):03d}{901 + i}" for i, p in enumerate(best)]
    new = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [f"新城第{i + 1}网格" for i in range(len(shapes))],
            "level": "grid",
            "parent_code": best,
            "households": np.full(len(shapes), int(old["households"].sum()) // len(shapes)),
        },
        geometry=shapes,
        crs=crs.WGS84,
    )
    rest = _noded(pd.concat([grids.drop(index=block), new], ignore_index=True))
    areas = _dissolved(town.areas, rest)
    return _whole(_dissolved(town.streets, areas), areas, rest), tuple(codes)


def _extended(town: city.City, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add a row of three grids north of the last area."""
    grids = second[second["level"] == "grid"].reset_index(drop=True)
    areas = second[second["level"] == "area"].reset_index(drop=True)
    x0, _, x1, y1 = areas.loc[areas["code"] == "A18"].total_bounds
    step = (x1 - x0) / 3
    new = gpd.GeoDataFrame(
        {
            "code": [f"370211006018{901 + i}" for i in range(3)],
            "name": [f"北扩第{i + 1}网格" for i in range(3)],
            "level": "grid",
            "parent_code": "A18",
            "households": [120, 80, 60],
        },
        geometry=[shapely.box(x0 + i * step, y1 - 0.0002, x0 + (i + 1) * step, y1 + 0.0035) for i in range(3)],
        crs=crs.WGS84,
    )
    covered = shapely.coverage_union_all(np.asarray(grids.geometry.array))
    new = new.set_geometry(shapely.difference(np.asarray(new.geometry.array), covered), crs=crs.WGS84)
    grown = _noded(pd.concat([grids, new], ignore_index=True))
    all_areas = _dissolved(town.areas, grown)
    return _whole(_dissolved(town.streets, all_areas), all_areas, grown)


def _merged(frame: gpd.GeoDataFrame, kept: str, gone: str) -> gpd.GeoDataFrame:
    ground = shapely.coverage_union_all(np.asarray(frame.loc[frame["code"].isin([kept, gone])].geometry.array))
    left = frame[frame["code"] != gone].reset_index(drop=True)
    left.loc[left["code"] == kept, "geometry"] = ground
    return left


def _noded(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give neighbours the corners of each other, on a net of 0.1 mm."""
    shapes = np.asarray(frame.geometry.array)
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(shapely.boundary(shapes), grid_size=1e-9)]))
    inside, owner = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="within")
    parts = [faces[inside[owner == i]] for i in range(len(shapes))]
    return frame.set_geometry([max(p, key=lambda face: face.area) for p in parts], crs=crs.WGS84)


def _dissolved(upper: gpd.GeoDataFrame, lower: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = lower.groupby("parent_code").geometry.apply(lambda g: shapely.coverage_union_all(np.asarray(g.array)))
    return upper.set_geometry([shapes[code] for code in upper["code"]], crs=crs.WGS84)


def _whole(*levels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.concat(levels, ignore_index=True), geometry="geometry", crs=crs.WGS84)
