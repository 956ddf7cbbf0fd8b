"""Service coverage: which ground and which households have a facility within reach, and where the gaps are.

A catchment is what lies within ``radius_m`` of a facility in a straight line on the ground: 299.9 m from a post with
300 m is covered, 300.1 m is not, at any latitude. The radius is scaled to the projection at each facility, and circles
are drawn with as many corners as keep their line within 0.1 m of the true one, with exactly the area of the circle.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.locator import Locator
from gridmap.errors import ColumnError, InvalidInput

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: The usual radius of a health post, in metres.
RADIUS_M = 300.0
#: How far the line of a drawn circle goes in and out, from the middle of a side to a corner, in metres.
_ROUND_M = 0.1
#: More corners than this in one piece of a gap and it is cut in two: many small pieces meet few grids each.
_CORNERS = 300
#: What is called wholly covered or not at all, as a share: sums of areas carry their rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Catchments:
    """The ground within reach of some facilities.

    Attributes
    ----------
    shapes : array of Polygon or MultiPolygon
        What is reached, in the metric CRS; they may overlap, and together are the whole.
    epsg : int
        That CRS.
    reached : callable
        Tells which points (metric geometries) are within reach, by their distance and not by the drawn shapes.
    facilities : array of Point
        One point of each facility, in the metric CRS.
    """

    shapes: Geometries
    epsg: int
    reached: Callable[[Geometries], npt.NDArray[np.bool_]]
    facilities: Geometries

    def ground(self) -> shapely.Geometry:
        """Give everything that is reached as one shape."""
        return shapely.union_all(self.shapes)


@dataclass(frozen=True)
class _Within:
    """Tells which points lie within ``radii`` (metres of the CRS) of things; ``things`` are metric geometries."""

    things: Geometries
    radii: Floats

    def __call__(self, points: Geometries) -> npt.NDArray[np.bool_]:
        """Tell of each point whether something is within reach."""
        found = np.zeros(len(points), dtype=bool)
        if len(self.things) and len(points):
            at = shapely.STRtree(points).query(self.things, predicate="dwithin", distance=self.radii)[1]
            found[at] = True
        return found


def straight_catchments(
    facilities: gpd.GeoDataFrame,
    *,
    radius_m: float = RADIUS_M,
    states: Collection[str] = ("open",),
    epsg: int | None = None,
) -> Catchments:
    """Draw what lies within a straight distance of facilities.

    Parameters
    ----------
    facilities : GeoDataFrame
        In WGS 84, with ``state``: points, lines or areas, from whose edge is measured.
    radius_m : float
        Metres on the ground, > 0; a place at exactly that distance is covered.
    states : collection of str
        Facilities in these states count (``planned``, ``built``, ``open``); a frame without ``state`` is all open.
    epsg : int, optional
        Metric CRS to draw in; by default that of the facilities.

    Raises
    ------
    InvalidInput
        ``not_positive``.
    CrsError, ColumnError
        As ``frames.require_wgs84``.

    Notes
    -----
    The error of a distance of 300 m is below 1 mm (the scale of the projection is taken at the facility), that of the
    drawn line below 0.1 m.
    """
    if not (math.isfinite(radius_m) and radius_m > 0):
        raise InvalidInput("not_positive", name="radius_m")
    degrees = in_states(facilities, states)
    if epsg is None:
        epsg = crs.metric_epsg_of(degrees) if len(degrees) else 3857
    metric = crs.to_metric(degrees, epsg)
    radii = radius_m * scales_at(degrees, epsg)
    shapes = np.empty(len(metric), dtype=object)
    points = shapely.get_type_id(metric) == 0
    corners = 4 * math.ceil(math.pi / math.sqrt(2 * _ROUND_M / radius_m) / 4)
    shapes[points] = circles(shapely.get_coordinates(metric[points]), radii[points], corners)
    shapes[~points] = shapely.buffer(metric[~points], radii[~points], quad_segs=corners // 4)
    return Catchments(shapes, epsg, _Within(metric, radii), shapely.point_on_surface(metric))


def circles(centres: Floats, radii: Floats, corners: int) -> Geometries:
    """Draw circles as regular polygons of exactly their area: corners lie outside the true line, sides inside."""
    turn = 2 * np.pi * np.arange(corners) / corners
    grown = radii * math.sqrt(2 * math.pi / corners / math.sin(2 * math.pi / corners))
    rings = centres[:, None, :] + grown[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return np.asarray(shapely.polygons(rings), dtype=object).reshape(len(centres))


def in_states(facilities: gpd.GeoDataFrame, states: Collection[str]) -> Geometries:
    """Give the shapes of the facilities in some states, without those that are nowhere."""
    frames.require_wgs84(facilities)
    shapes = np.asarray(facilities.geometry.array, dtype=object)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if "state" in facilities.columns:
        there &= facilities["state"].isin(list(states)).to_numpy(dtype=bool)
    elif "open" not in states:
        there[:] = False
    return shapes[there]


def scales_at(degrees: Geometries, epsg: int) -> Floats:
    """Give ``crs.point_scales`` in the middle of the box of each shape."""
    if not len(degrees):
        return np.zeros(0)
    box = shapely.bounds(degrees)
    return crs.point_scales((box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2, epsg)


@dataclass(frozen=True)
class ServiceCoverage:
    """What is covered by grid, and the gaps.

    Attributes
    ----------
    grids : GeoDataFrame
        frames.SERVICE_COVERAGE, one row a grid in the order of the grids: ``area_m2``, ``covered_m2`` and their ratio
        ``area_share``; ``households`` and ``covered_households`` (NaN where not known), ``household_share`` (NaN where
        there are none); ``facilities``, how many have a point in the grid; ``nearest_m``, from the middle of the
        grid to the nearest facility (NaN without any); ``status``: ``covered``, ``partly`` or ``gap`` by ground.
    gaps : GeoDataFrame
        frames.SERVICE_GAPS, one row a connected piece of ground without service, largest first.
    summary : dict
        ``grids``, ``facilities``, ``area_m2``, ``covered_m2``, ``area_share``, ``households``, ``covered_households``,
        ``household_share``, ``gaps``, ``gap_m2``, ``gap_households``, the number of each status, and
        ``households_by``: ``place`` or ``ground``.
    """

    grids: gpd.GeoDataFrame
    gaps: gpd.GeoDataFrame
    summary: dict[str, object]


def service_coverage(
    grids: gpd.GeoDataFrame, catchments: Catchments, *, dwellings: gpd.GeoDataFrame | None = None
) -> ServiceCoverage:
    """Measure how much of the ground and of the households of each grid is within reach, and find the gaps.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS in WGS 84; ``households`` if known.
    catchments : Catchments
        Of ``straight_catchments`` or ``walking_catchments``.
    dwellings : GeoDataFrame, optional
        Points in WGS 84 where households live, with ``households`` (1 each if left out). Each is covered or not by its
        own distance. Without them, the households of a grid are spread evenly over its ground.

    Returns
    -------
    ServiceCoverage
        Covered and uncovered ground of each grid add up to the whole; so do households.

    Raises
    ------
    ColumnError, CrsError
        ``column_missing``, ``code_duplicate``, ``crs_missing``, ``crs_not_wgs84``.
    InvalidInput
        ``setting_negative``: households below 0.
    """
    frames.require(grids, frames.GRIDS)
    frames.require_wgs84(grids)
    codes = grids["code"].astype(str).to_numpy(dtype=object)
    if len(set(codes)) != len(codes):
        raise ColumnError("code_duplicate", count=len(codes) - len(set(codes)))
    epsg = catchments.epsg if len(catchments.shapes) or not len(grids) else crs.metric_epsg_of(grids.geometry.array)
    shapes = crs.to_metric(np.asarray(grids.geometry.array, dtype=object), epsg)
    area = shapely.area(shapes)

    gaps = _uncovered(shapes, catchments)
    piece_grid, piece_gap, piece_m2 = _pieces(shapes, gaps)
    open_m2 = np.minimum(np.bincount(piece_grid, weights=piece_m2, minlength=len(codes)), area)
    open_m2[open_m2 <= _ROUNDING * area] = 0.0
    open_m2 = np.where(area - open_m2 <= _ROUNDING * area, area, open_m2)
    covered = area - open_m2

    known = _households(grids)
    if dwellings is None:
        per_m2 = np.divide(known, area, out=np.zeros(len(area)), where=area > 0)
        total, missed = known, per_m2 * open_m2
        spread = np.nan_to_num(per_m2[piece_grid]) * piece_m2
        in_gap = np.bincount(piece_gap, weights=spread, minlength=len(gaps)).astype(np.float64)
    else:
        total, missed, in_gap = _by_place(grids, dwellings, catchments, gaps, epsg)
    served = total - missed
    status = np.select([open_m2 == 0, covered == 0], ["covered", "gap"], default="partly")
    names = grids["name"].fillna("") if "name" in grids else pd.Series("", index=grids.index)
    frame = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": names.to_numpy(),
            "area_m2": area,
            "covered_m2": covered,
            "area_share": _ratio(covered, area),
            "households": total,
            "covered_households": served,
            "household_share": _ratio(served, total),
            "facilities": _facilities_in(shapes, catchments.facilities),
            "nearest_m": _nearest_m(grids, shapes, catchments.facilities, epsg),
            "status": pd.array(status, dtype="str"),
        },
        geometry=np.asarray(grids.geometry.array),
        crs=grids.crs,
    )
    found = _gap_frame(gaps, codes, (piece_grid, piece_gap, piece_m2), in_gap, epsg)
    return ServiceCoverage(frame, found, _summary(frame, found, catchments, dwellings is not None))


def _uncovered(shapes: Geometries, catchments: Catchments) -> Geometries:
    """Give the connected pieces of the ground of all grids that nothing reaches."""
    ground = shapely.union_all(shapes) if len(shapes) else shapely.MultiPolygon()
    rest = shapely.difference(ground, catchments.ground()) if len(catchments.shapes) else ground
    parts = shapely.get_parts(shapely.get_parts([rest]))
    return np.asarray(parts[shapely.get_type_id(parts) == 3], dtype=object)


def _pieces(shapes: Geometries, gaps: Geometries) -> tuple[Ints, Ints, Floats]:
    """Lay gaps over grids: (row of the grid, number of the gap, m2) for each pair that shares ground."""
    pieces, of = _cut_small(gaps)
    grid, piece = shapely.STRtree(pieces).query(shapes, predicate="intersects")
    m2 = shapely.area(shapely.intersection(shapes[grid], pieces[piece]))
    held = m2 > 0
    return grid[held], of[piece[held]], m2[held]


def _cut_small(shapes: Geometries) -> tuple[Geometries, Ints]:
    """Cut polygons in halves across their longer side until none has many corners; each with the row it came from."""
    done: list[Geometries] = [np.zeros(0, dtype=object)]
    owners: list[Ints] = [np.zeros(0, dtype=np.intp)]
    of: Ints = np.arange(len(shapes))
    while len(shapes):
        large = shapely.get_num_coordinates(shapes) > _CORNERS
        done.append(shapes[~large])
        owners.append(of[~large])
        shapes, of = shapes[large], of[large]
        box = shapely.bounds(shapes)
        wide = box[:, 2] - box[:, 0] >= box[:, 3] - box[:, 1]
        middle = (box[:, :2] + box[:, 2:]) / 2
        low, high = box.copy(), box.copy()
        low[wide, 2] = high[wide, 0] = middle[wide, 0]
        low[~wide, 3] = high[~wide, 1] = middle[~wide, 1]
        halves = [shapely.intersection(shapes, shapely.box(*half.T)) for half in (low, high)] if len(shapes) else []
        parts, at = shapely.get_parts(np.concatenate(halves), return_index=True) if halves else (shapes, of)
        flat = shapely.get_type_id(parts) == 3
        of = np.tile(of, 2)[at[flat]] if halves else of
        shapes = parts[flat] if halves else shapes
    return np.concatenate(done), np.concatenate(owners)


def _households(frame: pd.DataFrame, usual: float = math.nan) -> Floats:
    if "households" not in frame.columns:
        return np.full(len(frame), usual)
    found = pd.to_numeric(frame["households"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if (found < 0).any():
        raise InvalidInput("setting_negative", name="households")
    return found


def _by_place(
    grids: gpd.GeoDataFrame, dwellings: gpd.GeoDataFrame, catchments: Catchments, gaps: Geometries, epsg: int
) -> tuple[Floats, Floats, Floats]:
    """Count households by grid, those out of reach by grid, and those by gap; each place by its own distance."""
    frames.require_wgs84(dwellings)
    degrees = np.asarray(dwellings.geometry.array, dtype=object)
    weight = np.nan_to_num(_households(dwellings, 1.0))
    locator = Locator.from_frame(grids)
    order = {code: row for row, code in enumerate(grids["code"].astype(str))}
    row_of = np.array([order[code] for code in locator.codes] + [-1], dtype=np.intp)  # -1: nobody's
    rows = row_of[locator.owners(shapely.get_x(degrees), shapely.get_y(degrees))]
    here = rows >= 0
    points, weight, rows = crs.to_metric(degrees[here], epsg), weight[here], rows[here]
    total = np.bincount(rows, weights=weight, minlength=len(grids)).astype(np.float64)
    missed = ~catchments.reached(points)
    lost = np.bincount(rows[missed], weights=weight[missed], minlength=len(grids)).astype(np.float64)
    by_gap = np.zeros(len(gaps))
    if len(gaps) and missed.any():
        # a place a hair inside the drawn circle and beyond the true one belongs to the gap beside it
        nearest = shapely.STRtree(gaps).nearest(points[missed])
        by_gap = np.bincount(nearest, weights=weight[missed], minlength=len(gaps)).astype(np.float64)
    return total, lost, by_gap


def _facilities_in(shapes: Geometries, facilities: Geometries) -> Ints:
    grid = shapely.STRtree(shapes).query(facilities, predicate="intersects")
    # on a common border the first grid has it, so that none is counted twice
    owner = pd.Series(grid[1]).groupby(grid[0]).min() if len(grid[0]) else pd.Series(dtype=np.intp)
    return np.bincount(owner.to_numpy(dtype=np.intp), minlength=len(shapes))


def _nearest_m(grids: gpd.GeoDataFrame, shapes: Geometries, facilities: Geometries, epsg: int) -> Floats:
    if not len(facilities) or not len(shapes):
        return np.full(len(shapes), np.nan)
    _, away = shapely.STRtree(facilities).query_nearest(
        shapely.centroid(shapes), return_distance=True, all_matches=False
    )
    return away / scales_at(np.asarray(grids.geometry.array, dtype=object), epsg)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _gap_frame(
    gaps: Geometries, codes: npt.NDArray[np.object_], pieces: tuple[Ints, Ints, Floats], households: Floats, epsg: int
) -> gpd.GeoDataFrame:
    area = shapely.area(gaps)
    grid, gap, m2 = pieces
    touched = pd.DataFrame({"gap": gap, "code": codes[grid], "m2": m2}).groupby(["gap", "code"], as_index=False).sum()
    # where a gap only grazes a grid by rounding, it is not said to lie in it
    touched = touched[touched["m2"] > 1e-6]
    by_gap = {gap: tuple(sorted(mine)) for gap, mine in touched.groupby("gap")["code"]}
    order = (
        np.lexsort([*shapely.bounds(gaps).T[1::-1], -np.round(area, 3)]) if len(gaps) else np.zeros(0, dtype=np.intp)
    )
    return gpd.GeoDataFrame(
        {
            "gap": np.arange(1, len(gaps) + 1),
            "area_m2": area[order],
            "households": households[order],
            "grids": pd.Series([by_gap.get(row, ()) for row in order.tolist()], dtype=object),
        },
        geometry=crs.from_metric(gaps[order], epsg) if len(gaps) else [],
        crs=crs.WGS84,
    )


def _summary(
    frame: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame, catchments: Catchments, by_place: bool
) -> dict[str, object]:
    area, covered = float(frame["area_m2"].sum()), float(frame["covered_m2"].sum())
    total, served = float(frame["households"].sum()), float(frame["covered_households"].sum())
    return {
        "grids": len(frame),
        "facilities": len(catchments.facilities),
        "area_m2": area,
        "covered_m2": covered,
        "area_share": covered / area if area else None,
        "households": total,
        "covered_households": served,
        "household_share": served / total if total else None,
        "households_unknown": int(frame["households"].isna().sum()),
        "gaps": len(gaps),
        "gap_m2": float(gaps["area_m2"].sum()),
        "gap_households": float(gaps["households"].sum()),
        **{status: int((frame["status"] == status).sum()) for status in ("covered", "partly", "gap")},
        "households_by": "place" if by_place else "ground",
    }
