"""The history of a set as the services tell it, on the store in memory."""

from datetime import date

import geopandas as gpd
import pytest
import shapely
from builders import tiling
from fake_store import FakeStore
from store_frames import CITY, at

from gridmap.analysis.borders import moved_borders
from gridmap.errors import NotFound
from gridmap.services.history import Phase, crosswalk_of, history, missing_grid, successors_of
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans

SPRING, SUMMER, AUTUMN = date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1)
TODAY = date(2025, 8, 1)
DRAWN = ("AAB\nAAB", "AAC\nAAC", "AADD\nAAEE")


@pytest.fixture
def store():
    """B becomes C, C ends as D and E on twice the ground; a version in between is withdrawn; F is a draft."""
    store = FakeStore()
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        for drawn, start in zip((*DRAWN, "AF\nAF"), (SPRING, SUMMER, AUTUMN, date(2026, 1, 1)), strict=True):
            publish_frame(work, "city", tiling(drawn), valid_from=start, published_at=at(0))
        work.boundaries.withdraw("city", 4)
        work.boundaries.add_draft("city", tiling("AAFF"), valid_from=date(2026, 1, 1), content_hash="d", based_on=3)
        work.commit()
    return store


def code(store, name: str, day: date):
    return successors_of(store, Plans(store), CITY, name, day)


def test_versions_stand_in_time_and_others_beside_them(store):
    found = history(store, CITY, TODAY)
    assert [(e.version.number, e.phase) for e in found.versions] == [
        (1, Phase.PAST),
        (2, Phase.CURRENT),
        (3, Phase.SCHEDULED),
    ]
    assert [e.version.number for e in found.retired] == [4]
    assert [e.version.number for e in found.drafts] == [5]
    assert [e.grids for e in found.versions] == [{"grid": 2}, {"grid": 2}, {"grid": 3}]
    assert [e.phase for e in history(store, CITY, AUTUMN).versions] == [Phase.PAST, Phase.PAST, Phase.CURRENT]


def test_an_old_code_answers_with_those_of_the_day(store):
    assert [(s.code, s.share) for s in code(store, "B", TODAY).successors] == [("C", 1.0)]
    later = code(store, "B", AUTUMN)
    assert {s.code: s.share for s in later.successors} == {c: pytest.approx(0.5, abs=1e-4) for c in "DE"}
    assert later.last.number == 1
    assert code(store, "B", SPRING).state == "in_force"
    assert code(store, "D", TODAY).state == "scheduled"
    for never in ("F", "Z"):
        with pytest.raises(NotFound, match=r".") as error:
            code(store, never, TODAY)
        assert error.value.code == "grid_unknown"


def test_a_code_asked_for_before_any_version_is_still_to_come(store):
    found = code(store, "A", date(2020, 1, 1))
    assert (found.state, found.version, found.successors) == ("scheduled", None, ())


def test_ground_that_nobody_has_any_more_is_counted(store):
    with store.unit_of_work() as work:
        publish_frame(work, "city", tiling("AADD\nAA.."), valid_from=date(2026, 2, 1), published_at=at(0))
        work.commit()
    found = code(store, "D", date(2026, 2, 1))
    assert found.state == "in_force"
    plans = Plans(store)
    plan = plans.at(CITY, date(2026, 2, 1))
    error = missing_grid(store, plans, plan, "E", date(2026, 2, 1))
    assert (error.code, error.fields["successors"]) == ("grid_retired", [])
    assert "-" in error.message("zh")
    gone = code(store, "E", date(2026, 2, 1))
    assert gone.lost_share == 1.0
    assert missing_grid(store, plans, plan, "Z", date(2026, 2, 1)).code == "grid_unknown"


def test_shares_of_households_follow_those_of_the_successors():
    store = FakeStore()
    old = tiling("AA").assign(households=[90])
    new = tiling("BC").assign(households=[20, 10])
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish_frame(work, "city", old, valid_from=SPRING, published_at=at(0))
        publish_frame(work, "city", new, valid_from=SUMMER, published_at=at(0))
        work.commit()
    found = code(store, "A", SUMMER).successors
    assert [(s.code, s.share, s.households) for s in found] == [("B", 0.5, 60.0), ("C", 0.5, 30.0)]
    assert [s.household_share for s in found] == pytest.approx([2 / 3, 1 / 3], abs=1e-6)


def test_a_set_is_laid_over_itself_on_two_days(store):
    found = crosswalk_of(Plans(store), CITY, CITY, SPRING, AUTUMN)
    rows = {(r.a_code, r.b_code): r.relation for r in found.rows.dropna(subset=["a_code", "b_code"]).itertuples()}
    assert rows == {("A", "A"): "agree", ("B", "D"): "crosses", ("B", "E"): "crosses"}


def lines(old: str, new: str):
    moved = moved_borders(tiling(old), tiling(new))
    return [shapely.length(side) / 2.0**-10 for side in (moved.gone, moved.fresh)]


def test_only_borders_that_differ_are_drawn():
    assert lines("AB\nAB", "AB\nAB") == [0, 0]
    assert lines("AB\nAB", "AA\nAA") == pytest.approx([2, 0], abs=0.02)
    assert lines("AB\nAB", "AA\nBB") == pytest.approx([2, 2], abs=0.04)
    assert lines("A.\nA.", "AB\nAB") == pytest.approx([0, 4], abs=0.04)


def test_a_border_digitised_anew_is_the_same_border():
    old, new = tiling("AB"), tiling("AB")
    bent = shapely.transform(shapely.segmentize(new.geometry.to_numpy(), 2.0**-12), lambda xy: xy + 1e-6)
    moved = moved_borders(old, new.set_geometry(bent, crs=4326))
    assert moved.gone.is_empty
    assert moved.fresh.is_empty


def test_points_and_nothing_have_no_borders():
    doors = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.Point(120, 36)], crs=4326)
    assert moved_borders(doors, doors.head(0)).fresh.is_empty
    assert shapely.length(moved_borders(doors, tiling("A")).fresh) > 0
