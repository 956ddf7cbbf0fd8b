"""``gridmap sheet`` and ``gridmap plan-sheet``: paper for whoever is on duty, as PDF."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.common import AtOption, DbOption, SetOption
from gridmap.cli.whose import VersionOption
from gridmap.i18n import as_language

if TYPE_CHECKING:
    from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
    from gridmap.services.ports import Store
    from gridmap.settings import Settings

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="Code of the grid or area.")]
OutOption = Annotated[Path, typer.Option("-o", "--out", help="Write the PDF here.")]
LangOption = Annotated[str | None, typer.Option("--lang", help="zh or en; that of the messages without it.")]


def sheet(
    code: CodeArgument,
    out: OutOption,
    set_name: SetOption = None,
    at: AtOption = None,
    version: VersionOption = None,
    lang: LangOption = None,
    db: DbOption = None,
) -> None:
    """Print the duty sheet of a grid on A4: map, neighbours, people, incidents. 打印网格责任单。"""
    from gridmap.print.duty import duty_sheet as draw
    from gridmap.services.sheets import duty_sheet as gather

    _print(gather, draw, code, out, set_name, at, version, lang, db)


def plan_sheet(
    code: CodeArgument,
    out: OutOption,
    set_name: SetOption = None,
    at: AtOption = None,
    version: VersionOption = None,
    lang: LangOption = None,
    db: DbOption = None,
) -> None:
    """Print the plan of a street or community on A3: all its grids with a table. 打印街道或社区的网格划分图。"""
    from gridmap.print.plan import area_plan as draw
    from gridmap.services.sheets import area_plan as gather

    _print(gather, draw, code, out, set_name, at, version, lang, db)


def _print(
    gather: Callable[..., Any],
    draw: Callable[..., bytes],
    code: str,
    out: Path,
    set_name: str | None,
    at: str | None,
    number: int | None,
    lang: str | None,
    db: str | None,
) -> None:
    from gridmap.domain.access import OPERATOR
    from gridmap.files.write import replacing

    settings = common.settings()
    with common.refusing():
        with common.opened(db, existing=True) as store:
            boundary_set, version = _chosen(store, set_name, at, number, settings)
            with store.unit_of_work() as work:
                made = gather(work, boundary_set, version, code, by=OPERATOR.name, now=common.now(), settings=settings)
        with replacing(out) as temporary:
            temporary.write_bytes(draw(made, as_language(lang, common.language())))
    common.say("printed", file=out.name)


def _chosen(
    store: "Store", set_name: str | None, at: str | None, number: int | None, settings: "Settings"
) -> "tuple[BoundarySet, BoundaryVersion]":
    from gridmap.errors import InvalidInput, NotFound
    from gridmap.services.history import require_version
    from gridmap.services.responsibility import Plans

    if at is not None and number is not None:
        raise InvalidInput("join_at_or_version")
    boundary_set = Plans(store).resolve_set(set_name, settings.default_set)
    if number is not None:
        return boundary_set, require_version(store, boundary_set.name, number)
    day = common.parse_day(at) or common.today(settings)
    with store.unit_of_work() as work:
        found = work.boundaries.version_at(boundary_set.name, day)
    if found is None:
        raise NotFound("no_version_at", day=day.isoformat())
    return boundary_set, found
