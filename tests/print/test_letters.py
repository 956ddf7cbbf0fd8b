"""Type: what can be set, what cannot, and how lines break."""

import hashlib
import json
import random

import pytest

from gridmap.print import letters

FOLDER = letters.resources.files("gridmap.print") / "fonts"


def test_the_font_is_the_one_that_the_tree_says() -> None:
    told = json.loads((FOLDER / "font.json").read_text(encoding="utf-8"))
    assert hashlib.sha256((FOLDER / told["file"]).read_bytes()).hexdigest() == told["sha256"]
    assert "SIL Open Font License" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_the_font_has_every_character_of_gb2312() -> None:
    known = letters.font().face.charToGlyph
    held = []
    for point in range(0x20, 0x10000):
        try:
            chr(point).encode("gb2312")
        except UnicodeEncodeError:
            continue
        held.append(point)
    assert len(held) > 7_400
    lacking = [chr(p) for p in held if p not in known and p != 0x7F]
    assert lacking in ([], ["・"]), lacking


@pytest.mark.parametrize("name", ["王堃", "赵喆", "朱镕基", "陈赟", "𬍛", "龢", "㛃"])
def test_rare_characters_of_names_are_set(name: str) -> None:
    assert letters.clean(name) == (name, False)


@pytest.mark.parametrize(
    ("value", "shown", "missing"),
    [
        ("<font size=99>大</font>", "<font size=99>大</font>", False),
        ("A & B &amp; <br/>", "A & B &amp; <br/>", False),
        ("东海\u202e路", "东海路", False),
        ("a\u200b\u2060b\x00\x1b[31m", "ab[31m", False),
        ("一\r\n二\t三", "一 二 三", False),
        ("好\U0001f600", "好□", True),
        ("مرحبا", "□□□□□", True),
        ("é and e\u0301", "é and é", False),
        ("\ud800x", "x", False),
    ],
)
def test_what_cannot_be_set_is_taken_out_or_shown_as_a_box(value: str, shown: str, missing: bool) -> None:
    assert letters.clean(value) == (shown, missing)


def test_a_long_text_is_cut_before_it_is_measured() -> None:
    assert len(letters.clean("长" * 5_000)[0]) < 700


def test_lines_fit_and_nothing_is_lost() -> None:
    rng = random.Random(4)
    words = ["网格", "管理", "（一）", "Longestwordthatcannotbreak" * 2, "a", "，", "第12网格", "3"]
    for _ in range(200):
        text = " ".join(rng.choice(words) for _ in range(rng.randint(1, 12)))
        width, size = rng.uniform(15, 90), rng.uniform(5, 14)
        found = letters.lines(text, size, width, 1_000)
        assert "".join(found).replace(" ", "") == text.replace(" ", "")
        assert all(letters.width_mm(line, size) <= width + 1e-6 for line in found)
        few = letters.lines(text, size, width, 2)
        assert len(few) <= 2
        assert len(found) <= 2 or few[-1].endswith("…")


def test_a_line_does_not_begin_with_a_closing_mark() -> None:
    for line in letters.lines("网格长，网格员。" * 20, 9, 31, 100):
        assert line[0] not in "，。"


def test_a_line_shrinks_and_then_ends_with_an_ellipsis() -> None:
    value, size = letters.fitted("锦绣街道办事处", 12, 20, least=6)
    assert value == "锦绣街道办事处"
    assert 6 <= size < 12
    assert letters.width_mm(value, size) <= 20 + 1e-6
    value, size = letters.fitted("锦绣街道办事处" * 9, 12, 20, least=6)
    assert (value[-1], size) == ("…", 6)
