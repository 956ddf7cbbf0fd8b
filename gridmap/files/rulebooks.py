"""Rulebooks: those that come with the package by name, and a city's own as TOML."""

import os
import tomllib
from pathlib import Path

from gridmap.domain.rulebook import Rulebook, profile, profiles, rulebook_of
from gridmap.errors import FileError, TooLarge

_MAX_BYTES = 1_000_000


def read_rulebook(named: str | os.PathLike[str], *, beside: Path | None = None) -> Rulebook:
    """Give the profile of this name, or read a file; ``beside``: the folder that it is named from.

    Raises
    ------
    FileError
        ``set_file_not_toml``.
    TooLarge
        ``file_too_large``.
    InvalidInput
        ``rules_unknown``: neither a profile nor a file; ``rules_wrong``, naming the entry.
    """
    file = Path(named) if beside is None else beside / named
    if str(named) in profiles() or not file.is_file():
        return profile(str(named))
    if file.stat().st_size > _MAX_BYTES:
        raise TooLarge("file_too_large", limit=_MAX_BYTES)
    try:
        held = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise FileError("set_file_not_toml") from None
    return rulebook_of(held)
