"""What happened, for those who follow it: kinds, numbers and codes, never what people wrote, and nobody's name."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: Events that one entry of the trail may have: the number of an event is that of the entry and its place there.
PER_ENTRY = 1 << 20


class EventKind(StrEnum):
    """What can be followed. ``incidents.added``: many at once, counted by owner."""

    INCIDENT_ADDED = "incident.added"
    INCIDENTS_ADDED = "incidents.added"
    CASE_OPENED = "case.opened"
    CASE_CHANGED = "case.changed"
    VERSION_PUBLISHED = "version.published"
    VERSION_WITHDRAWN = "version.withdrawn"


#: Of these everybody hears who sees anything of the set; of the others, who may see what is in the area.
OF_SETS = frozenset({EventKind.VERSION_PUBLISHED, EventKind.VERSION_WITHDRAWN})


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
class Sight:
    """Which events somebody is to hear of.

    ``incidents``: whose incidents, by set and code (None: all codes of the set); None: everybody's and nobody's.
    ``sets``: of which sets anything is seen; None: of all.
    """

    incidents: tuple[tuple[str, frozenset[str] | None], ...] | None
    sets: frozenset[str] | None

    def shows(self, event: Event) -> bool:
        """Tell whether an event is within sight."""
        if event.kind in OF_SETS:
            return self.sets is None or event.set_name in self.sets
        if self.incidents is None:
            return True
        return any(name == event.set_name and (codes is None or event.code in codes) for name, codes in self.incidents)
