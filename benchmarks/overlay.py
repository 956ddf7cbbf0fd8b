"""Time of the overlay of two versions, and of what is built on it, beside ``geopandas.overlay`` in the same run.

``python benchmarks/overlay.py [--rows 141] [--columns 142] [--no-peer]``

Three pairs of versions: nothing changed, about 5 % of the grids changed, every grid changed. Grids are quadrangles of
about 100 m with four inner vertices on each side. The peer gets both versions in metres and gives the common ground
alone: no kinds, no slivers told from ground, no shares.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gridmap.analysis.crosswalk import crosswalk
from gridmap.analysis.difference import difference
from gridmap.analysis.lineage import infer_lineage
from gridmap.analysis.overlay import overlay

CELL = 0.001
METRIC = 4549
#: Share of the corners that move; each changes up to four grids.
MOVED = {"unchanged": 0.0, "5 % changed": 0.0127, "all changed": 1.0}


def net(rows: int, columns: int, moved: float) -> gpd.GeoDataFrame:
    """Make a net of bent grids; a share of its inner corners stands elsewhere than in the net where none is moved."""
    rng, other = np.random.default_rng(0), np.random.default_rng(1)
    corners = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    bend = rng.uniform(-0.3, 0.3, corners.shape)
    picked = (other.random(corners.shape[:2]) < moved)[..., None]
    bend = np.where(picked, other.uniform(-0.3, 0.3, corners.shape), bend)
    bend[[0, -1], :, 1] = bend[:, [0, -1], 0] = 0.0
    corners = np.round((corners + bend) * CELL + (120.0, 36.0), 7)
    a, b, c, d = (x.reshape(-1, 2) for x in (corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]))

    def side(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        steps = np.linspace(0.0, 1.0, 6)[None, :, None]
        return np.round(start[:, None] + (end - start)[:, None] * steps, 9)

    # each side is walked from the same end in both of its grids, so that its vertices are the same numbers
    rings = np.concatenate([side(a, b)[:, :-1], side(b, c)[:, :-1], side(d, c)[:, :0:-1], side(a, d)[:, ::-1]], axis=1)
    codes = [f"{i:06d}" for i in range(len(rings))]
    return gpd.GeoDataFrame({"code": codes, "level": "grid"}, geometry=shapely.polygons(rings), crs="EPSG:4326")


def peer(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Ask geopandas."""
    return gpd.overlay(old.to_crs(METRIC), new.to_crs(METRIC), how="intersection", keep_geom_type=True)


def timed(work: Callable[[], object]) -> tuple[float, float, object]:
    """Give seconds by the clock, seconds of the processor, and the answer."""
    clock, processor = time.perf_counter(), time.process_time()
    answer = work()
    return time.perf_counter() - clock, time.process_time() - processor, answer


def main() -> None:
    """Print a line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=141)
    parser.add_argument("--columns", type=int, default=142)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    old = net(options.rows, options.columns, 0.0)
    works: dict[str, Callable] = {
        "overlay": overlay,
        "infer_lineage": infer_lineage,
        "crosswalk": crosswalk,
        "difference": lambda a, b: difference(a, b).rows,
    }
    if not options.no_peer:
        works["geopandas.overlay"] = peer
    print(f"{len(old)} grids in each version")
    for label, moved in MOVED.items():
        new = net(options.rows, options.columns, moved)
        changed = float(np.mean(~shapely.equals_exact(old.geometry.to_numpy(), new.geometry.to_numpy(), 0.0)))
        print(f"{label} ({changed:.1%})")
        for name, work in works.items():
            clock, processor, answer = timed(lambda work=work, new=new: work(old, new))
            print(f"  {name:18} {clock:7.2f} s  processor {processor:7.2f} s  {len(answer):8,} rows")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
