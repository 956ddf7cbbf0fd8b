"""Time and peak memory of the gate, beside two peers on the same plan in the same run.

``python benchmarks/gate.py [--sizes 1333 20000 200000] [--damage 0.05] [--peer-limit 200000]``

``import`` is what ``gridmap import boundaries --commit`` does with the grids of a file: read, ask the gate, infer
lineage, write into an embedded store that has the streets and communities.

Each measurement is a process of its own; its peak includes the plan that it checks (``plan`` alone is the first line).
Peers: ``geopandas``: spatial join of every level with itself, common areas, rings of the union, overlay with the
parents: the plain way to the same answers; ``coverage_invalid_edges`` of GEOS, which tells where edges do not match,
but neither which pairs overlap, nor holes, nor anything about parents, codes and attributes.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_maker import PLAN, make_plan
from gridmap.analysis.gate import check_plan
from gridmap.files.boundaries import read_boundaries
from gridmap.services.boundaries import import_boundaries
from gridmap.settings import Settings
from gridmap.store.engine import open_store

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


def clock() -> tuple[float, float]:
    """Give the time on the wall, and the processor time of this process and of those that it has waited for."""
    cpu = os.times()
    return time.perf_counter(), sum(cpu[:4])


def write_files(frame: gpd.GeoDataFrame, folder: Path) -> None:
    """Write a file a level, as a city would hand them in."""
    for level in PLAN.levels:
        rows = frame[frame["level"] == level.name]
        rows[["code", "name", "parent_code", "households", "geometry"]].to_parquet(folder / f"{level.name}.parquet")


def imported(folder: Path) -> tuple[float, float]:
    """Import a plan level by level into an embedded store; give the times of the last level, the grids."""
    settings = Settings(max_vertices=100_000_000)
    store = open_store(f"sqlite:///{folder}/store.gpkg")
    start = end = clock()
    for level in PLAN.levels:
        start = clock()
        source = read_boundaries(folder / f"{level.name}.parquet", settings=settings)
        outcome = import_boundaries(
            store,
            source.frame,
            set_name="bench",
            level=level.name,
            now=datetime.now(UTC),
            settings=settings,
            file_report=source.beyond_frame,
            commit=True,
        )
        end = clock()
        if outcome.version is None:
            raise SystemExit("the import was refused")
    store.close()
    return end[0] - start[0], end[1] - start[1]


CHECKS: dict[str, Callable[[gpd.GeoDataFrame], int]] = {
    "plan": nothing,
    "gridmap": gate,
    "geopandas": geopandas,
    "coverage_invalid_edges": coverage,
}


def measure(name: str, size: int, damage: float) -> dict[str, float]:
    """Run one check in this process, or one import of files that another one wrote."""
    found = 0
    if name == "import":
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, __file__, "--one", "files", "--sizes", str(size), "--folder", folder], check=True
            )
            wall, cpu = imported(Path(folder))
    else:
        frame = plan(size, damage)
        start = clock()
        found = CHECKS[name](frame)
        end = clock()
        wall, cpu = end[0] - start[0], end[1] - start[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"found": found, "s": wall, "cpu": cpu, "mib": peak}


def main() -> None:
    """Run every check in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=sorted(SHAPES))
    parser.add_argument("--damage", type=float, default=0.0, help="share of grids moved by a metre")
    parser.add_argument("--peer-limit", type=int, default=200_000, help="largest plan that the peers are asked for")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one == "files":
        write_files(plan(options.sizes[0], 0.0), options.folder)
        return
    if options.one:
        print(json.dumps(measure(options.one, options.sizes[0], options.damage)))
        return
    print(f"{'grids':>8}  {'check':<24}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}{'findings':>10}")
    for size in options.sizes:
        for name in (*CHECKS, "import"):
            if name not in ("plan", "gridmap", "import") and size > options.peer_limit:
                continue
            command = [sys.executable, __file__, "--one", name, "--sizes", str(size), "--damage", str(options.damage)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            got = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{size:>8}  {name:<24}{got['s']:>9.2f}{got['cpu']:>9.2f}{got['mib']:>10.0f}{got['found']:>10}",
                flush=True,
            )


if __name__ == "__main__":
    main()
