"""Which encoding a text has, and which characters may stand in it. Ask, never guess."""

import codecs
import re
import unicodedata
from pathlib import Path

from gridmap.errors import EncodingAmbiguous, TextError

#: Names a caller may give, and the codec behind each. GB 18030 holds GBK and GB 2312 in full.
ENCODINGS: dict[str, str] = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "936": "gb18030",
    "big5": "big5",
    "cp950": "big5",
    "950": "big5",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "88591": "latin-1",
    "cp1252": "cp1252",
    "ansi 1252": "cp1252",
    "1252": "cp1252",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
}

_CHUNK = 1 << 20
_LEAD_OF_THREE = re.compile(rb"[\xe0-\xf4]")
# Pairs of bytes that are UTF-8 and may as well be GBK: two in a row ("模式"), or one that is no Latin letter or sign.
# A single accent or degree sign among plain letters is no Chinese word.
_DOUBTFUL = re.compile(rb"[\xc2-\xdf][\x80-\xbf][\xc2-\xdf][\x80-\xbf]|[\xc6-\xdf][\x80-\xbf]")
_CANDIDATES = ("gb18030", "big5")
# C0 and C1 controls (tab, LF and CR in running text are allowed apart), surrogates, zero-width and bidi controls.
_BAD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]"
)
_LATIN_RUN = re.compile("[\u00c0-\u00ff\u00a1-\u00bf]{4,}")
_HAN = re.compile("[\u4e00-\u9fff]")


def codec_of(name: str) -> str:
    """Give Python's codec for a name of an encoding.

    Raises
    ------
    TextError
        ``encoding_unknown``.
    """
    key = name.strip().lower().replace("_", "-")
    if key not in ENCODINGS:
        raise TextError("encoding_unknown", known=", ".join(sorted({k for k in ENCODINGS if not k.isdigit()})))
    return ENCODINGS[key]


def public_name(codec: str) -> str:
    """Give the name of a codec as a caller may write it."""
    return {"utf-8-sig": "utf-8", "latin-1": "iso-8859-1"}.get(codec, codec)


def judge(pieces: list[bytes], *, truncated: bool = False) -> str:
    """Decide the encoding of bytes that state none.

    Parameters
    ----------
    pieces : list of bytes
        The text, in one piece or in cells.
    truncated : bool
        A cell may end in the middle of a character (dBase cuts at its width).

    Returns
    -------
    str
        The codec: ``utf-8-sig`` when the bytes are UTF-8 and cannot well be anything else (ASCII included).

    Raises
    ------
    EncodingAmbiguous
        ``encoding_ambiguous`` with ``candidates``.
    TextError
        ``not_text``: no known encoding fits.
    """
    if pieces and pieces[0].startswith((b"\xff\xfe", b"\xfe\xff")) and _fits(pieces, "utf-16", truncated):
        raise EncodingAmbiguous("encoding_ambiguous", candidates="utf-16")
    others = [c for c in _CANDIDATES if _fits(pieces, c, truncated)]
    if _fits(pieces, "utf-8-sig", truncated):
        # Bytes of three or four a character are UTF-8 beyond doubt; pairs alone could be GBK.
        if pieces and pieces[0].startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        high = [p for p in pieces if not p.isascii()]
        if not high or not others or any(b >= 0xE0 for p in high for b in p):
            return "utf-8-sig"
        if not any(_DOUBTFUL.search(p) for p in high):
            return "utf-8-sig"
        raise EncodingAmbiguous("encoding_ambiguous", candidates=", ".join(["utf-8", *others]))
    if others:
        raise EncodingAmbiguous("encoding_ambiguous", candidates=", ".join(others))
    raise TextError("not_text")


def _fits(pieces: list[bytes], codec: str, truncated: bool) -> bool:
    make = codecs.getincrementaldecoder(codec)
    try:
        for piece in pieces:
            make("strict").decode(piece, final=not truncated)
    except UnicodeDecodeError:
        return False
    return True


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Decode a whole text strictly.

    Returns
    -------
    tuple
        The text without byte order mark, and the name of its encoding.

    Raises
    ------
    EncodingAmbiguous
        ``encoding_ambiguous``, where ``encoding`` is not given and the bytes are not plainly UTF-8.
    TextError
        ``encoding_wrong``: the bytes are not what the caller said; ``encoding_unknown``; ``not_text``.
    """
    codec = codec_of(encoding) if encoding is not None else judge([data])
    try:
        return data.decode(codec), public_name(codec)
    except UnicodeDecodeError:
        raise TextError("encoding_wrong", encoding=public_name(codec)) from None


def is_bad(value: str) -> bool:
    """Tell whether a text holds control, bidi or zero-width characters, NUL, lone surrogates or U+FFFD."""
    return _BAD.search(value) is not None


def cleaned(value: str) -> str:
    """Give a text in which every bad character is replaced by a visible mark."""
    return _BAD.sub("\u25a1", value)


def looks_mojibake(value: str) -> bool:
    """Tell whether a text looks like UTF-8 read as GBK, or GBK read as Latin-1.

    A heuristic, for a warning only: the text goes back through the wrong codec and comes out as Chinese.
    """
    if value.isascii():
        return False
    run = _LATIN_RUN.search(value)
    if run and len(run[0]) % 2 == 0:
        try:
            return all(_HAN.match(c) for c in run[0].encode("latin-1").decode("gbk"))
        except UnicodeError:
            return False
    if not _HAN.search(value):
        return False
    try:
        raw = value.encode("gb18030")
    except UnicodeEncodeError:
        return False
    back = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        again = back.decode(raw, final=False)
    except UnicodeDecodeError:
        return False
    return len(_HAN.findall(again)) >= 2 and all(unicodedata.category(c) != "Cc" for c in again)


def judge_file(path: Path) -> str:
    """Decide the encoding of a text file of any size as ``judge`` does, in flat memory.

    Raises
    ------
    EncodingAmbiguous, TextError
        As ``judge``.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    if len(head) < _CHUNK or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return judge([head], truncated=len(head) == _CHUNK)
    fitting = {c: codecs.getincrementaldecoder(c)("strict") for c in ("utf-8-sig", *_CANDIDATES)}
    plain, certain, doubtful = True, False, False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if chunk.isascii() and plain:
                continue
            plain = False
            certain = certain or _LEAD_OF_THREE.search(chunk) is not None
            doubtful = doubtful or (not certain and _DOUBTFUL.search(chunk) is not None)  # certainty outweighs doubt
            for codec in list(fitting):
                try:
                    fitting[codec].decode(chunk)
                except UnicodeDecodeError:
                    del fitting[codec]
    if plain or ("utf-8-sig" in fitting and (certain or not doubtful or len(fitting) == 1)):
        return "utf-8-sig"
    if not fitting:
        raise TextError("not_text")
    raise EncodingAmbiguous("encoding_ambiguous", candidates=", ".join(public_name(c) for c in fitting))
