"""KML by expat: placemarks with their data and geometry. No document type, no link is ever followed."""

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from gridmap.errors import FileError, TextError
from gridmap.files.parser.rows import Rows
from gridmap.files.parser.wkb import Shape, to_shape
from gridmap.files.text import codec_of, decode

if TYPE_CHECKING:
    import pyarrow as pa

_DEPTH = 64
_MAX_TEXT = 16_000_000
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'][^>]{0,200}\?>""")
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
    data = path.read_bytes()
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    encoding = request.get("encoding") or (declared[1].decode("ascii") if declared else None)
    # "UTF-16" without a byte order mark would be a guess; codec_of refuses what we do not know, UTF-7 among it.
    if encoding is not None:
        codec_of(encoding)
    text, encoding = decode(data, encoding)
    text = re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL)
    reader = _Reader(Rows(request["limits"]))
    reader.parse(text)
    notes = [{"rule": "link_ignored", "fields": {"kind": k, "count": n}} for k, n in sorted(reader.links.items())]
    return reader.rows.table(), {"crs": "OGC:CRS84", "encoding": encoding, "layer": None, "notes": notes}


class _Reader:
    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.links: Counter[str] = Counter()
        self.stack: list[str] = []
        self.text: list[str] | None = None
        self.size = 0
        self.key = ""
        self.placemark: dict[str, Any] | None = None
        self.parts: list[tuple[str, Any]] = []
        self.fault: str | None = None
        self.has_z = False

    def parse(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            raw = text.encode("utf-8")
        except UnicodeEncodeError:
            raise TextError("file_not_utf8") from None
        try:
            for start in range(0, len(raw), 1 << 20):
                parser.Parse(raw[start : start + (1 << 20)], False)
            parser.Parse(b"", True)
        except expat.ExpatError:
            raise FileError("not_xml") from None

    def _doctype(self, *_: Any) -> None:
        raise FileError("dtd_forbidden")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self.stack and name != "kml":
            raise FileError("not_kml")
        self.stack.append(name)
        if len(self.stack) > _DEPTH:
            raise FileError("file_too_deep")
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
                self.text, self.size = [], 0

    def _characters(self, data: str) -> None:
        if self.text is not None:
            self.size += len(data)
            if self.size > _MAX_TEXT:
                raise FileError("file_text_too_long", limit=_MAX_TEXT)
            self.text.append(data)

    def _end(self, _: str) -> None:
        name = self.stack.pop()
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
