"""``gridmap locate``: who is responsible."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, DatumOption, DbOption, SetOption
from gridmap.i18n import text

if TYPE_CHECKING:
    from gridmap.domain.incidents import Responsibility

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def locate(
    lon: Annotated[float, typer.Argument(metavar="LON", help="Longitude in degrees.")],
    lat: Annotated[float, typer.Argument(metavar="LAT", help="Latitude in degrees.")],
    set_name: SetOption = None,
    at: AtOption = None,
    datum: DatumOption = None,
    as_json: JsonOption = False,
    db: DbOption = None,
) -> None:
    """Say who is responsible for a point. 查询一个点由谁负责。"""
    from gridmap.crs import parse_datum, to_wgs84
    from gridmap.services.responsibility import Plans
    from gridmap.services.responsibility import locate as locate_point

    with common.refusing():
        settings = common.settings()
        day = common.parse_day(at) or common.today(settings)
        x, y = (float(v) for v in to_wgs84(lon, lat, parse_datum(datum)))
        with common.opened(db, existing=True) as store:
            plans = Plans(store)
            plan = plans.at(plans.resolve_set(set_name, settings.default_set), day)
            answer = locate_point(store, plan, x, y, day=day, nearest_within_m=settings.nearest_within_m)
    if as_json:
        typer.echo(json.dumps(asdict(answer), ensure_ascii=False))
    else:
        _print(answer)


def _print(answer: "Responsibility") -> None:
    words = common.language()
    if answer.grid:
        common.say("locate.grid", code=answer.grid.code, name=answer.grid.name)
        common.say("locate.chain", chain=" > ".join(f"{x.name or x.code} ({x.level})" for x in answer.chain))
    else:
        common.say("locate.nobody")
        if answer.desk:
            common.say("locate.desk", code=answer.desk.code, name=answer.desk.name)
        else:
            common.say("locate.unassigned")
    common.say("locate.method", method=text(f"method.{answer.method.value}", words))
    if answer.border_m is not None:
        common.say("locate.border", metres=answer.border_m)
    if answer.candidates:
        common.say("locate.candidates", codes=", ".join(f"{x.code} {x.name}".strip() for x in answer.candidates))
    profile = answer.profile
    if profile is not None and (profile.department or profile.phone):
        common.say("locate.department", name=profile.department, phone=profile.phone)
    for member in answer.staff[:5]:
        role = text(f"role.{member.role}", words)
        common.say("locate.staff", role=role, name=member.name, phone=member.phone)
    if len(answer.staff) > 5:
        common.say("locate.more_staff", count=len(answer.staff) - 5)
    common.say("locate.source", set=answer.set_name, number=answer.version_number)
