"""What happened, for those who follow it: kinds, numbers and codes, never what people wrote, and nobody's name."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: Events that one entry of the trail may have: the number of an event is that of the entry and its place there.
PER_ENTRY = 1 << 20


class EventKind(StrEnum):
    """What can be followed.

    ``incidents.added``: many at once, counted by owner. ``patrol.moved``: a unit was seen (without a subject: many
    were); it only says where to look, and no reader gets it.
    """

    INCIDENT_ADDED = "incident.added"
    INCIDENTS_ADDED = "incidents.added"
    CASE_OPENED = "case.opened"
    CASE_CHANGED = "case.changed"
    PATROL_MOVED = "patrol.moved"
    VERSION_PUBLISHED = "version.published"
    VERSION_WITHDRAWN = "version.withdrawn"


#: What lies in areas, by set and code (None: all codes of the set); None: all there is, and what is nobody's.
Whose = tuple[tuple[str, frozenset[str] | None], ...] | None

#: Of these everybody hears who sees anything of the set; of the others, who may see what is in the area.
OF_SETS = frozenset({EventKind.VERSION_PUBLISHED, EventKind.VERSION_WITHDRAWN})


#: These pass by: nobody reads them from a place on, and they are soon forgotten.
PASSING = frozenset({EventKind.PATROL_MOVED})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a set, in the area of a code (None: in none), with the id of what it is about."""

    kind: EventKind
    set_name: str | None
    code: str | None = None
    subject: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Happened:
    """An event in its place: who has seen all up to a number misses none of those before it."""

    number: int
    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Audience:
    """Which events somebody is to hear of.

    ``incidents``: whose incidents, by set and code (None: all codes of the set); None: everybody's and nobody's.
    ``sets``: of which sets anything is seen; None: of all. ``patrols``: where units are seen, as for incidents.
    """

    incidents: Whose
    sets: frozenset[str] | None
    patrols: Whose = ()

    def shows(self, event: Event) -> bool:
        """Tell whether an event is within sight."""
        if event.kind in PASSING:
            return False
        if event.kind in OF_SETS:
            return self.sets is None or event.set_name in self.sets
        return _holds(self.incidents, event.set_name, event.code)

    def shows_unit(self, set_name: str | None, code: str | None) -> bool:
        """Tell whether a unit may be seen where it is, in the area of a code of a set (None: in none)."""
        return _holds(self.patrols, set_name, code)


def _holds(whose: Whose, set_name: str | None, code: str | None) -> bool:
    return whose is None or any(name == set_name and (codes is None or code in codes) for name, codes in whose)
