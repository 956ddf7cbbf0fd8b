"""``gridmap crosswalk``: which grids of one plan agree with, contain or cross which of another."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.check import Format
from gridmap.cli.common import CrsOption, DatumOption, DbOption, EncodingOption, SetOption
from gridmap.errors import InvalidInput, NotFound
from gridmap.i18n import text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gridmap.settings import Settings

#: So many pairs that cross are printed; the list has all.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two plans: its grids of one level, and how many features the file, or rows the version, has."""

    name: str
    frame: "gpd.GeoDataFrame"
    rows: int


def crosswalk(
    first: Annotated[Path | None, typer.Argument(metavar="[A", help="Boundaries of the first plan.")] = None,
    second: Annotated[Path | None, typer.Argument(metavar="B]", help="Boundaries of the second plan.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the list here: .csv or .parquet.")] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", help="Write the common ground here: .geojson, .gpkg, .fgb, .parquet.")
    ] = None,
    code_column: Annotated[str | None, typer.Option("--code-column", help="Column of codes in the first file.")] = None,
    with_code_column: Annotated[str | None, typer.Option("--with-code-column", help="... in the second file.")] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer of the first file.")] = None,
    with_layer: Annotated[str | None, typer.Option("--with-layer", help="Layer of the second file.")] = None,
    datum: DatumOption = None,
    with_datum: Annotated[
        str | None, typer.Option("--with-datum", help="What degrees of the second file mean.", metavar="DATUM")
    ] = None,
    crs: CrsOption = None,
    with_crs: Annotated[
        str | None, typer.Option("--with-crs", help="CRS of the second file.", metavar="EPSG:n")
    ] = None,
    encoding: EncodingOption = None,
    set_name: SetOption = None,
    with_set: Annotated[
        str | None, typer.Option("--with-set", help="Set of the second plan; the same without it.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Day of the plans; today without it.", metavar="DATE")] = None,
    with_at: Annotated[
        str | None, typer.Option("--with-at", help="Day of the second plan, where it is another.", metavar="DATE")
    ] = None,
    level: Annotated[str | None, typer.Option("--level", help="Level; the finest without it.")] = None,
    with_level: Annotated[str | None, typer.Option("--with-level", help="Level of the second plan.")] = None,
    form: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
    db: DbOption = None,
) -> None:
    """List which grids of two plans agree, contain or cross each other: two files, or two sets or days of a store.

    Exit status: 0 done, 2 could not. 对照两套网格：哪些一致、包含、交叉。
    """
    from gridmap.analysis.crosswalk import crosswalk as compare

    with common.refusing():
        settings = common.settings()
        _require_outputs(out, map_, *(f for f in (first, second) if f))
        if first is not None and second is not None and not any((set_name, with_set, at, with_at, level, with_level)):
            one = _of_file(first, settings, code_column, layer, datum, crs, encoding)
            two = _of_file(second, settings, with_code_column, with_layer, with_datum, with_crs, encoding)
        elif first is None and second is None:
            one, two = _of_store(db, settings, (set_name, with_set), (at, with_at), (level, with_level))
        else:
            raise InvalidInput("crosswalk_sides")
        with common.progress("crosswalk"):
            table = compare(one.frame, two.frame, sliver_width_m=settings.sliver_width_m, shapes=map_ is not None)
        table["area_m2"] = table["area_m2"].round(3)
        table[["a_share", "b_share"]] = table[["a_share", "b_share"]].round(6)
        if out is not None:
            _write_list(table, out)
        if map_ is not None:
            _write_map(table, map_)
    if form is Format.JSON:
        rows = table[["a_code", "b_code", "relation", "area_m2", "a_share", "b_share"]].astype(object)
        records = rows.where(rows.notna(), None).to_dict("records")
        typer.echo(json.dumps({"rows": records, "summary": table.attrs["summary"]}, ensure_ascii=False))
    else:
        _print(table, one, two, out, map_)


def _require_outputs(out: Path | None, map_: Path | None, *sources: Path) -> None:
    for target in (out, map_):
        if target is not None:
            common.require_other_file(target, *sources)
    if out is not None and map_ is not None:
        common.require_other_file(map_, out)


def _of_file(
    file: Path,
    settings: "Settings",
    code_column: str | None,
    layer: str | None,
    datum: str | None,
    crs: str | None,
    encoding: str | None,
) -> _Side:
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_boundaries

    stated = parse_datum(datum) if datum else None
    with common.progress(file.name):
        source = read_boundaries(
            file, settings=settings, code_column=code_column, layer=layer, crs=crs, datum=stated, encoding=encoding
        )
    return _Side(file.name, source.frame, int(source.source["features"]))


def _of_store(
    db: str | None,
    settings: "Settings",
    sets: tuple[str | None, str | None],
    days: tuple[str | None, str | None],
    levels: tuple[str | None, str | None],
) -> tuple[_Side, _Side]:
    """Read both plans in one unit of work; the second takes after the first what is not said of it."""
    from gridmap.services.responsibility import Plans

    if sets[1] is None and days[1] is None and levels[1] is None:
        raise InvalidInput("crosswalk_sides")
    first_day = common.parse_day(days[0]) or common.today(settings)
    second_day = common.parse_day(days[1]) or first_day
    with common.opened(db, existing=True) as store:
        plans = Plans(store)
        one = plans.resolve_set(sets[0], settings.default_set)
        two = one if sets[1] is None else plans.resolve_set(sets[1])
        found = []
        with store.unit_of_work() as work:
            wanted = levels[1] or (levels[0] if two.name == one.name else None)
            for boundary_set, day, level in ((one, first_day, levels[0]), (two, second_day, wanted)):
                version = work.boundaries.version_at(boundary_set.name, day)
                if version is None:
                    raise NotFound("no_version_at", day=day.isoformat())
                known = [each.name for each in boundary_set.levels]
                if level is not None and level not in known:
                    raise InvalidInput("level_not_in_set", known=", ".join(known))
                name = level or boundary_set.leaf.name
                title = text("cli.crosswalk.side", common.language(), set=version.set_name, number=version.number)
                frame = work.boundaries.grids(version, name)
                found.append(_Side(title, frame, len(frame)))
    return found[0], found[1]


def _write_list(table: "pd.DataFrame", out: Path) -> None:
    import pyarrow as pa

    from gridmap.files.write import open_writer

    columns: list[tuple[str, Any]] = [(name, pa.string()) for name in ("a_code", "b_code", "relation")]
    columns += [(name, pa.float64()) for name in ("area_m2", "a_share", "b_share")]
    schema = pa.schema(columns)
    rows = pa.Table.from_pandas(table[schema.names], schema=schema, preserve_index=False).replace_schema_metadata(None)
    with open_writer(out, schema) as writer:
        writer.write(rows)


def _write_map(table: "pd.DataFrame", out: Path) -> None:
    import geopandas as gpd

    from gridmap.files.write import write_boundaries

    write_boundaries(gpd.GeoDataFrame(table), out)


def _print(table: "pd.DataFrame", one: _Side, two: _Side, out: Path | None, map_: Path | None) -> None:
    words, summary = common.language(), table.attrs["summary"]
    for side, grids in ((one, summary["a"]), (two, summary["b"])):
        common.say("crosswalk.plan", name=side.name, grids=grids)
        if side.rows > grids:
            common.say("crosswalk.left_out", count=side.rows - grids)
    for relation, count in summary["pairs"].items():
        if count:
            word = text(f"crosswalk.{relation}", words)
            common.say("crosswalk.relation", relation=word, count=count, m2=summary["m2"][relation])
    crossing = table[table["relation"] == "crosses"].sort_values("area_m2", ascending=False, kind="stable")
    for row in crossing[:_SHOWN].itertuples():
        common.say("crosswalk.crossing", a=row.a_code, b=row.b_code, m2=row.area_m2)
    if len(crossing) > _SHOWN:
        common.say("crosswalk.more_crossing", count=len(crossing) - _SHOWN)
    for target in (out, map_):
        if target is not None:
            common.say("crosswalk.written", file=target.name)
