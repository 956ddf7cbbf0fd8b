"""A draft on the screen of the page Plan, driven by real gestures, and what the service has stored of it."""

import json
import math
import re
from typing import Any

import numpy as np
import shapely
from playwright.sync_api import Locator, Page, expect

Point = tuple[float, float]


class Draft:
    """A draft on the screen, and what the service has stored of it."""

    def __init__(self, page: Page, set_name: str, at: Point, zoom: float = 16.5) -> None:
        answer = page.request.post(f"/api/v1/sets/{set_name}/drafts", data={"note": "测试"})
        assert answer.ok, answer.text()
        self._look(page, set_name, answer.json()["draft"]["number"], at, zoom)

    @classmethod
    def of(cls, page: Page, set_name: str, number: int, at: Point, zoom: float = 16.5) -> "Draft":
        """Look at a draft that was begun."""
        made = cls.__new__(cls)
        made._look(page, set_name, number, at, zoom)
        return made

    def _look(self, page: Page, set_name: str, number: int, at: Point, zoom: float) -> None:
        self.page = page
        self.number = number
        self.base = f"/api/v1/sets/{set_name}/drafts/{number}/redraw"
        self.address = f"/plan?set={set_name}&draft={number}&lang=zh#v={zoom}/{at[1]:.6f}/{at[0]:.6f}"
        self.open(page)
        self.before = self.grids()

    def open(self, page: Page) -> None:
        page.goto("about:blank")
        page.goto(self.address)
        expect(page.locator("#stage[data-ready]")).to_be_attached()

    def grids(self, level: str | None = None) -> dict[str, Any]:
        found = self.page.request.get(f"{self.base}/areas" + (f"?level={level}" if level else "")).json()["features"]
        return {f["id"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in found}

    def stored(self, revision: int) -> dict[str, Any]:
        """Wait until the page says that a revision is stored, and give the grids as the service has them."""
        expect(self.page.locator(f'#stage[data-revision="{revision}"]')).to_be_attached()
        expect(self.page.locator("#status")).to_have_text("已保存")
        return self.grids()

    def pixel(self, point: Point, page: Page | None = None) -> Point:
        """Where a place is on the screen, by the view in the address."""
        page = page or self.page
        found = re.search(r"#v=([\d.]+)/([-\d.]+)/([-\d.]+)", page.url)
        assert found is not None
        zoom, lat, lon = map(float, found.groups())
        box = page.locator("#map").bounding_box()
        assert box is not None
        x, y = world(point, zoom)
        cx, cy = world((lon, lat), zoom)
        return box["x"] + box["width"] / 2 + x - cx, box["y"] + box["height"] / 2 + y - cy

    def click(self, point: Point, **how: Any) -> None:
        self.page.mouse.click(*self.pixel(point), **how)

    def take(self, tool: str) -> None:
        self.page.locator(f"#tool-{tool}").click()

    def drag(self, start: Point, by: Point, page: Page | None = None) -> Point:
        """Drag from a place on the screen by some pixels, as a hand does; give the place where it was let go."""
        page = page or self.page
        x, y = start
        page.mouse.move(x, y)
        page.mouse.down()
        for share in (0.3, 0.6, 0.9, 1.0):
            page.mouse.move(x + by[0] * share, y + by[1] * share)
            page.wait_for_timeout(20)
        page.mouse.up()
        return x + by[0], y + by[1]


def world(point: Point, zoom: float) -> Point:
    side = 256 * 2**zoom
    sine = math.sin(math.radians(point[1]))
    y = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    return side * (point[0] + 180) / 360, side * y


def require_exact_cover(grids: dict[str, Any], ground: Any) -> None:
    """Check that the grids cover a ground without hole or overlap, by sums of areas and edge by edge."""
    shapes = np.array(list(grids.values()), dtype=object)
    assert shapely.is_valid(shapes).all()
    whole = shapely.union_all(shapes)
    # of a square degree: less than a thousandth of a square metre
    assert abs(shapely.area(shapes).sum() - whole.area) < 1e-13
    assert shapely.symmetric_difference(whole, ground).area < 1e-13
    assert shapely.coverage_is_valid(shapes), "neighbours have the very same corners"


def ground_of(grids: dict[str, Any]) -> Any:
    return shapely.union_all(np.array(list(grids.values()), dtype=object))


def inner_corner(grids: dict[str, Any], code: str) -> Point:
    """Give a corner of a grid where three grids meet."""
    for point in shapely.get_coordinates(grids[code].exterior).tolist():
        if sum(shapely.intersects(shapely.Point(point), g) for g in grids.values()) >= 3:
            return (point[0], point[1])
    raise AssertionError("no corner of three")


def holders(grids: dict[str, Any], point: Point) -> set[str]:
    return {code for code, g in grids.items() if list(point) in shapely.get_coordinates(g).tolist()}


def inside(grids: dict[str, Any], code: str) -> Point:
    at = grids[code].representative_point()
    return at.x, at.y


def centre(handle: Locator) -> Point:
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
