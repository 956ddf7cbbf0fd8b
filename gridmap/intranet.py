"""Addresses of the tiles of a map server of the intranet: what may stand in them, and whose they are."""

import re
from urllib.parse import urlsplit

#: Fields of a template: as XYZ and TMS have them, and as WMTS has them. ``{z-1}``: a matrix set that counts from its
#: first matrix of two tiles on, as that of EPSG:4326 often does.
FIELDS = frozenset({"z", "z-1", "x", "y", "-y", "TileMatrix", "TileRow", "TileCol"})
_NEEDED = ({"z", "z-1", "TileMatrix"}, {"x", "TileCol"}, {"y", "-y", "TileRow"})
_FIELD = re.compile(r"\{([^{}]*)\}")
#: A name, an address, or an IPv6 address: it goes into the policy of our pages, where blanks and ; would say more.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*")


def origin_of(template: str) -> str:
    """Give the origin (scheme, host, port) of a template of addresses of tiles.

    Raises
    ------
    ValueError
        It is none: not http or https, a field in the host or an unknown one, a field missing, a name of somebody in it.
    """
    fields = set(_FIELD.findall(template))
    if not fields <= FIELDS:
        raise ValueError(f"an address of tiles has no other fields than {', '.join(sorted(FIELDS))}")
    if not all(fields & one for one in _NEEDED):
        raise ValueError("an address of tiles needs {z}, {x} and {y}")
    parts = urlsplit(template)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or parts.username is not None or parts.fragment or "\\" in template:
        raise ValueError("an address of tiles has http or https, and neither a name nor a fragment")
    if not _HOST.fullmatch(host) or not template.isprintable():
        raise ValueError("an address of tiles has a plain host")
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
