"""``gridmap report``: the briefing of a day, a month or another span, as PDF or as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import DbOption, SetOption

PeriodOption = Annotated[
    str, typer.Option("--period", help="2026-10, 2026-11-22 or FROM..TO, both included.", metavar="PERIOD")
]
AreaOption = Annotated[
    str | None, typer.Option("--area", help="Code of a street, community or grid; all without it.", metavar="CODE")
]
ReportOutOption = Annotated[Path, typer.Option("-o", "--out", help="Write it here: .pdf or .html.")]
AtOption = Annotated[
    str | None, typer.Option("--at", help="Moment from which is told what is due; now without it.", metavar="TIME")
]
LangOption = Annotated[
    str | None, typer.Option("--lang", help="zh, en or both; that of the messages without it.", metavar="LANG")
]


def report(
    period: PeriodOption,
    out: ReportOutOption,
    area: AreaOption = None,
    at: AtOption = None,
    set_name: SetOption = None,
    lang: LangOption = None,
    db: DbOption = None,
) -> None:
    """Write the briefing of a period: numbers, maps, places, types, alerts. 生成日报、月报（PDF 或 HTML）。"""
    from gridmap.domain.access import OPERATOR
    from gridmap.domain.periods import read_period
    from gridmap.errors import InvalidInput
    from gridmap.files.write import replacing
    from gridmap.i18n import LANGUAGES, as_language
    from gridmap.services.briefing import BriefingAsked, gather_briefing
    from gridmap.services.clock import day_in
    from gridmap.services.patrol_parts import PatrolParts
    from gridmap.services.responsibility import Plans

    settings = common.settings()
    with common.refusing():
        if out.suffix.lower() not in (".pdf", ".html"):
            raise InvalidInput("report_file")
        moment = common.parse_moment(at, settings) or common.now()
        asked = read_period(period, day_in(moment, settings.time_zone))
        languages = LANGUAGES if lang == "both" else (as_language(lang, common.language()),)
        with common.opened(db, existing=True) as store:
            plans = Plans(store)
            plan = plans.at(plans.resolve_set(set_name, settings.default_set), asked.last)
            parts = PatrolParts(store, settings, plans)
            made = gather_briefing(store, plan, BriefingAsked(asked, moment, parts, area, OPERATOR.name), settings)
        with replacing(out) as temporary:
            if out.suffix.lower() == ".pdf":
                from gridmap.print.briefing import briefing_pdf

                temporary.write_bytes(briefing_pdf(made, languages))
            else:
                from gridmap.print.briefing_page import briefing_html

                temporary.write_text(briefing_html(made, languages), encoding="utf-8")
    common.say("printed", file=out.name)
