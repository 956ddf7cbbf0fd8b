"""The contract of every store: layers of facilities and thematic zones, as they are on a day."""

from datetime import date, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.features import FeatureLayer
from gridmap.errors import ColumnError, Conflict, GeometryError, NotFound
from gridmap.services.ports import FeatureFilter

MARCH, MAY, JULY = date(2026, 3, 1), date(2026, 5, 1), date(2026, 7, 1)
DAY = timedelta(days=1)
SHAPES = {
    "h1": shapely.Point(120.001, 30.001),
    "h2": shapely.Point(120.021, 30.001),
    "line": shapely.LineString([(120.0, 30.0), (120.03, 30.002)]),
    "zone": shapely.box(120.01, 30.0, 120.02, 30.01),
    "parts": shapely.MultiPolygon([shapely.box(120.0, 30.0, 120.001, 30.001), shapely.box(120.05, 30, 120.06, 30.01)]),
}


def features(**states):
    """Features of these codes and states."""
    codes = list(states)
    return gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [None if c == "line" else f"设施{c}" for c in codes],
            "state": list(states.values()),
            "attributes": [{"n": i, "名": ["x", None, 1.5]} for i in range(len(codes))],
        },
        geometry=[SHAPES[c] for c in codes],
        crs=4326,
    )


class Asked:
    """Gives owners, and remembers for what it was asked."""

    def __init__(self, code="a"):
        self.code = code
        self.days = []

    def __call__(self, frame):
        self.days += list(frame["valid_from"])
        return pd.DataFrame({"set_name": "city", "version_number": 3, "grid_code": self.code}, index=frame.index)


def put(store, frame, valid_from, owners=None, layer="hydrants"):
    with store.unit_of_work() as work:
        work.features.put_layer(FeatureLayer(layer, "消火栓"))
        count = work.features.replace(layer, frame, valid_from=valid_from, owners=owners or Asked())
        work.commit()
    return count


def on(store, day, **options):
    with store.unit_of_work() as work:
        return work.features.frame(FeatureFilter("hydrants", day, **options))


def test_a_store_without_layers_answers_with_nothing(store):
    with store.unit_of_work() as work:
        assert work.features.list_layers() == []
        assert work.features.find_layer("hydrants") is None
        assert work.features.next_change("hydrants", MAY) is None
        assert work.features.counts(MAY).empty
        assert len(work.features.frame(FeatureFilter("hydrants", MAY))) == 0
        with pytest.raises(NotFound) as error:
            work.features.replace("hydrants", features(h1="open"), valid_from=MAY, owners=Asked())
    assert error.value.code == "feature_layer_unknown"


def test_layers_come_by_name_and_take_a_new_title(store):
    with store.unit_of_work() as work:
        for layer in (FeatureLayer("z", "乙"), FeatureLayer("a"), FeatureLayer("z", "丙")):
            work.features.put_layer(layer)
        work.commit()
    with store.unit_of_work() as work:
        assert work.features.list_layers() == [FeatureLayer("a"), FeatureLayer("z", "丙")]
        assert work.features.find_layer("z") == FeatureLayer("z", "丙")


def test_features_of_every_kind_come_back_as_they_are(store):
    assert put(store, features(**dict.fromkeys(SHAPES, "built")), ALWAYS) == 5
    found = on(store, MAY)
    assert found["code"].tolist() == ["h1", "h2", "line", "parts", "zone"]
    assert found["name"].isna().tolist() == [False, False, True, False, False]
    assert set(found["state"]) == {"built"}
    assert set(found["valid_from"]) == {ALWAYS}
    assert found["valid_to"].isna().all()
    assert found.iloc[0][["set_name", "version_number", "grid_code"]].tolist() == ["city", 3, "a"]
    assert found["attributes"].tolist()[1] == {"n": 1, "名": ["x", None, 1.5]}
    assert found.crs.to_epsg() == 4326
    for row in found.itertuples():
        assert row.geometry.equals_exact(SHAPES[row.code], 0.0)
        assert row.geometry.geom_type == SHAPES[row.code].geom_type


def test_a_day_is_answered_by_the_layer_of_that_day(store):
    put(store, features(h1="planned"), MARCH)
    put(store, features(h1="open", h2="built"), MAY, Asked("b"))
    assert len(on(store, MARCH - DAY)) == 0
    assert on(store, MAY - DAY)["state"].tolist() == ["planned"]
    assert on(store, MAY)["state"].tolist() == ["open", "built"]
    first, second = on(store, MARCH).iloc[0], on(store, MAY).iloc[0]
    assert (first["valid_from"], first["valid_to"], first["grid_code"]) == (MARCH, MAY, "a")
    assert (second["valid_from"], second["valid_to"], second["grid_code"]) == (MAY, None, "b")
    with store.unit_of_work() as work:
        assert work.features.counts(MAY).to_dict("list") == {
            "layer": ["hydrants"] * 2,
            "state": ["built", "open"],
            "features": [1, 1],
        }
        assert work.features.next_change("hydrants", ALWAYS) == MARCH
        assert work.features.next_change("hydrants", MARCH) == MAY
        assert work.features.next_change("hydrants", MAY) is None


def test_what_stays_as_it_is_goes_on_with_its_owner(store):
    put(store, features(h1="open", h2="open"), MARCH)
    asked = Asked("b")
    put(store, features(h1="open"), MAY, asked)
    assert asked.days == [], "nothing began"
    found = on(store, JULY)
    assert found[["code", "valid_from", "grid_code"]].values.tolist() == [["h1", MARCH, "a"]]


def test_a_correction_of_the_past_lasts_until_the_next_change(store):
    put(store, features(h1="planned"), ALWAYS)
    put(store, features(h1="open"), JULY)
    asked = Asked("c")
    put(store, features(h2="built"), MARCH, asked)
    assert asked.days == [MARCH]
    assert on(store, MARCH - DAY)["code"].tolist() == ["h1"]
    assert on(store, JULY - DAY)["code"].tolist() == ["h2"]
    assert on(store, JULY)["state"].tolist() == ["open"]


def test_a_hole_in_time_asks_again_for_what_begins_after_it(store):
    put(store, features(h1="open"), ALWAYS)
    put(store, features(h1="open", h2="open"), JULY)
    asked = Asked("later")
    put(store, features(), MARCH, asked)
    assert asked.days == [JULY]
    assert on(store, MARCH - DAY)["grid_code"].tolist() == ["a"]
    assert on(store, MAY).empty
    assert on(store, JULY)["grid_code"].tolist() == ["later", "a"]


def test_pages_follow_code_box_and_state(store):
    put(store, features(**{**dict.fromkeys(SHAPES, "open"), "h2": "planned"}), ALWAYS)
    with store.unit_of_work() as work:

        def page(limit=9, after=None, **options):
            where = FeatureFilter("hydrants", MAY, **options)
            return work.features.page(where, limit=limit, after_code=after)["code"].tolist()

        assert page(limit=2) == ["h1", "h2"]
        assert page(limit=2, after="h2") == ["line", "parts"]
        assert page(after="zone") == []
        assert page(states=("planned",)) == ["h2"]
        assert page(states=("planned", "built")) == ["h2"]
        assert page(states=()) == []
        assert page(bbox=(120.0205, 30.0, 120.022, 30.01)) == ["h2", "line", "parts"]
        assert page(bbox=(120.0205, 30.0, 120.022, 30.01), states=("open",)) == ["line", "parts"]


def test_layers_leave_each_other_alone(store):
    put(store, features(h1="open"), ALWAYS)
    put(store, features(h1="built", zone="open"), MAY, layer="zones")
    assert on(store, JULY)["state"].tolist() == ["open"]
    with store.unit_of_work() as work:
        assert len(work.features.frame(FeatureFilter("zones", JULY))) == 2


def test_many_features_take_the_bulk_way_and_stay_found(store):
    n = 700
    frame = gpd.GeoDataFrame(
        {"code": [f"{k:04d}" for k in range(n)], "state": "open"},
        geometry=shapely.points(120 + 0.001 * (0.5 + pd.RangeIndex(n).to_numpy()), 30.0),
        crs=4326,
    )
    put(store, frame, ALWAYS)
    put(store, frame.iloc[:-1], MAY)
    assert len(on(store, MARCH)) == n
    assert len(on(store, MAY)) == n - 1
    assert on(store, MAY, bbox=(120.01, 29, 120.012, 31))["code"].tolist() == ["0010", "0011"]


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ({"code": ["x", "x"]}, Conflict, "code_not_unique"),
        ({"code": ["x", None]}, ColumnError, "column_has_gaps"),
        ({"state": ["open", "closed"]}, Conflict, "store_refused"),
        ({"attributes": [{}, 3]}, ColumnError, "attributes_not_json"),
        ({"geometry": [shapely.Point(), shapely.Point(0, 0)]}, GeometryError, "geometry_missing"),
    ],
)
def test_what_is_no_feature_is_refused_as_a_whole(store, change, kind, code):
    put(store, features(h1="open"), ALWAYS)
    wrong = features(h1="open", h2="open").assign(**change)
    with pytest.raises(kind) as error:
        put(store, wrong, MAY)
    assert error.value.code == code
    assert on(store, JULY)["code"].tolist() == ["h1"]
