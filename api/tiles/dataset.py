"""Tiles of all collections at once (20-057): one address for a map that draws everything.

Each collection is a layer of its own. A tile of several layers is the tiles of each, one behind the other.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from api.deps import Context
from api.errors import Fault, InvalidRequest
from api.ogc.answering import BASE
from api.tiles import documents
from api.tiles.asked import collections_of, layer_of
from api.tiles.layers import Layer
from gridmap.errors import NotFound
from gridmap.i18n import Language
from gridmap.services.ports import Box
from gridmap.tiles.matrix import MATRIX_SETS, WEB_MERCATOR, TileMatrixSet
from gridmap.tiles.mvt import MEDIA_TYPE

PATH = f"{BASE}/tiles"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Layers that are drawn together.

    Attributes
    ----------
    layers : tuple of Layer
    query : dict
        What was asked: ``collections`` and ``datetime``, as far as they were said.
    """

    layers: tuple[Layer, ...]
    query: dict[str, str]

    @property
    def version(self) -> str:
        """Digest of all that the reader sees of them."""
        said = "\x1f".join(f"{layer.name}\x1e{layer.version}" for layer in self.layers)
        return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def box(self) -> Box | None:
        """West, south, east, north of all; None: nothing is there."""
        boxes = [layer.box for layer in self.layers if layer.box is not None]
        if not boxes:
            return None
        west, south, east, north = zip(*boxes, strict=True)
        return min(west), min(south), max(east), max(north)

    def write(self, matrix: TileMatrixSet, z: int, row: int, column: int) -> bytes:
        """Give a tile."""
        return b"".join(layer.write(matrix, z, row, column) for layer in self.layers)


def dataset_of(ctx: Context, collections: str | None, said: str | None) -> Dataset:
    """Give what a reader sees of the collections that are named, joined by commas; else of all that he has.

    A level that is not in force on the day is left out, unless it was asked for by name.

    Raises
    ------
    NotFound
        ``tiles_unknown``; ``no_version_at``.
    InvalidRequest
        ``bad_time``; ``collections_twice``.
    """
    names = collections_of(ctx) if collections is None else collections.split(",")
    if len(set(names)) != len(names):
        raise InvalidRequest([Fault("collections_twice", parameter="collections")])
    found = []
    for name in names:
        try:
            found.append(layer_of(ctx, name, said))
        except NotFound as error:
            if collections is not None or error.code != "no_version_at":
                raise
    query = {"collections": collections, "datetime": said}
    return Dataset(tuple(found), {name: value for name, value in query.items() if value is not None})


def _asked(dataset: Dataset, **more: str) -> str:
    query = urlencode(more | dataset.query)
    return f"?{query}" if query else ""


def tile_sets_json(root: str, dataset: Dataset, title: str) -> dict[str, Any]:
    """List the tile sets of the dataset."""
    entries = []
    for matrix in MATRIX_SETS.values():
        links = [documents.link(root, "self", f"{PATH}/{matrix.id}{_asked(dataset)}"), *documents.scheme(root, matrix)]
        entries.append(documents.head(matrix, title) | {"links": links})
    return {"tilesets": entries, "links": [documents.link(root, "self", PATH + _asked(dataset))]}


def _template(root: str, dataset: Dataset, matrix: TileMatrixSet, names: tuple[str, str, str]) -> str:
    place = "/".join(f"{{{name}}}" for name in names)
    return f"{root}{PATH}/{matrix.id}/{place}{_asked(dataset, f='mvt', v=dataset.version)}"


def tile_set_json(
    root: str, dataset: Dataset, matrix: TileMatrixSet, title: str, titles: dict[str, str]
) -> dict[str, Any]:
    """Describe one tile set of the dataset; ``titles``: those of its layers."""
    template = _template("", dataset, matrix, ("tileMatrix", "tileRow", "tileCol"))
    links = [
        documents.link(root, "self", f"{PATH}/{matrix.id}{_asked(dataset)}"),
        *documents.scheme(root, matrix),
        documents.link(root, "item", template, MEDIA_TYPE, templated=True),
        *(documents.geodata(root, layer) for layer in dataset.layers),
    ]
    if matrix is WEB_MERCATOR:
        told = f"{PATH}/{matrix.id}{_asked(dataset, f='tilejson')}"
        links.append(documents.link(root, "describedby", told, title="TileJSON"))
    layers = [documents.layer_json(layer, matrix, titles[layer.name]) for layer in dataset.layers]
    described = documents.head(matrix, title) | {"links": links, "layers": layers}
    return described | documents.extent_json(dataset.box, matrix)


def tile_json(root: str, dataset: Dataset, title: str, language: Language) -> dict[str, Any]:
    """Describe the tiles of the dataset in Web Mercator as TileJSON 3.0."""
    template = _template(root, dataset, WEB_MERCATOR, ("z", "y", "x"))
    return documents.tile_json_of(template, dataset.layers, dataset.box, title, language)
