"""Maps of what was judged, as data: hatched where nobody looked, marks for grey print, cards, and bad input."""

import json
import re
from datetime import timedelta
from itertools import combinations

import city
import folium
import numpy as np
import pandas as pd
import pytest
import shapely
from colour_sight import apart, seen

from gridmap import (
    choose_bandwidth,
    density,
    density_by,
    emerging_hotspots,
    equal_periods,
    getis_ord,
    local_moran,
    lone_peaks,
    neighbours_of,
    other_scales,
    public_cells,
    rate_hotspots,
    say_emerging,
    say_places,
    wider_reach,
    with_peaks,
)
from gridmap.analysis.frames import PATROLLED
from gridmap.analysis.moran import moran
from gridmap.analysis.neighbours import Neighbours
from gridmap.errors import InvalidInput
from gridmap.i18n import LANGUAGES, text
from gridmap.maps import change_pages, hotspot_pages, pages, public_pages
from gridmap.maps.change_pages import Side
from gridmap.maps.colours import JUDGED, MARKS

WINDOW = (city.NEWEST - timedelta(days=30), city.NEWEST + timedelta(seconds=1))
BEFORE = (WINDOW[0] - timedelta(days=30), WINDOW[0])


def data_of(drawn: folium.Map) -> dict:
    html = drawn.get_root().render()
    return json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])


def patrols(grids, unseen) -> pd.DataFrame:
    """Effort of grids of which some were never stayed in."""
    nobody = np.isin(np.arange(len(grids)), list(unseen))
    rows = pd.DataFrame({name: np.where(nobody, 0.0, 2.0) for name in PATROLLED.required})
    for name in ("per_hour", "per_hour_low", "per_hour_high"):
        rows[name] = np.where(nobody, np.nan, {"per_hour": 1.5, "per_hour_low": 0.4, "per_hour_high": 3.8}[name])
    return rows.assign(code=grids["code"].to_numpy(), sight=np.where(nobody, "not_seen", "seen_found"))


@pytest.fixture(scope="module")
def town() -> city.City:
    return city.build(12, 12)


@pytest.fixture(scope="module")
def beside(town: city.City) -> Neighbours:
    return neighbours_of(town.grids.geometry.array)


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """A heap in the middle, few in a corner."""
    values = np.random.default_rng(4).poisson(20.0, (12, 12)).astype(float)
    values[5:8, 5:8] += 20
    values[:5, :5] -= 15
    return values.clip(0).ravel()


@pytest.fixture(scope="module")
def found(counts, beside) -> pd.DataFrame:
    return getis_ord(counts, beside, side="both")


def words_of(data: dict) -> list[str]:
    return [[*hotspot_pages.JUDGED_LOOKS, "unknown"][n] for n in data["grids"]["fill"]]


def rows_of(data: dict) -> dict[str, list[str]]:
    return {row["head"]: row["said"] for row in data["about"]["rows"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_grid_says_what_was_judged_and_the_card_how(town, found, beside, language) -> None:
    reach = wider_reach(found, beside)
    data = data_of(
        hotspot_pages.judged_map(
            town.grids, found, window=WINDOW, wider=reach, language=language, upper=(town.streets,)
        )
    )
    assert words_of(data) == found["judged"].tolist()
    assert {"hot", "cold"} <= set(words_of(data))
    assert [data["why"][n] for n in data["grids"]["why"]] == [one.text(language) for one in say_places(found)]
    assert len(data["why"]) == len(set(data["why"])) < len(found)
    counts = [int(row["count"]) for row in data["legend"]["rows"][: len(hotspot_pages.JUDGED_LOOKS)]]
    assert counts == [words_of(data).count(word) for word in hotspot_pages.JUDGED_LOOKS]
    rows = rows_of(data)
    heads = [
        text(f"mapcard.{head}", language) for head in ("counted", "test", "scales", "looked", "records", "readers")
    ]
    assert [head for head in rows if head in heads] == heads
    assert f"{found['value'].sum():,.0f}" in rows[heads[0]][0]
    assert any("5" in said and "%" in said for said in rows[heads[1]])
    assert str(reach.stay) in rows[heads[2]][0]


def test_where_nobody_looked_is_hatched_and_never_cold(town, found) -> None:
    cold, hot = (int(np.flatnonzero(found["judged"] == word)[0]) for word in ("cold", "hot"))
    usual = int(np.flatnonzero(found["judged"] == "usual")[0])
    plain = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW, language="en"))
    assert words_of(plain)[cold] == "cold"  # the control
    some = patrols(town.grids, {cold, hot, usual})
    data = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW, patrolled=some, language="en"))
    words = words_of(data)
    assert (words[cold], words[hot], words[usual]) == ("unseen", "hot_unseen", "unseen")
    assert sum(a != b for a, b in zip(words, words_of(plain), strict=True)) == 3
    patterns = [style.get("pattern") for style in data["styles"]]
    assert patterns[:6] == ["up", "hatch", "up", "down", None, "thin"]
    for row in (cold, hot, usual):
        assert data["why"][data["grids"]["why"][row]].endswith(text("say.place_unseen", "en"))
    # the raw count has its rate by hour beside it, with what chance leaves open
    assert data["grids"]["rate"][cold] is None
    assert data["grids"]["rate"][cold + 1] == "1.50 (0.40 – 3.80)"
    assert {"value", "hours", "rate"} <= {fact["key"] for fact in data["facts"]}
    nobody = patrols(town.grids, range(len(town.grids)))
    unknown = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW, patrolled=nobody, language="en"))
    assert words_of(unknown) == words_of(plain)
    assert text("say.looked_no_patrols", "en") in rows_of(unknown)["Who looked"]


def test_what_stands_out_by_itself_is_seen_and_said(town, beside, counts) -> None:
    values = counts.copy()
    values[20] = 400
    gi_star = getis_ord(values, beside, side="both")
    assert words_of(data_of(hotspot_pages.judged_map(town.grids, gi_star, window=WINDOW)))[20] != "peak"
    found = with_peaks(gi_star, lone_peaks(values))
    data = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW, language="en"))
    assert words_of(data)[20] == "peak"
    assert data["why"][data["grids"]["why"][20]].startswith("400 here where about")
    assert "stand out by themselves" in data["legend"]["foot"]
    nobody_there = patrols(town.grids, {20})
    unseen = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW, patrolled=nobody_there, language="en"))
    assert words_of(unseen)[20] == "peak", "others reported it"


def test_unknown_grids_are_dotted_and_islands_not_judged(town, counts) -> None:
    values = counts.copy()
    values[3] = np.nan
    far = town.grids.copy()
    far.loc[7, "geometry"] = shapely.transform(far.geometry[7], lambda xy: xy + 1.0)
    found = getis_ord(values, neighbours_of(far.geometry.array), side="both")
    data = data_of(hotspot_pages.judged_map(far, found, window=WINDOW))
    assert words_of(data)[3] == "unknown"
    assert data["styles"][-1]["opacity"] == 0
    assert words_of(data)[7] == "not_judged"
    assert data["why"][data["grids"]["why"][7]] == text("say.place_island", "zh")


@pytest.mark.parametrize(
    "values",
    [np.zeros(144), np.eye(1, 144, 60).ravel(), 500 * np.eye(1, 144, 60).ravel(), np.full(144, np.nan)],
    ids=["none", "one", "all in one grid", "nothing known"],
)
def test_poor_input_still_makes_a_map_that_says_what_it_is_worth(town, beside, values) -> None:
    found = getis_ord(values, beside, side="both")
    assert not set(found["judged"]) & {"hot", "cold"}
    data = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW, wider=wider_reach(found, beside)))
    assert all(rows_of(data).values())
    assert ("notice" in data) == (not np.nansum(values))
    both = data_of(change_pages.compare_map(town.grids, Side(found, BEFORE), Side(found, WINDOW)))
    assert both["pane"]["grids"]["fill"] == both["grids"]["fill"]
    local = local_moran(values, beside)
    gathered = data_of(hotspot_pages.moran_map(town.grids, local, gathering=moran(values, beside), window=WINDOW))
    assert gathered["legend"]["foot"]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_density_of_few_incidents_or_one_point_says_so(town, count) -> None:
    same = town.incidents.iloc[[5] * count]
    width = choose_bandwidth(same, town.grids)
    cells = density(same, town.grids, bandwidth_m=width.bandwidth_m, edges=True, days=30)
    scales = other_scales(same, town.grids, bandwidth_m=width.bandwidth_m)
    drawn = pages.hotspot_map(
        town.grids, cells, incidents_shown=count, window=WINDOW, bandwidth=width, scales=scales, language="en"
    )
    said = rows_of(data_of(drawn))["Bandwidth, and why"][0]
    assert said == width.said[0].text("en")
    assert ("one point" in said) == (count == 40)


def test_a_bandwidth_of_the_whole_city_is_called_too_wide_and_none_is_refused(town) -> None:
    width = choose_bandwidth(town.incidents, town.grids, method="chosen", chosen_m=6_000)
    cells = density(town.incidents, town.grids, bandwidth_m=6_000, cell_m=400)
    drawn = pages.hotspot_map(town.grids, cells, incidents_shown=9, window=WINDOW, bandwidth=width, language="en")
    assert text("say.bandwidth_too_wide", "en") in rows_of(data_of(drawn))["Bandwidth, and why"]
    with pytest.raises(InvalidInput) as refused:
        density(town.incidents, town.grids, bandwidth_m=0)
    assert refused.value.code == "not_positive"


def test_density_is_hatched_where_nobody_looked_and_names_its_denominator(town) -> None:
    cells = density(town.incidents, town.grids, bandwidth_m=400, days=120)
    some = patrols(town.grids, {3, 4})
    data = data_of(
        pages.hotspot_map(town.grids, cells, incidents_shown=9, window=WINDOW, patrolled=some, language="en")
    )
    assert np.flatnonzero(data["grids"]["fill"]).tolist() == [3, 4]
    assert data["styles"][1]["pattern"] == "thin"
    assert data["styles"][1]["fill"] is None
    assert "30 days" in data["legend"]["title"]
    by = density_by(town.incidents, town.grids, town.grids["households"], "households", bandwidth_m=400)
    homes = data_of(pages.hotspot_map(town.grids, by, incidents_shown=9, window=WINDOW, language="en"))
    assert "per 1,000 households" in homes["legend"]["title"]
    assert max(v for v in homes["grids"]["peak"] if v is not None) == pytest.approx(1_000 * by["ratio"].max(), abs=0.1)
    assert f"{1_000 * by.attrs['summary']['overall']:,.3g} per 1,000 households" in homes["legend"]["foot"]
    assert homes["surface"]


def test_rates_are_told_with_events_and_base(town, beside) -> None:
    events, base = np.r_[np.full(143, 4.0), 90.0], town.grids["households"].to_numpy(float)
    base[0], events[0] = 0, 0
    found = rate_hotspots(events, base, beside)
    data = data_of(hotspot_pages.judged_map(town.grids, found, window=WINDOW))
    assert data["grids"]["events"] == events.astype(int).tolist()
    assert [fact["key"] for fact in data["facts"]][:3] == ["events", "base", "value"]
    assert words_of(data)[0] == "unknown"  # no base, no rate
    assert f"{events.sum():,.0f}" in rows_of(data)[text("mapcard.counted", "zh")][0]


@pytest.fixture(scope="module")
def grown(town, beside):
    rng = np.random.default_rng(2)
    periods = equal_periods(WINDOW[0], WINDOW[1])[-14:]
    counts = rng.poisson(3.0, (144, 14)).astype(float)
    for row in (5, 6, 7):
        counts[row * 12 + 5 : row * 12 + 8, :] += 9
        counts[row * 12 : row * 12 + 3, -1] += 14
    recorded = np.ones(14, dtype=bool)
    recorded[4] = False
    return periods, counts, recorded, emerging_hotspots(counts, beside, recorded=recorded)


@pytest.mark.parametrize("language", LANGUAGES)
def test_change_is_drawn_with_a_slider_through_its_periods(town, grown, language) -> None:
    periods, counts, recorded, found = grown
    data = data_of(
        change_pages.emerging_map(town.grids, found, counts, periods=periods, recorded=recorded, language=language)
    )
    looks = [*change_pages.CHANGE_LOOKS, *(f"period_{word}" for word in change_pages._PERIOD_LOOKS)]
    words = [[*looks, "unknown"][n] for n in data["grids"]["fill"]]
    assert words == [
        p if p in ("none", "not_judged") else f"{s}_{p}"
        for p, s in zip(found.places["pattern"], found.places["side"], strict=True)
    ]
    assert {"hot_new", "none"} < set(words)
    assert [data["why"][n] for n in data["grids"]["why"]] == [one.text(language) for one in say_emerging(found)]
    steps = data["steps"]["steps"]
    assert len(steps) == 14
    for k, step in enumerate(steps):
        if recorded[k]:
            shown = [looks[n].removeprefix("period_") for n in step["grids"]["fill"]]
            assert shown == found.judged[:, k].tolist()
            assert step["grids"]["value"] == counts[:, k].astype(int).tolist()
        else:
            assert set(step["grids"]["fill"]) == {len(looks)}
            assert step["foot"] == text("mapcard.step_no_records", language)
    assert len(data["steps"]["why"]) == len(looks) + 1
    assert data["grids"]["value"] == counts[:, recorded].sum(axis=1).astype(int).tolist()


def test_change_claims_nothing_cold_where_nobody_looked_and_nothing_at_all_of_few_periods(town, grown, beside) -> None:
    periods, counts, recorded, found = grown
    none = int(np.flatnonzero(found.places["pattern"] == "none")[0])
    data = data_of(
        change_pages.emerging_map(
            town.grids, found, counts, periods=periods, recorded=recorded, patrolled=patrols(town.grids, {none})
        )
    )
    assert [*change_pages.CHANGE_LOOKS][data["grids"]["fill"][none]] == "unseen"
    few = emerging_hotspots(counts[:, :4], beside)
    data = data_of(change_pages.emerging_map(town.grids, few, counts[:, :4], periods=periods[:4], language="en"))
    assert text("say.silent_too_few_steps", "en") in rows_of(data)["Test and correction"]
    with pytest.raises(InvalidInput):
        change_pages.emerging_map(town.grids, found, counts[:, 1:], periods=periods)
    with pytest.raises(InvalidInput):
        hotspot_pages.judged_map(town.grids.iloc[1:], getis_ord(counts[:, 0], beside), window=WINDOW)


def test_two_periods_share_their_grids_and_each_side_says_its_own(town, found, beside, counts) -> None:
    later = getis_ord(counts[::-1].copy(), beside, side="both")
    drawn = change_pages.compare_map(town.grids, Side(found, BEFORE), Side(later, WINDOW), language="en")
    html, data = drawn.get_root().render(), data_of(drawn)
    right = [[*hotspot_pages.JUDGED_LOOKS][n] for n in data["pane"]["grids"]["fill"]]
    assert right == later["judged"].tolist()
    assert words_of(data) == found["judged"].tolist()
    # shapes are sent once
    assert html.count('"geom"') == 1
    first = data["why"][data["grids"]["why"][0]]
    assert first == f"Left: {say_places(found)[0].text('en')} Right: {say_places(later)[0].text('en')}"
    hot = f"{found.attrs['summary']['hot']} | {later.attrs['summary']['hot']}"
    assert data["legend"]["rows"][0]["count"] == hot
    assert text("mapcard.compare_cannot", "en") in rows_of(data)["What it cannot say"]


def test_what_everybody_may_see_has_no_figure_by_grid_and_hatches_what_is_hidden(town) -> None:
    release = public_cells(town.incidents, town.grids, cell_m=800)
    drawn = public_pages.public_map(town.grids, release, window=WINDOW, language="en")
    data = data_of(drawn)
    cells = release.cells
    assert data["grids"]["code"] == cells["cell"].tolist()
    assert data["grids"]["value"] == [None if pd.isna(n) else n for n in cells["incidents"]]
    assert min(n for n in data["grids"]["value"] if n is not None) >= release.least
    hidden = [data["styles"][look].get("pattern") == "thin" for look in data["grids"]["fill"]]
    assert hidden == (~cells["shown"]).tolist()
    assert 0 < sum(hidden) < len(hidden)
    assert data["legend"]["rows"][-2]["count"] == str(sum(hidden))
    assert not {"peak", "incidents"} & set(data["grids"])
    assert rows_of(data)["What is hidden"]


@pytest.mark.parametrize("looks", [hotspot_pages.JUDGED_LOOKS, hotspot_pages.MORAN_LOOKS], ids=["judged", "moran"])
@pytest.mark.parametrize("sight", ["full", "protanopia", "deuteranopia", "tritanopia", "grey"])
def test_what_shares_a_mark_differs_in_colour(looks, sight) -> None:
    for a, b in combinations(looks.values(), 2):
        if a.get("pattern") == b.get("pattern"):
            assert apart(seen(a["fill"], sight), seen(b["fill"], sight)) >= 10, (a, b)


def test_hot_and_cold_are_one_grey_and_need_their_marks() -> None:
    assert apart(seen(JUDGED["hot"], "grey"), seen(JUDGED["cold"], "grey")) < 10
    assert MARKS == {"hot": "up", "cold": "down"}
    looks = hotspot_pages.JUDGED_LOOKS
    assert looks["hot"]["pattern"] != looks["cold"]["pattern"]
    for word in MARKS:
        assert apart(seen(looks[word]["ink"], "grey"), seen(looks[word]["fill"], "grey")) > 40
