"""The life of a version: drafts, the gate, publishing, withdrawing, returning, and whose the points are."""

from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
from builders import tiling
from fake_store import FakeStore

from gridmap.domain.boundaries import BoundarySet, Level, VersionState, in_time_order
from gridmap.domain.incidents import StaffMember
from gridmap.errors import Conflict, NotFound, StaleVersion
from gridmap.services.boundaries import import_boundaries
from gridmap.services.counts import fix_counts, incident_counts, owners_then
from gridmap.services.drafts import check_version, make_draft, put_draft
from gridmap.services.incidents import import_incidents
from gridmap.services.patrols import import_fixes
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import Terms
from gridmap.services.responsibility import Plans, locate
from gridmap.services.versions import publish_draft, return_to, withdraw_version
from gridmap.settings import Settings

SETTINGS = Settings()
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
TODAY = date(2026, 6, 1)
NEXT_MONTH = date(2026, 7, 1)
CELL = 2.0**-8


def drawn(text):
    return tiling(text, cell=CELL, origin=(120.0, 36.0))


def load(store, text, **options):
    options = {"now": NOW, "settings": SETTINGS, "commit": True, **options}
    return import_boundaries(store, drawn(text), set_name="urban", level="grid", **options)


def middle(column, row):
    return 120.0 + CELL * (column + 0.5), 36.0 + CELL * (row + 0.5)


def points(places, days, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(*zip(*places, strict=True)), crs=4326)
    return frame, pd.to_datetime(days, utc=True)


def report(store, plans, places, days):
    frame, times = points(places, days, incident_id=[f"i{n}" for n in range(len(places))], category="litter")
    import_incidents(store, plans, [frame.assign(occurred_at=times)], settings=SETTINGS, commit=lambda: True)


def patrol(store, plans, places, days):
    frame, times = points(places, days, unit_id=["u"] * len(places))
    import_fixes(store, plans, [frame.assign(fixed_at=times)], settings=SETTINGS, commit=lambda: True)


def owners(store):
    with store.unit_of_work() as work:
        found = work.incidents.frame(PointFilter())
    return dict(zip(found["incident_id"], found["grid_code"], strict=True))


@pytest.fixture
def store():
    store = FakeStore()
    load(store, "AB\nCC")
    return store


def redraw(store, text, *, valid_from=TODAY, commit=True, note="", **terms):
    draft = make_draft(store, "urban", based_on=None, valid_from=valid_from, now=NOW, settings=SETTINGS)
    put_draft(store, "urban", draft.number, drawn(text), level="grid", expected_hash=draft.content_hash)
    terms = Terms(valid_from, note=note, **terms)
    return publish_draft(store, Plans(store), "urban", draft.number, terms, now=NOW, settings=SETTINGS, commit=commit)


def test_a_draft_starts_as_its_version_and_is_published_with_its_lineage(store):
    done = redraw(store, "AD\nCC", note="重划")
    assert (done.version.number, done.version.based_on, done.version.note) == (2, 1, "重划")
    assert done.version.published_at == NOW
    kinds = {(e.old_code, e.new_code): e.kind for e in done.edges.itertuples()}
    assert kinds == {("A", "A"): "unchanged", ("B", "D"): "recoded", ("C", "C"): "unchanged"}
    with store.unit_of_work() as work:
        pd.testing.assert_frame_equal(work.boundaries.lineage("urban", 2), done.edges, check_dtype=False)


def test_the_gate_stands_in_the_way_of_a_hole_until_it_is_accepted_with_a_reason():
    store = FakeStore()
    load(store, "ABB\nCDB\nCCC")
    refused = redraw(store, "ABB\nC.B\nCCC")
    assert refused.version is None
    assert {f.rule for f in refused.judgement.blocking} == {"hole"}
    with store.unit_of_work() as work:
        number = work.boundaries.list_versions("urban")[-1].number
        assert work.boundaries.find_version("urban", number).state is VersionState.DRAFT, "nothing was published"
    assert check_version(store, "urban", number, settings=SETTINGS).blocking
    terms = Terms(TODAY, accepted="lake, nobody answers for it")
    done = publish_draft(store, Plans(store), "urban", number, terms, now=NOW, settings=SETTINGS)
    assert done.version.note == "lake, nobody answers for it"


def test_a_rehearsal_publishes_nothing(store):
    done = redraw(store, "AD\nCC", commit=False)
    assert done.version is None
    assert not done.judgement.blocking
    with store.unit_of_work() as work:
        assert work.boundaries.list_versions("urban")[1].state is VersionState.DRAFT


def test_the_same_again_is_a_conflict_of_its_own(store):
    draft = make_draft(store, "urban", based_on=1, valid_from=None, now=NOW, settings=SETTINGS)
    with pytest.raises(Conflict) as error:
        publish_draft(store, Plans(store), "urban", draft.number, Terms(TODAY), now=NOW, settings=SETTINGS)
    assert (error.value.code, error.value.fields) == ("content_known", {"number": 1})


def test_a_code_that_was_used_for_other_ground_cannot_come_back(store):
    redraw(store, "AD\nCC")
    done = redraw(store, "BD\nCC", valid_from=NEXT_MONTH)
    assert {f.rule for f in done.judgement.blocking} == {"code_reused"}


def test_days_that_passed_change_only_for_a_reason(store):
    last_month = date(2026, 5, 1)
    with pytest.raises(Conflict) as error:
        redraw(store, "AD\nCC", valid_from=last_month)
    assert error.value.code == "history_rewritten"
    with pytest.raises(Conflict):
        load(store, "AE\nCC", valid_from=last_month)
    done = redraw(store, "AF\nCC", valid_from=last_month, rewrite="the order of May was entered late")
    assert done.version.valid_from == last_month
    assert done.version.note == "the order of May was entered late"


def test_a_scheduled_version_takes_force_by_itself(store):
    plans = Plans(store)
    redraw(store, "AD\nCC", valid_from=NEXT_MONTH)
    urban = plans.resolve_set("urban")
    place = middle(1, 1)
    assert locate(store, plans.at(urban, TODAY), *place, day=TODAY).grid.code == "B"
    assert locate(store, plans.at(urban, NEXT_MONTH), *place, day=NEXT_MONTH).grid.code == "D"
    eve = NEXT_MONTH - timedelta(days=1)
    assert plans.at(urban, eve).version.number == 1
    with pytest.raises(Conflict) as error:
        redraw(store, "AE\nCC")
    assert error.value.code == "scheduled_ahead"
    assert error.value.fields == {"number": 2, "day": NEXT_MONTH.isoformat()}


def test_a_scheduled_version_is_withdrawn_and_one_in_force_only_for_a_reason(store):
    plans = Plans(store)
    redraw(store, "AD\nCC", valid_from=NEXT_MONTH)
    gone = withdraw_version(store, plans, "urban", 2, expected=None, now=NOW, settings=SETTINGS)
    assert gone.version.state is VersionState.RETIRED
    assert plans.at(plans.resolve_set("urban"), NEXT_MONTH).version.number == 1
    later = NOW + timedelta(days=90)
    done = redraw(store, "AE\nCC", valid_from=NEXT_MONTH)
    with pytest.raises(Conflict):
        withdraw_version(store, plans, "urban", done.version.number, expected=None, now=later, settings=SETTINGS)
    withdraw_version(
        store, plans, "urban", done.version.number, expected=None, now=later, settings=SETTINGS, rewrite="court"
    )


def test_returning_makes_a_new_version_with_the_old_codes(store):
    redraw(store, "AD\nCC")
    done = return_to(store, Plans(store), "urban", 1, Terms(NEXT_MONTH, note="退回"), now=NOW, settings=SETTINGS)
    assert (done.version.number, done.version.based_on) == (3, 2)
    with store.unit_of_work() as work:
        first, third = (work.boundaries.find_version("urban", n) for n in (1, 3))
        assert third.content_hash == first.content_hash
        assert work.boundaries.grids(third).equals(work.boundaries.grids(first))
        assert [v.number for v in in_time_order(work.boundaries.list_versions("urban"))] == [1, 2, 3]


def test_the_loser_of_a_race_hears_which_codes_changed(store):
    draft = make_draft(store, "urban", based_on=1, valid_from=None, now=NOW, settings=SETTINGS)
    put_draft(store, "urban", draft.number, drawn("AX\nCC"), level="grid", expected_hash=draft.content_hash)
    redraw(store, "AD\nCC")
    with pytest.raises(StaleVersion) as error:
        publish_draft(store, Plans(store), "urban", draft.number, Terms(TODAY, expected=1), now=NOW, settings=SETTINGS)
    assert error.value.fields["meanwhile"] == "3"
    assert error.value.fields["changed"] == ["B", "D"]
    with pytest.raises(StaleVersion) as error:
        put_draft(store, "urban", draft.number, drawn("AZ\nCC"), level="grid", expected_hash=draft.content_hash)
    assert error.value.code == "draft_stale"


def test_points_keep_the_owner_of_their_day_and_are_seen_by_todays_grids(store):
    plans = Plans(store)
    east, south = middle(1, 1), middle(0, 0)
    report(store, plans, [east, east, south], ["2026-05-20T04:00Z", "2026-06-02T04:00Z", "2026-05-21T04:00Z"])
    patrol(store, plans, [east, east], ["2026-05-20T04:00Z", "2026-06-02T04:00Z"])
    assert owners(store) == {"i0": "B", "i1": "B", "i2": "C"}
    done = redraw(store, "AD\nCC")
    assert (done.incidents, done.fixes) == (1, 1), "only those from today on change hands"
    assert owners(store) == {"i0": "B", "i1": "D", "i2": "C"}
    urban = plans.resolve_set("urban")
    before, after = (plans.at(urban, day) for day in (TODAY - timedelta(days=1), TODAY))

    def counts(plan, **window):
        with store.unit_of_work() as work:
            found = incident_counts(work, plan, PointFilter(**window), settings=SETTINGS)
            fixes = fix_counts(work, plan, PointFilter(**window), settings=SETTINGS)
        assert fixes["units"].tolist() == [1] * len(fixes)
        return dict(zip(found["grid_code"], found["incidents"], strict=True)), dict(
            zip(fixes["grid_code"], fixes["fixes"], strict=True)
        )

    assert counts(after) == ({"C": 1, "D": 2}, {"D": 2})
    assert counts(before) == ({"B": 2, "C": 1}, {"B": 2})
    assert counts(after, grid_code="D") == ({"D": 2}, {"D": 2})
    midnight = datetime(2026, 5, 31, 16, tzinfo=UTC)
    assert counts(after, start=midnight) == ({"D": 1}, {"D": 1})
    assert counts(before, end=midnight) == ({"B": 1, "C": 1}, {"B": 1})
    with store.unit_of_work() as work:
        then = owners_then(work, PointFilter())
    assert then[["version_number", "grid_code", "incidents"]].to_numpy().tolist() == [
        [1, "B", 1],
        [1, "C", 1],
        [2, "D", 1],
    ]


def test_withdrawing_gives_points_their_former_owner(store):
    plans = Plans(store)
    redraw(store, "AD\nCC")
    report(store, plans, [middle(1, 1)], ["2026-06-02T04:00Z"])
    assert owners(store) == {"i0": "D"}
    gone = withdraw_version(store, plans, "urban", 2, expected=2, now=NOW, settings=SETTINGS)
    assert gone.incidents == 1
    assert owners(store) == {"i0": "B"}


def test_points_of_a_set_that_owns_none_are_located_again(store):
    plans = Plans(store)
    report(store, plans, [middle(1, 1), middle(0, 0)], ["2026-05-20T04:00Z", "2026-05-21T04:00Z"])
    both = SETTINGS.model_copy(update={"default_set": "urban"})
    import_boundaries(store, drawn("XX\nYY"), set_name="health", level="zone", now=NOW, settings=both, commit=True)
    plan = plans.at(plans.resolve_set("health"), TODAY)
    with store.unit_of_work() as work:
        found = incident_counts(work, plan, PointFilter(), settings=both)
    assert found.to_numpy().tolist() == [["X", 1], ["Y", 1]]
    assert owners(store) == {"i0": "B", "i1": "C"}


def test_a_grid_without_a_head_on_the_first_day_is_a_finding(store):
    with store.unit_of_work() as work:
        work.staff.replace(
            "urban", [StaffMember("A", "head", "张伟"), StaffMember("B", "worker", "李娜")], valid_from=TODAY
        )
        work.commit()
    done = redraw(store, "AD\nCC", commit=False)
    headless = {f.codes[0] for f in done.judgement.report.of("grid_without_head")}
    assert headless == {"C", "D"}
    assert not done.judgement.blocking


def test_leaves_that_are_points_answer_when_they_are_near():
    store = FakeStore()
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("block", (Level("area", 0), Level("house", 1, False, "any"))))
        work.commit()
    import_boundaries(store, drawn("AA\nAA"), set_name="block", level="area", now=NOW, settings=SETTINGS, commit=True)
    x, y = middle(0, 0)
    houses = gpd.GeoDataFrame({"code": ["h1", "h2"]}, geometry=gpd.points_from_xy([x, x + 0.001], [y, y]), crs=4326)
    done = import_boundaries(
        store, houses, set_name="block", level="house", now=NOW, settings=SETTINGS, commit=True, valid_from=TODAY
    )
    assert done.version is not None, [f.rule for f in done.blocking]
    plans = Plans(store)
    plan = plans.at(plans.resolve_set("block"), TODAY)
    here = locate(store, plan, x, y, day=TODAY)
    assert (here.grid.code, here.method.value, here.border_m) == ("h1", "inside", 0.0)
    assert [ref.code for ref in here.chain] == ["A", "h1"]
    near = locate(store, plan, x + 0.0009, y, day=TODAY, nearest_within_m=30)
    assert (near.grid.code, near.method.value) == ("h2", "nearest")
    assert near.border_m == pytest.approx(9.0, abs=0.2)
    street = locate(store, plan, x + 0.0005, y, day=TODAY, nearest_within_m=5)
    assert (street.grid, street.desk.code) == (None, "A")


def test_what_is_not_there_is_said():
    store = FakeStore()
    with pytest.raises(NotFound):
        make_draft(store, "urban", based_on=None, valid_from=None, now=NOW, settings=SETTINGS)
    load(store, "AB\nCC")
    for call in (
        lambda: make_draft(store, "urban", based_on=9, valid_from=None, now=NOW, settings=SETTINGS),
        lambda: publish_draft(store, Plans(store), "urban", 9, Terms(TODAY), now=NOW, settings=SETTINGS),
        lambda: check_version(store, "urban", 9, settings=SETTINGS),
    ):
        with pytest.raises(NotFound) as error:
            call()
        assert error.value.code == "version_unknown"
    draft = make_draft(store, "urban", based_on=1, valid_from=None, now=NOW, settings=SETTINGS)
    with pytest.raises(Conflict) as error:
        return_to(store, Plans(store), "urban", draft.number, Terms(TODAY), now=NOW, settings=SETTINGS)
    assert error.value.code == "not_published"
    with pytest.raises(Conflict) as error:
        publish_draft(store, Plans(store), "urban", 1, Terms(TODAY), now=NOW, settings=SETTINGS)
    assert error.value.code == "not_a_draft"
