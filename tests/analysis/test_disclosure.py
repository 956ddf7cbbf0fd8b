"""What everybody may see: attacked by subtracting all that is shown, and by asking again."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from analysis.test_density import EAST, EPSG, NORTH, ground
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridmap.analysis.disclosure import Shown, public_cells, say_release, shown_counts
from gridmap.crs import from_metric
from gridmap.errors import InvalidInput


def attacked(counts: np.ndarray, area: np.ndarray, shown: Shown) -> list[tuple[float, float]]:
    """What can be told of each hidden cell from everything that is shown: the least and the most it can be."""
    rows, sums = [], []
    for i in np.flatnonzero(shown.cells):
        rows.append(np.arange(len(counts)) == i)
        sums.append(counts[i])
    for a in np.flatnonzero(shown.areas):
        rows.append(area == a)
        sums.append(counts[area == a].sum())
    if shown.whole:
        rows.append(np.ones(len(counts)))
        sums.append(counts.sum())
    found = []
    for i in np.flatnonzero(~shown.cells):
        goal = (np.arange(len(counts)) == i).astype(float)
        # beyond 1,000 everything is possible
        low, high = (
            linprog(s * goal, A_eq=np.array(rows) if rows else None, b_eq=sums or None, bounds=(0, 1_000)).fun * s
            for s in (1, -1)
        )
        found.append((low, high))
    return found


counts_of_cells = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 3, 9, 10, 12, 40]), st.integers(0, 2)), min_size=1, max_size=12
)


@settings(max_examples=30)
@given(counts_of_cells)
def test_subtracting_all_that_is_shown_tells_no_hidden_count(cells: list[tuple[int, int]]) -> None:
    counts, area = (np.array(v) for v in zip(*cells, strict=True))
    shown = shown_counts(counts, area)
    assert not shown.cells[counts < 10].any()
    for low, high in attacked(counts, area, shown):
        assert low <= 1e-7
        assert high >= 10 - 1e-7
    again = shown_counts(counts, area)
    assert (again.cells == shown.cells).all()


def test_without_hiding_more_the_hidden_ones_would_be_told() -> None:
    """The negative control of the test above: only what is small is hidden."""
    counts, area = np.array([3, 20, 40, 50]), np.zeros(4, dtype=int)
    naive = Shown(counts >= 10, np.array([True]), True)
    assert attacked(counts, area, naive) == [(pytest.approx(3), pytest.approx(3))]
    assert shown_counts(counts).cells.tolist() == [False, False, True, True]
    # two hidden ones of together 4 say that neither is above 4
    low_sum = np.array([3, 1, 40, 50])
    assert attacked(low_sum, area, Shown(low_sum >= 10, np.array([True]), True))[0][1] == pytest.approx(4)
    assert shown_counts(low_sum).cells.tolist() == [False, False, False, True]


def test_a_hidden_area_hides_its_cells_and_another_area() -> None:
    found = shown_counts([4, 2, 30, 15, 90, 20], [0, 0, 1, 1, 2, 2])
    assert found.areas.tolist() == [False, False, True]
    assert found.cells.tolist() == [False, False, False, False, True, True]
    assert found.whole


@pytest.mark.parametrize("counts", [[], [0], [0, 0, 0], [9], [3, 3, 3]])
def test_of_few_incidents_nothing_is_shown(counts: list[int]) -> None:
    found = shown_counts(counts)
    assert not found.whole
    assert not found.cells.any()


def test_one_cell_with_all_is_shown_as_the_whole_is() -> None:
    assert shown_counts([12]).cells.tolist() == [True]
    # hiding the empty one would tell it, too: both are hidden
    assert shown_counts([12, 0]).cells.tolist() == [False, False]


def incidents(xy: np.ndarray, kinds: list[str]) -> gpd.GeoDataFrame:
    points = shapely.points(np.asarray(xy, dtype=float).reshape(-1, 2) + np.array([EAST, NORTH]))
    return gpd.GeoDataFrame(
        {"category": pd.Series(kinds, dtype="str")}, geometry=from_metric(points, EPSG), crs="EPSG:4326"
    )


def test_cells_and_kinds_add_up_without_telling_what_is_sensitive() -> None:
    draw = np.random.default_rng(1)
    xy = np.r_[draw.uniform(0, 500, (60, 2)), draw.uniform(0, 2_000, (120, 2)), [[-900.0, 50.0]]]
    kinds = ["litter"] * 100 + ["noise"] * 55 + ["feud"] * 25 + ["litter"]
    found = public_cells(incidents(xy, kinds), ground(), sensitive=["feud", "rare"])
    assert found.total == 155
    cells = found.cells
    assert cells.loc[~cells["shown"], "incidents"].isna().all()
    assert (cells.loc[cells["shown"], "incidents"] >= 10).all()
    told = found.kinds.set_index("kind")["incidents"]
    # the one beyond the ground is in no cell and in no kind
    assert (told["litter"], told["noise"], told["feud"]) == (100, 55, 25)
    assert pd.isna(told["rare"])
    without = public_cells(incidents(xy[:155], kinds[:155]), ground())
    assert without.cells["incidents"].equals(cells["incidents"])
    assert [one.key for one in say_release(found)] == ["release_cells", "release_sensitive"]
    # fixed: neither the order of rows nor asking again changes anything
    order = draw.permutation(len(kinds))
    again = public_cells(incidents(xy[order], [kinds[i] for i in order]), ground(), sensitive=["feud", "rare"])
    assert again.cells["incidents"].equals(cells["incidents"])


def test_no_incidents_and_what_cannot_be_asked() -> None:
    none = public_cells(incidents(np.empty((0, 2)), []), ground())
    assert none.total is None
    assert [one.key for one in say_release(none)] == ["release_nothing"]
    for given_, code in (
        ({"counts": [-1]}, "counts_not_whole"), ({"counts": [1.5]}, "counts_not_whole"),
        ({"counts": [1], "area": [0, 1]}, "lengths_differ"), ({"counts": [1], "least": 1}, "not_positive"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as raised:
            shown_counts(**given_)
        assert raised.value.code == code
