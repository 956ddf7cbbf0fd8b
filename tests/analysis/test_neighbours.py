"""Neighbours against GEOS, with corners, gaps and islands."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from strategies import tilings

from gridmap.analysis.neighbours import Neighbours, neighbours_of, neighbours_of_cells
from gridmap.errors import InvalidInput

METRE = 1 / 111_320


def by_geos(shapes: np.ndarray) -> list[list[int]]:
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return [sorted(two[(one == i) & (two != i)].tolist()) for i in range(len(shapes))]


def lists(found: Neighbours) -> list[list[int]]:
    return [found.of(i).tolist() for i in range(len(found))]


@given(st.data())
def test_neighbours_are_those_of_geos(data: st.DataObject) -> None:
    shapes = np.asarray(data.draw(tilings()).geometry.array)
    assert lists(neighbours_of(shapes, gap_m=0)) == by_geos(shapes)


def test_a_corner_on_a_straight_border_and_a_hairline_gap_count() -> None:
    below = shapely.box(120.0, 30.0, 120.02, 30.01)
    left = shapely.box(120.0, 30.01, 120.01, 30.02)  # its corner lies inside the upper border of the first
    right = shapely.box(120.01 + 0.5 * METRE, 30.01, 120.02, 30.02)  # half a metre beside the second
    far = shapely.box(120.03, 30.0, 120.04, 30.01)
    shapes = np.array([below, left, right, far, shapely.Polygon()])
    assert lists(neighbours_of(shapes)) == [[1, 2], [0, 2], [0, 1], [], []]
    assert lists(neighbours_of(shapes, gap_m=0)) == [[1, 2], [0], [0], [], []]
    for gap in (-1.0, float("nan")):
        with pytest.raises(InvalidInput):
            neighbours_of(shapes, gap_m=gap)


def test_cells_touch_at_sides_and_corners_and_not_around_the_rim() -> None:
    row, column = (a.ravel() for a in np.mgrid[:4, :5])
    kept = np.random.default_rng(3).random(20) < 0.8
    row, column = row[kept], column[kept]
    found = lists(neighbours_of_cells(row, column))
    for i in range(len(row)):
        near = (np.abs(row - row[i]) <= 1) & (np.abs(column - column[i]) <= 1)
        near[i] = False
        assert found[i] == np.flatnonzero(near).tolist()
    assert lists(neighbours_of_cells(row[:0], column[:0])) == []


def test_a_choice_of_places_keeps_what_is_among_them() -> None:
    row, column = (a.ravel() for a in np.mgrid[:4, :5])
    whole = neighbours_of_cells(row, column)
    chosen = np.random.default_rng(4).random(20) < 0.6
    assert lists(whole.among(chosen)) == lists(neighbours_of_cells(row[chosen], column[chosen]))
    values = np.random.default_rng(5).random(20)
    assert whole.sums(values) == pytest.approx([values[some].sum() for some in lists(whole)])
