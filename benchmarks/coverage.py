"""Measure coverage by patrols: fixes cleaned, split and summed over 1,333 grids, and swaths over 20,000 unit grids.

``python -m benchmarks.coverage`` prints a table of 10 M fixes of 5,000 workers; ``--fixes`` takes fewer, of as many
fewer workers. Workers come in parts, as they do from a store, so that memory does not grow with their number.
"""

import argparse
import platform
import resource
import time

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.tracks import START, patrols, plan
from gridmap import Locator
from gridmap.analysis.cleaning import clean
from gridmap.analysis.effort import add_effort, patrol_effort
from gridmap.analysis.segments import Borders
from gridmap.analysis.swath import swath_coverage
from gridmap.analysis.tracks import Fixes, TrackSummary, split_fixes

_EACH = 2_000
_PART = 250


def spoilt(fixes: Fixes, seed: int) -> Fixes:
    """Put one fix in 500 far away, and shuffle all."""
    rng = np.random.default_rng(seed)
    x = fixes.x.copy()
    x[rng.random(len(x)) < 0.002] += 5.0
    order = rng.permutation(len(x))
    return Fixes(fixes.unit[order], fixes.units, fixes.at[order], x[order], fixes.y[order])


def summed(frame: gpd.GeoDataFrame, count: int) -> None:
    """Time cleaning, splitting and summing, part by part, and check the sums."""
    locator = Locator.from_frame(frame)
    borders = Borders(locator)
    took = dict.fromkeys(("clean", "split", "sum"), 0.0)
    tables, whole, bad = [], TrackSummary(), 0
    parts = max(1, round(count / (_EACH * _PART)))
    cpu = 0.0
    first_mib = 0.0
    for part in range(parts):
        fixes = spoilt(patrols(frame, _PART, _EACH, 12.0, 10.0), part)
        fixes = Fixes(
            fixes.unit, np.array([f"{part}-{u}" for u in fixes.units], dtype=object), fixes.at, fixes.x, fixes.y
        )
        if part == 0:  # loads the compiled loops
            few = fixes.unit < 5
            small = Fixes(fixes.unit[few], fixes.units, fixes.at[few], fixes.x[few], fixes.y[few])
            split_fixes(clean(small, ground=locator).used, borders)
        used = time.process_time()
        began = time.perf_counter()
        cleaned = clean(fixes, ground=locator)
        done = time.perf_counter()
        pieces = split_fixes(cleaned.used, borders)
        split = time.perf_counter()
        tables.append(patrol_effort(pieces))
        ended = time.perf_counter()
        cpu += time.process_time() - used
        for name, seconds in zip(took, (done - began, split - done, ended - split), strict=True):
            took[name] += seconds
        whole += pieces.attrs["summary"]
        bad += cleaned.summary.verdicts["impossible_speed"]
        first_mib = first_mib or _peak_mib()
    effort = add_effort(tables)
    n = parts * _PART * _EACH
    total = sum(took.values())
    off = abs(float(effort["km"].sum()) - whole.length_m / 1000.0)
    print(
        f"| {n:,} fixes of {parts * _PART:,} workers, {len(frame):,} grids: clean {took['clean']:.1f} s, split "
        f"{took['split']:.1f} s, sum {took['sum']:.1f} s | {total:.1f} s ({n / total / 1e6:.2f} M/s; CPU {cpu:.1f} s); "
        f"{bad:,} fixes left out; off the whole by {off:.1e} km of {whole.length_m / 1000:,.0f}; peak after the first "
        f"part {first_mib:,.0f} MiB, after all {_peak_mib():,.0f} MiB |"
    )


def peer(frame: gpd.GeoDataFrame, workers: int = 2) -> None:
    """Time movingpandas (tracks to segments) and geopandas ``overlay`` with the grids, on a share."""
    try:
        import movingpandas as mpd
    except ImportError:
        print("| movingpandas is not installed | |")
        return
    fixes = patrols(frame, workers, _EACH, 12.0, 10.0)
    table = gpd.GeoDataFrame(
        {"unit": fixes.units[fixes.unit], "t": (fixes.at - START).astype("datetime64[us]")},
        geometry=shapely.points(fixes.x, fixes.y),
        crs=4326,
    )
    began, used = time.perf_counter(), time.process_time()
    tracks = mpd.TrajectoryCollection(table, traj_id_col="unit", t="t")
    lines = tracks.to_line_gdf()
    cut = gpd.overlay(lines.to_crs(4549), frame[["code", "geometry"]].to_crs(4549), how="intersection")
    cut.assign(m=cut.length).groupby("code")["m"].sum()
    took, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"| the same way by movingpandas {mpd.__version__} and geopandas `overlay`, {len(table):,} fixes; without "
        f"cleaning, minutes and visits | {took:.1f} s ({len(table) / took / 1e6:.4f} M/s; CPU {cpu:.1f} s) |"
    )


def swath(frame: gpd.GeoDataFrame, workers: int, days: int) -> None:
    """Time swaths of 20 m: shifts of 5.5 h, a fix every 10 s."""
    fixes = patrols(frame, workers * days, 1_980, 10.0, 10.0)
    swath_coverage(frame.iloc[:10], Fixes(fixes.unit[:50], fixes.units, fixes.at[:50], fixes.x[:50], fixes.y[:50]))
    began, used = time.perf_counter(), time.process_time()
    table = swath_coverage(frame, fixes, reach_m=20.0)
    took, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"| swath of 20 m: {workers:,} workers, {days} days, {len(fixes):,} fixes, {len(frame):,} unit grids | "
        f"{took:.1f} s (CPU {cpu:.1f} s); share {table.attrs['summary']['share']:.3f} |"
    )


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixes", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=400, help="of the swath")
    parser.add_argument("--days", type=int, default=7, help="of the swath")
    parser.add_argument("--only", choices=("sums", "peer", "swath"))
    args = parser.parse_args()
    print(f"{platform.python_version()}, {platform.machine()}; shapely {shapely.__version__}, numpy {np.__version__}\n")
    print("| | |\n|---|---|")
    grids = plan(31, 43, 7)
    if args.only in (None, "sums"):
        summed(grids, args.fixes)
    if args.only in (None, "peer"):
        peer(grids)
    if args.only in (None, "swath"):
        swath(plan(100, 200, 7), args.workers, args.days)


if __name__ == "__main__":
    main()
