"""The whole service over a small city, on a loopback port, for the tests of the pages."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import city
import pandas as pd
import uvicorn

from api.app import create_app
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.patrols import import_fixes
from gridmap.services.ports import Store
from gridmap.services.public_heat import release_month
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
LEVELS = (Level("street", 0), Level("area", 1), Level("grid", 2))


def fill(store: Store, settings: Settings, town: city.City) -> None:
    """Put the city into a store as set ``demo``, and once more with hostile names as set ``canary``."""
    whole = pd.concat([town.streets, town.areas, town.grids], ignore_index=True)
    hostile = pd.concat([town.streets, town.areas, city.with_canaries(town.grids)], ignore_index=True)
    hostile.loc[hostile["code"] == "S1", "name"] = city.CANARIES[2]
    with store.unit_of_work() as work:
        for name, title, frame in (("demo", "青屿区网格", whole), ("canary", city.CANARIES[0], hostile)):
            work.boundaries.put_set(BoundarySet(name, LEVELS, title))
            publish_frame(work, name, frame, valid_from=date(2025, 1, 1), published_at=NOW)
            work.staff.replace(name, town.staff, valid_from=ALWAYS)
        work.context.replace(town.context)
        work.commit()
    plans = Plans(store)
    import_incidents(store, plans, [town.incidents], settings=settings, commit=lambda: True)
    import_fixes(store, plans, [town.fixes], settings=settings, commit=lambda: True)


@contextmanager
def serve(
    folder: Path, *, town: city.City | None, more: Callable[[Store, Settings], None] | None = None
) -> Iterator[str]:
    """Serve a city (None: an empty store), with more in its store if there is any, and give the address."""
    settings = Settings(database_url=f"sqlite:///{folder / 'pages.gpkg'}", default_set="demo")
    store = open_store(settings.database_url)
    if town is not None:
        fill(store, settings, town)
        release_month(store, Plans(store), date(2026, 9, 1), settings=settings, clock=FixedClock(NOW))
    if more is not None:
        more(store, settings)
    with running(create_app(settings, store, FixedClock(NOW))) as url:
        yield url
    store.close()


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve an app on a loopback port that the system chooses, and give the address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    with started(server):
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def started(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> Iterator[None]:
    """Let a server run in a thread, on its own address or on sockets that listen already."""
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        assert time.monotonic() < until, "the service did not start in 20 s"
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
