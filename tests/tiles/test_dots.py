"""Tiles of points: each in one tile of a matrix, exact from some matrix on, and counted together before it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tile_judge import features_of

from gridmap.tiles.columns import columns_of
from gridmap.tiles.dots import EXACT_FROM, SQUARES, Dots
from gridmap.tiles.matrix import WEB_MERCATOR
from gridmap.tiles.mvt import EXTENT

BOX = (120.0, 36.0, 120.05, 36.04)


def _dots(n: int, seed: int, *, step: float = 0.0) -> tuple[Dots, np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(BOX[0], BOX[2], n), rng.uniform(BOX[1], BOX[3], n)
    if step:
        lon, lat = np.round(lon / step) * step, np.round(lat / step) * step
    kinds = rng.choice(["litter", "noise", "parking"], n).tolist()
    names = [f"i{k:04d}" for k in range(n)]
    return (
        Dots.of(WEB_MERCATOR, lon, lat, columns_of(names, {"incident_id": names, "category": kinds}), kinds),
        lon,
        lat,
        kinds,
    )


def _tiles(z: int) -> list[tuple[int, int, int]]:
    r0, r1, c0, c1 = WEB_MERCATOR.limits(BOX, z)
    return [(z, r, c) for r in range(r0, r1 + 1) for c in range(c0, c1 + 1)]


@given(st.integers(0, 400), st.integers(0, 99), st.sampled_from((0.0, 2.0**-9)), st.sampled_from((3, 10, 13, 14, 16)))
def test_every_point_is_counted_in_one_tile_of_a_matrix(n: int, seed: int, step: float, z: int) -> None:
    dots, *_ = _dots(n, seed, step=step)
    counted, single = 0, Counter()
    for tile in _tiles(z):
        for feature in features_of(dots.layer("incidents", *tile), "incidents"):
            said = feature["properties"]
            assert all(0 <= v < EXTENT for v in feature["geometry"]["coordinates"])
            counted += said.get("count", 1)
            assert ("cluster" in said) == ("count" in said) == ("incident_id" not in said)
            single[said.get("incident_id")] += 1
    assert counted == n
    if z >= EXACT_FROM:
        assert set(single.values()) <= {1}
        assert len(single) == n


def test_points_of_a_square_are_drawn_at_their_mean_with_their_commonest_kind() -> None:
    dots, lon, lat, kinds = _dots(500, 4)
    z = 11
    x, y = (v * 2**z for v in WEB_MERCATOR.to_world(lon, lat))
    for tile in _tiles(z):
        mine = (np.floor(x) == tile[2]) & (np.floor(y) == tile[1])
        squares = np.floor((y[mine] - tile[1]) * SQUARES) * SQUARES + np.floor((x[mine] - tile[2]) * SQUARES)
        for feature in features_of(dots.layer("incidents", *tile), "incidents"):
            if "count" not in feature["properties"]:
                continue
            here = np.flatnonzero(mine)[squares == feature["id"] - 1]
            assert feature["properties"]["count"] == len(here)
            mean = [(v[here].mean() - o) * EXTENT for v, o in ((x, tile[2]), (y, tile[1]))]
            assert feature["geometry"]["coordinates"] == pytest.approx(mean, abs=0.51)
            counts = Counter(kinds[i] for i in here)
            best = min(k for k, n in counts.items() if n == max(counts.values()))
            assert feature["properties"]["category"] == best


def test_far_in_a_point_lies_within_a_unit_of_its_place() -> None:
    dots, lon, lat, _ = _dots(60, 9)
    z = 18
    x, y = (v * 2**z for v in WEB_MERCATOR.to_world(lon, lat))
    found = 0
    for k in range(60):
        tile = (z, int(y[k]), int(x[k]))
        for feature in features_of(dots.layer("incidents", *tile), "incidents"):
            if feature["properties"]["incident_id"] == f"i{k:04d}":
                true = ((x[k] % 1) * EXTENT, (y[k] % 1) * EXTENT)
                assert feature["geometry"]["coordinates"] == pytest.approx(true, abs=1.0)
                found += 1
    assert found == 60
