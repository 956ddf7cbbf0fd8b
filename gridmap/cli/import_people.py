"""``gridmap import staff`` and ``profiles``: who is on duty, and what is known of the people of a grid, by day."""

from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, DbOption, EncodingOption, FileArgument, SetOption

if TYPE_CHECKING:
    from datetime import date

DayOption = Annotated[
    str | None,
    typer.Option("--valid-from", help="First day on which the file holds; the first file always held.", metavar="DATE"),
]


def staff(
    file: FileArgument,
    set_name: SetOption = None,
    valid_from: DayOption = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import the people on duty: from that day on, the file takes the place of the former staff. 导入值班人员。"""
    from gridmap.files.staff import read_staff
    from gridmap.services.responsibility import Plans
    from gridmap.services.staff import import_staff

    with common.refusing():
        settings = common.settings()
        day = common.parse_day(valid_from)
        members = read_staff(file, settings=settings, encoding=encoding)
        with common.opened(db, existing=True) as store:
            plans = Plans(store)
            outcome = import_staff(
                store,
                plans,
                plans.resolve_set(set_name, settings.default_set),
                members,
                today=common.today(settings),
                valid_from=day,
                commit=commit,
            )
    common.say("import_staff", members=outcome.members, grids=outcome.grids)
    say_days(outcome.valid_from, outcome.valid_to)
    common.conclude(outcome.report, outcome.committed)


def shifts(
    file: FileArgument,
    set_name: SetOption = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First day whose shifts are replaced; of the file.", metavar="DATE")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--until", help="Last day whose shifts are replaced; of the file.", metavar="DATE")
    ] = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import shifts and duty areas: they take the place of those that begin on these days. 导入班次。"""
    from gridmap.files.shifts import read_shifts
    from gridmap.services.responsibility import Plans
    from gridmap.services.shifts import days_of, replace_shifts

    with common.refusing():
        settings = common.settings()
        found = read_shifts(file, settings=settings, encoding=encoding)
        start, end = days_of(found, settings.time_zone, common.parse_day(first), common.parse_day(last))
        with common.opened(db, existing=True, rehearsal=not commit) as store:
            plans = Plans(store)
            outcome = replace_shifts(
                store,
                plans,
                plans.resolve_set(set_name, settings.default_set),
                found,
                start=start,
                end=end,
                zone=settings.time_zone,
                commit=commit,
            )
    common.say("import_shifts", shifts=outcome.shifts, units=outcome.units, before=outcome.before)
    common.say("committed" if outcome.committed else "rehearsal")


def profiles(
    file: FileArgument,
    set_name: SetOption = None,
    valid_from: DayOption = None,
    encoding: EncodingOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Import households, floating residents, department and phone of grids, from a day on. 导入网格基础信息。"""
    from gridmap.files.profiles import read_profiles
    from gridmap.services.profiles import import_profiles
    from gridmap.services.responsibility import Plans

    with common.refusing():
        settings = common.settings()
        day = common.parse_day(valid_from)
        found = read_profiles(file, settings=settings, encoding=encoding)
        with common.opened(db, existing=True) as store:
            plans = Plans(store)
            outcome = import_profiles(
                store,
                plans,
                plans.resolve_set(set_name, settings.default_set),
                found,
                today=common.today(settings),
                settings=settings,
                valid_from=day,
                commit=commit,
            )
    common.say("import_profiles", count=outcome.profiles)
    say_days(outcome.valid_from, None)
    common.conclude(outcome.report, outcome.committed)


def say_days(start: "date", end: "date | None") -> None:
    """Print in which days an import holds."""
    from gridmap.domain.boundaries import ALWAYS

    kind = ("always" if end is None else "before") if start == ALWAYS else ("from" if end is None else "between")
    common.say(f"import_holds_{kind}", start=start.isoformat(), end="" if end is None else end.isoformat())
