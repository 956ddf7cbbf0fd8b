"""The trail as a whole: proved from end to end, held against anchors, and kept from being flooded."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from gridmap.domain.rules import Finding, Report, report
from gridmap.domain.trail import Act, Anchor, Entry, faults, written_time
from gridmap.errors import FileError, NotFound
from gridmap.services.ports import Clock, Store, TrailRepository

#: Findings that are listed; of more the number is said.
_LISTED = 1_000
#: Anchors in one file.
_ANCHORS = 100_000
_MINUTE = timedelta(minutes=1)


class _Whole:
    """All entries, also those that others add meanwhile, and then the head."""

    def __init__(self, trail: TrailRepository) -> None:
        self._trail = trail
        self._head = (0, "")

    def __iter__(self) -> Iterator[Entry]:
        last, before = 0, -1
        while last > before:
            # first the head, then what came since: where nothing came, it is the head of what was seen
            self._head, before = self._trail.head(), last
            for entry in self._trail.entries(after=last):
                yield entry
                last = entry.number

    def head(self) -> tuple[int, str]:
        """Give the head as it was when no further entry came."""
        return self._head


def verify(store: Store, anchors: Sequence[Anchor] = ()) -> Report:
    """Prove the trail from its first entry to its last; what is wrong with it: see ``domain.trail.faults``.

    Returns
    -------
    Report
        Its facts: ``entries`` and ``anchors`` (how many), ``hash`` (of the last entry), and ``beyond`` (findings
        that are not listed).
    """
    found: list[Finding] = []
    beyond = 0
    with store.unit_of_work() as work:
        whole = _Whole(work.trail)
        for fault in faults(whole, whole.head, anchors):
            if len(found) < _LISTED:
                found.append(fault)
            else:
                beyond += 1
        number, last = whole.head()
    return report(found, entries=number, hash=last, anchors=len(anchors), beyond=beyond)


def add_anchor(store: Store, file: Path, now: datetime) -> Anchor:
    """Write number and hash of the last entry behind the anchors of a file; where there is none, it is made.

    The file belongs where who can change the store cannot: on another machine, on paper.

    Raises
    ------
    FileError
        ``anchors_unreadable``: the file holds something else. ``anchors_unwritable``.
    """
    if file.exists():
        read_anchors(file)
    with store.unit_of_work() as work:
        anchor = Anchor(*work.trail.head())
    line = {"at": written_time(now), "number": anchor.number, "hash": anchor.hash}
    try:
        with file.open("a", encoding="ascii") as out:
            out.write(json.dumps(line) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        raise FileError("anchors_unwritable") from None
    return anchor


def read_anchors(file: Path) -> list[Anchor]:
    """Read what ``add_anchor`` wrote.

    Raises
    ------
    NotFound
        ``anchors_missing``.
    FileError
        ``anchors_unreadable``.
    """
    if not file.is_file():
        raise NotFound("anchors_missing")
    found: list[Anchor] = []
    try:
        with file.open(encoding="ascii") as lines:
            for line in lines:
                value = json.loads(line)
                number, stated = value["number"], value["hash"]
                if type(number) is not int or number < 0 or len(bytes.fromhex(stated)) != 32 or len(found) >= _ANCHORS:
                    raise ValueError
                found.append(Anchor(number, stated))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise FileError("anchors_unreadable") from None
    return found


class Bound:
    """Lets so many acts a minute through, so that nobody floods the trail; the next one says how many it left out."""

    def __init__(self, per_minute: int = 60) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._begun: datetime | None = None
        self._taken = self._left_out = 0

    def take(self, act: Act) -> Act | None:
        """Give the act as it is to be kept; None where the minute is full."""
        with self._lock:
            # also when the clock was set back
            if self._begun is None or not timedelta(0) <= act.at - self._begun < _MINUTE:
                self._begun, self._taken = act.at, 0
            if self._taken >= self._per_minute:
                self._left_out += 1
                return None
            self._taken += 1
            left_out, self._left_out = self._left_out, 0
        return replace(act, detail={**act.detail, "left_out": left_out}) if left_out else act


class Notes:
    """Puts acts into the trail that change nothing else, each in a transaction of its own: refusals, exports."""

    def __init__(self, store: Store, clock: Clock, per_minute: int = 600) -> None:
        self._store = store
        self._clock = clock
        self._bound = Bound(per_minute)

    def now(self) -> datetime:
        """Give the time for the next act."""
        return self._clock.now()

    def keep(self, act: Act) -> bool:
        """Keep an act; False where there were too many of late, which the next one that is kept says."""
        bounded = self._bound.take(act)
        if bounded is None:
            return False
        with self._store.unit_of_work() as work:
            work.trail.add([bounded])
            work.commit()
        return True
