"""Hotspots over HTTP: the same numbers as the functions, within reach, and maps that leave as one file."""

import json
import re
from datetime import UTC, datetime, timedelta

import city
import page_service
import pytest
import shapely
from api_world import check_problem
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap import (
    choose_bandwidth,
    forecast,
    getis_ord,
    join_points,
    lone_peaks,
    neighbours_of,
    period_counts,
    say_forecast,
    say_places,
    say_sudden,
    sudden_by_kind,
    with_peaks,
)
from gridmap.analysis.locator import Locator
from gridmap.crs import area_m2, metric_epsg_of, xy_to_metric
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

BASE = "/api/v1/hotspots"
START, END = datetime(2026, 7, 2, 16, tzinfo=UTC), datetime(2026, 10, 30, 16, tzinfo=UTC)
WINDOW = f"set=demo&start={START:%Y-%m-%dT%H:%M:%SZ}&end={END:%Y-%m-%dT%H:%M:%SZ}"
KINDS = ("hotspots", "significant", "moran", "emerging", "compare", "forecast")


@pytest.fixture(scope="module")
def town() -> city.City:
    return city.build(12, 12)


@pytest.fixture(scope="module")
def client(town, tmp_path_factory):
    settings = Settings(
        database_url=f"sqlite:///{tmp_path_factory.mktemp('hot') / 'hot.gpkg'}", default_set="demo", requests_per_s=1e9,
        network_requests_per_s=1e9,
    )  # fmt: skip
    store = open_store(settings.database_url)
    page_service.fill(store, settings, town)
    with TestClient(create_app(settings, store, FixedClock(page_service.NOW))) as asking:
        yield asking
    store.close()


@pytest.fixture(scope="module")
def wanted(town):
    """What the functions say of the same window."""
    at = town.incidents["occurred_at"]
    inside = town.incidents[(at >= START) & (at < END)]
    within = Settings().nearest_within_m
    owner = join_points(inside, Locator.from_frame(town.grids), nearest_within_m=within)["grid_code"]
    counts = owner.value_counts().reindex(town.grids["code"]).fillna(0).to_numpy(float)
    return counts, with_peaks(
        getis_ord(counts, neighbours_of(town.grids.geometry.array), side="both"), lone_peaks(counts)
    )


def test_every_grid_has_its_figures_its_verdict_and_its_sentence(client, town, wanted) -> None:
    counts, found = wanted
    answer = client.get(f"{BASE}?{WINDOW}&lang=en").json()
    assert [grid["code"] for grid in answer["grids"]] == town.grids["code"].tolist()
    assert [grid["incidents"] for grid in answer["grids"]] == counts.astype(int).tolist()
    for name in ("z", "p", "q", "expected", "more"):
        assert [grid[name] for grid in answer["grids"]] == pytest.approx(found[name].tolist(), abs=1e-9)
    assert [grid["judged"] for grid in answer["grids"]] == found["judged"].tolist()
    assert answer["hot"] == found.attrs["summary"]["hot"] > 0
    assert [grid["sentence"] for grid in answer["grids"]] == [one.text("en") for one in say_places(found)]
    assert {grid["sight"] for grid in answer["grids"]} >= {"not_seen"}
    assert any(grid["per_hour_high"] is not None for grid in answer["grids"])
    homes = client.get(f"{BASE}?{WINDOW}&by=households&side=high").json()
    assert homes["grids"][0]["base"] == town.grids["households"][0]
    assert homes["cold"] == 0


@pytest.mark.parametrize(
    ("by", "unit"),
    [("households", "per 1,000 households"), ("street_km", "per km of street"), ("patrol_hours", "per patrol hour")],
)
def test_the_legend_of_a_rate_names_its_base(client, town, by, unit) -> None:
    for kind in ("hotspots", "significant"):
        page = client.get(f"/maps/{kind}?{WINDOW}&by={by}&lang=en").text
        data = json.loads(page.split('id="gridmap-data">')[1].split("</script>")[0])
        assert unit in data["legend"]["title"], kind
    answer = client.get(f"{BASE}?{WINDOW}&by={by}&lang=en").json()
    if by == "street_km":
        roads = town.context[town.context["kind"] == "road"].to_crs(city.EPSG)
        cut = shapely.length(shapely.intersection(town.grids.to_crs(city.EPSG).geometry.to_numpy(), roads.union_all()))
        # five kilometres straight in degrees and straight in metres are some metres apart
        assert [grid["base"] for grid in answer["grids"]] == pytest.approx((cut / 1_000).tolist(), abs=5e-3)
        assert sum(grid["base"] for grid in answer["grids"]) > 1
    if by == "households":
        value = next(grid["value"] for grid in answer["grids"] if grid["value"])
        page = client.get(f"/maps/significant?{WINDOW}&by={by}&lang=en").text
        told = json.loads(page.split('id="gridmap-data">')[1].split("</script>")[0])["grids"]["value"]
        assert round(1_000 * value, 2) in told


def test_change_is_told_by_period(client, town) -> None:
    answer = client.get(f"{BASE}/emerging?{WINDOW}&lang=zh").json()
    assert [period["recorded"] for period in answer["periods"]] == [True] * len(answer["periods"])
    assert len(answer["periods"]) == 17  # weeks
    at = town.incidents["occurred_at"]
    inside = ((at >= START + timedelta(days=1)) & (at < END)).sum()
    assert sum(sum(grid["counts"]) for grid in answer["grids"]) == inside
    assert all(len(grid["judged"]) == 17 and grid["sentence"] for grid in answer["grids"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_map_has_its_card_and_leaves_as_one_file(client, kind) -> None:
    page = client.get(f"/maps/{kind}?{WINDOW}&lang=en")
    assert page.status_code == 200
    assert "About this map" in page.text
    assert f"/maps/{kind}?" in page.text
    kept = client.get(f"/maps/{kind}?{WINDOW}&lang=en&file=true")
    assert kept.headers["content-disposition"] == f'attachment; filename="demo-{kind}.html"'
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]+"', re.sub(r"<script.*?</script>", "", kept.text, flags=re.S))
    assert "/api/v1/" not in kept.text.split('id="gridmap-data">')[1].split("</script>")[0]
    assert "sandbox" in kept.headers["content-security-policy"]


def test_what_stands_out_by_itself_is_told_beside(client, wanted) -> None:
    counts, _ = wanted
    peaks = lone_peaks(counts)
    answer = client.get(f"{BASE}?{WINDOW}&lang=en").json()
    assert [grid["peak"] for grid in answer["grids"]] == peaks["peak"].tolist()
    assert [grid["usual"] for grid in answer["grids"]] == pytest.approx(peaks["expected"].tolist())
    assert answer["peaks"] == peaks["peak"].sum()
    low = client.get(f"{BASE}?{WINDOW}&side=low").json()
    assert low["peaks"] == 0
    assert {grid["usual"] for grid in low["grids"]} == {None}


def test_what_began_lately_is_that_of_the_function(client, town) -> None:
    answer = client.get(f"{BASE}/sudden?set=demo&end={END:%Y-%m-%dT%H:%M:%SZ}&lang=en").json()
    within = Settings().nearest_within_m
    owned = join_points(town.incidents, Locator.from_frame(town.grids), nearest_within_m=within)
    middle = town.grids.geometry.representative_point()
    x, y = xy_to_metric(middle.x, middle.y, metric_epsg_of(town.grids.geometry.array))
    wanted = sudden_by_kind(owned, town.grids["code"].tolist(), x, y, end=END)
    assert (answer["kinds"], answer["silent"]) == (wanted.summary["kinds"], wanted.summary["silent"])
    assert [one["category"] for one in answer["clusters"]] == [one.kind for one in wanted.clusters]
    assert [one["observed"] for one in answer["clusters"]] == [one.cluster.observed for one in wanted.clusters]
    assert answer["said"][: len(say_sudden(wanted))] == [one.text("en") for one in say_sudden(wanted)]
    early = client.get(f"{BASE}/sudden?set=demo&end=2020-01-01").json()
    assert (early["kinds"], early["clusters"]) == (0, [])


@pytest.mark.parametrize("weeks", [1, 2, 4])
def test_the_next_weeks_are_those_of_the_function_and_have_their_score(client, town, weeks) -> None:
    answer = client.get(f"{BASE}/forecast?set=demo&end={END:%Y-%m-%dT%H:%M:%SZ}&weeks={weeks}&lang=en").json()
    assert (answer["start"], answer["end"]) == (
        f"{END:%Y-%m-%dT%H:%M:%SZ}",
        f"{END + timedelta(weeks=weeks):%Y-%m-%dT%H:%M:%SZ}",
    )
    at = town.incidents["occurred_at"]
    steps = int((END - at.min().to_pydatetime()) / timedelta(weeks=weeks))
    periods = [(END - timedelta(weeks=weeks * k), END - timedelta(weeks=weeks * (k - 1))) for k in range(steps, 0, -1)]
    owned = join_points(town.incidents, Locator.from_frame(town.grids), nearest_within_m=Settings().nearest_within_m)
    counts = period_counts(owned["occurred_at"], owned["grid_code"], town.grids["code"].tolist(), periods)
    inside = owned[(at >= at.min()) & (at < END)]
    middle = town.grids.geometry.representative_point()
    x, y = xy_to_metric(middle.x, middle.y, metric_epsg_of(town.grids.geometry.array))
    area = area_m2(town.grids.geometry.array) / 1e6
    wanted = forecast(
        counts, x, y, area, bandwidth_m=choose_bandwidth(inside, town.grids).bandwidth_m, last=8 // weeks,
        half_life=4 / weeks, season=52 // weeks,
    )  # fmt: skip
    assert answer["periods"] == steps
    if steps < 4:
        assert answer["chosen"] is wanted.chosen is None
        return
    assert answer["chosen"] == wanted.chosen
    assert [grid["expected"] for grid in answer["grids"]] == pytest.approx(wanted.places[wanted.chosen].tolist())
    assert [grid["marked"] for grid in answer["grids"]] == wanted.places[f"{wanted.chosen}_marked"].tolist()
    scores = wanted.scores.to_dict("records")
    for name in ("method", "hits", "incidents", "pai", "best_pai", "pei", "hit_low"):
        assert [score[name] for score in answer["scores"]] == [row[name] for row in scores]
    assert answer["said"][: len(say_forecast(wanted))] == [one.text("en") for one in say_forecast(wanted)]


def test_a_forecast_that_cannot_be_tested_is_none(client) -> None:
    early = client.get(f"{BASE}/forecast?set=demo&end=2025-02-01&lang=en").json()
    assert early["chosen"] is None
    assert early["scores"] == []
    assert {grid["expected"] for grid in early["grids"]} == {None}
    assert "none is given" in early["said"][0]


def test_the_same_figures_are_judged_once(client, monkeypatch) -> None:
    from gridmap.services import hotspots

    calls = []

    def counted(*args, **named):
        calls.append(1)
        return getis_ord(*args, **named)

    monkeypatch.setattr(hotspots, "getis_ord", counted)
    window = WINDOW.replace("2026-07-02", "2026-08-02")
    answers = [client.get(f"{BASE}?{window}&lang={lang}").json() for lang in ("zh", "en")]
    client.get(f"/maps/significant?{window}")
    assert len(calls) == 1
    assert [a["grids"][0]["z"] for a in answers] == [answers[0]["grids"][0]["z"]] * 2


def test_what_cannot_be_asked_is_refused_in_words(client) -> None:
    check_problem(client.get(f"/maps/compare?{WINDOW}&before_start=2026-01-01"), 422, "window_half")
    check_problem(
        client.get(f"/maps/compare?{WINDOW}&before_start=2026-02-01&before_end=2026-01-01"), 422, "window_reversed"
    )
    check_problem(client.get(f"/maps/hotspots?{WINDOW}&bandwidth_m=0"), 422, "value_out_of_range")
    check_problem(client.get(f"{BASE}?by=moon"), 422, "value_not_allowed")


def test_a_window_without_records_answers_and_claims_nothing(client) -> None:
    empty = "set=demo&start=2025-02-01&end=2025-03-01&lang=en"
    answer = client.get(f"{BASE}?{empty}").json()
    assert {grid["judged"] for grid in answer["grids"]} == {"not_judged"}
    assert answer["said"] == ["All grids have the same figure, so none stands out."]
    for kind in KINDS:
        page = client.get(f"/maps/{kind}?{empty}")
        assert page.status_code == 200, kind
        assert "whether" in page.text or "not known" in page.text
