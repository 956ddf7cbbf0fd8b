"""Cleaning of fixes with a record: every fix gets one verdict, and nothing is dropped without one.

The verdict of a fix depends on the set of all fixes of its unit alone: not on the order in which they came, and a
replay of them changes nothing but the number of doubled ones. What was sent twice counts where it was received first.
"""

from dataclasses import dataclass, field
from datetime import datetime

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.cleaning_kernels import believe, stand
from gridmap.analysis.locator import Locator
from gridmap.analysis.runs import Flags, ends_of_runs, starts_of_runs
from gridmap.analysis.segments import Floats, Ints
from gridmap.analysis.tracking_kernels import LATEST, NEVER
from gridmap.analysis.tracks import Fixes, micros_of, times_of
from gridmap.domain.patrols import EPOCH, CleaningRules, FixVerdict, packaged_patrol_rules
from gridmap.errors import GeometryError, InvalidInput

#: Words of the numbers in ``Cleaned.verdict``.
VERDICTS = tuple(FixVerdict)
_NUMBER = {verdict: np.int8(n) for n, verdict in enumerate(VERDICTS)}
_EPOCH = int(EPOCH.timestamp()) * 1_000_000
_DAY = 86_400_000_000
#: Fixes of a unit that are asked for their datum at most, evenly taken.
_ASKED = 200
#: Rows projected at once.
_CHUNK = 1_000_000

Verdicts = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class CleaningSummary:
    """What became of the fixes.

    ``verdicts``: how many of each, all words of ``FixVerdict``; they sum to ``fixes``. ``late``: came after a later
    one of their unit, and are used all the same. ``clocks``: seconds that were added to the clocks of units, where a
    wrong one was learnt. ``stops`` and ``gaps``: how many, and their seconds.
    """

    fixes: int
    units: int
    verdicts: dict[str, int]
    late: int = 0
    clocks: dict[str, float] = field(default_factory=dict)
    stops: int = 0
    stop_seconds: float = 0.0
    gaps: int = 0
    gap_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Fixes with their verdicts.

    Attributes
    ----------
    verdict : int8 array
        Position in ``VERDICTS``, one a row, in the order of the rows.
    stop : int64 array
        Number of the stop that the row is a fix of; -1: of none. One a row.
    used : Fixes
        Those that are used, by unit and time: clocks set right, stops at one place.
    row : int64 array
        Which row each of ``used`` is.
    gaps : DataFrame
        One row a gap, by unit and time: ``unit_id``, ``left_at``, ``back_at``, ``seconds``, ``length_m`` (how far away
        it came back).
    summary : CleaningSummary
    """

    verdict: Verdicts
    stop: Ints
    used: Fixes
    row: Ints
    gaps: pd.DataFrame
    summary: CleaningSummary


def clean_fixes(
    fixes: gpd.GeoDataFrame,
    rules: CleaningRules | None = None,
    *,
    now: datetime | None = None,
    ground: Locator | None = None,
    reference: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Say of every fix whether it is used, and if not, why.

    Parameters
    ----------
    fixes : GeoDataFrame
        frames.FIXES in any order and any CRS; ``received_at`` (aware, may be missing) where it is known.
    rules, now, ground, reference
        As in ``clean``.

    Returns
    -------
    GeoDataFrame
        The rows as they came, with ``verdict`` (a word of ``FixVerdict``), ``stop`` (its number, missing: on the way)
        and ``clock_s`` (seconds that were added to the clock). ``attrs["summary"]`` is the CleaningSummary,
        ``attrs["cleaned"]`` the Cleaned, whose ``used`` go to ``split_fixes``.

    Raises
    ------
    ColumnError
        ``column_missing``; ``time_not_aware``.
    CrsError
        ``crs_missing``, ``crs_unsupported``.
    GeometryError
        ``geometry_not_point``: something else than points and missing places.
    InvalidInput
        ``time_not_aware``: ``now``.
    """
    frames.require(fixes, frames.FIXES)
    geometry = np.asarray(fixes.geometry.array)
    none = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    if ((shapely.get_type_id(geometry) != 0) & ~none).any():
        raise GeometryError("geometry_not_point", count=int(((shapely.get_type_id(geometry) != 0) & ~none).sum()))
    lonlat = np.full((len(fixes), 2), np.nan)
    lonlat[~none] = shapely.get_coordinates(geometry[~none])
    if not crs.is_wgs84(fixes.crs):
        placed = crs.frame_to_wgs84(fixes[~none])
        lonlat[~none] = shapely.get_coordinates(np.asarray(placed.geometry.array))
    unit = fixes["unit_id"].astype(object).where(fixes["unit_id"].notna(), None)
    arrays = Fixes.of(unit.to_numpy(), fixes["fixed_at"], lonlat[:, 0], lonlat[:, 1])
    cleaned = clean(
        arrays,
        rules,
        accuracy_m=fixes["accuracy_m"].to_numpy(dtype=np.float64) if "accuracy_m" in fixes else None,
        received=micros_of(fixes["received_at"]) if "received_at" in fixes else None,
        now=now,
        ground=ground,
        reference=reference,
    )
    result = fixes.copy()
    result["verdict"] = pd.array(np.array([v.value for v in VERDICTS], dtype=object)[cleaned.verdict], dtype="str")
    result["stop"] = pd.array(np.where(cleaned.stop < 0, 0, cleaned.stop), dtype="Int64")
    result.loc[cleaned.stop < 0, "stop"] = pd.NA
    result["clock_s"] = unit.map(cleaned.summary.clocks).fillna(0.0).astype(np.float64)
    result.attrs = {"summary": cleaned.summary, "cleaned": cleaned}
    return result


def clean(
    fixes: Fixes,
    rules: CleaningRules | None = None,
    *,
    accuracy_m: Floats | None = None,
    received: Ints | None = None,
    now: datetime | None = None,
    ground: Locator | None = None,
    reference: gpd.GeoDataFrame | None = None,
) -> Cleaned:
    """Clean fixes that are arrays already; see ``FixVerdict`` for what is asked in which order.

    Parameters
    ----------
    fixes : Fixes
        In WGS 84 degrees, in any order; a missing unit is -1.
    rules : CleaningRules, optional
        Those of the package without it.
    accuracy_m : float array, optional
        Metres; NaN: not known.
    received : int64 array, optional
        When each was received, in microseconds since 1970; the lowest number: not known. Tells wrong clocks.
    now : datetime, optional
        The present, aware, for fixes whose reception is not known. Without both no fix is too old or in the future.
    ground : Locator, optional
        Of the grids; without it no fix is off the ground.
    reference : GeoDataFrame, optional
        Streets, or duty areas (with ``unit_id``: of these units only); without it no datum is suspected.

    Raises
    ------
    InvalidInput
        ``time_not_aware``: ``now``.
    ValueError
        Arrays are not of one length.
    """
    rules = rules or packaged_patrol_rules().cleaning
    if now is not None and now.tzinfo is None:
        raise InvalidInput("time_not_aware", columns="now")
    if any(a is not None and len(a) != len(fixes) for a in (accuracy_m, received)):
        raise ValueError("accuracy_m and received must be as long as fixes")
    verdict = np.full(len(fixes), _NUMBER[FixVerdict.KEPT], dtype=np.int8)
    with np.errstate(invalid="ignore"):
        readable = (fixes.unit >= 0) & (fixes.at >= -LATEST) & (fixes.at <= LATEST)
        readable &= (np.abs(fixes.x) <= 180.0) & (np.abs(fixes.y) <= 90.0)
    verdict[~readable] = _NUMBER[FixVerdict.UNREADABLE]
    came = np.full(len(fixes), NEVER, dtype=np.int64) if received is None else received.astype(np.int64)
    rows = _ordered(fixes, came, np.flatnonzero(readable))
    late = _late(fixes, came, np.flatnonzero(readable))

    def fail(bad: Flags, why: FixVerdict) -> None:
        nonlocal rows
        verdict[rows[bad]] = _NUMBER[why]
        rows = rows[~bad]

    fail(~starts_of_runs(fixes.unit[rows], fixes.at[rows], fixes.x[rows], fixes.y[rows]), FixVerdict.DOUBLED)
    offset = _clock_offsets(fixes, came, rows, rules)
    at = fixes.at + offset[fixes.unit] if offset.any() else fixes.at
    island = (np.abs(fixes.x[rows]) < rules.island_deg) & (np.abs(fixes.y[rows]) < rules.island_deg)
    fail(island, FixVerdict.NULL_ISLAND)
    fail(at[rows] < _EPOCH, FixVerdict.BEFORE_EPOCH)
    then = came[rows]
    if now is not None:
        then = np.where(then == NEVER, int(now.timestamp() * 1e6), then)
    fail((then != NEVER) & (at[rows] - then > rules.ahead_s * 1e6), FixVerdict.CLOCK_SKEW)
    then = came[rows] if now is None else np.where(came[rows] == NEVER, int(now.timestamp() * 1e6), came[rows])
    fail((then != NEVER) & (at[rows] < then - rules.oldest_days * _DAY), FixVerdict.TOO_OLD)
    if accuracy_m is not None:
        fail(accuracy_m[rows] > rules.accuracy_m, FixVerdict.LOW_ACCURACY)
    # before the ground is asked: a shifted unit may be off it altogether
    shifted = _shifted_units(fixes, rows, reference, rules)
    if ground is not None:
        fail(_off_ground(fixes, rows, ground, rules.ground_m) & ~shifted[fixes.unit[rows]], FixVerdict.OFF_GROUND)
    fail(shifted[fixes.unit[rows]], FixVerdict.SUSPECTED_GCJ02)
    fail(_contradictory(fixes.unit[rows], at[rows], accuracy_m, rows), FixVerdict.CONTRADICTORY)
    xyz, bounds = _xyz(fixes, rows), _bounds(fixes.unit[rows])
    believed = np.zeros(len(rows), dtype=bool)
    believe(bounds, at[rows], xyz, rules.speed_m_s, rules.speed_slack_m, rules.jump_fixes, believed)
    xyz = xyz[believed]
    fail(~believed, FixVerdict.IMPOSSIBLE_SPEED)
    used, stop, moved = _stopped(fixes, rows, at, xyz, rules)
    verdict[rows[moved]] = _NUMBER[FixVerdict.JITTER]
    gaps = _gaps(used, xyz, rules.gap_s)
    stops = np.full(len(fixes), -1, dtype=np.int64)
    stops[rows] = stop
    held = np.flatnonzero(stop >= 0)
    new = starts_of_runs(stop[held])
    last = ends_of_runs(new)
    counts = np.bincount(verdict, minlength=len(VERDICTS)).tolist()
    learnt = np.flatnonzero(offset).tolist()
    summary = CleaningSummary(
        fixes=len(fixes),
        units=len(np.unique(fixes.unit[readable])),
        verdicts={v.value: n for v, n in zip(VERDICTS, counts, strict=True)},
        late=late,
        clocks={str(fixes.units[u]): int(offset[u]) / 1e6 for u in learnt},
        stops=int(new.sum()),
        stop_seconds=int((used.at[held[last]] - used.at[held[new]]).sum()) / 1e6,
        gaps=len(gaps),
        gap_seconds=float(gaps["seconds"].sum()),
    )
    return Cleaned(verdict, stops, used, rows, gaps, summary)


def _ordered(fixes: Fixes, came: Ints, rows: Ints) -> Ints:
    """Give rows by the name of the unit, time, place, and reception."""
    rank = np.empty(len(fixes.units), dtype=np.int64)
    rank[np.argsort(fixes.units.astype(str))] = np.arange(len(fixes.units))
    unit = rank[fixes.unit[rows]]
    at = fixes.at[rows]
    ahead = (unit[1:] > unit[:-1]) | ((unit[1:] == unit[:-1]) & (at[1:] > at[:-1]))
    if ahead.all():
        return rows
    order = np.lexsort((at, unit))
    same = ~starts_of_runs(unit[order], at[order])
    tied = np.flatnonzero(same | np.r_[same, False][1:])
    if len(tied):
        # only those of one unit and time are told apart by more
        part = order[tied]
        of = rows[part]
        order[tied] = part[np.lexsort((came[of], fixes.y[of], fixes.x[of], at[part], unit[part]))]
    return np.asarray(rows[order])


def _late(fixes: Fixes, came: Ints, rows: Ints) -> int:
    """Count the fixes that came after a later one of their unit; those received at once count as in order."""
    if (came[rows] != NEVER).any():
        rows = rows[np.lexsort((fixes.at[rows], came[rows]))]
    if len(rows) == 0:
        return 0
    rows = rows[np.argsort(fixes.unit[rows], kind="stable")]
    at, new = fixes.at[rows], starts_of_runs(fixes.unit[rows])
    # one running maximum for all units: each lies above all those before it
    ranks = np.unique(at, return_inverse=True)[1] + np.cumsum(new) * (len(rows) + 1)
    return int((ranks < np.maximum.accumulate(ranks)).sum())


def _clock_offsets(fixes: Fixes, came: Ints, rows: Ints, rules: CleaningRules) -> Ints:
    """Learn by how many microseconds the clock of each unit is wrong: 0 where it is right, or not constant."""
    offset = np.zeros(len(fixes.units) + 1, dtype=np.int64)  # the last one is of those without a unit
    rows = rows[came[rows] != NEVER]
    if len(rows) == 0:
        return offset
    unit = fixes.unit[rows]
    lag, when = came[rows] - fixes.at[rows], came[rows]
    bounds = _bounds(unit)
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if end - begin < rules.clock_fixes:
            continue
        lags, times = np.sort(lag[begin:end]), np.sort(when[begin:end])
        low, middle, high = ((end - begin - 1) * share // 20 for share in (1, 10, 19))
        constant = lags[high] - lags[low] <= rules.clock_spread_s * 1e6
        # all sent at once after an hour without a network: late, not wrong
        one_by_one = times[high] - times[low] > 2e6 * rules.clock_spread_s
        if constant and one_by_one and abs(int(lags[middle])) > rules.ahead_s * 1e6:
            offset[unit[begin]] = lags[middle]
    return offset


def _off_ground(fixes: Fixes, rows: Ints, ground: Locator, most_m: float) -> Flags:
    x, y = fixes.x[rows], fixes.y[rows]
    if ground.metric:
        x, y = crs.xy_to_metric(x, y, ground.epsg)
    outside = np.isinf(x)
    outside[~outside] = ground.owners(x[~outside], y[~outside]) < 0
    if not outside.any():
        return outside
    lost = np.flatnonzero(outside & np.isfinite(x))
    near, _, _ = ground.near(x[lost], y[lost], within_m=most_m)
    outside[lost[near]] = False
    return outside


def _shifted_units(fixes: Fixes, rows: Ints, reference: gpd.GeoDataFrame | None, rules: CleaningRules) -> Flags:
    """Tell which units fit their streets or their area much better once they are shifted back from GCJ-02."""
    shifted = np.zeros(len(fixes.units) + 1, dtype=bool)
    if reference is None or not len(reference) or not len(rows):
        return shifted
    bounds = _bounds(fixes.unit[rows])
    size = np.diff(bounds)
    # evenly over the fixes of each unit
    taken = np.minimum(size, _ASKED)
    group = np.repeat(np.arange(len(size)), taken)
    number = np.arange(len(group)) - np.repeat(np.cumsum(taken) - taken, taken)
    asked = rows[bounds[group] + number * size[group] // taken[group]]
    areas = crs.frame_to_wgs84(reference)
    shapes = np.asarray(areas.geometry.array)
    epsg = crs.metric_epsg_of(shapes)
    tree = shapely.STRtree(crs.to_metric(shapes, epsg))
    owned = None
    if "unit_id" in areas:
        position = {str(name): n for n, name in enumerate(fixes.units)}
        owned = np.array([position.get(str(name), -1) for name in areas["unit_id"]], dtype=np.int64)
    shares = []
    for x, y in ((fixes.x[asked], fixes.y[asked]), crs.gcj02_to_wgs84(fixes.x[asked], fixes.y[asked])):
        mx, my = crs.xy_to_metric(x, y, epsg)
        ok = np.flatnonzero(np.isfinite(mx) & np.isfinite(my))
        point, shape = tree.query(shapely.points(mx[ok], my[ok]), predicate="dwithin", distance=rules.datum_near_m)
        if owned is not None:
            own = owned[shape] == fixes.unit[asked[ok[point]]]
            point = point[own]
        near = np.zeros(len(asked), dtype=bool)
        near[ok[point]] = True
        shares.append(np.bincount(group, near, minlength=len(size)) / taken)
    found = (size >= rules.datum_fixes) & (shares[1] >= rules.datum_share)
    found &= shares[1] - shares[0] >= rules.datum_gain
    shifted[fixes.unit[rows[bounds[:-1][found]]]] = True
    return shifted


def _contradictory(unit: Ints, at: Ints, accuracy_m: Floats | None, rows: Ints) -> Flags:
    """Tell which fixes say another place than a more certain one of the same time; the rows go by unit and time."""
    new = starts_of_runs(unit, at)
    bad = ~new
    if accuracy_m is not None and bad.any():
        tied = np.flatnonzero(bad | np.r_[bad, False][1:])
        group = np.cumsum(new)[tied]
        accuracy = np.nan_to_num(accuracy_m[rows[tied]], nan=np.inf)
        order = np.lexsort((np.arange(len(tied)), accuracy, group))
        bad[tied[order]] = ~starts_of_runs(group[order])
    return bad


def _bounds(unit: Ints) -> Ints:
    """Give where the rows of each unit start, and their end."""
    return np.append(np.flatnonzero(starts_of_runs(unit)), len(unit)).astype(np.int64)


def _xyz(fixes: Fixes, rows: Ints) -> Floats:
    xyz = np.empty((len(rows), 3))
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK]
        xyz[first : first + _CHUNK] = crs.xyz_m(fixes.x[part], fixes.y[part])
    return xyz


def _stopped(fixes: Fixes, rows: Ints, at: Ints, xyz: Floats, rules: CleaningRules) -> tuple[Fixes, Ints, Flags]:
    """Give the fixes with stops at one place (the median of their places), their stops, and which were moved."""
    unit, x, y = fixes.unit[rows], fixes.x[rows], fixes.y[rows]
    stop = np.full(len(rows), -1, dtype=np.int64)
    stop_us, gap_us = int(rules.stop_s * 1e6), int(rules.gap_s * 1e6)
    count = stand(_bounds(unit), at[rows], xyz, rules.stop_m, stop_us, gap_us, stop)
    moved = np.zeros(len(rows), dtype=bool)
    if count:
        held = np.flatnonzero(stop >= 0)
        for values in (x, y):
            order = held[np.lexsort((values[held], stop[held]))]
            size = np.bincount(stop[held], minlength=count)
            middle = np.cumsum(size) - size + (size - 1) // 2
            centre = values[order][middle]
            moved[held] |= values[held] != centre[stop[held]]
            values[held] = centre[stop[held]]
    names = np.argsort(fixes.units.astype(str))
    rank = np.empty(len(names), dtype=np.int64)
    rank[names] = np.arange(len(names))
    return Fixes(rank[unit], fixes.units[names], at[rows], x, y), stop, moved


def _gaps(used: Fixes, xyz: Floats, gap_s: float) -> pd.DataFrame:
    first = np.flatnonzero((used.unit[1:] == used.unit[:-1]) & (np.diff(used.at) > gap_s * 1e6))
    return pd.DataFrame(
        {
            "unit_id": pd.array(used.units[used.unit[first]], dtype="str"),
            "left_at": times_of(used.at[first]),
            "back_at": times_of(used.at[first + 1]),
            "seconds": (used.at[first + 1] - used.at[first]) / 1e6,
            "length_m": np.linalg.norm(xyz[first + 1] - xyz[first], axis=1),
        }
    )
