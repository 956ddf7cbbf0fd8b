"""Points that are on their way while a version is published get the owners of their days by the new version."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from redrawing import FIRST_DAY, NOW, SETTINGS, draft, edition, found

from gridmap.services.intake.frames import record_points
from gridmap.services.points import FIX, INCIDENT, import_points
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import Terms
from gridmap.services.responsibility import Plans
from gridmap.services.versions import publish_draft

#: Lies in the east of edition 0 and in the west of edition 1.
CHANGES_HANDS = (120.004, 30.005)
EVE, DAY = (datetime(2026, 6, d, 4, tzinfo=UTC) for d in (1, 2))
KINDS = {"incidents": INCIDENT, "patrols": FIX}


def points(kind: str) -> gpd.GeoDataFrame:
    """One point on the last day of the old version, and one on the first of the new."""
    columns = {"incident_id": ["a", "b"], "category": "垃圾"} if kind == "incidents" else {"unit_id": ["u", "u"]}
    times = pd.Series([EVE, DAY]).astype("datetime64[us, UTC]")
    frame = gpd.GeoDataFrame(columns, geometry=[shapely.Point(CHANGES_HANDS)] * 2, crs=4326)
    return frame.assign(**{KINDS[kind].time_column: times})


def owners(store, kind):
    with store.unit_of_work() as work:
        frame = getattr(work, kind).frame(PointFilter()).sort_values(KINDS[kind].time_column)
    return list(zip(frame["version_number"], frame["grid_code"], strict=True))


@pytest.fixture
def begun(store):
    assert EVE.date() + timedelta(days=1) == DAY.date() == FIRST_DAY
    west = edition(1).geometry[1]
    assert west.contains(shapely.Point(CHANGES_HANDS))
    assert not edition(0).geometry[1].contains(shapely.Point(CHANGES_HANDS))
    found(store, "city")
    number = draft(store, "city", 1)

    def publish():
        done = publish_draft(store, Plans(store), "city", number, Terms(FIRST_DAY), now=NOW, settings=SETTINGS)
        assert done.version is not None

    return store, publish


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_import_that_began_before_a_version_was_published(begun, kind):
    store, publish = begun

    def batches():
        publish()  # the import has read the versions, and has written nothing yet
        yield points(kind)

    done = import_points(store, Plans(store), KINDS[kind], batches(), settings=SETTINGS, commit=lambda: True)
    assert done.added.added == 2
    assert owners(store, kind) == [(1, "E"), (2, "W")]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_batch_of_single_items_is_answered_by_the_new_version(begun, kind):
    store, publish = begun

    class Late(Plans):
        """Publishes when the owners were asked, and nothing is written yet."""

        def of(self, *args):
            plan = super().of(*args)
            if overtaken:
                overtaken.pop()()
            return plan

    overtaken = [publish]
    said = record_points(store, Late(store), KINDS[kind], points(kind), lambda *_: None, settings=SETTINGS, now=NOW)
    assert not overtaken
    assert [item.status for item in said] == ["accepted"] * 2
    assert [item.grid_code for item in said] == ["E", "W"]
    assert owners(store, kind) == [(1, "E"), (2, "W")]


def test_an_import_that_is_not_overtaken_asks_nobody_twice(begun):
    store, publish = begun
    publish()
    plans = Plans(store)
    import_points(store, plans, INCIDENT, [points("incidents")], settings=SETTINGS, commit=lambda: True)
    assert owners(store, "incidents") == [(1, "E"), (2, "W")]
    with store.unit_of_work() as work:
        assert work.boundaries.hold("city") == work.boundaries.find_set("city").revision == 2
