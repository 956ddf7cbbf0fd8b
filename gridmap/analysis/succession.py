"""Check that a code keeps naming the same ground: no living code moves away, no retired one comes back elsewhere."""

from collections.abc import Collection, Iterator, Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis.plane import Geometries, as_code
from gridmap.domain.rules import Finding, Severity

#: A living area keeps its code while more than this share of the smaller of its old and new ground is common to both:
#: what two neighbours have in common after a border was digitised anew is far less.
LIVING_SHARE = 0.01

#: A retired code may only come back with its area: at least this share of the larger one is common ground.
RETURNING_SHARE = 0.5

#: A point may be surveyed anew this far from where it was.
SURVEY_M = 10.0

_Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def reuse_findings(
    codes: Sequence[str],
    shapes: Geometries,
    former: gpd.GeoDataFrame | None,
    retired: gpd.GeoDataFrame | Collection[str] | None,
    epsg: int,
) -> Iterator[Finding]:
    """Compare where codes are with where they were.

    Parameters
    ----------
    codes : sequence of str
    shapes : array of geometry
        Parallel to ``codes``; missing, empty or invalid ones cannot be compared. CRS: WGS 84.
    former, retired
        As ``gate.check_plan``.
    epsg : int
        Metric CRS of the measures.

    Yields
    ------
    Finding
        ``code_moved``, ``code_reused``; measure: metres between the centres of the old and the new shape.
    """
    living: set[str] = set()
    if former is not None:
        old_codes, old_shapes = _read(former)
        living = set(old_codes)
        new, old = _pairs(codes, old_codes)
        near = _same_ground(shapes[new], old_shapes[old], epsg, LIVING_SHARE, of_larger=False)
        yield from _findings("code_moved", codes, shapes, new[~near], old_shapes[old[~near]], epsg)
    if retired is None:
        return
    if isinstance(retired, gpd.GeoDataFrame):
        old_codes, old_shapes = _read(retired)
        new, old = _pairs(codes, old_codes)
        back = np.array([codes[i] not in living for i in new], dtype=bool)
        new, old = new[back], old[back]
        near = _same_ground(shapes[new], old_shapes[old], epsg, RETURNING_SHARE, of_larger=True)
        yield from _findings("code_reused", codes, shapes, new[~near], old_shapes[old[~near]], epsg)
        return
    gone = frozenset(retired) - living
    for code in sorted(gone.intersection(codes)):
        yield Finding("code_reused", Severity.ERROR, (code,))


def _read(frame: gpd.GeoDataFrame) -> tuple[list[str], Geometries]:
    codes = [as_code(v) for v in frame["code"].to_numpy(object)]
    held = [i for i, code in enumerate(codes) if code is not None]
    return [str(codes[i]) for i in held], np.asarray(frame.geometry.array, dtype=object)[held]


def _pairs(codes: Sequence[str], old_codes: Sequence[str]) -> _Pairs:
    """Give the positions of equal codes; of a code that stands twice, the first row."""
    known = pd.Index(old_codes)
    first = np.flatnonzero(~known.duplicated())
    at = known[first].get_indexer(pd.Index(codes)) if len(first) else np.full(len(codes), -1)
    new = np.flatnonzero((at >= 0) & ~pd.Index(codes).duplicated())
    return new, first[at[new]]


def _same_ground(
    new: Geometries, old: Geometries, epsg: int, least: float, *, of_larger: bool
) -> npt.NDArray[np.bool_]:
    """Tell which pairs name the same place. What has no sound shape is not judged: other rules report it."""
    same = shapely.equals_exact(new, old)
    sound = ~shapely.is_empty(new) & ~shapely.is_empty(old) & shapely.is_valid(new) & shapely.is_valid(old)
    same |= ~sound
    at = np.flatnonzero(~same)
    a, b = crs.to_metric(new[at], epsg), crs.to_metric(old[at], epsg)
    ground = (shapely.get_dimensions(a) == 2) & (shapely.get_dimensions(b) == 2)
    # projecting can make a ring cross itself by a hair
    a[ground], b[ground] = shapely.make_valid(a[ground]), shapely.make_valid(b[ground])
    areas = np.stack([shapely.area(a[ground]), shapely.area(b[ground])])
    share = shapely.area(shapely.intersection(a[ground], b[ground])) / (areas.max(0) if of_larger else areas.min(0))
    same[at[ground]] = share >= least if of_larger else share > least
    same[at[~ground]] = shapely.distance(a[~ground], b[~ground]) <= SURVEY_M
    return same


def _findings(
    rule: str, codes: Sequence[str], shapes: Geometries, at: npt.NDArray[np.intp], old: Geometries, epsg: int
) -> Iterator[Finding]:
    a, b = crs.to_metric(shapely.centroid(shapes[at]), epsg), crs.to_metric(shapely.centroid(old), epsg)
    for i, metres in zip(at, shapely.distance(a, b), strict=True):
        yield Finding(rule, Severity.ERROR, (codes[i],), float(metres), "m", shapely.normalize(shapes[i]))
