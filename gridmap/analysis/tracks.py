"""Tracks: what of the way between two fixes, in metres and in seconds, belongs to which grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.analysis import frames
from gridmap.analysis.locator import Locator
from gridmap.analysis.runs import ends_of_runs, starts_of_runs
from gridmap.analysis.segments import Borders, Floats, Ints, Pieces
from gridmap.crs import frame_to_wgs84, xy_to_metric
from gridmap.errors import ColumnError, GeometryError, InvalidInput

#: A longer silence between two fixes is a gap: where the unit was meanwhile is not known.
GAP_S = 300.0
#: A faster way between two fixes (180 km/h) is a jump of the position, not a way.
SPEED_M_S = 50.0
_UTC = "datetime64[us, UTC]"


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """What became of the fixes of a split.

    ``segments`` were split; ``gaps`` were not (too long a silence, too fast, or too far away to be measured).
    ``seconds`` and ``length_m`` are those of all segments that were split, and so of all pieces; ``gap_seconds`` those
    of the gaps. ``duplicates`` repeat a fix of the same unit, time and place.
    """

    fixes: int = 0
    units: int = 0
    duplicates: int = 0
    segments: int = 0
    gaps: int = 0
    pieces: int = 0
    seconds: float = 0.0
    gap_seconds: float = 0.0
    length_m: float = 0.0

    def __add__(self, other: "TrackSummary") -> "TrackSummary":
        return TrackSummary(*(getattr(self, f) + getattr(other, f) for f in self.__slots__))


@dataclass(frozen=True, slots=True)
class Edition:
    """Borders that are in force from a moment on (aware), until those of the next edition are."""

    since: datetime
    borders: Borders


@dataclass(frozen=True, slots=True)
class Fixes:
    """Fixes as arrays of one length, in any order.

    Attributes
    ----------
    unit : int64 array
        Position in ``units``.
    units : array of str
        Ids.
    at : int64 array
        Microseconds since 1970, UTC.
    x, y : float64 array
        In the coordinates of the locator.
    """

    unit: Ints
    units: npt.NDArray[np.object_]
    at: Ints
    x: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.unit)

    @classmethod
    def of(cls, unit_id: npt.ArrayLike, fixed_at: pd.DatetimeIndex | pd.Series, x: Floats, y: Floats) -> "Fixes":
        """Make them of columns: ids, aware times (NaT where there is none) and coordinates.

        Raises
        ------
        ColumnError
            ``time_not_aware``.
        """
        at = micros_of(pd.Series(fixed_at, name="fixed_at"))
        unit, units = pd.factorize(np.asarray(unit_id, dtype=object))
        return cls(unit.astype(np.int64), np.asarray(units, dtype=object), at, x, y)

    def sorted(self) -> "Fixes":
        """Give them by the name of the unit, time and place, each once."""
        names = np.argsort(self.units)
        rank = np.empty(len(names), dtype=np.int64)
        rank[names] = np.arange(len(names))
        unit = rank[self.unit]
        ahead = (unit[1:] > unit[:-1]) | ((unit[1:] == unit[:-1]) & (self.at[1:] > self.at[:-1]))
        if ahead.all():
            return Fixes(unit, self.units[names], self.at, self.x, self.y)
        order = np.lexsort((self.y, self.x, self.at, unit))
        unit, at, x, y = unit[order], self.at[order], self.x[order], self.y[order]
        new = starts_of_runs(unit, at, x, y)
        return Fixes(unit[new], self.units[names], at[new], x[new], y[new])


def split_tracks(
    fixes: gpd.GeoDataFrame,
    grids: Borders | Locator | Sequence[Edition],
    *,
    max_gap_s: float = GAP_S,
    max_speed_m_s: float = SPEED_M_S,
) -> pd.DataFrame:
    """Split the way between consecutive fixes of each unit at the borders of the grids.

    Parameters
    ----------
    fixes : GeoDataFrame
        frames.FIXES in any order, WGS 84 or another CRS, which is then brought to that of the locator.
    grids : Borders, Locator or sequence of Edition
        The grids; Borders to use their index again. Editions where borders changed meanwhile: the way is cut at the
        moment of the change, each part goes by the borders of its time, and the ground had no grid before the first.
        All in the same coordinates; lengths are in the metric CRS of the first.
    max_gap_s : float
        Seconds between two fixes beyond which nothing is split: a gap.
    max_speed_m_s : float
        Metres a second between two fixes beyond which nothing is split: a gap too.

    Returns
    -------
    DataFrame
        One row a piece, by unit and time: ``unit_id``, ``segment`` (from 0 in each unit: the way from its fix of that
        number to the next, in order of time, repeated fixes counted once), ``grid_code`` (missing outside every grid),
        ``entered_at``, ``left_at`` (UTC, to the microsecond), ``seconds``, ``length_m``. Pieces of a segment follow
        each other without a gap, so their seconds and metres make up the whole. The unit is taken to move straight and
        evenly from fix to fix. Lengths are in the metric CRS of the locator. ``attrs["summary"]`` is the TrackSummary.

    Raises
    ------
    ColumnError
        ``column_missing``; ``column_has_gaps``: a row without unit or time; ``time_not_aware``.
    CrsError
        ``crs_missing``, ``crs_unsupported``, ``coordinate_out_of_range``.
    GeometryError
        ``geometry_not_point``, with the number of rows.
    InvalidInput
        ``not_positive``: a limit is not above 0.
    """
    borders = Borders(grids) if isinstance(grids, Locator) else grids
    locator = borders.locator if isinstance(borders, Borders) else borders[0].borders.locator
    return split_fixes(fixes_of(fixes, locator), borders, max_gap_s=max_gap_s, max_speed_m_s=max_speed_m_s)


def fixes_of(frame: gpd.GeoDataFrame, locator: Locator) -> Fixes:
    """Give a frame of fixes as arrays in the coordinates of a locator; errors as ``split_tracks``."""
    frames.require(frame, frames.FIXES)
    geometry = np.asarray(frame.geometry.array)
    good = (shapely.get_type_id(geometry) == 0) & ~shapely.is_empty(geometry)
    if not good.all():
        raise GeometryError("geometry_not_point", count=int((~good).sum()))
    empty = [name for name in ("unit_id", "fixed_at") if frame[name].isna().any()]
    if empty:
        raise ColumnError("column_has_gaps", columns=", ".join(empty))
    place = frame_to_wgs84(frame).geometry
    x, y = place.x.to_numpy(), place.y.to_numpy()
    if locator.metric:
        x, y = xy_to_metric(x, y, locator.epsg)
    return Fixes.of(frame["unit_id"].astype(str), frame["fixed_at"], x, y)


def split_fixes(
    fixes: Fixes,
    borders: Borders | Sequence[Edition],
    *,
    max_gap_s: float = GAP_S,
    max_speed_m_s: float = SPEED_M_S,
) -> pd.DataFrame:
    """Split fixes that are arrays already; all else as ``split_tracks``."""
    for name, value in (("max_gap_s", max_gap_s), ("max_speed_m_s", max_speed_m_s)):
        if not value > 0:
            raise InvalidInput("not_positive", name=name)
    kept = fixes.sorted()
    editions = _editions(borders)
    locator = editions[0][1].locator
    mx, my = (kept.x, kept.y) if locator.metric else xy_to_metric(kept.x, kept.y, locator.epsg)
    xy, metric = np.column_stack([kept.x, kept.y]), np.column_stack([mx, my])
    first = np.flatnonzero(kept.unit[1:] == kept.unit[:-1])
    with np.errstate(invalid="ignore"):
        length_m = np.hypot(*(metric[first + 1] - metric[first]).T)
    micros = kept.at[first + 1] - kept.at[first]
    # a place too far from the grids has no metres; NaN fails the comparison
    whole = (micros <= max_gap_s * 1e6) & (length_m * 1e6 <= max_speed_m_s * micros)
    gaps, gap_micros = int((~whole).sum()), int(micros[~whole].sum())
    first, length_m, micros = first[whole], length_m[whole], micros[whole]

    codes, pieces = _split(editions, xy[first], xy[first + 1], length_m, kept.at[first], micros)
    of = pieces.segment
    start = kept.at[first[of]]
    entered = start + np.rint(micros[of] * pieces.start).astype(np.int64)
    left = start + np.rint(micros[of] * pieces.end).astype(np.int64)
    table = np.array([*codes, None], dtype=object)
    # the number of a fix among those of its unit
    number = first - np.searchsorted(kept.unit, kept.unit[first], side="left")
    result = pd.DataFrame(
        {
            "unit_id": pd.array(kept.units[kept.unit[first[of]]], dtype="str"),
            "segment": number[of],
            "grid_code": pd.array(table[pieces.owner], dtype="str"),
            "entered_at": times_of(entered),
            "left_at": times_of(left),
            "seconds": (left - entered) / 1e6,
            "length_m": length_m[of] * pieces.end - length_m[of] * pieces.start,
        }
    )
    result.attrs["summary"] = TrackSummary(
        fixes=len(fixes),
        units=len(np.unique(kept.unit)),
        duplicates=len(fixes) - len(kept),
        segments=len(first),
        gaps=gaps,
        pieces=len(result),
        seconds=int(micros.sum()) / 1e6,
        gap_seconds=gap_micros / 1e6,
        length_m=float(length_m.sum()),
    )
    return result


def _editions(borders: Borders | Sequence[Edition]) -> list[tuple[int, Borders]]:
    """Give borders with the moment from which on they are in force, in order of time."""
    if isinstance(borders, Borders):
        return [(int(np.iinfo(np.int64).min), borders)]
    if any(e.since.tzinfo is None for e in borders):
        raise InvalidInput("time_not_aware", columns="since")
    found = sorted(((round(e.since.timestamp() * 1e6), e.borders) for e in borders), key=lambda e: e[0])
    if not found or len({(b.locator.metric, b.locator.metric and b.locator.epsg) for _, b in found}) > 1:
        raise ValueError("editions in the same coordinates are wanted, at least one")
    return found


def _split(
    editions: list[tuple[int, Borders]], p: Floats, q: Floats, length_m: Floats, start: Ints, micros: Ints
) -> tuple[Sequence[str], Pieces]:
    """Cut segments at the borders of their time; owners are positions in the codes given beside."""
    if not len(start) or (len(editions) == 1 and editions[0][0] < -(1 << 62)):
        return editions[0][1].locator.codes, editions[0][1].split(p, q, length_m)
    since = np.array([moment for moment, _ in editions], dtype=np.int64)
    # which edition each segment starts and ends in; one that ends when the next begins has no part in that
    lowest = np.searchsorted(since, start, side="right") - 1
    highest = np.maximum(np.searchsorted(since, start + micros, side="left") - 1, lowest)
    count = highest - lowest + 1
    segment = np.repeat(np.arange(len(start)), count)
    edition = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count) + lowest[segment]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (since[np.clip(edition, 0, None)] - start[segment]) / micros[segment]
    low = np.where(edition > lowest[segment], share, 0.0)
    high = np.where(edition < highest[segment], np.r_[low[1:], 0.0], 1.0)
    way = q - p
    codes = sorted({code for _, b in editions for code in b.locator.codes})
    number = {code: n for n, code in enumerate(codes)}
    parts = []
    for e in np.unique(edition).tolist():
        rows = np.flatnonzero(edition == e)
        of, a, b = segment[rows], low[rows], high[rows]
        if e < 0:
            parts.append(Pieces(of, a, b, np.full(len(rows), -1, dtype=np.int32)))
            continue
        borders = editions[e][1]
        from_p = p[of] + a[:, None] * way[of]
        # whole segments keep their ends to the bit
        to_q = np.where((b == 1.0)[:, None], q[of], p[of] + b[:, None] * way[of])
        cut = borders.split(from_p, to_q, length_m[of] * (b - a))
        a, b, of = a[cut.segment], b[cut.segment], of[cut.segment]
        table = np.array([*(number[c] for c in borders.locator.codes), -1], dtype=np.int32)
        begin = np.where(cut.start == 0.0, a, a + cut.start * (b - a))
        end = np.where(cut.end == 1.0, b, a + cut.end * (b - a))
        parts.append(Pieces(of, begin, end, table[cut.owner]))
    joined = Pieces(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pieces.__slots__))
    # the parts go by edition, and so by time
    order = np.argsort(joined.segment, kind="stable")
    return codes, Pieces(*(getattr(joined, name)[order] for name in Pieces.__slots__))


def track_visits(pieces: pd.DataFrame) -> pd.DataFrame:
    """Join the pieces of ``split_tracks`` to visits: stays of one unit in one grid without leaving it.

    Returns
    -------
    DataFrame
        One row a visit, by unit and time: ``unit_id``, ``grid_code`` (missing: outside), ``entered_at``, ``left_at``,
        ``seconds``, ``length_m``. A gap ends a visit.
    """
    unit, code = pd.factorize(pieces["unit_id"])[0], pd.factorize(pieces["grid_code"])[0]
    entered, left = (pieces[c].astype("int64").to_numpy() for c in ("entered_at", "left_at"))
    segment = pieces["segment"].to_numpy()
    new = starts_of_runs(unit, code)
    new[1:] |= segment[1:] > segment[:-1] + 1
    groups = np.cumsum(new) - 1
    last = ends_of_runs(new)
    seconds = (left[last] - entered[new]) / 1e6
    return pd.DataFrame(
        {
            "unit_id": pieces["unit_id"].array[new],
            "grid_code": pieces["grid_code"].array[new],
            "entered_at": pieces["entered_at"].array[new],
            "left_at": pieces["left_at"].array[last],
            "seconds": seconds,
            "length_m": np.bincount(groups, pieces["length_m"], minlength=len(seconds)),
        }
    )


def track_totals(pieces: pd.DataFrame) -> pd.DataFrame:
    """Sum the pieces of ``split_tracks`` by grid.

    Returns
    -------
    DataFrame
        One row a grid that was entered, by code, the ground outside last: ``grid_code`` (missing: outside), ``units``,
        ``visits``, ``hours``, ``km``, ``first_at``, ``last_at``.
    """
    stays = track_visits(pieces)
    groups = stays.groupby("grid_code", sort=True, dropna=False)
    totals = groups.agg(
        units=("unit_id", "nunique"),
        visits=("unit_id", "size"),
        hours=("seconds", "sum"),
        km=("length_m", "sum"),
        first_at=("entered_at", "min"),
        last_at=("left_at", "max"),
    ).reset_index()
    totals["hours"] /= 3600.0
    totals["km"] /= 1000.0
    return totals


def micros_of(times: pd.Series) -> Ints:
    """Give aware times as microseconds since 1970, UTC; the lowest number where there is none.

    Raises
    ------
    ColumnError
        ``time_not_aware``.
    """
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise ColumnError("time_not_aware", columns=str(times.name))
    return np.asarray(times.dt.tz_convert("UTC").astype(_UTC).astype("int64").to_numpy())


def times_of(micros: Ints) -> pd.DatetimeIndex:
    """Give microseconds since 1970 as times, UTC; the lowest number is no time."""
    return pd.DatetimeIndex(micros.view("datetime64[us]")).tz_localize("UTC")
