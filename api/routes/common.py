"""Short forms that the routes share."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import fastapi
from fastapi import Path

from api.replies import BatchAnswer, ItemOut
from gridmap.errors import NotFound
from gridmap.i18n import Language, text
from gridmap.services.intake import ItemResult

T = TypeVar("T")

#: The one parameter model of a route, always called ``q``; ``strict.query_names`` reads it.
Query = Annotated[T, fastapi.Query()]

SetName = Annotated[str, Path(alias="set", description="name of a boundary set")]
VersionRef = Annotated[str, Path(alias="version", description="number of a version, or current")]
DraftRef = Annotated[str, Path(alias="draft", description="number of a draft")]
LayerName = Annotated[str, Path(alias="layer", description="name of a layer")]
CollectionName = Annotated[str, Path(alias="collection", description="name of a collection")]
MatrixSetName = Annotated[str, Path(alias="matrix_set", description="name of a tile matrix set")]
MatrixName = Annotated[str, Path(alias="matrix", description="name of a tile matrix")]
TileRow = Annotated[str, Path(alias="row", description="row of a tile, from the north")]
TileColumn = Annotated[str, Path(alias="column", description="column of a tile, from the west")]
StyleName = Annotated[str, Path(alias="style", description="maplibre or qgis")]
BasemapName = Annotated[str, Path(alias="basemap", description="name of a base map")]
GridCode = Annotated[str, Path(alias="code", description="code of a grid or area")]


def version_number(reference: str) -> int | None:
    """Read a version of a path: a number, or None for ``current``.

    Raises
    ------
    NotFound
        ``version_unknown``.
    """
    if reference == "current":
        return None
    if not (reference.isascii() and reference.isdigit() and len(reference) <= 9):
        raise NotFound("version_unknown")
    return int(reference)


def draft_number(reference: str) -> int:
    """Read a draft of a path.

    Raises
    ------
    NotFound
        ``version_unknown``.
    """
    number = version_number(reference)
    if number is None:
        raise NotFound("version_unknown")
    return number


def batch_answer(results: Sequence[ItemResult | ItemOut], language: Language) -> BatchAnswer:
    """Give the results of a batch with their texts, and how many of each kind there are."""
    items = [r if isinstance(r, ItemOut) else _item(r, language) for r in results]
    counts = dict.fromkeys(("accepted", "duplicate", "quarantined", "rejected"), 0)
    for item in items:
        counts[item.status] += 1
    return BatchAnswer(results=items, counts=counts)


def _item(result: ItemResult, language: Language) -> ItemOut:
    detail = None if result.code is None else text(f"error.{result.code}", language)
    return ItemOut.model_validate(
        {
            "status": result.status,
            "code": result.code,
            "pointer": result.pointer,
            "detail": detail,
            "grid_code": result.grid_code,
            "method": result.method,
        }
    )
