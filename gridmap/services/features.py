"""Layers of facilities and thematic zones: brought in from a day on, asked for a day with the owners of that day."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.crs import widened
from gridmap.domain.boundaries import ALWAYS, BoundarySet, VersionState
from gridmap.domain.features import FeatureLayer
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.ports import Box, FeatureFilter, Owners, Store, UnitOfWork
from gridmap.services.responsibility import Plan, Plans, locate_many
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class LayerOutcome:
    """What an import of a layer did, or would do; it holds in ``[valid_from, valid_to)``."""

    report: Report
    layer: FeatureLayer
    features: int
    committed: bool
    valid_from: date
    valid_to: date | None


def import_layer(
    store: Store,
    plans: Plans,
    boundary_set: BoundarySet | None,
    layer: FeatureLayer,
    frame: gpd.GeoDataFrame,
    *,
    today: date,
    settings: Settings,
    valid_from: date | None = None,
    file_report: Report | None = None,
    commit: bool = False,
) -> LayerOutcome:
    """Let a file be a layer from a day until the next change on record.

    Findings that are errors stop the commit; a feature that lies in no grid is a note.

    Parameters
    ----------
    boundary_set : BoundarySet, optional
        The set whose grids own the features; None in a store without sets.
    layer : FeatureLayer
        An empty title keeps the one that is there.
    frame : GeoDataFrame
        ``code, name, state, attributes`` and geometry, WGS 84.
    today : date
    valid_from : date, optional
        First day. Without it: ``today``, or always for a new layer.

    Raises
    ------
    InvalidInput
        ``bad_name``.
    """
    name = layer.name
    if not name or len(name) > settings.max_text or not all(c.isalnum() or c in "-_." for c in name):
        raise InvalidInput("bad_name")  # it becomes part of addresses
    with store.unit_of_work() as work:
        former = work.features.find_layer(name)
        start = valid_from or (today if former else ALWAYS)
        end = work.features.next_change(name, start)
        owners = _owners(work, plans, boundary_set, settings)
        grids = owners(frame.assign(valid_from=start))["grid_code"]
        notes = [
            Finding("feature_without_grid", Severity.NOTE, (code,))
            for code, grid in zip(frame["code"], grids, strict=True)
            if grid is None and boundary_set is not None
        ]
        found = (file_report or Report()) + report(notes)
        committed = commit and not found.errors
        titled = replace(layer, title=layer.title or (former.title if former else ""))
        if committed:
            work.features.put_layer(titled)
            work.features.replace(name, frame, valid_from=start, owners=owners)
            work.commit()
    return LayerOutcome(found, titled, len(frame), committed, start, end)


def change_layer(
    store: Store,
    plans: Plans,
    boundary_set: BoundarySet | None,
    name: str,
    change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame],
    *,
    today: date,
    settings: Settings,
) -> None:
    """Change single features of a layer from today on; nobody else changes it meanwhile.

    Parameters
    ----------
    change : callable
        Gets the features of today as the repository gives them, and gives those that are to be.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``. As ``change`` and the repository.
    """
    with store.unit_of_work() as work:
        # written first: from here on others wait
        work.features.put_layer(require_layer(work, name))
        changed = change(work.features.frame(FeatureFilter(name, today)))
        owners = _owners(work, plans, boundary_set, settings)
        work.features.replace(name, changed, valid_from=today, owners=owners)
        work.commit()


def _owners(work: UnitOfWork, plans: Plans, boundary_set: BoundarySet | None, settings: Settings) -> Owners:
    """Give the function that tells whose features are on their first days, by the place in their middle."""

    def owners(frame: gpd.GeoDataFrame) -> pd.DataFrame:
        made = pd.DataFrame({"set_name": None, "version_number": None, "grid_code": None}, index=range(len(frame)))
        days = frame["valid_from"].to_numpy()
        for day in sorted(set(days)):
            plan = None if boundary_set is None else _plan_from(work, plans, boundary_set, day)
            if plan is None:
                continue
            here = np.flatnonzero(days == day)
            made.loc[here, "grid_code"] = owners_of(plan, frame.geometry.array[here], settings)
            made.loc[here, "set_name"] = plan.boundary_set.name
            made.loc[here, "version_number"] = plan.version.number
        return made

    return owners


def _plan_from(work: UnitOfWork, plans: Plans, boundary_set: BoundarySet, day: date) -> Plan | None:
    """Give the plan of a day; before the first version there is none yet, and that one answers."""
    version = work.boundaries.version_at(boundary_set.name, day)
    if version is None:
        later = [
            v
            for v in work.boundaries.list_versions(boundary_set.name)
            if v.state is VersionState.PUBLISHED and v.valid_from > day and v.valid_to != v.valid_from
        ]
        version = min(later, key=lambda v: v.valid_from, default=None)
    return None if version is None else plans.of(boundary_set, version, work)


def owners_of(plan: Plan, geometry: npt.ArrayLike, settings: Settings) -> npt.NDArray[np.object_]:
    """Give the grid of each geometry (WGS 84): the one that holds a place inside it, or None."""
    inside = shapely.point_on_surface(np.asarray(geometry, dtype=object))
    lon, lat = shapely.get_x(inside), shapely.get_y(inside)
    return locate_many(plan, lon, lat, nearest_within_m=settings.nearest_within_m)[0]


def page_features(
    store: Store,
    plan: Plan | None,
    where: FeatureFilter,
    *,
    limit: int,
    settings: Settings,
    after_code: str | None = None,
    grid: str | None = None,
) -> gpd.GeoDataFrame:
    """Give up to ``limit`` features of a layer on a day, by code, with their owners of that day.

    Parameters
    ----------
    plan : Plan, optional
        The grids of the day; None in a store without any.
    grid : str, optional
        Only what lies in this grid or area on that day.

    Returns
    -------
    GeoDataFrame
        As the store gives it, with ``grid_code`` of the day asked for; ``first_set``, ``first_version`` and
        ``first_grid_code`` tell whose it was on its first day.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``, ``grid_unknown``.
    """
    with store.unit_of_work() as work:
        require_layer(work, where.layer)
        if grid is None:
            frame = work.features.page(where, limit=limit, after_code=after_code)
            return with_owners(frame, plan, settings)
        if plan is None or grid not in plan.refs:
            raise NotFound("grid_unknown")
        box = where.bbox or _box_around(plan, grid, settings.nearest_within_m)
        frame = work.features.frame(replace(where, bbox=box))
    owned = with_owners(frame, plan, settings)
    mine = {code for code in set(owned["grid_code"].dropna()) if any(ref.code == grid for ref in plan.chain(code))}
    kept = owned[owned["grid_code"].isin(mine)]
    return (kept if after_code is None else kept[kept["code"] > after_code]).head(limit)


def require_layer(work: UnitOfWork, name: str) -> FeatureLayer:
    """Give a layer by its name.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``.
    """
    known = {layer.name: layer for layer in work.features.list_layers()}
    if name not in known:
        raise NotFound("feature_layer_unknown", known=", ".join(known))
    return known[name]


def with_owners(frame: gpd.GeoDataFrame, plan: Plan | None, settings: Settings) -> gpd.GeoDataFrame:
    """Ask again whose features are, by the grids of a plan; keep whose they were on their first day."""
    named = {"set_name": "first_set", "version_number": "first_version", "grid_code": "first_grid_code"}
    owners = [None] * len(frame) if plan is None else owners_of(plan, frame.geometry.array, settings)
    return frame.rename(columns=named).assign(grid_code=pd.Series(owners, index=frame.index, dtype=object))


def _box_around(plan: Plan, code: str, metres: float) -> Box:
    west, south, east, north = widened(plan.frame.loc[plan.frame["code"] == code].total_bounds, metres).tolist()
    return west, south, east, north
