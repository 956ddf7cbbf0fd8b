"""Tracks split at borders: the pieces make up the whole, and each belongs to the grid that the rule says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import CELL, rotate_rings, shuffle_rows, tiling
from exact import edges_of, judge
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Recipe, build, recipes

from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import split_tracks, track_totals, track_visits
from gridmap.crs import frame_to_wgs84
from gridmap.errors import ColumnError, GeometryError, InvalidInput

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
X0, Y0 = 120.0, 36.0


def fixes(rows: list[tuple[str, float, float, float]]) -> gpd.GeoDataFrame:
    """Fixes of (unit, seconds after the start, columns from the west, rows from the south)."""
    unit, second, x, y = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"unit_id": unit, "fixed_at": pd.to_datetime([START + timedelta(seconds=s) for s in second], utc=True)},
        geometry=shapely.points(X0 + np.array(x) * CELL, Y0 + np.array(y) * CELL),
        crs="EPSG:4326",
    )


def split(rows: list[tuple[str, float, float, float]], drawing: str = "ABC", **options: float) -> pd.DataFrame:
    return split_tracks(fixes(rows), Locator.from_frame(tiling(drawing)), **{"max_speed_m_s": 1e6, **options})


def codes(pieces: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(c) else c for c in pieces["grid_code"]]


def test_a_segment_is_shared_out_by_where_it_crosses() -> None:
    pieces = split([("u", 0, 0.5, 0.5), ("u", 80, 2.5, 0.5)])
    assert codes(pieces) == ["A", "B", "C"]
    assert pieces["seconds"].tolist() == [20.0, 40.0, 20.0]
    whole = pieces["length_m"].sum()
    assert np.allclose(pieces["length_m"], [whole / 4, whole / 2, whole / 4], rtol=1e-12)
    assert pieces["entered_at"].iloc[1] == START + timedelta(seconds=20)
    assert pieces["left_at"].iloc[1] == START + timedelta(seconds=60)


def test_ground_without_a_grid_is_a_piece_too() -> None:
    pieces = split([("u", 0, -0.5, 0.5), ("u", 40, 3.5, 0.5)], "A.C")
    assert codes(pieces) == [None, "A", None, "C", None]
    assert pieces["seconds"].tolist() == [5.0, 10.0, 10.0, 10.0, 5.0]


def test_a_way_along_a_border_belongs_to_the_lowest_code() -> None:
    assert codes(split([("u", 0, 0.2, 1.0), ("u", 10, 0.8, 1.0)], "B\nA")) == ["A"]
    assert codes(split([("u", 0, 1.0, 0.8), ("u", 10, 1.0, 0.2)], "BA")) == ["A"]
    # along the rim of the map, and beyond its corner
    assert codes(split([("u", 0, 0.5, 0.0), ("u", 10, 1.5, 0.0)], "B.")) == ["B", None]


def test_a_way_through_a_corner_of_four_has_no_third_piece() -> None:
    pieces = split([("u", 0, 0.5, 0.5), ("u", 10, 1.5, 1.5)], "CD\nAB")
    assert codes(pieces) == ["A", "D"]
    assert pieces["seconds"].tolist() == [5.0, 5.0]


def test_touching_a_grid_at_a_corner_is_no_visit() -> None:
    # past the corner of A on the outside, at a slope
    assert codes(split([("u", 0, 0.5, 1.5), ("u", 10, 1.5, 0.5)], "..\nA.")) == [None]
    # and where the way ends at a border that a lower code has
    assert codes(split([("u", 0, 1.5, 0.5), ("u", 10, 1.0, 0.5)], "AB")) == ["B"]


def test_standing_still_counts_time_and_no_metres() -> None:
    pieces = split([("u", 0, 1.0, 0.5), ("u", 30, 1.0, 0.5), ("u", 60, 1.0, 0.5)], "BA")
    assert codes(pieces) == ["A", "A"]
    assert pieces["seconds"].tolist() == [30.0, 30.0]
    assert pieces["length_m"].tolist() == [0.0, 0.0]
    assert track_visits(pieces)["seconds"].tolist() == [60.0]


def test_gaps_are_not_split() -> None:
    rows = [("u", 0, 0.5, 0.5), ("u", 100, 0.6, 0.5), ("u", 401, 1.5, 0.5), ("u", 402, 1.6, 0.5), ("u", 403, 2.6, 0.5)]
    pieces = split(rows, max_gap_s=300.0, max_speed_m_s=50.0)
    assert pieces["segment"].tolist() == [0, 2]
    summary = pieces.attrs["summary"]
    assert (summary.segments, summary.gaps, summary.gap_seconds, summary.seconds) == (2, 2, 302.0, 101.0)
    # a silence of exactly the limit is no gap
    assert split([("u", 0, 0.5, 0.5), ("u", 300, 1.5, 0.5)], max_gap_s=300.0).attrs["summary"].gaps == 0
    # after a gap it is another visit, though the grid is the same
    assert len(track_visits(split([("u", s, 0.5, 0.5) for s in (0, 100, 900, 1000)]))) == 2


def test_places_that_cannot_be_measured_are_gaps() -> None:
    pieces = split([("u", 0, 0.5, 0.5), ("u", 10, -200_000.0, 0.5), ("u", 20, 0.5, 0.5)], max_gap_s=1e9)
    assert pieces.attrs["summary"].gaps + pieces.attrs["summary"].segments == 2
    assert np.isfinite(pieces["length_m"]).all()


def test_units_do_not_mix_and_order_does_not_matter() -> None:
    rows = [("u", 0, 0.5, 0.5), ("v", 1, 2.5, 0.5), ("u", 10, 1.5, 0.5), ("v", 11, 2.6, 0.5), ("u", 20, 1.7, 0.5)]
    straight = split(rows)
    assert straight["unit_id"].tolist() == ["u", "u", "u", "v"]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(rows))
        pd.testing.assert_frame_equal(straight, split([rows[i] for i in order]))


def test_repeated_fixes_count_once() -> None:
    rows = [("u", 0, 0.5, 0.5), ("u", 0, 0.5, 0.5), ("u", 10, 1.5, 0.5)]
    pieces = split(rows)
    assert pieces.attrs["summary"].duplicates == 1
    assert pieces["seconds"].sum() == 10.0


def test_nothing_in_nothing_out() -> None:
    for rows in ([("u", 0.0, 0.5, 0.5)], [("u", 0.0, 0.5, 0.5), ("v", 1.0, 0.6, 0.5)]):
        pieces = split(rows)
        assert len(pieces) == 0
        assert len(track_visits(pieces)) == len(track_totals(pieces)) == 0
    empty = split_tracks(fixes([("u", 0, 0, 0)]).iloc[:0], Locator.from_frame(tiling("A")))
    assert len(empty) == 0
    assert list(empty.columns) == list(pieces.columns)


def test_totals_of_grids_sum_to_the_whole() -> None:
    rows = [("u", 0, 0.5, 0.5), ("u", 40, 2.5, 0.5), ("u", 80, 0.5, 0.5), ("v", 0, 1.5, 0.5), ("v", 60, 1.5, 2.5)]
    pieces = split(rows)
    totals = track_totals(pieces)
    assert codes(totals) == ["A", "B", "C", None]
    assert totals["visits"].tolist() == [2, 3, 1, 1]
    assert totals["units"].tolist() == [1, 2, 1, 1]
    assert totals["hours"].sum() == pytest.approx(140 / 3600, abs=1e-12)
    assert totals["km"].sum() == pytest.approx(pieces.attrs["summary"].length_m / 1000, rel=1e-12)


def test_bad_input_is_refused() -> None:
    good = fixes([("u", 0, 0.5, 0.5), ("u", 10, 1.5, 0.5)])
    grids = Locator.from_frame(tiling("AB"))
    with pytest.raises(ColumnError, match="unit_id"):
        split_tracks(good.drop(columns="unit_id"), grids)
    with pytest.raises(ColumnError) as found:
        split_tracks(good.assign(unit_id=["u", None]), grids)
    assert found.value.code == "column_has_gaps"
    with pytest.raises(ColumnError) as found:
        split_tracks(good.assign(fixed_at=good["fixed_at"].dt.tz_localize(None)), grids)
    assert found.value.code == "time_not_aware"
    with pytest.raises(GeometryError):
        split_tracks(good.set_geometry(shapely.buffer(good.geometry.array, 1e-4)), grids)
    for limit in ({"max_gap_s": 0.0}, {"max_speed_m_s": float("nan")}, {"max_gap_s": -1.0}):
        with pytest.raises(InvalidInput) as refused:
            split_tracks(good, grids, **limit)
        assert refused.value.code == "not_positive"


def test_fixes_in_another_crs_are_the_same_fixes() -> None:
    rows = [("u", 0, 0.5, 0.5), ("u", 40, 2.5, 0.5)]
    grids = Locator.from_frame(tiling("ABC"))
    projected = fixes(rows).to_crs(32651)
    expected = split_tracks(fixes(rows), grids)
    found = split_tracks(projected, grids)
    assert codes(found) == codes(expected)
    assert np.allclose(found["length_m"], expected["length_m"], atol=1e-3)


def test_grids_in_metres_do_as_well() -> None:
    rows = [("u", 0, 0.5, 0.5), ("u", 40, 2.5, 0.5), ("u", 80, 1.5, 1.6)]
    plan = tiling("ABC\nDEF")
    degrees = split_tracks(fixes(rows), Locator.from_frame(plan))
    metres = split_tracks(fixes(rows), Locator.from_frame(plan.to_crs(4549), metric=True))
    assert codes(metres) == codes(degrees)
    assert len(metres) == 6
    for column in ("seconds", "length_m"):
        assert np.allclose(metres[column], degrees[column], atol=1e-2)


# Random plans and random ways, against an exact judge and against GEOS overlays.


def ways(frame: gpd.GeoDataFrame, seed: int, n: int = 30) -> np.ndarray:
    """Segments of all sorts, shape (n, 2, 2): across the map, short, along edges, from corner to corner, still."""
    rng = np.random.default_rng(seed)
    edges = np.unique(np.vstack([edges_of(s) for s in frame.geometry]), axis=0).reshape(-1, 2, 2)
    corners = edges.reshape(-1, 2)
    x0, y0, x1, y1 = frame.total_bounds
    low, size = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
    across = low + (rng.random((n, 2, 2)) * 1.4 - 0.2) * size
    short = across[:, :1] + rng.normal(0, 0.03, (n, 2, 2)) * size
    some = edges[rng.integers(len(edges), size=n)]
    corner = corners[rng.integers(len(corners), size=(n, 2))]
    half = np.stack([corner[:, 0], across[:, 1]], axis=1)
    still = np.repeat(corner[:, :1], 2, axis=1)
    return np.concatenate([across, short, some, some[:, ::-1], corner, half, still])


@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_every_piece_has_the_owner_of_its_places(recipe: Recipe, seed: int) -> None:
    frame = build(recipe)
    locator = Locator.from_frame(frame)
    segments = ways(frame, seed)
    metres = np.hypot(*(segments[:, 1] - segments[:, 0]).T) * 1e5
    pieces = Borders(locator).split(segments[:, 0], segments[:, 1], metres)

    # they make up the whole
    first = np.r_[True, pieces.segment[1:] != pieces.segment[:-1]]
    assert pieces.segment[first].tolist() == list(range(len(segments)))
    assert (pieces.start[first] == 0.0).all()
    assert (pieces.end[np.r_[first[1:], True]] == 1.0).all()
    assert (pieces.start[~first] == pieces.end[np.flatnonzero(~first) - 1]).all()
    assert (pieces.end > pieces.start).all()
    assert (pieces.owner[~first] != pieces.owner[np.flatnonzero(~first) - 1]).all()

    # a place inside a piece has its owner, but for those that rounding may push over a border
    share = pieces.start + (pieces.end - pieces.start) * np.random.default_rng(seed).uniform(0.02, 0.98, len(first))
    p, q = segments[pieces.segment, 0], segments[pieces.segment, 1]
    place = p + share[:, None] * (q - p)
    lines = shapely.boundary(np.asarray(frame.geometry.array))
    clear = shapely.distance(shapely.points(place), shapely.union_all(lines)) > 1e-11
    truth = judge(frame, place[clear, 0], place[clear, 1])
    table = np.array([*locator.codes, None], dtype=object)
    assert table[pieces.owner[clear]].tolist() == truth.owner


@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_an_edge_walked_along_belongs_to_the_lowest_grid_that_has_it(recipe: Recipe, seed: int) -> None:
    frame = build(recipe)
    locator = Locator.from_frame(frame)
    edges = {c: edges_of(s) for c, s in zip(frame["code"], frame.geometry, strict=True)}
    lowest: dict[tuple[float, ...], str] = {}
    for code, rows in sorted(edges.items()):
        for x0, y0, x1, y1 in rows.tolist():
            lowest.setdefault(min((x0, y0, x1, y1), (x1, y1, x0, y0)), code)
    keys = np.array(list(lowest))
    turned = np.random.default_rng(seed).random(len(keys)) < 0.5
    keys[turned] = keys[turned][:, [2, 3, 0, 1]]
    metres = np.hypot(keys[:, 2] - keys[:, 0], keys[:, 3] - keys[:, 1]) * 1e5
    pieces = Borders(locator).split(keys[:, :2], keys[:, 2:], metres)
    assert [locator.codes[o] for o in pieces.owner] == list(lowest.values())


@given(recipe=recipes(steps=(1e-7,)), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_lengths_are_those_of_an_overlay(recipe: Recipe, seed: int) -> None:
    frame = build(recipe)
    locator = Locator.from_frame(frame)
    x0, y0, x1, y1 = frame.total_bounds
    rng = np.random.default_rng(seed)
    p, q = np.array([x0, y0]) + (rng.random((2, 40, 2)) * 1.4 - 0.2) * np.array([x1 - x0, y1 - y0])
    length = np.hypot(*(q - p).T)
    pieces = Borders(locator).split(p, q, length * 1e5)
    found = np.zeros((len(locator), len(p)))
    owned = pieces.owner >= 0
    shares = (pieces.end - pieces.start)[owned]
    np.add.at(found, (pieces.owner[owned], pieces.segment[owned]), shares * length[pieces.segment[owned]])
    lines = shapely.linestrings(np.stack([p, q], axis=1))
    shapes = frame.set_index("code").geometry[list(locator.codes)].to_numpy()
    expected = shapely.length(shapely.intersection(shapes[:, None], lines))
    assert np.abs(found - expected).max() < 1e-10


def test_the_answer_depends_on_the_shapes_alone() -> None:
    frame = build(Recipe("voronoi", 5, 5, 9, 0.1, 1e-7, 3))
    segments = ways(frame, 5)
    metres = np.hypot(*(segments[:, 1] - segments[:, 0]).T) * 1e5
    plain = Borders(Locator.from_frame(frame)).split(segments[:, 0], segments[:, 1], metres)
    for other in (shuffle_rows(frame, 1), rotate_rings(frame, 2)):
        again = Borders(Locator.from_frame(other)).split(segments[:, 0], segments[:, 1], metres)
        for name in plain.__slots__:
            assert np.array_equal(getattr(plain, name), getattr(again, name)), name


def test_chunks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = build(Recipe("bent", 5, 5, 9, 0.1, 1e-7, 3))
    segments = ways(frame, 5)
    metres = np.hypot(*(segments[:, 1] - segments[:, 0]).T) * 1e5
    borders = Borders(Locator.from_frame(frame))
    plain = borders.split(segments[:, 0], segments[:, 1], metres)
    monkeypatch.setattr("gridmap.analysis.segments._CHUNK", 7)
    for threads in (1, 3):
        again = borders.split(segments[:, 0], segments[:, 1], metres, threads=threads)
        for name in plain.__slots__:
            assert np.array_equal(getattr(plain, name), getattr(again, name)), name


@pytest.mark.real_data
def test_buses_of_liverpool_sum_to_their_whole_way(shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "liverpool_bus_gps.csv")
    trip = rows["vehicle_id"].astype(str) + "/" + rows["trip_id"].astype(str)
    buses = gpd.GeoDataFrame(
        {"unit_id": trip, "fixed_at": pd.to_datetime(rows["timestamp"]).dt.tz_localize("UTC")},
        geometry=gpd.points_from_xy(rows["longitude"], rows["latitude"]),
        crs="EPSG:4326",
    )
    x0, y0, x1, _y1 = buses.total_bounds
    side = 0.003
    corners = [(x0 + i * side, y0 + j * side) for i in range(int((x1 - x0) / side)) for j in range(40)]
    squares = [shapely.box(x, y, x + side, y + side) for x, y in corners]
    grids = gpd.GeoDataFrame({"code": [f"{i:04}" for i in range(len(squares))]}, geometry=squares, crs="EPSG:4326")
    locator = Locator.from_frame(grids)
    pieces = split_tracks(buses, locator)
    whole = pieces.attrs["summary"]
    assert (whole.fixes, whole.units, whole.gaps, whole.segments) == (1533, 16, 0, 1517)
    assert pieces["seconds"].sum() == pytest.approx(34_259.0, abs=1e-6)
    lines = frame_to_wgs84(buses).to_crs(locator.epsg).sort_values(["unit_id", "fixed_at"])
    way = sum(shapely.LineString(list(p)).length for _, p in lines.groupby("unit_id")["geometry"])
    assert pieces["length_m"].sum() == pytest.approx(way, rel=1e-12)
    assert whole.length_m == pytest.approx(way, rel=1e-12)
    per_segment = pieces.groupby(["unit_id", "segment"])["seconds"].sum()
    assert (per_segment * 1e6).round().astype("int64").mod(1_000_000).eq(0).all()
    assert pieces["grid_code"].nunique() > 50
