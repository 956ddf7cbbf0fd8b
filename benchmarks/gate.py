"""Time and peak memory of the gate, beside two peers on the same plan in the same run.

``python benchmarks/gate.py [--sizes 1333 20000 200000] [--damage 0.05] [--peer-limit 200000]``

Each measurement is a process of its own; its peak includes the plan that it checks (``plan`` alone is the first line).
Peers: ``geopandas``: spatial join of every level with itself, common areas, rings of the union, overlay with the
parents: the plain way to the same answers; ``coverage_invalid_edges`` of GEOS, which tells where edges do not match,
but neither which pairs overlap, nor holes, nor anything about parents, codes and attributes.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_maker import PLAN, make_plan
from gridmap.analysis.gate import check_plan

SHAPES = {1_333: (31, 43), 20_000: (125, 160), 200_000: (400, 500)}
METRIC = 4549


def plan(size: int, damage: float) -> gpd.GeoDataFrame:
    """Make the plan of a size; move a share of its grids by about one metre."""
    frame = make_plan(*SHAPES.get(size, (max(1, size // 400), 400)))
    grids = np.flatnonzero(frame["level"] == "grid")
    moved = grids[:: round(1 / damage)] if damage else grids[:0]
    shapes = frame.geometry.to_numpy().copy()
    shapes[moved] = shapely.transform(shapes[moved], lambda xy: xy + 1e-5)
    return frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))


def nothing(frame: gpd.GeoDataFrame) -> int:
    """Only hold the plan."""
    return 0


def gate(frame: gpd.GeoDataFrame) -> int:
    """Ask every rule."""
    return len(check_plan(frame, PLAN, former=frame, headed=set(frame["code"])))


def geopandas(frame: gpd.GeoDataFrame) -> int:
    """Ask for overlaps, holes and nesting with joins and overlays."""
    frame = frame.to_crs(METRIC)
    found, above = 0, None
    for level in PLAN.levels:
        areas = frame[frame["level"] == level.name].reset_index(drop=True)
        pairs = gpd.sjoin(areas, areas, predicate="intersects")
        pairs = pairs[pairs.index < pairs["index_right"]]
        common = areas.geometry.loc[pairs.index].intersection(
            areas.geometry.loc[pairs["index_right"]].set_axis(pairs.index), align=False
        )
        found += int((common.area > 1e-6).sum())
        parts = shapely.get_parts([areas.union_all()])
        found += int(shapely.get_num_interior_rings(parts).sum())
        if above is not None:
            parents = above.set_index("code").loc[areas["parent_code"]].geometry.set_axis(areas.index)
            found += int((areas.geometry.difference(parents, align=False).area > 1e-6).sum())
            bare = gpd.overlay(above, areas, how="difference", keep_geom_type=True)
            found += int((bare.area > 1e-6).sum())
        above = areas
    return found


def coverage(frame: gpd.GeoDataFrame) -> int:
    """Ask GEOS which edges of each level match no other."""
    frame = frame.to_crs(METRIC)
    found = 0
    for level in PLAN.levels:
        edges = shapely.coverage_invalid_edges(frame.geometry[frame["level"] == level.name].to_numpy())
        found += int((~shapely.is_empty(edges)).sum())
    return found


CHECKS: dict[str, Callable[[gpd.GeoDataFrame], int]] = {
    "plan": nothing,
    "gridmap": gate,
    "geopandas": geopandas,
    "coverage_invalid_edges": coverage,
}


def measure(name: str, size: int, damage: float) -> dict[str, float]:
    """Run one check in this process."""
    frame = plan(size, damage)
    start = time.perf_counter()
    found = CHECKS[name](frame)
    seconds = time.perf_counter() - start
    return {"found": found, "s": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Run every check in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=sorted(SHAPES))
    parser.add_argument("--damage", type=float, default=0.0, help="share of grids moved by a metre")
    parser.add_argument("--peer-limit", type=int, default=200_000, help="largest plan that the peers are asked for")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.sizes[0], options.damage)))
        return
    print(f"{'grids':>8}  {'check':<24}{'seconds':>9}{'peak MiB':>10}{'findings':>10}")
    for size in options.sizes:
        for name in CHECKS:
            if name not in ("plan", "gridmap") and size > options.peer_limit:
                continue
            command = [sys.executable, __file__, "--one", name, "--sizes", str(size), "--damage", str(options.damage)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            got = json.loads(done.stdout.splitlines()[-1])
            print(f"{size:>8}  {name:<24}{got['s']:>9.2f}{got['mib']:>10.0f}{got['found']:>10}", flush=True)


if __name__ == "__main__":
    main()
