"""``gridmap import layer`` and ``context``: what maps show beside the grids."""

from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, CrsOption, DatumOption, DbOption, EncodingOption, FileArgument, SetOption
from gridmap.cli.import_people import DayOption, say_days


def context(
    file: FileArgument,
    kind_column: Annotated[str, typer.Option("--kind-column", help="Says water, road, green or coast.")] = "kind",
    name_column: Annotated[str | None, typer.Option("--name-column")] = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import water, roads and green for the maps; the file replaces the former context. 导入底图要素。"""
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_context

    with common.refusing():
        source = read_context(
            file,
            settings=common.settings(),
            kind_column=kind_column,
            name_column=name_column,
            crs=crs,
            datum=parse_datum(datum) if datum else None,
            encoding=encoding,
        )
        committed = commit and not source.report.errors
        if committed:
            with common.opened(db) as store, store.unit_of_work() as work:
                work.context.replace(source.frame)
                work.commit()
    common.say("import_context", count=len(source.frame))
    common.conclude(source.report, committed)


def layer(
    file: FileArgument,
    name: Annotated[str, typer.Option("--name", help="Name of the layer, such as hydrants.")],
    title: Annotated[str, typer.Option("--title", help="What the layer is called on maps.")] = "",
    code_column: Annotated[str | None, typer.Option("--code-column", help="Column that holds the codes.")] = None,
    name_column: Annotated[str | None, typer.Option("--name-column")] = None,
    state_column: Annotated[str | None, typer.Option("--state-column", help="Says planned, built or open.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="One state for the whole file.")] = None,
    source_layer: Annotated[str | None, typer.Option("--layer", help="Layer of a file with several.")] = None,
    set_name: SetOption = None,
    valid_from: DayOption = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import facilities or thematic zones: from that day on, the file is the layer. 导入设施和专题区图层。"""
    from gridmap.crs import parse_datum
    from gridmap.domain.features import FeatureLayer
    from gridmap.files.layers import parse_state, read_layer
    from gridmap.services.features import import_layer
    from gridmap.services.points import primary_set
    from gridmap.services.responsibility import Plans

    with common.refusing():
        settings = common.settings()
        day = common.parse_day(valid_from)
        with common.progress(file.name):
            source = read_layer(
                file,
                settings=settings,
                state=parse_state(state),
                code_column=code_column,
                name_column=name_column,
                state_column=state_column,
                layer=source_layer,
                encoding=encoding,
                crs=crs,
                datum=parse_datum(datum) if datum else None,
            )
        with common.opened(db, rehearsal=not commit) as store, common.progress(file.name):
            plans = Plans(store)
            home = plans.resolve_set(set_name) if set_name else primary_set(plans, settings)
            outcome = import_layer(
                store,
                plans,
                home,
                FeatureLayer(name, title),
                source.frame,
                today=common.today(settings),
                settings=settings,
                valid_from=day,
                file_report=source.report,
                commit=commit,
            )
    common.say("import_layer", count=outcome.features, layer=outcome.layer.name)
    say_days(outcome.valid_from, outcome.valid_to)
    common.conclude(outcome.report, outcome.committed)
