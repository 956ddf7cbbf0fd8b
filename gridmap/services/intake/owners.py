"""Whose each of a few points is on its day, without making a frame of them."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, in_time_order
from gridmap.domain.incidents import Method
from gridmap.services.ports import NewCase, NewPoint, PointOwner, UnitOfWork
from gridmap.services.responsibility import Plan, Plans, locate_many, sides_of
from gridmap.settings import Settings

NOBODY = PointOwner(None, "none", None, None, None)


class Asked(NamedTuple):
    """A point and the borders that held on its day, as who brings it sees them; no plan where none held."""

    point: NewPoint
    plan: Plan | None
    set_name: str | None
    version_number: int | None


def asked_of(
    work: UnitOfWork, plans: Plans, points: Sequence[NewPoint], *, settings: Settings, home: BoundarySet | None
) -> list[Asked]:
    """Give the borders of the day of each point; ``home`` is the set that owns stored points."""
    if home is None:
        return [Asked(point, None, None, None) for point in points]
    zone = ZoneInfo(settings.time_zone)
    timeline = in_time_order(work.boundaries.list_versions(home.name))
    known: dict[int, Plan] = {}
    asked = []
    for point in points:
        version = _in_force(timeline, point.at.astimezone(zone).date())
        if version is None:
            asked.append(Asked(point, None, None, None))
            continue
        if version.number not in known:
            known[version.number] = plans.of(home, version, work)
        asked.append(Asked(point, known[version.number], home.name, version.number))
    return asked


def may_lie(asked: Asked, settings: Settings) -> bool:
    """Tell whether a point may lie in the grid that somebody confirmed for it; where nobody did, it may."""
    case = asked.point
    if not isinstance(case, NewCase) or case.confirmed is None:
        return True
    if asked.plan is None:
        return False
    within, metres = settings.nearest_within_m, case.accuracy_m or 0.0
    return case.confirmed in sides_of(asked.plan, case.lon, case.lat, metres, nearest_within_m=within)


def owners_of(asked: Sequence[Asked], settings: Settings) -> list[PointOwner]:
    """Give the grid that owned each point on its day; of a case, the side of a border that somebody confirmed.

    One look-up of many points costs what one of a single point does, so what several requests bring is asked together.
    """
    owners = [NOBODY] * len(asked)
    groups: dict[int, list[int]] = {}
    for i, one in enumerate(asked):
        if one.plan is not None:
            groups.setdefault(id(one.plan), []).append(i)
    for rows in groups.values():
        plan = asked[rows[0]].plan
        assert plan is not None
        lon = np.array([asked[i].point.lon for i in rows])
        lat = np.array([asked[i].point.lat for i in rows])
        codes, found = locate_many(plan, lon, lat, nearest_within_m=settings.nearest_within_m)
        assert found.border_m is not None
        for i, code, method, metres in zip(
            rows, codes.tolist(), found.methods().tolist(), found.border_m.tolist(), strict=True
        ):
            border_m = None if metres != metres else metres
            point = asked[i].point
            if isinstance(point, NewCase) and point.confirmed not in (None, code):
                code, method = point.confirmed, Method.BORDER.value
            owners[i] = PointOwner(code, method, border_m, asked[i].set_name, asked[i].version_number)
    return owners


def _in_force(timeline: Sequence[BoundaryVersion], day: date) -> BoundaryVersion | None:
    """Give the version of a day; None before the first and after the last."""
    for version in reversed(timeline):
        if version.valid_from <= day:
            return version if version.valid_to is None or day < version.valid_to else None
    return None
