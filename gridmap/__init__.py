"""gridmap: who is responsible for this point, what happens where, and what is nobody looking at."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridmap.analysis.bandwidths import choose_bandwidth, other_scales, say_scales
    from gridmap.analysis.cleaning import clean_fixes
    from gridmap.analysis.coverage import coverage_gaps
    from gridmap.analysis.crosswalk import crosswalk
    from gridmap.analysis.density import density, density_by
    from gridmap.analysis.difference import difference
    from gridmap.analysis.disclosure import public_cells, say_release, shown_counts
    from gridmap.analysis.effort import (
        add_effort,
        effort_by_hour,
        effort_of_grids,
        overdue_list,
        patrol_effort,
        recency,
    )
    from gridmap.analysis.emerging import emerging_hotspots, say_changes, say_emerging
    from gridmap.analysis.forecast import forecast, say_forecast
    from gridmap.analysis.hotspot_words import say_hotspots, say_peak, say_peaks, say_places
    from gridmap.analysis.hotspots import getis_ord
    from gridmap.analysis.incident_rates import incident_rates, poisson_rate
    from gridmap.analysis.inspections import inspections
    from gridmap.analysis.lattice import square_lattice
    from gridmap.analysis.lineage import convert_counts, infer_lineage, successors
    from gridmap.analysis.locator import Answers, Located, Locator
    from gridmap.analysis.moran import local_moran
    from gridmap.analysis.moran_words import say_gathering, say_kinds
    from gridmap.analysis.neighbours import neighbours_of
    from gridmap.analysis.overlay import overlay
    from gridmap.analysis.patrol_figures import PatrolWays, hours_of, patrol_figures, patrol_swath, patrol_ways
    from gridmap.analysis.patrol_list import patrol_list
    from gridmap.analysis.peaks import lone_peaks, with_peaks
    from gridmap.analysis.period_counts import equal_periods, period_counts, recorded_periods
    from gridmap.analysis.provision import provision_matrix
    from gridmap.analysis.rates import rate_hotspots, smoothed_rates, smoothed_rates_around
    from gridmap.analysis.repeats import near_repeats, say_repeats
    from gridmap.analysis.responsibility import JoinSummary, join_points
    from gridmap.analysis.rhythm import (
        month_profile,
        record_gaps,
        renamed_kinds,
        say_profile,
        say_records,
        say_week,
        week_matrix,
    )
    from gridmap.analysis.roads import road_network
    from gridmap.analysis.saying import Statement
    from gridmap.analysis.segments import Borders
    from gridmap.analysis.service_coverage import service_coverage, straight_catchments
    from gridmap.analysis.siting import cover_all, cover_most, shortest_ways
    from gridmap.analysis.staffing import staffing
    from gridmap.analysis.street_lengths import street_metres
    from gridmap.analysis.sudden import say_scan, sudden_clusters
    from gridmap.analysis.sudden_kinds import say_sudden, sudden_by_kind
    from gridmap.analysis.swath import blind_spots, swath_coverage
    from gridmap.analysis.topology import check_tiling
    from gridmap.analysis.tracking import Tracker
    from gridmap.analysis.tracks import Edition, Fixes, split_fixes, split_tracks, track_totals, track_visits
    from gridmap.analysis.trend import mann_kendall
    from gridmap.analysis.walking import walking_catchments, ways_on_foot
    from gridmap.analysis.wider_reach import say_wider, wider_reach
    from gridmap.analysis.windows import window_parts
    from gridmap.crs import Datum
    from gridmap.files.locators import read_locator

__version__ = "0.1.0"
__all__ = [
    "Answers",
    "Borders",
    "Datum",
    "Edition",
    "Fixes",
    "JoinSummary",
    "Located",
    "Locator",
    "PatrolWays",
    "Statement",
    "Tracker",
    "__version__",
    "add_effort",
    "blind_spots",
    "check_tiling",
    "choose_bandwidth",
    "clean_fixes",
    "convert_counts",
    "cover_all",
    "cover_most",
    "coverage_gaps",
    "crosswalk",
    "density",
    "density_by",
    "difference",
    "effort_by_hour",
    "effort_of_grids",
    "emerging_hotspots",
    "equal_periods",
    "forecast",
    "getis_ord",
    "hours_of",
    "incident_rates",
    "infer_lineage",
    "inspections",
    "join_points",
    "local_moran",
    "lone_peaks",
    "mann_kendall",
    "month_profile",
    "near_repeats",
    "neighbours_of",
    "other_scales",
    "overdue_list",
    "overlay",
    "patrol_effort",
    "patrol_figures",
    "patrol_list",
    "patrol_swath",
    "patrol_ways",
    "period_counts",
    "poisson_rate",
    "provision_matrix",
    "public_cells",
    "rate_hotspots",
    "read_locator",
    "recency",
    "record_gaps",
    "recorded_periods",
    "renamed_kinds",
    "road_network",
    "say_changes",
    "say_emerging",
    "say_forecast",
    "say_gathering",
    "say_hotspots",
    "say_kinds",
    "say_peak",
    "say_peaks",
    "say_places",
    "say_profile",
    "say_records",
    "say_release",
    "say_repeats",
    "say_scales",
    "say_scan",
    "say_sudden",
    "say_week",
    "say_wider",
    "service_coverage",
    "shortest_ways",
    "shown_counts",
    "smoothed_rates",
    "smoothed_rates_around",
    "split_fixes",
    "split_tracks",
    "square_lattice",
    "staffing",
    "straight_catchments",
    "street_metres",
    "successors",
    "sudden_by_kind",
    "sudden_clusters",
    "swath_coverage",
    "track_totals",
    "track_visits",
    "walking_catchments",
    "ways_on_foot",
    "week_matrix",
    "wider_reach",
    "window_parts",
    "with_peaks",
]

# Loaded when first used: a command that needs no geometry starts without GeoPandas.
_HOMES = {
    "Answers": "gridmap.analysis.locator",
    "Borders": "gridmap.analysis.segments",
    "Datum": "gridmap.crs",
    "Edition": "gridmap.analysis.tracks",
    "Fixes": "gridmap.analysis.tracks",
    "JoinSummary": "gridmap.analysis.responsibility",
    "Located": "gridmap.analysis.locator",
    "Locator": "gridmap.analysis.locator",
    "PatrolWays": "gridmap.analysis.patrol_figures",
    "Statement": "gridmap.analysis.saying",
    "Tracker": "gridmap.analysis.tracking",
    "add_effort": "gridmap.analysis.effort",
    "blind_spots": "gridmap.analysis.swath",
    "check_tiling": "gridmap.analysis.topology",
    "choose_bandwidth": "gridmap.analysis.bandwidths",
    "clean_fixes": "gridmap.analysis.cleaning",
    "convert_counts": "gridmap.analysis.lineage",
    "cover_all": "gridmap.analysis.siting",
    "cover_most": "gridmap.analysis.siting",
    "coverage_gaps": "gridmap.analysis.coverage",
    "crosswalk": "gridmap.analysis.crosswalk",
    "density": "gridmap.analysis.density",
    "density_by": "gridmap.analysis.density",
    "difference": "gridmap.analysis.difference",
    "effort_by_hour": "gridmap.analysis.effort",
    "effort_of_grids": "gridmap.analysis.effort",
    "emerging_hotspots": "gridmap.analysis.emerging",
    "equal_periods": "gridmap.analysis.period_counts",
    "forecast": "gridmap.analysis.forecast",
    "getis_ord": "gridmap.analysis.hotspots",
    "hours_of": "gridmap.analysis.patrol_figures",
    "incident_rates": "gridmap.analysis.incident_rates",
    "infer_lineage": "gridmap.analysis.lineage",
    "inspections": "gridmap.analysis.inspections",
    "join_points": "gridmap.analysis.responsibility",
    "local_moran": "gridmap.analysis.moran",
    "lone_peaks": "gridmap.analysis.peaks",
    "mann_kendall": "gridmap.analysis.trend",
    "month_profile": "gridmap.analysis.rhythm",
    "near_repeats": "gridmap.analysis.repeats",
    "neighbours_of": "gridmap.analysis.neighbours",
    "other_scales": "gridmap.analysis.bandwidths",
    "overdue_list": "gridmap.analysis.effort",
    "overlay": "gridmap.analysis.overlay",
    "patrol_effort": "gridmap.analysis.effort",
    "patrol_figures": "gridmap.analysis.patrol_figures",
    "patrol_list": "gridmap.analysis.patrol_list",
    "patrol_swath": "gridmap.analysis.patrol_figures",
    "patrol_ways": "gridmap.analysis.patrol_figures",
    "period_counts": "gridmap.analysis.period_counts",
    "poisson_rate": "gridmap.analysis.incident_rates",
    "provision_matrix": "gridmap.analysis.provision",
    "public_cells": "gridmap.analysis.disclosure",
    "rate_hotspots": "gridmap.analysis.rates",
    "read_locator": "gridmap.files.locators",
    "recency": "gridmap.analysis.effort",
    "record_gaps": "gridmap.analysis.rhythm",
    "recorded_periods": "gridmap.analysis.period_counts",
    "renamed_kinds": "gridmap.analysis.rhythm",
    "road_network": "gridmap.analysis.roads",
    "say_changes": "gridmap.analysis.emerging",
    "say_emerging": "gridmap.analysis.emerging",
    "say_forecast": "gridmap.analysis.forecast",
    "say_gathering": "gridmap.analysis.moran_words",
    "say_hotspots": "gridmap.analysis.hotspot_words",
    "say_kinds": "gridmap.analysis.moran_words",
    "say_peak": "gridmap.analysis.hotspot_words",
    "say_peaks": "gridmap.analysis.hotspot_words",
    "say_places": "gridmap.analysis.hotspot_words",
    "say_profile": "gridmap.analysis.rhythm",
    "say_records": "gridmap.analysis.rhythm",
    "say_release": "gridmap.analysis.disclosure",
    "say_repeats": "gridmap.analysis.repeats",
    "say_scales": "gridmap.analysis.bandwidths",
    "say_scan": "gridmap.analysis.sudden",
    "say_sudden": "gridmap.analysis.sudden_kinds",
    "say_week": "gridmap.analysis.rhythm",
    "say_wider": "gridmap.analysis.wider_reach",
    "service_coverage": "gridmap.analysis.service_coverage",
    "shortest_ways": "gridmap.analysis.siting",
    "shown_counts": "gridmap.analysis.disclosure",
    "smoothed_rates": "gridmap.analysis.rates",
    "smoothed_rates_around": "gridmap.analysis.rates",
    "split_fixes": "gridmap.analysis.tracks",
    "split_tracks": "gridmap.analysis.tracks",
    "square_lattice": "gridmap.analysis.lattice",
    "staffing": "gridmap.analysis.staffing",
    "straight_catchments": "gridmap.analysis.service_coverage",
    "successors": "gridmap.analysis.lineage",
    "sudden_by_kind": "gridmap.analysis.sudden_kinds",
    "sudden_clusters": "gridmap.analysis.sudden",
    "street_metres": "gridmap.analysis.street_lengths",
    "swath_coverage": "gridmap.analysis.swath",
    "track_totals": "gridmap.analysis.tracks",
    "track_visits": "gridmap.analysis.tracks",
    "walking_catchments": "gridmap.analysis.walking",
    "ways_on_foot": "gridmap.analysis.walking",
    "week_matrix": "gridmap.analysis.rhythm",
    "wider_reach": "gridmap.analysis.wider_reach",
    "window_parts": "gridmap.analysis.windows",
    "with_peaks": "gridmap.analysis.peaks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gridmap' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
