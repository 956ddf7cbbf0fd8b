"""What is said of hotspots: the right sentence for each place, in both languages, with its figures."""

from pathlib import Path

import numpy as np
import pytest
from analysis.test_hotspots import board

from gridmap.analysis.hotspot_words import say_hotspots, say_places
from gridmap.analysis.hotspots import getis_ord
from gridmap.analysis.neighbours import neighbours_of_cells
from gridmap.analysis.saying import by_chance, rounded, texts
from gridmap.i18n import LANGUAGES, catalogue


def test_places_are_told_by_how_much_and_how_surely() -> None:
    values = np.random.default_rng(3).poisson(10, 400).astype(float)
    row, column = (a.ravel() for a in np.mgrid[:20, :20])
    values[(row < 4) & (column < 4)] = 0
    values[(row > 15) & (column > 15)] = 30
    values[210] = np.nan
    found = getis_ord(values, board(20), side="both")
    said = say_places(found)
    hot, cold = said[399], said[0]
    assert (
        hot.text("en") == f"{found['more'][399]:.0f} more than expected here and next to it, very unlikely by chance."
    )
    assert hot.text("zh") == f"连同周边比预期多 {found['more'][399]:.0f}，几乎不可能是偶然。"
    assert cold.text("en").startswith(f"{-found['more'][0]:.0f} fewer than expected")
    assert said[210].key == "place_unknown"
    # a sentence and the class it is of never part
    for word, one in zip(found["judged"], said, strict=True):
        assert (word == "hot") == (one.key == "place_hot")
        assert (word == "cold") == (one.key == "place_cold")
    whole = texts(say_hotspots(found))
    hots, colds = (found["judged"] == "hot").sum(), (found["judged"] == "cold").sum()
    assert whole[0] == f"399 grids were judged: {hots} are hot and {colds} cold (both were looked for)."
    assert "at most 5 %" in whole[1]
    assert whole[2].startswith("1 more could not be judged")


def test_a_lone_peak_an_island_and_silence_are_told_apart() -> None:
    values = np.zeros(145)
    values[50] = 1_000
    row, column = (a.ravel() for a in np.mgrid[:12, :12])
    # one square far away from all others
    beside = neighbours_of_cells(np.r_[row, 40], np.r_[column, 40])
    said = say_places(getis_ord(values, beside))
    assert said[50].key == "place_peak"
    assert said[144].key == "place_island"
    assert {one.key for one in say_places(getis_ord(np.ones(144), board()))} == {"silent_all_equal"}
    assert [one.key for one in say_hotspots(getis_ord(np.full(144, np.nan), board()))] == ["silent_too_few"]
    assert say_hotspots(getis_ord(values, beside, draws=0))[-1].key == "found_by_formula"


@pytest.mark.parametrize(("p", "word"), [(1e-4, "very_unlikely"), (1e-3, "unlikely"), (0.02, "hardly"), (0.05, "may")])
def test_words_for_chance(p: float, word: str) -> None:
    assert by_chance(p).key == f"chance_{word}"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(1234.5, "1,234"), (27.4, "27"), (2.04, "2"), (1.26, "1.3"), (0.0123, "0.012"), (-12.7, "-13")],
)
def test_figures_are_as_exact_as_they_can_be_read(value: float, wanted: str) -> None:
    assert rounded(value) == wanted


def test_every_sentence_is_used_and_every_figure_word_is_there() -> None:
    keys = {k.removeprefix("say.") for k in catalogue() if k.startswith("say.")}
    source = "".join(p.read_text() for folder in ("gridmap", "api") for p in Path(folder).rglob("*.py"))
    built = ("chance_", "silent_", "found_", "class_", "forecast_by_", "denominator_", "bandwidth_by_", "weekday_",
             "kind_")  # fmt: skip
    unused = [k for k in keys if f'"{k}"' not in source and not k.startswith(built)]
    assert not unused
    assert all(catalogue()[f"say.{k}"][language] for k in keys for language in LANGUAGES)
