"""``gridmap audit``: the trail of who did what."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli import common
from gridmap.cli.check import Format
from gridmap.cli.common import DbOption
from gridmap.errors import NotFound
from gridmap.i18n import text

if TYPE_CHECKING:
    from gridmap.services.ports import Entry

app = typer.Typer(no_args_is_help=True, help="The trail of who did what. 操作记录。")

FormatOption = Annotated[Format, typer.Option("--format", help="text or json.")]


@app.command()
def verify(
    anchors: Annotated[
        Path | None, typer.Option("--anchors", help="File of anchors that the trail must agree with.", metavar="FILE")
    ] = None,
    form: FormatOption = Format.TEXT,
    db: DbOption = None,
) -> None:
    """Prove the trail from its first entry to its last; nothing is changed.

    Exit status: 0 whole, 1 findings, 2 could not be read. 校验操作记录。
    """
    from gridmap.services.trail import read_anchors
    from gridmap.services.trail import verify as prove

    with common.refusing():
        held = [] if anchors is None else read_anchors(anchors)
        with common.opened(db, existing=True, told=False) as store:
            report = prove(store, held)
    if form is Format.JSON:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        facts = report.facts
        common.say("audit.verified", count=len(report) + facts["beyond"], **facts)
        common.print_report(report)
    raise typer.Exit(0 if report.clean else common.FINDINGS)


@app.command()
def show(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many entries.")] = 50,
    before: Annotated[int | None, typer.Option("--before", help="Entries before this number.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Only of this account.", metavar="NAME")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only of this kind, such as account.add.")] = None,
    form: FormatOption = Format.TEXT,
    db: DbOption = None,
) -> None:
    """Show the latest entries of the trail, newest first. 查看操作记录。"""
    from gridmap.services.account_rules import normal_name

    with (
        common.refusing(),
        common.opened(db, existing=True, told=False) as store,
        store.unit_of_work() as work,
    ):
        zone = common.settings().time_zone
        actor_id = None
        if actor is not None:
            account = work.accounts.find_named(normal_name(actor))
            if account is None:
                raise NotFound("account_unknown")
            actor_id = account.account_id
        entries = work.trail.page(before=before, limit=limit, actor_id=actor_id, action=action)
    for entry in entries:
        if form is Format.JSON:
            typer.echo(json.dumps(_plain(entry), ensure_ascii=False))
        else:
            _say(entry, zone)


@app.command()
def anchor(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File of anchors; it is made where there is none.")],
    db: DbOption = None,
) -> None:
    """Note where the trail ends, behind the anchors of a file that is kept elsewhere. 记录锚点。"""
    from gridmap.services.trail import add_anchor

    with common.refusing(), common.opened(db, existing=True, told=False) as store:
        made = add_anchor(store, file, common.now())
    common.say("audit.anchored", number=made.number, hash=made.hash)


def _plain(entry: "Entry") -> dict[str, Any]:
    from gridmap.domain.trail import written_time

    act = entry.act
    return {
        "number": entry.number, "at": written_time(act.at), "action": act.action, "outcome": act.outcome.value,
        "actor_id": act.actor_id, "actor": act.actor, "subject": act.subject, "request_id": act.request_id,
        "detail": dict(act.detail), "hash": entry.hash,
    }  # fmt: skip


def _say(entry: "Entry", zone: str) -> None:
    from zoneinfo import ZoneInfo

    act = entry.act
    common.say(
        "audit.line",
        number=entry.number,
        at=act.at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S"),
        outcome=text(f"outcome.{act.outcome.value}", common.language()),
        action=act.action,
        actor=act.actor or "-",
        subject=act.subject,
        detail=json.dumps(dict(act.detail), ensure_ascii=False) if act.detail else "",
    )
