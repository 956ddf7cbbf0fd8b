"""Time of a redraw: opening a draft, looking for faults, and one edit of each kind with all that follows from it.

``python benchmarks/redraw.py [--sizes 1333 20000] [--times 15]``

An edit is timed as the desk makes it: the verb, whether areas stay sound and apart, the areas above, the findings
around; without the store. Peers in the same run, for what they do of it: ``coverage_invalid_edges`` of GEOS for the
look for faults (blind to large holes), and ``coverage_clean`` for the neighbours of one moved area (it heals what our
edits do not open).
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.coverages import SIZES, coverage
from gridmap import crs
from gridmap.analysis.redraw.ancestors import with_ancestors
from gridmap.analysis.redraw.faults import require_sound
from gridmap.analysis.redraw.review import review, review_again
from gridmap.analysis.redraw.tiling import Tiling, tiling_of
from gridmap.analysis.redraw.verbs import apply
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.redraw import Assign, Draw, Edit, InsertVertex, Merge, MoveVertex, Split

PLAN = BoundarySet("bench", (Level("community", 0), Level("grid", 1)))
#: Grids along a side of a community.
SIDE = 4


def plan(size: int) -> gpd.GeoDataFrame:
    """Make grids with matched, bent borders, and the communities that they lie in."""
    (_, columns), _ = SIZES[size]
    grids = coverage(size)
    row, column = np.divmod(np.arange(size), columns)
    parent = np.array([f"c{r}-{c}" for r, c in zip(row // SIDE, column // SIDE, strict=True)], dtype=object)
    names = np.unique(parent)
    frame = pd.DataFrame(
        {
            "code": [*names, *(f"g{i}" for i in range(size))],
            "level": ["community"] * len(names) + ["grid"] * size,
            "parent_code": [None] * len(names) + list(parent),
            "households": pd.array([None] * len(names) + [300] * size, dtype="Int64"),
        }
    )
    above = [shapely.coverage_union_all(grids[parent == name]) for name in names]
    return gpd.GeoDataFrame(frame, geometry=np.array([*above, *grids], dtype=object), crs="EPSG:4326")


def seconds(task: Callable[[], Any]) -> tuple[float, Any]:
    """Time one call."""
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def edits(tiling: Tiling, n: int) -> dict[str, list[Edit]]:
    """Make edits of each kind all over the plan, inside of it."""
    rng = np.random.default_rng(5)
    codes = [c for c, g in tiling.areas.items() if g.level == tiling.level.name]
    found: dict[str, list[Edit]] = {}
    for code in rng.choice(codes, 40 * n, replace=False).tolist():
        shape = tiling[code].geometry
        near = [c for c in tiling.near(shape.bounds) if c != code]
        ring = [tuple(p) for p in shapely.get_coordinates(shape)[:-1].tolist()]
        mates = [c for c in near if shapely.length(shapely.intersection(tiling[c].geometry, shape)) > 2e-4]
        if len(mates) < 4:
            continue
        west, south, east, north = shape.bounds
        middle, a, b = shape.representative_point(), ring[0], ring[1]
        piece = shapely.box(west - 5e-4, south + 2e-4, middle.x, north - 2e-4)
        for name, edit in {
            "move a vertex": MoveVertex(ring[5], (ring[5][0] + 1e-6, ring[5][1] + 1e-6)),
            "put one in": InsertVertex((a, b), ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + 1e-6)),
            "split": Split(code, ((west - 1e-4, middle.y), (east + 1e-4, middle.y))),
            "merge": Merge((code, mates[0]), code),
            "hand over": Assign(shapely.intersection(piece, shape), mates[0], (code,)),
            "enclave": Draw(middle.buffer(5e-5), "飞地", take=True),
        }.items():
            found.setdefault(name, []).append(edit)
        if len(found["merge"]) == 3 * n:
            break
    return found


def made(tiling: Tiling, edit: Edit, before: Any) -> Any:
    """Make an edit with all that follows."""
    leaf = apply(tiling, edit, lambda parent, shape: "new")
    require_sound(tiling, leaf)
    change = with_ancestors(tiling, leaf)
    after = tiling.changed(change)
    return review_again(before, after, change)


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_333, 20_000], choices=[1_333, 20_000])
    parser.add_argument("--times", type=int, default=15)
    asked = parser.parse_args()
    for size in asked.sizes:
        frame = plan(size)
        grids = frame[frame["level"] == "grid"]
        print(f"{size:,} grids, {int(shapely.get_num_coordinates(grids.geometry.array).sum()):,} vertices")
        opened, tiling = seconds(lambda frame=frame: tiling_of(PLAN, frame))
        print(f"  open                     {opened:8.3f} s")
        looked, before = seconds(lambda tiling=tiling: review(tiling))
        print(f"  look for faults          {looked:8.3f} s   {len(before)} findings")
        metric = crs.to_metric(np.asarray(grids.geometry.array), tiling.epsg)
        peer, _ = seconds(lambda metric=metric: shapely.coverage_invalid_edges(metric))
        print(f"  coverage_invalid_edges   {peer:8.3f} s")
        for name, some in edits(tiling, asked.times).items():
            took = []
            for edit in some:
                try:
                    took.append(seconds(lambda edit=edit, t=tiling, b=before: made(t, edit, b))[0])
                except Exception as error:  # an edit that this place does not allow
                    if not hasattr(error, "code"):
                        raise
                if len(took) == asked.times:
                    break
            line = (
                f"median {statistics.median(took) * 1e3:7.1f} ms   most {max(took) * 1e3:7.1f} ms" if took else "none"
            )
            print(f"  {name:24} {line}   {len(took)} of {len(some)}")
        near = tiling.near(tiling[grids["code"].iloc[size // 2]].geometry.bounds)
        around = crs.to_metric(np.array([tiling[c].geometry for c in near], dtype=object), tiling.epsg)
        took = [seconds(lambda a=around: shapely.coverage_clean(a))[0] for _ in range(asked.times)]
        print(f"  coverage_clean, {len(near)} areas  median {statistics.median(took) * 1e3:7.1f} ms")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
