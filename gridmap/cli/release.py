"""``gridmap release``: a month of incidents for everybody, by a decision that is kept."""

from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, DbOption


def release(
    month: Annotated[
        str | None, typer.Argument(metavar="MONTH", help="2026-10; without it list what was released.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="By whose decision.")] = "",
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Release a month by fixed cells of at least ten incidents; it is never counted again. 公布一个月的事件分布。"""
    from gridmap.services.clock import SystemClock
    from gridmap.services.public_heat import Releases, read_month, release_month
    from gridmap.services.responsibility import Plans

    with common.refusing():
        settings = common.settings()
        with common.opened(db, existing=True) as store:
            if month is None:
                releases = Releases(store)
                for first in releases.months():
                    one = releases.one(first)
                    common.say("release_line", month=one.month, made=f"{one.made_at:%Y-%m-%d}", note=one.note)
                return
            made = release_month(
                store, Plans(store), read_month(month), settings=settings, clock=SystemClock(), note=note, commit=commit
            )
    found = made.release
    total = "–" if found.total is None else f"{found.total:,}"
    shown = int(found.cells["shown"].sum())
    common.say("release_counted", month=made.month, total=total, shown=shown, cells=len(found.cells))
    common.say("committed" if commit else "rehearsal")
