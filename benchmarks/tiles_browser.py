"""Pan and zoom over 20,000 unit grids in Chromium, drawn from our tiles: how long the frames take.

``python -m benchmarks.tiles_browser``. A page with the vendored Leaflet and protomaps-leaflet asks a server on loopback
for the tiles; while a script moves the map, each gap between two animation frames is taken, and the longest task of the
page, which other processes lengthen less. Tiles are kept as the service keeps them; ``--cold``: they are made each time
they are asked for.
"""

import argparse
import http.server
import json
import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks.coverages import coverage
from gridmap.tiles.columns import columns_of
from gridmap.tiles.matrix import WEB_MERCATOR
from gridmap.tiles.pyramid import Pyramid

_VENDOR = Path(__file__).resolve().parents[1] / "api" / "web" / "vendor"
_SIZE = 20_000

_PAGE = """<!doctype html><html><head><link rel="stylesheet" href="/vendor/leaflet@1.9.4/dist/leaflet.css">
<style>html,body,#m{height:100%;margin:0}</style></head><body><div id="m"></div>
<script src="/vendor/leaflet@1.9.4/dist/leaflet.js"></script>
<script src="/vendor/protomaps-leaflet@5.1.0/dist/protomaps-leaflet.js"></script>
<script>
const map = L.map("m", { attributionControl: false, zoomSnap: 0.25 }).setView([36.05, 120.1], 13);
const fill = new protomapsL.PolygonSymbolizer({ fill: "#dfe6ea", stroke: "#5b6b7a", width: 0.7, opacity: 0.8 });
protomapsL.leafletLayer({ url: location.origin + "/{z}/{y}/{x}", maxDataZoom: 18, labelRules: [], attribution: "",
  paintRules: [{ dataLayer: "grids", symbolizer: fill }] }).addTo(map);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
window.measure = async (steps) => {
  const gaps = [], long = [];
  const seen = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
  seen.observe({ entryTypes: ["longtask"] });
  let last = performance.now(), on = true;
  const tick = (now) => { gaps.push(now - last); last = now; if (on) { requestAnimationFrame(tick); } };
  requestAnimationFrame(tick);
  for (const [x, y, zoom] of steps) {
    if (zoom) { map.setZoom(map.getZoom() + zoom); } else { map.panBy([x, y], { duration: 0.4 }); }
    await wait(700);
  }
  on = false;
  long.push(...seen.takeRecords().map((entry) => entry.duration));
  seen.disconnect();
  return [gaps.slice(1), long];
};
</script></body></html>"""
#: Pixels to the right and down, or matrices in and out.
_STEPS = [
    *([300, 0, 0], [0, 250, 0], [0, 0, 1], [-300, 0, 0], [0, 0, 1]),
    *([250, 200, 0], [0, 0, -1], [0, 0, -1], [-250, -200, 0]),
]


def _longest(tasks: list[float]) -> str:
    """Say the longest task of the page itself; browsers tell of those from 50 ms on."""
    return f"{max(tasks):.0f} ms" if tasks else "under 50 ms"


def main() -> None:
    """Print the longest frame, the 99th percentile and the median of each run."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cold", action="store_true", help="make each tile when it is asked for")
    arguments.add_argument("--slower", type=float, default=1.0, help="times that Chromium is slowed down")
    arguments.add_argument("--runs", type=int, default=3)
    said = arguments.parse_args()
    cold = said.cold
    shapes = coverage(_SIZE)
    pyramid = Pyramid([shapes], WEB_MERCATOR)
    codes = [f"3702{n:011d}" for n in range(len(shapes))]
    columns = columns_of(codes, {"code": codes})
    made: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                body, kind = _PAGE.encode(), "text/html"
            elif self.path.startswith("/vendor/"):
                body = (_VENDOR / self.path.removeprefix("/vendor/")).read_bytes()
                kind = "text/css" if self.path.endswith("css") else "text/javascript"
            elif self.path.count("/") == 3:
                if cold or self.path not in made:
                    made[self.path] = pyramid.layer("grids", 0, columns, *map(int, self.path[1:].split("/")))
                body, kind = made[self.path], "application/vnd.mapbox-vector-tile"
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the map moved on
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": said.slower})
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
        page.wait_for_timeout(6_000)
        print(f"{_SIZE} unit grids, {len(pyramid._net.vertex)} vertices; load {os.getloadavg()[0]:.1f}")
        for run in range(said.runs):
            found_gaps, tasks = page.evaluate(f"measure({json.dumps(_STEPS)})")
            gaps = np.array(found_gaps)
            over = int((gaps > 100).sum())
            figures = (
                f"longest {gaps.max():.0f} ms, 99 % {np.percentile(gaps, 99):.0f} ms, median {np.median(gaps):.0f} ms"
            )
            print(f"  run {run + 1}: {len(gaps)} frames, {figures}, {over} over 100 ms; longest task {_longest(tasks)}")
            page.wait_for_timeout(1_000)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
