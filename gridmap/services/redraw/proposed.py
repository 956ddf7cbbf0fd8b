"""Proposals for a draft: what they are made of, and the edit that a candidate becomes."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.proposals.fishnet import CELL_M, SLIVER_SHARE
from gridmap.analysis.proposals.ground import Ground, ground_of
from gridmap.analysis.proposals.plans import changed_grids, noded
from gridmap.analysis.proposals.proposing import Candidate, Outcome, propose
from gridmap.analysis.redraw.mosaic import SAME_DEG
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.boundaries import Grid
from gridmap.domain.proposals import Aim
from gridmap.domain.redraw import Replace
from gridmap.errors import ColumnError, InvalidInput, RedrawConflict
from gridmap.services.clock import day_in
from gridmap.services.points import primary_of
from gridmap.services.ports import FeatureFilter, Mark, PointFilter, UnitOfWork
from gridmap.services.redraw.drawings import Drawing
from gridmap.services.redraw.effects import REPLAYED
from gridmap.services.redraw.numbering import numberer
from gridmap.settings import Settings

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

#: What units weigh: households shared out by ground, incidents of the last twelve months, or square metres.
WEIGHTS = ("households", "incidents", "ground")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a planner asks for.

    ``areas``: codes of areas above; empty: all within reach. ``layer``: the layer whose features are the units; None:
    a fishnet of ``cell_m``. ``weight``: one of ``WEIGHTS``.
    """

    areas: tuple[str, ...] = ()
    aim: Aim = field(default_factory=Aim)
    weight: str = "households"
    layer: str | None = None
    cell_m: float = CELL_M
    sliver_share: float = SLIVER_SHARE
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Material:
    """All that a search needs of the store, so that it can go on without it."""

    asked: Asked
    grids: tuple[Grid, ...]
    units: Geometries | None
    points: Geometries | None


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate as grids; new ones have no code yet but ``new-1`` ... ``before`` proves what was there."""

    grids: tuple[Grid, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    before: str


def found_text(found: Iterable[Found]) -> str:
    """Write candidates as JSON, shapes as WKB."""
    return json.dumps(
        [
            {
                "grids": [
                    {f.name: getattr(g, f.name) for f in fields(Grid)}
                    | {"geometry": shapely.to_wkb(g.geometry, hex=True)}
                    for g in one.grids
                ],
                "new": one.new,
                "gone": one.gone,
                "before": one.before,
            }
            for one in found
        ]
    )


def found_of(written: str | bytes) -> list[Found]:
    """Read candidates that ``found_text`` wrote."""
    return [
        Found(
            tuple(Grid(**g | {"geometry": shapely.from_wkb(g["geometry"])}) for g in one["grids"]),
            tuple(one["new"]),
            tuple(one["gone"]),
            one["before"],
        )
        for one in json.loads(written)
    ]


def gathered(
    work: UnitOfWork,
    drawing: Drawing,
    asked: Asked,
    seen: Collection[str] | None,
    *,
    now: datetime,
    settings: Settings,
) -> Material:
    """Read what a search needs.

    Parameters
    ----------
    seen : collection of str, optional
        Codes that the planner may see, and so draw; None: all.

    Raises
    ------
    InvalidInput
        ``redraw_area_unknown``, ``propose_no_grids``, ``propose_weight_missing``.
    NotFound, NotAllowed
        The layer is not there; who asks may not see incidents.
    """
    tiling = drawing.tiling
    for code in asked.areas:
        if code not in tiling or (seen is not None and code not in seen):
            raise InvalidInput("redraw_area_unknown")
    mine = _within(tiling, asked.areas) if asked.areas else set(tiling.areas)
    held = _locked(tiling, work.redraw.locks(drawing.boundary_set.name, drawing.draft.number))
    grids = tuple(
        g
        for code in sorted(mine - held)
        if (g := tiling[code]).level == tiling.level.name and (seen is None or code in seen)
    )
    if not grids:
        raise InvalidInput("propose_no_grids")
    if asked.weight == "households" and all(g.households is None for g in grids):
        raise ColumnError("propose_weight_missing")
    west, south, east, north = (float(v) for v in shapely.total_bounds([g.geometry for g in grids]))
    box = (west, south, east, north)
    units = points = None
    if asked.layer is not None:
        frame = work.features.frame(FeatureFilter(asked.layer, day_in(now, settings.time_zone), bbox=box))
        units = np.asarray(frame.geometry.array, dtype=object)
        if not len(units):
            raise InvalidInput("propose_no_units")
    if asked.weight == "incidents":
        home = primary_of(work, settings)
        if home is None or home.name != drawing.boundary_set.name:
            raise ColumnError("propose_weight_missing")
        frame = work.incidents.frame(PointFilter(now - REPLAYED, bbox=box))
        points = np.asarray(frame.geometry.array, dtype=object)
    return Material(asked, grids, units, points)


def _within(tiling: Tiling, areas: Sequence[str]) -> set[str]:
    found: set[str] = set()
    below = list(areas)
    while below:
        code = below.pop()
        found.add(code)
        below += tiling.children.get(code, ())
    return found


def _locked(tiling: Tiling, locks: Sequence[Mark]) -> set[str]:
    """Give the grids that stay: locked ones, all below a locked area, and both beside a locked border."""
    held: set[str] = set()
    for lock in locks:
        if lock.kind == "edge":
            edge = shapely.LineString(lock.places)
            middle = shapely.line_interpolate_point(edge, 0.5, normalized=True)
            held |= {c for c in tiling.near(edge.bounds) if shapely.dwithin(tiling[c].geometry, middle, 2 * SAME_DEG)}
        elif lock.code is not None:
            held |= _within(tiling, [lock.code])
    return held


def searched(
    material: Material,
    *,
    effort: float = 1.0,
    on_progress: Callable[[float], None] = lambda share: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Outcome, list[Found]]:
    """Search for candidates.

    Raises
    ------
    InvalidInput
        As ``ground_of`` and ``propose``.
    Stopped
    """
    asked = material.asked
    ground = ground_of(material.grids, units=material.units, cell_m=asked.cell_m, sliver_share=asked.sliver_share)
    outcome = propose(
        ground,
        _weights(ground, material),
        asked.aim,
        seed=asked.seed,
        effort=effort,
        on_progress=on_progress,
        stop=stop,
    )
    return outcome, [_found(ground, candidate) for candidate in outcome.candidates]


def _weights(ground: Ground, material: Material) -> Floats:
    if material.points is not None:
        return ground.counting(material.points)
    if material.asked.weight == "ground":
        return ground.m2
    return ground.by_ground({g.code: g.households for g in ground.grids})


def _found(ground: Ground, candidate: Candidate) -> Found:
    new: list[str] = []

    def number(parent: str | None, shape: object) -> str:
        new.append(f"new-{len(new) + 1}")
        return new[-1]

    grids, gone = changed_grids(ground, candidate, number)
    was = {g.code: g for g in ground.grids}
    touched = sorted({*gone, *(g.code for g in grids if g.code not in new)})
    return Found(tuple(grids), tuple(new), tuple(gone), stamp(was[code] for code in touched))


def stamp(grids: Iterable[Grid]) -> str:
    """Give a text that is another one when anything of some grids is otherwise."""
    digest = hashlib.sha256()
    for grid in grids:
        digest.update(shapely.to_wkb(grid.geometry))
        digest.update(repr((grid.code, grid.name, grid.parent_code, grid.kind, grid.households)).encode())
        digest.update(repr(sorted(grid.attributes.items())).encode())
    return digest.hexdigest()


def edit_of(work: UnitOfWork, drawing: Drawing, found: Found) -> Replace:
    """Make the edit that a candidate stands for: new grids get their codes, neighbours the vertices that meet them.

    Raises
    ------
    RedrawConflict
        ``redraw_conflict``: a grid that it changes is not as it was any more.
    InvalidInput
        ``codes_exhausted``, ``code_parent_missing``.
    """
    tiling, new = drawing.tiling, set(found.new)
    touched = sorted({*found.gone, *(g.code for g in found.grids if g.code not in new)})
    if any(code not in tiling for code in touched) or stamp(tiling[code] for code in touched) != found.before:
        lines = work.redraw.lines(drawing.boundary_set.name, drawing.draft.number)
        numbers = [line.number for line in lines if set(line.codes) & set(touched)]
        raise RedrawConflict("redraw_conflict", numbers=numbers, codes=touched)
    number = numberer(work, drawing.boundary_set.name, drawing.draft.number, tiling)
    grids = []
    for grid in found.grids:
        if grid.code in new:
            assert not isinstance(grid.geometry, shapely.Point)
            code = number(grid.parent_code, grid.geometry)
            grid = replace(grid, code=code, name=code)
        grids.append(grid)
    if not grids and not found.gone:
        raise InvalidInput("redraw_nothing_changes")
    around = tiling.near([float(v) for v in shapely.total_bounds([g.geometry for g in grids])])
    others = [tiling[c] for c in around if c not in touched]
    return Replace(tuple(noded(grids, others)), found.gone, "proposal")
