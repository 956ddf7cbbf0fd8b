"""What readers of XML share: expat in pieces, no document type, no depth without end, no text without end."""

import re
from pathlib import Path
from typing import Any
from xml.parsers import expat

from gridmap.errors import FileError, TextError
from gridmap.files.text import codec_of, decode

_DEPTH = 64
_MAX_TEXT = 16_000_000
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'][^>]{0,200}\?>""")


def text_of(path: Path, request: dict[str, Any]) -> tuple[str, str]:
    """Give the text of an XML file without its declaration, and its encoding."""
    data = path.read_bytes()
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    encoding = request.get("encoding") or (declared[1].decode("ascii") if declared else None)
    # "UTF-16" without a byte order mark would be a guess; codec_of refuses what we do not know, UTF-7 among it.
    if encoding is not None:
        codec_of(encoding)
    text, encoding = decode(data, encoding)
    return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL), encoding


class XmlReader:
    """Walks through a file; ``begin`` and ``end`` are told of each element, without its prefix.

    Attributes
    ----------
    stack : list of str
        The elements that are open.
    text : list of str or None
        Where characters are gathered; None: nowhere.
    """

    def __init__(self, root: str, not_root: str) -> None:
        self._root = root
        self._not_root = not_root
        self.stack: list[str] = []
        self.text: list[str] | None = None
        self._size = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Be told of an element that begins; it is on the stack."""
        raise NotImplementedError

    def end(self, name: str) -> None:
        """Be told of an element that ended; it is off the stack."""
        raise NotImplementedError

    def gather(self) -> None:
        """Gather characters from here on."""
        self.text, self._size = [], 0

    def parse(self, text: str) -> None:
        """Walk through a text.

        Raises
        ------
        FileError
            ``dtd_forbidden``, ``not_xml``, that of another root, ``file_too_deep``, ``file_text_too_long``.
        TextError
            ``file_not_utf8``.
        """
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _doctype
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

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self.stack and name != self._root:
            raise FileError(self._not_root)
        self.stack.append(name)
        if len(self.stack) > _DEPTH:
            raise FileError("file_too_deep")
        self.begin(name, attributes)

    def _characters(self, data: str) -> None:
        if self.text is not None:
            self._size += len(data)
            if self._size > _MAX_TEXT:
                raise FileError("file_text_too_long", limit=_MAX_TEXT)
            self.text.append(data)

    def _end(self, _: str) -> None:
        self.end(self.stack.pop())


def _doctype(*_: Any) -> None:
    raise FileError("dtd_forbidden")
