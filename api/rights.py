"""What a route asks for: one permission, or nothing at all. A route that does not say so cannot be made."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from starlette.types import Scope

from api.errors import NotSignedIn
from gridmap.domain.access import NOBODY, Permission, Principal
from gridmap.errors import NotAllowed

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_DECLARED = "__permission__"
#: In the state of a request: who asks.
PRINCIPAL = "principal"


def needs(permission: Permission) -> Callable[[Endpoint], Endpoint]:
    """Declare the permission that an endpoint asks for; where it reaches is the store's to hold."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _DECLARED, permission)
        return endpoint

    return declare


def open_to_all(endpoint: Endpoint) -> Endpoint:
    """Declare that an endpoint answers anybody: it shows nothing of what is stored."""
    setattr(endpoint, _DECLARED, None)
    return endpoint


def permission_of(endpoint: Callable[..., Any]) -> Permission | None:
    """Give the permission that an endpoint asks for; None where it answers anybody.

    Raises
    ------
    TypeError
        It does not say.
    """
    if not hasattr(endpoint, _DECLARED):
        raise TypeError(f"{endpoint.__qualname__} does not declare its permission: @needs(...) or @open_to_all")
    found: Permission | None = getattr(endpoint, _DECLARED)
    return found


def principal_of(scope: Scope) -> Principal:
    """Give who asks, as ``doors.Doors.admit`` found out."""
    found: Principal = scope.get("state", {}).get(PRINCIPAL, NOBODY)
    return found


def is_member(scope: Scope) -> bool:
    """Tell whether somebody signed in, or nobody needs to."""
    return principal_of(scope) != NOBODY


def require(scope: Scope, permission: Permission | None, day: date) -> None:
    """Check that whoever asks may do it somewhere.

    Raises
    ------
    NotSignedIn
        ``not_signed_in``.
    NotAllowed
        ``not_allowed``.
    """
    if permission is None:
        return
    principal = principal_of(scope)
    if principal.reach(permission, day).nowhere:
        if principal.account_id is None:
            raise NotSignedIn("not_signed_in")
        raise NotAllowed("not_allowed")
