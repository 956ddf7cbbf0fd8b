"""Building answers: GeoJSON pages with their links, and fast JSON for large ones."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi import Response

from gridmap.domain.privacy import require_columns

GEOJSON = "application/geo+json"


def to_json(value: Any) -> str:
    """Write plain values as compact JSON; a number that is not finite is a defect, not an answer."""
    return _write(value)


_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def json_response(value: Any) -> Response:
    """Answer plain values as JSON."""
    return Response(to_json(value).encode("utf-8"), media_type="application/json")


def plain(value: Any) -> Any:
    """Give a value of a frame's cell as plain JSON: missing as None, times as RFC 3339 in UTC."""
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value.item() if isinstance(value, np.generic) else value


def features(frame: gpd.GeoDataFrame, key: str, properties: Sequence[str]) -> list[str]:
    """Write the rows of a frame as GeoJSON features with the properties that exist."""
    require_columns(*properties)
    held = [name for name in properties if name in frame.columns]
    columns = [[plain(v) for v in frame[name].tolist()] for name in held]
    shapes = shapely.to_geojson(np.asarray(frame.geometry.array))
    return [
        f'{{"type":"Feature","id":{to_json(str(code))},"geometry":{shape},'
        f'"properties":{to_json({name: column[i] for name, column in zip(held, columns, strict=True)})}}}'
        for i, (code, shape) in enumerate(zip(frame[key], shapes, strict=True))
    ]


def page(path: str, query: dict[str, Any], written: list[str], cursor: str | None) -> Response:
    """Answer a page of features with its links, in the body and as a Link header (RFC 8288)."""
    asked = {k: v for k, v in query.items() if v is not None}
    links = [{"rel": "self", "href": _href(path, asked), "type": GEOJSON}]
    headers = {}
    if cursor is not None:
        following = _href(path, {**asked, "cursor": cursor})
        links.append({"rel": "next", "href": following, "type": GEOJSON})
        headers["Link"] = f'<{following}>; rel="next"; type="{GEOJSON}"'
    body = (
        f'{{"type":"FeatureCollection","features":[{",".join(written)}],'
        f'"links":{to_json(links)},"numberReturned":{len(written)}}}'
    )
    return Response(body.encode("utf-8"), headers=headers, media_type=GEOJSON)


def _href(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
