"""``gridmap case-feed``: the cases of a day as a file for the city's platform."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import DbOption


def case_feed(
    out: Annotated[
        Path, typer.Option("--out", help="The file to write: lines of JSON, a manifest first.", metavar="FILE")
    ],
    day: Annotated[str | None, typer.Option("--day", help="The day; yesterday without it.", metavar="DATE")] = None,
    db: DbOption = None,
) -> None:
    """Write the cases with which anything happened on a day, without what people wrote. 导出当日案件。"""
    from datetime import timedelta

    from gridmap.services.cases.feed import daily_feed
    from gridmap.services.clock import SystemClock

    with common.refusing():
        settings = common.settings()
        asked = common.parse_day(day) or common.today(settings) - timedelta(days=1)
        with common.opened(db, existing=True) as store, store.unit_of_work() as work:
            content = daily_feed(work, asked, settings=settings, clock=SystemClock())
    # whoever fetches it sees the whole file or the one before it
    part = out.with_name(f"{out.name}.part")
    part.write_bytes(content)
    part.replace(out)
    manifest = json.loads(content[: content.index(b"\n")])
    common.say("case_feed", day=manifest["day"], cases=manifest["cases"], sha256=manifest["sha256"])
