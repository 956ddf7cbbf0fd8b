"""Plans as one principal sees them."""

import hashlib
from collections import OrderedDict
from threading import Lock

from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.errors import NotFound
from gridmap.services.guarded.kin import Codes
from gridmap.services.guarded.store import GuardedStore, GuardedUnitOfWork
from gridmap.services.ports import UnitOfWork
from gridmap.services.responsibility import Plan, Plans

#: Parts of plans that are kept.
_KEEP = 32


class Parts:
    """Parts of plans, cut once and kept from request to request. Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[tuple[str, int, str], Codes], Plan | None] = OrderedDict()
        self._lock = Lock()

    def of(self, plan: Plan, codes: Codes) -> Plan | None:
        """Give the part of a plan that is about some codes."""
        key = (plan.key, codes)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        name = hashlib.sha256("\x00".join(sorted(codes)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
        part = plan.part_of(codes, name)
        with self._lock:
            self._kept[key] = part
            while len(self._kept) > _KEEP:
                self._kept.popitem(last=False)
        return part


class CutPlans(Plans):
    """Plans of a store as one principal sees them: parts of the whole ones, which all readers share.

    Parameters
    ----------
    whole : Plans
        Plans of the store itself.
    store : GuardedStore
        The same store for the principal.
    parts : Parts
    """

    def __init__(self, whole: Plans, store: GuardedStore, parts: Parts) -> None:
        self._whole = whole
        self._store = store
        self._guarded = store
        self._parts = parts

    def of(self, boundary_set: BoundarySet, version: BoundaryVersion, work: UnitOfWork | None = None) -> Plan:
        """Give the plan of a version as far as it is within reach.

        Raises
        ------
        NotFound
            ``no_version_at``: no grid of it is.
        """
        if work is None:
            with self._guarded.unit_of_work() as own:
                return self._of(boundary_set, version, own)
        assert isinstance(work, GuardedUnitOfWork)
        return self._of(boundary_set, version, work)

    def _of(self, boundary_set: BoundarySet, version: BoundaryVersion, work: GuardedUnitOfWork) -> Plan:
        codes = work.guard.codes_of(Permission.GRIDS_READ, version)
        if codes is not None and not codes:
            raise NotFound("no_version_at", day=version.valid_from.isoformat())
        plan = self._whole.of(boundary_set, version, work.guard.raw)
        if codes is None:
            return plan
        part = self._parts.of(plan, codes)
        if part is None:
            raise NotFound("no_version_at", day=version.valid_from.isoformat())
        return part
