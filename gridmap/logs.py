"""Logs: one JSON object a line, or plain text, with the same members. What people wrote or sent is in none of them.

A line says what happened and under which request number; it never holds an address as it was asked (its path may name
a grid, its query a place), a name, a note or the words of an exception, which may quote any of these.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from gridmap.settings import Settings

#: Members that a caller may add by ``extra``; every other attribute of a record stays out.
MEMBERS = ("request_id", "method", "route", "status", "ms", "account", "code")

requests = logging.getLogger("gridmap.requests")


def members_of(record: logging.LogRecord) -> dict[str, Any]:
    """Give what is written of a record."""
    found: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage(),
        "process": record.process,
    }
    found |= {name: record.__dict__[name] for name in MEMBERS if record.__dict__.get(name) is not None}
    if record.exc_info and record.exc_info[1] is not None:
        found["error"] = _places(record.exc_info[1])
    return found


def _places(error: BaseException) -> list[dict[str, Any]]:
    """Name an exception, and those it came from, by type and by lines of code; never by its words."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        at = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({"type": type(current).__name__, "at": at})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


class JsonLines(logging.Formatter):
    """One JSON object a line (members: docs/operations.md)."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        return json.dumps(members_of(record), ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """The same for eyes."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        found = members_of(record)
        head = f"{found.pop('time')} {found.pop('level'):<7} {found.pop('logger')}: {found.pop('event')}"
        for place in found.pop("error", ()):
            head += f"\n  {place['type']}" + "".join(f"\n    {line}" for line in place["at"])
        del found["process"]
        first, *more = head.split("\n")
        return "\n".join([" ".join([first, *(f"{k}={v}" for k, v in found.items())]), *more])


def configure(settings: Settings) -> None:
    """Write all logs of this process to standard error, in the form of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    requests.setLevel(logging.WARNING if settings.access_log == "off" else logging.INFO)
