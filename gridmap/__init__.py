"""gridmap: who is responsible for this point, what happens where, and what is nobody looking at."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridmap.analysis.bandwidths import choose_bandwidth, other_scales, say_scales
    from gridmap.analysis.coverage import coverage_gaps
    from gridmap.analysis.crosswalk import crosswalk
    from gridmap.analysis.density import density, density_by
    from gridmap.analysis.difference import difference
    from gridmap.analysis.disclosure import public_cells, say_release, shown_counts
    from gridmap.analysis.emerging import emerging_hotspots, say_changes, say_emerging
    from gridmap.analysis.forecast import forecast, say_forecast
    from gridmap.analysis.hotspot_words import say_hotspots, say_places
    from gridmap.analysis.hotspots import getis_ord
    from gridmap.analysis.lattice import square_lattice
    from gridmap.analysis.lineage import convert_counts, infer_lineage, successors
    from gridmap.analysis.locator import Answers, Located, Locator
    from gridmap.analysis.moran import local_moran
    from gridmap.analysis.neighbours import neighbours_of
    from gridmap.analysis.overlay import overlay
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
    from gridmap.analysis.saying import Statement
    from gridmap.analysis.segments import Borders
    from gridmap.analysis.sudden import say_scan, sudden_clusters
    from gridmap.analysis.topology import check_tiling
    from gridmap.analysis.tracking import Tracker
    from gridmap.analysis.tracks import split_tracks, track_totals, track_visits
    from gridmap.analysis.trend import mann_kendall
    from gridmap.crs import Datum
    from gridmap.files.locators import read_locator

__version__ = "0.1.0"
__all__ = [
    "Answers",
    "Borders",
    "Datum",
    "JoinSummary",
    "Located",
    "Locator",
    "Statement",
    "Tracker",
    "__version__",
    "check_tiling",
    "choose_bandwidth",
    "convert_counts",
    "coverage_gaps",
    "crosswalk",
    "density",
    "density_by",
    "difference",
    "emerging_hotspots",
    "forecast",
    "getis_ord",
    "infer_lineage",
    "join_points",
    "local_moran",
    "mann_kendall",
    "month_profile",
    "near_repeats",
    "neighbours_of",
    "other_scales",
    "overlay",
    "public_cells",
    "rate_hotspots",
    "read_locator",
    "record_gaps",
    "renamed_kinds",
    "say_changes",
    "say_emerging",
    "say_forecast",
    "say_hotspots",
    "say_places",
    "say_profile",
    "say_records",
    "say_release",
    "say_repeats",
    "say_scales",
    "say_scan",
    "say_week",
    "shown_counts",
    "smoothed_rates",
    "smoothed_rates_around",
    "split_tracks",
    "square_lattice",
    "successors",
    "sudden_clusters",
    "track_totals",
    "track_visits",
    "week_matrix",
]

# Loaded when first used: a command that needs no geometry starts without GeoPandas.
_HOMES = {
    "Answers": "gridmap.analysis.locator",
    "Borders": "gridmap.analysis.segments",
    "Datum": "gridmap.crs",
    "JoinSummary": "gridmap.analysis.responsibility",
    "Located": "gridmap.analysis.locator",
    "Locator": "gridmap.analysis.locator",
    "Statement": "gridmap.analysis.saying",
    "Tracker": "gridmap.analysis.tracking",
    "check_tiling": "gridmap.analysis.topology",
    "choose_bandwidth": "gridmap.analysis.bandwidths",
    "convert_counts": "gridmap.analysis.lineage",
    "coverage_gaps": "gridmap.analysis.coverage",
    "crosswalk": "gridmap.analysis.crosswalk",
    "density": "gridmap.analysis.density",
    "density_by": "gridmap.analysis.density",
    "difference": "gridmap.analysis.difference",
    "emerging_hotspots": "gridmap.analysis.emerging",
    "forecast": "gridmap.analysis.forecast",
    "getis_ord": "gridmap.analysis.hotspots",
    "infer_lineage": "gridmap.analysis.lineage",
    "join_points": "gridmap.analysis.responsibility",
    "local_moran": "gridmap.analysis.moran",
    "mann_kendall": "gridmap.analysis.trend",
    "month_profile": "gridmap.analysis.rhythm",
    "near_repeats": "gridmap.analysis.repeats",
    "neighbours_of": "gridmap.analysis.neighbours",
    "other_scales": "gridmap.analysis.bandwidths",
    "overlay": "gridmap.analysis.overlay",
    "public_cells": "gridmap.analysis.disclosure",
    "rate_hotspots": "gridmap.analysis.rates",
    "read_locator": "gridmap.files.locators",
    "record_gaps": "gridmap.analysis.rhythm",
    "renamed_kinds": "gridmap.analysis.rhythm",
    "say_changes": "gridmap.analysis.emerging",
    "say_emerging": "gridmap.analysis.emerging",
    "say_forecast": "gridmap.analysis.forecast",
    "say_hotspots": "gridmap.analysis.hotspot_words",
    "say_places": "gridmap.analysis.hotspot_words",
    "say_profile": "gridmap.analysis.rhythm",
    "say_records": "gridmap.analysis.rhythm",
    "say_release": "gridmap.analysis.disclosure",
    "say_repeats": "gridmap.analysis.repeats",
    "say_scales": "gridmap.analysis.bandwidths",
    "say_scan": "gridmap.analysis.sudden",
    "say_week": "gridmap.analysis.rhythm",
    "shown_counts": "gridmap.analysis.disclosure",
    "smoothed_rates": "gridmap.analysis.rates",
    "smoothed_rates_around": "gridmap.analysis.rates",
    "split_tracks": "gridmap.analysis.tracks",
    "square_lattice": "gridmap.analysis.lattice",
    "successors": "gridmap.analysis.lineage",
    "sudden_clusters": "gridmap.analysis.sudden",
    "track_totals": "gridmap.analysis.tracks",
    "track_visits": "gridmap.analysis.tracks",
    "week_matrix": "gridmap.analysis.rhythm",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gridmap' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
