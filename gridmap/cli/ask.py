"""``gridmap locate`` and ``gridmap join``: who is responsible."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CrsOption, DatumOption, DbOption, EncodingOption, SetOption
from gridmap.i18n import text

if TYPE_CHECKING:
    from gridmap.analysis.locator import Locator
    from gridmap.domain.incidents import Responsibility
    from gridmap.domain.rules import Finding
    from gridmap.settings import Settings

AtOption = Annotated[str | None, typer.Option("--at", help="Day to answer for; today without it.", metavar="DATE")]
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


def join(
    points: Annotated[Path, typer.Argument(metavar="POINTS", help="CSV or (Geo)Parquet of points.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write: .csv or .parquet.")],
    boundaries: Annotated[Path | None, typer.Option("--boundaries", help="Boundary file instead of a store.")] = None,
    code_column: Annotated[str | None, typer.Option("--code-column", help="Column of codes in it.")] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer of a boundary file with several.")] = None,
    crs: CrsOption = None,
    boundaries_datum: Annotated[
        str | None, typer.Option("--boundaries-datum", help="What degrees of the boundary file mean.", metavar="DATUM")
    ] = None,
    set_name: SetOption = None,
    at: AtOption = None,
    lon_column: Annotated[str | None, typer.Option("--lon-column")] = None,
    lat_column: Annotated[str | None, typer.Option("--lat-column")] = None,
    datum: DatumOption = None,
    encoding: EncodingOption = None,
    nearest_within_m: Annotated[
        float, typer.Option("--nearest-within-m", min=0, help="Outside every grid, take the nearest one this near.")
    ] = 0.0,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse boundaries that overlap.")] = False,
    db: DbOption = None,
) -> None:
    """Join each point to its one responsible grid: same rows, same order, three more columns. 给每个点标上责任网格。"""
    from gridmap.crs import parse_datum
    from gridmap.files.join import join_file

    with common.refusing():
        settings = common.settings()
        common.require_other_file(out, points, *((boundaries,) if boundaries else ()))
        if boundaries is not None:
            locator = _locator_of_file(boundaries, code_column, layer, crs, boundaries_datum, strict, settings)
        else:
            locator = _locator_of_store(db, set_name, at, strict, settings)
        # one example a kind of fault is enough to see what is wrong with the file
        examples: dict[str, Finding] = {}
        with common.progress(points.name) as advance:
            summary = join_file(
                locator,
                points,
                out,
                settings=settings,
                lon_column=lon_column,
                lat_column=lat_column,
                datum=parse_datum(datum),
                encoding=encoding,
                nearest_within_m=nearest_within_m,
                on_rows=advance,
                on_bad=lambda finding: examples.setdefault(finding.rule, finding),
            )
    common.say("join.done", points=summary.points, file=out.name)
    common.say_summary(summary)
    for finding in examples.values():
        common.say("join.example", rule=finding.rule, message=finding.message(common.language()))


def _locator_of_file(
    file: Path,
    code_column: str | None,
    layer: str | None,
    crs: str | None,
    datum: str | None,
    strict: bool,
    settings: "Settings",
) -> "Locator":
    from gridmap.analysis.locator import Locator
    from gridmap.crs import parse_datum
    from gridmap.files.boundaries import read_boundaries

    stated = parse_datum(datum) if datum else None
    frame = read_boundaries(file, settings=settings, code_column=code_column, layer=layer, crs=crs, datum=stated).frame
    if strict:
        common.require_no_overlap(frame, settings)
    return Locator.from_frame(frame)


def _locator_of_store(
    db: str | None, set_name: str | None, at: str | None, strict: bool, settings: "Settings"
) -> "Locator":
    from gridmap.services.responsibility import Plans

    day = common.parse_day(at) or common.today(settings)
    with common.opened(db, existing=True) as store:
        plans = Plans(store)
        plan = plans.at(plans.resolve_set(set_name, settings.default_set), day)
        if strict:
            leaf = plan.boundary_set.leaf.name
            common.require_no_overlap(plan.frame[plan.frame["level"] == leaf], settings)
        return plan.locator
