"""What all commands share: settings, the store, messages, progress."""

import locale
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError

from gridmap.errors import GridmapError, InvalidInput, NotFound
from gridmap.i18n import Language, as_language, text
from gridmap.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from gridmap.analysis.responsibility import JoinSummary
    from gridmap.domain.boundaries import BoundaryVersion
    from gridmap.domain.rules import Report
    from gridmap.files.records import Records
    from gridmap.services.cases.importing import CasesOutcome
    from gridmap.services.points import PointsOutcome
    from gridmap.services.ports import Store
    from gridmap.services.publishing import Publication

#: Nothing could be read or done; findings alone end with 1.
CANNOT = 2
FINDINGS = 1

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")]
DbOption = Annotated[str | None, typer.Option("--db", help="Store: a file name or an SQLAlchemy URL.", metavar="URL")]
SetOption = Annotated[str | None, typer.Option("--set", help="Boundary set; needed where there are several.")]
AtOption = Annotated[str | None, typer.Option("--at", help="Day to answer for; today without it.", metavar="DATE")]
DatumOption = Annotated[
    str | None, typer.Option("--datum", help="What degrees mean: wgs84, cgcs2000, gcj02, bd09.", metavar="DATUM")
]
CrsOption = Annotated[str | None, typer.Option("--crs", help="CRS of a file that states none.", metavar="EPSG:n")]
RewriteOption = Annotated[
    str | None,
    typer.Option(
        "--rewrite", help="Change days that have passed, or a scheduled version, for this reason.", metavar="WHY"
    ),
]
CommitOption = Annotated[bool, typer.Option("--commit", help="Write; without it this is a rehearsal.")]
EncodingOption = Annotated[str | None, typer.Option("--encoding", help="Text encoding of the file: utf-8, gb18030.")]


def language() -> Language:
    """Give the language of messages: GRIDMAP_LANGUAGE, else the shell's locale, else the setting's default."""
    if "GRIDMAP_LANGUAGE" in os.environ:
        # not from the settings: the message that a setting is wrong needs a language too
        return as_language(os.environ["GRIDMAP_LANGUAGE"])
    stated = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0]
    return as_language(stated, default="en" if stated in (None, "C", "C.UTF-8", "POSIX") else "zh")


def settings(**changes: Any) -> Settings:
    """Read the settings, with options of the command line over them.

    Raises
    ------
    InvalidInput
        ``bad_setting``, naming the environment variables.
    """
    try:
        return Settings(**{k: v for k, v in changes.items() if v is not None})
    except ValidationError as error:
        names = sorted({f"GRIDMAP_{'_'.join(str(x) for x in e['loc'][:1])}".upper() for e in error.errors()})
        raise InvalidInput("bad_setting", names=", ".join(names)) from None


def store_url(db: str | None) -> str:
    """Give the URL of the store: a plain file name means an embedded store."""
    if db is None:
        return settings().database_url
    return db if "://" in db else f"sqlite:///{db}"


@contextmanager
def opened(db: str | None, *, existing: bool = False, rehearsal: bool = False, told: bool = True) -> Iterator["Store"]:
    """Open the store for one command and close it afterwards.

    Parameters
    ----------
    existing : bool
        Never make a new file.
    rehearsal : bool
        Where there is no file yet, rehearse on one that goes away afterwards.
    told : bool
        What is written stands in the trail as done by the operator; False: the command sees to that itself.

    Raises
    ------
    NotFound
        ``store_missing``.
    """
    from gridmap.store.engine import open_store

    url = store_url(db)
    missing = url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file()
    if existing and missing:
        raise NotFound("store_missing")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/rehearsal.gpkg" if rehearsal and missing else url)
        try:
            yield _telling(store) if told else store
        finally:
            store.close()


def _telling(store: "Store") -> "Store":
    from gridmap.domain.access import OPERATOR
    from gridmap.services.clock import SystemClock
    from gridmap.services.guarded import GuardedStore

    clock = SystemClock()
    found: Store = GuardedStore(store, OPERATOR, clock=clock, day=today(settings()))
    return found


def word(key: str) -> str:
    """Give a text of the catalogue without fields."""
    return text(f"cli.{key}", language())


def say(key: str, /, **fields: Any) -> None:
    """Print a line of the catalogue."""
    typer.echo(text(f"cli.{key}", language(), **fields))


def complain(key: str, /, **fields: Any) -> None:
    """Print a line of the catalogue to standard error."""
    typer.echo(text(f"cli.{key}", language(), **fields), err=True)


def fail(error: GridmapError) -> NoReturn:
    """Print an error in the reader's language and end with the status for "could not"."""
    typer.echo(f"{text('cli.error', language())}: {error.message(language())} [{error.code}]", err=True)
    raise typer.Exit(CANNOT)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn every gridmap error inside into its message and exit status."""
    try:
        yield
    except GridmapError as error:
        fail(error)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a request to end (SIGTERM) unwind like Ctrl-C does, so that files half written are removed."""

    def leave(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def now() -> datetime:
    """Give the present."""
    from gridmap.services.clock import SystemClock

    return SystemClock().now()


def today(settings: Settings) -> date:
    """Give the calendar day in the district."""
    from gridmap.services.clock import day_in

    return day_in(now(), settings.time_zone)


def parse_day(value: str | None) -> date | None:
    """Read a YYYY-MM-DD day."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidInput("bad_date") from None


def parse_moment(value: str | None, settings: Settings) -> datetime | None:
    """Read a day or a time; without an offset it is one of the district, and a day its first moment."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidInput("bad_time") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(settings.time_zone))


class Meter:
    """Moves a bar on by so many rows at every call; without a terminal it does nothing."""

    def __init__(self, bar: "Progress | None" = None, task: int = 0) -> None:
        self._bar, self._task = bar, task

    def __call__(self, rows: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, rows)  # type: ignore[arg-type]

    def expect(self, rows: int) -> None:
        """Say how many rows there will be."""
        if self._bar is not None:
            self._bar.update(self._task, total=rows)  # type: ignore[arg-type]


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Meter]:
    """Show a bar with rate on a terminal; give the function that moves it on by so many rows."""
    if not sys.stderr.isatty():
        yield Meter()
        return
    bar = _bar()
    with bar:
        yield Meter(bar, bar.add_task(label, total=total))


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rows a second, of late."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else text("cli.rate", language(), rows=speed))

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), Remaining())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def print_report(report: "Report", *, limit: int = 50) -> None:
    """Print findings with their place, the worst first, and how many more there are."""
    words = language()
    for finding in report.findings[:limit]:
        severity = text(f"severity.{finding.severity.value}", words)
        source = "" if finding.by is None else f"  [{finding.by.document}]"
        typer.echo(f"  {severity}  {finding.rule}: {finding.message(words)}{source}{place_of(finding.geometry)}")
    if len(report) > limit:
        say("more_findings", count=len(report) - limit)


def conclude(report: "Report", committed: bool) -> None:
    """Print the findings of an import and how it ended; give status 1 where errors stood in the way."""
    say("findings", count=len(report), errors=len(report.errors))
    print_report(report)
    if report.errors:
        complain("errors_in_the_way", count=len(report.errors))
        raise typer.Exit(FINDINGS)
    say("committed" if committed else "rehearsal")


def say_points(outcome: "PointsOutcome | CasesOutcome", records: "Records", bad: int) -> None:
    """Print what became of the rows of a file of points, and the findings of those that could not be read."""
    added = outcome.added
    say("import_points", count=records.rows, added=added.added, duplicates=added.duplicates, bad=bad)
    if outcome.first_at is not None and outcome.last_at is not None:
        say("import_span", first=outcome.first_at.isoformat(), last=outcome.last_at.isoformat())
    say_summary(outcome.summary)
    if records.unused_id_column:
        say("id_column_hint", column=records.unused_id_column)
    print_report(records.report)


def place_of(geometry: Any) -> str:
    """Give a place inside a geometry as lon, lat; nothing where there is none."""
    if geometry is None or geometry.is_empty:
        return ""
    point = geometry.representative_point()
    return f"  @ {point.x:.6f}, {point.y:.6f}"


def require_other_file(out: Path, *sources: Path) -> None:
    """Check that an output is none of the inputs.

    Raises
    ------
    InvalidInput
        ``output_is_input``.
    """
    if any(out.resolve() == source.resolve() for source in sources):
        raise InvalidInput("output_is_input")


def first_day(version: "BoundaryVersion") -> str:
    """Give the first day of a version in words."""
    from gridmap.domain.boundaries import ALWAYS

    return word("always") if version.valid_from == ALWAYS else version.valid_from.isoformat()


def say_changes(done: "Publication") -> None:
    """Print what became of the grids, and how many points changed hands."""
    counted = Counter(zip(done.edges["level"], done.edges["kind"], strict=True))
    for (level, kind), number in sorted(counted.items()):
        say("change", level=level, kind=text(f"lineage.{kind}", language()), count=number)
    if done.incidents or done.fixes:
        say("reowned", incidents=done.incidents, fixes=done.fixes)


def say_summary(summary: "JoinSummary") -> None:
    """Print how the points of a join came to their grids."""
    counts = asdict(summary)
    for part in ("located", "inside", "border", "nearest", "none", "overlapped", "unreadable"):
        if counts[part]:
            say(f"join.{part}", count=counts[part])
