"""The maps of a store by their names."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gridmap.atlas import grounds, hotspots
from gridmap.atlas.asked import MapAsked

if TYPE_CHECKING:
    import folium

#: Name in addresses and in the shell to what draws it; those of hotspots take more.
KINDS: Mapping[str, "Callable[[MapAsked], folium.Map]"] = {
    "grids": grounds.grids_map,
    "hotspots": hotspots.density_map,
    "significant": hotspots.significant_map,
    "moran": hotspots.gathering_map,
    "emerging": hotspots.changes_map,
    "forecast": hotspots.next_weeks_map,
    "compare": hotspots.sides_map,
    "coverage": grounds.coverage_map,
    "effort": grounds.effort_map,
    "recency": grounds.recency_map,
    "staffing": grounds.staff_map,
}
