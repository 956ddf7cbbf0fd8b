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

    Returns
    -------
    str
        Hexadecimal SHA-256 over level, code, name, kind, parent, households, attributes and normalised geometry, by
        level and code.
    """
    whole = frame.assign(**{c: None for c in (*_WORDS, "households", "attributes") if c not in frame.columns})
    ordered = whole.sort_values(["level", "code"], kind="stable")
    digest = hashlib.sha256()
    shapes = shapely.to_wkb(shapely.normalize(np.asarray(ordered.geometry.array)), byte_order=1)
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


def _canonical(attributes: Any) -> str:
    held = isinstance(attributes, dict) and attributes
    return json.dumps(attributes, ensure_ascii=False, sort_keys=True, default=str) if held else ""
