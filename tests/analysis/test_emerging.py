"""Emerging hotspots: the classes by hand and beside a published implementation, trends, and maps of chance."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from analysis.test_hotspots import board, paired
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.emerging import Emerging, Pattern, emerging_hotspots, pattern_of, say_changes, say_emerging
from gridmap.analysis.hotspots import Judged, getis_ord
from gridmap.analysis.neighbours import neighbours_in_time
from gridmap.analysis.trend import mann_kendall
from gridmap.errors import InvalidInput

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "emerging_peers.json").read_text())


def seen(sequence: str, slope: float = 0.0) -> tuple[str, str]:
    """Pattern and side of a place that was hot (h), cold (c) or neither, the oldest period first."""
    return pattern_of(np.array([c == "h" for c in sequence]), np.array([c == "c" for c in sequence]), slope)


@pytest.mark.parametrize(
    ("sequence", "slope", "wanted"),
    [
        (".........h", 0, "new"), ("c........h", 0, "new"),
        ("........hh", 0, "consecutive"), (".hhhhhhhh", 0, "consecutive"), ("cc......hh", 0, "consecutive"),
        (".hhhhhhhhh", 1, "intensifying"), ("hhhhchhhhh", 1, "intensifying"),
        ("hhhhhhhhhh", 0, "persistent"), (".hhhhhhhhh", 0, "persistent"),
        ("hhhhhhhhhh", -1, "diminishing"),
        ("h........h", 0, "sporadic"), ("hhhhhhhh.h.h", 0, "sporadic"), ("h.......hh", 1, "sporadic"),
        ("h..c....hh", 0, "oscillating"), ("hhhhh.c.hh", -1, "oscillating"),
        ("hhhhhhhhh.", 0, "historical"),
        ("hhhhhhhh..", 0, "none"), ("..........", 1, "none"), ("........h.", 0, "none"),
    ],
)  # fmt: skip
def test_classes_by_hand(sequence: str, slope: float, wanted: str) -> None:
    """Worked from the published definitions; cold mirrors hot, with falling z for rising."""
    assert seen(sequence, slope) == (wanted, "" if wanted == "none" else "hot")
    mirrored = sequence.translate(str.maketrans("hc", "ch"))
    assert seen("h" * 18 + ".c") == ("new", "cold")
    assert seen(mirrored, -slope) == (wanted, "" if wanted == "none" else "cold")


def test_classes_are_those_of_a_published_implementation_where_it_keeps_to_the_definitions() -> None:
    same, apart = 0, set()
    for sequence, names in GOLDEN["classes"].items():
        for slope, name in zip((1, 0, -1), names, strict=True):
            pattern, side = seen(sequence, slope)
            theirs = "none" if name.startswith("no ") else name.replace("oscilating", "oscillating")
            if theirs == (pattern if pattern == "none" else f"{pattern} {side}spot"):
                same += 1
            elif pattern == "none" and sequence[-1] == "." and theirs.startswith("sporadic"):
                apart.add("theirs asks of sporadic places no hot last period, the definition does")
            elif pattern == "historical" and theirs.startswith("persistent"):
                apart.add("theirs calls places persistent that are hot no longer")
            elif theirs == "intensifying hotspot" and side == "cold":
                apart.add("theirs counts cold periods as hot ones for intensifying")
            else:
                # their runs and firsts ask for no period of the other side either; the definition: never hot before
                assert {"h", "c"} <= set(sequence), (sequence, slope, theirs, pattern, side)
                assert pattern in ("new", "consecutive", "oscillating")
    assert same > 400
    assert len(apart) == 3


@pytest.mark.parametrize("series", GOLDEN["mann_kendall"], ids=lambda s: f"n{len(s['x'])}")
def test_trends_are_those_of_pymannkendall(series: dict[str, Any]) -> None:
    found = mann_kendall(series["x"])
    assert [float(v[0]) for v in found] == pytest.approx([series["s"], series["z"], series["p"]], abs=1e-12)


@given(st.lists(st.one_of(st.integers(0, 4), st.none()), min_size=3, max_size=14))
def test_a_series_with_unknown_figures_is_that_without_them(values: list[int | None]) -> None:
    whole = mann_kendall([np.nan if v is None else float(v) for v in values])
    short = [float(v) for v in values if v is not None]
    if len(short) < 5:
        assert np.isnan(whole.p[0])
        return
    assert np.allclose(np.array(whole), np.array(mann_kendall(short)))
    turned = mann_kendall(short[::-1])
    assert turned.s[0] == -whole.s[0]
    assert turned.p[0] == pytest.approx(whole.p[0])


@pytest.mark.parametrize("overlap", [1, 3])
def test_overlapping_windows_are_no_trend(overlap: int) -> None:
    """Sums over moving windows resemble their neighbours: the plain test is fooled, the corrected one is not."""
    noise = np.random.default_rng(1).normal(size=(8_000, 24 + overlap))
    sums = sum(noise[:, k : k + 24] for k in range(overlap + 1))
    plain = (mann_kendall(sums).p <= 0.05).mean()
    corrected = (mann_kendall(sums, overlap=overlap).p <= 0.05).mean()
    assert plain > 0.09
    assert 0.03 < corrected <= 0.06
    rising = mann_kendall(sums + 0.5 * np.arange(24), overlap=overlap)
    assert rising.rises(0.05).mean() > 0.95
    assert not rising.falls(0.05).any()


def test_neighbours_in_time_are_those_beside_now_and_before_and_oneself_before() -> None:
    beside = paired([(0, 1), (1, 2)], 4)
    found = neighbours_in_time(beside, 3, 1)
    assert found.of(0).tolist() == [1]
    assert found.of(4 + 1).tolist() == [0, 1, 2, 4, 6]
    assert found.of(8 + 2).tolist() == [5, 6, 9]
    # an island is alone at any time
    assert [found.of(4 * t + 3).size for t in range(3)] == [0, 0, 0]
    assert neighbours_in_time(beside, 1, 3).near.tolist() == beside.near.tolist()


def city(steps: int = 12, side: int = 12, seed: int = 1) -> tuple[np.ndarray, Emerging]:
    """A hotspot that grows, one that was, one that is new, and chance elsewhere."""
    draw = np.random.default_rng(seed)
    row, column = (a.ravel() for a in np.mgrid[:side, :side])
    mean = np.full((side * side, steps), 4.0)
    mean[(row < 3) & (column < 3)] = np.linspace(20, 60, steps)
    mean[(row < 3) & (column > 8), :-1] = 30
    mean[(row > 8) & (column > 8), -1:] = 40
    counts = draw.poisson(mean).astype(float)
    return counts, emerging_hotspots(counts, board(side), draws=199, most_draws=19_999)


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, Emerging]:
    return city()


def test_planted_changes_are_found_where_they_are(planted: tuple[np.ndarray, Emerging]) -> None:
    table = planted[1].places
    at = {name: table.iloc[i] for name, i in {"grows": 13, "was": 22, "new": 130}.items()}
    assert (at["grows"]["pattern"], at["grows"]["side"]) == ("intensifying", "hot")
    assert (at["new"]["pattern"], at["new"]["side"]) == ("new", "hot")
    # the window of two periods still holds the one in which it was hot: neither hot throughout nor gone
    assert at["was"]["hot"] >= 10
    assert table["pattern"].isin(["none"]).sum() > 80
    said = say_emerging(planted[1])
    assert said[13].text("en").startswith(f"Intensifying: hot in {at['grows']['hot']} of 12 periods")
    assert said[130].text("zh").startswith("新增热点")
    assert all(one.text("zh") and one.text("en") for one in [*said, *say_changes(planted[1])])


def test_periods_are_judged_as_gi_star_over_all_of_them(planted: tuple[np.ndarray, Emerging]) -> None:
    counts, found = planted
    n, steps = counts.shape
    x = counts.T.ravel()
    beside = board()
    # written out for one place and period: those beside now, and all of them a period before
    for i, t in ((13, 5), (0, 1), (77, 11)):
        near = [*beside.of(i).tolist(), i]
        around = counts[near, t].sum() + counts[near, t - 1].sum()
        w = 2 * len(near)
        z = (around - w * x.mean()) / (x.std() * np.sqrt((n * steps * w - w * w) / (n * steps - 1)))
        assert found.z[i, t] == pytest.approx(z)
    flat = emerging_hotspots(counts, beside, back=0, draws=0)
    alone = getis_ord(x, neighbours_in_time(beside, steps, 0), side="both", draws=0)
    assert (flat.judged == alone["judged"].to_numpy().reshape(steps, n).T).all()


def test_a_gap_in_the_records_is_no_quiet_time(planted: tuple[np.ndarray, Emerging]) -> None:
    counts = planted[0].copy()
    counts[:, [4, 11]] = 0
    there = ~np.isin(np.arange(12), [4, 11])
    blind = emerging_hotspots(counts, board(), draws=0)
    told = emerging_hotspots(counts, board(), draws=0, recorded=there)
    assert blind.places["pattern"][13] != told.places["pattern"][13]
    assert told.places["pattern"][13] in ("intensifying", "persistent")
    assert told.places["periods"][13] == 10
    assert set(told.judged[:, 4]) == {Judged.NOT_JUDGED.value}
    summary = told.places.attrs["summary"]
    assert (summary["gaps"], summary["last_step"]) == (2, 10)
    keys = [one.key for one in say_changes(told)]
    assert "class_gaps" in keys
    assert "class_old" in keys
    assert "class_old" not in [one.key for one in say_changes(blind)]


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (np.ones((144, 9)), "too_few_steps"), (np.ones((144, 0)), "too_few_steps"), (np.zeros((144, 12)), "all_equal"),
        (np.full((144, 12), np.nan), "too_few"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_said_of_changes(counts: np.ndarray, reason: str) -> None:
    found = emerging_hotspots(counts, board())
    assert found.places.attrs["summary"]["reason"] == reason
    assert set(found.places["pattern"]) == {Pattern.NOT_JUDGED.value}
    assert [one.key for one in say_changes(found)] == [f"silent_{reason}"]
    assert {one.key for one in say_emerging(found)} == {f"silent_{reason}"}


def test_an_island_and_one_incident_make_no_pattern() -> None:
    counts = np.zeros((10, 12))
    counts[9] = 50
    counts[0, 3] = 1
    found = emerging_hotspots(counts, paired([(i, i + 1) for i in range(8)], 10), draws=99, most_draws=999)
    assert found.places["pattern"][9] == Pattern.NOT_JUDGED.value
    assert say_emerging(found)[9].key == "class_not_judged"
    assert not found.places["side"].eq("hot").any()


def test_what_cannot_be_asked_of_changes() -> None:
    for given_, code in (
        ({"counts": np.zeros(144)}, "lengths_differ"), ({"recorded": [True]}, "lengths_differ"),
        ({"back": -1}, "setting_negative"), ({"rate": 2.0}, "not_a_share"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as raised:
            emerging_hotspots(**{"counts": np.ones((144, 12)), "beside": board(), **given_})  # type: ignore[arg-type]
        assert raised.value.code == code


def false_share(maps: int, first: int = 0) -> float:
    """Share of maps of chance on which any place has any pattern."""
    beside, draw, false = board(8), np.random.default_rng(first), 0
    for seed in range(maps):
        counts = draw.negative_binomial(2, 0.4, (64, 12)).astype(float)
        found = emerging_hotspots(counts, beside, draws=199, most_draws=19_999, seed=seed + first)
        false += bool((found.places["side"] != "").any())
    return false / maps


def test_where_nothing_changes_no_more_patterns_are_found_than_promised() -> None:
    assert false_share(15) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 15)


@pytest.mark.slow
def test_where_nothing_changes_long() -> None:
    assert false_share(1_000, 7) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)
