"""``gridmap join``: a whole file of points and their responsible grids."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, CrsOption, DatumOption, DbOption, EncodingOption, SetOption
from gridmap.errors import InvalidInput

if TYPE_CHECKING:
    from gridmap.analysis.locator import Locator
    from gridmap.domain.rules import Finding
    from gridmap.settings import Settings


class Engine(StrEnum):
    """What runs the join."""

    STREAM = "stream"
    SPARK = "spark"


def join(
    points: Annotated[Path, typer.Argument(metavar="POINTS", help="CSV, (Geo)Parquet or FlatGeobuf of points.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write: .csv or .parquet.")],
    grids: Annotated[
        Path | None, typer.Option("--grids", "--boundaries", help="Boundary file instead of a store.")
    ] = None,
    code_column: Annotated[str | None, typer.Option("--code-column", help="Column of codes in it.")] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer of a boundary file with several.")] = None,
    crs: CrsOption = None,
    boundaries_datum: Annotated[
        str | None, typer.Option("--boundaries-datum", help="What degrees of the boundary file mean.", metavar="DATUM")
    ] = None,
    set_name: SetOption = None,
    at: AtOption = None,
    version: Annotated[int | None, typer.Option("--version", help="Number of a version instead of a day.")] = None,
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
        if grids is not None:
            if set_name or at or version is not None:
                raise InvalidInput("join_grids_twice")
            locator = _locator_of_file(grids, code_column, layer, crs, boundaries_datum, strict, settings)
        else:
            locator = _locator_of_store(db, set_name, at, version, strict, settings)
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
    for finding in examples.values():
        common.say("join.example", rule=finding.rule, message=finding.message(common.language()))


def _options(stated: list[str]) -> dict[str, str]:
    pairs = [option.partition("=") for option in stated]
    if not all(name and equals for name, equals, _ in pairs):
        raise InvalidInput("spark_option")
    return {name: value for name, _, value in pairs}


def _locator_of_file(
    file: Path,
    code_column: str | None,
    layer: str | None,
    crs: str | None,
    datum: str | None,
    strict: bool,
    settings: "Settings",
) -> "Locator":
    from gridmap.analysis.locator import Locator
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_boundaries

    stated = parse_datum(datum) if datum else None
    frame = read_boundaries(file, settings=settings, code_column=code_column, layer=layer, crs=crs, datum=stated).frame
    if strict:
        common.require_no_overlap(frame, settings)
    return Locator.from_frame(frame)


def _locator_of_store(
    db: str | None, set_name: str | None, at: str | None, number: int | None, strict: bool, settings: "Settings"
) -> "Locator":
    from gridmap.services.history import require_version
    from gridmap.services.responsibility import Plans

    if at is not None and number is not None:
        raise InvalidInput("join_at_or_version")
    day = common.parse_day(at) or common.today(settings)
    with common.opened(db, existing=True) as store:
        plans = Plans(store)
        boundary_set = plans.resolve_set(set_name, settings.default_set)
        if number is None:
            plan = plans.at(boundary_set, day)
        else:
            plan = plans.of(boundary_set, require_version(store, boundary_set.name, number))
        if strict:
            leaf = plan.boundary_set.leaf.name
            common.require_no_overlap(plan.frame[plan.frame["level"] == leaf], settings)
        return plan.locator
