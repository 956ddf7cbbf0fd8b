"""Boundary sets as TOML: name, title, code scheme, and what is asked of each level."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.errors import FileError, InvalidInput, TooLarge
from gridmap.files.rulebooks import read_rulebook
from gridmap.settings import Settings

_MAX_BYTES = 1_000_000
_SET = {"name": str, "title": str, "code_scheme": str, "rules": str, "levels": list}
_LEVEL = {"name": str, "tiles_parent": bool, "shapes": str, "contiguous": bool, "required": list}


def read_set(path: str | os.PathLike[str], *, settings: Settings) -> BoundarySet:
    """Read a boundary set; the levels stand in their order, the coarsest first.

    ``rules`` names a profile, or a file from the folder of this one.

    Raises
    ------
    FileError
        ``file_missing``; ``set_file_not_toml``.
    TooLarge
        ``file_too_large``.
    InvalidInput
        ``set_file_wrong``, naming the first entry that is unknown, missing or of the wrong type; ``rules_unknown``,
        ``rules_wrong``.
    """
    file = Path(path)
    if not file.is_file():
        raise FileError("file_missing")
    if file.stat().st_size > _MAX_BYTES:
        raise TooLarge("file_too_large", limit=_MAX_BYTES)
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise FileError("set_file_not_toml") from None
    _require(data, _SET, ("name", "levels"), "")
    levels = []
    for order, entry in enumerate(data["levels"]):
        place = f"levels[{order}]."
        if not isinstance(entry, dict):
            raise InvalidInput("set_file_wrong", entry=place.rstrip("."))
        _require(entry, _LEVEL, ("name",), place)
        levels.append(as_level(entry, order, place))
    if len({level.name for level in levels}) < len(levels) or not levels:
        raise InvalidInput("set_file_wrong", entry="levels")
    rules = read_rulebook(data["rules"], beside=file.parent) if "rules" in data else None
    return BoundarySet(data["name"], tuple(levels), data.get("title", ""), data.get("code_scheme"), rules=rules)


def as_level(entry: dict[str, Any], order: int, place: str) -> Level:
    """Make a level of an entry whose types are right."""
    shapes = entry.get("shapes", "area")
    if shapes not in ("area", "any"):
        raise InvalidInput("set_file_wrong", entry=f"{place}shapes")
    required = entry.get("required", [])
    if not all(isinstance(name, str) for name in required):
        raise InvalidInput("set_file_wrong", entry=f"{place}required")
    return Level(
        entry["name"],
        order,
        entry.get("tiles_parent", shapes == "area"),
        shapes,
        entry.get("contiguous", False),
        tuple(required),
    )


def _require(entry: dict[str, Any], known: Mapping[str, type], needed: tuple[str, ...], place: str) -> None:
    wrong = [name for name in needed if name not in entry]
    wrong += [name for name, kind in known.items() if name in entry and not isinstance(entry[name], kind)]
    if wrong:
        raise InvalidInput("set_file_wrong", entry=f"{place}{wrong[0]}")
    if not entry.keys() <= known.keys():  # a name from the file is not repeated
        raise InvalidInput("set_file_wrong", entry=place.rstrip(".") or "set")
