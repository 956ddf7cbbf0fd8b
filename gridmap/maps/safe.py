"""A user's text is never code: the two ways in which text may enter a map page.

Folium renders strings as Jinja templates, more than once, and puts names into JavaScript and HTML. So a text either
goes through ``encode_text`` (names of layers, titles), or travels as JSON in an inert data block that our own script
reads and shows with ``textContent``.
"""

import json
import math
import re
from typing import Any

_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&#39;",
        "{": "&#123;",
        "}": "&#125;",
        "`": "&#96;",
        "$": "&#36;",
        "\\": "&#92;",
        # JavaScript once took these two for line ends inside a string
        "\u2028": " ",
        "\u2029": " ",
    }
)


def encode_text(value: object) -> str:
    """Turn every character that HTML, JavaScript or Jinja could take for code into an HTML entity.

    The result shows as the original text wherever HTML is parsed, and is inert in a JavaScript string, in a template
    literal and in a Jinja template. Encode once: encoding twice shows the entities.
    """
    return str(value).translate(_ENTITIES)


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_CODE = re.compile("[<>&'`${}\u2028\u2029]")


def encode_json(value: Any) -> str:
    """Write a value as JSON for an inert ``<script type="application/json">`` block.

    Inside strings every character that HTML, JavaScript or Jinja could take for code is written as ``\\uXXXX``, so
    nothing in it can end the block or open a comment or a template. Missing numbers (NaN) become null.

    Raises
    ------
    ValueError
        If a number is infinite.
    """
    try:
        text = _dumps(value)
    except ValueError:  # NaN is rare, and looking for it costs more than writing
        text = _dumps(_plain(value))
    return _STRING.sub(lambda literal: _CODE.sub(lambda c: f"\\u{ord(c[0]):04x}", literal[0]), text)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Bring a value to what JSON knows; NaN to None."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
