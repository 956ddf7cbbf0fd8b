"""In which role somebody acts on a case, and for which units: by their grants, or by the seat where nobody signs in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from gridmap.domain.access import ALLOWED, Grant, Permission, Role
from gridmap.domain.cases import TRANSITIONS, Act, Entry, Standing, advance, allowed
from gridmap.errors import GridmapError, NotAllowed
from gridmap.services.guarded import GuardedStore
from gridmap.services.ports import CaseLine, Store, UnitOfWork

#: Those that work on cases, the one that acts first where somebody is several.
ROLES = (Role.DISPATCHER, Role.SUPERVISOR, Role.FIELD)


@dataclass(frozen=True)
class Seat:
    """Who acts on a case.

    Attributes
    ----------
    by, author : str
        The account and its name at the time; None where nobody signs in, and the role stands for the person.
    roles : tuple of Role
        Those held where the case is.
    answers : callable
        Tells whether somebody answers for the area of a code.
    """

    by: str | None
    author: str
    roles: tuple[Role, ...]
    answers: Callable[[str], bool]

    def entry(self, act: Act, role: Role, at: datetime, reason: str = "", names: str = "") -> Entry:
        """Write a line of the record."""
        return Entry(act, self.by or role.value, role, at, reason, names)

    def name(self, role: Role) -> str:
        """Give the name that stands in the record."""
        return self.author or role.value

    def units(self, standing: Standing, role: Role) -> frozenset[str]:
        """Give the units of a case that somebody answers for in a role; command writes down what they report."""
        sent = frozenset({standing.assignee, *standing.joined} - {""})
        if role is Role.DISPATCHER or (self.by is None and role is Role.FIELD):
            return sent
        if self.by is None or Role.FIELD not in self.roles:
            return frozenset()
        return frozenset(unit for unit in sent if self.answers(unit.partition(":")[2]) and not unit.startswith("dept:"))

    def role_for(self, act: Act, standing: Standing, wanted: Role | None) -> Role:
        """Give the role in which an act is done: the one that is asked for, else the first that may do it.

        Raises
        ------
        NotAllowed
            ``outside_reach``: somebody wants to act in a role that they do not have there.
        """
        if wanted is not None:
            if wanted not in self.roles:
                raise NotAllowed("outside_reach")
            return wanted
        rule = TRANSITIONS.get((standing.status, act))
        fitting = [role for role in self.roles if rule is not None and role in rule.roles]
        return (fitting or [*self.roles, Role.FIELD])[0]

    def may(self, standing: Standing, at: datetime) -> list[tuple[Act, Role]]:
        """Give what can be done with a case now, and in which roles; the one that acts first comes first."""
        found: list[tuple[Act, Role]] = []
        for role in self.roles:
            for act in allowed(standing.status, role):
                entry = self.entry(act, role, at, "-", "dept:-")
                try:
                    advance(standing, entry, self.units(standing, role))
                except GridmapError:
                    continue
                found.append((act, role))
        return found


def seat_of(store: Store, work: UnitOfWork, line: CaseLine, day: date) -> Seat:
    """Say who asks, where a case is."""
    if not isinstance(store, GuardedStore):
        return Seat(None, "", ROLES, lambda _: True)
    who = store.principal

    def covers(grant: Grant, code: str | None) -> bool:
        area = grant.area
        if area.set_name is None:
            return True
        if area.set_name != line.set_name:
            return False
        if area.code is None:
            return True
        return code is not None and code in store.kin.within(work.boundaries, area.set_name, frozenset({area.code}))

    held = [g for g in who.grants if g.holds_on(day) and Permission.CASES_WRITE in ALLOWED[g.role]]
    roles = tuple(role for role in ROLES if any(g.role is role and covers(g, line.grid_code) for g in held))
    field = [g for g in held if g.role is Role.FIELD]
    author = who.name if who.account_id is not None else ""
    return Seat(who.account_id, author, roles, lambda code: any(covers(g, code) for g in field))
