"""Lay two plans of one level over each other: who shares which ground with whom.

Both are brought into one metric CRS, with the vertices of either in the edges of the other, so that a straight border
bends alike in both. Grids with the same shape are recognised by their coordinates alone, and pairs that cannot share
ground because a tiling is proven to be one (``edges.py``) are never compared; the geometry engine sees what is left.
"""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.edges import proven_tiling
from gridmap.analysis.noding import node_between
from gridmap.analysis.plane import NOISE_WIDTH_M, Geometries, Plane, as_code, in_metres, read_plane
from gridmap.analysis.topology import SLIVER_WIDTH_M
from gridmap.errors import ColumnError, InvalidInput

Positions = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


#: A straight edge up to this long bends by less than 2 mm in a projection (0.2 mm at latitude 36), so with slivers of
#: this width dropped it needs no vertex where a border of the other plan meets it.
_SHORT_EDGE_DEG = 1e-3
_SLIVER_OF_SHORT_EDGES_M = 0.01


@dataclass(frozen=True, slots=True)
class CommonGround:
    """Pieces of ground that a grid of each plan shares; sorted by the old and then the new position in the planes.

    ``shapes`` are metric. ``meeting`` are all pairs with common ground, slivers included. ``old_covered`` tells for
    each piece whether it is all of the old grid, slivers aside; ``new_covered`` likewise.
    """

    old: Plane
    new: Plane
    first: Positions
    second: Positions
    shapes: Geometries
    area_m2: Floats
    old_covered: Flags
    new_covered: Flags
    meeting: tuple[Positions, Positions, Floats]
    sliver_width_m: float

    def old_share(self) -> Floats:
        """Give each piece's share of its old grid, 0-1."""
        return _share(self.area_m2, shapely.area(self.old.shapes[self.first]), self.old_covered & self.new_covered)

    def new_share(self) -> Floats:
        """Give each piece's share of its new grid, 0-1."""
        return _share(self.area_m2, shapely.area(self.new.shapes[self.second]), self.old_covered & self.new_covered)


def overlay(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, *, sliver_width_m: float = SLIVER_WIDTH_M) -> pd.DataFrame:
    """Measure the ground that each grid of one plan shares with each grid of another.

    Parameters
    ----------
    old, new : GeoDataFrame
        frames.GRIDS of one level each; CRS: WGS 84. Rows that are no polygon have no ground and are left out; a broken
        ring counts as the ground it covers.
    sliver_width_m : float
        Common ground nowhere wider than this is left out, unless one of the two grids is itself no wider, or lies
        mostly in such slivers. 0 keeps all that is wider than rounding.

    Returns
    -------
    DataFrame
        ``old``, ``new`` (codes), ``area_m2`` (> 0, in the metric CRS of both plans), ``old_share`` and ``new_share``
        (0-1, of the old and of the new grid); one row a pair, by old and then by new code. ``attrs["epsg"]`` is the
        metric CRS.

    Raises
    ------
    ColumnError
        ``column_missing``, ``code_missing``, ``code_duplicate``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``, ``coordinate_out_of_range``.
    InvalidInput
        ``setting_negative``.

    Notes
    -----
    Grids with the same coordinates, whatever their ring start and winding, share exactly 1.0 of each other.
    """
    common = common_ground(old, new, sliver_width_m=sliver_width_m)
    table = pd.DataFrame(
        {
            "old": pd.array(common.old.codes[common.first], dtype="str"),
            "new": pd.array(common.new.codes[common.second], dtype="str"),
            "area_m2": common.area_m2,
            "old_share": common.old_share(),
            "new_share": common.new_share(),
        }
    )
    table.attrs["epsg"] = common.old.epsg
    return table


def common_ground(
    old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, *, sliver_width_m: float = SLIVER_WIDTH_M
) -> CommonGround:
    """Find the pieces that ``overlay`` measures, with their shapes; parameters and errors as there."""
    if not (np.isfinite(sliver_width_m) and sliver_width_m >= 0):
        raise InvalidInput("setting_negative", name="sliver_width_m")
    epsg = _epsg_of_both(old, new)
    one, two = _read(old, epsg), _read(new, epsg)
    twin_one, twin_two = _same_shapes(old, one, new, two)
    a, b = _candidates(one, two, twin_one, twin_two)
    short = _SHORT_EDGE_DEG if sliver_width_m >= _SLIVER_OF_SHORT_EDGES_M else 0.0
    noded_one, noded_two = node_between(one.degrees, two.degrees, longer_than_deg=short)
    one, two = _with_vertices(one, noded_one), _with_vertices(two, noded_two)

    shapes = shapely.intersection(one.shapes[a], two.shapes[b])
    shapes, area, real = _polygonal(shapes, np.zeros(len(shapes)), np.zeros(len(shapes), dtype=bool))
    a, b, shapes, area = a[real], b[real], shapes[real], area[real]
    own_thin = _thin(one.shapes[a], sliver_width_m) | _thin(two.shapes[b], sliver_width_m)
    kept_shapes, kept_area, kept = _polygonal(shapes, np.full(len(shapes), sliver_width_m), own_thin)
    # nor may a grid that was cut into slivers vanish
    shredded = _shredded(one, a, area - kept_area) | _shredded(two, b, area - kept_area)
    kept_shapes[shredded], kept_area[shredded], kept[shredded] = shapes[shredded], area[shredded], True

    first, second = np.r_[twin_one, a[kept]], np.r_[twin_two, b[kept]]
    order = np.lexsort((second, first))
    same_area = shapely.area(one.shapes[twin_one])
    pieces = np.concatenate([one.shapes[twin_one], kept_shapes[kept]])
    found = CommonGround(
        old=one,
        new=two,
        first=first[order],
        second=second[order],
        shapes=pieces[order],
        area_m2=np.r_[same_area, kept_area[kept]][order],
        old_covered=np.zeros(len(first), dtype=bool),
        new_covered=np.zeros(len(first), dtype=bool),
        meeting=(np.r_[twin_one, a], np.r_[twin_two, b], np.r_[same_area, area]),
        sliver_width_m=sliver_width_m,
    )
    twin = (np.arange(len(first)) < len(twin_one))[order]
    return replace(
        found,
        old_covered=twin | _covered(one.shapes, found.first, two.shapes, found.second, found.area_m2, sliver_width_m),
        new_covered=twin | _covered(two.shapes, found.second, one.shapes, found.first, found.area_m2, sliver_width_m),
    )


def left_over(common: CommonGround, *, of_new: bool = False) -> tuple[Positions, Geometries, Floats]:
    """Find the ground of either plan that the other does not cover, slivers aside.

    Parameters
    ----------
    common : CommonGround
    of_new : bool
        Whether the ground only in the new plan is asked for instead of that only in the old one.

    Returns
    -------
    positions, shapes, areas
        Of the grids that have such ground, ascending; metric; m2.
    """
    mine, other = (common.new, common.old) if of_new else (common.old, common.new)
    a, b, area = common.meeting
    own, partner = (b, a) if of_new else (a, b)
    total = shapely.area(mine.shapes)
    shared = np.bincount(own, weights=area, minlength=len(mine))
    noise = NOISE_WIDTH_M * shapely.length(mine.shapes) + 1e-12 * total
    bare = np.abs(total - shared) > noise
    # what is covered by one grid has no rest to look for
    bare[common.second[common.new_covered] if of_new else common.first[common.old_covered]] = False
    open_ = np.flatnonzero(bare)
    order = np.argsort(own, kind="stable")
    start, end = np.searchsorted(own[order], open_), np.searchsorted(own[order], open_, side="right")
    cut = [partner[order[i:j]] for i, j in zip(start, end, strict=True)]
    unions = np.array([shapely.union_all(other.shapes[k]) for k in cut], dtype=object)
    shapes = mine.shapes[open_]
    rest = shapely.difference(shapes, unions) if len(open_) else shapes
    width = np.full(len(open_), common.sliver_width_m)
    rest, rest_area, real = _polygonal(rest, width, _thin(shapes, common.sliver_width_m))
    return open_[real], rest[real], rest_area[real]


def _epsg_of_both(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> int:
    boxes = np.concatenate([shapely.bounds(np.asarray(frames.require_wgs84(f).geometry.array)) for f in (old, new)])
    # rows without ground, or with coordinates that are no numbers, have no say
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return 3857
    middle = (boxes[:, :2].min(axis=0) + boxes[:, 2:].max(axis=0)) / 2
    return crs.metric_epsg(float(middle[0]), float(middle[1]))


def _read(frame: gpd.GeoDataFrame, epsg: int) -> Plane:
    frames.require(frame, frames.GRIDS)
    codes = [as_code(value) for value in frame["code"]]
    if None in codes:
        raise ColumnError("code_missing", count=codes.count(None))
    if len(set(codes)) < len(codes):
        raise ColumnError("code_duplicate", count=len(codes) - len(set(codes)))
    return read_plane(frame, epsg=epsg)[1]


def _with_vertices(plane: Plane, noded: Geometries) -> Plane:
    """Project again what got more vertices."""
    more = np.flatnonzero(shapely.get_num_coordinates(noded) > shapely.get_num_coordinates(plane.degrees))
    if not len(more):
        return plane
    shapes = plane.shapes.copy()
    shapes[more] = in_metres(noded[more], plane.epsg)
    return replace(plane, degrees=noded, shapes=shapes)


def _same_shapes(old: gpd.GeoDataFrame, one: Plane, new: gpd.GeoDataFrame, two: Plane) -> tuple[Positions, Positions]:
    """Pair the polygons with the same coordinates, as they came: noding depends on the neighbours."""
    where: dict[bytes, list[int]] = {}
    for j, key in enumerate(_keys(new, two)):
        where.setdefault(key, []).append(j)
    pairs = [(i, j) for i, key in enumerate(_keys(old, one)) for j in where.get(key, ())]
    array = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _keys(frame: gpd.GeoDataFrame, plane: Plane) -> npt.NDArray[np.object_]:
    came = np.asarray(frame.geometry.array, dtype=object)[plane.rows]
    return np.asarray(shapely.to_wkb(shapely.normalize(shapely.force_2d(came))), dtype=object)


def _candidates(one: Plane, two: Plane, twin_one: Positions, twin_two: Positions) -> tuple[Positions, Positions]:
    """List the pairs, twins apart, that may share ground: boxes meet, and no proof of a tiling keeps them apart."""
    a, b = shapely.STRtree(two.shapes).query(one.shapes)
    pair = a * len(two) + b
    keep = ~np.isin(pair, twin_one * len(two) + twin_two)
    if len(twin_one):
        # what lies under the twin of one of the pair lies, in a tiling, under nothing else of that plan
        for plane, own, other, twin_own, twin_other in (
            (one, a, b, twin_one, twin_two),
            (two, b, a, twin_two, twin_one),
        ):
            proven, _ = proven_tiling(plane.shapes, plane.usable)
            twin_of = np.full(len(two) if plane is one else len(one), -1, dtype=np.intp)
            twin_of[twin_other] = twin_own
            there = twin_of[other]
            keep &= ~((there >= 0) & proven[own] & proven[there])
    a, b = a[keep], b[keep]
    shapely.prepare(one.shapes[np.unique(a)])
    meet = shapely.relate_pattern(one.shapes[a], two.shapes[b], "T********")
    return a[meet], b[meet]


def _shredded(plane: Plane, own: Positions, dropped_m2: Floats) -> Flags:
    """Tell which pieces are of grids that lie mostly in slivers."""
    total = np.bincount(own, weights=dropped_m2, minlength=len(plane))
    return np.asarray((2 * total > shapely.area(plane.shapes))[own])


def _covered(
    shapes: Geometries, own: Positions, others: Geometries, other: Positions, area: Floats, width_m: float
) -> Flags:
    """Tell for each piece whether it is all of its grid, slivers aside."""
    share = area / shapely.area(shapes[own])
    covered = share >= 1 - 1e-9
    # a rest can only be a sliver where it is small against the border
    rest = shapely.area(shapes[own]) - area
    unsure = np.flatnonzero(~covered & (share > 0.5) & (rest <= 2 * width_m * shapely.length(shapes[own])))
    if len(unsure):
        away = shapely.difference(shapes[own[unsure]], others[other[unsure]])
        own_thin = _thin(shapes[own[unsure]], width_m)
        _, _, real = _polygonal(away, np.full(len(away), width_m), own_thin)
        covered[unsure] = ~real
    return covered


def _polygonal(shapes: Geometries, width_m: Floats, keep_thin: Flags) -> tuple[Geometries, Floats, Flags]:
    """Keep of each geometry the polygons that are wider than rounding and, where not ``keep_thin``, than a sliver.

    Returns
    -------
    shapes, areas, real
        ``real`` tells where anything is left; a shape without is an empty polygon.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    flat = shapely.get_type_id(parts) == 3
    parts, owner = parts[flat], owner[flat]
    wide = 2 * shapely.area(parts) > NOISE_WIDTH_M * shapely.length(parts)
    parts, owner = parts[wide], owner[wide]
    sliver = _thin_parts(parts, width_m[owner]) & ~keep_thin[owner]
    parts, owner = parts[~sliver], owner[~sliver]

    count = np.bincount(owner, minlength=len(shapes))
    area = np.bincount(owner, weights=shapely.area(parts), minlength=len(shapes))
    out: Geometries = np.full(len(shapes), shapely.Polygon(), dtype=object)
    single = count[owner] == 1
    out[owner[single]] = parts[single]
    several = np.unique(owner[~single])
    if len(several):
        out[several] = shapely.multipolygons(parts[~single], indices=np.searchsorted(several, owner[~single]))
    return out, area.astype(np.float64), count > 0


def _thin(shapes: Geometries, width_m: float) -> Flags:
    return _thin_parts(shapes, np.full(len(shapes), width_m))


def _thin_parts(shapes: Geometries, width_m: Floats) -> Flags:
    """Tell which polygons are nowhere wider than a width, or no larger than its square."""
    area, length = shapely.area(shapes), shapely.length(shapes)
    thin = area <= width_m**2
    # the widest place of a shape is at least 2 A / P, so most shapes need no erosion
    unsure = np.flatnonzero(~thin & (2 * area < width_m * length))
    if len(unsure):
        eroded = shapely.buffer(shapes[unsure], -width_m[unsure] / 2, join_style="mitre")
        thin[unsure] = shapely.is_empty(eroded)
    return np.asarray(thin)


def _share(area: Floats, whole: Floats, same: Flags) -> Floats:
    """Divide; two grids that are the same ground, slivers aside, share all of it."""
    return np.where(same & (area >= whole * (1 - 1e-9)), 1.0, np.minimum(area / whole, 1.0))
