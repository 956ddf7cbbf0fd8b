"""The cases of a day for the city's platform: one file that says what it holds, and proves it."""

import hashlib
import json
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from gridmap.services.clock import start_of
from gridmap.services.ports import CaseFilter, Clock, UnitOfWork
from gridmap.settings import Settings

#: The form of the file; a change that readers have to know of counts it up.
FORM = "gridmap-cases-1"
#: What leaves of a case: nothing that people wrote, nobody's name.
_TEXTS = ("case_id", "category", "channel", "kind", "status", "grid_code", "unit", "merged_into", "component")
_FLAGS = ("emergency", "deferred", "appealed")
_COUNTS = ("returns", "reworks")
_TIMES = ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at", "due_at")


def daily_feed(work: UnitOfWork, day: date, *, settings: Settings, clock: Clock) -> bytes:
    """Give the cases with which anything happened on a day, as they are now.

    Parameters
    ----------
    day : date
        A calendar day of the district.

    Returns
    -------
    bytes
        Lines of JSON in UTF-8. The first is the manifest: ``form``, ``day``, ``from`` and ``to`` (the half-open stretch
        in UTC), ``made_at``, ``cases`` (their number) and ``sha256`` of all bytes after that line. The others are the
        cases by report and id; a member without a value is null.
    """
    start, end = start_of(day, settings.time_zone), start_of(day + timedelta(days=1), settings.time_zone)
    frame = work.cases.frame(CaseFilter(acted_from=start, acted_before=end))
    columns: dict[str, list[Any]] = {name: [_plain(v) for v in frame[name]] for name in _TEXTS}
    columns |= {name: [bool(v) for v in frame[name]] for name in _FLAGS}
    columns |= {name: [int(v) for v in frame[name]] for name in _COUNTS}
    columns |= {name: [None if pd.isna(v) else _time(v) for v in frame[name]] for name in _TIMES}
    columns["lon"] = frame.geometry.x.round(7).tolist()
    columns["lat"] = frame.geometry.y.round(7).tolist()
    body = b"".join(_line(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))
    manifest = {
        "form": FORM,
        "day": day.isoformat(),
        "from": _time(start),
        "to": _time(end),
        "made_at": _time(clock.now()),
        "cases": len(frame),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _line(manifest) + body


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _time(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
