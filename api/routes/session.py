"""Coming in and going out: the first administrator, sessions, one's own password and authenticator."""

from fastapi import APIRouter, Depends, Request, Response

from api.access import Caller, Desk, TheCaller, TheDesk, attempt, give_cookie, take_cookie
from api.deps import Ctx
from api.replies_access import AccountOut, DoneAnswer, SessionAnswer, TotpAnswer
from api.requests import NoQuery
from api.requests_access import CodeIn, PasswordIn, SetUpIn, SignInIn
from api.rights import open_to_all, principal_of
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission, Principal
from gridmap.errors import NotSignedIn
from gridmap.services.ports import Account

router = APIRouter(route_class=StrictRoute, tags=["session"])


@router.get("/api/v1/session")
@open_to_all
def get_session(ctx: Ctx, desk: TheDesk, request: Request, q: Query[NoQuery]) -> SessionAnswer:
    """Say who asks and what they may do somewhere; answers anybody."""
    return session_answer(desk, principal_of(request.scope))


@router.post("/api/v1/session", dependencies=[Depends(attempt)])
@open_to_all
def sign_in(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: SignInIn, response: Response) -> SessionAnswer:
    """Sign in; the answer sets the cookie of the session."""
    if caller.token is not None:  # nobody has two sessions in one browser
        desk.sessions.sign_out(caller.token, request_id=caller.request_id)
    session = desk.sessions.sign_in(body.name, body.password, body.code, request_id=caller.request_id)
    give_cookie(response, session)
    return session_answer(desk, session.principal)


@router.delete("/api/v1/session")
@open_to_all
def sign_out(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], response: Response) -> DoneAnswer:
    """Sign out: the session ends, and the browser forgets its cookie."""
    if caller.token is not None:
        desk.sessions.sign_out(caller.token, request_id=caller.request_id)
    take_cookie(response)
    return DoneAnswer()


@router.post("/api/v1/session/password", dependencies=[Depends(attempt)])
@open_to_all
def change_password(
    desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: PasswordIn, response: Response
) -> DoneAnswer:
    """Change one's own password; all sessions of the account end, and this browser gets a new one."""
    _require_somebody(caller)
    session = desk.sessions.change_password(
        caller.principal, body.current, body.new, body.code, request_id=caller.request_id
    )
    give_cookie(response, session)
    return DoneAnswer()


@router.post("/api/v1/session/totp")
@open_to_all
def begin_totp(desk: TheDesk, caller: TheCaller, q: Query[NoQuery]) -> TotpAnswer:
    """Make a secret for an authenticator; nothing changes before a code of it is shown."""
    _require_somebody(caller)
    secret, address = desk.access.authenticator.begin(caller.principal)
    return TotpAnswer(secret=secret, uri=address)


@router.put("/api/v1/session/totp", dependencies=[Depends(attempt)])
@open_to_all
def confirm_totp(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: CodeIn) -> DoneAnswer:
    """Show a code of the new authenticator: from now on signing in takes one."""
    _require_somebody(caller)
    desk.access.authenticator.confirm(caller.principal, body.code, request_id=caller.request_id)
    return DoneAnswer()


@router.post("/api/v1/session/totp/remove", dependencies=[Depends(attempt)])
@open_to_all
def remove_totp(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: CodeIn) -> DoneAnswer:
    """Do without the authenticator; a present code shows that it is the person who wants that."""
    _require_somebody(caller)
    desk.access.authenticator.drop(caller.principal, body.code, request_id=caller.request_id)
    return DoneAnswer()


@router.post("/api/v1/set-up", dependencies=[Depends(attempt)])
@open_to_all
def set_up(desk: TheDesk, caller: TheCaller, q: Query[NoQuery], body: SetUpIn, response: Response) -> SessionAnswer:
    """Make the first administrator with the code that the service printed at its start, and sign in as one."""
    account = desk.access.set_up.use(
        body.code, body.name, body.password, title=body.title, request_id=caller.request_id
    )
    session = desk.sessions.sign_in(account.name, body.password, request_id=caller.request_id)
    give_cookie(response, session)
    return session_answer(desk, session.principal)


def session_answer(desk: Desk, principal: Principal) -> SessionAnswer:
    """Say who asks, and how one comes in."""
    day = desk.today()
    account = None if principal.account_id is None else _find(desk, principal.account_id)
    is_open = desk.settings.access == "open"
    return SessionAnswer(
        access=desk.settings.access,
        set_up_needed=not is_open and account is None and desk.access.set_up.is_needed(),
        account=None if account is None else AccountOut.of(account),
        permissions=[p for p in Permission if not principal.reach(p, day).nowhere],
        sso=None if is_open or desk.provider is None else desk.provider.title,
        time_zone=desk.settings.time_zone,
    )


def _find(desk: Desk, account_id: str) -> Account | None:
    with desk.store.unit_of_work() as work:
        return work.accounts.find(account_id)


def _require_somebody(caller: Caller) -> None:
    """Check that somebody signed in.

    Raises
    ------
    NotSignedIn
        ``not_signed_in``.
    """
    if caller.principal.account_id is None:
        raise NotSignedIn("not_signed_in")
