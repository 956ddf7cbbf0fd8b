"""``gridmap tracks``: where the units of a file of fixes were, and for how long."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, CrsOption, DatumOption, DbOption, EncodingOption, SetOption
from gridmap.cli.join import _locator_of_file, _locator_of_store
from gridmap.errors import InvalidInput

if TYPE_CHECKING:
    from gridmap.domain.rules import Finding
    from gridmap.files.tracks import TrackRows


class Rows(StrEnum):
    """What one row of the output is."""

    PIECE = "piece"
    VISIT = "visit"
    GRID = "grid"
    EVENT = "event"


def tracks(
    fixes: Annotated[Path, typer.Argument(metavar="FIXES", help="CSV, (Geo)Parquet or FlatGeobuf of fixes.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write: .csv or .parquet.")],
    rows: Annotated[
        Rows, typer.Option("--by", help="A row a piece of the way, a visit, a grid, or an event.")
    ] = Rows.PIECE,
    grids: Annotated[Path | None, typer.Option("--grids", help="Boundary file instead of a store.")] = None,
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
    time_column: Annotated[str | None, typer.Option("--time-column")] = None,
    unit_column: Annotated[str | None, typer.Option("--unit-column")] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    max_gap_s: Annotated[float, typer.Option("--max-gap-s", help="A longer silence is a gap: nothing is split.")] = 300,
    max_speed_m_s: Annotated[
        float, typer.Option("--max-speed-m-s", help="A faster way is a jump: nothing is split.")
    ] = 50,
    confirm_m: Annotated[float, typer.Option("--confirm-m", help="Events: so deep inside counts at once.")] = 15,
    confirm_s: Annotated[float, typer.Option("--confirm-s", help="Events: else it must last so long.")] = 20,
    dwell_s: Annotated[float, typer.Option("--dwell-s", help="Events: tell a stay every so long; 0: never.")] = 600,
    lost_s: Annotated[float, typer.Option("--lost-s", help="Events: a longer silence ends a stay; 0: never.")] = 900,
    db: DbOption = None,
) -> None:
    """Split the ways of units at the borders: metres and seconds by grid. 按网格拆分轨迹：里程与时长。"""
    from gridmap.crs import parse_datum
    from gridmap.files.tracks import read_fixes, write_events, write_tracks

    with common.refusing(), common.stoppable():
        settings = common.settings()
        common.require_other_file(out, fixes, *((grids,) if grids else ()))
        if grids is not None:
            if set_name or at or version is not None:
                raise InvalidInput("join_grids_twice")
            locator = _locator_of_file(grids, code_column, layer, crs, boundaries_datum, False, settings)
        else:
            locator = _locator_of_store(db, set_name, at, version, False, settings)
        examples: dict[str, Finding] = {}
        bad = 0

        def on_bad(finding: "Finding") -> None:
            nonlocal bad
            bad += 1
            examples.setdefault(finding.rule, finding)

        with common.progress(fixes.name) as meter:
            read = read_fixes(
                fixes,
                settings=settings,
                lon_column=lon_column,
                lat_column=lat_column,
                time_column=time_column,
                unit_column=unit_column,
                datum=parse_datum(datum),
                encoding=encoding,
                on_rows=meter,
                on_bad=on_bad,
            )
        if rows is Rows.EVENT:
            rules = {"confirm_m": confirm_m, "confirm_s": confirm_s, "dwell_s": dwell_s, "lost_s": lost_s}
            counts = write_events(read, locator, out, **rules).counts
            common.say("tracks.events", fixes=counts.used, duplicates=counts.duplicates, file=out.name)
        else:
            done = write_tracks(
                read, locator, out, rows=cast("TrackRows", rows.value), max_gap_s=max_gap_s, max_speed_m_s=max_speed_m_s
            )
            common.say("tracks.done", fixes=done.fixes, units=done.units, file=out.name)
            common.say("tracks.split", km=done.length_m / 1000, hours=done.seconds / 3600, segments=done.segments)
            if done.gaps:
                common.say("tracks.gaps", gaps=done.gaps, hours=done.gap_seconds / 3600)
            if done.duplicates:
                common.say("tracks.duplicates", count=done.duplicates)
    if bad:
        common.say("tracks.unreadable", count=bad)
    for finding in examples.values():
        common.say("join.example", rule=finding.rule, message=finding.message(common.language()))
