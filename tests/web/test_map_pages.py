"""The three map pages by themselves: hostile names, policy, hover, and life without a service."""

import re
from datetime import timedelta
from pathlib import Path

import city
import pytest
from playwright.sync_api import Page, expect
from pointing import point_at

from gridmap.analysis.coverage import coverage_gaps
from gridmap.analysis.density import density
from gridmap.maps import localise, pages

pytestmark = pytest.mark.browser
KINDS = ("grids", "hotspots", "coverage")
READY = "html[data-ready=true]"


def open_map(page: Page, kind: str, query: str = "") -> None:
    """Open a map page and wait until it is drawn."""
    page.goto(f"/maps/{kind}?lang=zh{query}")
    expect(page.locator(READY)).to_be_attached()


def place_of(page: Page, row: int) -> dict:
    """Where on the screen the label place of a grid is, after making it large enough to point at."""
    return page.evaluate(
        """row => {
            const gm = gridmapPage, at = gm.pole(gm.data.grids, row);
            gm.map.setView(at, 16, {animate: false});
            return gm.map.latLngToContainerPoint(at);
        }""",
        row,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_show_as_text(page: Page, town: city.City, kind: str) -> None:
    open_map(page, kind, "&set=canary")
    for row, name in enumerate(city.CANARIES):
        at = place_of(page, row)
        point_at(page, at)
        expect(page.locator(".gm-tip strong")).to_have_text(name)
    page.mouse.click(at["x"], at["y"])
    expect(page.locator("#gridmap-card h2")).to_have_text(city.CANARIES[-1])
    # the street above has a hostile name too
    expect(page.locator(".gm-crumbs li").first).to_have_text(city.CANARIES[2])
    page.evaluate("void gridmapPage.map.setZoom(18, {animate: false})")
    page.evaluate("void gridmapPage.map.panTo(gridmapPage.pole(gridmapPage.data.grids, 0), {animate: false})")
    expect(page.locator(".gm-label", has_text="{{ 7*7 }}")).to_be_visible()
    # what the legend counts may be any number
    page.evaluate("document.querySelectorAll('.gm-legend-count, .gm-legend-foot').forEach(box => box.remove())")
    shown = page.evaluate("document.body.innerText + document.title")
    assert "49" not in shown.replace("149", "")
    assert page.locator("img[src=x], .gm-tip img, #gridmap-card img").count() == 0


def test_hostile_set_and_level_names_show_as_text_on_the_front_page(page: Page) -> None:
    page.goto("/?set=canary")
    expect(page.frame_locator("#frame").locator(READY)).to_be_attached()
    expect(page.locator("#district")).to_have_text(city.CANARIES[0])


class TestThePolicy:
    """What an attacker could smuggle into the page stays dead."""

    @pytest.fixture
    def expected_errors(self) -> list[str]:
        return ["Content Security Policy", "net::ERR", "404"]

    def test_smuggled_handlers_scripts_and_eval_are_dead(self, page: Page, base_url: str) -> None:
        smuggled = (
            "<img src=x onerror=\"window.dead='img'\">"
            "<svg onload=\"window.dead='svg'\"></svg>"
            "<a id=lure href=\"javascript:window.dead='link'\">x</a>"
            "<iframe srcdoc=\"<script>parent.dead='frame'</script>\"></iframe>"
        )

        def inject(route) -> None:
            reply = route.fetch()
            body = reply.text().replace("</aside>", "</aside>" + smuggled, 1)
            # a script without the nonce of this very answer
            body = body.replace("</body>", "<script>window.dead='script'</script></body>", 1)
            # and one that has it, but asks for eval
            nonce = re.search(r'nonce="([^"]+)"', body)[1]
            asks = f"<script nonce={nonce}>try {{ eval('dead = 1') }} catch (e) {{ window.refused = e.name }}</script>"
            route.fulfill(response=reply, body=body.replace("</body>", asks + "</body>", 1))

        page.route("**/maps/grids*", inject)
        open_map(page, "grids")
        page.locator("#lure").evaluate("n => n.click()")
        page.wait_for_timeout(150)
        assert page.evaluate("window.dead") is None
        assert page.evaluate("window.refused") == "EvalError"

    def test_a_page_without_the_policy_would_not_be_safe(self, page: Page) -> None:
        """The control: the same injection runs once the policy is taken away, so the test above can fail."""

        def inject(route) -> None:
            reply = route.fetch()
            headers = {k: v for k, v in reply.headers.items() if k != "content-security-policy"}
            body = reply.text().replace("</aside>", "</aside><svg onload=\"window.dead='svg'\"></svg>", 1)
            route.fulfill(status=200, headers=headers, body=body)

        page.route("**/maps/grids*", inject)
        open_map(page, "grids")
        page.wait_for_function("window.dead === 'svg'")


@pytest.mark.parametrize("kind", KINDS)
def test_a_standalone_page_works_from_a_file(page: Page, town: city.City, tmp_path: Path, kind: str) -> None:
    window = (city.NEWEST - timedelta(days=30), city.NEWEST)
    common = {"upper": (town.streets, town.areas), "context": town.context, "language": "en"}
    if kind == "grids":
        drawn = pages.grid_map(town.grids, **common)
    elif kind == "hotspots":
        cells = density(town.incidents, town.grids, bandwidth_m=250)
        drawn = pages.hotspot_map(town.grids, cells, incidents_shown=9, window=window, bandwidth_m=250, **common)
    else:
        found = coverage_gaps(town.grids, town.incidents, town.fixes)
        drawn = pages.coverage_map(town.grids, found, window=window, **common)
    file = tmp_path / "map.html"
    file.write_text(localise.standalone(drawn), encoding="utf-8")
    page.goto(file.as_uri())
    expect(page.locator(READY)).to_be_attached()
    at = place_of(page, 40)
    page.mouse.click(at["x"], at["y"])
    expect(page.locator("#gridmap-card h2")).to_have_text(town.grids["name"][40])
    expect(page.locator("#gridmap-card")).to_contain_text("Households")
    expect(page.locator("#gridmap-card .gm-people")).to_have_count(0)


def test_hovering_names_the_grid_its_number_and_what_it_is_out_of(page: Page, town: city.City) -> None:
    open_map(page, "coverage", "&start=2026-10-23T15:59:31Z&end=2026-10-30T15:59:31Z")
    at = place_of(page, 87)
    point_at(page, at)
    tip = page.locator(".gm-tip")
    expect(tip).to_contain_text(town.grids["name"][87])
    assert re.search(r"巡查定位 [\d,]+ 次，事件 [\d,]+ 起", tip.inner_text())
    # from the mouse's move to the text on the page, in the page's own clock
    spent = page.evaluate(
        """async () => {
            const grids = gridmapPage.grids, canvas = document.querySelector('.leaflet-gm-grids-pane canvas');
            const box = canvas.getBoundingClientRect();
            const other = gridmapPage.shapes[88], centre = other.getBounds().getCenter();
            const p = gridmapPage.map.latLngToContainerPoint(centre);
            await new Promise((r) => setTimeout(r, 100));
            const start = performance.now();
            canvas.dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientX: p.x, clientY: p.y}));
            const wanted = gridmapPage.data.grids.name[88];
            while (!document.body.innerText.includes(wanted) && performance.now() - start < 1000) {
                await new Promise((r) => requestAnimationFrame(r));
            }
            return performance.now() - start;
        }"""
    )
    assert spent < 250, f"{spent:.0f} ms; 50 ms are promised on an idle machine"


def test_layers_can_be_switched_and_the_scale_is_metric(page: Page) -> None:
    open_map(page, "hotspots")
    # the button gives way to the list as soon as the mouse is over it
    button = page.locator(".leaflet-control-layers").bounding_box()
    page.mouse.move(button["x"] + 20, button["y"] + 20)
    names = page.locator(".leaflet-control-layers-overlays label")
    expect(names).to_contain_text(["水系、绿地、道路", "事件密度", "管区", "街道", "名称标注"])
    expect(page.locator(".gm-label").first).to_be_visible()
    page.get_by_label("名称标注").uncheck()
    expect(page.locator(".gm-label")).to_have_count(0)
    page.get_by_label("名称标注").check()
    expect(page.locator(".gm-label").first).to_be_visible()
    expect(page.locator(".leaflet-control-scale-line")).to_have_text(re.compile(r"^\d+ k?m$"))
    expect(page.locator(".leaflet-control-scale-line")).to_have_count(1)
    expect(page.get_by_title("全屏显示")).to_be_visible()


def test_labels_never_overlap_and_streets_come_before_grids(page: Page) -> None:
    open_map(page, "grids")
    for zoom in (12, 13, 14, 15, 16):
        page.evaluate("z => void gridmapPage.map.setZoom(z, {animate: false})", zoom)
        boxes = page.locator(".gm-label").evaluate_all(
            "all => all.map(n => { const b = n.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"
        )
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                assert a[0] >= b[2] or a[2] <= b[0] or a[1] >= b[3] or a[3] <= b[1], (zoom, a, b)
        grids = page.locator(".gm-label-2").count()
        assert (grids == 0) if zoom <= 12 else True
        assert grids > 5 if zoom >= 15 else True
    page.evaluate("void gridmapPage.map.setZoom(12, {animate: false})")
    expect(page.locator(".gm-label-0").first).to_be_visible()


def test_the_legend_folds_and_the_selection_is_outlined(page: Page, town: city.City) -> None:
    open_map(page, "coverage")
    legend = page.locator(".gm-legend")
    expect(legend.locator("li").first).to_be_visible()
    legend.locator("summary").click()
    expect(legend.locator("li").first).to_be_hidden()
    at = place_of(page, 30)
    page.mouse.click(at["x"], at["y"])
    outlines = page.locator(".leaflet-gm-mark-pane path")
    expect(outlines).to_have_count(2)
    widths = outlines.evaluate_all("all => all.map(n => Number(n.getAttribute('stroke-width')))")
    assert widths == [9, 4]
    page.keyboard.press("Escape")
    expect(outlines).to_have_count(0)


def test_the_three_colours_are_told_apart_by_pattern(page: Page) -> None:
    open_map(page, "coverage")
    images = page.evaluate(
        """() => [...document.querySelectorAll(".gm-legend .gm-swatch:not(.gm-swatch-line)")]
                .map(box => getComputedStyle(box).backgroundImage.split("(")[0])"""
    )
    hatched, dotted = "repeating-linear-gradient", "radial-gradient"
    assert images[:6] == [hatched, hatched, "none", dotted, "none", dotted]
    # on the map as in the legend: painted patterns, and plain colours
    painted = page.evaluate("gridmapPage.fills.map(fill => fill.fillColor instanceof CanvasPattern)")
    assert painted[:6] == [True, True, False, True, False, True]
    expect(page.locator(".gm-legend-foot:not(.gm-legend-remark)")).to_contain_text("已巡查未发现")
