"""The maps of grids, patrols and staff of a store."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gridmap.atlas.asked import MapAsked
from gridmap.services.blind import blind_on
from gridmap.services.case_books import provision_at
from gridmap.services.ports import FeatureFilter
from gridmap.services.provisioning import staffing_on
from gridmap.services.reports import coverage, coverage_by_part

if TYPE_CHECKING:
    import folium

    from gridmap.maps.features import Overlay


def grids_map(asked: MapAsked) -> "folium.Map":
    """Draw the grids with the layers on their ground."""
    from gridmap.maps import pages  # folium: only where a map is drawn

    base = asked.base()
    return pages.grid_map(base.grids, overlays=_overlays(asked), **asked.around(base, looked=False))


def _overlays(asked: MapAsked) -> "list[Overlay]":
    """Give the layers that have something on the ground of a plan on a day, but the many ways between houses."""
    from gridmap.maps.features import Overlay

    x0, y0, x1, y1 = asked.plan.frame.total_bounds.tolist()
    with asked.store.unit_of_work() as work:
        ways = provision_at(work, asked.day).ways
        layers = [layer for layer in work.features.list_layers() if layer.name not in ways]
        found = [work.features.frame(FeatureFilter(layer.name, asked.day, bbox=(x0, y0, x1, y1))) for layer in layers]
    shown = zip(layers, found, strict=True)
    return [Overlay(layer.title or layer.name, frame) for layer, frame in shown if len(frame)]


def coverage_map(asked: MapAsked) -> "folium.Map":
    """Draw which grids nobody looked at, with a slider through the parts of the window."""
    from gridmap.maps import pages
    from gridmap.maps.steps import CoverageStep

    report = coverage(asked.store, asked.plan, asked.where, settings=asked.settings)
    steps = coverage_by_part(asked.store, report.base, asked.where, settings=asked.settings)
    return pages.coverage_map(
        report.base.grids,
        report.coverage,
        window=asked.window,
        steps=[CoverageStep(part.start, part.end, found) for part, found in steps if part.start and part.end],
        category=asked.category,
        about=asked.about(),
        **asked.around(report.base, report.from_sums),
    )


def effort_map(asked: MapAsked) -> "folium.Map":
    """Draw how many hours patrols spent in each grid."""
    from gridmap.maps import patrol_pages

    return _of_patrols(asked, patrol_pages.effort_map, shares=True)


def recency_map(asked: MapAsked) -> "folium.Map":
    """Draw how long ago somebody stayed in each grid."""
    from gridmap.maps import patrol_pages

    return _of_patrols(asked, patrol_pages.recency_map, shares=False)


def _of_patrols(asked: MapAsked, draw: "Callable[..., folium.Map]", *, shares: bool) -> "folium.Map":
    report = asked.patrols(shares=shares)
    return draw(
        report.base.grids,
        report.figures,
        window=asked.window,
        rules=report.rules,
        category=asked.category,
        about=asked.about(),
        **asked.around(report.base, report.from_sums),
    )


def blind_map(asked: MapAsked) -> "folium.Map":
    """Draw which grids neither a patrol nor a camera looked at."""
    from gridmap.maps import blind_pages

    patrols = asked.patrols(shares=False)
    report = blind_on(asked.store, patrols, day=asked.day, kept=asked.swaths)
    return blind_pages.blind_map(
        patrols.base.grids,
        report.found,
        window=asked.window,
        cameras=report.cameras,
        rules=patrols.rules,
        category=asked.category,
        **asked.around(patrols.base, patrols.from_sums),
    )


def staff_map(asked: MapAsked) -> "folium.Map":
    """Draw which grids are short of people."""
    from gridmap.maps import service_pages

    base, found = staffing_on(asked.store, asked.plan, day=asked.day, settings=asked.settings)
    return service_pages.staffing_map(base.grids, found, **asked.around(base, looked=False))
