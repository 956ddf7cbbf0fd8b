"""``gridmap join``: a whole file of points and their responsible grids."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, CrsOption, DatumOption, DbOption, EncodingOption, SetOption
from gridmap.cli.whose import (
    BoundariesDatumOption,
    CodeColumnOption,
    GridsOption,
    LayerOption,
    VersionOption,
    chosen_locator,
    say_examples,
)
from gridmap.errors import InvalidInput

if TYPE_CHECKING:
    from gridmap.domain.rules import Finding


class Engine(StrEnum):
    """What runs the join."""

    STREAM = "stream"
    SPARK = "spark"


def join(
    points: Annotated[Path, typer.Argument(metavar="POINTS", help="CSV, (Geo)Parquet or FlatGeobuf of points.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write: .csv or .parquet.")],
    grids: GridsOption = None,
    code_column: CodeColumnOption = None,
    layer: LayerOption = None,
    crs: CrsOption = None,
    boundaries_datum: BoundariesDatumOption = None,
    set_name: SetOption = None,
    at: AtOption = None,
    version: VersionOption = None,
    lon_column: Annotated[str | None, typer.Option("--lon-column")] = None,
    lat_column: Annotated[str | None, typer.Option("--lat-column")] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    nearest_within_m: Annotated[
        float, typer.Option("--nearest-within-m", min=0, help="Outside every grid, take the nearest one this near.")
    ] = 0.0,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="Which to add: grid_code,method,border_m; grid_code alone is the fastest."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse boundaries that overlap.")] = False,
    engine: Annotated[
        Engine, typer.Option("--engine", help="stream: this machine; spark: a cluster, Parquet to a folder of parts.")
    ] = Engine.STREAM,
    master: Annotated[str, typer.Option("--master", help="Spark's master.", metavar="URL")] = "local[*]",
    spark_options: Annotated[
        list[str] | None, typer.Option("--spark-option", help="A setting of Spark.", metavar="NAME=VALUE")
    ] = None,
    db: DbOption = None,
) -> None:
    """Join each point to its one responsible grid: same rows, same order, three more columns. 给每个点标上责任网格。"""
    from gridmap.crs import parse_datum

    with common.refusing(), common.stoppable():
        settings = common.settings()
        common.require_other_file(out, points, *((grids,) if grids else ()))
        locator = chosen_locator(
            grids, code_column, layer, crs, boundaries_datum, db, set_name, at, version, strict, settings
        )
        # one example a kind of fault is enough to see what is wrong with the file
        examples: dict[str, Finding] = {}
        asked: dict[str, Any] = {
            "settings": settings,
            "lon_column": lon_column,
            "lat_column": lat_column,
            "datum": parse_datum(datum),
            "nearest_within_m": nearest_within_m,
            "columns": [c.strip() for c in columns.split(",")] if columns is not None else None,
            "on_bad": lambda finding: examples.setdefault(finding.rule, finding),
        }
        if engine is Engine.SPARK:
            from gridmap.cluster.join import join_on_spark

            options = _options(spark_options or [])
            summary = join_on_spark(locator, points, out, master=master, options=options, **asked)
        else:
            from gridmap.files.join import join_file

            with common.progress(points.name) as meter:
                summary = join_file(
                    locator, points, out, encoding=encoding, on_total=meter.expect, on_rows=meter, **asked
                )
    common.say("join.done", points=summary.points, file=out.name)
    common.say_summary(summary)
    say_examples(examples)


def _options(stated: list[str]) -> dict[str, str]:
    pairs = [option.partition("=") for option in stated]
    if not all(name and equals for name, equals, _ in pairs):
        raise InvalidInput("spark_option")
    return {name: value for name, _, value in pairs}
