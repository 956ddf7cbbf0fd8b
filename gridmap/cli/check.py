"""``gridmap check``: every fault of a tiling with its place, and a proposed repair."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.common import CrsOption, DatumOption, EncodingOption

if TYPE_CHECKING:
    from datetime import date

    import geopandas as gpd

    from gridmap.domain.rulebook import Rulebook
    from gridmap.domain.rules import Report
    from gridmap.settings import Settings


class Format(StrEnum):
    """How to print the report."""

    TEXT = "text"
    JSON = "json"


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Boundaries to check.")],
    parent: Annotated[Path | None, typer.Option("--parent", help="Boundaries of the level above.")] = None,
    code_column: Annotated[str | None, typer.Option("--code-column", help="Column of codes.")] = None,
    parent_column: Annotated[str | None, typer.Option("--parent-column", help="Column of the parent's code.")] = None,
    parent_code_column: Annotated[
        str | None, typer.Option("--parent-code-column", help="Column of codes in the parent file.")
    ] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer of a file with several.")] = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    form: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
    rules: Annotated[
        str | None, typer.Option("--rules", help="Sizes and shapes to ask for: a profile, or a TOML file.")
    ] = None,
    fix: Annotated[Path | None, typer.Option("--fix", help="Write a proposed repair here.", metavar="OUT")] = None,
) -> None:
    """Find holes, overlaps, slivers, invalid rings, children outside their parent; with --rules wrong sizes and shapes.

    Exit status: 0 clean, 1 findings, 2 unreadable. 检查边界：空洞、重叠、碎缝、无效图形、超出上级、规模与形状。
    """
    from gridmap.analysis.topology import check_tiling
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_boundaries
    from gridmap.files.rulebooks import read_rulebook

    with common.refusing():
        settings = common.settings()
        stated = parse_datum(datum) if datum else None
        book = read_rulebook(rules) if rules is not None else None
        if fix is not None:
            common.require_other_file(fix, file, *((parent,) if parent else ()))
        with common.progress(file.name):
            source = read_boundaries(
                file,
                settings=settings,
                layer=layer,
                encoding=encoding,
                crs=crs,
                datum=stated,
                code_column=code_column,
                parent_column=parent_column,
            )
            above = None
            if parent is not None:
                above = read_boundaries(
                    parent, settings=settings, encoding=encoding, crs=crs, datum=stated, code_column=parent_code_column
                ).frame
            report = source.beyond_frame + check_tiling(
                source.frame,
                sliver_width_m=settings.sliver_width_m,
                sliver_area_m2=settings.sliver_area_m2,
                parent=above,
            )
            if book is not None:
                report += _measured(source.frame, above, book, common.today(settings))
        moved = _propose(source.frame, above, fix, settings) if fix is not None else None

    if form is Format.JSON:
        body = report.to_json()
        if moved is not None:
            body["summary"]["repair"] = moved
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        common.say("check.summary", grids=len(source.frame), count=len(report), errors=len(report.errors))
        common.print_report(report)
        if moved is not None and fix is not None:
            _print_repair(moved, fix)
    raise typer.Exit(0 if report.clean else common.FINDINGS)


def _measured(frame: "gpd.GeoDataFrame", parent: "gpd.GeoDataFrame | None", book: "Rulebook", day: "date") -> "Report":
    """Ask the rules of a rulebook of the grids of a file, and of those above where their file is given."""
    import geopandas as gpd
    import pandas as pd

    from gridmap.analysis.measuring import rule_findings
    from gridmap.crs import frame_to_wgs84
    from gridmap.domain.boundaries import Level
    from gridmap.domain.rules import report

    storeys = [frame.assign(level="grid")] + ([] if parent is None else [parent.assign(level="parent")])
    rows = pd.concat([frame_to_wgs84(part) for part in storeys], ignore_index=True)
    plan = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
    return report(rule_findings(plan, (Level("parent", 0), Level("grid", 1)), book.at(day)))


def _propose(
    frame: "gpd.GeoDataFrame", parent: "gpd.GeoDataFrame | None", out: Path, settings: "Settings"
) -> dict[str, Any]:
    """Write a proposed repair beside the input and give what it would move."""
    from gridmap.analysis.repair import propose_repair
    from gridmap.files.write import write_boundaries

    repair = propose_repair(
        frame, sliver_width_m=settings.sliver_width_m, sliver_area_m2=settings.sliver_area_m2, parent=parent
    )
    write_boundaries(repair.frame, out)
    code, largest_m2 = repair.largest
    changed = repair.moved[(repair.moved["gained_m2"] > 0) | (repair.moved["lost_m2"] > 0)]
    changed = changed.sort_values("change_m2", key=abs, ascending=False, kind="stable")
    return {
        "file": out.name,
        "grids_changed": len(changed),
        "largest": {"code": code, "change_m2": largest_m2},
        "remaining_findings": len(repair.report),
        "moved": changed.to_dict("records"),
    }


def _print_repair(repair: dict[str, Any], out: Path) -> None:
    common.say("check.repair", file=out.name, grids=repair["grids_changed"], remaining=repair["remaining_findings"])
    if repair["largest"]["code"]:
        common.say("check.largest", code=repair["largest"]["code"], m2=repair["largest"]["change_m2"])
    for row in repair["moved"][:20]:
        common.say("check.moved", code=row["code"], gained=row["gained_m2"], lost=row["lost_m2"])
    if len(repair["moved"]) > 20:
        common.say("check.more_moved", count=len(repair["moved"]) - 20)
