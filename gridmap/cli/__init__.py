"""Commands for the shell; they show the change and write only with --commit."""

import typer

from gridmap.cli import (
    accounts,
    ask,
    audit,
    basemap,
    books,
    case_feed,
    check,
    codes,
    crosswalk,
    db,
    import_cases,
    import_layers,
    import_people,
    imports,
    join,
    maps,
    patrols,
    prints,
    propose,
    release,
    report,
    serve,
    sets,
    tracks,
    versions,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Who is responsible for this point, what happens where, and what is nobody looking at. 网格化管理。",
)
imports.app.command()(import_cases.cases)
imports.app.command()(import_people.staff)
imports.app.command()(import_people.profiles)
imports.app.command()(import_people.shifts)
imports.app.command()(import_layers.layer)
imports.app.command()(import_layers.context)
app.add_typer(imports.app, name="import")
# a longitude west of Greenwich looks like an option
app.command(context_settings={"ignore_unknown_options": True})(ask.locate)
app.command()(join.join)
app.command()(tracks.tracks)
app.command()(check.check)
app.command()(crosswalk.crosswalk)
app.command()(prints.sheet)
app.command()(prints.plan_sheet)
app.command()(report.report)
app.command()(release.release)
app.command("map")(maps.draw_map)
app.add_typer(codes.app, name="codes")
app.add_typer(basemap.app, name="basemap")
app.add_typer(propose.app, name="propose")
app.add_typer(sets.app, name="set")
app.add_typer(versions.app, name="version")
app.add_typer(patrols.app, name="patrols")
app.add_typer(db.app, name="db")
app.add_typer(accounts.app, name="accounts")
app.add_typer(audit.app, name="audit")
app.add_typer(books.app, name="book")
app.command()(books.import_places)
app.command("case-feed")(case_feed.case_feed)
app.command()(serve.serve)
app.command()(serve.demo)


def main() -> None:
    """Run the command line."""
    app()
