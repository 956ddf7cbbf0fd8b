"""OGC API - Tiles: vector tiles of areas, incidents and patrol effort, and what is said of them."""

import gzip
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.ogc.answering import BASE, json_answer, root_of
from api.ogc.collections import Collection, Sort, find_collection
from api.ogc.registry import Link, declare, link_collection, link_landing
from api.ogc.route import OgcRoute
from api.requests_tiles import (
    DatasetQuery,
    DatasetSetQuery,
    DatasetTileQuery,
    OfDayQuery,
    TileQuery,
    TileSetQuery,
    TileSetsQuery,
)
from api.rights import needs, open_to_all
from api.routes.common import CollectionName, MatrixName, MatrixSetName, Query, StyleName, TileColumn, TileRow
from api.tiles import dataset, documents, styles
from api.tiles.asked import EFFORT, layer_of
from api.tiles.dataset import PATH as DATASET
from api.tiles.dataset import Dataset, dataset_of
from api.tiles.kept import name_of
from api.tiles.layers import Layer
from gridmap.domain.access import Permission
from gridmap.errors import NotFound
from gridmap.i18n import Language, text
from gridmap.tiles.matrix import MATRIX_SETS, WEB_MERCATOR, TileMatrixSet
from gridmap.tiles.mvt import MEDIA_TYPE

router = APIRouter(route_class=OgcRoute, tags=["tiles"])

_TILES = BASE + "/collections/{collection}/tiles"
_VARY = "Authorization, Cookie, Accept-Encoding"
#: A tile under an address with its version is that tile for ever.
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK = "private, no-cache"
#: Longer numbers name no tile.
_DIGITS = 9

declare(*documents.CLASSES)


@link_landing
def _matrix_sets(ctx: Context, language: Language) -> Iterator[Link]:
    yield Link(documents.REL + "tiling-schemes", f"{BASE}/tileMatrixSets", documents.JSON, text("tiles.sets", language))
    yield Link(documents.REL + "tilesets-vector", DATASET, documents.JSON, text("tiles.title", language))


@link_collection
def _tile_sets(ctx: Context, collection: Collection, language: Language) -> Iterator[Link]:
    if collection.sort in (Sort.AREAS, Sort.INCIDENTS):
        path = documents.path_of(collection.id, "tiles")
        yield Link(documents.REL + "tilesets-vector", path, documents.JSON, text("tiles.title", language))


# first: routes are looked for from the top, and a map asks for hundreds of tiles
@router.get(_TILES + "/{matrix_set}/{matrix}/{row}/{column}", response_class=Response)
@needs(Permission.GRIDS_READ)
def get_tile(
    ctx: Ctx,
    request: Request,
    q: Query[TileQuery],
    collection: CollectionName,
    matrix_set: MatrixSetName,
    matrix: MatrixName,
    row: TileRow,
    column: TileColumn,
) -> Response:
    """Give one tile as Mapbox Vector Tile; 204 where nothing is in it."""
    tiles, place = _place(matrix_set, matrix, row, column)
    return _given(ctx, request, layer_of(ctx, collection, q.datetime), collection, (tiles, *place), q.v)


@router.get(DATASET + "/{matrix_set}/{matrix}/{row}/{column}", response_class=Response)
@needs(Permission.GRIDS_READ)
def get_dataset_tile(
    ctx: Ctx,
    request: Request,
    q: Query[DatasetTileQuery],
    matrix_set: MatrixSetName,
    matrix: MatrixName,
    row: TileRow,
    column: TileColumn,
) -> Response:
    """Give one tile with a layer for each collection; 204 where nothing is in it."""
    tiles, place = _place(matrix_set, matrix, row, column)
    return _given(ctx, request, dataset_of(ctx, q.collections, q.datetime), "", (tiles, *place), q.v)


def _place(matrix_set: str, matrix: str, row: str, column: str) -> tuple[TileMatrixSet, tuple[int, int, int]]:
    """Read the place of a tile.

    Raises
    ------
    NotFound
        ``matrix_set_unknown``, ``tile_unknown``.
    """
    tiles = _matrix_set(matrix_set)
    place = _number(matrix), _number(row), _number(column)
    if not tiles.holds(*place) or place[0] > documents.last_of(tiles):
        raise NotFound("tile_unknown")
    return tiles, place


def _given(
    ctx: Context,
    request: Request,
    drawn: Layer | Dataset,
    name: str,
    place: tuple[TileMatrixSet, int, int, int],
    said: str | None,
) -> Response:
    """Give a tile, kept or made; ``said``: the version in its address."""
    version, (tiles, *at) = drawn.version, place
    kept = name_of(version, name, tiles.id, *at)
    tag = f'W/"{kept}"'
    headers = {"ETag": tag, "Vary": _VARY, "Cache-Control": _FOR_EVER if said == version else _ASK}
    if tag in (known.strip() for known in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    packed = ctx.tile_files.get(kept, lambda: drawn.write(*place))
    if not packed:
        return Response(status_code=204, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=MEDIA_TYPE)
    return Response(gzip.decompress(packed), headers=headers, media_type=MEDIA_TYPE)


@router.get(f"{BASE}/tileMatrixSets")
@open_to_all
def list_matrix_sets(request: Request, q: Query[TileSetsQuery]) -> Response:
    """List the tile matrix sets."""
    return json_answer(request, documents.matrix_sets_json(root_of(request)))


@router.get(BASE + "/tileMatrixSets/{matrix_set}")
@open_to_all
def get_matrix_set(request: Request, q: Query[TileSetsQuery], matrix_set: MatrixSetName) -> Response:
    """Describe a tile matrix set."""
    return json_answer(request, _matrix_set(matrix_set).definition())


@router.get(DATASET)
@needs(Permission.GRIDS_READ)
def list_dataset_tile_sets(ctx: Ctx, request: Request, q: Query[DatasetQuery], language: ReaderLanguage) -> Response:
    """List the tile sets of all collections together."""
    found = dataset_of(ctx, q.collections, q.datetime)
    return json_answer(request, dataset.tile_sets_json(root_of(request), found, text("tiles.all", language)))


@router.get(DATASET + "/{matrix_set}")
@needs(Permission.GRIDS_READ)
def get_dataset_tile_set(
    ctx: Ctx, request: Request, q: Query[DatasetSetQuery], language: ReaderLanguage, matrix_set: MatrixSetName
) -> Response:
    """Describe a tile set of all collections, or with ``f=tilejson`` its tiles in Web Mercator as TileJSON."""
    matrix, found = _matrix_set(matrix_set), dataset_of(ctx, q.collections, q.datetime)
    root, title = root_of(request), text("tiles.all", language)
    if q.f == "tilejson":
        if matrix is not WEB_MERCATOR:
            raise NotFound("tilejson_web_mercator")
        return json_answer(request, dataset.tile_json(root, found, title, language))
    titles = {layer.name: _title(ctx, layer.name, language) for layer in found.layers}
    return json_answer(request, dataset.tile_set_json(root, found, matrix, title, titles))


@router.get(_TILES)
@needs(Permission.GRIDS_READ)
def list_tile_sets(
    ctx: Ctx, request: Request, q: Query[OfDayQuery], language: ReaderLanguage, collection: CollectionName
) -> Response:
    """List the tile sets of a collection."""
    layer = layer_of(ctx, collection, q.datetime)
    return json_answer(
        request,
        documents.tile_sets_json(root_of(request), layer, q.datetime, _title(ctx, collection, language)),
    )


@router.get(_TILES + "/{matrix_set}")
@needs(Permission.GRIDS_READ)
def get_tile_set(
    ctx: Ctx,
    request: Request,
    q: Query[TileSetQuery],
    language: ReaderLanguage,
    collection: CollectionName,
    matrix_set: MatrixSetName,
) -> Response:
    """Describe a tile set, or with ``f=tilejson`` its tiles in Web Mercator as TileJSON."""
    matrix = _matrix_set(matrix_set)
    layer, title = layer_of(ctx, collection, q.datetime), _title(ctx, collection, language)
    if q.f == "tilejson":
        if matrix is not WEB_MERCATOR:
            raise NotFound("tilejson_web_mercator")
        return json_answer(request, documents.tile_json(root_of(request), layer, q.datetime, title, language))
    return json_answer(request, documents.tile_set_json(root_of(request), layer, matrix, q.datetime, title))


@router.get(BASE + "/collections/{collection}/styles/{style}")
@needs(Permission.GRIDS_READ)
def get_style(
    ctx: Ctx,
    request: Request,
    q: Query[OfDayQuery],
    language: ReaderLanguage,
    collection: CollectionName,
    style: StyleName,
) -> Response:
    """Give the look of the tiles of a collection: ``maplibre`` a style, ``qgis`` a layer definition."""
    layer, title = layer_of(ctx, collection, q.datetime), _title(ctx, collection, language)
    if style == "maplibre":
        return json_answer(request, styles.maplibre(root_of(request), layer, q.datetime, title))
    if style == "qgis":
        body = styles.qgis(root_of(request), layer, q.datetime, title).encode()
        headers = {"Cache-Control": _ASK, "Content-Disposition": 'attachment; filename="gridmap.qlr"'}
        return Response(body, headers=headers, media_type="application/xml")
    raise NotFound("style_unknown")


def _matrix_set(name: str) -> TileMatrixSet:
    if name not in MATRIX_SETS:
        raise NotFound("matrix_set_unknown", known=", ".join(MATRIX_SETS))
    return MATRIX_SETS[name]


def _number(said: str) -> int:
    """Read a number of a path; what is none names no tile.

    Raises
    ------
    NotFound
        ``tile_unknown``.
    """
    if not (said.isascii() and said.isdigit() and len(said) <= _DIGITS and (said == "0" or said[0] != "0")):
        raise NotFound("tile_unknown")
    return int(said)


def _title(ctx: Context, collection: str, language: Language) -> str:
    return text("tiles.effort", language) if collection == EFFORT else find_collection(ctx, collection, language).title
