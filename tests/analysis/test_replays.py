"""Replays and shuffles leave exact counts: what was sent twice counts once, in whatever order it comes."""

import numpy as np
import pytest
from builders import CELL, tiling
from numpy.random import Generator
from pandas.testing import assert_frame_equal

from gridmap.analysis.cleaning import clean
from gridmap.analysis.effort import effort_by_hour, patrol_effort
from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import Fixes, split_fixes

EACH = 500
START = 1_777_600_000_000_000
FORMS = [10_000, pytest.param(1_000_000, marks=pytest.mark.slow)]


def sent(rng: Generator, count: int) -> tuple[Fixes, int]:
    """Rounds of so many fixes with one wrong place in 500, and how many are wrong."""
    units = count // EACH
    step = rng.normal(0, 0.00006, (2, units, EACH))
    x, y = (120.0 + CELL * 1.5 + np.cumsum(s, axis=1) for s in step)
    y = y - 120.0 + 36.0
    wrong = np.zeros((units, EACH), dtype=bool)
    wrong[:, 250] = True
    x[wrong] += 0.5
    at = START + np.arange(EACH, dtype=np.int64) * 10_000_000 + rng.integers(0, 3_000_000, (units, EACH))
    unit = np.repeat(np.arange(units, dtype=np.int64), EACH)
    names = np.array([f"u{n:05}" for n in range(units)], dtype=object)
    return Fixes(unit, names, at.ravel(), x.ravel(), y.ravel()), int(wrong.sum())


def taken(fixes: Fixes, rows: np.ndarray) -> Fixes:
    return Fixes(fixes.unit[rows], fixes.units, fixes.at[rows], fixes.x[rows], fixes.y[rows])


@pytest.mark.parametrize("count", FORMS)
def test_replays_and_shuffles_leave_exact_counts(count: int) -> None:
    rng = np.random.default_rng(count)
    fixes, wrong = sent(rng, count)
    locator = Locator.from_frame(tiling("AAB\nACB\nCCB", cell=CELL, origin=(120.0, 36.0)))
    borders = Borders(locator)
    replays = rng.integers(0, count, count // 3)
    rows = rng.permutation(np.concatenate([np.arange(count), replays]))
    plain, mixed = clean(fixes), clean(taken(fixes, rows))
    assert plain.summary.verdicts["impossible_speed"] == wrong
    assert plain.summary.verdicts["doubled"] == 0
    assert mixed.summary.verdicts == {**plain.summary.verdicts, "doubled": len(replays)}
    assert (mixed.summary.stops, mixed.summary.gaps) == (plain.summary.stops, plain.summary.gaps)
    pieces = [split_fixes(cleaned.used, borders) for cleaned in (plain, mixed)]
    assert pieces[0].attrs["summary"] == pieces[1].attrs["summary"]
    assert_frame_equal(*(patrol_effort(p) for p in pieces))
    assert_frame_equal(*(effort_by_hour(p, "Asia/Shanghai") for p in pieces))
    # a control: one more fix that was not sent before is no replay
    other = Fixes(fixes.unit[:1], fixes.units, fixes.at[:1] + 5_000_000, fixes.x[:1], fixes.y[:1])
    more = Fixes(*(_joined(fixes, other, name) for name in ("unit", "units", "at", "x", "y")))
    assert clean(more).summary.verdicts["doubled"] == 0
    assert sum(clean(more).summary.verdicts.values()) == count + 1


def _joined(a: Fixes, b: Fixes, name: str) -> np.ndarray:
    return a.units if name == "units" else np.concatenate([getattr(a, name), getattr(b, name)])
