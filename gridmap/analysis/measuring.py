"""Ask the rules of a rulebook of the areas of a plan: sizes, shapes, attributes, parents, and what lies around."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.hierarchy import values_of
from gridmap.analysis.plane import Geometries, as_code, polygons_of
from gridmap.domain.boundaries import Level
from gridmap.domain.people import GridProfile
from gridmap.domain.rulebook import Measure, Rule
from gridmap.domain.rules import Finding

Rows = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]

#: To this a widest place is sought, and so far apart a border is looked at for lines beside it, m.
_WIDTH_TOLERANCE_M = 0.002
_STEP_M = 5.0


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the plan: residents by code, and layers (WGS 84) by name. A rule without its layer rests."""

    people: Mapping[str, GridProfile] = field(default_factory=dict)
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    _kept: dict[tuple[object, ...], shapely.STRtree] = field(default_factory=dict, compare=False)

    def tree(self, rule: Rule, epsg: int) -> shapely.STRtree | None:
        """Give the sound shapes of a rule's layers in metres; None: there is no such layer."""
        held = [self.layers[name] for name in rule.layers if name in self.layers]
        if not held:
            return None
        key = (rule.layers, rule.measure, epsg)
        if key not in self._kept:
            shapes = np.concatenate([np.asarray(x.geometry.array, dtype=object) for x in held])
            sound = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes) & shapely.is_valid(shapes)
            if rule.measure is Measure.CUT:
                sound &= np.isin(shapely.get_type_id(shapes), (3, 6))
            self._kept[key] = shapely.STRtree(crs.to_metric(shapely.force_2d(shapes[sound]), epsg))
        return self._kept[key]


def rule_findings(
    frame: gpd.GeoDataFrame,
    levels: Sequence[Level],
    rules: Sequence[Rule],
    *,
    epsg: int | None = None,
    only: Collection[str] | None = None,
    around: Around | None = None,
    leaf: str | None = None,
) -> list[Finding]:
    """Find every area that breaks a rule.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS of all levels, with ``level``. CRS: WGS 84. Rows without a code are not asked; of those without
        a valid shape, what they say.
    levels : sequence of Level
    rules : sequence of Rule
        In force.
    epsg : int, optional
        Metric CRS of the measures; that of the place by default.
    only : collection of str, optional
        Codes of the areas that are asked; the other rows are their parents and children.
    around : Around, optional
    leaf : str, optional
        Name of the level that ``leaf`` means; the finest one here that tiles by default.

    Returns
    -------
    list of Finding
        One an area and rule, ``by`` the rule. A measure is compared as it is told: rounded to the digits of its kind.
        The geometry is a point in the area; of ``cut`` the buildings.
    """
    if not rules or not len(frame):
        return []
    plan = _Plan(
        frame.reset_index(drop=True), tuple(sorted(levels, key=lambda x: x.order)), epsg, around or Around(), leaf
    )
    found: list[Finding] = []
    for rule in rules:
        rows = plan.rows_of(rule, only)
        if len(rows):
            found += _broken(plan, rule, rows)
    return found


def _broken(plan: "_Plan", rule: Rule, rows: Rows) -> list[Finding]:
    values = np.full(len(rows), np.nan)
    told = [""] * len(rows)
    if rule.measure in (Measure.MISSING, Measure.PARENT):
        told = plan.missing(rule, rows) if rule.measure is Measure.MISSING else plan.wrong_parents(rule, rows)
        wrong = np.flatnonzero([bool(what) for what in told])
    else:
        values = np.round(plan.measured(rule, rows), rule.digits)
        low, high = -np.inf if rule.low is None else rule.low, np.inf if rule.high is None else rule.high
        # what is not known is not compared: not a number is neither below nor above
        wrong = np.flatnonzero((values < low) | (values > high))
    places = plan.places(rule, rows[wrong])
    return [
        Finding(
            rule.id,
            rule.severity,
            (plan.codes[rows[i]] or "",),
            None if np.isnan(values[i]) else float(values[i]),
            rule.unit,
            place,
            {"level": str(plan.levels[plan.level[rows[i]]].name), **({"what": told[i]} if told[i] else {})},
            rule,
        )
        for i, place in zip(wrong.tolist(), places, strict=True)
    ]


class _Plan:
    """The rows of a plan, and what was measured of them; every shape is projected once."""

    def __init__(
        self, frame: gpd.GeoDataFrame, levels: tuple[Level, ...], epsg: int | None, around: Around, leaf: str | None
    ) -> None:
        frames.require_wgs84(frame)
        self.frame, self.levels, self.around = frame, levels, around
        self.codes = [as_code(v) for v in frame["code"].to_numpy(object)]
        place = {x.name: i for i, x in enumerate(levels)}
        names = frame["level"].to_numpy(object)
        self.level = np.array([place.get(v, -1) if isinstance(v, str) else -1 for v in names], dtype=np.intp)
        self.kinds = self._column("kind")
        self.parents = self._column("parent_code")
        self.shapes: Geometries = np.asarray(frame.geometry.array, dtype=object)
        flat = np.isin(shapely.get_type_id(self.shapes), (3, 6)) & ~shapely.is_empty(self.shapes)
        self.sound = flat & shapely.is_valid(self.shapes)
        self._epsg, self._leaf = epsg, leaf
        self._metric: Geometries = np.full(len(frame), None, dtype=object)
        self._cut: dict[int, BaseGeometry] = {}

    def _column(self, name: str) -> list[str | None]:
        if name not in self.frame.columns:
            return [None] * len(self.frame)
        return [as_code(v) for v in self.frame[name].to_numpy(object)]

    @property
    def leaf(self) -> int:
        """The finest level with rows whose areas cover the ground; -1: none."""
        if self._leaf is not None:
            return next((i for i, x in enumerate(self.levels) if x.name == self._leaf), -1)
        held = set(self.level.tolist())
        tiling = [i for i, x in enumerate(self.levels) if i in held and x.tiles_parent and x.shapes == "area"]
        return tiling[-1] if tiling else -1

    def rows_of(self, rule: Rule, only: Collection[str] | None) -> Rows:
        """Give the rows that a rule is about."""
        picked = self.level >= 0
        if rule.at == "leaf":
            picked &= self.level == self.leaf
        elif rule.at != "any":
            picked &= np.array([i >= 0 and self.levels[i].name == rule.at for i in self.level], dtype=bool)
        picked &= np.array([c is not None and (only is None or c in only) for c in self.codes], dtype=bool)
        if rule.kinds or rule.except_kinds:
            for row in np.flatnonzero(picked).tolist():
                own = {self.kinds[row], self.levels[self.level[row]].name}
                picked[row] = (not rule.kinds or bool(own & set(rule.kinds))) and not own & set(rule.except_kinds)
        return np.flatnonzero(picked)

    def metric(self, rows: Rows) -> Geometries:
        """Give sound shapes in metres; None for the others."""
        fresh = rows[self.sound[rows] & shapely.is_missing(self._metric[rows])]
        if len(fresh):
            if self._epsg is None:
                self._epsg = crs.metric_epsg_of(self.shapes[self.sound])
            self._metric[fresh] = crs.to_metric(shapely.force_2d(self.shapes[fresh]), self._epsg)
        return self._metric[rows]

    def measured(self, rule: Rule, rows: Rows) -> Values:
        """Measure rows; what is not known is not a number."""
        match rule.measure:
            case Measure.AREA:
                return shapely.area(self.metric(rows))
            case Measure.PARTS:
                return _where(shapely.get_num_geometries(self.shapes[rows]), self.sound[rows])
            case Measure.COMPACTNESS:
                shapes = self.metric(rows)
                with np.errstate(invalid="ignore", divide="ignore"):
                    return 4 * np.pi * shapely.area(shapes) / shapely.length(shapes) ** 2
            case Measure.WIDTH:
                return _widths(self.metric(rows), rule)
            case Measure.HOUSEHOLDS:
                return self._numbers("households", rows)
            case Measure.ATTRIBUTE:
                return self._numbers(rule.values[0], rows)
            case Measure.FLOATING:
                known = [self.around.people.get(self.codes[row] or "") for row in rows]
                return np.array([_number(p.floating_residents if p else None) for p in known], dtype=np.float64)
            case Measure.CHILDREN:
                return self._children(rows)
            case Measure.CUT:
                return self._buildings_cut(rule, rows)
            case Measure.ALONG:
                return self._share_along(rule, rows)
        raise AssertionError(rule.measure)

    def _numbers(self, name: str, rows: Rows) -> Values:
        return np.array([_number(v) for v in values_of(self.frame, name, rows)], dtype=np.float64)

    def _children(self, rows: Rows) -> Values:
        counts: dict[str, int] = {}
        for row in np.flatnonzero(self.level >= 0).tolist():
            parent = self.parents[row]
            if parent is not None and self.levels[self.level[row]].tiles_parent:
                counts[parent] = counts.get(parent, 0) + 1
        return np.array([counts.get(self.codes[row] or "", 0) for row in rows], dtype=np.float64)

    def missing(self, rule: Rule, rows: Rows) -> list[str]:
        """Name the attributes that rows lack."""
        held = {name: [as_code(v) for v in values_of(self.frame, name, rows)] for name in rule.values}
        return [", ".join(name for name in rule.values if held[name][i] is None) for i in range(len(rows))]

    def wrong_parents(self, rule: Rule, rows: Rows) -> list[str]:
        """Name what the parent is where it is of a kind that is none."""
        at: dict[str, int] = {}
        for row, code in enumerate(self.codes):
            if code is not None and self.level[row] >= 0:
                at.setdefault(code, row)
        said = []
        for row in rows.tolist():
            above = at.get(self.parents[row] or "", -1)
            kind = "" if above < 0 or self.level[above] >= self.level[row] else self.kinds[above]
            kind = self.levels[self.level[above]].name if kind is None else kind
            said.append(kind if kind in rule.values else "")
        return said

    def _buildings_cut(self, rule: Rule, rows: Rows) -> Values:
        shapes = self.metric(rows)
        tree = None if self._epsg is None else self.around.tree(rule, self._epsg)
        if tree is None:
            return np.full(len(rows), np.nan)
        buildings = tree.geometries
        i, j = tree.query(shapely.boundary(shapes), predicate="intersects")
        inside = shapely.intersection(buildings[j], shapes[i])
        outside = shapely.difference(buildings[j], shapes[i])
        real = _wide(inside, rule.within_m) & _wide(outside, rule.within_m)
        assert self._epsg is not None
        for one in np.unique(i[real]).tolist():
            whole = polygons_of(shapely.union_all(buildings[j[real & (i == one)]]))
            back = crs.from_metric(np.array([whole], dtype=object), self._epsg)
            self._cut[int(rows[one])] = shapely.normalize(back)[0]
        return _where(np.bincount(i[real], minlength=len(rows)), self.sound[rows])

    def _share_along(self, rule: Rule, rows: Rows) -> Values:
        borders = shapely.segmentize(shapely.boundary(self.metric(rows)), _STEP_M)
        lines = None if self._epsg is None else self.around.tree(rule, self._epsg)
        if lines is None:
            return np.full(len(rows), np.nan)
        parts, row = shapely.get_parts(borders, return_index=True)
        xy, part = shapely.get_coordinates(parts, return_index=True)
        same = part[1:] == part[:-1]
        middle, owner = ((xy[1:] + xy[:-1]) / 2)[same], row[part[1:][same]]
        length = np.hypot(*(xy[1:] - xy[:-1])[same].T)
        near = np.zeros(len(middle), dtype=bool)
        near[lines.query(shapely.points(middle), predicate="dwithin", distance=rule.within_m)[0]] = True
        whole = np.bincount(owner, length, len(rows))
        with np.errstate(invalid="ignore"):
            return _where(100 * np.bincount(owner, length * near, len(rows)) / whole, whole > 0)

    def places(self, rule: Rule, rows: Rows) -> list[BaseGeometry | None]:
        """Give where to look."""
        sound = self.sound[rows]
        shown: list[BaseGeometry | None] = [None] * len(rows)
        for i, point in zip(np.flatnonzero(sound), shapely.point_on_surface(self.shapes[rows[sound]]), strict=True):
            shown[i] = point
        if rule.measure is not Measure.CUT:
            return shown
        return [self._cut.get(row, p) for row, p in zip(rows.tolist(), shown, strict=True)]


def _where(values: npt.NDArray[np.generic], known: npt.NDArray[np.bool_]) -> Values:
    return np.where(known, values, np.nan).astype(np.float64)


def _number(value: object) -> float:
    try:
        read = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan
    return read if np.isfinite(read) else np.nan


def _wide(shapes: Geometries, width_m: float) -> npt.NDArray[np.bool_]:
    """Tell which shapes have a place wider than this."""
    return ~shapely.is_empty(shapely.buffer(shapes, -width_m / 2, join_style="mitre"))


def _widths(shapes: Geometries, rule: Rule) -> Values:
    """Measure the widest places: diameters of the largest circles inside. Of those that are surely right a bound."""
    area, length = shapely.area(shapes), shapely.length(shapes)
    with np.errstate(invalid="ignore", divide="ignore"):
        least, most = 2 * area / length, 2 * np.sqrt(area / np.pi)
    out: Values = least.copy()
    low, high = -np.inf if rule.low is None else rule.low, np.inf if rule.high is None else rule.high
    unsure = np.flatnonzero(np.isfinite(least) & ((least < low) | (most > high)))
    if len(unsure):
        circles = shapely.maximum_inscribed_circle(shapes[unsure], tolerance=_WIDTH_TOLERANCE_M)
        out[unsure] = 2 * shapely.length(circles)
    return out
