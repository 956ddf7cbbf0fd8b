"""Incidents, fixes and facilities of the district: what is planted in them, and the files that hold the points."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gridmap.demo.district import District
from gridmap.demo.facilities import plan_services
from gridmap.demo.incidents import make_incidents, plan_clusters
from gridmap.demo.patrols import make_fixes, plan_neglect


def add_planted(district: District) -> District:
    """Choose clusters, neglected grids and missing facilities, and write them into the truth."""
    neglect = plan_neglect(district)
    truth: dict[str, Any] = {**district.truth, "neglect": neglect}
    truth["clusters"] = plan_clusters(district, neglect["gaps"])
    truth["services"] = plan_services(district)
    return replace(district, truth=truth)


def write_points(district: District, folder: Path) -> None:
    """Write ``incidents.parquet`` and ``fixes.parquet`` (GeoParquet, WGS 84) to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    make_incidents(district).to_parquet(folder / "incidents.parquet", index=False)
    make_fixes(district).to_parquet(folder / "fixes.parquet", index=False)
