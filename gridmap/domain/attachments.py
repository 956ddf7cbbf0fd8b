"""References of photos and other attachments: what stands for them in a case. The attachments themselves are elsewhere.

A reference is shown to people and followed by programs, so that only what cannot do anything by itself is let in.
"""

import re
from urllib.parse import urlsplit

#: Characters of one reference, and references of one case.
LONGEST, MOST = 200, 20

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
#: A name, or a path in the store of the city's photos; letters of any script.
_NAME = re.compile(r"[\w~@][\w~@+=%.,()\-]*(?:/[\w~@][\w~@+=%.,()\-]*)*")
_UNSAFE = re.compile(r"[\s<>\"'`\\{}|^\x00-\x1f\x7f-\x9f]")


def is_reference(words: str) -> bool:
    """Tell whether a text may stand for an attachment.

    It may be an address with ``http`` or ``https`` and a host, without a name and a password in it; a hash
    ``sha256:`` with 64 hexadecimal digits; or a name or a path without a step upwards.

    Examples
    --------
    >>> is_reference("https://photos.example/2026/1.jpg"), is_reference("20260520/照片-1.jpg")
    (True, True)
    >>> is_reference("javascript:alert(1)"), is_reference("data:image/png;base64,AA=="), is_reference("../1.jpg")
    (False, False, False)
    """
    if not words or len(words) > LONGEST or _UNSAFE.search(words):
        return False
    scheme = _SCHEME.match(words)
    if scheme is None:
        return _NAME.fullmatch(words) is not None
    if scheme[1].lower() not in ("http", "https"):
        return _SHA256.fullmatch(words) is not None
    try:
        parts = urlsplit(words)
        return bool(parts.hostname) and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
    except ValueError:  # an address that is none: brackets, a port beyond all ports
        return False
