"""What is known of the place of a case, and who should handle it by the rules."""

from collections.abc import Hashable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.crs import widened
from gridmap.domain.assigning import Assigned, AtPlace, Place, Rules, assign
from gridmap.services.ports import FeatureFilter, UnitOfWork
from gridmap.services.responsibility import Plan

#: A road, a lamp or a zone this near to a case is at its place: the accuracy of components of class C.
_AT_M = 10.0


class Places:
    """Features and grids at places, for the cases of one unit of work; layers that no rule asks for are not read."""

    def __init__(self, work: UnitOfWork, rules: Rules, day: date) -> None:
        self._work = work
        self._rules = rules
        self._day = day
        wanted = {layer for rule in rules.rules for layer in rule.layers}
        known = [layer.name for layer in work.features.list_layers()] if wanted else []
        self._named = [name for name in known if name in wanted]
        self._layers = known
        self._kinds: dict[Hashable, npt.NDArray[np.object_]] = {}
        self._components = any(rule.component for rule in rules.rules)

    def component(self, code: str) -> tuple[float, float] | None:
        """Give the place of a component: a point on it."""
        for layer in self._layers or [one.name for one in self._work.features.list_layers()]:
            found = self._work.features.frame(FeatureFilter(layer, self._day, code=code))
            if len(found):
                point = shapely.point_on_surface(found.geometry.iloc[0])
                return float(point.x), float(point.y)
        return None

    def assign(
        self, plan: Plan | None, lon: float, lat: float, category: str, grid_code: str | None, component: str | None
    ) -> Assigned:
        """Tell who should handle a case, by the first rule that fits."""
        kind = desk = None
        if plan is not None and grid_code is not None and grid_code in plan.rows:
            kind, desk = self._of_grid(plan, grid_code)
        elif plan is not None:
            ref = plan.desk(lon, lat)
            desk = None if ref is None else ref.code
        features = self._at(lon, lat, component)
        return assign(self._rules, Place(category, component, grid_code, kind, desk, features))

    def _of_grid(self, plan: Plan, code: str) -> tuple[str | None, str | None]:
        """Give the kind of a grid, and the area above it whose desk stands in for it."""
        if plan.key not in self._kinds:
            there = "kind" in plan.frame
            self._kinds[plan.key] = plan.frame["kind"].to_numpy(object) if there else np.full(len(plan.frame), None)
        found = self._kinds[plan.key][plan.rows[code]]
        return None if found is None or pd.isna(found) else str(found), plan.parents.get(code)

    def _at(self, lon: float, lat: float, component: str | None) -> Sequence[AtPlace]:
        """Give the features at a place, the component that is named first, then the nearest and smallest."""
        found: list[tuple[float, float, AtPlace]] = []
        if component is not None and self._components:
            for layer in self._layers:
                rows = self._work.features.frame(FeatureFilter(layer, self._day, code=component))
                found += [
                    (-1.0, 0.0, AtPlace(layer, str(code), attributes))
                    for code, attributes in zip(rows["code"], rows["attributes"], strict=True)
                ]
        if not self._named:
            return [feature for _, _, feature in found]
        west, south, east, north = widened((lon, lat, lon, lat), _AT_M).tolist()
        box = (west, south, east, north)
        here, spot = shapely.box(*box), shapely.Point(lon, lat)
        for layer in self._named:
            rows = self._work.features.frame(FeatureFilter(layer, self._day, bbox=box))
            shapes = np.asarray(rows.geometry.array)
            for row in np.flatnonzero(shapely.intersects(shapes, here)).tolist() if len(rows) else ():
                near, size = float(shapely.distance(shapes[row], spot)), float(shapely.area(shapes[row]))
                found.append((near, size, AtPlace(layer, str(rows["code"].iat[row]), rows["attributes"].iat[row])))
        return [feature for _, _, feature in sorted(found, key=lambda one: one[:2])]
