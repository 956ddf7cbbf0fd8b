"""A year of cases with their record: what became of the incidents of the demonstration before this morning."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd

from gridmap.demo.cases import make_cases, unit_of
from gridmap.demo.dispatching import CASES
from gridmap.domain.access import Role
from gridmap.domain.cases import Act, CaseStatus, Entry
from gridmap.services.cases.takeover import Recorded, take_over
from gridmap.services.ports import CaseFilter, NewCase, PointFilter, PointOwner, Store
from gridmap.settings import Settings

Line = tuple[Act, datetime, str, str]
#: Who does what; whoever handles a case never verifies it.
_ROLES = {
    Act.DISPATCH: Role.DISPATCHER, Act.SUSPEND: Role.DISPATCHER, Act.ACCEPT: Role.FIELD, Act.RETURN: Role.FIELD,
    Act.HANDLE: Role.FIELD, Act.APPEAL: Role.FIELD,
}  # fmt: skip
_DONE, _NOT_OURS, _NOT_YET = "现场已处置，照片已传", "不属本网格责任范围", "复查仍有残留"
_MINUTE = timedelta(minutes=1)


def keep_year(store: Store, settings: Settings, now: datetime) -> int:
    """Make cases of all incidents but the latest, which are those of this morning; nothing where there are any.

    Returns
    -------
    int
        How many were made.
    """
    with store.unit_of_work() as work:
        if work.cases.count(CaseFilter()):
            return 0
        incidents = work.incidents.frame(PointFilter())
        if len(incidents) <= CASES:
            return 0
        made = take_over(work, _recorded(incidents.iloc[:-CASES].reset_index(drop=True), now), settings)
        work.commit()
    return made


def _recorded(incidents: gpd.GeoDataFrame, now: datetime) -> Iterator[Recorded]:
    cases = make_cases(incidents, at=now)
    before = _same_before(cases)
    owners = incidents[["grid_code", "method", "border_m", "set_name", "version_number"]].astype(object)
    owners = owners.where(owners.notna(), None)
    x, y = cases.geometry.x.tolist(), cases.geometry.y.tolist()
    rows = cases.drop(columns="geometry").astype(object).where(cases.drop(columns="geometry").notna(), None)
    for row, owner, lon, lat, twin in zip(
        rows.to_dict("records"), owners.itertuples(index=False), x, y, before, strict=True
    ):
        reported = row["reported_at"].to_pydatetime().astimezone(UTC)
        first = Entry(Act.REPORT, Role.FIELD.value, Role.FIELD, reported)
        case = NewCase(
            row["case_id"], reported, row["category"], lon, lat, row["channel"], None, first, Role.FIELD.value,
            emergency=row["emergency"], proposed=unit_of(row["category"], owner.grid_code),
        )  # fmt: skip
        yield Recorded(case, PointOwner(*owner), tuple(_lines(row, reported, twin, now)))


def _same_before(cases: gpd.GeoDataFrame) -> list[str | None]:
    """Give for each case the one before it of the same type in the same grid, into which it may be merged."""
    found = cases.groupby(["grid_code", "category"], sort=False)["case_id"].shift(1)
    return list(found.astype(object).where(found.notna(), None))


def _lines(row: dict[Any, Any], reported: datetime, twin: str | None, now: datetime) -> Iterator[tuple[Entry, str]]:
    for act, at, reason, names in _story(row, reported, twin, now):
        role = _ROLES.get(act, Role.SUPERVISOR)
        by = role.value
        if act is Act.GRANT:
            # two have to agree
            by = f"{by}-{reason}"
            reason = ""
        yield Entry(act, by, role, at, reason, names), by


def _story(row: dict[Any, Any], reported: datetime, twin: str | None, now: datetime) -> Iterator[Line]:
    """Tell what was done with a case, in its order."""
    status = row["status"]
    if status == CaseStatus.MERGED:
        soon = min(now, reported + 8 * _MINUTE)
        yield (Act.MERGE, soon, "", twin) if twin is not None else (Act.REJECT, soon, "重复上报", "")
        return
    if status == CaseStatus.REJECTED:
        yield Act.REJECT, min(now, reported + 12 * _MINUTE), "不属受理范围", ""
        return
    filed, sent, handled, closed = (
        None if row[name] is None else row[name].to_pydatetime().astimezone(UTC)
        for name in ("filed_at", "dispatched_at", "handled_at", "closed_at")
    )
    if filed is None:
        return
    yield Act.FILE, filed, "", ""
    if sent is None:
        return
    unit = row["unit"] or unit_of(row["category"], row["grid_code"]) or "dept:网格中心"
    yield Act.DISPATCH, sent, "", unit
    work = ([(Act.RETURN, _NOT_OURS, ""), (Act.DISPATCH, "", unit)] * row["returns"]) + [
        (Act.ACCEPT, "", ""), *[(Act.HANDLE, _DONE, ""), (Act.REWORK, _NOT_YET, "")] * row["reworks"],
    ]  # fmt: skip
    if status == CaseStatus.SUSPENDED:
        work.append((Act.SUSPEND, "等待产权单位确认", ""))
    until = handled or min(now, sent + timedelta(hours=2))
    for number, (act, reason, names) in enumerate(work, 1):
        yield act, sent + (until - sent) * number / (len(work) + 1), reason, names
    if handled is None:
        return
    yield Act.HANDLE, handled, _DONE, ""
    if closed is None:
        return
    yield Act.VERIFY, handled + (closed - handled) * 0.8, "", ""
    yield Act.CLOSE, closed, "", ""
    if row["appealed"] and closed + timedelta(days=2) < now:
        yield Act.APPEAL, closed + timedelta(days=1), "路段封闭，非我方原因", ""
        for number in (1, 2):
            yield Act.GRANT, closed + timedelta(days=2), str(number), ""
