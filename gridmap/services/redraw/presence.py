"""Who draws in which draft at the moment."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Who has not been heard of for so long is gone; pages ask every two seconds.
GONE_AFTER = timedelta(seconds=12)


@dataclass(frozen=True, slots=True)
class Planner:
    """Somebody in a draft. ``key`` tells people apart who have one name."""

    key: str
    name: str
    seen_at: datetime


class Presence:
    """Who was heard of in this process; it is shown, nothing hangs on it."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], dict[str, Planner]] = {}
        self._lock = threading.Lock()

    def note(self, set_name: str, number: int, planner: Planner) -> list[Planner]:
        """Note that somebody is there; give the others, by name."""
        with self._lock:
            here = self._seen.setdefault((set_name, number), {})
            here[planner.key] = planner
            for key in [k for k, p in here.items() if planner.seen_at - p.seen_at > GONE_AFTER]:
                del here[key]
            others = [p for k, p in here.items() if k != planner.key]
            for place in [k for k, v in self._seen.items() if not v]:
                del self._seen[place]
        return sorted(others, key=lambda p: (p.name, p.key))
