"""Measure tracks: the split of a million segments, and live tracking of 10,000 units at one fix a second.

``python -m benchmarks.tracks`` prints a table; ``--quick`` takes a tenth of the segments and of the seconds.
"""

import argparse
import platform
import resource
import time

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.plan_maker import make_plan
from gridmap import Locator, Tracker
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import Fixes, split_fixes, track_totals

START = 1_777_600_000_000_000


def plan(rows: int, columns: int, bends: int) -> gpd.GeoDataFrame:
    """Unit grids of about 100 m with ``4 * (bends + 1)`` vertices."""
    frame = make_plan(rows, columns, bends=bends)
    return frame[frame["level"] == "grid"].reset_index(drop=True)


def patrols(frame: gpd.GeoDataFrame, units: int, fixes: int, step_m: float, every_s: float) -> Fixes:
    """Walks that turn a little at every step, over the whole plan, with an error of 3 m."""
    rng = np.random.default_rng(11)
    x0, y0, x1, y1 = frame.total_bounds
    heading = rng.uniform(0, 2 * np.pi, (units, 1)) + np.cumsum(rng.normal(0, 0.2, (units, fixes)), axis=1)
    metre = np.array([1 / 90_000, 1 / 111_000])
    way = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=-1) * step_m * metre, axis=1)
    start = rng.uniform([x0, y0], [x1, y1], (units, 2))
    xy = start[:, None] + way + rng.normal(0, 3, way.shape) * metre
    # those that leave come back at the other side, with a jump
    xy = np.array([x0, y0]) + (xy - [x0, y0]) % [x1 - x0, y1 - y0]
    unit, number = np.divmod(np.arange(units * fixes), fixes)
    names = np.array([f"LW{u:05d}" for u in range(units)], dtype=object)
    at = START + np.rint(number * every_s * 1e6).astype(np.int64)
    return Fixes(unit, names, at, xy[..., 0].ravel(), xy[..., 1].ravel())


def split(name: str, frame: gpd.GeoDataFrame, fixes: Fixes) -> None:
    """Time the split, and check its sums."""
    locator = Locator.from_frame(frame)
    began = time.perf_counter()
    borders = Borders(locator)
    built = time.perf_counter() - began
    times = []
    for _ in range(3):
        began = time.perf_counter()
        pieces = split_fixes(fixes, borders)
        times.append(time.perf_counter() - began)
    whole = pieces.attrs["summary"]
    began = time.perf_counter()
    totals = track_totals(pieces)
    summed = time.perf_counter() - began
    off_s = abs(float(pieces["seconds"].sum()) - whole.seconds)
    off_m = abs(float(pieces["length_m"].sum()) - whole.length_m)
    print(
        f"| split, {name}: {whole.segments:,} segments, {whole.pieces:,} pieces | {np.median(times):.2f} s "
        f"({whole.segments / np.median(times) / 1e6:.2f} M/s); edges {built:.2f} s; sums of {len(totals):,} grids "
        f"{summed:.2f} s; off the whole by {off_s:.1e} s of {whole.seconds:,.0f} and {off_m:.1e} m of "
        f"{whole.length_m:,.0f} |"
    )


def overlay(frame: gpd.GeoDataFrame, fixes: Fixes, segments: int = 20_000) -> None:
    """Time the usual way: pairs from an R-tree of the grids, and an intersection of each."""
    kept = fixes.sorted()
    same = np.flatnonzero(kept.unit[1:] == kept.unit[:-1])[:segments]
    xy = np.column_stack([kept.x, kept.y])
    lines = shapely.linestrings(np.stack([xy[same], xy[same + 1]], axis=1))
    grids = np.asarray(frame.geometry.array)
    began = time.perf_counter()
    line, grid = shapely.STRtree(grids).query(lines, predicate="intersects")
    shapely.length(shapely.intersection(lines[line], grids[grid]))
    took = time.perf_counter() - began
    print(
        f"| the same by Shapely: R-tree of grids, `intersection` of each pair, {segments:,} segments | {took:.2f} s "
        f"({segments / took / 1e6:.3f} M/s); no rule for borders |"
    )


def live(frame: gpd.GeoDataFrame, units: int, seconds: int) -> None:
    """Time one fix a second of all units, one batch a second, on one core."""
    locator = Locator.from_frame(frame)
    walk = patrols(frame, units, seconds, 1.4, 1.0)
    by_second = np.argsort(walk.at, kind="stable").reshape(seconds, units)
    for wait_s in (0.0, 5.0):
        tracker = Tracker(locator, wait_s=wait_s)
        took, cpu, events = [], time.process_time(), 0
        for rows in by_second:
            batch = Fixes(walk.unit[rows], walk.units, walk.at[rows], walk.x[rows], walk.y[rows])
            began = time.perf_counter()
            events += len(tracker.update(batch))
            took.append(time.perf_counter() - began)
        cpu = time.process_time() - cpu
        # the first batches load the loops and enter every unit
        calm = np.array(took[len(took) // 4 :])
        print(
            f"| live, {units:,} units at 1 Hz, {seconds} s, wait_s={wait_s:.0f} | p50 {np.median(calm) * 1e3:.1f} ms, "
            f"p99 {np.quantile(calm, 0.99) * 1e3:.1f} ms a second; {cpu / seconds * 100:.1f} % of a core; "
            f"{tracker.counts.used / sum(took) / 1e6:.2f} M fixes/s; {events:,} events |"
        )
    began = time.perf_counter()
    data = tracker.to_bytes()
    saved = time.perf_counter() - began
    began = time.perf_counter()
    Tracker.from_bytes(data, locator)
    print(
        f"| state of {units:,} units | {len(data) / 2**20:.1f} MiB; save {saved * 1e3:.0f} ms, open "
        f"{(time.perf_counter() - began) * 1e3:.0f} ms |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    print(f"{platform.python_version()}, {platform.machine()}; shapely {shapely.__version__}, numpy {np.__version__}\n")
    print("| | |\n|---|---|")
    units, fixes = (1_000, 101) if quick else (1_000, 1_001)
    for name, frame in (("1,333 grids of 32 vertices", plan(31, 43, 7)), ("20,000 grids", plan(100, 200, 7))):
        split(name, frame, patrols(frame, units, fixes, 12.0, 10.0))
    overlay(frame, patrols(frame, units, 101, 12.0, 10.0))
    live(frame, 10_000, 30 if quick else 300)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| peak memory of all | {peak:,.0f} MiB |")


if __name__ == "__main__":
    main()
