"""The trail of who did what: a chain in which each entry's hash is made of its content and the hash before it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gridmap.domain.events import Event
from gridmap.domain.rules import Finding, Severity

#: What stands before the first entry.
NOTHING = "0" * 64


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what when. ``detail`` holds counts, codes, numbers and names of fields; never what people wrote."""

    at: datetime
    action: str
    outcome: Outcome = Outcome.DONE
    actor_id: str | None = None
    actor: str = ""
    subject: str = ""
    request_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: What others are to hear of it: written beside the entry, and no part of it.
    events: tuple[Event, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it stands in the trail: numbered without a hole, its hash made of its content and the hash before."""

    number: int
    act: Act
    hash: str


#: What stands in the place of an act that cannot be read as it was written; no hash fits it.
UNREADABLE = Act(datetime(1970, 1, 1, tzinfo=UTC), "")


def compact(value: Any) -> str:
    """Write plain JSON values in the one form that is hashed: ASCII, keys in order, no space.

    Raises
    ------
    ValueError
        Something that JSON does not have.
    """
    try:
        return _write(value)
    except TypeError as error:
        raise ValueError("not plain JSON") from error


_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(value: Any) -> str:
    """Write as ``compact`` what is read again as the same.

    Raises
    ------
    ValueError
        Also of a value that would be read again as another one, such as a key twice.
    """
    written = compact(value)
    if compact(json.loads(written)) != written:
        raise ValueError("not plain JSON")
    return written


def written_time(at: datetime) -> str:
    """Write an aware time in one fixed width, UTC with microseconds."""
    if at.tzinfo is None:
        raise ValueError("times are aware UTC")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def hash_of(number: int, act: Act, before: str) -> str:
    """Give the hash of an entry: SHA-256, in hex, over its number, its act and the hash of the entry before it.

    Raises
    ------
    ValueError
        The time is not aware, or the detail is nothing that JSON has.
    """
    form = {
        "number": number,
        "before": before,
        "at": written_time(act.at),
        "action": act.action,
        "outcome": act.outcome.value,
        "actor_id": act.actor_id,
        "actor": act.actor,
        "subject": act.subject,
        "request_id": act.request_id,
        "detail": dict(act.detail),
    }
    return hashlib.sha256(compact(form).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the trail ended at a time, kept where who keeps the store cannot change it."""

    number: int
    hash: str


def faults(
    entries: Iterable[Entry], head: Callable[[], tuple[int, str]], anchors: Iterable[Anchor] = ()
) -> Iterator[Finding]:
    """Walk the chain; give what is not as it was written.

    Rules: ``trail_changed`` (an entry is not the one that was written under its number), ``trail_missing`` (numbers
    that are not there), ``trail_cut``, ``trail_added`` and ``trail_head_differs`` (the end is not where the head
    says), ``trail_anchor_differs``. Where only the chain before an entry is wrong, the entry itself is not blamed.

    Parameters
    ----------
    entries : iterable of Entry
        All of them, by number.
    head : callable
        Gives number and hash of the last entry, as the store says; asked when all entries have been seen.
    anchors : iterable of Anchor
        A trail that was made anew from some entry on is whole in itself; only these tell.
    """
    wanted: dict[int, set[str]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.number, set()).add(anchor.hash)
    # by what is stored, and where that is wrong, also by what it should be
    before: set[str] = {NOTHING}
    last, ending = 0, NOTHING
    for entry in entries:
        if entry.number <= last:
            yield _fault("trail_changed", entry.number)
            continue
        gap = entry.number > last + 1
        if gap:
            yield _fault("trail_missing", last + 1, entry.number - 1)
        made = {hash_of(entry.number, entry.act, h) for h in before}
        good = entry.act is not UNREADABLE and (gap or entry.hash in made)
        if not good:
            yield _fault("trail_changed", entry.number)
        if wanted.get(entry.number, {entry.hash}) != {entry.hash}:
            yield _fault("trail_anchor_differs", entry.number)
        before = {entry.hash} if good else {entry.hash, *made}
        last, ending = entry.number, entry.hash
    number, stated = head()
    if number > last:
        yield _fault("trail_cut", last + 1, number)
    elif number < last:
        yield _fault("trail_added", number + 1, last)
    elif stated != ending:
        yield _fault("trail_head_differs", last)
    for number in sorted(n for n, hashes in wanted.items() if n > last or (n == 0 and hashes != {NOTHING})):
        yield _fault("trail_anchor_differs", number)


def _fault(rule: str, first: int, last: int | None = None) -> Finding:
    return Finding(rule, Severity.ERROR, fields={"first": first, "last": first if last is None else last})
