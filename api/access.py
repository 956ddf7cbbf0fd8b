"""What the routes of sessions, accounts and the trail share: the services, who asks, and the cookie of a session."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Request, Response

from api.credentials import COOKIE, shown_by
from api.doors import NETWORK, Doors
from api.oidc.provider import Provider
from api.rights import principal_of
from gridmap.domain.access import Principal
from gridmap.errors import Conflict
from gridmap.services.access import Access
from gridmap.services.accounts import Accounts
from gridmap.services.clock import day_in
from gridmap.services.ports import Clock, Store
from gridmap.services.sessions import Sessions, SignedIn
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of coming in, over the whole store: who is not yet in has no reach."""

    settings: Settings
    store: Store
    clock: Clock
    access: Access
    #: Where the city's people sign in; None: only here.
    provider: Provider | None = None

    @property
    def accounts(self) -> Accounts:
        """What administrators do."""
        return self.access.accounts

    @property
    def sessions(self) -> Sessions:
        """Signing in and out, and whose a token is."""
        return self.access.sessions

    def today(self) -> date:
        """Give the calendar day in the district."""
        return day_in(self.clock.now(), self.settings.time_zone)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something about accounts, and under which number the request stands."""

    principal: Principal
    request_id: str
    token: str | None


def desk(request: Request) -> Desk:
    """Give the use cases of the running app."""
    found: Desk = request.app.state.desk
    return found


def caller(request: Request) -> Caller:
    """Give who asks, where there are accounts at all.

    Raises
    ------
    Conflict
        ``access_is_open``.
    """
    if request.app.state.settings.access == "open":
        raise Conflict("access_is_open")
    shown = shown_by(request.scope)
    return Caller(
        principal_of(request.scope), request.scope["state"]["request_id"], None if shown is None else shown.token
    )


def attempt(request: Request) -> None:
    """Count an attempt to come in from a network.

    Raises
    ------
    TooManyRequests
        ``too_many_requests``.
    """
    doors: Doors = request.app.state.doors
    doors.attempts.take(request.scope["state"][NETWORK])


TheDesk = Annotated[Desk, Depends(desk)]
TheCaller = Annotated[Caller, Depends(caller)]


def give_cookie(response: Response, session: SignedIn) -> None:
    """Give the browser the token of a session, until it is closed."""
    response.set_cookie(COOKIE, session.token, path="/", secure=True, httponly=True, samesite="lax")


def take_cookie(response: Response) -> None:
    """Let the browser forget the token."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
