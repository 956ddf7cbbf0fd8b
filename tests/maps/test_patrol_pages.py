"""The maps of effort and recency, and the slider of coverage, as data: figures, sentences, patterns, legends."""

import json
import re
from datetime import timedelta
from itertools import pairwise

import city
import folium
import pandas as pd
import pytest
from patrol_rounds import rounds

from gridmap import Locator, i18n
from gridmap.analysis.coverage import coverage_gaps
from gridmap.analysis.patrol_figures import patrol_figures, patrol_swath, patrol_ways
from gridmap.analysis.responsibility import join_points
from gridmap.analysis.windows import window_parts
from gridmap.maps import pages, patrol_pages
from gridmap.maps.steps import CoverageStep, step_label

WINDOW = (city.NEWEST - timedelta(days=7), city.NEWEST + timedelta(seconds=1))


def data_of(drawn: folium.Map) -> dict:
    html = drawn.get_root().render()
    return json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])


@pytest.fixture(scope="module")
def town() -> city.City:
    return city.build(6, 6)


@pytest.fixture(scope="module")
def found(town: city.City) -> pd.DataFrame:
    fixes = rounds(town)
    incidents = town.incidents[town.incidents["occurred_at"] >= WINDOW[0]]
    owned = join_points(incidents, _locator(town)).assign(channel="patrol")
    owned.loc[owned.index[::2], "channel"] = "hotline"
    ways = patrol_ways(town.grids, fixes)
    return patrol_figures(town.grids, ways, owned, at=WINDOW[1], swath=patrol_swath(town.grids, fixes))


def _locator(town: city.City) -> Locator:
    return Locator.from_frame(town.grids)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["effort", "recency"])
def test_every_grid_is_drawn_by_what_it_got_and_says_so(town, found, kind, language) -> None:
    draw = patrol_pages.effort_map if kind == "effort" else patrol_pages.recency_map
    looks = patrol_pages._EFFORT if kind == "effort" else patrol_pages._RECENCY
    data = data_of(draw(town.grids, found, window=WINDOW, upper=(town.streets, town.areas), language=language))
    assert data["kind"] == kind
    words = [[*looks, "unknown"][n] for n in data["grids"]["fill"]]
    summary = found.attrs["summary"]
    assert 0 < summary["not_seen"] < len(found)
    for row, word, sentence in zip(
        found.itertuples(), words, [data["why"][n] for n in data["grids"]["why"]], strict=True
    ):
        assert word.endswith("_found" if row.incidents else "_clear")
        assert word.startswith(("unseen", "passed")) == (row.sight == "not_seen")
        assert not word.startswith("passed") or row.passes > 0
        if kind == "effort" and row.visits:
            assert f"{row.hours:,.1f}" in sentence
            assert f"{100 * row.area_share:.0f}" in sentence
        if kind == "recency":
            assert f"{row.norm_days:g}" in sentence
            assert row.status == "never" or f"{row.days:.1f}" in sentence
        assert "{" not in sentence
    # three colours, counted apart, and each row of the legend with its number of grids
    foot = data["legend"]["foot"]
    assert all(str(summary[s]) in foot for s in ("seen_found", "seen_clear", "not_seen"))
    counts = [int(row["count"]) for row in data["legend"]["rows"][: len(looks)]]
    assert counts == [words.count(word) for word in looks]
    assert sum(counts) == len(found)


def test_recency_tells_late_from_long_overdue_and_fresh(town, found) -> None:
    data = data_of(patrol_pages.recency_map(town.grids, found, window=WINDOW, upper=(town.streets, town.areas)))
    words = [[*patrol_pages._RECENCY, "unknown"][n].split("_")[0] for n in data["grids"]["fill"]]
    wanted = [
        "unseen"
        if row.status == "never"
        else "fresh"
        if row.status == "fresh"
        else "late"
        if row.times <= 2
        else "long"
        for row in found.itertuples()
    ]
    assert words == wanted
    assert {"unseen", "fresh", "long"} <= set(words) or {"unseen", "fresh", "late"} <= set(words)


@pytest.mark.parametrize("looks", [patrol_pages._EFFORT, patrol_pages._RECENCY])
def test_the_three_colours_differ_by_pattern(looks) -> None:
    patterns = {word: look.get("pattern") for word, look in looks.items()}
    for word, pattern in patterns.items():
        if word.startswith(("unseen", "passed")):
            assert pattern in ("hatch", "thin")
        else:
            assert pattern == (None if word.endswith("_found") else "dots")


def test_without_fixes_the_map_says_that_nothing_is_known(town) -> None:
    none = rounds(town).iloc[:0]
    nothing = pd.DataFrame({"grid_code": [], "channel": []})
    found = patrol_figures(town.grids, patrol_ways(town.grids, none), nothing, at=WINDOW[1])
    for draw in (patrol_pages.effort_map, patrol_pages.recency_map):
        data = data_of(draw(town.grids, found, window=WINDOW))
        assert data["notice"] == i18n.text("map.nothing_fixes", "zh")
        assert set(data["grids"]["fill"]) == {1}


def test_the_slider_shows_each_day_as_its_own_map_would(town) -> None:
    parts = window_parts(*WINDOW, "Asia/Shanghai")
    assert len(parts) == 8
    locator = _locator(town)
    incidents, fixes = join_points(town.incidents, locator), join_points(town.fixes, locator)

    def of(start, end):
        mine = [f[(f[c] >= start) & (f[c] < end)] for f, c in ((incidents, "occurred_at"), (fixes, "fixed_at"))]
        return coverage_gaps(town.grids, *mine)

    steps = [CoverageStep(start, end, of(start, end)) for start, end in parts]
    data = data_of(pages.coverage_map(town.grids, of(*WINDOW), window=WINDOW, steps=steps))
    # the first day has but half a minute in the window, and is a day all the same
    assert [s["label"] for s in data["steps"]["steps"]][:2] == ["10-23 周五", "10-24 周六"]
    for step, (start, end), shown in zip(steps, parts, data["steps"]["steps"], strict=True):
        alone = data_of(pages.coverage_map(town.grids, step.coverage, window=(start, end)))
        for name in ("fill", "why", "incidents", "fixes", "units", "last"):
            assert shown["grids"][name] == alone["grids"][name]
        assert shown["note"] == alone["legend"]["note"]
    assert sum(sum(s["grids"]["fixes"]) for s in data["steps"]["steps"]) == sum(data["grids"]["fixes"])
    assert data_of(pages.coverage_map(town.grids, of(*WINDOW), window=WINDOW)).get("steps") is None


def test_parts_make_up_the_window_and_are_named_by_their_length() -> None:
    zone = "Europe/London"
    start = pd.Timestamp("2026-10-20T03:20:00Z").to_pydatetime()
    for days, kind in ((0.5, "10-20 05:00"), (8, "10-21 周三"), (60, "10-27 – 11-02"), (4000, "")):
        end = start + timedelta(days=days)
        parts = window_parts(start, end, zone)
        assert parts[0][0] == start
        assert parts[-1][1] == end
        assert all(a[1] == b[0] for a, b in pairwise(parts))
        assert len(parts) <= 48
        assert not kind or step_label(parts[1], zone, "zh", hours=days < 1) == kind
    assert window_parts(start, start + timedelta(days=40_000), zone) == []
