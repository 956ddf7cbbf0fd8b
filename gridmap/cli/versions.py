"""``gridmap version``: list, draft, check, publish, withdraw, return to."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.check import Format
from gridmap.cli.common import CommitOption, DbOption, RewriteOption
from gridmap.i18n import text

if TYPE_CHECKING:
    from gridmap.services.publishing import Publication, Terms

app = typer.Typer(no_args_is_help=True, help="Versions of a boundary set and their life. 边界版本。")

SetArgument = Annotated[str, typer.Argument(metavar="SET", help="Boundary set.")]
NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the version or draft.")]
FromOption = Annotated[
    str | None, typer.Option("--valid-from", help="First day in force; today without it.", metavar="DATE")
]
ExpectedOption = Annotated[
    int | None, typer.Option("--expected", help="Revision of the set that you built upon (gridmap set list).")
]
AcceptOption = Annotated[
    str | None,
    typer.Option("--accept-findings", help="Publish in spite of what may be accepted, for this reason.", metavar="WHY"),
]
NoteOption = Annotated[str, typer.Option("--note", help="Kept with the version.")]


@app.command("list")
def list_(set_name: SetArgument, db: DbOption = None) -> None:
    """List the versions and drafts of a set. 列出版本与草案。"""
    from gridmap.errors import NotFound

    with common.refusing(), common.opened(db, existing=True) as store, store.unit_of_work() as work:
        if work.boundaries.find_set(set_name) is None:
            raise NotFound("set_not_found")
        versions = work.boundaries.list_versions(set_name)
    for version in versions:
        common.say(
            "version.line",
            number=version.number,
            state=text(f"state.{version.state.value}", common.language()),
            start=common.first_day(version),
            end=common.word("open") if version.valid_to is None else version.valid_to.isoformat(),
            note=version.note,
        )


@app.command()
def draft(
    set_name: SetArgument,
    based_on: Annotated[
        int | None, typer.Option("--based-on", help="Version to start from; the one in force without it.")
    ] = None,
    valid_from: FromOption = None,
    note: NoteOption = "",
    db: DbOption = None,
) -> None:
    """Make a draft with the grids of a version. 以某一版本为基础新建草案。"""
    from gridmap.services.drafts import make_draft

    with common.refusing(), common.opened(db, existing=True) as store:
        made = make_draft(
            store,
            set_name,
            based_on=based_on,
            valid_from=common.parse_day(valid_from),
            now=common.now(),
            settings=common.settings(),
            note=note,
        )
    common.say("drafted", set=set_name, number=made.number)


@app.command()
def check(
    set_name: SetArgument,
    number: NumberArgument,
    fmt: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
    db: DbOption = None,
) -> None:
    """Ask every rule of a draft or version as publishing would. 按发布要求核查草案。"""
    from gridmap.services.drafts import check_version

    with common.refusing(), common.opened(db, existing=True) as store:
        judged = check_version(store, set_name, number, settings=common.settings())
    if fmt is Format.JSON:
        typer.echo(json.dumps(judged.report.to_json(), ensure_ascii=False))
    else:
        common.say("findings", count=len(judged.report), errors=len(judged.report.errors))
        common.print_report(judged.report)
    raise typer.Exit(0 if judged.report.clean else common.FINDINGS)


@app.command()
def publish(
    set_name: SetArgument,
    number: NumberArgument,
    valid_from: FromOption = None,
    expected: ExpectedOption = None,
    accept_findings: AcceptOption = None,
    rewrite: RewriteOption = None,
    note: NoteOption = "",
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Publish a draft: every rule is asked, and nobody else may have published meanwhile. 发布草案。"""
    from gridmap.services.responsibility import Plans
    from gridmap.services.versions import publish_draft

    with common.refusing(), common.opened(db, existing=True) as store:
        done = publish_draft(
            store,
            Plans(store),
            set_name,
            number,
            _terms(valid_from, expected, accept_findings, rewrite, note),
            now=common.now(),
            settings=common.settings(),
            commit=commit,
        )
    _say_publication(set_name, done)


@app.command("return")
def return_(
    set_name: SetArgument,
    number: NumberArgument,
    valid_from: FromOption = None,
    expected: ExpectedOption = None,
    rewrite: RewriteOption = None,
    note: NoteOption = "",
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Publish what a former version says as a new version. 退回到以前的版本（作为新版本发布）。"""
    from gridmap.services.responsibility import Plans
    from gridmap.services.versions import return_to

    with common.refusing(), common.opened(db, existing=True) as store:
        done = return_to(
            store,
            Plans(store),
            set_name,
            number,
            _terms(valid_from, expected, None, rewrite, note),
            now=common.now(),
            settings=common.settings(),
            commit=commit,
        )
    _say_publication(set_name, done)


@app.command()
def withdraw(
    set_name: SetArgument,
    number: NumberArgument,
    expected: ExpectedOption = None,
    rewrite: RewriteOption = None,
    db: DbOption = None,
) -> None:
    """Take back a scheduled version; the one before it goes on. 撤回尚未生效的版本。"""
    from gridmap.services.responsibility import Plans
    from gridmap.services.versions import withdraw_version

    with common.refusing(), common.opened(db, existing=True) as store:
        gone = withdraw_version(
            store,
            Plans(store),
            set_name,
            number,
            expected=expected,
            now=common.now(),
            settings=common.settings(),
            rewrite=rewrite or "",
        )
    common.say("version.withdrawn", set=set_name, number=gone.version.number)
    if gone.incidents or gone.fixes:
        common.say("reowned", incidents=gone.incidents, fixes=gone.fixes)


@app.command()
def discard(set_name: SetArgument, number: NumberArgument, db: DbOption = None) -> None:
    """Take a draft away; its number is never given again. 删除草案。"""
    with common.refusing(), common.opened(db, existing=True) as store, store.unit_of_work() as work:
        work.boundaries.discard_draft(set_name, number)
        work.commit()
    common.say("version.discarded", set=set_name, number=number)


def _terms(
    valid_from: str | None, expected: int | None, accepted: str | None, rewrite: str | None, note: str
) -> "Terms":
    from gridmap.services.publishing import Terms

    day = common.parse_day(valid_from) or common.today(common.settings())
    return Terms(day, expected, accepted or "", rewrite or "", note)


def _say_publication(set_name: str, done: "Publication") -> None:
    report, blocking = done.judgement.report, done.judgement.blocking
    common.say("findings", count=len(report), errors=len(report.errors))
    common.print_report(report)
    common.say_changes(done)
    if blocking:
        common.complain("blocked", count=len(blocking))
        raise typer.Exit(common.FINDINGS)
    if done.version is None:
        common.say("rehearsal")
    else:
        common.say("published", set=set_name, number=done.version.number, day=common.first_day(done.version))
