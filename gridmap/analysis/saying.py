"""Findings in plain words: a key of the catalogue with its figures, so that page, notebook and report say the same."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from gridmap.i18n import Language, has, text

#: What chance explains this seldom is called very unlikely, unlikely.
_WORDS = ((0.001, "very_unlikely"), (0.01, "unlikely"), (0.05, "hardly"))


class Word(NamedTuple):
    """A name of the catalogue in a sentence, such as that of a type; where there is none, ``other`` stands for it."""

    key: str
    other: str

    def text(self, language: Language = "en") -> str:
        """Say it in a language."""
        return text(self.key, language) if has(self.key) else self.other


class Statement(NamedTuple):
    """One sentence: ``key`` without its prefix ``say.``, and its figures; one may be a statement or word."""

    key: str
    fields: dict[str, Any]

    def text(self, language: Language = "en") -> str:
        """Say it in a language."""
        said = {k: v.text(language) if isinstance(v, Statement | Word) else v for k, v in self.fields.items()}
        return text(f"say.{self.key}", language, **said)


def say(key: str, /, **fields: Any) -> Statement:
    """Make a statement."""
    return Statement(key, fields)


def texts(said: Iterable[Statement], language: Language = "en") -> list[str]:
    """Say several, in order."""
    return [one.text(language) for one in said]


def by_chance(p: float) -> Statement:
    """Say how well chance explains something: very unlikely (below 1 in 1,000), unlikely (1 in 100), hardly, or so."""
    return say(next((f"chance_{word}" for limit, word in _WORDS if p < limit), "chance_may"))


def rounded(value: float) -> str:
    """Write a figure with two digits where it is small, without any from ten on, and with commas."""
    if abs(value) >= 9.95:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 0.95 else f"{value:.2g}"
