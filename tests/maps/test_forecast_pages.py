"""The map of the next weeks, as data: marked, hatched, and no figure without its score."""

import json
import re
from datetime import timedelta

import city
import numpy as np
import pandas as pd
import pytest
from colour_sight import apart, seen

from gridmap.analysis.bandwidths import Bandwidth
from gridmap.analysis.forecast import forecast
from gridmap.errors import InvalidInput
from gridmap.maps import forecast_pages
from gridmap.services import forecasting

START = city.NEWEST + timedelta(seconds=1)
WEEK = (START, START + timedelta(weeks=1))
PAST = (START - timedelta(weeks=12), START)


@pytest.fixture(scope="module")
def town() -> city.City:
    return city.build(6, 6)


@pytest.fixture(scope="module")
def found():
    draw = np.random.default_rng(3)
    mean = np.where(np.arange(36) < 6, 6.0, 0.3)
    counts = draw.poisson(np.repeat(mean[:, None], 12, axis=1))
    x, y = 400.0 * (np.arange(36) % 6), 400.0 * (np.arange(36) // 6)
    return forecast(counts, x, y, np.full(36, 0.16), bandwidth_m=500, area_share=0.1)


def data_of(drawn) -> dict:
    html = drawn.get_root().render()
    return json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])


def drawn(town, found, **more):
    return forecast_pages.forecast_map(
        town.grids, found, np.full(36, 0.16), foreseen=WEEK, learnt=PAST, language="en", **more
    )


def test_marked_grids_carry_a_mark_and_every_card_the_score(town, found) -> None:
    passed = pd.DataFrame({"code": town.grids["code"], "fixes": np.where(np.arange(36) % 5 == 0, 0, 4)})
    data = data_of(drawn(town, found, patrolled=passed))
    looks = [data["styles"][n] for n in data["grids"]["fill"]]
    marked = found.places[f"{found.chosen}_marked"].to_numpy()
    assert [look.get("pattern") == "up" for look in looks] == marked.tolist()
    assert [look.get("pattern") == "thin" for look in looks] == (~marked & (np.arange(36) % 5 == 0)).tolist()
    row = found.scores.set_index("method").loc[found.chosen]
    for why in data["why"]:
        assert f"PAI {row['pai']:.1f}" in why
        assert f"{row['best_pai']:.1f} the best possible" in why
        assert f"PEI* {100 * row['pei']:.0f} %" in why
    assert "PAI" in data["legend"]["foot"]
    told = [text for row in data["about"]["rows"] for text in row["said"]]
    assert sum("best possible" in text for text in told) >= len(found.scores)
    counts = {row["text"]: row.get("count") for row in data["legend"]["rows"]}
    assert counts["To be watched"] == str(marked.sum())


def test_without_a_score_nothing_is_coloured(town) -> None:
    x = np.arange(36.0)
    silent = forecast(np.zeros((36, 1)), x, x, np.ones(36), bandwidth_m=5)
    data = data_of(drawn(town, silent))
    assert {data["styles"][n].get("dash") for n in data["grids"]["fill"]} == {"2 4"}
    assert "expected" not in data["grids"]
    assert data["notice"] == data["legend"]["foot"]
    assert "none is given" in data["notice"]
    with pytest.raises(InvalidInput) as raised:
        forecast_pages.forecast_map(town.grids.iloc[:5], silent, np.ones(5), foreseen=WEEK, learnt=PAST)
    assert raised.value.code == "lengths_differ"


@pytest.mark.parametrize("sight", ["full", "protanopia", "deuteranopia", "tritanopia", "grey"])
def test_marks_can_be_seen_on_every_colour(town, found, sight) -> None:
    for look in data_of(drawn(town, found))["styles"]:
        if look.get("pattern") == "up":
            assert apart(seen(look["ink"], sight), seen(look["fill"], sight)) > 20, look


def test_a_bandwidth_over_hundreds_of_grids_is_narrowed_and_says_so() -> None:
    wide = Bandwidth(20_000.0, "likelihood", (), ())
    narrowed = forecasting._bounded(wide, np.full(20_000, 0.04))
    # 300 grids of 0.04 km2 lie within it
    assert np.pi * narrowed.bandwidth_m**2 == pytest.approx(300 * 40_000)
    assert [one.key for one in narrowed.said] == ["forecast_narrowed"]
    assert forecasting._bounded(wide._replace(bandwidth_m=400.0), np.full(20_000, 0.04)).bandwidth_m == 400.0


def test_periods_end_where_the_forecast_begins_and_a_rest_is_left_out() -> None:
    periods = forecasting.periods_before(START - timedelta(days=40), START, 2)
    assert periods == [(START - timedelta(days=28), START - timedelta(days=14)), (START - timedelta(days=14), START)]
    assert forecasting.periods_before(START - timedelta(days=3), START, 1) == []
