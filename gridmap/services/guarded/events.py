"""Which events somebody is to hear of: the same reach as for what they are about."""

from gridmap.domain.access import Permission
from gridmap.domain.events import Audience
from gridmap.services.guarded.guard import Guard
from gridmap.services.guarded.store import GuardedStore

_LIVE = Permission.PATROLS_LIVE


def sight_of(store: GuardedStore) -> Audience:
    """Give what the principal of a store is to hear of today."""
    live, everything = store.rights[_LIVE], (Permission.INCIDENTS_READ, Permission.GRIDS_READ)
    if all(store.rights[permission].everywhere for permission in everything) and (live.everywhere or live.nowhere):
        return Audience(None, None, None if live.everywhere else ())
    with store.unit_of_work() as work:
        guard: Guard = work.guard
        return Audience(guard.within(Permission.INCIDENTS_READ), _sets(guard), guard.within(_LIVE))


def _sets(guard: Guard) -> frozenset[str] | None:
    if guard.reach(Permission.GRIDS_READ).everywhere:
        return None
    names = {area.set_name for area in guard.reach(Permission.GRIDS_READ).areas if area.set_name is not None}
    return frozenset(name for name in names if guard.sees(Permission.GRIDS_READ, name))
