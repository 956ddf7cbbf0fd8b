"""What the service says about facilities: their coverage, the staff of grids, the provision of areas."""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap import crs
from gridmap.analysis.provision import provision_matrix
from gridmap.analysis.roads import road_network
from gridmap.analysis.service_coverage import (
    RADIUS_M,
    Catchments,
    ServiceCoverage,
    service_coverage,
    straight_catchments,
)
from gridmap.analysis.staffing import staffing
from gridmap.analysis.walking import WALK_M_PER_MIN, WalkingCatchments, walking_catchments
from gridmap.domain.alerts import AlertKind, AlertRules
from gridmap.domain.provision import ProvisionBook
from gridmap.domain.staffing import StaffRules
from gridmap.errors import InvalidInput
from gridmap.services.case_books import book_at, provision_at
from gridmap.services.features import require_layer, with_owners
from gridmap.services.ports import FeatureFilter, Store, UnitOfWork
from gridmap.services.reports import PlanReport, plan_report
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: Facilities count that are open, where nobody asks otherwise.
OPEN = ("open",)


@dataclass(frozen=True, slots=True)
class ServiceAsked:
    """Which facilities, and how far they reach.

    Without ``radius_m`` and ``minutes``: as the book of services says of the layer, else ``RADIUS_M``. ``roads`` is a
    layer of lines; without it, the roads of the context and the ways that the book names. ``dwellings`` is a layer of
    points with the attribute ``households``; without it the households of a grid are spread over its ground.
    """

    layer: str
    radius_m: float | None = None
    minutes: float | None = None
    m_per_min: float | None = None
    roads: str | None = None
    dwellings: str | None = None
    states: tuple[str, ...] = OPEN


@dataclass(frozen=True)
class ServiceReport:
    """What a layer of facilities covers of the grids of a plan. ``asked`` says how far they reach in the end."""

    base: PlanReport
    asked: ServiceAsked
    title: str
    found: ServiceCoverage
    facilities: gpd.GeoDataFrame
    catchments: Catchments

    @property
    def unattached(self) -> int:
        """How many facilities are on no road, and so reach nothing on foot."""
        return self.catchments.unattached if isinstance(self.catchments, WalkingCatchments) else 0


def resolved(asked: ServiceAsked, book: ProvisionBook) -> ServiceAsked:
    """Say how far facilities reach: as asked, else as the book says, else ``RADIUS_M``.

    Raises
    ------
    InvalidInput
        ``reach_twice``: both a radius and a time on foot, or a speed without a time.
    """
    on_foot = asked.minutes is not None
    if (on_foot and asked.radius_m is not None) or (not on_foot and (asked.m_per_min is not None or asked.roads)):
        raise InvalidInput("reach_twice")
    kind = book.service_of(asked.layer)
    radius, minutes, speed = asked.radius_m, asked.minutes, asked.m_per_min
    if not on_foot and radius is None:
        radius, minutes = (RADIUS_M, None) if kind is None else (kind.radius_m, kind.minutes)
        speed = None if kind is None else kind.m_per_min
    if minutes is not None and speed is None:
        speed = kind.m_per_min if kind is not None and kind.m_per_min is not None else WALK_M_PER_MIN
    return ServiceAsked(asked.layer, radius, minutes, speed, asked.roads, asked.dwellings, asked.states)


def measure_service(store: Store, plan: Plan, asked: ServiceAsked, *, day: date) -> ServiceReport:
    """Measure what the facilities of a layer cover on a day; the same numbers as ``service_coverage``.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``.
    InvalidInput
        ``reach_twice``, ``not_positive``.
    """
    base = plan_report(store, plan)
    with store.unit_of_work() as work:
        how = resolved(asked, provision_at(work, day))
        layer = require_layer(work, how.layer)
        facilities = work.features.frame(FeatureFilter(how.layer, day, how.states))
        grids = with_people(work, plan, base.grids, day)
        homes = dwellings_on(work, how.dwellings, day)
        roads = None if how.minutes is None else roads_on(work, how.roads, day)
    epsg = plan.locator.epsg
    catchments: Catchments
    if roads is None:
        assert how.radius_m is not None
        catchments = straight_catchments(facilities, radius_m=how.radius_m, states=how.states, epsg=epsg)
    else:
        assert how.minutes is not None
        assert how.m_per_min is not None
        catchments = walking_catchments(
            facilities, road_network(roads, epsg=epsg), minutes=how.minutes, m_per_min=how.m_per_min, states=how.states
        )
    found = service_coverage(grids, catchments, dwellings=homes)
    return ServiceReport(base, how, layer.title or layer.name, found, facilities, catchments)


def with_people(work: UnitOfWork, plan: Plan, areas: gpd.GeoDataFrame, day: date) -> gpd.GeoDataFrame:
    """Give areas with what is known of their people on a day: the profile first, then what the version says."""
    known = {p.grid_code: p for p in work.profiles.of_day(plan.boundary_set.name, day)}
    profiles = [known.get(code) for code in areas["code"]]
    version = [None if pd.isna(count) else int(count) for count in areas["households"]]
    counted = [
        count if p is None or p.households is None else p.households for p, count in zip(profiles, version, strict=True)
    ]
    floating = [None if p is None else p.floating_residents for p in profiles]
    return areas.assign(
        households=pd.array(counted, dtype="Int64"), floating_residents=pd.array(floating, dtype="Int64")
    )


def dwellings_on(work: UnitOfWork, layer: str | None, day: date) -> gpd.GeoDataFrame | None:
    """Give a point and ``households`` for each dwelling of a layer; None without a layer."""
    if layer is None:
        return None
    require_layer(work, layer)
    found = work.features.frame(FeatureFilter(layer, day))
    count = [_number(held) for held in found["attributes"]]
    points = gpd.GeoSeries(found.geometry.representative_point(), crs=found.crs)
    return gpd.GeoDataFrame({"households": count}, geometry=points.array, crs=found.crs)


def _number(held: object) -> float:
    """Read the households of one dwelling: 1 where it says nothing, 0 where it cannot be read."""
    told = held.get("households") if isinstance(held, dict) else None
    if told is None or not str(told).strip():
        return 1.0
    try:
        number = float(str(told))
    except ValueError:
        return 0.0
    return number if np.isfinite(number) and number >= 0 else 0.0


def roads_on(work: UnitOfWork, layer: str | None, day: date) -> gpd.GeoDataFrame:
    """Give the lines to walk on: of a layer, else the roads of the context and the ways that the book names."""
    if layer is not None:
        require_layer(work, layer)
        return work.features.frame(FeatureFilter(layer, day, OPEN))
    context = work.context.frame()
    frames = [context[context["kind"] == "road"]]
    frames += [work.features.frame(FeatureFilter(name, day, OPEN)) for name in _ways(work, day)]
    lines = np.concatenate([np.asarray(frame.geometry.array, dtype=object) for frame in frames])
    return gpd.GeoDataFrame(geometry=lines, crs=crs.WGS84)


def walkable(work: UnitOfWork, day: date) -> bool:
    """Tell whether there is anything to walk on."""
    return bool((work.context.frame()["kind"] == "road").any() or _ways(work, day))


def _ways(work: UnitOfWork, day: date) -> list[str]:
    known = {layer.name for layer in work.features.list_layers()}
    return [name for name in provision_at(work, day).ways if name in known]


def staff_rules(settings: Settings) -> StaffRules:
    """Give the numbers as the service is set."""
    return StaffRules(settings.households_per_worker, settings.floating_residents_per_station)


def staffing_on(store: Store, plan: Plan, *, day: date, settings: Settings) -> tuple[PlanReport, pd.DataFrame]:
    """Tell of every grid how many people it needs and has on a day; the same numbers as ``analysis.staffing``."""
    base = plan_report(store, plan)
    with store.unit_of_work() as work:
        grids = with_people(work, plan, base.grids, day)
        present = work.staff.counts(plan.boundary_set.name, day)
        known = {layer.name for layer in work.features.list_layers()}
        rules: AlertRules = book_at(work, "alerts", day)
        wanted = {layer for rule in rules.rules if rule.kind is AlertKind.STATION for layer in rule.layers}
        layers = sorted(wanted & known)
        posts = [work.features.frame(FeatureFilter(layer, day, OPEN)) for layer in layers]
    owners = [with_owners(frame, plan, settings)["grid_code"] for frame in posts]
    stations = pd.DataFrame({"grid_code": pd.concat(owners, ignore_index=True) if owners else []}, dtype=object)
    return base, staffing(grids, present, stations=stations, rules=staff_rules(settings))


def provision_on(
    store: Store, plan: Plan, *, day: date, settings: Settings, states: tuple[str, ...] = OPEN
) -> tuple[ProvisionBook, pd.DataFrame]:
    """Say what each area must have, has and lacks on a day; the same as ``analysis.provision_matrix``."""
    with store.unit_of_work() as work:
        book = provision_at(work, day)
        wanted = {layer for need in book.needs for layer in need.layers}
        areas = with_people(work, plan, plan.frame, day)
        known = {layer.name for layer in work.features.list_layers()}
        frames = [
            work.features.frame(FeatureFilter(layer, day, states)).assign(layer=layer)
            for layer in sorted(wanted & known)
        ]
    columns = ["layer", "state", "attributes", "area_codes"]
    parts = []
    for frame in frames:
        owned = with_owners(frame, plan, settings)
        codes = [() if code is None else tuple(ref.code for ref in plan.chain(code)) for code in owned["grid_code"]]
        parts.append(pd.DataFrame(owned.assign(area_codes=pd.Series(codes, index=owned.index, dtype=object))[columns]))
    features = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return book, provision_matrix(areas, features, book, states=states)
