"""Bringing in a layer: whose its features are on their first day, and what is said of those in no grid."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from builders import tiling
from fake_store import FakeStore
from store_frames import publish

from gridmap.crs import WGS84
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.domain.features import FeatureLayer
from gridmap.domain.rules import Finding, Severity, report
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.features import import_layer, page_features
from gridmap.services.ports import FeatureFilter
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

SETTINGS = Settings()
CITY = BoundarySet("city", (Level("grid", 0),))
FIRST, REDRAW, TODAY = date(2025, 1, 1), date(2026, 5, 1), date(2026, 6, 1)
CELL = 2.0**-8


def plan_of(drawn):
    frame = tiling(drawn, cell=CELL, origin=(120.0, 36.0)).assign(level="grid", parent_code=None)
    return frame.set_crs(WGS84, allow_override=True)


@pytest.fixture
def store():
    made = FakeStore()
    with made.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish(work, plan_of("AAB"), valid_from=FIRST)
        publish(work, plan_of("ACB"), valid_from=REDRAW)
        work.commit()
    return made


def stations(*columns, state="open"):
    """One station in the middle of each of these columns of cells."""
    return gpd.GeoDataFrame(
        {"code": [f"s{c}" for c in columns], "name": None, "state": state, "attributes": [{}] * len(columns)},
        geometry=[shapely.Point(120 + (c + 0.5) * CELL, 36 + 0.5 * CELL) for c in columns],
        crs=WGS84,
    )


def take(store, frame, *, name="stations", boundary_set=CITY, **options):
    options = {"today": TODAY, "settings": SETTINGS, "commit": True, **options}
    return import_layer(store, Plans(store), boundary_set, FeatureLayer(name, "站"), frame, **options)


def first_owners(store, day):
    with store.unit_of_work() as work:
        found = work.features.frame(FeatureFilter("stations", day))
    return {r.code: (r.grid_code, r.version_number) for r in found.itertuples()}


def test_features_that_were_always_there_belong_to_the_first_grids(store):
    done = take(store, stations(0, 1, 2))
    assert (done.valid_from, done.valid_to, done.committed, done.features) == (ALWAYS, None, True, 3)
    assert first_owners(store, TODAY) == {"s0": ("A", 1), "s1": ("A", 1), "s2": ("B", 1)}


def test_features_that_begin_after_the_redraw_belong_to_the_new_grids(store):
    take(store, stations(0), valid_from=FIRST)
    later = take(store, stations(0, 1))
    assert later.valid_from == TODAY, "a layer that is there changes today"
    assert first_owners(store, TODAY) == {"s0": ("A", 1), "s1": ("C", 2)}


@pytest.mark.parametrize(("west", "east", "owner"), [(-9.0, 1.2, None), (-0.5, 3.0, "A"), (1.5, 3.5, "B")])
def test_the_middle_of_a_zone_decides(store, west, east, owner):
    zone = stations(0).set_geometry([shapely.box(120 + west * CELL, 36, 120 + east * CELL, 36 + CELL)], crs=WGS84)
    done = take(store, zone)
    assert [(f.rule, f.codes) for f in done.report] == ([("feature_without_grid", ("s0",))] if owner is None else [])
    code, version = first_owners(store, TODAY)["s0"]
    assert (None if pd.isna(code) else code, version) == (owner, 1)


def test_a_rehearsal_and_an_error_write_nothing(store):
    assert not take(store, stations(0), commit=False).committed
    wrong = report([Finding("bad_state", Severity.ERROR, fields={"number": 1, "wanted": "x"})])
    assert not take(store, stations(0), file_report=wrong).committed
    with store.unit_of_work() as work:
        assert work.features.list_layers() == []


def test_the_title_stays_where_none_is_given(store):
    take(store, stations(0))
    done = import_layer(
        store, Plans(store), CITY, FeatureLayer("stations"), stations(0), today=TODAY, settings=SETTINGS, commit=True
    )
    assert done.layer == FeatureLayer("stations", "站")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "<b>", "{{x}}", "x" * 201])
def test_a_name_becomes_part_of_addresses(store, name):
    with pytest.raises(InvalidInput) as error:
        take(store, stations(0), name=name)
    assert error.value.code == "bad_name"


def test_pages_by_grid_ask_the_grids_of_the_plan_given(store):
    take(store, stations(0, 1, 2))
    plans = Plans(store)

    def page(day, grid, **options):
        where = FeatureFilter("stations", day)
        return page_features(store, plans.at(CITY, day), where, settings=SETTINGS, grid=grid, **options)

    assert page(FIRST, "A", limit=9)["code"].tolist() == ["s0", "s1"]
    assert page(FIRST, "A", limit=1)["code"].tolist() == ["s0"]
    assert page(FIRST, "A", limit=9, after_code="s0")["code"].tolist() == ["s1"]
    now = page(TODAY, "C", limit=9)
    assert now[["code", "grid_code", "first_grid_code", "first_version"]].values.tolist() == [["s1", "C", "A", 1]]
    with pytest.raises(NotFound) as error:
        page(FIRST, "C", limit=9)
    assert error.value.code == "grid_unknown"
