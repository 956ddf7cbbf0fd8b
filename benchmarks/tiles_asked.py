"""Tiles as a reader gets them: through the whole service, cold and warm.

``python -m benchmarks.tiles_asked``. The grids of ``benchmarks.tiles`` lie in an embedded store; the app is asked by
ASGI alone, as a server asks it. *Cold*: nothing was made before, but the plan of the day is in memory. *Made*: the net
is there, the tile is not. *Warm*: the tile is kept; *304*: the reader has it. Medians of wall milliseconds.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from api.app import create_app
from benchmarks.ogc import NOW, Answer, asked
from benchmarks.tiles import _PLACE, net_of_squares, ours
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.services.clock import FixedClock
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store
from gridmap.tiles.matrix import WEB_MERCATOR

_Z = 12


def main() -> None:
    """Print a line for each number of grids."""
    ours(net_of_squares(3, _Z, 16), (_Z, 0, 0))  # loops are compiled once, when the service is installed
    print(f"load {os.getloadavg()[0]:.1f}")
    for side in (63, 16):
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(_run(side, Path(folder)))  # one loop, whose threads stay, as in a server
            print(f"{side * side:,} grids: " + ", ".join(f"{name} {took:.2f} ms" for name, took in found))


async def _run(side: int, folder: Path) -> list[tuple[str, float]]:
    frame = net_of_squares(side, _Z, 20).assign(
        level="grid", kind=None, parent_code=None, households=100, attributes=None
    )
    store = open_store(f"sqlite:///{folder}/bench.gpkg")
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("urban", (Level("grid", 0),), "城市管理"))
        publish_frame(work, "urban", frame, valid_from=date(2026, 1, 1), published_at=NOW)
        work.commit()
    kept = folder / "tiles"
    settings = Settings(access="open", requests_per_s=1e9, network_requests_per_s=1e9, tile_dir=kept)
    app = create_app(settings, store, FixedClock(NOW))
    row, _, column, _ = WEB_MERCATOR.limits((*_PLACE, *_PLACE), _Z)
    path = f"/ogc/collections/urban.grid/tiles/WebMercatorQuad/{_Z}/{row}/{column}"

    async def get(*headers: tuple[bytes, bytes]) -> Answer:
        answer = await asked(app, path, "", [(b"accept-encoding", b"gzip"), *headers])
        assert answer.status in (200, 304), answer
        return answer

    def forget(*, net: bool) -> None:
        for part in kept.iterdir():
            shutil.rmtree(part)
        if net:
            app.state.context.tile_layers._values.clear()
            app.state.context.tile_areas._values.clear()

    tag = (await get()).headers[b"etag"]
    found = [
        ("cold", await _median(get, 9, lambda: forget(net=True))),
        ("made", await _median(get, 9, lambda: forget(net=False))),
        ("warm", await _median(get, 300)),
        ("304", await _median(lambda: get((b"if-none-match", tag)), 300)),
    ]
    app.state.lean.close()
    app.state.doors.close()
    store.close()
    return found


async def _median(
    call: Callable[[], Awaitable[Answer]], times: int, before: Callable[[], None] = lambda: None
) -> float:
    took = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        await call()
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


if __name__ == "__main__":
    main()
