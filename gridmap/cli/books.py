"""``gridmap book``: the tables that a city brings; ``gridmap import-places``: places that have a name."""

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, CommitOption, CrsOption, DatumOption, DbOption, EncodingOption, FileArgument

app = typer.Typer(
    no_args_is_help=True,
    help="Tables of the city, each from a day on: limits, rules, services, patrols. 城市业务表。",
)

KindArgument = Annotated[
    str, typer.Argument(metavar="KIND", help="limits, rules, calendar, alerts, evaluation, provision or patrols.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Where it comes from, such as the notice of the city.")]
RestOption = Annotated[bool, typer.Option("--accept-rest", help="Leave out rows that cannot be read.")]


@app.command("import")
def import_(
    kind: KindArgument,
    file: FileArgument,
    valid_from: Annotated[
        str | None, typer.Option("--from", help="First day on which it holds.", metavar="DATE")
    ] = None,
    note: NoteOption = "",
    accept_rest: RestOption = False,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import a table that holds from a day on; rows of limits that cannot be read are told one by one. 导入业务表。"""
    from gridmap.errors import InvalidInput
    from gridmap.services.case_books import put_book, reader_of
    from gridmap.services.clock import SystemClock

    with common.refusing():
        reader_of(kind)
        day = common.parse_day(valid_from)
        if day is None:
            raise InvalidInput("book_needs_day")
        content = _limits(file, encoding, accept_rest) if kind == "limits" else _text(file, encoding)
        with common.opened(db, existing=True) as store:
            put_book(store, kind, content, valid_from=day, note=note, clock=SystemClock(), commit=commit)
    common.say("book_from", kind=kind, day=day.isoformat())
    common.say("committed" if commit else "rehearsal")


def _limits(file: Path, encoding: str | None, accept_rest: bool) -> str:
    """Read a city's table of limits; what cannot be read ends the command, or is left out."""
    from gridmap.files.limits import read_limit_file

    table, problems = read_limit_file(file, settings=common.settings(), encoding=encoding)
    if problems:
        key = "book_problems" if accept_rest and table.rows else "book_refused"
        common.complain(key, count=len({p.row for p in problems}))
        for problem in problems:
            typer.echo(f"  {problem.message(common.language())}", err=True)
        if key == "book_refused":
            raise typer.Exit(common.FINDINGS)
    common.say("book_read", count=len(table.rows))
    return table.to_csv()


def _text(file: Path, encoding: str | None) -> str:
    from gridmap.files.rows import read_table

    return read_table(file, most=_MAX_BYTES, encoding=encoding)


_MAX_BYTES = 1_000_000


@app.command("list")
def list_(db: DbOption = None) -> None:
    """List the tables that were imported, and which kinds come from the package. 列出业务表。"""
    from gridmap.domain.boundaries import ALWAYS
    from gridmap.services.case_books import READERS

    with common.refusing(), common.opened(db, existing=True) as store, store.unit_of_work() as work:
        books = work.books.list_books()
    for book in books:
        key = "book_kept" if book.valid_from == ALWAYS else "book_line"
        common.say(key, kind=book.kind, day=book.valid_from.isoformat(), note=book.note)
    for kind in sorted(READERS.keys() - {book.kind for book in books}):
        common.say("book_packaged", kind=kind)


@app.command()
def show(kind: KindArgument, at: AtOption = None, db: DbOption = None) -> None:
    """Print the table that is valid on a day, as it can be imported again. 显示某日生效的业务表。"""
    from gridmap.services.case_books import text_at

    with common.refusing():
        day = common.parse_day(at) or common.today(common.settings())
        with common.opened(db, existing=True) as store, store.unit_of_work() as work:
            content = text_at(work, kind, day)
    typer.echo(content, nl=False)


def import_places(
    file: FileArgument,
    note: NoteOption = "",
    accept_rest: RestOption = False,
    datum: DatumOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import the standard places that address texts are looked up in, in place of the former ones. 导入标准地点。"""
    from gridmap.crs import parse_datum
    from gridmap.files.places import read_places
    from gridmap.services.clock import SystemClock
    from gridmap.services.places import import_places as keep

    with common.refusing():
        stated = parse_datum(datum) if datum is not None else None
        places, report = read_places(file, settings=common.settings(), datum=stated, encoding=encoding, crs=crs)
        writes = commit and (accept_rest or not report.errors)
        with common.opened(db, existing=True) as store:
            count = keep(store, places, note=note, clock=SystemClock(), commit=writes)
    common.say("places_read", count=count)
    if report.errors and accept_rest:
        common.say("findings", count=len(report), errors=len(report.errors))
        common.print_report(report)
        common.say("committed" if commit else "rehearsal")
    else:
        common.conclude(report, writes)
