"""The same thing reported twice: at the limits, and a frame against one report at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.duplicates import Alike, Likeness, Sighting, alike, duplicates
from gridmap.crs import distances_m, xyz_m
from gridmap.errors import ColumnError, CrsError, InvalidInput
from gridmap.i18n import LANGUAGES

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
#: Degrees of latitude that are a metre at 30 degrees north.
METRE = 1.0 / 110_852.0
HERE = Sighting("c1", 120.1, 30.2, "C3-01", AT, "L7")


def frame(rows: list[Sighting]) -> gpd.GeoDataFrame:
    points = shapely.points([r.lon for r in rows], [r.lat for r in rows]) if rows else []
    held = {
        "case_id": [r.case_id for r in rows],
        "reported_at": pd.to_datetime([r.at for r in rows], utc=True),
        "category": [r.category for r in rows],
        "component": pd.array([r.component for r in rows], dtype="str"),
    }
    return gpd.GeoDataFrame(held, geometry=points, crs="EPSG:4326")


def test_distances_on_the_ellipsoid() -> None:
    # a minute of arc of the meridian at the equator and at the pole: 1842.9 m and 1861.6 m (WGS 84)
    assert distances_m(0, [0, 89 + 59 / 60], 0, [1 / 60, 90]) == pytest.approx([1842.9, 1861.6], abs=0.05)
    assert xyz_m(0, 0)[0] == pytest.approx([6378137.0, 0, 0])
    assert xyz_m(0, 90)[0] == pytest.approx([0, 0, 6356752.3142], abs=1e-4)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"lat": 30.2 + 49.9 * METRE}, True),
        ({"lat": 30.2 + 50.2 * METRE}, False),
        ({"lat": 30.2 + 900 * METRE, "component": "L7"}, True),
        ({"at": AT - timedelta(hours=72)}, True),
        ({"at": AT + timedelta(hours=72)}, True),
        ({"at": AT - timedelta(hours=72, seconds=1)}, False),
        ({"category": "C3-02"}, True),
        ({"category": "C3"}, True),
        ({"category": "C30-01"}, False),
        ({"category": "E1-01"}, False),
        ({"case_id": "c1"}, False),
        ({"component": "L8"}, True),
    ],
)
def test_what_could_be_the_same(change: dict[str, Any], found: bool) -> None:
    other = HERE._replace(**{"case_id": "c2", "component": None, **change})
    assert bool(alike(HERE, [other])) is found


def test_the_likeliest_comes_first_with_reasons() -> None:
    others = [
        HERE._replace(case_id="other lamp", component="L8"),
        HERE._replace(case_id="other type", category="C3-02", component=None),
        HERE._replace(case_id="far", lat=30.2 + 40 * METRE, component=None),
        HERE._replace(case_id="near", lat=30.2 + 10 * METRE, component=None),
        HERE._replace(case_id="same", at=AT - timedelta(minutes=90)),
    ]
    found = alike(HERE, others)
    assert [a.case_id for a in found] == ["same", "near", "other lamp", "other type", "far"]
    assert found[0].same_component is True
    assert found[1].same_component is None
    assert found[2].same_component is False
    assert found[0].reasons("en") == ("same type", "0 m apart", "1.5 hours apart", "same component")
    assert found[1].reasons("zh") == ("类别相同", "相距 10 米", "相隔 0 分钟")
    assert all("{" not in "".join(a.reasons(language)) for a in found for language in LANGUAGES)


def test_limits_and_weights_are_data() -> None:
    other = HERE._replace(case_id="c2", lat=30.2 + 60 * METRE, component=None, category="C3-02")
    assert not alike(HERE, [other])
    assert alike(HERE, [other], Likeness(metres=61))
    assert not alike(HERE, [other], Likeness(metres=61, same_type=True))
    assert not alike(HERE, [other], Likeness(metres=61, least=0.9))
    sure = Likeness(metres=61, distance=0, time=1, category=0, component=0)
    assert alike(HERE, [other], sure)[0].score == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"metres": -1},
        {"hours": float("nan")},
        {"metres": 10_001},
        {"distance": 0, "time": 0, "category": 0, "component": 0},
    ],
)
def test_likeness_that_makes_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Likeness(**wrong)
    assert caught.value.code == "likeness_wrong"


SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        st.uuids().map(str),
        st.integers(0, 30).map(lambda n: 120.1 + n * 4 * METRE),
        st.integers(0, 5).map(lambda n: 30.2 + n * 4 * METRE),
        st.sampled_from(["C3", "C3-01", "C3-02", "E1-01"]),
        st.integers(0, 400).map(lambda h: AT + timedelta(hours=h / 2)),
        st.sampled_from([None, "", "L7", "L8"]),
    ),
    max_size=12,
    unique_by=lambda s: s.case_id,
)
LIKENESS = st.builds(
    Likeness,
    st.sampled_from([0.0, 10.0, 50.0]),
    st.sampled_from([0.0, 1.0, 72.0]),
    st.booleans(),
    least=st.sampled_from([0, 0.6]),
)


@given(SIGHTINGS, LIKENESS)
def test_a_frame_finds_what_one_at_a_time_finds(rows: list[Sighting], likeness: Likeness) -> None:
    one: dict[frozenset[str], Alike] = {
        frozenset((r.case_id, a.case_id)): a for r in rows for a in alike(r, rows, likeness)
    }
    found = duplicates(frame(rows), likeness)
    assert {frozenset(pair) for pair in zip(found.case_id, found.other_id, strict=True)} == set(one)
    assert len(found) == len(one)
    when = {r.case_id: (r.at, r.case_id) for r in rows}
    for row in found.itertuples():
        match = one[frozenset((row.case_id, row.other_id))]
        assert when[row.case_id] < when[row.other_id]
        assert (row.score, row.distance_m, row.minutes) == pytest.approx((match.score, match.distance_m, match.minutes))
        assert row.same_type == match.same_type
        assert (None if pd.isna(row.same_component) else row.same_component) == match.same_component
    assert np.all(np.diff(found.score) <= 1e-12)


def test_frames_that_are_none() -> None:
    with pytest.raises(ColumnError):
        duplicates(frame([HERE]).drop(columns="category"))
    with pytest.raises(CrsError):
        duplicates(frame([HERE]).to_crs(4549))
    assert duplicates(frame([])).empty
    assert len(duplicates(frame([HERE, HERE._replace(case_id="c2")]).drop(columns="component"))) == 1
