"""One catalogue of every text a person reads, in Chinese and English.

The catalogue is the folder ``gridmap/catalogue``: one JSON file a subject, each ``{key: {"zh": ..., "en": ...}}``.
Texts are ``str.format`` templates. A key lives in exactly one file.
"""

import json
from functools import cache
from importlib import resources
from typing import Any, Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """Read the whole catalogue once.

    Returns
    -------
    dict
        Key to language to template.

    Raises
    ------
    ValueError
        If a key stands in two files or lacks a language.
    """
    entries: dict[str, dict[Language, str]] = {}
    folder = resources.files("gridmap") / "catalogue"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".json"):
            continue
        for key, texts in json.loads(file.read_text(encoding="utf-8")).items():
            if key in entries:
                raise ValueError(f"{file.name}: key {key!r} stands in two catalogue files")
            if set(texts) != set(LANGUAGES):
                raise ValueError(f"{file.name}: key {key!r} must have exactly zh and en")
            entries[key] = texts
    return entries


def text(key: str, language: Language = "en", /, **fields: Any) -> str:
    """Give the text of a key in a language, with its fields filled in.

    Raises
    ------
    KeyError
        If the catalogue has no such key, or the template names a field that was not given.
    """
    return catalogue()[key][language].format(**fields)


def has(key: str) -> bool:
    """Tell whether the catalogue has a key."""
    return key in catalogue()


def subset(prefix: str, language: Language) -> dict[str, str]:
    """Give all raw templates whose key starts with ``prefix.``, keyed without the prefix (for pages)."""
    start = prefix + "."
    return {k.removeprefix(start): v[language] for k, v in catalogue().items() if k.startswith(start)}


def as_language(value: str | None, default: Language = "zh") -> Language:
    """Read a language tag such as ``zh-CN``, ``en_GB.UTF-8`` or an Accept-Language header; else the default."""
    for part in (value or "").replace("_", "-").split(","):
        head = part.split(";")[0].split("-")[0].strip().lower()
        if head in LANGUAGES:
            return head
    return default
