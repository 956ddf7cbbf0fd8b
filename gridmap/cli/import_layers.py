"""``gridmap import context``: what maps show beside the grids."""

from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, CrsOption, DatumOption, DbOption, EncodingOption, FileArgument


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
