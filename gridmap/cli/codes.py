"""``gridmap codes``: check the codes of a file against a scheme, and give codes to grids that have none."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.check import Format
from gridmap.cli.common import CrsOption, DatumOption, DbOption, EncodingOption, FileArgument

if TYPE_CHECKING:
    import geopandas as gpd

    from gridmap.domain.rules import Report

app = typer.Typer(no_args_is_help=True, help="Check and give codes of grids. 检查编码，给网格编码。")

SchemeOption = Annotated[
    str, typer.Option("--scheme", help="gb15, cjt14, long16, cjt20, or digits of the parts such as 6+3+3+4.")
]
CodeColumn = Annotated[str | None, typer.Option("--code-column", help="Column of codes.")]
ParentColumn = Annotated[str | None, typer.Option("--parent-column", help="Column of the parent's code.")]
LayerOption = Annotated[str | None, typer.Option("--layer", help="Layer of a file with several.")]


@app.command("check")
def check_file(
    file: FileArgument,
    scheme: SchemeOption = "gb15",
    code_column: CodeColumn = None,
    parent_column: ParentColumn = None,
    layer: LayerOption = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    form: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """Find codes that are missing, doubled, against the scheme, or not of their parent.

    Exit status: 0 clean, 1 findings, 2 unreadable. 检查编码：缺失、重复、不合规则、与上级不符。
    """
    from gridmap.analysis.numbering import check_codes
    from gridmap.domain.codes import scheme as find_scheme

    with common.refusing():
        rule = find_scheme(scheme)
        frame, report = _read(file, code_column, parent_column, layer, datum, crs, encoding)
        report = report + check_codes(frame, rule)
    if form is Format.JSON:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        common.say("codes_checked", scheme=rule.name, count=len(report), **_counts(report))
        common.print_report(report)
    raise typer.Exit(0 if report.clean else common.FINDINGS)


@app.command("number")
def number_file(
    file: FileArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Write the grids with their codes here.")],
    scheme: SchemeOption = "gb15",
    code_column: CodeColumn = None,
    parent_column: ParentColumn = None,
    parent: Annotated[
        Path | None, typer.Option("--parent", help="Areas around the grids: parents are found by place.")
    ] = None,
    parent_code_column: Annotated[
        str | None, typer.Option("--parent-code-column", help="Column of codes in the parent file.")
    ] = None,
    used: Annotated[
        list[Path] | None, typer.Option("--used", help="An earlier edition: its codes are not given again.")
    ] = None,
    set_name: Annotated[
        str | None, typer.Option("--set", help="Boundary set: no code of any of its versions is given again.")
    ] = None,
    db: DbOption = None,
    front: Annotated[str, typer.Option("--front", help="Digits in front of a grid's code alone (cjt20).")] = "",
    layer: LayerOption = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Give a code to every grid without one, west to east and north to south; codes that are there stay.

    Exit status: 0 done, 1 findings stand in the way, 2 could not. 给没有编码的网格编码（自西向东、自北向南）。
    """
    from gridmap.analysis.numbering import assign_codes
    from gridmap.domain.codes import scheme as find_scheme
    from gridmap.files.write import write_boundaries

    with common.refusing():
        rule = find_scheme(scheme)
        common.require_other_file(out, file, *((parent,) if parent else ()), *(used or ()))
        frame, report = _read(file, code_column, parent_column, layer, datum, crs, encoding, uncoded=True)
        bare = int(frame["code"].isna().sum())
        if report.errors:
            common.print_report(report)
            common.complain("codes_refused", count=len(report.errors))
            raise typer.Exit(common.FINDINGS)
        taken: set[str] = set()
        for other in used or ():
            taken |= set(_read(other, code_column, None, None, datum, crs, encoding)[0]["code"])
        if set_name is not None:
            taken |= _codes_of_set(set_name, db)
        if parent is not None:
            areas = _read(parent, parent_code_column, None, None, datum, crs, encoding)[0]
            frame["parent_code"] = _parents_by_place(frame, areas)
        numbered = assign_codes(frame, scheme=rule, used=taken, front=front)
        # a grid without a name of its own is called by its code, as everywhere
        numbered["name"] = numbered["name"].where(numbered["name"].notna(), numbered["code"])
        write_boundaries(numbered, out)
    common.say("codes_numbered", count=bare, grids=len(numbered), file=out.name)


def _read(
    file: Path,
    code_column: str | None,
    parent_column: str | None,
    layer: str | None,
    datum: str | None,
    crs: str | None,
    encoding: str | None,
    *,
    uncoded: bool = False,
) -> "tuple[gpd.GeoDataFrame, Report]":
    """Read boundaries; give them and the findings of the file that are no matter of a missing code."""
    from gridmap.crs import parse_datum
    from gridmap.domain.rules import report
    from gridmap.files.boundaries import read_boundaries

    with common.progress(file.name):
        source = read_boundaries(
            file,
            settings=common.settings(),
            layer=layer,
            encoding=encoding,
            crs=crs,
            datum=parse_datum(datum) if datum else None,
            code_column=code_column,
            parent_column=parent_column,
            uncoded=uncoded,
        )
    if uncoded:
        return source.frame, report(f for f in source.report if f.rule != "missing_code")
    return source.frame, source.beyond_frame


def _parents_by_place(frame: "gpd.GeoDataFrame", areas: "gpd.GeoDataFrame") -> list[str | None]:
    """Give each grid the code of the area that it has most ground in common with."""
    from gridmap.analysis.nesting import owners_by_place
    from gridmap.analysis.plane import read_plane

    _, plane = read_plane(frame)
    _, above = read_plane(areas, epsg=plane.epsg)
    found: list[str | None] = [None] * len(frame)
    for row, owner in zip(plane.rows.tolist(), owners_by_place(plane, above).tolist(), strict=True):
        found[row] = above.codes[owner] if owner >= 0 else None
    return found


def _codes_of_set(name: str, db: str | None) -> set[str]:
    """Gather the codes of every version of a set."""
    from gridmap.errors import NotFound

    with common.opened(db, existing=True) as store, store.unit_of_work() as work:
        if work.boundaries.find_set(name) is None:
            raise NotFound("set_unknown", known=", ".join(sorted(s.name for s in work.boundaries.list_sets())))
        versions = work.boundaries.list_versions(name)
        return {code for version in versions for code in work.boundaries.grids(version)["code"]}


def _counts(report: "Report") -> dict[str, int]:
    return {name: report.facts[name] for name in ("grids", "areas", "fullest", "limit")}
