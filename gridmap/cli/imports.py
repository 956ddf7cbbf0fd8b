"""``gridmap import``: rehearse, show every finding, write only with --commit."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.common import (
    CommitOption,
    CrsOption,
    DatumOption,
    DbOption,
    EncodingOption,
    FileArgument,
    RewriteOption,
)
from gridmap.i18n import text

if TYPE_CHECKING:
    import geopandas as gpd

    from gridmap.services.boundaries import ImportOutcome
    from gridmap.services.patrols import FixScreen
    from gridmap.services.points import PointsOutcome
    from gridmap.services.ports import Store
    from gridmap.services.responsibility import Plans

app = typer.Typer(no_args_is_help=True, help="Bring in boundaries, incidents, patrols, people, layers. 导入数据。")


@app.command()
def boundaries(
    file: FileArgument,
    set_name: Annotated[str, typer.Option("--set", help="Name of the boundary set.")],
    level: Annotated[str, typer.Option("--level", help="Name of the level in this file, such as street or grid.")],
    code_column: Annotated[str, typer.Option("--code-column", help="Column that holds the codes.")],
    name_column: Annotated[str | None, typer.Option("--name-column")] = None,
    parent_column: Annotated[str | None, typer.Option("--parent-column", help="Column with the parent's code.")] = None,
    kind_column: Annotated[str | None, typer.Option("--kind-column", help="Column with zone, town, street ...")] = None,
    households_column: Annotated[str | None, typer.Option("--households-column")] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer of a file with several.")] = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    valid_from: Annotated[str | None, typer.Option("--valid-from", help="First day in force.", metavar="DATE")] = None,
    accept_findings: Annotated[
        str | None,
        typer.Option(
            "--accept-findings", help="Publish in spite of holes and overlaps, for this reason.", metavar="WHY"
        ),
    ] = None,
    rewrite: RewriteOption = None,
    draft: Annotated[bool, typer.Option("--draft", help="Leave it as a draft instead of publishing it.")] = False,
    points: Annotated[bool, typer.Option("--points", help="Points may stand in for areas of this new level.")] = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import one level of a boundary set; its other levels stay as they are. 导入边界。"""
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_boundaries
    from gridmap.services.boundaries import import_boundaries

    with common.refusing():
        settings = common.settings()
        day = common.parse_day(valid_from)
        with common.progress(file.name):
            source = read_boundaries(
                file,
                settings=settings,
                layer=layer,
                encoding=encoding,
                crs=crs,
                datum=parse_datum(datum) if datum else None,
                code_column=code_column,
                name_column=name_column,
                parent_column=parent_column,
                kind_column=kind_column,
                households_column=households_column,
                points=points,
            )
        if not len(source.frame) and source.report.errors:  # nothing is left that could be checked
            common.conclude(source.report, committed=False)
        with common.opened(db, rehearsal=not commit) as store, common.progress(file.name):
            outcome = import_boundaries(
                store,
                source.frame,
                set_name=set_name,
                level=level,
                now=common.now(),
                settings=settings,
                valid_from=day,
                file_report=source.beyond_frame,
                note=accept_findings or "",
                accept_findings=bool(accept_findings),
                rewrite=rewrite or "",
                as_draft=draft,
                points=points,
                commit=commit,
            )
        _say_boundaries(outcome)
        if outcome.version and draft:
            common.say("drafted", set=set_name, number=outcome.version.number)
            return
        if outcome.blocking:
            common.complain("blocked", count=len(outcome.blocking))
            raise typer.Exit(common.FINDINGS)
        if outcome.version:
            common.say("published", set=set_name, number=outcome.version.number, day=common.first_day(outcome.version))
            if outcome.publication:
                common.say_changes(outcome.publication)
        elif not outcome.unchanged:
            common.say("rehearsal")


def _say_boundaries(outcome: "ImportOutcome") -> None:
    common.say("import_boundaries", count=outcome.grids, level=outcome.level, set=outcome.boundary_set.name)
    if outcome.carried:
        common.say("import_carried", count=outcome.carried)
    if outcome.unchanged:
        common.say("import_unchanged", number=outcome.replaces.number if outcome.replaces else 0)
    elif outcome.replaces:
        common.say("import_replaces", number=outcome.replaces.number, day=outcome.valid_from.isoformat())
    common.say("findings", count=len(outcome.report), errors=len(outcome.report.errors))
    common.print_report(outcome.report)


LonOption = Annotated[str | None, typer.Option("--lon-column", help="Column of longitudes.")]
LatOption = Annotated[str | None, typer.Option("--lat-column", help="Column of latitudes.")]
TimeOption = Annotated[str | None, typer.Option("--time-column", help="Column of times.")]
SkipOption = Annotated[bool, typer.Option("--skip-bad", help="Leave out rows with findings, import the others.")]


@app.command()
def incidents(
    file: FileArgument,
    lon_column: LonOption = None,
    lat_column: LatOption = None,
    time_column: TimeOption = None,
    category_column: Annotated[str | None, typer.Option("--category-column", help="Column of categories.")] = None,
    id_column: Annotated[str | None, typer.Option("--id-column", help="Column of stable numbers.")] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="Category of a file without such a column.")
    ] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    skip_bad: SkipOption = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import incidents and join each to the grid of its day. 导入事件。"""
    from gridmap.services.incidents import ContentIds, import_incidents

    columns = {"lon": lon_column, "lat": lat_column, "time": time_column, "category": category_column, "id": id_column}
    job = PointsJob(file, "incidents", columns, datum, encoding, skip_bad, commit, db, category)
    _import_points(job, import_incidents, make_ids=ContentIds().of)


@app.command()
def patrols(
    file: FileArgument,
    lon_column: LonOption = None,
    lat_column: LatOption = None,
    time_column: TimeOption = None,
    unit_column: Annotated[str | None, typer.Option("--unit-column", help="Column of workers or vehicles.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Whose fixes all of the file are.")] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    skip_bad: SkipOption = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import patrol fixes, join each to the grid of its day, and say what cleaning makes of them. 导入巡查轨迹点。"""
    from gridmap.services.patrols import FixScreen, import_fixes

    columns = {"lon": lon_column, "lat": lat_column, "time": time_column, "unit": unit_column}
    job = PointsJob(file, "fixes", columns, datum, encoding, skip_bad, commit, db, unit=unit)
    screens: list[FixScreen] = []

    def screened(store: "Store", *args: Any, **kwargs: Any) -> "PointsOutcome":
        screens.append(FixScreen(store, kwargs["settings"], common.now()))
        return import_fixes(store, *args, **kwargs, screen=screens[0])

    _import_points(job, screened, after=lambda plans: _say_screen(screens[0], plans))


def _say_screen(screen: "FixScreen", plans: "Plans") -> None:
    for code, count in sorted(screen.refused.items()):
        common.say("fixes_refused", count=count, why=text(f"error.{code}", common.language()))
    found = screen.cleaned(plans)
    for word, count in () if found is None else found.verdicts.items():
        if count:
            common.say("fixes_verdict", count=count, what=text(f"verdict.{word}", common.language()))
    if found is not None and found.stops + found.gaps:
        common.say("fixes_stops", stops=found.stops, gaps=found.gaps, hours=found.gap_seconds / 3600)


@dataclass(frozen=True, slots=True)
class PointsJob:
    """What an import of points was asked to do."""

    file: Path
    kind: str
    columns: dict[str, str | None]
    datum: str | None
    encoding: str | None
    skip_bad: bool
    commit: bool
    db: str | None
    category: str | None = None
    unit: str | None = None


def _import_points(
    job: PointsJob,
    take: "Callable[..., PointsOutcome]",
    make_ids: "Callable[[gpd.GeoDataFrame], list[str]] | None" = None,
    after: "Callable[[Plans], None]" = lambda plans: None,
) -> None:
    from gridmap.crs import parse_datum
    from gridmap.files.records import read_records
    from gridmap.services.responsibility import Plans

    with common.refusing():
        settings = common.settings()
        records = read_records(
            job.file,
            kind=job.kind,
            settings=settings,
            columns=job.columns,
            datum=parse_datum(job.datum),
            encoding=job.encoding,
            category=job.category,
            make_ids=make_ids,
            unit=job.unit,
        )
        with (
            common.opened(job.db, rehearsal=not job.commit) as store,
            common.progress(job.file.name, records.total) as advance,
        ):
            plans = Plans(store)
            outcome = take(
                store,
                plans,
                records.batches(advance),
                settings=settings,
                commit=lambda: job.commit and (job.skip_bad or not records.bad),
            )
            after(plans)
    common.say_points(outcome, records, records.bad)
    if records.bad and not job.skip_bad:
        common.complain("points_blocked", count=records.bad)
        raise typer.Exit(common.FINDINGS)
    common.say("committed" if outcome.committed else "rehearsal")
