"""Plans that must not come into force, on every store: each is a finding or a conflict of its own, and nothing of it is
half-written."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from builders import CELL, shuffle_rows, tiling
from redrawing import draft as drafted
from redrawing import everything, found

from gridmap.analysis.content import content_hash
from gridmap.analysis.numbering import assign_codes
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level, VersionState
from gridmap.domain.codes import scheme
from gridmap.errors import Conflict, GridmapError, InvalidInput
from gridmap.services.boundaries import import_boundaries
from gridmap.services.publishing import Terms
from gridmap.services.responsibility import Plans
from gridmap.services.versions import publish_draft, withdraw_version
from gridmap.settings import Settings

SETTINGS = Settings()
NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
PAST, TODAY, SUMMER, AUTUMN = date(2026, 1, 1), date(2026, 3, 1), date(2026, 7, 1), date(2026, 9, 1)
NET = BoundarySet(
    "city", (Level("street", 0), Level("community", 1), Level("grid", 2, contiguous=True)), code_scheme="gb15"
)
STREET = "371002001000"
COMMUNITY = {"A": "371002001001", "B": "371002001002"}
CODES = {"S": STREET, **COMMUNITY, **{x: f"{COMMUNITY['AABB'[k]]}{k % 2 + 1:03}" for k, x in enumerate("abcd")}}
#: About one metre of latitude.
METRE = 1 / 111_000


def plan() -> gpd.GeoDataFrame:
    """A street of two communities of two grids each."""
    drawings = {"street": "SSSS", "community": "AABB", "grid": "abcd"}
    frame = pd.concat([tiling(text).assign(level=level) for level, text in drawings.items()], ignore_index=True)
    above = {"S": None, "A": "S", "B": "S", "a": "A", "b": "A", "c": "B", "d": "B"}
    frame["parent_code"] = [CODES.get(above[x]) for x in frame["code"]]
    frame["code"] = [CODES[x] for x in frame["code"]]
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def changed(letter: str, column: str, value: Any) -> gpd.GeoDataFrame:
    """Give the plan with another value in one place."""
    frame = plan()
    values = [value if c == CODES[letter] else v for c, v in zip(frame["code"], frame[column], strict=True)]
    if column == "geometry":
        return frame.set_geometry(values, crs=4326)
    return frame.assign(**{column: values})


def moved_border(by: float = CELL / 4) -> gpd.GeoDataFrame:
    """Give the plan with the border between the grids a and b further east."""
    frame = plan()
    west, south, east, north = 120.0, 36.0, 120 + 2 * CELL, 36 + CELL
    border = 120 + CELL + by
    shapes = {CODES["a"]: shapely.box(west, south, border, north), CODES["b"]: shapely.box(border, south, east, north)}
    return frame.set_geometry([shapes.get(c, g) for c, g in zip(frame["code"], frame.geometry, strict=True)], crs=4326)


def add_draft(store: Any, frame: gpd.GeoDataFrame, day: date = SUMMER) -> int:
    with store.unit_of_work() as work:
        if work.boundaries.find_set("city") is None:
            work.boundaries.put_set(NET)
        made = work.boundaries.add_draft("city", frame, valid_from=day, content_hash=content_hash(frame))
        work.commit()
    return made.number


def publish(store: Any, number: int, day: date = SUMMER, **terms: Any) -> Any:
    return publish_draft(store, Plans(store), "city", number, Terms(day, **terms), now=NOW, settings=SETTINGS)


def begin(store: Any) -> None:
    """Put the plan in force since ever."""
    assert publish(store, add_draft(store, plan()), ALWAYS).version is not None


def require_refused(store: Any, number: int, day: date, **terms: Any) -> GridmapError:
    """Check that publishing is a conflict and leaves everything as it was; give the conflict."""
    before = everything(store, "city")
    with pytest.raises(GridmapError) as error:
        publish(store, number, day, **terms)
    assert everything(store, "city") == before
    return error.value


def out_by_a_metre() -> gpd.GeoDataFrame:
    return changed("d", "geometry", shapely.box(120 + 3 * CELL, 36, 120 + 4 * CELL, 36 + CELL + METRE))


def a_retired_code_elsewhere() -> gpd.GeoDataFrame:
    """Grid c, which the second version has no more, is back on the ground of grid a."""
    frame = plan()
    order = {CODES["a"]: CODES["c"], CODES["c"]: f"{COMMUNITY['B']}009"}
    frame["code"] = [order.get(c, c) for c in frame["code"]]
    frame.loc[frame["code"] == CODES["c"], "parent_code"] = COMMUNITY["A"]
    return frame


def without_communities() -> gpd.GeoDataFrame:
    frame = plan()
    return frame[frame["level"] != "community"].reset_index(drop=True)


def a_cycle() -> gpd.GeoDataFrame:
    return changed("S", "parent_code", CODES["b"])


def too_long() -> gpd.GeoDataFrame:
    """The thousandth grid of a community would need a fourth digit."""
    frame = plan()
    return frame.assign(code=[f"{COMMUNITY['A']}1000" if c == CODES["a"] else c for c in frame["code"]])


FAULTS = {
    "outside_parent": out_by_a_metre,
    "level_missing": without_communities,
    "parent_cycle": a_cycle,
    "code_reused": a_retired_code_elsewhere,
    "code_scheme": too_long,
}


def test_what_the_gate_finds_is_not_published(store):
    begin(store)
    renamed = plan()
    renamed["code"] = [f"{COMMUNITY['B']}007" if c == CODES["c"] else c for c in renamed["code"]]
    assert publish(store, add_draft(store, renamed, TODAY), TODAY).version is not None
    for rule, fault in FAULTS.items():
        number = add_draft(store, fault())
        before = everything(store, "city")
        done = publish(store, number)
        assert done.version is None
        assert rule in {f.rule for f in done.judgement.blocking}, [(f.rule, f.codes) for f in done.judgement.blocking]
        assert everything(store, "city") == before, "the draft is as it was, and so is all else"
        (finding,) = done.judgement.report.of(rule)[:1]
        if rule == "outside_parent":
            assert finding.codes == (CODES["d"], CODES["B"])
            width = 111_320 * 0.809 * CELL  # a strip one metre high along the whole grid
            assert finding.measure == pytest.approx(width, rel=0.02)
        if rule in ("parent_cycle", "code_reused"):
            assert publish(store, number, accepted="有意为之").version is None, "no reason makes it right"
            assert everything(store, "city") == before
    with store.unit_of_work() as work:
        states = [v.state for v in work.boundaries.list_versions("city")]
    assert states == [VersionState.PUBLISHED] * 2 + [VersionState.DRAFT] * len(FAULTS)


def test_days_that_passed_want_a_reason(store):
    begin(store)
    number = add_draft(store, moved_border(), PAST)
    refused = require_refused(store, number, PAST)
    assert (type(refused), refused.code, refused.fields) == (Conflict, "history_rewritten", {"start": "2026-03-01"})
    done = publish(store, number, PAST, rewrite="一月的决定补录")
    assert (done.version.valid_from, done.version.note) == (PAST, "一月的决定补录")
    before = everything(store, "city")
    with pytest.raises(Conflict) as error:
        withdraw_version(store, Plans(store), "city", number, expected=None, now=NOW, settings=SETTINGS)
    assert error.value.code == "history_rewritten"
    assert everything(store, "city") == before


def test_validities_do_not_overlap(store):
    """A version that would start before a scheduled one is a conflict; with a reason it takes its place whole."""
    begin(store)
    scheduled = add_draft(store, moved_border(), AUTUMN)
    assert publish(store, scheduled, AUTUMN).version.number == scheduled
    number = add_draft(store, moved_border(CELL / 8))
    refused = require_refused(store, number, SUMMER)
    assert (refused.code, refused.fields) == ("scheduled_ahead", {"number": scheduled, "day": "2026-09-01"})
    assert publish(store, number, SUMMER, rewrite="提前").version is not None
    with store.unit_of_work() as work:
        versions = work.boundaries.list_versions("city")
    assert [(v.state.value, v.valid_from, v.valid_to) for v in versions] == [
        ("published", ALWAYS, SUMMER), ("retired", AUTUMN, AUTUMN), ("published", SUMMER, None)
    ]  # fmt: skip


def test_two_files_with_one_hash(store):
    """The same content under other rows: a file is nothing new, a draft is a conflict that names the version."""
    begin(store)
    same = shuffle_rows(plan(), seed=3)
    assert content_hash(same) == content_hash(plan())
    refused = require_refused(store, add_draft(store, same), SUMMER)
    assert (refused.code, refused.fields) == ("content_known", {"number": 1})
    before = everything(store, "city")
    grids = same[same["level"] == "grid"]
    outcome = import_boundaries(
        store, grids, set_name="city", level="grid", now=NOW, settings=SETTINGS, valid_from=SUMMER, commit=True
    )
    assert outcome.unchanged
    assert outcome.version is None
    assert everything(store, "city") == before
    one, two = (add_draft(store, shuffle_rows(moved_border(), seed)) for seed in (1, 2))
    assert publish(store, one, SUMMER).version.number == one
    refused = require_refused(store, two, AUTUMN)
    assert (refused.code, refused.fields) == ("content_known", {"number": one})


def test_the_thousandth_grid_of_a_community_has_no_code(store):
    begin(store)
    before = everything(store, "city")
    strips = [shapely.box(120 + k * CELL / 256, 36, 120 + (k + 1) * CELL / 256, 36 + CELL) for k in range(1000)]
    frame = gpd.GeoDataFrame(
        {"code": None, "parent_code": COMMUNITY["A"]}, geometry=strips, index=range(1000), crs=4326
    )
    with pytest.raises(InvalidInput) as error:
        assign_codes(frame, scheme=scheme("gb15"))
    assert error.value.code == "codes_exhausted"
    assert error.value.fields["limit"] == 999
    full = assign_codes(frame.iloc[:999], scheme=scheme("gb15"))
    assert full["code"].iloc[-1] == f"{COMMUNITY['A']}999"
    with store.unit_of_work() as work:
        used = set(work.boundaries.grids(work.boundaries.find_version("city", 1))["code"])
    with pytest.raises(InvalidInput):
        assign_codes(frame.iloc[:998], scheme=scheme("gb15"), used=used)
    assert everything(store, "city") == before


PUBLISH = "UPDATE boundary_version SET state = 'published', valid_from = '{day}' WHERE number = {number}"


def test_the_database_refuses_overlapping_validity(place):
    """Whoever writes: published versions of a set have no day in common."""
    store = place.open()
    found(store, "city")
    number = drafted(store, "city", 1)
    before = everything(store, "city")
    statements = [
        PUBLISH.format(day="2026-07-01", number=number),
        PUBLISH.format(day="0001-01-01", number=number),
        "INSERT INTO boundary_version (set_id, number, state, valid_from, valid_to, content_hash, note) "
        "SELECT set_id, 9, 'published', '1900-01-01', '1900-01-02', 'h', '' FROM boundary_version WHERE number = 1",
        "UPDATE boundary_version SET valid_from = '2026-01-01' WHERE number = 1",
        "UPDATE boundary_version SET content_hash = 'x' WHERE number = 1",
        "UPDATE boundary_version SET state = 'draft' WHERE number = 1",
        "UPDATE grid SET name = 'x'  WHERE version_id = (SELECT id FROM boundary_version WHERE number = 1)",
        "DELETE FROM grid WHERE version_id = (SELECT id FROM boundary_version WHERE number = 1)",
        "DELETE FROM boundary_version WHERE number = 1",
    ]
    for statement in statements:
        with pytest.raises(sa.exc.IntegrityError), store.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert everything(store, "city") == before
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE boundary_version SET valid_to = '2026-07-01' WHERE number = 1")
        connection.exec_driver_sql(PUBLISH.format(day="2026-07-01", number=number))
    with pytest.raises(sa.exc.IntegrityError), store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE boundary_version SET valid_to = '2026-07-02' WHERE number = 1")


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize("place", ["postgis"], indirect=True)
def test_the_server_refuses_overlaps_of_two_who_do_not_see_each_other(place, isolation):
    """Both publish by SQL of their own, without the lock that our unit of work takes."""
    store = place.open()
    found(store, "city")
    one, two = (drafted(store, "city", edition) for edition in (1, 2))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE boundary_version SET valid_to = '2026-07-01' WHERE number = 1")
    engine = store.engine.execution_options(isolation_level=isolation)
    with ThreadPoolExecutor(1) as pool, engine.connect() as first, engine.connect() as second:
        second.exec_driver_sql("SELECT count(*) FROM boundary_version")
        first.exec_driver_sql(PUBLISH.format(day="2026-07-01", number=one))
        late = pool.submit(second.exec_driver_sql, PUBLISH.format(day="2026-08-01", number=two))
        with pytest.raises(TimeoutError):
            late.result(timeout=0.2)
        first.commit()
        with pytest.raises(sa.exc.IntegrityError):
            late.result(timeout=30)
