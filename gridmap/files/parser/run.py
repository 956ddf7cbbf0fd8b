"""One request: choose the parser, write its table as an Arrow IPC file, give the facts."""

import importlib
import os
from pathlib import Path
from typing import Any

from gridmap.files.parser.rows import GEOMETRY

_MODULES = {
    "geojson": "geojson",
    "geopackage": "geopackage",
    "shapefile": "gdal",
    "flatgeobuf": "gdal",
    "parquet": "parquet",
    "kml": "kml",
    "gpx": "gpx",
}


def run(request: dict[str, Any], out: Path) -> dict[str, Any]:
    """Parse the file of a request into ``out / "result.arrow"``, or as a stream to standard output.

    Returns
    -------
    dict
        Facts: ``crs`` (authority code or WKT, None: not stated), ``encoding``, ``layer``, ``notes``.
    """
    if request.get("stream"):
        return _stream(request)
    module = importlib.import_module(f"gridmap.files.parser.{_MODULES[request['format']]}")
    table, facts = module.read(Path(request["path"]), request)
    import pyarrow as pa
    import pyarrow.ipc

    assert GEOMETRY in table.column_names
    with pa.OSFile(str(out / "result.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return {"notes": [], **facts}


def _stream(request: dict[str, Any]) -> dict[str, Any]:
    from gridmap.files.parser import gdal

    batches = gdal.stream(Path(request["path"]), request)
    first = next(batches)
    import pyarrow as pa
    import pyarrow.ipc

    with os.fdopen(os.dup(1), "wb") as pipe, pa.ipc.new_stream(pipe, first.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return {"notes": []}
