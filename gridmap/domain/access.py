"""Who may do what, and where: roles, permissions, and grants over areas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in one area; nobody has a role without a grant."""

    PLANNER = "planner"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ANALYST = "analyst"
    FIELD = "field"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that somebody may do. Each route, and each method of a repository, asks for one of them.

    ``people.read``: names and telephone numbers of staff. ``incidents.read``: single incidents, never their notes.
    ``cases.read``: lists of cases and what is counted of them; ``cases.file``: their files with what people wrote on
    them; ``cases.write``: acting on them, each role what it may, and who reported them. ``patrols.live``: where each
    unit is now, for those who send it. ``sets.define``: levels, schemes and other rules of a whole set.
    """

    GRIDS_READ = "grids.read"
    PEOPLE_READ = "people.read"
    LAYERS_READ = "layers.read"
    INCIDENTS_READ = "incidents.read"
    INCIDENTS_WRITE = "incidents.write"
    CASES_READ = "cases.read"
    CASES_FILE = "cases.file"
    CASES_WRITE = "cases.write"
    PATROLS_READ = "patrols.read"
    PATROLS_WRITE = "patrols.write"
    PATROLS_LIVE = "patrols.live"
    DRAFTS_WRITE = "drafts.write"
    PUBLISH = "versions.publish"
    SETS_DEFINE = "sets.define"
    DATA_IMPORT = "data.import"
    ACCOUNTS_MANAGE = "accounts.manage"
    AUDIT_READ = "audit.read"
    OPERATIONS_READ = "operations.read"


_READ = frozenset({Permission.GRIDS_READ, Permission.LAYERS_READ, Permission.INCIDENTS_READ, Permission.PATROLS_READ})
_DESK = _READ | {
    Permission.PEOPLE_READ,
    Permission.INCIDENTS_WRITE,
    Permission.CASES_READ,
    Permission.CASES_FILE,
    Permission.CASES_WRITE,
    Permission.PATROLS_LIVE,
}

#: What each role may do in the area of its grant. Who keeps the accounts sees no incidents, who audits changes nothing.
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.PLANNER: _READ
    | {
        Permission.PEOPLE_READ,
        Permission.DRAFTS_WRITE,
        Permission.PUBLISH,
        Permission.SETS_DEFINE,
        Permission.DATA_IMPORT,
    },
    Role.DISPATCHER: _DESK,
    Role.SUPERVISOR: _DESK | {Permission.PATROLS_WRITE},
    Role.LEADER: _READ | {Permission.PEOPLE_READ, Permission.CASES_READ, Permission.CASES_FILE},
    Role.ANALYST: _READ | {Permission.CASES_READ},
    Role.FIELD: frozenset(
        {
            Permission.GRIDS_READ,
            Permission.LAYERS_READ,
            Permission.INCIDENTS_WRITE,
            Permission.CASES_READ,
            Permission.CASES_FILE,
            Permission.CASES_WRITE,
            Permission.PATROLS_WRITE,
        }
    ),
    Role.ADMINISTRATOR: frozenset({Permission.GRIDS_READ, Permission.ACCOUNTS_MANAGE, Permission.OPERATIONS_READ}),
    Role.AUDITOR: frozenset({Permission.AUDIT_READ}),
}

#: What cannot be cut down to a part of a set: it needs a grant over the whole set.
WHOLE_SET = frozenset({Permission.PUBLISH, Permission.SETS_DEFINE, Permission.DATA_IMPORT})
#: What is about no set at all: it needs a grant over everything.
EVERYWHERE = frozenset({Permission.ACCOUNTS_MANAGE, Permission.AUDIT_READ, Permission.OPERATIONS_READ})


@dataclass(frozen=True, slots=True, order=True)
class Area:
    """A piece of ground that a grant is about: an area of a set with all below it, a whole set, or everything.

    ``code`` names the area for life: what lay under it in any version is in it, whatever became of the borders since.
    """

    set_name: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        if self.set_name is None and self.code is not None:
            raise ValueError("a code belongs to a set")


EVERYTHING = Area()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in an area, for the days ``[valid_from, valid_to)``; None: open end."""

    role: Role
    area: Area = EVERYTHING
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether the grant is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class Kind(StrEnum):
    """What an account stands for."""

    PERSON = "person"
    KEY = "key"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody may do one thing: everywhere, or in some areas; in none of them, nowhere."""

    areas: frozenset[Area]

    @classmethod
    def of(cls, areas: Iterable[Area]) -> "Reach":
        """Put areas together; one that another one holds is left out."""
        wanted = frozenset(areas)
        if EVERYTHING in wanted:
            return cls(frozenset({EVERYTHING}))
        whole = {area.set_name for area in wanted if area.code is None}
        return cls(frozenset(a for a in wanted if a.code is None or a.set_name not in whole))

    @property
    def nowhere(self) -> bool:
        """It reaches nothing."""
        return not self.areas

    @property
    def everywhere(self) -> bool:
        """It reaches all there is, also what lies in no grid."""
        return EVERYTHING in self.areas

    def whole(self, set_name: str) -> bool:
        """Tell whether all of a set is within reach."""
        return self.everywhere or Area(set_name) in self.areas

    def codes(self, set_name: str) -> frozenset[str]:
        """Give the codes of the areas of a set within reach; none where all of it is, or nothing."""
        return frozenset(a.code for a in self.areas if a.set_name == set_name and a.code is not None)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an account and the grants it has. Names are for the trail, never for deciding.

    ``account_id`` None: nobody signed in.
    """

    account_id: str | None
    name: str
    kind: Kind
    grants: tuple[Grant, ...]

    def reach(self, permission: Permission, day: date) -> Reach:
        """Say where somebody may do one thing on a day."""
        held = (g.area for g in self.grants if permission in ALLOWED[g.role] and g.holds_on(day))
        if permission in EVERYWHERE:
            held = (area for area in held if area == EVERYTHING)
        elif permission in WHOLE_SET:
            held = (area for area in held if area.code is None)
        return Reach.of(held)


NOBODY = Principal(None, "", Kind.PERSON, ())
#: Whoever stands at the machine: the command line, and the demonstration. Every role, everywhere.
OPERATOR = Principal(None, "operator", Kind.PERSON, tuple(Grant(role) for role in Role))
