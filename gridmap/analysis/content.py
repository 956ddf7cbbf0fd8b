"""The hash of what a version says."""

import hashlib
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

_WORDS = ["level", "code", "name", "kind", "parent_code"]


def content_hash(frame: gpd.GeoDataFrame) -> str:
    """Hash what a version says, whatever the order of its rows, the start of its rings or their winding.

    A multi-polygon of one part counts as that polygon, and heights do not count: a store keeps neither apart.

    Returns
    -------
    str
        Hexadecimal SHA-256 over level, code, name, kind, parent, households, attributes and normalised geometry, by
        level and code.
    """
    whole = frame.assign(**{c: None for c in (*_WORDS, "households", "attributes") if c not in frame.columns})
    ordered = whole.sort_values(["level", "code"], kind="stable")
    digest = hashlib.sha256()
    shapes = shapely.to_wkb(shapely.normalize(simplest(np.asarray(ordered.geometry.array))), byte_order=1)
    households = pd.to_numeric(ordered["households"]).to_numpy(dtype=np.float64, na_value=np.nan)
    words = ordered[_WORDS].assign(
        households=["" if n != n else f"{n:.17g}" for n in households.tolist()],
        attributes=[_canonical(v) for v in ordered["attributes"]],
    )
    text = words.to_numpy(dtype=object)
    text[words.isna().to_numpy()] = ""
    for row, shape in zip(text, shapes, strict=True):
        digest.update("\x1f".join(map(str, row)).encode(errors="surrogatepass") + b"\x1e" + (shape or b""))
    return digest.hexdigest()


def simplest(geometry: np.ndarray) -> np.ndarray:
    """Give shapes without heights, and multi-polygons of one part as that polygon."""
    flat = np.array(shapely.force_2d(geometry), dtype=object)
    single = (shapely.get_type_id(flat) == 6) & (shapely.get_num_geometries(flat) == 1)
    flat[single] = shapely.get_geometry(flat[single], 0)
    return flat


def _canonical(attributes: Any) -> str:
    held = isinstance(attributes, dict) and attributes
    return json.dumps(attributes, ensure_ascii=False, sort_keys=True, default=str) if held else ""
