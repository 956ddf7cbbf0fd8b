"""Coverage gaps: every boundary of the statuses with n and n + 1, and nothing lost on the way."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmap
from gridmap.analysis import frames
from gridmap.errors import GridmapError

DAY = pd.Timestamp("2026-03-01T08:00:00Z")


def counts(**fixes_or_incidents: tuple[int, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts as the stores give them: code=(incidents, fixes); zeros are left out, as there."""
    happened = {c: i for c, (i, _) in fixes_or_incidents.items() if i}
    looked = {c: f for c, (_, f) in fixes_or_incidents.items() if f}
    incidents = pd.DataFrame({"grid_code": list(happened), "incidents": list(happened.values())})
    fixes = pd.DataFrame(
        {
            "grid_code": list(looked),
            "fixes": list(looked.values()),
            "units": [1] * len(looked),
            "last_fix_at": pd.to_datetime([DAY] * len(looked), utc=True),
        }
    )
    return incidents, fixes


def status(grids: gpd.GeoDataFrame, given_counts: tuple[pd.DataFrame, pd.DataFrame], **options: float) -> dict:
    found = gridmap.coverage_gaps(grids, *given_counts, **options)
    return dict(zip(found.code, found.status, strict=True))


def test_one_incident_without_a_fix_is_a_gap_and_none_is_quiet():
    assert status(tiling("ABC"), counts(A=(1, 0), B=(0, 0), C=(0, 9))) == {"A": "gap", "B": "quiet", "C": "covered"}


def test_one_fix_is_enough_to_be_no_gap():
    assert status(tiling("AB"), counts(A=(5, 1), B=(0, 1)))["A"] == "covered"


def test_without_any_fix_at_all_nothing_is_called_a_gap():
    found = gridmap.coverage_gaps(tiling("AB"), *counts(A=(5, 0), B=(0, 0)))
    assert found.status.tolist() == ["no_data", "no_data"]
    assert found.attrs["summary"]["no_data"] == 2
    assert found.attrs["summary"]["gap"] == 0


def test_fixes_that_all_lie_elsewhere_are_still_data():
    assert status(tiling("AB"), counts(A=(5, 0), Z=(0, 3))) == {"A": "gap", "B": "quiet"}


def test_low_starts_below_the_share_of_the_median_of_visited_grids():
    # the median of 100, 100, 100, n is 100 for n below 100; a quarter of it is 25
    for n, wanted in ((24, "low"), (25, "covered"), (26, "covered")):
        found = status(tiling("ABCDE"), counts(A=(1, n), B=(0, 100), C=(0, 100), D=(0, 100)))
        assert found["A"] == wanted
        assert found["E"] == "quiet"


def test_low_starts_below_few_fixes():
    for n, wanted in ((2, "low"), (3, "covered")):
        assert status(tiling("AB"), counts(A=(1, n), B=(0, 3)), few_fixes=3, low_share=0)["A"] == wanted


def test_the_shares_can_be_turned_off():
    assert status(tiling("AB"), counts(A=(1, 1), B=(0, 1_000)), low_share=0)["A"] == "covered"


def test_an_unvisited_grid_is_never_low():
    assert status(tiling("AB"), counts(A=(0, 0), B=(0, 9)), few_fixes=5) == {"A": "quiet", "B": "covered"}


def test_fixes_per_incident_has_no_figure_where_nothing_happened():
    found = gridmap.coverage_gaps(tiling("ABC"), *counts(A=(4, 2), B=(0, 3), C=(2, 0)))
    assert found.fixes_per_incident.iloc[0] == 0.5
    assert np.isnan(found.fixes_per_incident.iloc[1])
    assert found.fixes_per_incident.iloc[2] == 0
    assert found.last_fix_at.isna().tolist() == [False, False, True]
    assert str(found.last_fix_at.dt.tz) == "UTC"


def test_the_frame_keeps_its_contract_and_the_order_of_the_grids():
    grids = shuffle_rows(tiling("ABCD\nEFGH"), 4)
    found = gridmap.coverage_gaps(grids, *counts(A=(1, 2), H=(3, 4)))
    frames.require(found, frames.COVERAGE)
    assert tuple(found.columns) == frames.COVERAGE.required
    assert found.code.tolist() == grids.code.tolist()
    assert found.geometry.geom_equals_exact(grids.geometry, 0).all()
    assert found.name.tolist() == grids.name.tolist()
    assert found.set_index("code").incidents.to_dict() == {c: {"A": 1, "H": 3}.get(c, 0) for c in "ABCDEFGH"}


def test_grids_without_names_get_empty_ones():
    found = gridmap.coverage_gaps(tiling("AB").drop(columns="name"), *counts(A=(1, 1)))
    assert found["name"].tolist() == ["", ""]


def test_names_may_be_missing():
    found = gridmap.coverage_gaps(tiling("AB").assign(name=["x", None]), *counts(A=(1, 1)))
    assert found["name"].tolist() == ["x", ""]


def points(grids: str, columns: list[float], **data: list) -> gpd.GeoDataFrame:
    x = 120 + np.array(columns) * CELL
    return gpd.GeoDataFrame(data, geometry=shapely.points(x, 36 + CELL / 2), crs="EPSG:4326")


def test_a_notebook_may_hand_over_points():
    incidents = points("ABC", [0.5, 0.6, 1.0, 9.0], incident_id=list("abcd"))
    times = [DAY, DAY + pd.Timedelta(hours=2), DAY + pd.Timedelta(hours=1)]
    fixes = points("ABC", [0.5, 0.5, 9.0], unit_id=["u", "v", "w"], fixed_at=times)
    found = gridmap.coverage_gaps(tiling("ABC"), incidents, fixes).set_index("code")
    # the third incident lies on the border of A and B: the lowest code owns it
    assert found.incidents.to_dict() == {"A": 3, "B": 0, "C": 0}
    assert found.fixes.to_dict() == {"A": 2, "B": 0, "C": 0}
    assert found.units["A"] == 2
    assert found.last_fix_at["A"] == times[1]
    assert found.status.to_dict() == {"A": "covered", "B": "quiet", "C": "quiet"}
    assert found.attrs["summary"]["incidents_elsewhere"] == found.attrs["summary"]["fixes_elsewhere"] == 1


def test_points_with_an_owner_keep_it_even_if_they_lie_elsewhere_now():
    # past incidents keep the grid of their date
    incidents = points("AB", [0.5, 0.5, 0.5], incident_id=list("abc"), grid_code=["B", "B", None])
    fixes = points("AB", [0.5], unit_id=["u"], fixed_at=[DAY])
    found = gridmap.coverage_gaps(tiling("AB"), incidents, fixes)
    assert found.status.tolist() == ["covered", "gap"]
    assert found.attrs["summary"]["incidents_elsewhere"] == 1


def test_points_close_outside_may_be_taken_in():
    incidents = points("AB", [-0.1], incident_id=["a"])
    fixes = points("AB", [0.5], unit_id=["u"], fixed_at=[DAY])
    assert gridmap.coverage_gaps(tiling("AB"), incidents, fixes).incidents.sum() == 0
    assert gridmap.coverage_gaps(tiling("AB"), incidents, fixes, nearest_within_m=50).incidents.sum() == 1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 200), m=st.integers(0, 200))
def test_no_row_is_lost_or_counted_twice(seed: int, n: int, m: int):
    rng = np.random.default_rng(seed)
    x, y = 120 + rng.integers(-4, 28, n + m) * CELL / 4, 36 + rng.integers(-4, 16, n + m) * CELL / 4
    both = shapely.points(x, y)
    incidents = gpd.GeoDataFrame({"incident_id": np.arange(n).astype(str)}, geometry=both[:n], crs="EPSG:4326")
    fixes = gpd.GeoDataFrame(
        {"unit_id": rng.integers(0, 5, m).astype(str), "fixed_at": pd.to_datetime([DAY] * m, utc=True)},
        geometry=both[n:],
        crs="EPSG:4326",
    )
    grids = tiling("AABBCC\nAADDCC\n..DDEE")
    found = gridmap.coverage_gaps(grids, incidents, fixes)
    summary = found.attrs["summary"]
    assert found.incidents.sum() + summary["incidents_elsewhere"] == n
    assert found.fixes.sum() + summary["fixes_elsewhere"] == m
    assert sum(summary[s] for s in ("covered", "low", "gap", "quiet", "no_data")) == len(found) == summary["grids"]
    counted = gridmap.join_points(incidents, grids).grid_code.value_counts()
    assert {c: k for c, k in zip(found.code, found.incidents, strict=True) if k} == counted.to_dict()
    # counted first or joined here: the same answer
    again = gridmap.coverage_gaps(shuffle_rows(grids, seed), incidents, fixes).set_index("code")
    assert again.status.to_dict() == found.set_index("code").status.to_dict()


no_columns = pd.DataFrame({"grid_code": ["A"]})


@pytest.mark.parametrize(
    ("grids", "incidents", "fixes", "options", "code"),
    [
        (tiling("AB"), no_columns, counts()[1], {}, "column_missing"),
        (tiling("AB"), counts()[0], no_columns, {}, "column_missing"),
        (tiling("AB").drop(columns="code"), *counts(), {}, "column_missing"),
        (tiling("AB").assign(code="A"), *counts(), {}, "code_duplicate"),
        (tiling("AB"), pd.concat([counts(A=(1, 1))[0]] * 2), counts()[1], {}, "code_duplicate"),
        (tiling("AB"), *counts(), {"few_fixes": -1}, "setting_negative"),
        (tiling("AB"), *counts(), {"low_share": float("nan")}, "setting_negative"),
        (tiling("AB"), counts()[0], points("AB", [0.5], unit_id=["u"]), {}, "column_missing"),
    ],
)
def test_counts_that_break_a_rule_are_refused(grids, incidents, fixes, options: dict, code: str):
    with pytest.raises(GridmapError) as caught:
        gridmap.coverage_gaps(grids, incidents, fixes, **options)
    assert caught.value.code == code
    assert caught.value.message("zh")
    assert caught.value.message("en")


def test_the_three_colours_say_what_was_seen() -> None:
    found = counts(A=(1, 0), B=(0, 0), C=(0, 9), D=(3, 9))
    frame = gridmap.coverage_gaps(tiling("ABCD"), *found)
    assert frame["sight"].tolist() == ["not_seen", "not_seen", "seen_clear", "seen_found"]
    summary = frame.attrs["summary"]
    assert (summary["seen_found"], summary["seen_clear"], summary["not_seen"]) == (1, 1, 2)
