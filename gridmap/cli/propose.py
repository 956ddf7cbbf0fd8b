"""``gridmap propose``: unit grids from a fishnet, and grids of even weight made of units."""

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.common import CrsOption, DatumOption, EncodingOption
from gridmap.errors import GridmapError

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from gridmap.analysis.proposals.ground import Ground
    from gridmap.analysis.proposals.proposing import Candidate, Outcome
    from gridmap.domain.boundaries import Grid
    from gridmap.domain.codes import CodeScheme
    from gridmap.domain.redraw import Shape

app = typer.Typer(no_args_is_help=True, help="Propose unit grids, and grids of even weight. 网格划分建议。")

CellOption = Annotated[float, typer.Option("--cell", help="Side of a unit grid, metres.", metavar="M")]
SliverOption = Annotated[
    float, typer.Option("--sliver", help="A piece smaller than this share of a cell joins its neighbour.")
]
SchemeOption = Annotated[
    str | None, typer.Option("--scheme", help="Rule for new codes (gb15 ...); without it parent-number.")
]
CodeColumn = Annotated[str | None, typer.Option("--code-column", help="Column of codes.")]
LayerOption = Annotated[str | None, typer.Option("--layer", help="Layer of a file with several.")]


@app.command("units")
def units(
    file: Annotated[Path, typer.Argument(metavar="AREAS", help="Communities to be covered.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Write the unit grids here.")],
    cell: CellOption = 100.0,
    sliver: SliverOption = 0.25,
    scheme: SchemeOption = None,
    code_column: CodeColumn = None,
    layer: LayerOption = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Cover communities with unit grids: squares clipped to them, slivers merged, never across a community.

    Exit status: 0 done, 1 findings stand in the way, 2 could not. 按社区边界生成单元网格。
    """
    from gridmap.analysis.proposals.fishnet import unit_grids
    from gridmap.files.write import write_boundaries

    with common.stoppable(), common.refusing():
        common.require_other_file(out, file)
        frame = _read(file, code_column, None, layer, datum, crs, encoding)
        found = unit_grids(frame, cell_m=cell, sliver_share=sliver, scheme=_scheme(scheme))
        write_boundaries(found, out)
    common.say("propose.units", count=len(found), areas=len(frame), file=out.name)


@app.command("grids")
def grids(
    file: Annotated[Path, typer.Argument(metavar="GRIDS", help="Grids of today, with the codes of their areas.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Plans are written as OUT-1, OUT-2 ...")],
    area: Annotated[
        list[str] | None, typer.Option("--area", help="Area to be redrawn, by its code; repeat; all without it.")
    ] = None,
    number: Annotated[int | None, typer.Option("--grids", help="How many grids; else as many as today.")] = None,
    floor: Annotated[float | None, typer.Option("--floor", help="Least weight of a grid.")] = None,
    ceiling: Annotated[float | None, typer.Option("--ceiling", help="Most weight of a grid.")] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="Distance from the mean allowed, without floor and ceiling.")
    ] = 0.1,
    weight: Annotated[
        str, typer.Option("--weight", help="households, ground, or a column; of the units or buildings if given.")
    ] = "households",
    lock: Annotated[list[str] | None, typer.Option("--lock", help="Grid that stays as it is; repeat.")] = None,
    unit_file: Annotated[
        Path | None, typer.Option("--units", help="Finer layer to build from; else a fishnet.", metavar="FILE")
    ] = None,
    buildings: Annotated[
        Path | None,
        typer.Option("--buildings", help="Buildings (points or areas) that weigh; count: each one.", metavar="FILE"),
    ] = None,
    cell: CellOption = 100.0,
    sliver: SliverOption = 0.25,
    scheme: SchemeOption = None,
    table: Annotated[Path | None, typer.Option("--table", help="Write the candidates' figures as CSV.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another number gives other candidates.")] = 0,
    effort: Annotated[float, typer.Option("--effort", min=0.01, max=100, help="How long to search; 1 is usual.")] = 1.0,
    code_column: CodeColumn = None,
    parent_column: Annotated[str | None, typer.Option("--parent-column", help="Column of the area's code.")] = None,
    layer: LayerOption = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Redraw the grids of areas so that they weigh alike: connected, never across an area, little changed.

    Exit status: 0 candidates written, 1 none (it says which rule to relax), 2 could not. 按户数或工作量均衡重划网格。
    """
    from gridmap.analysis.proposals.proposing import propose
    from gridmap.domain.proposals import Aim

    with common.stoppable(), common.refusing():
        others = [p for p in (unit_file, buildings) if p is not None]
        for k in range(1, 5):
            common.require_other_file(_numbered(out, k), file, *others)
        if table is not None:
            common.require_other_file(table, file, *others)
        read = (datum, crs, encoding)
        everything = _grids(_read(file, code_column, parent_column, layer, *read))
        mine = _chosen(everything, area or [], lock or [])
        ground, weights = _ground(mine, unit_file, buildings, weight, cell, sliver, read)
        with common.progress(out.name, 1000) as move:
            outcome = propose(
                ground,
                weights,
                Aim(number, floor, ceiling, tolerance),
                seed=seed,
                effort=effort,
                on_progress=_mover(move),
            )
        rule = _scheme(scheme)
        _write(out, ground, outcome, everything, rule)
        if table is not None:
            _write_table(table, outcome)
    _print(outcome, out)
    raise typer.Exit(0 if outcome.candidates else common.FINDINGS)


def _mover(move: Callable[[int], None]) -> Callable[[float], None]:
    shown = 0

    def tell(share: float) -> None:
        nonlocal shown
        now = round(share * 1000)
        move(now - shown)
        shown = now

    return tell


def _read(
    file: Path,
    code_column: str | None,
    parent_column: str | None,
    layer: str | None,
    datum: str | None,
    crs: str | None,
    encoding: str | None,
    *,
    points: bool = False,
) -> "gpd.GeoDataFrame":
    """Read boundaries that are sound, or say what is wrong with them and end."""
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_boundaries

    source = read_boundaries(
        file,
        settings=common.settings(),
        layer=layer,
        encoding=encoding,
        crs=crs,
        datum=parse_datum(datum) if datum else None,
        code_column=code_column,
        parent_column=parent_column,
        uncoded=points,
        points=points,
    )
    errors = [f for f in source.report.errors if not (points and f.rule == "missing_code")]
    if errors:
        common.print_report(source.report)
        common.complain("errors_in_the_way", count=len(errors))
        raise typer.Exit(common.FINDINGS)
    return source.frame


def _scheme(name: str | None) -> "CodeScheme | None":
    from gridmap.domain.codes import scheme as find_scheme

    return None if name is None else find_scheme(name)


def _grids(frame: "gpd.GeoDataFrame") -> "list[Grid]":
    from gridmap.analysis.redraw.tiling import grids_of

    return grids_of(frame.assign(level="grid"))


def _chosen(everything: "Sequence[Grid]", areas: Sequence[str], locks: Sequence[str]) -> "list[Grid]":
    from gridmap.errors import InvalidInput

    if set(areas) - {g.parent_code for g in everything}:
        raise InvalidInput("propose_area_unknown")
    if set(locks) - {g.code for g in everything}:
        raise InvalidInput("redraw_area_unknown")
    return [g for g in everything if (not areas or g.parent_code in areas) and g.code not in locks]


def _ground(
    mine: "Sequence[Grid]",
    unit_file: Path | None,
    buildings: Path | None,
    weight: str,
    cell: float,
    sliver: float,
    read: tuple[str | None, str | None, str | None],
) -> "tuple[Ground, npt.NDArray[np.float64]]":
    """Make the units, and say what each weighs."""
    import numpy as np
    import shapely

    from gridmap.analysis.proposals.ground import ground_of

    layer = None if unit_file is None else _read(unit_file, None, None, None, *read, points=True)
    shapes = None if layer is None else np.asarray(layer.geometry.array, dtype=object)
    ground = ground_of(mine, units=shapes, cell_m=cell, sliver_share=sliver)
    if buildings is not None:
        frame = _read(buildings, None, None, None, *read, points=True)
        places = shapely.point_on_surface(np.asarray(frame.geometry.array, dtype=object))
        values = None if weight == "count" else _column(frame, weight)
        return ground, ground.counting(places, values)
    if weight == "ground":
        return ground, ground.m2
    if layer is not None and shapes is not None and (weight != "households" or layer["households"].notna().any()):
        return ground, ground.by_source(_column(layer, weight), shapes)
    known = {g.code: _number(g.households if weight == "households" else g.attributes.get(weight)) for g in mine}
    if all(v is None for v in known.values()):
        raise _no_column(weight)
    return ground, ground.by_ground(known)


def _column(frame: "gpd.GeoDataFrame", name: str) -> "npt.NDArray[np.float64]":
    """Give a column of numbers; a missing cell counts as nothing."""
    import numpy as np

    cells = frame["households"] if name == "households" else [a.get(name) for a in frame["attributes"]]
    numbers = [_number(v) for v in cells]
    if all(n is None for n in numbers):
        raise _no_column(name)
    found = np.array([0.0 if n is None else n for n in numbers])
    if (found < 0).any():
        raise _no_column(name)
    return found


def _number(value: Any) -> float | None:
    import math

    import pandas as pd

    if value is None or value is pd.NA or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _no_column(name: str) -> GridmapError:
    from gridmap.errors import ColumnError

    return ColumnError("propose_weight_missing")


def _numbered(out: Path, k: int) -> Path:
    return out.with_name(f"{out.stem}-{k}{out.suffix}")


def _write(
    out: Path, ground: "Ground", outcome: "Outcome", everything: "Sequence[Grid]", scheme: "CodeScheme | None"
) -> None:
    """Write each candidate as a whole plan; when one cannot be written, none of them is left."""
    from gridmap.files.write import write_boundaries

    done: list[Path] = []
    try:
        for k, candidate in enumerate(outcome.candidates, start=1):
            frame = _plan(ground, candidate, everything, scheme)
            done.append(_numbered(out, k))
            write_boundaries(frame, done[-1])
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        raise


def _plan(
    ground: "Ground", candidate: "Candidate", everything: "Sequence[Grid]", scheme: "CodeScheme | None"
) -> "gpd.GeoDataFrame":
    from gridmap.analysis.proposals.plans import changed_grids, noded
    from gridmap.analysis.redraw.tiling import frame_of

    changed, gone = changed_grids(ground, candidate, _numberer(everything, scheme))
    codes = {g.code for g in changed} | set(gone)
    after = {g.code: g for g in everything if g.code not in gone}
    after |= {g.code: g for g in noded(changed, [g for g in everything if g.code not in codes])}
    return frame_of(list(after.values())).drop(columns=["level"])


def _numberer(everything: "Sequence[Grid]", scheme: "CodeScheme | None") -> "Callable[[str | None, Shape], str]":
    from itertools import count

    from gridmap.errors import InvalidInput

    taken = {g.code for g in everything}

    def next_code(parent: str | None, shape: "Shape") -> str:
        if scheme is None:
            code = next(c for n in count(1) if (c := f"{parent or 'grid'}-{n}") not in taken)
        elif parent is None:
            raise InvalidInput("code_parent_missing", count=1, row=1)
        else:
            code = scheme.next_free(parent, taken)
        taken.add(code)
        return code

    return next_code


def _write_table(table: Path, outcome: "Outcome") -> None:
    from gridmap.files.write import replacing

    with replacing(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator=os.linesep)
        rows = [("today", outcome.today), *((c.wish.value, c.figures) for c in outcome.candidates)]
        writer.writerow(["candidate", "puts_first", *asdict(outcome.today)])
        for k, (wish, figures) in enumerate(rows):
            writer.writerow([k, wish, *asdict(figures).values()])


def _print(outcome: "Outcome", out: Path) -> None:
    common.say("propose.row", name=common.word("propose.today"), file="", **asdict(outcome.today))
    for k, candidate in enumerate(outcome.candidates, start=1):
        name = common.word(f"propose.wish.{candidate.wish.value}")
        common.say("propose.row", name=name, file=_numbered(out, k).name, **asdict(candidate.figures))
    for reason in outcome.reasons:
        typer.echo("  " + said(reason), err=True)


def said(reason: Any) -> str:
    """Say why an area got no proposal, and what to relax."""
    from gridmap.i18n import text

    words = common.language()
    return text(f"propose.reason.{reason.code}", words, area=reason.area, **reason.fields)
