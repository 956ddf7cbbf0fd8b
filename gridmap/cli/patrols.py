"""``gridmap patrols``: what becomes of fixes that are old."""

from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, DbOption

app = typer.Typer(no_args_is_help=True, help="What becomes of old fixes of patrols. 巡查轨迹的保留。")


@app.command()
def thin(
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Days whose fixes stay; GRIDMAP_FIXES_KEPT_DAYS if left out.")
    ] = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Put sums by day and grid in the place of old fixes; without --commit, try the oldest day. 汇总旧轨迹。"""
    from gridmap.services.patrol_days import PatrolDays

    with common.refusing(), common.stoppable():
        settings = common.settings()
        with common.opened(db, existing=True, rehearsal=not commit) as store:
            done = PatrolDays(store, settings).thin(
                now=common.now(), keep_days=days or settings.fixes_kept_days, commit=commit
            )
    common.say("thinned", days=done.days, fixes=done.fixes, rows=done.rows, day=done.keeps_from.isoformat())
    common.say("committed" if commit else "rehearsal")
