"""Bring the demonstration district into a store: everything in one transaction, or nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.content import content_hash
from gridmap.analysis.lineage import infer_lineage
from gridmap.analysis.locator import Locator
from gridmap.crs import WGS84
from gridmap.demo.district import District, build_district
from gridmap.demo.facilities import make_facilities, make_profiles
from gridmap.demo.files import LAYERS, read_district
from gridmap.demo.former import SPLIT, former_frame
from gridmap.demo.incidents import make_incidents
from gridmap.demo.patrols import make_fixes
from gridmap.demo.points import add_planted
from gridmap.demo.watching import CAMERAS, RELICS, make_cameras, make_checks, make_relics
from gridmap.demo.ways import WAYS, make_ways
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.domain.incidents import StaffMember
from gridmap.services.clock import SystemClock
from gridmap.services.ports import Store, UnitOfWork
from gridmap.services.publishing import publish_frame

SET_NAME = "grid-management"
LEVELS = (Level("street", 0), Level("area", 1), Level("grid", 2))
_DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"
_STAFF = ["grid_code", "role", "name", "phone", "department"]
#: Why the borders were redrawn.
_NOTE = f"{SPLIT} 个户数过多的网格各分为两个"
_COLUMNS = ["code", "name", "level", "parent_code", "households", "attributes"]


def demo_district() -> District:
    """Give the district: from the files of a checkout, else drawn from the seed."""
    if all((_DATA / name).is_file() for name in [*LAYERS.values(), "staff.csv", "truth.json", "seed.toml"]):
        return read_district(_DATA)
    return add_planted(build_district())


def brought_forward(district: District, weeks: int) -> District:
    """Give the district with its window of incidents and patrols so many weeks later; weekdays stay weekdays."""
    later = timedelta(weeks=weeks)
    seed = replace(
        district.seed, first_day=district.seed.first_day + later, last_day=district.seed.last_day + later
    )  # fmt: skip
    clusters = [
        {**one, **{key: (date.fromisoformat(one[key]) + later).isoformat() for key in ("first_day", "last_day")}}
        for one in district.truth["clusters"]
    ]
    return replace(district, seed=seed, truth={**district.truth, "clusters": clusters})


def load_demo(store: Store, *, weeks: int = 0, on_progress: Callable[[str], None] | None = None) -> District:
    """Load boundaries, staff, profiles, context, facilities, incidents and fixes in one unit of work.

    Loading twice changes nothing: the same version is not published again, points that are there count as duplicates.
    ``weeks``: so much later than the seed says, that the window may end in these days.

    Raises
    ------
    Conflict
        ``content_differs``: the store holds other incidents under the ids of the demonstration.
    """
    tell = on_progress or (lambda step: None)
    tell("district")
    district = brought_forward(demo_district(), weeks)
    tell("incidents")
    incidents = make_incidents(district)
    tell("fixes")
    fixes = make_fixes(district)
    tell("facilities")
    layers, profiles = make_facilities(district), make_profiles(district)
    layers += [(CAMERAS, make_cameras(district)), (RELICS, make_relics(district)), (WAYS, make_ways(district))]
    tell("owners")
    locator = Locator.from_frame(district.grids)
    complete = plan_frame(district)
    content = content_hash(complete)
    tell("store")
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet(SET_NAME, LEVELS, district.seed.name_zh))
        versions = work.boundaries.list_versions(SET_NAME)
        if versions and versions[-1].content_hash == content:
            number = versions[-1].number
        else:
            number = _publish(work, complete, district.seed.first_day, first=not versions)
        members = [StaffMember(*row) for row in district.staff[_STAFF].itertuples(index=False)]
        work.staff.replace(SET_NAME, members, valid_from=ALWAYS)
        work.profiles.put(SET_NAME, profiles, valid_from=ALWAYS)
        work.context.replace(district.context)
        for layer, features in layers:
            work.features.put_layer(layer)
            work.features.replace(layer.name, features, valid_from=ALWAYS, owners=partial(_owned, locator, number))
        work.inspections.add_checks(RELICS.name, make_checks(district))
        work.incidents.add(_with_owner(incidents, locator, number))
        work.patrols.add(_with_owner(fixes, locator, number, border=False))
        work.commit()
    return district


def _publish(work: UnitOfWork, complete: gpd.GeoDataFrame, day: date, *, first: bool) -> int:
    """Put the plan in force from a day on; in an empty set the borders before it, too, with what became of them."""
    now = SystemClock().now()
    if not first:
        return publish_frame(work, SET_NAME, complete, valid_from=day, published_at=now).number
    former = former_frame(complete)
    before = publish_frame(work, SET_NAME, former, valid_from=ALWAYS, published_at=now).number
    draft = work.boundaries.add_draft(
        SET_NAME, complete, valid_from=day, content_hash=content_hash(complete), note=_NOTE, based_on=before
    )
    edges = infer_lineage(former, complete, levels=[level.name for level in LEVELS])
    work.boundaries.add_lineage(SET_NAME, draft.number, edges)
    return work.boundaries.publish(SET_NAME, draft.number, valid_from=day, published_at=now).number


def _owned(locator: Locator, number: int, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell whose features are, by the place where they stand: of lines by one on them."""
    owned = _with_owner(frame.set_geometry(frame.representative_point()), locator, number, border=False)
    return pd.DataFrame(owned[["set_name", "version_number", "grid_code"]]).reset_index(drop=True)


def plan_frame(district: District) -> gpd.GeoDataFrame:
    """Give streets, areas and grids as one frame, as a version is published; streets have no parent in the set."""
    streets = district.streets.assign(parent_code=None)
    levels = [f.assign(attributes=None) for f in (streets, district.areas, district.grids)]
    frame = pd.concat([f[[*_COLUMNS, "geometry"]] for f in levels], ignore_index=True)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WGS84)


def _with_owner(points: gpd.GeoDataFrame, locator: Locator, number: int, *, border: bool = True) -> gpd.GeoDataFrame:
    """Add the owner and the version that was asked; with ``border`` also ``method`` and ``border_m``."""
    lon, lat = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    answers = locator.locate_many(lon, lat, border=border)
    codes = np.array([*locator.codes, None], dtype=object)
    points = points.assign(grid_code=codes[answers.owner], set_name=SET_NAME, version_number=number)
    return points.assign(method=answers.methods(), border_m=answers.border_m) if border else points
