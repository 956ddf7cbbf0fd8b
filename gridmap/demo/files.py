"""The files of ``data/boundaries``: written from a district, read back without drawing anything."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs
from gridmap.demo.district import District
from gridmap.demo.seed import Seed, read_seed, written_seed

LAYERS = {
    "streets": "streets.geojson",
    "areas": "areas.geojson",
    "grids": "grids.geojson",
    "unit_grids": "unit-grids.geojson",
    "context": "context.geojson",
}


def write_district(district: District, folder: Path) -> None:
    """Write streets, areas, grids, unit grids, context, staff, the truth and the seed to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for layer, name in LAYERS.items():
        (folder / name).write_text(_geojson(getattr(district, layer)), encoding="utf-8")
    district.staff.to_csv(folder / "staff.csv", index=False, lineterminator="\n")
    truth = json.dumps(district.truth, ensure_ascii=False, indent=2)
    (folder / "truth.json").write_text(truth + "\n", encoding="utf-8")
    (folder / "seed.toml").write_text(written_seed(), encoding="utf-8")


def read_district(folder: Path, seed: Seed | None = None) -> District:
    """Read what ``write_district`` wrote."""
    seed = seed or read_seed(folder / "seed.toml")
    frames = {layer: _frame(folder / name) for layer, name in LAYERS.items()}
    staff = pd.read_csv(folder / "staff.csv", dtype=str, keep_default_na=False)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return District(seed, staff=staff, truth=truth, **frames)


def _geojson(frame: gpd.GeoDataFrame) -> str:
    """Give GeoJSON with one feature a line, so that a change shows in a diff."""
    columns = [c for c in frame.columns if c != "geometry"]
    lines = []
    for row, shape in zip(frame[columns].to_dict("records"), frame.geometry, strict=True):
        feature = {"type": "Feature", "properties": _plain(row), "geometry": shapely.geometry.mapping(shape)}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


def _plain(row: dict[Any, Any]) -> dict[Any, Any]:
    return {k: int(v) if isinstance(v, np.integer) else v for k, v in row.items()}


def _frame(path: Path) -> gpd.GeoDataFrame:
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.geometry.shape(f["geometry"]) for f in features]
    return gpd.GeoDataFrame([f["properties"] for f in features], geometry=shapes, crs=crs.WGS84)
