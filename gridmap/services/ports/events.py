"""What happened, as those ask for it who follow it. It is written by ``TrailRepository.add``, with the act itself."""

from dataclasses import dataclass, field
from typing import Protocol

from gridmap.domain.events import Audience, Happened


@dataclass(frozen=True, slots=True)
class EventMark:
    """Up to where events were forgotten, and the key that seals places among them; without events there is none."""

    forgotten_to: int = 0
    key: str | None = field(default=None, repr=False)


class EventRepository(Protocol):
    """Events in the order in which they were committed. Their numbers grow, with holes."""

    def page(self, sight: Audience | None, *, after: int, limit: int) -> list[Happened]:
        """Give up to ``limit`` events after a number that are within sight (None: all)."""
        ...

    def newest(self) -> int:
        """Give the number of the last event, kept or forgotten; 0 where there never was one."""
        ...

    def mark(self) -> EventMark:
        """Say up to where events were forgotten, and with which key places are sealed."""
        ...

    def begin_anew(self) -> None:
        """Forget all events and the key: no place among them that somebody remembers is good any more."""
        ...
