"""The trail of who did what: a chain in which each entry's hash is made of its content and the hash before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it stands in the trail: numbered without a hole, its hash made of its content and the hash before."""

    number: int
    act: Act
    hash: str


#: What stands in the place of an act that cannot be read as it was written; no hash fits it.
UNREADABLE = Act(datetime(1970, 1, 1, tzinfo=UTC), "")


def canonical(value: Any) -> str:
    """Write plain JSON values in the one form that is hashed: ASCII, keys in order, no space.

    Raises
    ------
    ValueError
        A value would be read again as another one: NaN, a key twice, something that JSON does not have.
    """
    try:
        written = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
        again = json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except TypeError as error:
        raise ValueError("not plain JSON") from error
    if again != written:
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
        The act has no plain JSON form.
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
    return hashlib.sha256(canonical(form).encode()).hexdigest()
