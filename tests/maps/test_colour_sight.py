"""Palettes as those see them who do not see red, green or blue, and as a grey printer prints them."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_sight import SIGHTS, apart, lab, linear, nearest, seen

from gridmap.analysis.emerging import Pattern
from gridmap.analysis.hotspots import Judged
from gridmap.maps import blind_pages, pages, patrol_pages, service_pages
from gridmap.maps.colours import GROUND, JUDGED, PATTERNS, SEQUENCE
from gridmap.maps.features import COLOURS
from gridmap.maps.hotspot_pages import JUDGED_LOOKS, MORAN_LOOKS

EYES = ("full", "protanopia", "deuteranopia", "tritanopia")


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, -1, 2), (50, 0, 0), 2.3669), ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373), ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ],
)  # fmt: skip
def test_the_measure_is_that_of_its_authors(one: Any, other: Any, wanted: float) -> None:
    """Pairs of the table of Sharma, Wu & Dalal (2005)."""
    assert apart(np.array(one), np.array(other)) == pytest.approx(wanted, abs=1e-4)


def test_the_eyes_are_those_that_were_meant() -> None:
    # white and grey stay what they are, and what each cannot tell apart comes together
    for sight in SIGHTS:
        assert SIGHTS[sight] @ np.ones(3) == pytest.approx(1, abs=1e-5)
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.01)
    # red and olive for deuteranopes; blue and teal for tritanopes
    for a, b, sight in (("#d03a20", "#8a6d1c", "deuteranopia"), ("#1a4f9c", "#7b1fa2", "deuteranopia")):
        assert apart(seen(a, sight), seen(b, sight)) < 0.5 * apart(seen(a, "full"), seen(b, "full"))


@pytest.mark.parametrize("sight", EYES)
@pytest.mark.parametrize(
    ("name", "colours", "least"),
    [
        ("sequence", SEQUENCE, 8.5), ("judged", tuple(JUDGED.values()), 10), ("patterns", tuple(PATTERNS.values()), 15),
        ("layers", COLOURS, 14),
    ],
    ids=["sequence", "judged", "patterns", "layers"],
)  # fmt: skip
def test_no_two_classes_look_alike(name: str, colours: tuple[str, ...], least: float, sight: str) -> None:
    distance, a, b = nearest(colours, sight)
    assert distance >= least, (name, a, b)


@pytest.mark.parametrize("sight", EYES)
def test_what_is_as_usual_is_no_hole_in_the_map(sight: str) -> None:
    css = (Path(pages.__file__).parent / "assets" / "map.css").read_text(encoding="utf-8")
    assert f"--gm-ground: {GROUND}" in css
    drawn = {word: seen(look["fill"], sight, GROUND, look["opacity"]) for word, look in JUDGED_LOOKS.items()}
    for word in ("usual", "not_judged", "peak"):
        assert apart(drawn[word], seen(GROUND, sight)) >= 4.5, word
    # the colour that it had before
    assert apart(seen("#f4f3ef", sight, GROUND, 0.92), seen(GROUND, sight)) < 1


@pytest.mark.parametrize(
    "looks",
    [
        pages._STATUS, service_pages._SERVICE, service_pages._STAFF, blind_pages._LOOKS, patrol_pages._RECENCY,
        JUDGED_LOOKS, MORAN_LOOKS,
    ],
    ids=["coverage", "services", "staff", "blind", "recency", "judged", "moran"],
)  # fmt: skip
@pytest.mark.parametrize("sight", [*EYES, "grey"])
def test_what_shares_a_pattern_differs_in_colour(looks: dict[str, dict[str, Any]], sight: str) -> None:
    for a, b in combinations(looks.values(), 2):
        if a.get("pattern") == b.get("pattern"):
            assert apart(seen(a["fill"], sight), seen(b["fill"], sight)) >= 10, (a, b)


def test_a_grey_printer_keeps_the_order_of_the_sequence() -> None:
    light = [seen(colour, "grey")[0] for colour in SEQUENCE]
    assert (np.diff(light) < -6).all()


def test_palettes_that_fail_would_be_found() -> None:
    """The colours that layers had before: violet and blue were one colour for deuteranopes."""
    before = ("#7b1fa2", "#00695c", "#b3261e", "#1a4f9c", "#7a5c00", "#3d3d3d")
    assert nearest(before, "deuteranopia")[0] < 3
    assert nearest(("#d7191c", "#fdae61", "#a6d96a", "#1a9641"), "protanopia")[0] < 10


def test_each_word_has_its_colour() -> None:
    assert set(JUDGED) == {word.value for word in Judged}
    assert set(PATTERNS) == {word.value for word in Pattern} - {"none", "not_judged"}
