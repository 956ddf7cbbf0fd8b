"""Incidents and fixes of the district: what is planted in them, and the files that hold them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gridmap.demo.district import District
from gridmap.demo.incidents import make_incidents, plan_clusters
from gridmap.demo.patrols import make_fixes, plan_neglect


def add_planted(district: District) -> District:
    """Choose clusters and neglected grids, and write them into the truth."""
    neglect = plan_neglect(district)
    truth: dict[str, Any] = {**district.truth, "neglect": neglect}
    truth["clusters"] = plan_clusters(district, neglect["gaps"])
    return replace(district, truth=truth)


def write_points(district: District, folder: Path) -> None:
    """Write ``incidents.parquet`` and ``fixes.parquet`` (GeoParquet, WGS 84) to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    make_incidents(district).to_parquet(folder / "incidents.parquet", index=False)
    make_fixes(district).to_parquet(folder / "fixes.parquet", index=False)
