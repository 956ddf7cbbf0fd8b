"""Measure hotspots beside the usual libraries: density, neighbours, Gi* by formula and by draws; and changes over time.

``python -m benchmarks.hotspots [--side 141] [--points 1000000] [--runs 5]``

Peers that are not installed are named and left out; ``pip install esda libpysal KDEpy scikit-learn`` brings them. Each
row is the median of several runs with compiled code warm; ``cpu`` is processor time of all threads.
"""

import argparse
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.plan_maker import make_plan
from gridmap.analysis.bandwidths import cross_validated
from gridmap.analysis.emerging import emerging_hotspots
from gridmap.analysis.forecast import forecast
from gridmap.analysis.hotspots import getis_ord
from gridmap.analysis.kernel_sums import kernel_sums
from gridmap.analysis.lattice import Raster
from gridmap.analysis.neighbours import neighbours_of, neighbours_of_cells
from gridmap.analysis.permuting import permute
from gridmap.analysis.repeats import near_repeats
from gridmap.analysis.sudden import sudden_clusters

CELL_M, SIDE = 20.0, 512
BANDWIDTHS_M = (100.0, 500.0)


def measured(name: str, run: Callable[[], Any], runs: int) -> Any:
    """Run once to warm up and then several times; print the median, and give what came of it."""
    found = run()
    wall, cpu = [], []
    for _ in range(runs):
        began, spent = time.perf_counter(), time.process_time()
        found = run()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - spent)
    print(
        f"{name:58} {statistics.median(wall) * 1e3:10.1f} ms   cpu {statistics.median(cpu) * 1e3:10.1f} ms", flush=True
    )
    return found


def peer(name: str, make: Callable[[], Callable[[], Any]], runs: int) -> Any:
    """Measure what may not be installed."""
    try:
        run = make()
    except ImportError as missing:
        print(f"{name:58} left out: {missing}")
        return None
    return measured(name, run, runs)


def densities(points: int, runs: int) -> None:
    """Density of points on a lattice of 512 x 512."""
    raster = Raster(4549, CELL_M, 25_000, 200_000 + SIDE, SIDE, SIDE)
    draw = np.random.default_rng(1)
    x = 25_000 * CELL_M + draw.normal(5_120, 2_000, points)
    y = 200_000 * CELL_M + draw.normal(5_120, 2_500, points)
    order = np.lexsort((y, x))
    x, y, ones = x[order], y[order], np.ones(points)
    for bandwidth_m in BANDWIDTHS_M:
        measured(
            f"density {points:,} points, bandwidth {bandwidth_m:.0f} m",
            lambda b=bandwidth_m: kernel_sums(x, y, ones, raster, b),
            runs,
        )

    def kdepy() -> Callable[[], Any]:
        from KDEpy import FFTKDE

        data = np.column_stack([x, y])
        centres = np.arange(SIDE) + 0.5
        gx, gy = (raster.west + centres) * CELL_M, (raster.north - SIDE + centres) * CELL_M
        inside = (x > gx[0]) & (x < gx[-1]) & (y > gy[0]) & (y < gy[-1])
        lattice = np.stack(np.meshgrid(gx, gy, indexing="ij"), axis=-1).reshape(-1, 2)
        kde = FFTKDE(kernel="biweight", bw=BANDWIDTHS_M[-1] / np.sqrt(7)).fit(data[inside])
        return lambda: kde.evaluate(lattice)

    peer(f"  KDEpy FFTKDE biweight, {BANDWIDTHS_M[-1]:.0f} m", kdepy, runs)


def gi_star(side: int, runs: int) -> None:
    """Neighbours and Gi* of a made plan."""
    plan = make_plan(side, side)
    shapes = np.asarray(plan[plan["level"] == "grid"].geometry.array)
    n = len(shapes)
    beside = measured(f"neighbours of {n:,} polygons", lambda: neighbours_of(shapes, gap_m=0), runs)
    values = np.random.default_rng(2).poisson(4, n).astype(float)
    ours = measured("Gi* by formula", lambda: getis_ord(values, beside, draws=0, side="both"), runs)
    measured(
        "999 draws a place", lambda: permute(values, beside, draws=999, most=999, seed=1, side="high", rate=0.05), runs
    )
    measured("Gi* with draws to 99,999 where needed", lambda: getis_ord(values, beside), runs)
    held: dict[str, Any] = {}

    def weights() -> Callable[[], Any]:
        import geopandas as gpd
        from libpysal.weights import Queen

        frame = gpd.GeoDataFrame(geometry=shapes, crs=4326)

        def run() -> Any:
            held["w"] = Queen.from_dataframe(frame, use_index=False)
            return held["w"]

        return run

    peer("  libpysal Queen.from_dataframe", weights, 1)

    def esda(permutations: int) -> Callable[[], Any]:
        from esda import G_Local

        if "w" not in held:
            raise ImportError("libpysal")
        return lambda: G_Local(values, held["w"], transform="B", star=True, permutations=permutations, seed=1)

    theirs = peer("  esda G_Local by formula", lambda: esda(0), min(runs, 3))
    peer("  esda G_Local with 999 permutations", lambda: esda(999), min(runs, 3))
    if theirs is not None:
        assert (np.sort(beside.near) == np.sort(np.concatenate([held["w"].neighbors[i] for i in range(n)]))).all()
        print(f"  largest difference of z: {np.abs(theirs.Zs - ours['z'].to_numpy()).max():.2g}")


def small_density(runs: int) -> None:
    """Density beside scikit-learn, of few points: it sums over a tree for each square."""
    n, side = 5_000, 64
    raster = Raster(4549, 160.0, 3_125, 25_000 + side, side, side)
    draw = np.random.default_rng(3)
    x, y = 3_125 * 160.0 + draw.normal(5_120, 2_000, n), 25_000 * 160.0 + draw.normal(5_120, 2_500, n)
    ones = np.ones(n)
    measured(f"density {n:,} points, {side} x {side}", lambda: kernel_sums(x, y, ones, raster, 500.0), runs)

    def sklearn() -> Callable[[], Any]:
        from sklearn.neighbors import KernelDensity

        kde = KernelDensity(kernel="epanechnikov", bandwidth=500.0).fit(np.column_stack([x, y]))
        at = np.stack(np.meshgrid(raster.centre_x(np.arange(side)), raster.centre_y(np.arange(side))), -1).reshape(
            -1, 2
        )
        return lambda: kde.score_samples(at)

    peer("  scikit-learn KernelDensity epanechnikov", sklearn, min(runs, 3))


def changes(runs: int) -> None:
    """Classes over time, the alarm, near repeats, a forecast and a bandwidth, of a district of 1,333 grids."""
    n, weeks = 1_333, 26
    row, column = np.divmod(np.arange(n), 37)
    beside, draw = neighbours_of_cells(row, column), np.random.default_rng(4)
    x, y = column * 200.0, row * 200.0
    counts = draw.poisson(draw.lognormal(0, 0.7, (n, 1)), (n, weeks))
    measured(f"emerging hotspots, {n:,} x {weeks}, 999 draws", lambda: emerging_hotspots(counts, beside), runs)
    measured("  the same by formula", lambda: emerging_hotspots(counts, beside, draws=0), runs)
    measured("sudden clusters, 999 draws", lambda: sudden_clusters(counts, x, y), runs)
    area = np.full(n, 0.04)
    measured("forecast, 6 tests", lambda: forecast(counts, x, y, area, bandwidth_m=500, season=12), runs)
    px, py, days = draw.uniform(0, 7_000, 10_000), draw.uniform(0, 7_000, 10_000), draw.uniform(0, 180, 10_000)
    measured("near repeats, 10,000 incidents, 999 draws", lambda: near_repeats(px, py, days), runs)
    widths = 1_000.0 * 2.0 ** np.linspace(-3, 1, 12)
    big = draw.normal(0, 2_000, (2, 200_000))
    measured("bandwidth of 200,000 incidents, 12 tried", lambda: cross_validated(*big, widths, "likelihood"), runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=141)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    densities(asked.points, asked.runs)
    small_density(asked.runs)
    gi_star(asked.side, asked.runs)
    changes(asked.runs)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
