"""What one unit of work of one principal may see and do, and what it did."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from gridmap.domain.access import Grant, Kind, Permission, Principal, Reach
from gridmap.domain.boundaries import BoundaryVersion
from gridmap.domain.events import Event
from gridmap.errors import NotAllowed
from gridmap.services.guarded.kin import Codes, Kin
from gridmap.services.guarded.table import Rule
from gridmap.services.ports import Act, UnitOfWork, Within

Rights = Mapping[Permission, Reach]

#: What the answers to questions hang on; whoever has these everywhere sees all there is.
SEEING = (
    Permission.GRIDS_READ,
    Permission.PEOPLE_READ,
    Permission.LAYERS_READ,
    Permission.INCIDENTS_READ,
    Permission.PATROLS_READ,
)


def rights_of(principal: Principal, day: date) -> Rights:
    """Say where somebody may do what on a day."""
    return _rights(principal.grants, day)


@lru_cache(maxsize=4_096)
def _rights(grants: tuple[Grant, ...], day: date) -> Rights:
    somebody = Principal(None, "", Kind.PERSON, grants)
    return {permission: somebody.reach(permission, day) for permission in Permission}


class Guard:
    """Reaches and their codes for one unit of work, and the acts to be told of it."""

    def __init__(self, raw: UnitOfWork, rights: Rights, kin: Kin, act: Callable[..., Act]) -> None:
        self.raw = raw
        self._rights = rights
        self._kin = kin
        self._act = act
        self._codes: dict[tuple[Permission, str], Codes | None] = {}
        self._told: dict[tuple[str, str], dict[str, Any]] = {}
        self._happened: dict[tuple[str, str], list[Event]] = {}

    def reach(self, permission: Permission) -> Reach:
        """Say where the principal may do one thing."""
        return self._rights[permission]

    def sees(self, permission: Permission, set_name: str) -> bool:
        """Tell whether anything of a set is within reach."""
        reach = self._rights[permission]
        return reach.whole(set_name) or bool(reach.codes(set_name))

    def codes(self, permission: Permission, set_name: str) -> Codes | None:
        """Give the codes of a set within reach; None: all of it."""
        reach = self._rights[permission]
        if reach.whole(set_name):
            return None
        key = (permission, set_name)
        if key not in self._codes:
            areas = reach.codes(set_name)
            self._codes[key] = self._kin.within(self.raw.boundaries, set_name, areas) if areas else frozenset()
        return self._codes[key]

    def codes_of(self, permission: Permission, version: BoundaryVersion) -> Codes | None:
        """Give the codes that may be seen in a version; None: all of it."""
        codes = self.codes(permission, version.set_name)
        if codes is None or version.ever_in_force or not codes:
            return codes
        areas = self._rights[permission].codes(version.set_name)
        return self._kin.within_version(self.raw.boundaries, version, areas)

    def within(self, permission: Permission) -> Within | None:
        """Give what points and features must be owned by; None: any, and nobody."""
        reach = self._rights[permission]
        if reach.everywhere:
            return None
        names = sorted({area.set_name for area in reach.areas if area.set_name is not None})
        return tuple((name, self.codes(permission, name)) for name in names)

    def require_whole(self, permission: Permission, set_name: str) -> None:
        """Check that a whole set is within reach (NotAllowed ``outside_reach``)."""
        if not self._rights[permission].whole(set_name):
            raise NotAllowed("outside_reach")

    def require_everywhere(self, permission: Permission) -> None:
        """Check that everything is within reach (NotAllowed ``outside_reach``)."""
        if not self._rights[permission].everywhere:
            raise NotAllowed("outside_reach")

    def note(self, rule: Rule, call: Mapping[str, Any], result: Any) -> None:
        """Note what a call did; numbers of equal acts add up, so that a long import is one line."""
        assert rule.action is not None
        told = rule.tell(call, result) if rule.tell is not None else ("", {})
        if told is None:
            return
        subject, detail = told
        known = self._told.setdefault((rule.action, subject), {})
        for name, value in detail.items():
            known[name] = known[name] + value if isinstance(known.get(name), int) else value
        if rule.happened is not None:
            self._happened.setdefault((rule.action, subject), []).extend(rule.happened(call, result))

    def told(self) -> list[Act]:
        """Give the acts noted so far, and begin anew."""
        told, self._told = self._told, {}
        happened, self._happened = self._happened, {}
        return [
            self._act(action=key[0], subject=key[1], detail=detail, events=tuple(happened.get(key, ())))
            for key, detail in told.items()
        ]
