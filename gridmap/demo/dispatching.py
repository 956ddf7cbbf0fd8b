"""A morning at the dispatch desk of the demonstration: its latest incidents as cases, at every step of the loop.

They are moved by the desk of the service itself, in the words of people; times count back from the present.
"""

from datetime import datetime, timedelta
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from gridmap.demo.cases import unit_of
from gridmap.domain.access import Role
from gridmap.domain.cases import Act, Entry
from gridmap.services.cases.desk import Asked, CaseDesk
from gridmap.services.cases.opening import opener
from gridmap.services.clock import FixedClock
from gridmap.services.intake import Batch, Done
from gridmap.services.intake.desk import Desk
from gridmap.services.ports import CaseFilter, NewCase, PointFilter, Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: How many of the latest incidents are cases.
CASES = 48
Step = tuple[Act, int, str]
_F, _D, _A, _H, _V, _C = Act.FILE, Act.DISPATCH, Act.ACCEPT, Act.HANDLE, Act.VERIFY, Act.CLOSE
_TO_WORK: tuple[Step, ...] = ((_F, 6, ""), (_D, 9, ""), (_A, 20, ""))
_DONE = (*_TO_WORK, (_H, 55, "现场已处置，照片已传"))
#: How far each gets, and how many minutes ago it was reported; minutes of steps count from the report.
_STORIES: tuple[tuple[int, tuple[Step, ...]], ...] = (
    (4, ()),
    (9, ()),
    (26, ()),
    (12, ((_F, 5, ""),)),
    (33, ((_F, 6, ""),)),
    (50, _TO_WORK[:2]),
    (95, _TO_WORK),
    (190, (*_TO_WORK, (Act.NOTE, 60, "已联系物业，下午进场"))),
    (260, (*_TO_WORK, (Act.SUSPEND, 90, "等待产权单位确认"))),
    (75, (*_TO_WORK[:2], (Act.RETURN, 25, "不属本网格责任范围"))),
    (110, _DONE),
    (85, _DONE),
    (300, (*_DONE, (Act.REWORK, 80, "复查仍有残留"))),
    (220, (*_DONE, (_V, 70, ""))),
    (340, (*_DONE, (_V, 70, ""), (_C, 74, ""))),
    (420, (*_DONE, (_V, 66, ""), (_C, 71, ""))),
)
_ROLES = {_A: Role.FIELD, _H: Role.FIELD, Act.RETURN: Role.FIELD}


def open_cases(store: Store, settings: Settings, now: datetime) -> int:
    """Make cases of the latest incidents and move them on; where they are cases already, nothing is done.

    Returns
    -------
    int
        How many there are now.
    """
    with store.unit_of_work() as work:
        span = work.incidents.time_span()
        if span is None:
            return 0
        latest = work.incidents.frame(PointFilter(start=span[1] - timedelta(days=3))).tail(CASES)
        if there := work.cases.count(CaseFilter(ids=tuple(latest["incident_id"]))):
            return there
    plans = Plans(store)
    stories = islice(cycle(_STORIES), len(latest))
    for number, (row, (minutes, steps)) in enumerate(zip(latest.itertuples(), stories, strict=True)):
        # each round of stories begins a little earlier
        reported = now - timedelta(minutes=minutes + 3 * (number // len(_STORIES)), seconds=7 * number % 60)
        _open(store, plans, settings, row, reported)
        version = 1
        for act, after, reason in steps:
            at = FixedClock(min(now, reported + timedelta(minutes=after)))
            names = (unit_of(str(row.category), row.grid_code) or "dept:网格中心") if act is _D else ""
            role = _ROLES.get(act)
            desk = CaseDesk(store, plans, at, settings)
            desk.act(str(row.incident_id), Asked(act, version, reason, names, role))
            version += 1
    return len(latest)


def _open(store: Store, plans: Plans, settings: Settings, row: object, reported: datetime) -> None:
    place = row.geometry  # type: ignore[attr-defined]
    values = [getattr(row, name) for name in ("incident_id", "occurred_at", "category", "channel", "note")]
    key, at, category, channel, note = values
    first = Entry(Act.REPORT, Role.FIELD.value, Role.FIELD, reported.astimezone(ZoneInfo("UTC")))
    channel, note = (value if isinstance(value, str) else None for value in (channel, note))
    case = NewCase(
        str(key), at.to_pydatetime(), str(category), place.x, place.y, channel, note, first, Role.FIELD.value,
        emergency=str(category).startswith("E4"),
    )  # fmt: skip
    clock = FixedClock(reported)
    batch = Batch(store, plans, "cases", [case], [None], complete=opener(settings, clock))
    (done,) = Desk(store, clock, settings).keep([batch])
    assert isinstance(done, Done), done
