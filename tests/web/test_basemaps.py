"""Base maps beneath our maps: an archive, and tiles of a map server of the intranet: where they lie, what is said."""

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import city
import numpy as np
import page_service
import pytest
import shapely
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from api.app import create_app
from gridmap import crs
from gridmap.files.basemaps import write_archive
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store
from gridmap.tiles.matrix import CGCS2000, WEB_MERCATOR, TileMatrixSet

pytestmark = pytest.mark.browser
OWNER = "测绘院 <img src=x onerror=alert(1)>"


class MapServer:
    """A map server on loopback whose pictures show the borders of a city, in GCJ-02 or in WGS 84."""

    def __init__(self, town: city.City) -> None:
        self.asked: list[str] = []
        self._borders = [shapely.get_coordinates(shape.exterior) for shape in town.grids.geometry]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                kind, z, row, column = self.path.split("?")[0].strip("/").split("/")
                body = outer.draw(kind, int(z), int(row), int(column))
                self.send_response(200)
                self.send_header("Content-Type", "image/png")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def draw(self, kind: str, z: int, row: int, column: int) -> bytes:
        """Draw a tile: its number, and the borders that it holds."""
        matrix = CGCS2000 if kind == "degrees" else WEB_MERCATOR
        picture = Image.new("RGB", (256, 256), "#f2efe6")
        pen = ImageDraw.Draw(picture)
        for lonlat in self._borders:
            lon, lat = lonlat.T if kind == "degrees" else crs.wgs84_to_gcj02(*lonlat.T)
            x, y = matrix.to_world(lon, lat)
            pen.line([*zip((x * 2**z - column) * 256, (y * 2**z - row) * 256, strict=True)], fill="#c2410c", width=3)
        pen.text((8, 8), f"{z}/{row}/{column}", fill="#555")
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def server(town: city.City) -> Iterator[MapServer]:
    found = MapServer(town)
    yield found
    found.close()


@pytest.fixture(scope="session")
def services(server: MapServer, town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The service over the city: tiles in GCJ-02, in degrees, of a server that is not there, and an archive."""
    folder = tmp_path_factory.mktemp("tiles")
    place = f"sqlite:///{folder / 'x.gpkg'}"
    write_archive(town.context, folder / "city.pmtiles")
    plain: dict[str, Any] = {"database_url": place, "default_set": "demo", "basemap_attribution": OWNER}
    wanted = {
        "shifted": {"basemap_url": server.url + "/mercator/{z}/{y}/{x}", "basemap_datum": "gcj02"},
        "degrees": {
            "basemap_url": f"{server.url}/degrees/{{TileMatrix}}/{{TileRow}}/{{TileCol}}?key=a&b=c",
            "basemap_datum": "cgcs2000",
            "basemap_matrix_set": "CGCS2000Quad",
            "basemap_last": 15,
        },
        "away": {"basemap_url": "http://127.0.0.1:9/{z}/{y}/{x}", "basemap_datum": "wgs84"},
        "archive": {"basemap_dir": folder},
    }
    store = open_store(place)
    page_service.fill(store, Settings(**plain), town)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                page_service.running(
                    create_app(Settings(access="open", **plain, **more), store, FixedClock(page_service.NOW))
                )
            )
            for name, more in wanted.items()
        }
    store.close()


@pytest.fixture(scope="session")
def base_url(services: dict[str, str]) -> str:
    return services["shifted"]


@pytest.fixture
def map_servers(server: MapServer, services: dict[str, str]) -> tuple[str, ...]:
    return (server.url, services["degrees"], services["away"], services["archive"], "http://127.0.0.1:9/")


@pytest.fixture
def expected_errors(request: pytest.FixtureRequest) -> list[str]:
    if "away" in request.node.name:
        return ["127.0.0.1:9", "ERR_CONNECTION_REFUSED", "ERR_UNSAFE_PORT"]
    if "archive" in request.node.name:
        return ["willReadFrequently"]  # the test reads what was painted
    return ["Content Security Policy"] if "only_the" in request.node.name else []


def tiles_on(page: Page, town: city.City, zoom: float) -> list[dict[str, Any]]:
    """Move to the middle of the city, and give the tiles that are seen: their address, and their box in pixels."""
    x0, y0, x1, y1 = town.grids.total_bounds
    page.evaluate(
        "([lat, lon, zoom]) => { gridmapPage.map.setView([lat, lon], zoom, { animate: false }); }",
        [(y0 + y1) / 2, (x0 + x1) / 2, zoom],
    )
    page.wait_for_function(
        """(zoom) => { const all = [...document.querySelectorAll(".leaflet-basemap-pane img")];
          return all.length && all.every((img) => img.complete && img.classList.contains("leaflet-tile-loaded"))
            && gridmapPage.map.getZoom() === zoom; }""",
        arg=zoom,
    )
    found: list[dict[str, Any]] = page.evaluate(
        """() => { const map = gridmapPage.map, here = map.getContainer().getBoundingClientRect();
          const origin = map.project(map.containerPointToLatLng([0, 0]));
          return [...document.querySelectorAll(".leaflet-basemap-pane img")].map((img) => {
            const box = img.getBoundingClientRect();
            return { src: img.src, x: origin.x + box.left - here.left, y: origin.y + box.top - here.top,
              width: box.width, height: box.height }; }); }"""
    )
    return found


def farthest(tile: dict[str, Any], matrix: TileMatrixSet, datum: crs.Datum, zoom: float) -> float:
    """Tell by how many pixels a tile lies off its ground at most, by Python's own shift, on a net of 17 x 17 places."""
    z, row, column = (int(part) for part in tile["src"].split("?")[0].split("/")[-3:])
    u, v = (side.ravel() for side in np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 17)))
    lon, lat = crs.to_wgs84(*matrix.to_degrees((column + u) / 2**z, (row + v) / 2**z), datum)
    x, y = WEB_MERCATOR.to_world(lon, lat)
    size = 256 * 2**zoom
    off = np.hypot(tile["x"] + u * tile["width"] - x * size, tile["y"] + v * tile["height"] - y * size)
    return float(off.max())


def test_tiles_in_gcj02_lie_within_a_pixel_or_so_of_their_ground(page: Page, town: city.City) -> None:
    page.goto("/maps/grids")
    expect(page.locator("html[data-ready=true]")).to_be_attached()
    expect(page.locator("[data-basemap=tiles]")).to_be_attached()
    unshifted = []
    for zoom in (12.0, 14.0, 16.0, 18.0):
        tiles = tiles_on(page, town, zoom)
        assert len(tiles) >= 6
        # half a pixel of rounding, and what GCJ-02 turns within one tile
        assert max(farthest(tile, WEB_MERCATOR, crs.Datum.GCJ02, zoom) for tile in tiles) < 1.25
        unshifted.append(min(farthest(tile, WEB_MERCATOR, crs.Datum.WGS84, zoom) for tile in tiles))
        # no gap and no overlap: neighbours in a row share their edge
        by_place = {tuple(map(int, t["src"].split("/")[-3:])): t for t in tiles}
        for (z, row, column), tile in by_place.items():
            if (z, row, column + 1) in by_place:
                assert tile["x"] + tile["width"] == pytest.approx(by_place[z, row, column + 1]["x"], abs=0.01)
            if (z, row + 1, column) in by_place:
                assert tile["y"] + tile["height"] == pytest.approx(by_place[z, row + 1, column]["y"], abs=0.01)
    # the negative control: where they lay before they were shifted they are some 500 m off
    assert unshifted[1] > 50
    assert unshifted[3] > 800
    # between two whole zooms pictures are stretched, and lie as well
    assert max(farthest(t, WEB_MERCATOR, crs.Datum.GCJ02, 15.5) for t in tiles_on(page, town, 15.5)) < 2


def test_tiles_in_degrees_are_stretched_to_where_they_belong(
    page: Page, services: dict[str, str], town: city.City, server: MapServer
) -> None:
    page.goto(services["degrees"] + "/maps/grids")
    expect(page.locator("[data-basemap=tiles]")).to_be_attached()
    for zoom in (12.0, 15.0):
        for tile in tiles_on(page, town, zoom):
            assert farthest(tile, CGCS2000, crs.Datum.CGCS2000, zoom) < 1.0
    for tile in tiles_on(page, town, 17.0):  # the server ends at 15: four times as large
        assert farthest(tile, CGCS2000, crs.Datum.CGCS2000, 17.0) < 4.0
    assert all(path.endswith("?key=a&b=c") for path in server.asked if path.startswith("/degrees"))


def test_the_shift_of_pages_is_that_of_the_service(page: Page) -> None:
    rng = np.random.default_rng(3)
    lon = np.r_[rng.uniform(70, 140, 3000), 72.004, 137.8347, 0.0, -120.0]
    lat = np.r_[rng.uniform(0, 57, 3000), 0.8293, 55.8271, 0.0, 36.0]
    page.goto("/history")
    there, back = page.evaluate(
        """async (all) => { const { toGcj, fromGcj } = await import("/assets/js/datum.js");
          return [all.map(([x, y]) => toGcj(x, y)), all.map(([x, y]) => fromGcj(x, y))]; }""",
        np.column_stack([lon, lat]).tolist(),
    )
    assert np.abs(np.array(there) - np.column_stack(crs.wgs84_to_gcj02(lon, lat))).max() < 1e-9
    assert np.abs(np.array(back) - np.column_stack(crs.gcj02_to_wgs84(lon, lat))).max() < 1e-9


PAGES = ("/", "/plan", "/dispatch", "/history", "/maps/compare", "/ogc/collections/demo.grid/items?f=html")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_with_a_map_has_them_and_says_whose_they_are(page: Page, path: str, server: MapServer) -> None:
    page.goto(path)
    root = page.frame_locator("iframe").first if path == "/" else page
    expect(root.locator("[data-basemap=tiles]").first).to_be_attached()
    expect(root.locator(".leaflet-basemap-pane img.leaflet-tile-loaded").first).to_be_attached()
    # as text, never as code
    expect(root.locator(".gm-basemap-line", has_text="测绘院").first).to_have_text(OWNER)
    expect(root.locator(".gm-basemap-line[role=status]").first).to_be_hidden()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_away_is_said_calmly_in_the_readers_language(page: Page, services: dict[str, str], lang: str) -> None:
    said = {"zh": "底图服务器暂无应答", "en": "The base map's server does not answer"}
    for path in ("/maps/grids?lang=", "/history?lang="):
        page.goto(services["away"] + path + lang)
        expect(page.locator(".gm-basemap-line[role=status]").first).to_contain_text(said[lang])


#: How many pixels of the base map are painted.
_PAINTED = """() => [...document.querySelectorAll(".leaflet-basemap-pane canvas")].reduce((sum, canvas) => {
  if (!canvas.width) { return sum; }
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) { if (data[i]) { painted += 1; } }
  return sum + painted; }, 0)"""


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_an_archive_is_painted_beneath_every_map_on_every_screen(
    page: Page, services: dict[str, str], size: tuple[int, int], screenshots: Path
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for n, path in enumerate(("/maps/grids", "/maps/compare", "/dispatch", "/ogc/collections/demo.grid/items?f=html")):
        page.goto(services["archive"] + path)
        expect(page.locator("[data-basemap=drawn]").first).to_be_attached()
        page.wait_for_function(f"() => ({_PAINTED})() > 500")
        page.screenshot(path=screenshots / f"basemap-{n}-{size[0]}.png")
    # on paper, too
    page.goto(services["archive"] + "/maps/grids")
    page.wait_for_function(f"() => ({_PAINTED})() > 500")
    page.emulate_media(media="print")
    expect(page.locator(".leaflet-basemap-pane canvas").first).to_be_visible()
    assert page.evaluate(_PAINTED) > 500
    page.screenshot(path=screenshots / f"basemap-print-{size[0]}.png")


def test_only_the_origin_that_is_set_is_allowed(page: Page, server: MapServer, services: dict[str, str]) -> None:
    for path in ("/maps/grids", "/plan", "/ogc?f=html"):
        policy = page.request.get(services["shifted"] + path).headers["content-security-policy"]
        assert f"img-src 'self' data: {server.url};" in policy
        assert policy.count("http") == 1
    assert "http" not in page.request.get(services["shifted"] + "/sign-in").headers["content-security-policy"]
    # a picture of another server is refused by the browser itself
    page.goto("/history")
    refused = page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener("securitypolicyviolation", (e) => done(e.violatedDirective));
          new Image().src = "http://127.0.0.2:9/x.png"; setTimeout(() => done("nothing"), 5000); })"""
    )
    assert refused == "img-src"
