"""GPX: the points of tracks, with the time and the name of their track. Ways that were only planned are no fixes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmap.files.parser.rows import Rows
from gridmap.files.parser.wkb import Shape, to_shape
from gridmap.files.parser.xml import XmlReader, text_of

if TYPE_CHECKING:
    import pyarrow as pa


def read(path: Path, request: dict[str, Any]) -> "tuple[pa.Table, dict[str, Any]]":
    """Read the track points of a GPX file; WGS 84 by its standard.

    Returns
    -------
    tuple
        Table of ``rows.Rows.table`` with ``time`` and ``unit`` (the name of the track), and facts.

    Raises
    ------
    FileError
        ``not_gpx`` and those of ``XmlReader.parse``.
    """
    text, encoding = text_of(path, request)
    reader = _Reader(Rows(request["limits"]))
    reader.parse(text)
    table = reader.rows.table()
    return table, {"crs": "OGC:CRS84", "encoding": encoding, "layer": None, "notes": []}


class _Reader(XmlReader):
    def __init__(self, rows: Rows) -> None:
        super().__init__("gpx", "not_gpx")
        self.rows = rows
        self.unit: str | None = None
        self.point: dict[str, Any] | None = None
        self.shape = Shape()

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "trk":
            self.unit = None
        elif name == "trkpt":
            self.point = {"time": None, "unit": self.unit}
            self.shape = _place(attributes)
        elif (name == "name" and self.stack[-2:-1] == ["trk"]) or (name == "time" and self.stack[-2:-1] == ["trkpt"]):
            self.gather()

    def end(self, name: str) -> None:
        if self.text is not None and name in ("name", "time"):
            text, self.text = "".join(self.text).strip(), None
            if name == "time" and self.point is not None:
                self.point["time"] = text
            elif name == "name":
                self.unit = text
        elif name == "trkpt" and self.point is not None:
            self.rows.add(self.shape, self.point)
            self.point = None


def _place(attributes: dict[str, str]) -> Shape:
    try:
        words = attributes["lon"], attributes["lat"]
        if any("_" in word for word in words):
            raise ValueError
        return to_shape("Point", [float(word) for word in words])
    except (KeyError, ValueError):
        return Shape(fault="bad_position")
