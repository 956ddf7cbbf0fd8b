"""The briefing: its numbers are those of the page, a day has one page, nothing is cut off, names stay text."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pypdfium2 as pdfium
import pytest
import ready
import shapely
from api_world import NOW, at, fill
from pypdf import PdfReader

from gridmap.analysis.briefing import AlertGroup, Briefing, PlaceLine, TypeLine
from gridmap.analysis.briefing_maps import effort_of_places
from gridmap.analysis.briefing_words import gaps_of, say_briefing
from gridmap.analysis.saying import texts
from gridmap.domain.access import Area, Grant, Kind, Principal, Role
from gridmap.domain.alerts import Grade
from gridmap.domain.periods import Period, read_period
from gridmap.errors import NotFound
from gridmap.i18n import LANGUAGES
from gridmap.print.briefing import briefing_pdf
from gridmap.print.briefing_page import briefing_html
from gridmap.services.briefing import BriefingAsked, gather_briefing
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import CutPlans, GuardedStore, Kin, Parts
from gridmap.services.patrol_parts import PatrolParts
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

SETTINGS = Settings()
TODAY = NOW.date()
LONG = "很长的名字" * 40
HOSTILE = (
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "<img src=x onerror=alert(1)>",
    "</style><svg onload=alert(1)>",
    LONG,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The district of the API tests, and twelve incidents more in the grid that nobody looks at."""
    import geopandas as gpd

    from gridmap.services.incidents import record_incidents

    def more(store: Store) -> None:
        fill(store)
        lon, lat = at(2.5, 2.5)
        count = 12
        points = gpd.GeoDataFrame(
            {"incident_id": [f"b{n}" for n in range(count)], "category": "noise", "channel": "app", "note": "",
             "occurred_at": pd.to_datetime([NOW - timedelta(days=n % 9 + 1) for n in range(count)], utc=True)},
            geometry=gpd.points_from_xy([lon] * count, [lat] * count), crs="EPSG:4326",
        )  # fmt: skip
        taken = record_incidents(store, Plans(store), points, settings=SETTINGS, now=NOW)
        assert {result.status for result in taken} == {"accepted"}

    found = open_store(ready.put(tmp_path_factory.mktemp("briefing") / "b.gpkg", more))
    yield found
    found.close()


def gathered(store: Store, period: str, area: str | None = None, plans: Any = None, raw: Any = None) -> Briefing:
    asked = read_period(period, TODAY)
    plans = plans or Plans(store)
    plan = plans.at(plans.resolve_set("urban"), asked.last)
    raw = raw or store
    parts = PatrolParts(raw, SETTINGS, Plans(raw))
    return gather_briefing(store, plan, BriefingAsked(asked, NOW, parts, area, "刘洋"), SETTINGS)


@pytest.fixture(scope="module")
def month(store: Store) -> Briefing:
    return gathered(store, "2026-05")


@pytest.fixture(scope="module")
def day(store: Store) -> Briefing:
    return gathered(store, "2026-05-19")


def stuffed(found: Briefing) -> Briefing:
    """The same with names that are hostile or 200 characters long, and more of everything than fits on a page."""
    names = [HOSTILE[k % len(HOSTILE)] for k in range(60)]
    places = tuple(PlaceLine(f"P{k}", name, k + 1, 9, 4, 8, 1.5, 0, 3) for k, name in enumerate(names))
    types = tuple(TypeLine(name, 60 - k, 3, 1, 2) for k, name in enumerate(names))
    words = {"zh": LONG, "en": LONG}
    alerts = tuple(AlertGroup(Grade.URGENT, words, 9, (words, words, words)) for _ in range(12))
    shapes = tuple((name, shape) for name, (_, shape) in zip(HOSTILE, found.shapes, strict=False))
    said = say_briefing(found.numbers, places, types, found.period, ())
    return replace(found, place=(LONG, "S"), places=places, types=types, alerts=alerts, shapes=shapes, said=said)


def words_of(body: bytes) -> str:
    pages = PdfReader(io.BytesIO(body)).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))


# -- what it says -----------------------------------------------------------------------------------------------------


def test_the_maps_count_what_is_there_and_what_nobody_looked_at(month: Briefing) -> None:
    assert month.heat is not None
    assert month.seen is not None
    assert month.heat.incidents == 25 + 12
    covered = shapely.union_all(month.heat.layers)
    assert covered.within(month.outline.buffer(1e-9))
    # fixes lie in A alone
    assert dict(zip(month.seen.grids["code"], month.seen.grids["sight"], strict=True)) == {
        "A": "seen_found", "B": "not_seen", "C": "not_seen", "D": "not_seen"
    }  # fmt: skip
    said = texts(month.seen.said, "en")
    assert said[0].startswith("3 of 4 grids (75 %)")
    assert said[1] == "In 1 of them others reported 12 incidents."
    effort = {p.code: p.effort for p in month.places}
    assert effort["S"] is not None
    assert effort["T"] is not None
    assert (effort["S"].grids, effort["S"].unseen, effort["T"].grids, effort["T"].unseen) == (3, 2, 1, 1)
    assert effort["T"].per_hour is None
    # fixes of one day: all other days say nothing of who looked
    assert any("19 of 20 days" in line for line in texts(month.missing, "en"))
    assert any("ends on 2026-05-31" in line for line in texts(month.missing, "en"))


def test_a_part_has_its_own_numbers_and_an_unknown_one_is_an_error(store: Store) -> None:
    part = gathered(store, "2026-05", "T")
    assert part.place == ("西街道", "T")
    assert part.heat is not None
    assert part.heat.incidents == 12
    assert part.seen is not None
    assert part.seen.grids["code"].tolist() == ["B"]
    with pytest.raises(NotFound):
        gathered(store, "2026-05", "ZZZ")


def test_a_period_without_anything_says_so(store: Store) -> None:
    empty = gathered(store, "2020-01")
    assert texts(empty.said, "en") == ["No cases were reported in this period or in the one that it is compared with."]
    assert empty.seen is not None
    assert not empty.seen.recorded
    assert all(number.value is None for number in empty.numbers[1:])
    said = words_of(briefing_pdf(empty, ["en"]))
    assert "Nopatroltrackswererecorded." in said
    assert "notracks,notknown(3)" in said


def test_who_may_not_see_incidents_gets_numbers_without_maps(store: Store) -> None:
    field = Principal("7", "sun", Kind.PERSON, (Grant(Role.FIELD, Area("urban", "A")),))
    guarded = GuardedStore(store, field, clock=FixedClock(NOW), day=TODAY, kin=Kin())
    found = gathered(guarded, "2026-05", plans=CutPlans(Plans(store), guarded, Parts()), raw=store)
    assert (found.heat, found.seen) == (None, None)
    assert all(place.effort is None for place in found.places)
    assert "doesnotseeincidents" in words_of(briefing_pdf(found, ["en"]))
    assert "<svg" in briefing_html(found, ["en"])  # the course of the cases alone
    assert briefing_html(found, ["en"]).count("<svg") == 1


def test_effort_of_places_adds_up_and_has_an_interval_only_where_somebody_was() -> None:
    figures = pd.DataFrame({
        "code": ["a", "b", "c", "d"], "hours": [2.0, 3.0, 0.0, 9.0], "incidents": [5, 1, 4, 8],
        "patrol_found": [4, 1, 0, 8],
    })  # fmt: skip
    sight = {"a": "seen_found", "b": "not_seen", "c": "not_seen"}
    found = effort_of_places(figures, sight, {"a": "S", "b": "S", "c": "T"})
    assert set(found) == {"S", "T"}  # d lies in no place
    one = found["S"]
    assert (one.grids, one.unseen, one.hours, one.incidents, one.found) == (2, 1, 5.0, 6, 5)
    assert one.per_hour is not None
    rate, low, high = one.per_hour
    assert rate == 1.0
    # Garwood's interval of 5 events: 1.62 to 11.67
    assert (low, high) == (pytest.approx(1.623 / 5, abs=1e-3), pytest.approx(11.668 / 5, abs=1e-3))
    assert found["T"].per_hour is None


def test_a_gap_in_the_records_is_found_and_the_comparison_warned_of() -> None:
    period = read_period("2026-05", NOW.date().replace(month=6))
    days = pd.date_range("2026-03-01", "2026-05-31", freq="D", tz="Asia/Shanghai")
    kept = [
        day for day in days if not pd.Timestamp("2026-05-10", tz=day.tz) <= day < pd.Timestamp("2026-05-15", tz=day.tz)
    ]
    times = pd.Series([day + pd.Timedelta(hours=h) for day in kept for h in (8, 9, 11, 15)]).dt.tz_convert("UTC")
    gaps = gaps_of(times, period, "Asia/Shanghai")
    assert [(a.isoformat(), b.isoformat()) for a, b in gaps] == [("2026-05-10", "2026-05-14")]
    numbers = gathered_numbers(period)
    assert "like with like" in " ".join(texts(say_briefing(numbers, (), (), period, gaps), "en"))
    assert "like with like" not in " ".join(texts(say_briefing(numbers, (), (), period, ()), "en"))


def gathered_numbers(period: Period) -> tuple[Any, ...]:
    from decimal import Decimal

    from gridmap.analysis.briefing import Number

    return (Number("reported", "cases", "neither", Decimal(40), Decimal(40), 40, Decimal(30), None),)


def test_only_what_chance_does_not_explain_is_said_to_have_moved() -> None:
    period = read_period("2026-04-11..2026-05-10", TODAY)
    types = (TypeLine("E1-01", 60, 20, 0, 0), TypeLine("E1-02", 12, 8, 0, 0), TypeLine("E2-01", 5, 5, 0, 0))
    said = texts(say_briefing(gathered_numbers(period), (), types, period, ()), "en")
    assert [line for line in said if "rose" in line or "fell" in line] == [
        line for line in said if "from 20 to 60" in line
    ]
    quiet = texts(say_briefing(gathered_numbers(period), (), types[1:], period, ()), "en")
    assert any("No type rose or fell" in line for line in quiet)


# -- on paper ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("languages", [["zh"], ["en"], list(LANGUAGES)])
def test_a_day_has_one_page_in_each_language_however_much_there_is(day: Briefing, languages: list[Any]) -> None:
    for found in (day, stuffed(day)):
        body = briefing_pdf(found, languages)
        assert len(PdfReader(io.BytesIO(body)).pages) == len(languages)
        assert body == briefing_pdf(found, languages)


def test_nothing_is_cut_off_and_nothing_lies_outside_of_the_page(month: Briefing) -> None:
    found = stuffed(month)
    body = briefing_pdf(found, ["zh"])
    said = words_of(body)
    assert said.count(LONG) >= sum(p.name == LONG for p in found.places)
    for name in HOSTILE:
        assert re.sub(r"\s", "", name) in said
    for line in (*found.said, *found.missing, *found.made):
        assert re.sub(r"\s", "", line.text("zh")) in said
    # page numbers
    total = len(PdfReader(io.BytesIO(body)).pages)
    assert total > 2
    document = pdfium.PdfDocument(body)
    for page in document:
        wide, high = page.get_size()
        for piece in page.get_textpage().get_text_range() and page.get_objects(filter=[1]):
            left, bottom, right, top = piece.get_bounds()
            assert left >= 0
            assert bottom >= 0
            assert right <= wide
            assert top <= high


def test_the_same_question_gives_the_same_bytes(store: Store, month: Briefing) -> None:
    again = gathered(store, "2026-05")
    assert briefing_pdf(again, ["zh"]) == briefing_pdf(month, ["zh"])
    assert briefing_html(again, list(LANGUAGES)) == briefing_html(month, list(LANGUAGES))


# -- as a page --------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Every tag, and everything that would be fetched or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.wrong: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            fetched = name in ("src", "href", "srcset", "data", "action") or (value or "").startswith(("http", "//"))
            # the name space of SVG is no address
            if (fetched and name != "xmlns") or name.startswith("on") or name == "style":
                self.wrong.append((name, value))


def test_the_page_fetches_and_runs_nothing_whatever_names_say(month: Briefing, tmp_path: Path) -> None:
    page = briefing_html(stuffed(month), list(LANGUAGES))
    read = Tags()
    read.feed(page)
    assert read.wrong == []
    assert not {"script", "img", "link", "iframe", "object"} & set(read.tags)
    assert page.count('lang="zh-CN"') == 2
    assert page.count("<article") == 2
    assert "url(http" not in page
    for name in ("<script>", "<img", "</style><svg"):
        assert name not in page
