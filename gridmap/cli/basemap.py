"""``gridmap basemap``: the quiet map beneath the grids, from the city's own roads, water and buildings."""

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, CrsOption, DatumOption, DbOption, EncodingOption, FileArgument

app = typer.Typer(no_args_is_help=True, help="Base maps without a network (PMTiles). 离线底图。")

NameOption = Annotated[str, typer.Option("--name", help="Name of the base map.")]


@app.command("import")
def import_(
    file: FileArgument,
    name: NameOption = "city",
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Kind of all of the file: water, road, green, coast or building."),
    ] = None,
    kind_column: Annotated[str | None, typer.Option("--kind-column")] = None,
    name_column: Annotated[str | None, typer.Option("--name-column")] = None,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
) -> None:
    """Make a base map of a file of roads, water, green and buildings, or take a PMTiles archive. 导入底图。"""
    from gridmap.crs import parse_datum
    from gridmap.files.basemaps import SUFFIX, archive_path, copy_archive, write_archive
    from gridmap.files.boundaries import read_context
    from gridmap.files.pmtiles import check_archive

    with common.refusing():
        settings = common.settings()
        path = archive_path(settings.basemap_dir, name)
        if file.suffix == SUFFIX:
            check_archive(file)
            if commit:
                copy_archive(file, path)
            common.say("basemap_taken", name=name)
            common.say("committed" if commit else "rehearsal")
            return
        source = read_context(
            file,
            settings=settings,
            kind=kind,
            kind_column=kind_column,
            name_column=name_column,
            crs=crs,
            datum=parse_datum(datum) if datum else None,
            encoding=encoding,
        )
        committed = commit and not source.report.errors
        if committed:
            with common.progress(name):
                write_archive(source.frame, path)
    common.say("import_context", count=len(source.frame))
    common.conclude(source.report, committed)


@app.command("export")
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Write the archive here (.pmtiles).")],
    db: DbOption = None,
) -> None:
    """Write the context of the store (gridmap import context) as a base map. 导出底图。"""
    from gridmap.errors import FileError
    from gridmap.files.basemaps import SUFFIX, write_archive

    with common.refusing():
        if out.suffix != SUFFIX:
            raise FileError("output_format", suffix=out.suffix or "-", known=SUFFIX)
        with common.opened(db, existing=True) as store, store.unit_of_work() as work:
            context = work.context.frame()
        with common.progress(out.name):
            made = write_archive(context, out)
    common.say("basemap_line", name=made.name, size=f"{made.size:,}", first=made.first, last=made.last)


@app.command("list")
def list_() -> None:
    """List the base maps; the first is drawn, unless GRIDMAP_BASEMAP names another. 列出底图。"""
    from gridmap.files.basemaps import list_archives

    with common.refusing():
        found = list_archives(common.settings().basemap_dir)
    for archive in found:
        common.say("basemap_line", name=archive.name, size=f"{archive.size:,}", first=archive.first, last=archive.last)
    if not found:
        common.say("basemap_none")
