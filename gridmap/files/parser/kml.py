"""KML by expat: placemarks with their data and geometry. No document type, no link is ever followed."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmap.files.parser.rows import Rows
from gridmap.files.parser.wkb import Shape, to_shape
from gridmap.files.parser.xml import XmlReader, text_of

if TYPE_CHECKING:
    import pyarrow as pa

_LINKS = {"NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay"}
_ODD = {"Model", "Track", "MultiTrack", "Tour"}
_TEXTS = {"name", "description", "value", "SimpleData", "coordinates"}
_GEOMETRY = {"Point", "LineString", "Polygon", "LinearRing"}


def read(path: Path, request: dict[str, Any]) -> "tuple[pa.Table, dict[str, Any]]":
    """Read a KML file; WGS 84 by its standard.

    Returns
    -------
    tuple
        Table of ``rows.Rows.table``, and facts: ``crs``, ``encoding``, ``notes`` on links that were not followed.

    Raises
    ------
    FileError
        ``dtd_forbidden``, ``not_xml``, ``not_kml``, ``file_too_deep``, ``file_text_too_long``.
    """
    text, encoding = text_of(path, request)
    reader = _Reader(Rows(request["limits"]))
    reader.parse(text)
    notes = [{"rule": "link_ignored", "fields": {"kind": k, "count": n}} for k, n in sorted(reader.links.items())]
    return reader.rows.table(), {"crs": "OGC:CRS84", "encoding": encoding, "layer": None, "notes": notes}


class _Reader(XmlReader):
    def __init__(self, rows: Rows) -> None:
        super().__init__("kml", "not_kml")
        self.rows = rows
        self.links: Counter[str] = Counter()
        self.key = ""
        self.placemark: dict[str, Any] | None = None
        self.parts: list[tuple[str, Any]] = []
        self.fault: str | None = None
        self.has_z = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name in _LINKS:
            self.links[name] += 1
        if name == "Placemark":
            self.placemark, self.parts, self.fault, self.has_z = {}, [], None, False
        elif self.placemark is not None:
            if name in ("Data", "SimpleData"):
                self.key = attributes.get("name", "")
            elif name in _ODD or (
                name == "LinearRing" and self.stack[-2] not in ("outerBoundaryIs", "innerBoundaryIs")
            ):
                self.fault = "type_not_allowed"
            elif name in _GEOMETRY and name != "LinearRing":
                self.parts.append((name, []))
            if name in _TEXTS:
                self.gather()

    def end(self, name: str) -> None:
        if self.placemark is None:
            return
        if name == "Placemark":
            shape = self._shape()
            self.rows.add(shape, self.placemark)
            self.placemark = None
            return
        if name in _TEXTS and self.text is not None:
            text, self.text = "".join(self.text), None
            above = self.stack[-1] if self.stack else ""
            if name == "coordinates":
                self._coordinates(text, above)
            elif name in ("name", "description"):
                if above == "Placemark":
                    self.placemark[name] = text.strip()
            elif self.key:
                self.placemark[self.key] = text
                self.key = ""

    def _coordinates(self, text: str, above: str) -> None:
        if not self.parts:
            return
        positions: list[list[float]] = []
        try:
            for word in text.split():
                if "_" in word:
                    raise ValueError
                numbers = [float(n) for n in word.split(",")]
                if len(numbers) == 3:
                    # Most programs write a height of 0 that means nothing.
                    self.has_z = self.has_z or numbers[2] != 0
                    del numbers[2]
                positions.append(numbers)
        except ValueError:
            self.fault = "bad_position"
            return
        kind, held = self.parts[-1]
        if kind == "Polygon":
            # The outer ring leads, wherever it stands in the file.
            held.insert(0, positions) if "outerBoundaryIs" in self.stack[-2:] else held.append(positions)
        elif kind == "Point":
            if len(positions) == 1:
                held.extend(positions[0])
            elif positions:
                self.fault = "bad_position"
        else:
            held.extend(positions)

    def _shape(self) -> Shape:
        if self.fault:
            return Shape(fault=self.fault)
        kinds = {kind for kind, _ in self.parts}
        if not kinds:
            return Shape(fault="empty_geometry")
        if len(kinds) > 1:
            return Shape(fault="type_not_allowed")
        kind = kinds.pop()
        if len(self.parts) == 1:
            shape = to_shape(kind, self.parts[0][1])
        else:
            shape = to_shape(f"Multi{kind}", [held for _, held in self.parts])
        shape.has_z = self.has_z
        return shape
