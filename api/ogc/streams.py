"""All features that are asked for as one stream, in flat memory: NDJSON, CSV, GeoParquet, FlatGeobuf."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np
from fastapi import Request, Response
from starlette.responses import StreamingResponse

from api.deps import Context
from api.ogc.answering import FORMS
from api.ogc.asking import Asked
from api.ogc.collections import Collection, Sort
from api.ogc.rows import batches, by_time, chosen, incidents_held, matching, whole
from gridmap.analysis.collected import Table
from gridmap.crs import CRS84_URI, to_reference
from gridmap.errors import InvalidInput
from gridmap.files.geojson import feature_texts
from gridmap.files.streams import stream

#: Features that are written at a time, and incidents that are read at a time.
_AT_ONCE, _READ = 5_000, 20_000
#: Forms whose files have the easting first, whatever the system: they are given in the system that has it so.
_PLAIN = ("fgb", "parquet")


def streamed(
    request: Request, ctx: Context, collection: Collection, asked: Asked, form: str, most: int | None
) -> Response:
    """Answer with all features that are asked for, ``most`` of them where the reader names a number.

    Raises
    ------
    InvalidInput
        ``crs_not_given`` and what reading the first features finds wrong.
    TooManyRequests
        ``too_many_streams``.
    """
    if form in _PLAIN and asked.crs != CRS84_URI:
        raise InvalidInput("crs_not_given")
    parts = _limited(_parts(ctx, collection, asked, form), most)
    # what is wrong with the question shows before anything is sent
    first = next(parts, None)
    parts = parts if first is None else chain([first], parts)
    end = request.app.state.doors.listen(request.scope)
    return StreamingResponse(
        _until(_written(collection, asked, form, parts), end),
        media_type=FORMS[form],
        headers={
            "Content-Crs": f"<{asked.crs}>",
            "Content-Disposition": f'attachment; filename="features.{form}"',
            "Cache-Control": "private, no-store",
            "Vary": "Accept, Authorization, Cookie",
        },
    )


#: Some rows, and where they are written as they are: the text of each, which is kept with its table.
Part = tuple[Table, list[bytes] | None]


def _parts(ctx: Context, collection: Collection, asked: Asked, form: str) -> Iterator[Part]:
    if collection.sort is Sort.INCIDENTS and by_time(asked):
        for table, _ in batches(ctx, asked, size=_READ):
            found = table.take(matching(table, asked, ctx.settings.time_zone)) if asked.narrowed else table
            if len(found):
                yield found, None
        return
    if collection.sort is Sort.INCIDENTS:
        table, asked = incidents_held(ctx, asked), replace(asked, ground=None, filter=None)
    else:
        _, table = whole(ctx, collection, asked)
    rows = chosen(table, asked, ctx.settings.time_zone)
    texts = kept_texts(table, asked) if form == "ndjson" and collection.sort is not Sort.INCIDENTS else None
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        yield table.take(some), None if texts is None else [texts[row] for row in some.tolist()]


def kept_texts(table: Table, asked: Asked) -> list[bytes] | None:
    """Give the features of a table as they are written, made once; None where they are asked for otherwise."""
    if asked.crs != CRS84_URI or asked.names != tuple(table.columns):
        return None
    texts: list[bytes] | None = table.kept.get("texts")
    if texts is None:
        texts = table.kept["texts"] = feature_texts(table, asked.names)
    return texts


def _limited(parts: Iterator[Part], most: int | None) -> Iterator[Part]:
    left = most
    for table, texts in parts:
        if left is not None and len(table) >= left:
            yield table.take(np.arange(left)), None if texts is None else texts[:left]
            return
        left = None if left is None else left - len(table)
        yield table, texts


def _written(collection: Collection, asked: Asked, form: str, parts: Iterator[Part]) -> Iterator[bytes]:
    if form == "ndjson":
        return _lines(asked, parts)
    tables = (Table(t.ids, t.columns, to_reference(t.shapes, asked.crs)) for t, _ in parts)
    geometry = "Point" if collection.sort is Sort.INCIDENTS else "Unknown"
    return stream(form, tables, asked.names, collection.properties, geometry)  # type: ignore[arg-type]


def _lines(asked: Asked, parts: Iterator[Part]) -> Iterator[bytes]:
    for table, texts in parts:
        lines = texts or feature_texts(table, asked.names, to_reference(table.shapes, asked.crs))
        yield b"\n".join(lines) + b"\n"


def _until(pieces: Iterator[bytes], end: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        end()
