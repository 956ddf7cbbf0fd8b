"""Joins built on the locator: which grid is responsible for each point."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.analysis.locator import METHODS, Answers, Locator
from gridmap.crs import frame_to_wgs84
from gridmap.errors import CrsError, GeometryError


@dataclass(frozen=True, slots=True)
class JoinSummary:
    """What happened to the points of a join.

    ``overlapped`` counts points strictly inside two or more grids, where the tie rule decided between faulty borders.
    ``located`` counts points with an owner of which no more was asked: inside and border are then not told apart.
    """

    points: int = 0
    inside: int = 0
    border: int = 0
    nearest: int = 0
    none: int = 0
    overlapped: int = 0
    unreadable: int = 0
    located: int = 0

    def __add__(self, other: "JoinSummary") -> "JoinSummary":
        return JoinSummary(*(getattr(self, f) + getattr(other, f) for f in self.__slots__))

    @classmethod
    def of(cls, answers: Answers, unreadable: int = 0) -> "JoinSummary":
        """Count the answers."""
        inside, border, nearest, none = (int(c) for c in np.bincount(answers.method, minlength=len(METHODS)))
        overlapped = int(answers.overlapped.sum())
        return cls(len(answers.owner) + unreadable, inside, border, nearest, none, overlapped, unreadable)


def owner_codes(locator: Locator, answers: Answers) -> npt.NDArray[np.object_]:
    """Give the owner's code of each point; None where there is no owner."""
    table = np.array([*locator.codes, None], dtype=object)
    return table[answers.owner]


def join_points(
    points: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame | Locator,
    *,
    code_column: str = "code",
    nearest_within_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Join every point to its one responsible grid.

    Parameters
    ----------
    points : GeoDataFrame
        Any columns; geometry of points. CRS: WGS 84, or any CRS, which is then brought to WGS 84 for the answer.
    grids : GeoDataFrame or Locator
        frames.GRIDS in WGS 84, or the index of them to use again.
    code_column : str
        Column of codes in ``grids``.
    nearest_within_m : float
        As in ``Locator.locate_many``.

    Returns
    -------
    GeoDataFrame
        The same rows in the same order with ``grid_code`` (None without an owner), ``method`` (inside, border, nearest,
        none) and ``border_m`` (metres; NaN without an owner). ``attrs["summary"]`` holds the JoinSummary.

    Raises
    ------
    CrsError
        ``crs_missing``, ``crs_not_wgs84`` or ``coordinate_out_of_range``.
    GeometryError
        ``geometry_not_point``, with the number of rows.
    """
    if points.crs is None:
        raise CrsError("crs_missing")
    geometry = np.asarray(points.geometry.array)
    good = (shapely.get_type_id(geometry) == 0) & ~shapely.is_empty(geometry)
    if not good.all():
        raise GeometryError("geometry_not_point", count=int((~good).sum()))
    locator = grids if isinstance(grids, Locator) else Locator.from_frame(grids, code_column=code_column)
    xy = (points.to_crs(locator.epsg) if locator.metric else frame_to_wgs84(points)).geometry
    answers = locator.locate_many(xy.x.to_numpy(), xy.y.to_numpy(), nearest_within_m=nearest_within_m)
    joined = points.copy()
    joined["grid_code"] = pd.array(owner_codes(locator, answers), dtype="str")
    joined["method"] = pd.array(answers.methods(), dtype="str")
    joined["border_m"] = answers.border_m
    joined.attrs["summary"] = JoinSummary.of(answers)
    return joined
