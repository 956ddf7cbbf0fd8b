"""``gridmap map``: a map of what a store holds, as one file that opens with the network off."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import DbOption, SetOption
from gridmap.cli.report import AreaOption, PeriodOption
from gridmap.i18n import as_language

KindArgument = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        help="grids, hotspots, significant, moran, emerging, forecast, compare, coverage, effort, recency or staffing.",
    ),
]
OutOption = Annotated[Path, typer.Option("-o", "--out", help="Write the HTML file here.")]
CategoryOption = Annotated[
    list[str] | None, typer.Option("--category", help="Only incidents of this category; may be given again.")
]
ByOption = Annotated[
    str | None,
    typer.Option("--by", help="hotspots, significant: count, households, street_km or patrol_hours.", metavar="BASE"),
]
BandwidthOption = Annotated[
    float | None, typer.Option("--bandwidth", help="hotspots: radius in metres; chosen without it.", metavar="METRES")
]
LangOption = Annotated[str | None, typer.Option("--lang", help="zh or en; that of the messages without it.")]


def draw_map(
    kind: KindArgument,
    period: PeriodOption,
    out: OutOption,
    area: AreaOption = None,
    set_name: SetOption = None,
    category: CategoryOption = None,
    by: ByOption = None,
    bandwidth: BandwidthOption = None,
    lang: LangOption = None,
    db: DbOption = None,
) -> None:
    """Draw a map as one file that needs no network: hotspots, change, patrols. 生成单文件地图。"""
    from gridmap.atlas.asked import MapAsked
    from gridmap.atlas.kinds import KINDS
    from gridmap.domain.periods import read_period
    from gridmap.errors import InvalidInput, NotFound
    from gridmap.files.write import replacing
    from gridmap.services.cases.leading import codes_below
    from gridmap.services.clock import start_of
    from gridmap.services.hotspots import BASES
    from gridmap.services.patrol_parts import PatrolParts
    from gridmap.services.ports import PointFilter
    from gridmap.services.responsibility import Plans

    settings = common.settings()
    with common.refusing():
        if kind not in KINDS:
            raise InvalidInput("map_kind_unknown", known=", ".join(KINDS))
        if by is not None and by not in BASES:
            raise InvalidInput("map_base_unknown", known=", ".join(BASES))
        more = {
            name: value
            for name, value, kinds in (
                ("by", by, ("hotspots", "significant")),
                ("bandwidth_m", bandwidth, ("hotspots",)),
            )
            if value is not None and kind in kinds
        }
        span = read_period(period, common.today(settings))
        zone = settings.time_zone
        where = PointFilter(
            start_of(span.first, zone), start_of(span.last + timedelta(days=1), zone),
            tuple(category) if category else None,
        )  # fmt: skip
        with common.opened(db, existing=True) as store:
            plans = Plans(store)
            plan = plans.at(plans.resolve_set(set_name, settings.default_set), span.last)
            if area is not None:
                part = plan.part_of(codes_below(plan, plan.refs[area]), area) if area in plan.refs else None
                if part is None:
                    raise NotFound("grid_unknown")
                plan = part
            asked = MapAsked(
                store, plan, span.last, where, as_language(lang, common.language()), settings, common.now(),
                PatrolParts(store, settings, plans),
            )  # fmt: skip
            drawn = KINDS[kind](asked, **more)
        with replacing(out) as temporary:
            drawn.save(str(temporary))
    common.say("printed", file=out.name)
