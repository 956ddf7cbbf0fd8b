"""Edits and changes as text: JSON with shapes as WKB, compressed, in base64; and back."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import shapely

from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import VERBS, Change, Edit, Ground

_KINDS = {name: kind for kind, name in VERBS.items()}


def edit_text(edit: Edit) -> str:
    """Write an edit."""
    return _packed({"verb": VERBS[type(edit)], **{f.name: _plain(getattr(edit, f.name)) for f in fields(edit)}})


def edit_of(written: str) -> Edit:
    """Read an edit."""
    held = _unpacked(written)
    kind = _KINDS[held.pop("verb")]
    made: Edit = kind(**{name: _value(name, value) for name, value in held.items()})
    return made


def change_text(change: Change) -> str:
    """Write a change."""
    return _packed({name: [_plain(g) for g in getattr(change, name).values()] for name in ("before", "after")})


def change_of(written: str) -> Change:
    """Read a change."""
    held = _unpacked(written)
    before, after = ({g["code"]: _grid(g) for g in held[name]} for name in ("before", "after"))
    return Change(before, after)


def _packed(value: Any) -> str:
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(plain.encode(), 1)).decode()


def _unpacked(written: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(written)))


def _plain(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkb(value, hex=True, byte_order=1)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return value


def _value(name: str, value: Any) -> Any:
    if name == "region":
        return shapely.from_wkb(value)
    if name == "ground":
        return Ground(value)
    if name == "areas":
        return tuple(_grid(g) for g in value)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _grid(held: dict[str, Any]) -> Grid:
    return Grid(**{**held, "geometry": shapely.from_wkb(held["geometry"])})
