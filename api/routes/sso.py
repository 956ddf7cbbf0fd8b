"""Signing in at the identity service of the city, and which account is who there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api.access import Desk, TheCaller, TheDesk, attempt, give_cookie
from api.credentials import ATTEMPT, attempt_of
from api.oidc.provider import Provider, refused
from api.oidc.tokens import Untrusted
from api.replies_access import AccountOut, SessionAnswer, SsoAnswer
from api.requests import NoQuery
from api.requests_access import IdentityIn, ReturnIn
from api.rights import needs, open_to_all
from api.routes.common import Query
from api.routes.session import session_answer
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import Conflict

router = APIRouter(route_class=StrictRoute, tags=["session"])

AccountId = Annotated[str, Path(alias="account", description="id of an account")]
#: Seconds for which the browser keeps an attempt.
_ATTEMPT_S = 600


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise Conflict("oidc_not_configured")
    return desk.provider


@router.post("/api/v1/session/oidc", dependencies=[Depends(attempt)])
@open_to_all
def begin_sso(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], response: Response) -> SsoAnswer:
    """Begin to sign in at the identity service: where the browser goes; it keeps a cookie for the way back."""
    begun = _provider(desk).begin()
    response.set_cookie(
        ATTEMPT, begun.secret, max_age=_ATTEMPT_S, path="/", secure=True, httponly=True, samesite="strict"
    )
    return SsoAnswer(address=begun.address)


@router.put("/api/v1/session/oidc", dependencies=[Depends(attempt)])
@open_to_all
def finish_sso(
    desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: ReturnIn, request: Request, response: Response
) -> SessionAnswer:
    """Come back from there with its code: the answer sets the cookie of a session of ours."""
    provider, number = _provider(desk), caller.request_id
    response.delete_cookie(ATTEMPT, path="/", secure=True, httponly=True, samesite="strict")
    identities = desk.access.identities
    try:
        claims = provider.finish(attempt_of(request.scope), body.code, body.state, body.iss)
    except Untrusted as error:
        identities.refused(error.reason, request_id=number)
        raise refused() from None
    identities.welcome(provider.issuer, claims.subject, claims.name, claims.title, request_id=number)
    if caller.token is not None:  # nobody has two sessions in one browser
        desk.sessions.sign_out(caller.token, request_id=number)
    session = desk.sessions.sign_in_as(provider.issuer, claims.subject, request_id=number)
    give_cookie(response, session)
    return session_answer(desk, session.principal)


@router.put("/api/v1/accounts/{account}/identity")
@needs(Permission.ACCOUNTS_MANAGE)
def link_identity(
    desk: TheDesk, caller: TheCaller, q: Query[NoQuery], account_id: AccountId, body: IdentityIn
) -> AccountOut:
    """Say who a person is at the identity service, so that they come in by it."""
    account = desk.access.identities.link(caller.principal, account_id, body.subject, request_id=caller.request_id)
    return AccountOut.of(account)


@router.delete("/api/v1/accounts/{account}/identity")
@needs(Permission.ACCOUNTS_MANAGE)
def unlink_identity(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], account_id: AccountId) -> AccountOut:
    """Let a person no longer come in by the identity service; all sessions of the account end."""
    return AccountOut.of(desk.access.identities.unlink(caller.principal, account_id, request_id=caller.request_id))
