"""``gridmap import cases``: open a case for each row of a file, by the rules that hold for every report."""

from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, DatumOption, DbOption, EncodingOption, FileArgument
from gridmap.cli.imports import LatOption, LonOption, SkipOption, TimeOption


def _column(name: str, what: str) -> object:
    return typer.Option(f"--{name}-column", help=f"Column of {what}.")


def cases(
    file: FileArgument,
    lon_column: LonOption = None,
    lat_column: LatOption = None,
    time_column: TimeOption = None,
    category_column: Annotated[str | None, _column("category", "types: codes or names of the taxonomy")] = None,
    id_column: Annotated[str | None, _column("id", "stable numbers, one a case")] = None,
    channel_column: Annotated[str | None, _column("channel", "channels")] = None,
    kind_column: Annotated[str | None, _column("kind", "report, enquiry, complaint or suggestion")] = None,
    emergency_column: Annotated[str | None, _column("emergency", "yes or no")] = None,
    note_column: Annotated[str | None, _column("note", "what people wrote")] = None,
    address_column: Annotated[str | None, _column("address", "addresses")] = None,
    component_column: Annotated[str | None, _column("component", "codes of components")] = None,
    accuracy_column: Annotated[str | None, _column("accuracy", "the accuracy of the place, in metres")] = None,
    photos_column: Annotated[str | None, _column("photos", "references of photos")] = None,
    reporter_column: Annotated[str | None, _column("reporter", "references of reporters, never names")] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="Category of a file without such a column.")
    ] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Channel of rows that name none.")] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    skip_bad: SkipOption = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Open a case for each row, with who is responsible, its clock, and what could be the same. 导入案件。"""
    from gridmap.crs import parse_datum
    from gridmap.files.records import read_records
    from gridmap.services.cases.importing import import_cases
    from gridmap.services.clock import SystemClock
    from gridmap.services.incidents import ContentIds
    from gridmap.services.responsibility import Plans

    columns = {
        "lon": lon_column, "lat": lat_column, "time": time_column, "category": category_column, "id": id_column,
        "channel": channel_column, "case_kind": kind_column, "emergency": emergency_column, "note": note_column,
        "address": address_column, "component": component_column, "accuracy": accuracy_column,
        "photos": photos_column, "reporter": reporter_column,
    }  # fmt: skip
    with common.refusing():
        settings = common.settings()
        records = read_records(
            file,
            kind="cases",
            settings=settings,
            columns=columns,
            datum=parse_datum(datum),
            encoding=encoding,
            category=category,
            make_ids=ContentIds().of,
        )
        with (
            common.opened(db, rehearsal=not commit) as store,
            common.progress(file.name, records.total) as advance,
        ):
            outcome = import_cases(
                store,
                Plans(store),
                records.batches(advance),
                settings=settings,
                clock=SystemClock(),
                channel=channel,
                commit=lambda bad: commit and (skip_bad or not (records.bad or bad)),
            )
    bad = records.bad + outcome.bad
    common.say_points(outcome, records, bad)
    if outcome.alike:
        common.say("cases_alike", count=outcome.alike)
    common.print_report(outcome.report)
    if bad and not skip_bad:
        common.complain("points_blocked", count=bad)
        raise typer.Exit(common.FINDINGS)
    common.say("committed" if outcome.committed else "rehearsal")
