"""What is said of tiles: tile matrix sets, tile sets (OGC 20-057, 17-083r4), TileJSON."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from api.ogc.answering import BASE
from api.routes.patrolled import BASE as PATROLS
from api.tiles.layers import Layer
from gridmap.i18n import Language, text
from gridmap.services.ports import Box
from gridmap.tiles.matrix import MATRIX_SETS, WEB_MERCATOR, TileMatrixSet
from gridmap.tiles.mvt import MEDIA_TYPE

JSON = "application/json"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

#: Matrices with tiles: a unit of the last one is 4 cm.
FIRST, LAST = 0, 18

#: Conformance classes that are served, and tested in tests/api/test_ogc_tiles.py.
CLASSES = tuple(
    f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}"
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "collections-selection",
                 "datetime", "mvt")
) + tuple(
    f"http://www.opengis.net/spec/tms/2.0/conf/{name}"
    for name in ("tilematrixset", "tilesetmetadata", "tilematrixsetlimits", "json-tilematrixset",
                 "json-tilesetmetadata", "json-tilematrixsetlimits")
)  # fmt: skip


def last_of(matrix: TileMatrixSet) -> int:
    """Give the last matrix of a set that has tiles."""
    return min(LAST, matrix.last)


def path_of(collection: str, *more: str) -> str:
    """Give the path of something of a collection."""
    return "/".join((f"{BASE}/collections", *(quote(part, safe="") for part in (collection, *more))))


def template_of(root: str, layer: Layer, matrix: TileMatrixSet, when: str | None, names: tuple[str, str, str]) -> str:
    """Give the template of the addresses of tiles; the version in them makes each of them one content for ever."""
    asked = {"f": "mvt", "v": layer.version} | ({} if when is None else {"datetime": when})
    place = "/".join(f"{{{name}}}" for name in names)
    return f"{root}{path_of(layer.name, 'tiles', matrix.id)}/{place}?{urlencode(asked)}"


def link(root: str, rel: str, path: str, kind: str = JSON, **more: Any) -> dict[str, Any]:
    """Write a link with its whole address."""
    return {"rel": rel, "href": root + path, "type": kind, **more}


def geodata(root: str, layer: Layer) -> dict[str, Any]:
    """Link to what tiles are made of."""
    if "dwell_hours" in layer.fields:  # no collection of features: measured when it is asked for
        return link(root, REL + "geodata", f"{PATROLS}/effort.geojson", "application/geo+json")
    return link(root, REL + "geodata", path_of(layer.name))


def matrix_sets_json(root: str) -> dict[str, Any]:
    """List the tile matrix sets (20-057, requirement 15)."""
    found = []
    for matrix in MATRIX_SETS.values():
        entry: dict[str, Any] = {"id": matrix.id, "title": matrix.title, "crs": matrix.crs}
        if matrix.uri is not None:
            entry["uri"] = matrix.uri
        found.append(entry | {"links": [link(root, "self", f"{BASE}/tileMatrixSets/{matrix.id}")]})
    return {"tileMatrixSets": found, "links": [link(root, "self", f"{BASE}/tileMatrixSets")]}


def _query(when: str | None) -> str:
    return "" if when is None else "?" + urlencode({"datetime": when})


def tile_sets_json(root: str, layer: Layer, when: str | None, title: str) -> dict[str, Any]:
    """List the tile sets of a collection (20-057, 9)."""
    path = path_of(layer.name, "tiles")
    entries = []
    for matrix in MATRIX_SETS.values():
        href = f"{path}/{matrix.id}{_query(when)}"
        entries.append(head(matrix, title) | {"links": [link(root, "self", href), *scheme(root, matrix)]})
    links = [link(root, "self", path + _query(when)), geodata(root, layer)]
    return {"tilesets": entries, "links": links}


def head(matrix: TileMatrixSet, title: str) -> dict[str, Any]:
    """Begin the description of a tile set."""
    head = {"title": f"{title} ({matrix.id})", "dataType": "vector", "crs": matrix.crs}
    return head | ({} if matrix.uri is None else {"tileMatrixSetURI": matrix.uri})


def scheme(root: str, matrix: TileMatrixSet) -> list[dict[str, Any]]:
    """Link to the tile matrix set."""
    return [link(root, REL + "tiling-scheme", f"{BASE}/tileMatrixSets/{matrix.id}")]


def tile_set_json(root: str, layer: Layer, matrix: TileMatrixSet, when: str | None, title: str) -> dict[str, Any]:
    """Describe one tile set (17-083r4, 8)."""
    path = path_of(layer.name, "tiles", matrix.id)
    template = template_of("", layer, matrix, when, ("tileMatrix", "tileRow", "tileCol"))
    links = [
        link(root, "self", path + _query(when)),
        *scheme(root, matrix),
        link(root, "item", template, MEDIA_TYPE, templated=True),
        geodata(root, layer),
    ]
    if matrix is WEB_MERCATOR:
        query = urlencode({"f": "tilejson"} | ({} if when is None else {"datetime": when}))
        links.append(link(root, "describedby", f"{path}?{query}", title="TileJSON"))
        style = path_of(layer.name, "styles", "maplibre") + _query(when)
        links.append(link(root, "stylesheet", style, "application/vnd.mapbox.style+json", title="MapLibre"))
    described = head(matrix, title) | {"links": links, "layers": [layer_json(layer, matrix, title)]}
    return described | extent_json(layer.box, matrix)


def layer_json(layer: Layer, matrix: TileMatrixSet, title: str) -> dict[str, Any]:
    """Describe a layer of a tile set."""
    return {
        "id": layer.name,
        "title": title,
        "dataType": "vector",
        "geometryDimension": 0 if layer.shapes == "point" else 2,
        "minTileMatrix": str(max(FIRST, matrix.first)),
        "maxTileMatrix": str(last_of(matrix)),
        "propertiesSchema": {
            "type": "object",
            "properties": {name: {"type": kind.lower()} for name, kind in layer.types().items()},
        },
    }


def extent_json(box: Box | None, matrix: TileMatrixSet) -> dict[str, Any]:
    """Say where tiles are: their box, and the limits of each matrix."""
    if box is None:
        return {"tileMatrixSetLimits": []}
    west, south, east, north = box
    names = ("tileMatrix", "minTileRow", "maxTileRow", "minTileCol", "maxTileCol")
    return {
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": _CRS84},
        "tileMatrixSetLimits": [
            dict(zip(names, (str(z), *matrix.limits(box, z)), strict=True))
            for z in range(max(FIRST, matrix.first), last_of(matrix) + 1)
        ],
    }


def tile_json(root: str, layer: Layer, when: str | None, title: str, language: Language) -> dict[str, Any]:
    """Describe the tiles in Web Mercator as TileJSON 3.0."""
    template = template_of(root, layer, WEB_MERCATOR, when, ("z", "y", "x"))
    return tile_json_of(template, (layer,), layer.box, title, language)


def tile_json_of(
    template: str, layers: Sequence[Layer], box: Box | None, title: str, language: Language
) -> dict[str, Any]:
    """Describe tiles in Web Mercator by their template and layers."""
    described: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": title,
        "version": "1.0.0",
        "attribution": text("tiles.attribution", language),
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": FIRST,
        "maxzoom": LAST,
        "vector_layers": [
            {"id": layer.name, "fields": layer.types(), "minzoom": FIRST, "maxzoom": LAST} for layer in layers
        ],
    }
    if box is not None:
        west, south, east, north = box
        described["bounds"] = [west, south, east, north]
        described["center"] = [(west + east) / 2, (south + north) / 2, 12]
    return described
