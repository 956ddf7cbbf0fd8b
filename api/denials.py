"""Refusals stand in the trail: who asked for what without the right to it."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from api.rights import principal_of
from gridmap.errors import GridmapError
from gridmap.services.ports import Act, Outcome

log = logging.getLogger("gridmap.api")

#: What somebody is told who has signed in and may not do it.
_CODES = frozenset({"not_allowed", "outside_reach"})


async def tell(scope: Scope, method: str, route: str) -> None:
    """Put the refusal of a request that has been answered into the trail; of others nothing.

    The template of the address is told, never what was asked for. Who has not signed in has been asked to, not refused.
    """
    who, code = principal_of(scope), scope["state"].get("code")
    desk = getattr(scope["app"].state, "desk", None) if "app" in scope else None
    if code not in _CODES or who.account_id is None or desk is None:
        return
    notes = desk.access.notes
    act = Act(
        at=notes.now(),
        action="request.denied",
        outcome=Outcome.DENIED,
        actor_id=who.account_id,
        actor=who.name,
        subject=f"{method} {route}",
        request_id=scope["state"]["request_id"],
        detail={"code": code},
    )
    try:
        await run_in_threadpool(notes.keep, act)
    except GridmapError as error:
        log.warning("refusal not told", extra={"request_id": act.request_id, "code": error.code})
