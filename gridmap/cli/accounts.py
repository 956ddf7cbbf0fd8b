"""``gridmap accounts``: who may sign in and do what where; keys for programs and devices."""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, DbOption
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Role
from gridmap.errors import InvalidInput, NotFound
from gridmap.i18n import text

if TYPE_CHECKING:
    from gridmap.services.access import Access
    from gridmap.services.accounts import Made
    from gridmap.services.ports import Account

app = typer.Typer(no_args_is_help=True, help="Accounts, roles, keys and devices. 账号、授权与密钥。")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the account.")]
RoleArgument = Annotated[Role, typer.Argument(metavar="ROLE", help="Role: " + ", ".join(Role) + ".")]
RoleOption = Annotated[Role | None, typer.Option("--role", help="Role: " + ", ".join(Role) + ".", metavar="ROLE")]
SetOption = Annotated[str | None, typer.Option("--set", help="Boundary set; all of them without it.", metavar="SET")]
CodeOption = Annotated[
    str | None, typer.Option("--code", help="Area of the set with all below it; the whole set without it.")
]
FromOption = Annotated[str | None, typer.Option("--from", help="First day of the role.", metavar="DATE")]
ToOption = Annotated[str | None, typer.Option("--to", help="Day on which the role is over.", metavar="DATE")]
TitleOption = Annotated[str, typer.Option("--title", help="How the account is shown.")]
GenerateOption = Annotated[bool, typer.Option("--generate", help="Make a password and print it once.")]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]
ExpiresOption = Annotated[str | None, typer.Option("--expires", help="Day on which it ends.", metavar="DATE")]
RenewOption = Annotated[bool, typer.Option("--renew", help="Give one that is there a new token and end the former.")]


@contextmanager
def _opened(db: str | None, commit: bool) -> Iterator["Access"]:
    """Give what is over the store; without ``commit`` nothing of what is done there lasts."""
    from gridmap.cli.rehearsal import Rehearsal
    from gridmap.services.access import Access
    from gridmap.services.clock import SystemClock

    with common.refusing():
        settings = common.settings()
        with common.opened(db, rehearsal=not commit, told=False) as store:
            yield Access.over(store if commit else Rehearsal(store), SystemClock(), settings)
    common.say("committed" if commit else "rehearsal")


def _named(access: "Access", name: str) -> "Account":
    from gridmap.services.account_rules import normal_name

    known = normal_name(name)
    found = next((a for a in access.accounts.list_accounts(OPERATOR) if a.name == known), None)
    if found is None:
        raise NotFound("account_unknown")
    return found


def _grant(role: Role, set_name: str | None, code: str | None, start: str | None, end: str | None) -> Grant:
    if code is not None and set_name is None:
        raise InvalidInput("grant_code_without_set")
    return Grant(role, Area(set_name, code), common.parse_day(start), common.parse_day(end))


def _grants(role: Role | None, *where: str | None) -> list[Grant]:
    if role is None and any(w is not None for w in where):
        raise InvalidInput("grant_without_role")
    return [] if role is None else [_grant(role, *where)]


@app.command()
def add(
    name: NameArgument,
    title: TitleOption = "",
    role: RoleOption = None,
    set_name: SetOption = None,
    code: CodeOption = None,
    start: FromOption = None,
    end: ToOption = None,
    generate: GenerateOption = False,
    password_stdin: StdinOption = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Add a person who signs in with a password. 添加个人账号。"""
    with _opened(db, commit) as access:
        grants = _grants(role, set_name, code, start, end)
        password, shown = _password(commit, generate, password_stdin)
        account = access.accounts.add_person(OPERATOR, name, password, title=title, grants=grants)
        _say(account)
        if shown:
            common.say("accounts.password", password=password)


@app.command("list")
def list_(db: DbOption = None) -> None:
    """List accounts, keys and devices with what they may do. 列出账号与授权。"""
    from gridmap.services.access import Access
    from gridmap.services.clock import SystemClock

    with common.refusing(), common.opened(db, existing=True, told=False) as store:
        for account in Access.over(store, SystemClock(), common.settings()).accounts.list_accounts(OPERATOR):
            _say(account)


@app.command()
def grant(
    name: NameArgument,
    role: RoleArgument,
    set_name: SetOption = None,
    code: CodeOption = None,
    start: FromOption = None,
    end: ToOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Give an account a role, in an area or everywhere. 授予角色。"""
    with _opened(db, commit) as access:
        wanted = _grant(role, set_name, code, start, end)
        _say(access.accounts.grant(OPERATOR, _named(access, name).account_id, wanted))


@app.command()
def revoke(
    name: NameArgument,
    role: RoleArgument,
    set_name: SetOption = None,
    code: CodeOption = None,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Take a role from an account, in the area for which it was given. 收回角色。"""
    with _opened(db, commit) as access:
        lost = _grant(role, set_name, code, None, None)
        _say(access.accounts.revoke(OPERATOR, _named(access, name).account_id, lost))


@app.command()
def link(
    name: NameArgument,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Id (sub) of the person at the identity service.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Let the person no longer come in from there.")] = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Say who a person is at the identity service, so that they may sign in there. 关联统一身份。"""
    with _opened(db, commit) as access:
        if (subject is None) != remove:
            raise InvalidInput("link_or_remove")
        account_id = _named(access, name).account_id
        identities = access.identities
        _say(
            identities.unlink(OPERATOR, account_id)
            if subject is None
            else identities.link(OPERATOR, account_id, subject)
        )


@app.command()
def disable(name: NameArgument, commit: CommitOption = False, db: DbOption = None) -> None:
    """Let nobody come in by an account any more; its sessions and tokens end at once. 停用账号。"""
    with _opened(db, commit) as access:
        _say(access.accounts.disable(OPERATOR, _named(access, name).account_id))


@app.command()
def enable(name: NameArgument, commit: CommitOption = False, db: DbOption = None) -> None:
    """Let a disabled account in again. 启用账号。"""
    with _opened(db, commit) as access:
        _say(access.accounts.enable(OPERATOR, _named(access, name).account_id))


@app.command()
def password(
    name: NameArgument,
    generate: GenerateOption = False,
    password_stdin: StdinOption = False,
    drop_code: Annotated[
        bool, typer.Option("--drop-code", help="Ask for no code of an authenticator any more.")
    ] = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Give a person a new password; all sessions of the account end. 重设密码。"""
    with _opened(db, commit) as access:
        account_id = _named(access, name).account_id
        word, shown = _password(commit, generate, password_stdin)
        account = access.accounts.set_password(OPERATOR, account_id, word)
        if drop_code:
            account = access.accounts.drop_totp(OPERATOR, account_id)
        _say(account)
        if shown:
            common.say("accounts.password", password=word)


@app.command()
def key(
    name: NameArgument,
    title: TitleOption = "",
    role: RoleOption = None,
    set_name: SetOption = None,
    code: CodeOption = None,
    start: FromOption = None,
    end: ToOption = None,
    expires: ExpiresOption = None,
    renew: RenewOption = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Make a key for a program and print it once. 创建访问密钥。"""
    _make(Kind.KEY, name, title, lambda: _grants(role, set_name, code, start, end), expires, renew, commit, db)


@app.command()
def device(
    name: NameArgument,
    title: TitleOption = "",
    role: RoleOption = None,
    set_name: SetOption = None,
    code: CodeOption = None,
    start: FromOption = None,
    end: ToOption = None,
    expires: ExpiresOption = None,
    renew: RenewOption = False,
    commit: CommitOption = False,
    db: DbOption = None,
) -> None:
    """Make the token of a device and print it once. 登记设备。"""
    _make(Kind.DEVICE, name, title, lambda: _grants(role, set_name, code, start, end), expires, renew, commit, db)


def _make(
    kind: Kind,
    name: str,
    title: str,
    grants: Callable[[], list[Grant]],
    expires: str | None,
    renew: bool,
    commit: bool,
    db: str | None,
) -> None:
    from gridmap.services.clock import start_of

    with _opened(db, commit) as access:
        day = common.parse_day(expires)
        at = None if day is None else start_of(day, common.settings().time_zone)
        made: Made
        if renew:
            account = _named(access, name)
            if account.kind is not kind:
                raise NotFound("account_unknown")
            made = access.accounts.renew_token(OPERATOR, account.account_id, expires_at=at)
        else:
            made = access.accounts.make_key(OPERATOR, name, kind=kind, title=title, grants=grants(), expires_at=at)
        _say(made.account)
        if commit:
            common.say("accounts.token", token=made.token)


@app.command("setup-code")
def setup_code(commit: CommitOption = False, db: DbOption = None) -> None:
    """Make the code with which the first administrator is made in the browser, and print it once. 生成初始化代码。"""
    with _opened(db, commit) as access:
        code = access.set_up.new_code()
        if code is None:
            raise InvalidInput("set_up_not_needed")
        if commit:
            common.say("accounts.set_up", code=code)


def _password(commit: bool, generate: bool, from_stdin: bool) -> tuple[str, bool]:
    """Get a password, and whether it is to be shown; a rehearsal needs none that anybody knows."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if generate or not commit:
        return secrets.token_urlsafe(18), commit
    label = common.word("accounts.ask"), common.word("accounts.ask_again")
    first = typer.prompt(label[0], hide_input=True, err=True)
    if typer.prompt(label[1], hide_input=True, err=True) != first:
        raise InvalidInput("passwords_differ")
    return str(first), False


def _say(account: "Account") -> None:
    words = common.language()
    common.say(
        "accounts.line",
        name=account.name,
        title=f" ({account.title})" if account.title else "",
        kind=text(f"account.kind.{account.kind.value}", words),
        state=common.word("accounts.disabled" if account.disabled_at else "accounts.in_use"),
        id=account.account_id,
    )
    for held in account.grants:
        where = held.area.set_name or common.word("accounts.everywhere")
        common.say(
            "accounts.grant",
            role=text(f"account.role.{held.role.value}", words),
            where=where if held.area.code is None else f"{where}/{held.area.code}",
            start=held.valid_from.isoformat() if held.valid_from else "",
            end=held.valid_to.isoformat() if held.valid_to else "",
        )
