"""Column contracts: what a GeoDataFrame of grids, incidents or fixes must hold, and the one place that checks it.

Every stored and passed frame is in WGS 84 lon/lat (EPSG:4326) unless a docstring says metric.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.crs import is_wgs84
from gridmap.errors import ColumnError, CrsError

WGS84 = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Contract:
    """Names of the required and the optional columns of one kind of frame."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


#: One row a grid or area of any level. ``code`` text, unique in a level; ``geometry`` polygon or multi-polygon.
GRIDS = Contract("grids", ("code", "geometry"), ("name", "level", "kind", "parent_code", "households", "attributes"))

#: One row an incident. ``incident_id`` text, unique; ``occurred_at`` aware UTC; ``geometry`` point.
INCIDENTS = Contract("incidents", ("incident_id", "occurred_at", "category", "geometry"), ("channel", "note"))

#: One row a case: what became of it so far. Times are aware UTC, or missing where it has not come so far; ``status`` a
#: ``CaseStatus``; ``kind`` report, enquiry, complaint or suggestion; ``grid_code`` missing: nobody's; ``unit`` the last
#: one it was sent to; ``filed_at`` and ``dispatched_at`` the first, ``handled_at`` the last; ``due_at`` when the limit
#: of handling is or was up, missing: none, or its clock stands; ``deferred``: suspended now; ``appealed``: taken out of
#: rates, stays recorded; ``geometry`` point.
CASES = Contract(
    "cases",
    (
        "case_id",
        "reported_at",
        "category",
        "channel",
        "kind",
        "emergency",
        "status",
        "grid_code",
        "unit",
        "filed_at",
        "dispatched_at",
        "handled_at",
        "closed_at",
        "due_at",
        "returns",
        "reworks",
        "deferred",
        "appealed",
        "merged_into",
        "component",
        "geometry",
    ),
)

#: One row a patrol fix. ``unit_id`` text; ``fixed_at`` aware UTC; ``geometry`` point; ``accuracy_m`` >= 0 or missing.
FIXES = Contract("fixes", ("unit_id", "fixed_at", "geometry"), ("accuracy_m",))

#: What a join adds to a row: owner, how it was found, metres to the owner's border (or to it, when nearest).
RESPONSIBILITY = ("grid_code", "method", "border_m")

#: One row a cell of a lattice, in lattice order; metric CRS.
DENSITY = Contract("density", ("cell", "incidents", "density_per_km2", "geometry"))

#: One row a grid, in the order of the grids frame. ``status`` a ``CoverageStatus``, ``sight`` a word of ``Sight``.
COVERAGE = Contract(
    "coverage",
    (
        "code",
        "name",
        "incidents",
        "fixes",
        "units",
        "last_fix_at",
        "fixes_per_incident",
        "status",
        "sight",
        "geometry",
    ),
)

#: One row a grid, in the order of the grids; see ``patrol_figures``. NaN: nobody was there, or nothing to measure.
PATROLLED = Contract(
    "patrolled",
    (
        "code",
        "name",
        "visits",
        "dwells",
        "passes",
        "workers",
        "hours",
        "dwell_hours",
        "km",
        "area_share",
        "street_share",
        "last_at",
        "days",
        "norm",
        "norm_days",
        "times",
        "status",
        "sight",
        "incidents",
        "patrol_found",
        "citizen_found",
        "per_hour",
        "per_hour_low",
        "per_hour_high",
        "per_visit",
        "per_visit_low",
        "per_visit_high",
    ),
)

#: One row a grid, in the order of the grids frame; see ``service_coverage``.
SERVICE_COVERAGE = Contract(
    "service coverage",
    (
        "code",
        "name",
        "area_m2",
        "covered_m2",
        "area_share",
        "households",
        "covered_households",
        "household_share",
        "facilities",
        "nearest_m",
        "status",
        "geometry",
    ),
)

#: One row a connected piece of ground without service, the largest first; ``grids``: codes of those it lies in.
SERVICE_GAPS = Contract("service gaps", ("gap", "area_m2", "households", "grids", "geometry"))

#: One row a grid, in the order of the grids; see ``domain.staffing.Staffed``. Missing: not known.
STAFFING = Contract(
    "staffing",
    (
        "code",
        "name",
        "households",
        "floating_residents",
        "heads",
        "workers",
        "workers_needed",
        "heads_short",
        "workers_short",
        "workers_spare",
        "load",
        "station_needed",
        "station_short",
        "status",
    ),
)

#: One row an area and need; ``required`` and ``lacking`` are missing where they hang on households not known.
PROVISION = Contract("provision", ("code", "name", "level", "need", "required", "present", "lacking", "status"))

#: One row an object of an inspection plan; dates, None where nobody was there.
INSPECTIONS = Contract(
    "inspections",
    ("object_id", "last_visit_on", "last_complete_on", "due_on", "days_over", "visited", "complete", "status"),
)

#: One row an edge of the graph from old codes to new ones, by level, old and new code; see ``domain.lineage``. Missing:
#: a code where nobody had or has the ground, ``households`` where they are not known.
LINEAGE = Contract(
    "lineage",
    ("level", "old_code", "new_code", "kind", "area_m2", "old_share", "new_share", "households"),
)


def require(frame: gpd.GeoDataFrame, contract: Contract) -> gpd.GeoDataFrame:
    """Check that a frame has the columns of a contract and a CRS.

    Raises
    ------
    ColumnError
        ``column_missing``, naming the columns.
    CrsError
        ``crs_missing``.
    """
    require_columns(frame, contract)
    if frame.crs is None:
        raise CrsError("crs_missing")
    return frame


def require_columns(frame: pd.DataFrame, contract: Contract) -> None:
    """Check that a table has the columns of a contract.

    Raises
    ------
    ColumnError
        ``column_missing``, naming the columns.
    """
    missing = [c for c in contract.required if c != "geometry" and c not in frame.columns]
    if missing:
        raise ColumnError("column_missing", contract=contract.name, columns=", ".join(missing))


def require_wgs84(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Check that a frame is in WGS 84 (or CGCS2000, which agrees with it to centimetres) lon/lat.

    Raises
    ------
    CrsError
        ``crs_missing`` or ``crs_not_wgs84``.
    """
    if frame.crs is None:
        raise CrsError("crs_missing")
    # other degrees, such as Beijing 1954 or Xian 1980, lie up to a hundred metres aside
    if not is_wgs84(frame.crs):
        raise CrsError("crs_not_wgs84")
    return frame


def require_lonlat(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> None:
    """Check that all points are finite and within +-180 / +-90 degrees.

    Raises
    ------
    CrsError
        ``coordinate_out_of_range``.
    """
    # NaN fails both comparisons, so this catches it as well
    if not (np.all(np.abs(lon) <= 180.0) and np.all(np.abs(lat) <= 90.0)):
        raise CrsError("coordinate_out_of_range")
