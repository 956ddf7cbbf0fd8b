"""Outlines counted in cells: drawn again by even and odd they are the cells they were made of, holes and all."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap import crs
from gridmap.analysis.lattice import Raster
from gridmap.maps.lattice_surface import PARTS, lattice_knots, lattice_surface

EPSG = 4549
COLOURS = ("#111", "#222", "#333")


def corners_of(moves: list[int]) -> list[tuple[int, int]]:
    """Undo the moves, as the page does."""
    column, row, *rest = moves
    found = [(column, row)]
    for number, move in enumerate(rest):
        column, row = (column, row + move) if number % 2 else (column + move, row)
        found.append((column, row))
    return found


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(-1, 2), min_size=5, max_size=5), min_size=1, max_size=5))
def test_outlines_hold_their_cells_and_no_other(drawn: list[list[int]]) -> None:
    classes = np.array(drawn)
    row, column = np.nonzero(classes >= 0)
    surface = lattice_surface(row, column, classes[row, column], COLOURS)
    again = np.full(classes.shape, -1)
    middles = shapely.points(*(a.ravel() + 0.5 for a in np.mgrid[: classes.shape[1], : classes.shape[0]]))
    for part in surface:
        held = np.zeros(len(middles), dtype=int)
        for moves in part["rings"]:
            ring = corners_of(moves)
            # the way back is a side, too, and a vertical one
            assert ring[0][0] == ring[-1][0] != ring[1][0]
            assert all(moves[2:])
            held += shapely.contains(shapely.Polygon(ring), middles)
        there = (held % 2 == 1).reshape(classes.shape[::-1]).T
        assert (again[there] == -1).all()
        again[there] = COLOURS.index(part["fill"])
    assert (again == classes).all()


def test_between_the_knots_a_page_divides_evenly_and_is_metres_off_at_most() -> None:
    raster = Raster(EPSG, 500.0, 1_000, 8_000, 200, 200)  # a hundred kilometres
    knots = np.array(lattice_knots(raster)).reshape(PARTS + 1, PARTS + 1, 2)
    for column, row in ((0, 0), (100, 100), (37, 160), (200, 0), (200, 200), (125, 25)):
        u, v = column / 200 * PARTS, row / 200 * PARTS
        i, j = min(int(u), PARTS - 1), min(int(v), PARTS - 1)
        near = knots[j : j + 2, i : i + 2]
        across = near[:, 0] + (near[:, 1] - near[:, 0]) * (u - i)
        lat, lon = across[0] + (across[1] - across[0]) * (v - j)
        x, y = crs.xy_to_metric(np.array([lon]), np.array([lat]), EPSG)
        assert np.hypot(x[0] - (1_000 + column) * 500, y[0] - (8_000 - row) * 500) < 12


def test_a_block_is_four_numbers_and_a_corner() -> None:
    row, column = (a.ravel() for a in np.mgrid[2:5, 7:11])
    (part,) = lattice_surface(row, column, np.zeros(12, dtype=int), COLOURS[:1])
    assert part["fill"] == "#111"
    (moves,) = part["rings"]
    assert len(moves) == 5
    assert sorted(corners_of(moves)) == [(7, 2), (7, 5), (11, 2), (11, 5)]
    assert lattice_surface(row[:0], column[:0], row[:0], COLOURS) == []
    assert [abs(move) for move in moves[2:]] == pytest.approx([4, 3, 4])
