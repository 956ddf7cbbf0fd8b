"""Neighbours of neighbours, what becomes of hotspots with them, and Moran's kinds in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap import getis_ord, local_moran, say_gathering, say_kinds, say_wider, wider_reach
from gridmap.analysis.moran import moran
from gridmap.analysis.neighbours import neighbours_of_cells, wider
from gridmap.i18n import LANGUAGES


def square(side: int):
    row, column = np.divmod(np.arange(side * side), side)
    return neighbours_of_cells(row, column)


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_neighbours_of_neighbours_are_those_two_steps_away(cells: set[tuple[int, int]]) -> None:
    places = np.array(sorted(cells), dtype=np.int64).reshape(-1, 2)
    beside = neighbours_of_cells(places[:, 0], places[:, 1])
    found = wider(beside)
    for i in range(len(places)):
        near = set(beside.of(i).tolist())
        wanted = near.union(*(beside.of(j).tolist() for j in near)) - {i}
        assert found.of(i).tolist() == sorted(wanted)


def test_a_wide_heap_stays_at_double_the_reach_and_a_narrow_one_is_told_apart() -> None:
    beside, rng = square(20), np.random.default_rng(3)
    wide = rng.poisson(2.0, 400).astype(float).reshape(20, 20)
    wide[5:12, 5:12] += 8
    found = getis_ord(wide.ravel(), beside)
    reach = wider_reach(found, beside)
    assert reach.hot == found.attrs["summary"]["hot"] >= 25
    assert reach.stay >= 0.9 * reach.hot
    assert str(reach.stay) in say_wider(reach).text("en")
    assert wider_reach(getis_ord(np.ones(400), beside), beside) is None
    assert say_wider(None).text("zh") != say_wider(reach).text("zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_and_gathering_are_said_of_each_place(language) -> None:
    beside = square(12)
    values = np.zeros((12, 12))
    values[2:6, 2:6], values[9, 9] = 9, np.nan
    found = local_moran(values.ravel(), beside)
    said = [one.text(language) for one in say_kinds(found)]
    assert len(set(said)) >= 3
    assert found["kind"].iloc[12 * 3 + 3] == "high_high"
    assert "9" in said[12 * 3 + 3]
    assert said[9 * 12 + 9] != said[0]
    gathered = say_gathering(moran(values.ravel(), beside)).text(language)
    rng = np.random.default_rng(1)
    chance = say_gathering(moran(rng.permutation(np.nan_to_num(values.ravel())), beside)).text(language)
    assert len({gathered, chance, say_gathering(None).text(language)}) == 3
