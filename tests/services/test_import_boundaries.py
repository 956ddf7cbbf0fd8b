"""Loading an edition of a level: rehearsal, gate, carrying the other levels along."""

from datetime import UTC, date, datetime

import geopandas as gpd
import pytest
import shapely
from builders import tiling
from fake_store import FakeStore

from gridmap.analysis.content import content_hash
from gridmap.domain.boundaries import ALWAYS
from gridmap.errors import InvalidInput
from gridmap.services.boundaries import import_boundaries
from gridmap.settings import Settings

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
SETTINGS = Settings()


def load(store, frame, level="grid", **options):
    options = {"commit": True, "now": NOW, "settings": SETTINGS, **options}
    return import_boundaries(store, frame, set_name="urban", level=level, **options)


def versions(store):
    with store.unit_of_work() as work:
        return work.boundaries.list_versions("urban")


def grids(store, number=-1):
    with store.unit_of_work() as work:
        return work.boundaries.grids(work.boundaries.list_versions("urban")[number])


def recoded(frame: gpd.GeoDataFrame, prefix: str) -> gpd.GeoDataFrame:
    return frame.assign(code=prefix + frame["code"])


def test_a_rehearsal_writes_nothing() -> None:
    store = FakeStore()
    outcome = load(store, tiling("AB\nCC"), commit=False)
    assert outcome.version is None
    assert outcome.grids == 3
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == []


def test_the_first_version_was_always_in_force() -> None:
    store = FakeStore()
    outcome = load(store, tiling("AB\nCC"))
    assert outcome.version is not None
    assert outcome.version.valid_from == ALWAYS
    assert sorted(grids(store)["code"]) == ["A", "B", "C"]


def test_a_further_version_starts_today_and_ends_its_predecessor() -> None:
    store = FakeStore()
    load(store, tiling("AB\nCC"))
    load(store, tiling("AB\nCD"))
    first, second = versions(store)
    assert (first.valid_from, first.valid_to) == (ALWAYS, TODAY)
    assert (second.valid_from, second.valid_to) == (TODAY, None)


def test_the_same_content_in_another_order_is_not_published_again() -> None:
    store = FakeStore()
    frame = tiling("AB\nCC")
    load(store, frame)
    turned = frame.iloc[::-1].reset_index(drop=True)
    turned["geometry"] = shapely.reverse(turned.geometry.array)
    outcome = load(store, turned)
    assert outcome.unchanged
    assert len(versions(store)) == 1


def test_another_level_is_carried_along_and_parents_are_found_by_place() -> None:
    store = FakeStore()
    load(store, recoded(tiling("AAB\nAAB"), "street-"), level="street")
    outcome = load(store, tiling("CDE\nCDE"))
    assert outcome.carried == 2
    frame = grids(store).set_index("code")
    assert frame.loc["C", "parent_code"] == "street-A"
    assert frame.loc["E", "parent_code"] == "street-B"
    assert len(frame) == 5


def test_an_overlap_stops_the_commit_and_leaves_nothing() -> None:
    store = FakeStore()
    frame = tiling("AB\nCC")
    frame.loc[0, "geometry"] = frame.geometry[0].buffer(0.0005)
    outcome = load(store, frame)
    assert outcome.version is None
    assert {f.rule for f in outcome.blocking} == {"overlap"}
    with store.unit_of_work() as work:
        assert work.boundaries.list_sets() == []


def test_an_overlap_passes_when_accepted_with_a_reason() -> None:
    store = FakeStore()
    frame = tiling("AB\nCC")
    frame.loc[0, "geometry"] = frame.geometry[0].buffer(0.0005)
    outcome = load(store, frame, accept_findings=True, note="survey of 2024, to be mended in May")
    assert outcome.version is not None
    assert outcome.version.note == "survey of 2024, to be mended in May"


def test_a_doubled_code_cannot_be_accepted() -> None:
    store = FakeStore()
    frame = tiling("AB\nCC")
    frame.loc[0, "code"] = "B"
    outcome = load(store, frame, accept_findings=True)
    assert outcome.version is None
    assert "duplicate_code" in {f.rule for f in outcome.blocking}


def test_a_code_of_another_level_is_refused() -> None:
    store = FakeStore()
    load(store, tiling("AA\nAA"), level="street")
    outcome = load(store, tiling("AB\nCC"))
    assert "code_in_other_level" in {f.rule for f in outcome.blocking}


@pytest.mark.parametrize("name", ["", "a/b", "a b", "<b>", "x" * 201])
def test_a_name_that_could_be_something_else_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"letters") as caught:
        import_boundaries(
            FakeStore(), tiling("A"), set_name=name, level="grid", now=NOW, settings=SETTINGS, commit=True
        )
    assert caught.value.code == "bad_name"


def test_the_hash_sees_what_counts_and_nothing_else() -> None:
    frame = tiling("AB\nCC").assign(level="grid", parent_code=None, households=None)
    same = frame.sample(frac=1, random_state=1)
    assert content_hash(frame) == content_hash(same)
    assert content_hash(frame) != content_hash(frame.assign(name="other"))
    assert content_hash(frame) != content_hash(frame.assign(households=3))
