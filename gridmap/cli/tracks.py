"""``gridmap tracks``: where the units of a file of fixes were, and for how long."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, CrsOption, DatumOption, DbOption, EncodingOption, SetOption
from gridmap.cli.whose import (
    BoundariesDatumOption,
    CodeColumnOption,
    GridsOption,
    LayerOption,
    VersionOption,
    chosen_locator,
    say_examples,
)
from gridmap.i18n import text

if TYPE_CHECKING:
    from gridmap.analysis.locator import Locator
    from gridmap.analysis.tracks import Fixes
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
    grids: GridsOption = None,
    code_column: CodeColumnOption = None,
    layer: LayerOption = None,
    crs: CrsOption = None,
    boundaries_datum: BoundariesDatumOption = None,
    set_name: SetOption = None,
    at: AtOption = None,
    version: VersionOption = None,
    lon_column: Annotated[str | None, typer.Option("--lon-column")] = None,
    lat_column: Annotated[str | None, typer.Option("--lat-column")] = None,
    time_column: Annotated[str | None, typer.Option("--time-column")] = None,
    unit_column: Annotated[str | None, typer.Option("--unit-column")] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Leave out what cannot be right, let stops stand still, and say so.")
    ] = False,
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
        locator = chosen_locator(
            grids, code_column, layer, crs, boundaries_datum, db, set_name, at, version, False, settings
        )
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
        if clean:
            read = _cleaned(read, locator)
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
    say_examples(examples)


def _cleaned(fixes: "Fixes", locator: "Locator") -> "Fixes":
    from gridmap.analysis.cleaning import clean

    found = clean(fixes, now=common.now(), ground=None if locator.metric else locator)
    for word, count in found.summary.verdicts.items():
        if count:
            common.say("fixes_verdict", count=count, what=text(f"verdict.{word}", common.language()))
    return found.used
