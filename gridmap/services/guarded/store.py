"""A store as one principal sees it."""

import inspect
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import date
from functools import cache
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary

from gridmap.domain.access import Permission, Principal, Reach
from gridmap.errors import NotAllowed
from gridmap.services import ports
from gridmap.services.guarded.boundaries import CutBoundaries
from gridmap.services.guarded.cases import CutBooks, CutCases, CutPlaces
from gridmap.services.guarded.duty import CutDuty, CutPatrolDays
from gridmap.services.guarded.features import CutContext, CutFeatures
from gridmap.services.guarded.guard import SEEING, Guard, Rights, rights_of
from gridmap.services.guarded.inspections import CutInspections
from gridmap.services.guarded.kin import Kin
from gridmap.services.guarded.people import CutProfiles, CutStaff
from gridmap.services.guarded.points import CutIncidents, CutPatrols
from gridmap.services.guarded.redraw import CutRedraw
from gridmap.services.guarded.table import RULES
from gridmap.services.ports import Act, Clock, Store, StoreMode, Subject, UnitOfWork
from gridmap.services.trail import Bound

#: The port behind each repository of a unit of work.
PORTS: Mapping[str, type] = {
    "boundaries": ports.BoundaryRepository,
    "staff": ports.StaffRepository,
    "profiles": ports.ProfileRepository,
    "incidents": ports.IncidentRepository,
    "patrols": ports.PatrolRepository,
    "context": ports.ContextRepository,
    "features": ports.FeatureRepository,
    "accounts": ports.AccountRepository,
    "trail": ports.TrailRepository,
    "events": ports.EventRepository,
    "idempotency": ports.IdempotencyRepository,
    "redraw": ports.RedrawRepository,
    "cases": ports.CaseRepository,
    "books": ports.BookRepository,
    "places": ports.PlaceRepository,
    "duty": ports.DutyRepository,
    "patrol_days": ports.DaySumRepository,
    "inspections": ports.InspectionRepository,
}


class _Cut(Protocol):
    def __init__(self, guard: Guard) -> None: ...


#: What stands in for a repository where not everything is within reach. What is missing here (accounts, the trail) is
#: within reach as a whole or not at all.
CUTS: Mapping[str, type[_Cut]] = {
    "boundaries": CutBoundaries,
    "staff": CutStaff,
    "profiles": CutProfiles,
    "incidents": CutIncidents,
    "patrols": CutPatrols,
    "context": CutContext,
    "features": CutFeatures,
    "redraw": CutRedraw,
    "cases": CutCases,
    "books": CutBooks,
    "places": CutPlaces,
    "duty": CutDuty,
    "patrol_days": CutPatrolDays,
    "inspections": CutInspections,
}


@cache
def _signature(kind: str, name: str) -> inspect.Signature:
    signature = inspect.signature(getattr(PORTS[kind], name))
    return signature.replace(parameters=list(signature.parameters.values())[1:])


class _Repository:
    """One repository behind the guard: only what stands in the table can be called."""

    __slots__ = ("_cut", "_guard", "_kind", "_raw")

    def __init__(self, kind: str, raw: Any, guard: Guard) -> None:
        self._kind = kind
        self._raw = raw
        self._guard = guard
        self._cut: Any = None

    def __getattr__(self, name: str) -> Any:
        rule = RULES[self._kind].get(name)
        if rule is None:
            raise AttributeError(f"{self._kind}.{name} does not stand in the table of rights")
        if rule.permission is None or self._guard.reach(rule.permission).everywhere:
            method = getattr(self._raw, name)
        else:
            method = self._narrowed(name)
        if rule.action is None:
            return method

        def told(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            call = _signature(self._kind, name).bind(*args, **kwargs)
            call.apply_defaults()
            self._guard.note(rule, call.arguments, result)
            return result

        return told

    def _narrowed(self, name: str) -> Callable[..., Any]:
        if self._cut is None and self._kind in CUTS:
            self._cut = CUTS[self._kind](self._guard)
        if self._cut is None:
            return _refuse
        method: Callable[..., Any] = getattr(self._cut, name)
        return method


def _refuse(*_: Any, **__: Any) -> Any:
    raise NotAllowed("outside_reach")


class GuardedUnitOfWork:
    """One transaction of one principal: cut down to his reach, and told in the trail when it is committed."""

    boundaries: ports.BoundaryRepository
    staff: ports.StaffRepository
    profiles: ports.ProfileRepository
    incidents: ports.IncidentRepository
    patrols: ports.PatrolRepository
    context: ports.ContextRepository
    features: ports.FeatureRepository
    accounts: ports.AccountRepository
    trail: ports.TrailRepository
    events: ports.EventRepository
    idempotency: ports.IdempotencyRepository
    redraw: ports.RedrawRepository
    cases: ports.CaseRepository
    books: ports.BookRepository
    places: ports.PlaceRepository
    duty: ports.DutyRepository
    patrol_days: ports.DaySumRepository
    inspections: ports.InspectionRepository

    def __init__(self, store: "GuardedStore", raw: UnitOfWork) -> None:
        self._store = store
        self._raw = raw
        self.guard = Guard(raw, store.rights, store.kin, store.act)

    def __getattr__(self, kind: str) -> Any:
        if kind not in RULES:
            raise AttributeError(kind)
        made = _Repository(kind, getattr(self._raw, kind), self.guard)
        setattr(self, kind, made)
        return made

    def __enter__(self) -> Self:
        self._raw.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._raw.__exit__(*exc)
        self._store.tell([act for act in self.guard.told() if act.action in _HANDED_OUT])

    def commit(self) -> None:
        """Make everything written here last, with what the trail says of it."""
        acts = self.guard.told()
        if acts:
            self._raw.trail.add(acts)
        self._raw.commit()


#: Acts that happen without a commit: what was read has been read.
_HANDED_OUT = frozenset(
    rule.action for rules in RULES.values() for rule in rules.values() if rule.action and not rule.writes
)


#: Acts of handing out that one process keeps in a minute; the next one says how many were not.
_HANDED_OUT_PER_MINUTE = 600
_BOUNDS: WeakKeyDictionary[Store, Bound] = WeakKeyDictionary()


class GuardedStore:
    """A store as one principal sees it on a day; see ``guarded.table``.

    Parameters
    ----------
    raw : Store
    principal : Principal
    clock : Clock
        When acts happen.
    day : date
        Whose grants hold.
    kin : Kin, optional
        Where the codes of areas are kept from one request to the next.
    request_id : str
        Stands in the trail.
    """

    def __init__(
        self,
        raw: Store,
        principal: Principal,
        *,
        clock: Clock,
        day: date,
        kin: Kin | None = None,
        request_id: str = "",
    ) -> None:
        self._raw = raw
        self.principal = principal
        self.rights: Rights = rights_of(principal, day)
        self.kin = kin or Kin()
        self._clock = clock
        self._request_id = request_id

    @property
    def local(self) -> bool:
        """As of the store itself."""
        return self._raw.local

    @property
    def raw(self) -> Store:
        """The store itself, for who puts the acts of several principals together (``Group``)."""
        return self._raw

    @property
    def reading(self) -> tuple[Reach, ...] | None:
        """What tells the answers to this principal from those to others; None: he sees everything."""
        reaches = tuple(self.rights[permission] for permission in SEEING)
        return None if all(reach.everywhere for reach in reaches) else reaches

    def unit_of_work(self) -> GuardedUnitOfWork:
        """Begin a transaction of the principal."""
        return GuardedUnitOfWork(self, self._raw.unit_of_work())

    def close(self) -> None:
        """Close the store itself."""
        self._raw.close()

    def revision(self, of: Subject = "all") -> Hashable:
        """Give the revision of the store itself."""
        return self._raw.revision(of)

    def ping(self) -> None:
        """Ask whether the store itself answers."""
        self._raw.ping()

    def mode(self) -> StoreMode:
        """Tell whether the store itself takes writes."""
        return self._raw.mode()

    def act(self, **about: Any) -> Act:
        """Make an act of the principal."""
        who = self.principal
        return Act(
            at=self._clock.now(),
            actor_id=who.account_id,
            actor=who.name,
            request_id=self._request_id,
            **about,
        )

    def tell(self, acts: list[Act]) -> None:
        """Put acts into the trail in a transaction of their own."""
        bound = _BOUNDS.setdefault(self._raw, Bound(_HANDED_OUT_PER_MINUTE))
        acts = [kept for act in acts if (kept := bound.take(act)) is not None]
        if not acts:
            return
        with self._raw.unit_of_work() as work:
            work.trail.add(acts)
            work.commit()


def require_publisher(work: UnitOfWork, set_name: str) -> None:
    """Check before any rule is asked that a whole set is within reach for publishing (NotAllowed ``outside_reach``).

    Who has a part of it must not be told what the rules say of that part: they are about the whole.
    """
    guard = getattr(work, "guard", None)
    if isinstance(guard, Guard):
        guard.require_whole(Permission.PUBLISH, set_name)


def may(store: Store, permission: Permission, set_name: str, code: str) -> bool:
    """Tell whether whoever a store is for may do one thing in an area; in a store that is nobody's, all may."""
    if not isinstance(store, GuardedStore):
        return True
    if store.rights[permission].everywhere:
        return True
    with store.unit_of_work() as work:
        return may_in(work, permission, set_name, code)


def may_in(work: UnitOfWork, permission: Permission, set_name: str, code: str) -> bool:
    """Tell the same of whoever a unit of work is for."""
    guard = getattr(work, "guard", None)
    if not isinstance(guard, Guard):
        return True
    codes = guard.codes(permission, set_name)
    return codes is None or code in codes


def codes_in(work: UnitOfWork, permission: Permission, set_name: str) -> Collection[str] | None:
    """Give the codes of a set in which whoever a unit of work is for may do one thing; None: all of them."""
    guard = getattr(work, "guard", None)
    return guard.codes(permission, set_name) if isinstance(guard, Guard) else None
