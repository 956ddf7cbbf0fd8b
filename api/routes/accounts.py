"""The accounts, for administrators: persons, keys of programs, devices; and their grants."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Path

from api.access import TheCaller, TheDesk
from api.replies_access import AccountAnswer, AccountOut, AccountsAnswer
from api.requests import NoQuery
from api.requests_access import AccountChangeIn, AccountIn
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Kind, Permission

router = APIRouter(route_class=StrictRoute, tags=["accounts"])

AccountId = Annotated[str, Path(alias="account", description="id of an account")]

#: Letters of a first password, without those that look alike.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@router.get("/api/v1/accounts")
@needs(Permission.ACCOUNTS_MANAGE)
def list_accounts(desk: TheDesk, caller: TheCaller, q: Query[NoQuery]) -> AccountsAnswer:
    """List all accounts with their grants, by name."""
    return AccountsAnswer(accounts=[AccountOut.of(a) for a in desk.accounts.list_accounts(caller.principal)])


@router.post("/api/v1/accounts")
@needs(Permission.ACCOUNTS_MANAGE)
def add_account(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: AccountIn) -> AccountAnswer:
    """Add a person, a key or a device; the first password or the token is in this answer and nowhere else."""
    grants = [grant.grant() for grant in body.grants]
    by, number = caller.principal, caller.request_id
    if body.kind == "person":
        password = _first_password()
        account = desk.accounts.add_person(by, body.name, password, title=body.title, grants=grants, request_id=number)
        return AccountAnswer(account=AccountOut.of(account), secret=password)
    made = desk.accounts.make_key(
        by, body.name, kind=Kind(body.kind), title=body.title, grants=grants, request_id=number
    )
    return AccountAnswer(account=AccountOut.of(made.account), secret=made.token)


@router.get("/api/v1/accounts/{account}")
@needs(Permission.ACCOUNTS_MANAGE)
def get_account(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], account_id: AccountId) -> AccountOut:
    """Give one account."""
    return AccountOut.of(desk.accounts.find(caller.principal, account_id))


@router.put("/api/v1/accounts/{account}")
@needs(Permission.ACCOUNTS_MANAGE)
def change_account(
    desk: TheDesk, caller: TheCaller, q: Query[NoQuery], account_id: AccountId, body: AccountChangeIn
) -> AccountOut:
    """Change title or grants of an account, disable it or put it back to use; in force from the next request on."""
    by, number = caller.principal, caller.request_id
    account = desk.accounts.find(by, account_id)
    if body.title is not None or body.grants is not None:
        grants = None if body.grants is None else [grant.grant() for grant in body.grants]
        account = desk.accounts.change(by, account_id, title=body.title, grants=grants, request_id=number)
    if body.disabled is not None:
        step = desk.accounts.disable if body.disabled else desk.accounts.enable
        account = step(by, account_id, request_id=number)
    return AccountOut.of(account)


@router.post("/api/v1/accounts/{account}/secret")
@needs(Permission.ACCOUNTS_MANAGE)
def renew_secret(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], account_id: AccountId) -> AccountAnswer:
    """Give a person a new first password, a key or device a new token; what was before ends at once."""
    by, number = caller.principal, caller.request_id
    if desk.accounts.find(by, account_id).kind is Kind.PERSON:
        password = _first_password()
        account = desk.accounts.set_password(by, account_id, password, request_id=number)
        return AccountAnswer(account=AccountOut.of(account), secret=password)
    made = desk.accounts.renew_token(by, account_id, request_id=number)
    return AccountAnswer(account=AccountOut.of(made.account), secret=made.token)


@router.post("/api/v1/accounts/{account}/totp/remove")
@needs(Permission.ACCOUNTS_MANAGE)
def drop_totp(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], account_id: AccountId) -> AccountOut:
    """Let a person sign in without an authenticator again, for instance when the telephone is lost."""
    return AccountOut.of(desk.accounts.drop_totp(caller.principal, account_id, request_id=caller.request_id))


def _first_password() -> str:
    """Make a password that can be read out: about 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
