"""A service with accounts over the city, for the page Dispatch: two dispatchers, a supervisor, and others."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import city
import page_service
import pandas as pd
import shapely
from doors_world import CHEAP, PASSWORD

from api.app import create_app
from gridmap.demo.former import former_frame
from gridmap.domain.access import OPERATOR, Area, Grant, Role
from gridmap.domain.boundaries import ALWAYS, BoundarySet
from gridmap.services.incidents import import_incidents
from gridmap.services.patrols import import_fixes
from gridmap.services.ports import Store
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

PEOPLE = {
    "li.na": ("李娜", Role.DISPATCHER),
    "wang.lei": ("王磊", Role.DISPATCHER),
    "zhao.qiang": ("赵强", Role.SUPERVISOR),
    "sun.li": ("孙丽", Role.FIELD),
    "lin.ju": ("林局", Role.LEADER),
}
NOW = page_service.NOW


class Watch:
    """A clock that began at a Monday morning and goes on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Give the time that it shows."""
        return NOW + timedelta(seconds=time.monotonic() - self._began) + self.ahead


def fill(store: Store, town: city.City) -> None:
    """Put the grids of the city, their people and patrols that were just seen into a store."""
    whole = pd.concat([town.streets, town.areas, town.grids], ignore_index=True)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("demo", page_service.LEVELS, "青屿区网格"))
        publish_frame(work, "demo", whole, valid_from=date(2025, 1, 1), published_at=NOW)
        work.staff.replace("demo", town.staff, valid_from=ALWAYS)
        work.context.replace(town.context)
        work.commit()


def fill_year(store: Store, town: city.City) -> None:
    """Put the city into a store with a redraw in June, incidents of four months and patrols of the last week."""
    whole = pd.concat([town.streets, town.areas, town.grids], ignore_index=True)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("demo", page_service.LEVELS, "青屿区网格"))
        for frame, day in ((former_frame(whole), date(2025, 1, 1)), (whole, date(2026, 6, 1))):
            publish_frame(work, "demo", frame, valid_from=day, published_at=NOW)
        work.staff.replace("demo", town.staff, valid_from=ALWAYS)
        work.context.replace(town.context)
        work.commit()
    plans, settings = Plans(store), Settings(default_set="demo")
    import_incidents(store, plans, [town.incidents], settings=settings, commit=lambda: True)
    import_fixes(store, plans, [town.fixes], settings=settings, commit=lambda: True)


@contextmanager
def serve(
    folder: Path, town: city.City, *, access: str = "accounts", clock: Any = None,
    filled: Callable[[Store, city.City], None] = fill,
) -> Iterator[tuple[str, Any]]:  # fmt: skip
    """Serve the city, and give the address and the app; ``filled`` puts it into the empty store."""
    store = open_store(f"sqlite:///{folder}/dispatch.gpkg")
    filled(store, town)
    settings = Settings(**{**CHEAP, "access": access, "default_set": "demo", "sign_ins_per_minute": 1_000.0})
    app = create_app(settings, store, clock or Watch())
    if access == "accounts":
        for name, (title, role) in PEOPLE.items():
            app.state.desk.accounts.add_person(
                OPERATOR, name, PASSWORD, title=title, grants=(Grant(role, Area("demo")),)
            )
    with page_service.running(app) as url:
        yield url, app
    store.close()


def spots(town: city.City, n: int, *, step: int = 7) -> list[tuple[float, float]]:
    """Give places in the middle of grids that are apart from each other."""
    points = shapely.point_on_surface(town.grids.geometry.array[: n * step : step])
    return [(round(p.x, 6), round(p.y, 6)) for p in points]
