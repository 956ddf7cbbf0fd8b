"""A small store in which every table has rows, odd values among them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from store_frames import CITY, at, fixes, grids, incidents, publish, with_version

from gridmap.analysis.content import content_hash
from gridmap.analysis.patrol_days import days_frame
from gridmap.analysis.redraw.tiling import grids_of
from gridmap.domain.access import Area, Grant, Kind, Role
from gridmap.domain.boundaries import BoundarySet, Level, VersionState
from gridmap.domain.cases import Act as CaseAct
from gridmap.domain.cases import Entry as CaseEntry
from gridmap.domain.duty import Shift, UnitClock
from gridmap.domain.events import Event, EventKind
from gridmap.domain.features import FeatureLayer
from gridmap.domain.incidents import StaffMember
from gridmap.domain.inspections import Check, CheckOutcome, RecordedDraw, draw
from gridmap.domain.people import GridProfile
from gridmap.domain.redraw import Change, Entry, SetAttributes
from gridmap.domain.rulebook import profile
from gridmap.domain.trail import Act, Outcome
from gridmap.domain.waivers import Waiver
from gridmap.services.ports import (
    Account,
    Answered,
    Attempts,
    Book,
    CaseChange,
    Mark,
    NewCase,
    PointOwner,
    Step,
    ThinnedDay,
    Token,
)
from gridmap.store.progress import Show
from gridmap.store.tables import Base

CLINICS = BoundarySet(
    "clinics",
    (Level("site", 0, tiles_parent=False, shapes="any", required=("name",)),),
    "诊所",
    rules=profile("unit-grid"),
)


def fill_everything(store: Any, n: int = 40) -> None:
    """Put rows into every table: drafts, published, scheduled and retired versions, text of every kind, open ends."""
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        work.boundaries.put_set(CLINICS)
        publish(work, grids(), note="首版\t制表\\n反斜杠\n换行")
        withdrawn = publish(work, grids("a", "b"), valid_from=date(2031, 1, 1))
        work.boundaries.withdraw("city", withdrawn.number)
        second = grids("a", "b", "C", "中", "e")
        draft = work.boundaries.add_draft(
            "city", second, valid_from=date(2026, 2, 1), content_hash=content_hash(second), based_on=1
        )
        work.boundaries.add_lineage("city", draft.number, _lineage())
        work.boundaries.publish("city", draft.number, valid_from=date(2026, 2, 1), published_at=at(1.5))
        loose = grids("x", "y")
        work.boundaries.add_draft("city", loose, valid_from=date(2027, 1, 1), content_hash=content_hash(loose))
        sites = gpd.GeoDataFrame(
            {
                "code": ["p", "q"], "name": ["门诊", "站"], "level": "site", "parent_code": None,
                "kind": ["clinic", None], "households": pd.array([None, None], dtype="Int64"),
                "attributes": [{"床位": 12, "a": {"z": [1, None, 0.1]}}, {}],
            },
            geometry=[shapely.Point(120.001, 30.001), shapely.box(120, 30, 120.001, 30.001)], crs=4326,
        )  # fmt: skip
        work.boundaries.add_draft("clinics", sites, valid_from=date(2026, 1, 1), content_hash=content_hash(sites))
        head, worker = StaffMember("a", "head", "张三", "1", "城管"), StaffMember("a", "worker", "李四", "", "")
        work.staff.replace("city", [head, worker], valid_from=date(2026, 1, 1))
        work.staff.replace("city", [StaffMember("a", "head", "王五", "2", "")], valid_from=date(2026, 3, 1))
        known = [GridProfile("a", 12, None, "街道办", "3"), GridProfile("b", None, 2500, "", "")]
        work.profiles.put("city", known, valid_from=date(2026, 1, 1))
        _drawn(work)
        work.features.put_layer(FeatureLayer("stations", "垃圾站"))
        work.features.replace("stations", _features(), valid_from=date(2026, 1, 1), owners=_owners)
        _inspected(work)
        rows = with_version(incidents(n), draft.number)
        rows["note"] = [("反斜杠\\N\t“引号”\r\n", None, "")[k % 3] for k in range(n)]
        rows["occurred_at"] += pd.to_timedelta(np.arange(n), unit="us")
        work.incidents.add(rows)
        work.patrols.add(with_version(fixes(n), draft.number))
        work.context.replace(
            gpd.GeoDataFrame(
                {"kind": ["water", "road"], "name": ["护城河", None]},
                geometry=[
                    shapely.Polygon([(120, 30), (120, 30.01), (120.01, 30.01), (120.01, 30)]),
                    shapely.MultiLineString([[(120, 30), (120.1, 30.1)], [(121, 31), (120.5, 30.2)]]),
                ],
                crs=4326,
            )
        )
        _on_duty(work)
        _worked_on(work)
        _people_who_sign_in(work)
        work.commit()


def _people_who_sign_in(work: Any) -> None:
    area = Area("city", "S")
    grants = (Grant(Role.ADMINISTRATOR), Grant(Role.FIELD, area, date(2026, 1, 1), date(2026, 7, 1)))
    work.accounts.add(
        Account("a-1", Kind.PERSON, "zhao", "赵\t主任", grants, at(0), None, "$argon2id$…", "JBSWY3DP", 7)
    )
    work.accounts.add(Account("a-2", Kind.KEY, "导出", "", (), at(0.25), at(1)))
    work.accounts.add_token(Token("0" * 63 + "1", "a-1", at(0), at(2), at(1)))
    work.accounts.add_token(Token("0" * 63 + "2", "a-2", at(0.5), None, None, at(1)))
    work.accounts.put_secret("set_up_code", "f" * 64)
    work.accounts.put_attempts("e" * 64, Attempts(3, at(1)), keep=10)
    detail = {"数": [1, 0.1, None, {"b": True, "a": "\t\\N\n\0"}], "x": 1e300}
    acts = [
        Act(at(k / 7), "incidents.add", actor_id="a-1", actor="zhao", subject="“引号”\\", detail=detail)
        for k in range(9)
    ]
    happened = (
        Event(EventKind.INCIDENT_ADDED, "city", "a", "编号\\N\t1"),
        Event(EventKind.INCIDENTS_ADDED, None, count=3),
    )
    acts[-1] = replace(acts[-1], events=happened)
    work.trail.add([*acts, Act(at(3), "session.begin", Outcome.FAILED, subject="\\N", request_id="r\t1")])
    work.idempotency.add(Answered("", "k-1", "POST /x", "d" * 64, 201, '{"名":"\\n"}\n', at(1)))


def _on_duty(work: Any) -> None:
    """Put shifts, wrong clocks and the sums of a day long ago."""
    shifts = [Shift("u-0", at(0), at(8), ("a", "b")), Shift("“\\N\t”", at(1), at(9))]
    work.duty.put_shifts("city", shifts, start=at(0), end=at(23))
    clocks = [UnitClock("u-1", 28_800.125, (), at(8)), UnitClock("“\\N\t”", None, ((1 / 3, 2 / 3), (1.5, 2.5)))]
    work.duty.put_clocks(clocks)
    long_ago = date(2020, 1, 1)
    moments = (at(0) - timedelta(days=2200), at(1) - timedelta(days=2200))
    sums = days_frame(
        [
            (
                long_ago,
                "a",
                "city",
                1,
                2,
                1,
                1,
                1,
                1 / 3,
                0.1,
                1.25,
                *moments,
                None,
                [[9, 2, 1, 1 / 3, 1.25]],
                7,
                moments[1],
            ),
            (long_ago, None, None, None, 1, 1, 0, 1, 4.0, 4.0, 0.0, *moments, moments[1], [], None, None),
        ]
    )
    thinned = ThinnedDay(long_ago, at(0) - timedelta(days=2190), 0, at(3))
    assert work.patrol_days.thin(sums, thinned, expected=0, before=thinned.ends_at)


def _inspected(work: Any) -> None:
    """Put checks of an object and a draw."""
    checks = [
        Check("“\\N\t”", at(2), date(2026, 3, 1), CheckOutcome.FINDING, "damaged", "a-1"),
        Check("p", at(1), date(2026, 3, 1), CheckOutcome.SEEN),
    ]
    assert work.inspections.add_checks("stations", checks) == 2
    ids = ("p", "“\\N\t”")
    work.inspections.add_draw(
        "stations", RecordedDraw(date(2026, 3, 1), at(3), ids, draw(ids, "七\t", count=1), None, "王")
    )


def _drawn(work: Any) -> None:
    draft = next(v for v in work.boundaries.list_versions("city") if v.state is VersionState.DRAFT)
    (was,) = [g for g in grids_of(work.redraw.ground("city", draft.number)) if g.code == "x"]
    change = Change({"x": was}, {"x": replace(was, name="“改”\\N\t名")})
    edit = SetAttributes("x", name="“改”\\N\t名")
    work.redraw.append("city", draft.number, Entry(1, "赵", at(1), "attributes", edit, change), author_id="a-1")
    work.redraw.add_mark("city", draft.number, Mark(0, "comment", None, "", at(1), None, ((120.1, 1 / 3),), "\\N\n"))
    work.redraw.add_mark("city", draft.number, Mark(0, "area", "a-1", "赵", at(1), "S"))
    signed = Waiver(0, "city_area", ("a", "b"), "5" * 64, "a-1", "赵", at(1), "老旧小区\\N\t")
    work.redraw.add_waiver("city", draft.number, signed)
    work.redraw.add_waiver("city", draft.number, replace(signed, author_id=None, at=at(2), signed=False))
    work.redraw.add_step("city", draft.number, Step("submitted", "a-1", "赵", at(2), 1, "请审"))


def _worked_on(work: Any) -> None:
    """Make cases of the first two incidents."""
    first = CaseEntry(CaseAct.REPORT, "a-1", Role.FIELD, at(1))
    odd = NewCase("i00000", at(0), "垃圾", 120.0, 30.005, None, "\\N\t“引号”", first, "赵", "complaint", True, "37",
                  ("a\\N", "中"), "r", 1 / 3, "路\t1", "grid:a", "grid", at(2))  # fmt: skip
    plain = NewCase("i00001", at(1) + timedelta(microseconds=1), "noise", 120.001, 30.005, "app", None, first, "")
    owner = PointOwner("a", "inside", 1.5, "city", 1)
    taken = work.cases.take([(odd, owner), (plain, owner)])
    assert {verdict.value for verdict in taken} == {"accepted"}, taken
    change = CaseChange(
        "filed", None, None, at(3), "4 working_hour", True, 0, 0, 0, False, None, at(2), None, None, None
    )
    filed = CaseEntry(CaseAct.FILE, "a-2", Role.SUPERVISOR, at(2), "“因”\\N", "")
    work.cases.append("i00000", 2, filed, "孙", change, owner)
    work.books.put(Book("limits", date(2026, 1, 1), "{}", "通知\t\\N", at(1)))
    spots = {"code": ["p"], "name": ["文化路"], "kind": ["road"], "aliases": [["别名\\N", ""]]}
    work.places.replace(gpd.GeoDataFrame(spots, geometry=[shapely.Point(120.001, 1 / 3)], crs=4326))


def _lineage() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": ["street", "grid", "grid"], "old_code": ["S", "b", None], "new_code": ["S", "b", "e"],
            "kind": ["reshaped", "unchanged", "founded"], "area_m2": [1 / 3, 2.0, 1e-7],
            "old_share": [0.1, 1.0, np.nan], "new_share": [1.0, 1.0, np.nan], "households": [np.nan, 3.0, 0.0],
        }
    )  # fmt: skip


def _features() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": ["s1", "s2", "z"], "name": ["一号站", None, "市场"], "state": ["open", "planned", "built"],
            "attributes": [{"吨": 3.25}, {}, {"k": "v"}],
        },
        geometry=[
            shapely.Point(120.005, 30.005), shapely.LineString([(120, 30), (120.01, 30.01)]),
            shapely.box(120, 30, 120.02, 30.02),
        ], crs=4326,
    )  # fmt: skip


def _owners(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    n = len(frame)
    return pd.DataFrame(
        {
            "set_name": ["city"] * n, "version_number": pd.array([1] * n, dtype="Int64"),
            "grid_code": [("a", None, "b")[k % 3] for k in range(n)],
        },
        index=frame.index,
    )  # fmt: skip


def row_counts(url: str) -> dict[str, int]:
    """Count the rows of every table, past the code under test."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())
        found = {
            name: connection.exec_driver_sql(f'select count(*) from "{name}"').scalar_one()
            for name in Base.metadata.tables
            if name in there
        }
    engine.dispose()
    return found


def killed(work: Callable[[Show], Any], step: str, after: int) -> None:
    """Run work in a process that kills itself without warning when a step has moved on by more than so much."""
    child = os.fork()
    if child == 0:
        try:
            work(_deadly(step, after))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it came to its end"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _deadly(wanted: str, after: int) -> Show:
    @contextmanager
    def show(step: str, _total: int | None) -> Iterator[Callable[[int], None]]:
        seen = 0

        def move(rows: int) -> None:
            nonlocal seen
            seen += rows
            if step == wanted and seen > after:
                os.kill(os.getpid(), signal.SIGKILL)

        yield move

    return show
