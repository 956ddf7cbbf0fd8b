"""A town to be redrawn in the browser: edge-matched grids, one set of them with a hole, units to paint with, cases."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import city
import geopandas as gpd
import numpy as np
import page_service
import pandas as pd
import shapely

from api.app import create_app
from gridmap import crs
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.features import FeatureLayer
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.ports import Store
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

LEVELS = (Level("street", 0), Level("area", 1), Level("grid", 2, contiguous=True))
SIDE = 8
FIRST_DAY = date(2025, 1, 1)
#: Side of the units to paint with, in degrees of latitude: about 60 m.
UNIT_DEG = 0.00055


def town() -> city.City:
    """Give the small city, its corners on a net of 0.1 mm so that neighbours have the very same ones."""
    return city.build(SIDE, SIDE)


def whole(built: city.City, without: str | None = None) -> gpd.GeoDataFrame:
    """Give all levels as one frame; ``without``: a grid that is missing, so that there is a hole."""
    grids = built.grids if without is None else built.grids[built.grids["code"] != without]
    return gpd.GeoDataFrame(pd.concat([built.streets, built.areas, grids], ignore_index=True), crs=crs.WGS84)


def middle_code(built: city.City) -> str:
    """Give the code of a grid that lies inside the city, with neighbours all around."""
    at = shapely.centroid(shapely.union_all(np.asarray(built.grids.geometry.array)))
    return str(built.grids["code"].iloc[int(np.argmin(shapely.distance(built.grids.geometry.array, at)))])


def units(built: city.City) -> gpd.GeoDataFrame:
    """Give square units over the middle of the city."""
    x0, y0, x1, y1 = built.grids.total_bounds
    step_x = UNIT_DEG / math.cos(math.radians((y0 + y1) / 2))
    xs = np.arange(x0 + (x1 - x0) * 0.3, x0 + (x1 - x0) * 0.7, step_x)
    ys = np.arange(y0 + (y1 - y0) * 0.3, y0 + (y1 - y0) * 0.7, UNIT_DEG)
    boxes = [shapely.box(x, y, x + step_x, y + UNIT_DEG) for x in xs for y in ys]
    n = len(boxes)
    return gpd.GeoDataFrame(
        {"code": [f"u{i:04d}" for i in range(n)], "name": None, "state": "open", "attributes": [{}] * n},
        geometry=boxes,
        crs=crs.WGS84,
    )


def _nobody(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    n = len(frame)
    numbers = pd.array([None] * n, dtype="Int64")
    return pd.DataFrame({"set_name": [None] * n, "version_number": numbers, "grid_code": [None] * n}, index=frame.index)


def publish(store: Store, built: city.City, names: tuple[str, ...]) -> None:
    """Put the town into a store: as set ``demo``, and with a hole as set ``holed``; with the units to paint with."""
    with store.unit_of_work() as work:
        for name, title, missing in (("demo", "青屿区网格", None), ("holed", "有空白的网格", middle_code(built))):
            if name in names:
                work.boundaries.put_set(BoundarySet(name, LEVELS, title))
                frame = whole(built, missing)
                publish_frame(work, name, frame, valid_from=FIRST_DAY, published_at=page_service.NOW)
        work.context.replace(built.context)
        work.features.put_layer(FeatureLayer("units", "单元"))
        work.features.replace("units", units(built), valid_from=FIRST_DAY, owners=_nobody)
        work.commit()


@contextmanager
def serve(folder: Path, built: city.City, **settings: Any) -> Iterator[tuple[str, Any]]:
    """Serve the town as set ``demo``, and with a hole as set ``holed``; give the address and the store."""
    chosen = Settings(database_url=f"sqlite:///{folder}/plan.gpkg", default_set="demo", **settings)
    store = open_store(chosen.database_url)
    publish(store, built, ("demo", "holed"))
    import_incidents(store, Plans(store), [built.incidents], settings=chosen, commit=lambda: True)
    with page_service.running(create_app(chosen, store, FixedClock(page_service.NOW))) as url:
        yield url, store
    store.close()
