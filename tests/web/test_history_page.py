"""The history page as a reader meets it: time line, two versions, their difference as a map and a table."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import city
import history_city
import page_service
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from gridmap.domain.boundaries import BoundarySet
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

pytestmark = pytest.mark.browser

#: Names that a page could run and a spreadsheet could calculate.
HOSTILE = ("=1+1", "<img src=x onerror=alert(1)>", '"quoted", and more', "＝cmd|' /C calc'!A0", *city.CANARIES[:3])


@pytest.fixture(scope="session")
def moving() -> history_city.Moving:
    """The city whose borders move."""
    return history_city.build()


@pytest.fixture(scope="session")
def base_url(moving: history_city.Moving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service over that city; the same with hostile names, and a set of one version only."""
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('history')}/x.gpkg", default_set="demo")
    store = open_store(settings.database_url)
    history_city.fill(store, moving)
    history_city.fill(store, hostile(moving), name="canary", title=city.CANARIES[2])
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("single", history_city.LEVELS, "仅一版"))
        publish_frame(
            work, "single", moving.frames[0], valid_from=history_city.STARTS[0], published_at=history_city.NOW
        )
        work.context.replace(moving.town.context)
        work.commit()
    import_incidents(store, Plans(store), [moving.town.incidents], settings=settings, commit=lambda: True)
    with page_service.running(create_app(settings, store, FixedClock(history_city.NOW))) as url:
        yield url
    store.close()


def hostile(moving: history_city.Moving) -> history_city.Moving:
    """The same city with names that try to be code, on both sides of the redraw."""

    def renamed(frame):
        frame = frame.copy()
        for codes in (moving.ended, moving.begun):
            for code, name in zip(codes, HOSTILE, strict=False):
                frame.loc[frame["code"] == code, "name"] = name
        return frame

    frames = tuple(renamed(f) for f in moving.frames)
    return history_city.Moving(moving.town, frames, renamed(moving.draft), moving.ended, moving.begun)


def show(page: Page, query: str = "") -> None:
    """Open the page and wait until everything is drawn."""
    page.goto("/history?" + query)
    ready(page)


def ready(page: Page) -> None:
    expect(page.locator("#stage[data-ready]")).to_be_attached()
    expect(page.locator("#skeleton")).to_be_hidden()


def test_the_time_line_shows_past_present_future_and_drafts(page: Page) -> None:
    show(page)
    cards = page.locator("#timeline .card")
    expect(cards.locator(".phase")).to_have_text(["已结束", "现行", "待生效", "草案"])
    expect(cards.nth(0)).to_contain_text("2025/01/01 至 2026/02/28")
    expect(cards.nth(2)).to_contain_text("2027/01/01 起")
    expect(cards.nth(2)).to_contain_text("新设 3")
    expect(page.locator(".drafts .card")).to_contain_text("计划 2027/07/01 起生效")
    expect(page.locator(".today")).to_contain_text("2026/11/02")
    # lengths on the axis are those of the calendar
    first, second = (part.bounding_box()["width"] for part in page.locator(".part").all()[:2])
    assert first / second == pytest.approx((424 - 0) / 306, rel=0.05)
    today = page.locator(".today").bounding_box()["x"]
    part = page.locator(".part.current").bounding_box()
    assert part["x"] < today < part["x"] + part["width"]


def test_what_the_version_in_force_changed_comes_first(page: Page, moving: history_city.Moving) -> None:
    show(page)
    expect(page.locator("#from")).to_have_value("1")
    expect(page.locator("#to")).to_have_value("2")
    expect(page.locator("#level")).to_have_value("grid")
    found = page.request.get("/api/v1/sets/demo/difference?from=1&to=2").json()
    pieces = [f for f in found["pieces"]["features"] if f["properties"]["level"] == "grid"]
    expect(page.locator("tr[data-piece]")).to_have_count(len(pieces))
    assert page.locator(".leaflet-pieces-pane path").count() == len(pieces)
    summary = next(s for s in found["summary"] if s["level"] == "grid")
    expect(page.locator("[data-figure=changed] strong")).to_have_text(str(summary["changed"]))
    expect(page.locator("[data-figure=households] strong")).to_have_text(f"{round(summary['households']):,}")
    expect(page.locator(".legend")).to_contain_text("旧边界（已取消）")
    expect(page.locator(".map-label").first).to_contain_text("新城第")
    dashed = page.locator(".leaflet-borders-pane path[stroke-dasharray]")
    assert dashed.count() == 1
    assert page.locator(".leaflet-borders-pane path").count() == 2


def test_a_row_and_its_piece_on_the_map_choose_each_other(page: Page) -> None:
    show(page)
    row = page.locator("tr[data-piece]").nth(2)
    piece = row.get_attribute("data-piece")
    row.click()
    expect(row).to_have_class(re.compile("chosen"))
    expect(page).to_have_url(re.compile(f"#piece={piece}$"))
    expect(page.locator(".leaflet-selected-pane path")).to_have_count(2)
    page.reload()
    ready(page)
    expect(page.locator(f"tr[data-piece='{piece}']")).to_have_class(re.compile("chosen"))
    # now from the map: the piece in the middle of the first path
    path = page.locator(".leaflet-pieces-pane path").first
    path.dispatch_event("click", {"bubbles": True})
    chosen = page.locator("tr.chosen")
    expect(chosen).to_have_count(1)
    expect(chosen).not_to_have_attribute("data-piece", piece)
    chosen.press("Enter")
    expect(page.locator("tr.chosen")).to_have_count(0)
    expect(page.locator(".leaflet-selected-pane path")).to_have_count(0)


def test_a_piece_names_itself_under_the_pointer(page: Page) -> None:
    show(page, "from=2&to=3")
    box = page.locator(".leaflet-pieces-pane path").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    tip = page.locator(".piece-tip")
    expect(tip).to_contain_text("原无归属 → 北扩第")
    expect(tip).to_contain_text("新设")


def test_the_table_sorts_by_every_column(page: Page) -> None:
    show(page)

    def column(name: str) -> list[str]:
        return page.locator(f"tbody td.col-{name}").all_inner_texts()

    def figures(name: str) -> list[int]:
        return [int(text.replace(",", "")) for text in column(name)]

    areas = figures("area")
    assert areas == sorted(areas, reverse=True)
    page.locator("[data-sort=area]").click()
    assert figures("area") == areas[::-1]
    expect(page.locator("th.col-area")).to_have_attribute("aria-sort", "ascending")
    for name in ("households", "incidents"):
        page.locator(f"[data-sort={name}]").click()
        assert figures(name) == sorted(figures(name), reverse=True)
    page.locator("[data-sort=codes]").click()
    assert column("codes") == sorted(column("codes"))
    expect(page.locator("[data-sort=codes]")).to_be_focused()
    page.locator("[data-sort=kind]").press("Enter")
    kinds = column("kind")
    assert len(set(kinds)) == len([k for i, k in enumerate(kinds) if i == 0 or kinds[i - 1] != k])


def test_codes_before_and_after_are_the_other_view(page: Page, moving: history_city.Moving) -> None:
    show(page)
    page.locator("[data-view=codes]").click()
    expect(page).to_have_url(re.compile("view=codes"))
    codes = page.locator("tbody td.col-code code")
    expect(codes).to_have_count(11)
    assert set(codes.all_inner_texts()) == {*moving.ended, *moving.begun}


def test_any_two_versions_can_be_chosen_and_the_way_back_works(page: Page) -> None:
    show(page)
    page.locator(".card[data-version='3']").click()
    expect(page).to_have_url(re.compile("from=2&to=3"))
    ready(page)
    expect(page.locator("tr[data-piece]")).to_have_count(3)
    page.locator("#swap").click()
    expect(page).to_have_url(re.compile("from=3&to=2"))
    ready(page)
    expect(page.locator("tbody td.col-kind").first).to_have_text("撤销")
    page.locator(".card[data-version='4']").click()
    expect(page).to_have_url(re.compile("from=3&to=4"))
    ready(page)
    expect(page.locator("tbody td.col-kind")).to_have_text(["合并"])
    page.go_back()
    ready(page)
    expect(page.locator("tr[data-piece]")).to_have_count(3)
    page.locator("#from").select_option("1")
    expect(page).to_have_url(re.compile("from=1&to=2"))
    ready(page)
    page.locator("#level").select_option("area")
    ready(page)
    assert set(page.locator("tbody td.col-level").all_inner_texts()) == {"管区"}
    page.locator("#level").select_option("*")
    ready(page)
    assert set(page.locator("tbody td.col-level").all_inner_texts()) == {"街道", "管区", "网格"}


def test_the_window_of_incidents_counts(page: Page) -> None:
    show(page)
    before = int(page.locator("[data-figure=incidents] strong").inner_text())
    page.locator("#window").select_option("365d")
    expect(page).to_have_url(re.compile("window=365d"))
    ready(page)
    found = page.request.get(
        "/api/v1/sets/demo/difference?from=1&to=2&start=2025-10-30T15:59:31Z&end=2026-10-30T15:59:31Z"
    ).json()
    count = next(s for s in found["summary"] if s["level"] == "grid")["incidents"]
    assert count > before
    expect(page.locator("[data-figure=incidents] strong")).to_have_text(str(count))


def download(page: Page) -> list[list[str]]:
    """Press the button; give the file's lines."""
    with page.expect_download() as file:
        page.locator("#csv").click()
    assert file.value.suggested_filename.endswith(".csv")
    content = Path(file.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_table_comes_as_a_file_in_its_order(page: Page) -> None:
    show(page)
    head, *lines = download(page)
    assert head == [
        "level",
        "old_code",
        "old_name",
        "new_code",
        "new_name",
        "kind",
        "area_m2",
        "households",
        "incidents",
    ]
    assert [line[3] for line in lines] == page.locator("tbody td.col-codes .now code").all_inner_texts()
    areas = pd.Series([float(line[6]) for line in lines])
    assert areas.is_monotonic_decreasing


def test_hostile_names_stay_text_on_the_page_and_in_the_file(page: Page) -> None:
    show(page, "set=canary")
    expect(page.locator("#district")).to_have_text(city.CANARIES[2])
    shown = page.locator("tbody td.col-codes").all_inner_texts()
    assert any("<img src=x onerror=alert(1)>" in text for text in shown)
    assert page.locator("img[src='x']").count() == 0
    path = page.locator(".leaflet-pieces-pane path").first.bounding_box()
    page.mouse.move(path["x"] + path["width"] / 2, path["y"] + path["height"] / 2)
    expect(page.locator(".piece-tip")).to_be_visible()
    cells = {cell for line in download(page) for cell in line}
    assert {"'=1+1", "'＝cmd|' /C calc'!A0", '"quoted", and more'} <= cells
    assert not any(re.match(r"[=＝@+\-]", cell) for cell in cells)


def test_one_version_alone_says_what_is_missing_and_how_to_get_it(page: Page) -> None:
    page.goto("/history?set=single&lang=en")
    notice = page.locator("#notice")
    expect(notice).to_contain_text("Nothing to compare yet")
    expect(notice.locator("code")).to_contain_text("gridmap import boundaries FILE --set single --level grid")
    expect(page.locator("#timeline .card")).to_have_count(1)
    expect(page.locator("#result")).to_be_hidden()


def test_versions_without_a_difference_say_so(page: Page) -> None:
    page.goto("/history?from=2&to=2")
    expect(page.locator("#notice")).to_contain_text("两个版本的边界一致")


def test_a_set_that_is_not_there_offers_one_that_is(page: Page) -> None:
    page.goto("/history?set=%3Cb%3Enowhere%3C/b%3E")
    expect(page.locator("#notice")).to_contain_text("没有找到网格体系“<b>nowhere</b>”")
    page.locator("#notice button").click()
    ready(page)
    expect(page.locator("#to")).to_have_value("2")


def test_a_failure_is_said_and_can_be_tried_again(page: Page, expected_errors: list[str]) -> None:
    expected_errors += ["Failed to load resource"]
    broken = "**/api/v1/sets/demo/difference*"
    page.route(broken, lambda route: route.fulfill(status=503, json={"detail": "请稍后再试。"}))
    page.goto("/history")
    expect(page.locator("#notice")).to_contain_text("请稍后再试。")
    page.unroute(broken)
    page.get_by_role("button", name="重试").click()
    ready(page)
    expect(page.locator("#notice")).to_be_hidden()


def test_the_page_speaks_english_and_keeps_what_is_compared(page: Page) -> None:
    show(page, "from=2&to=3")
    page.get_by_role("button", name="EN").click()
    expect(page).to_have_url(re.compile("from=2&to=3&.*lang=en"))
    expect(page.locator("[data-view=pieces]")).to_contain_text("Ground")
    ready(page)
    expect(page.locator("tbody td.col-kind").first).to_have_text("Founded")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    # names of places are the city's own; all other words are English
    words = page.locator("#timeline .phase, #compare label, .tile dt, .views, #csv, .legend, thead").all_inner_texts()
    assert not re.search(r"[\u4e00-\u9fff]", " ".join(words))


def test_the_front_page_leads_here_and_back(page: Page) -> None:
    page.goto("/?set=demo&lang=en")
    page.get_by_role("link", name="History").click()
    expect(page).to_have_url(re.compile(r"/history\?set=demo&lang=en"))
    ready(page)
    page.get_by_role("link", name="Hotspots").click()
    expect(page).to_have_url(re.compile(r"/\?page=hotspots&set=demo&lang=en"))


@pytest.mark.parametrize(
    ("lang", "width", "height"),
    [
        ("zh", 1440, 900),
        ("en", 390, 844),
        pytest.param("en", 1366, 768, marks=pytest.mark.slow),
        pytest.param("zh", 390, 844, marks=pytest.mark.slow),
    ],
)
def test_it_fits_the_screen(page: Page, lang: str, width: int, height: int, screenshots: Path) -> None:
    page.set_viewport_size({"width": width, "height": height})
    show(page, f"lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("#map", "#compare", ".tiles", "#csv"):
        box = page.locator(name).bounding_box()
        assert box["width"] > 40
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width + 0.5
    # no text is cut off or covers its neighbour, to whichever side it runs over
    cut = page.evaluate(
        "[...document.querySelectorAll('.rows th, .rows td:not(.codes), .card-head')]"
        ".filter(n => n.checkVisibility()).filter(n => {"
        " const range = document.createRange(); range.selectNodeContents(n);"
        " const text = range.getBoundingClientRect(), cell = n.getBoundingClientRect();"
        " return text.width && (text.left < cell.left - 1 || text.right > cell.right + 1);"
        "}).map(n => n.textContent)"
    )
    assert cut == []
    small = page.evaluate(
        "[...document.querySelectorAll('body.history *')].filter(n => n.childElementCount === 0 && n.textContent.trim()"
        " && n.checkVisibility() && !n.matches('.turn') && parseFloat(getComputedStyle(n).fontSize) < 12)"
        ".map(n => n.textContent)"
    )
    assert small == []
    page.screenshot(path=screenshots / f"history-{lang}-{width}.png", full_page=width < 800)
