"""Whose each of a few points is on its day, without making a frame of them."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, in_time_order
from gridmap.services.ports import NewPoint, PointOwner, UnitOfWork
from gridmap.services.responsibility import Plan, Plans, locate_many
from gridmap.settings import Settings

#: From so many points of one version on, they are asked for as arrays.
_MANY = 16

NOBODY = PointOwner(None, "none", None, None, None)


def owners_of(
    work: UnitOfWork, plans: Plans, points: Sequence[NewPoint], *, settings: Settings, home: BoundarySet | None
) -> list[PointOwner]:
    """Give the grid that owned each point on its day; ``home`` is the set that owns stored points."""
    owners = [NOBODY] * len(points)
    if home is None:
        return owners
    zone = ZoneInfo(settings.time_zone)
    timeline = in_time_order(work.boundaries.list_versions(home.name))
    groups: dict[int, list[int]] = {}
    for i, point in enumerate(points):
        place = _place_of(timeline, point.at.astimezone(zone).date())
        if place is not None:
            groups.setdefault(place, []).append(i)
    for place, rows in groups.items():
        version = timeline[place]
        plan = plans.of(home, version, work)
        asked = [points[i] for i in rows]
        found = (_one_by_one if len(rows) < _MANY else _together)(plan, asked, settings.nearest_within_m)
        for i, (code, method, border_m) in zip(rows, found, strict=True):
            owners[i] = PointOwner(code, method, border_m, home.name, version.number)
    return owners


Found = list[tuple[str | None, str, float | None]]


def _one_by_one(plan: Plan, points: Sequence[NewPoint], nearest_within_m: float) -> Found:
    found = []
    for point in points:
        answer = plan.locator.locate(point.lon, point.lat, nearest_within_m=nearest_within_m)
        found.append((answer.code, answer.method.value, answer.border_m))
    return found


def _together(plan: Plan, points: Sequence[NewPoint], nearest_within_m: float) -> Found:
    lon, lat = np.array([p.lon for p in points]), np.array([p.lat for p in points])
    codes, answers = locate_many(plan, lon, lat, nearest_within_m=nearest_within_m)
    assert answers.border_m is not None
    metres = [None if m != m else m for m in answers.border_m.tolist()]
    return list(zip(codes.tolist(), answers.methods().tolist(), metres, strict=True))


def _place_of(timeline: Sequence[BoundaryVersion], day: date) -> int | None:
    """Give where the version of a day stands; None before the first and after the last."""
    for i in range(len(timeline) - 1, -1, -1):
        version = timeline[i]
        if version.valid_from <= day:
            return i if version.valid_to is None or day < version.valid_to else None
    return None
