"""Scores and ranks by a table of weights; what cannot be scored is said, and never counts as full or as nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import geopandas as gpd
import numpy as np

from gridmap.analysis.indicators import Figures, Terms, indicators
from gridmap.analysis.indicators.formulas import Flags
from gridmap.domain.cases import CaseStatus
from gridmap.domain.evaluation import EvaluationTable, Item, Loss, Noted, PerCase, Shortfall

_CENT = Decimal("0.01")

#: How often something was written down: by subject, and by the name of the note.
Notes = Mapping[str | None, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Part:
    """One loss of an item: from which numbers, and how many points.

    ``lost`` None: it cannot be told. ``denominator`` 0: there is no data; None: it needs none. ``numerator`` None:
    nobody noted anything.
    """

    loss: Loss
    numerator: int | None
    denominator: int | None
    lost: Decimal | None


@dataclass(frozen=True, slots=True)
class ItemScore:
    """What is left of an item; ``points`` None: nothing of it can be scored."""

    item: Item
    points: Decimal | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a unit, grid, area or channel reached.

    Attributes
    ----------
    subject : str or None
        None: cases of nobody.
    items : tuple of ItemScore
    points, of : Decimal
        Points reached, and those of the items that could be scored.
    share : Decimal or None
        Percent of them, to 0.01; None: nothing could be scored.
    rank : int or None
        By share; those of one share have one rank, and the next rank counts them all (1, 1, 3).
    """

    subject: str | None
    items: tuple[ItemScore, ...]
    points: Decimal
    of: Decimal
    share: Decimal | None
    rank: int | None = None

    @property
    def unscored(self) -> tuple[Item, ...]:
        """Items of which nothing could be scored."""
        return tuple(i.item for i in self.items if i.points is None)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A table and what everybody reached by it, best first; ``at``: when the cases were looked at."""

    table: EvaluationTable
    at: datetime
    scores: tuple[Score, ...]

    @property
    def not_noted(self) -> tuple[str, ...]:
        """Names of notes that the table asks for and nobody gave."""
        parts = (p for s in self.scores for i in s.items for p in i.parts)
        return tuple(dict.fromkeys(p.loss.note for p in parts if isinstance(p.loss, Noted) and p.lost is None))


def evaluate(
    cases: gpd.GeoDataFrame,
    table: EvaluationTable,
    *,
    at: datetime,
    areas: Mapping[str, str] | None = None,
    among: Flags | None = None,
    noted: Notes | None = None,
    terms: Terms | None = None,
) -> Evaluation:
    """Score whoever a table is about.

    Parameters
    ----------
    cases : GeoDataFrame
        frames.CASES.
    at, areas, among, terms
        As ``indicators``.
    noted : mapping, optional
        What somebody wrote down, by subject; a subject that is not there did nothing. None: nobody wrote anything down,
        so losses of that kind are left out and ``not_noted`` says so.

    Returns
    -------
    Evaluation
        Exact: rates are not rounded before points are taken off, points are rounded to 0.01 (half up) at the end.

    Raises
    ------
    ColumnError, InvalidInput, CrsError
        As ``indicators``.
    """
    if among is None:
        among = np.ones(len(cases), dtype=np.bool_)
    rates = tuple({loss.indicator for item in table.items for loss in item.losses if isinstance(loss, Shortfall)})
    urgent = cases["emergency"].fillna(False).to_numpy(dtype=np.bool_)
    counted = among & ~cases["appealed"].fillna(False).to_numpy(dtype=np.bool_)
    counted = counted & (cases["status"] != CaseStatus.MERGED.value).to_numpy(dtype=np.bool_)

    def figures(which: Flags, names: tuple[str, ...]) -> Figures:
        return indicators(cases, (table.by,), at=at, areas=areas, among=which, names=names, terms=terms)

    everybody = figures(among, rates)
    emergencies = figures(among & urgent, rates)
    found: list[Score] = []
    for subject in everybody.keys[table.by]:
        mine = counted & everybody.flags(subject)
        items = []
        for item in table.items:
            parts = tuple(_part(loss, subject, everybody, emergencies, cases, mine, noted) for loss in item.losses)
            items.append(_item(item, parts))
        found.append(_score(subject, tuple(items)))
    return Evaluation(table, at, _ranked(found))


def _part(
    loss: Loss,
    subject: str | None,
    everybody: Figures,
    emergencies: Figures,
    cases: gpd.GeoDataFrame,
    mine: Flags,
    noted: Notes | None,
) -> Part:
    if isinstance(loss, Shortfall):
        figures = emergencies if loss.emergency else everybody
        above, below = figures.pair(loss.indicator, subject)
        if not below:
            return Part(loss, above, below, None)
        short = max(Fraction(0), Fraction(loss.target) - Fraction(100 * above, below))
        return Part(loss, above, below, _cents(short * Fraction(loss.each)))
    if isinstance(loss, PerCase):
        column = cases[loss.column].to_numpy(dtype=np.int64)
        count = int(np.count_nonzero(mine & (column >= loss.low) & (loss.high is None or column <= loss.high)))
        return Part(loss, count, None, _cents(count * Fraction(loss.each)))
    if noted is None:
        return Part(loss, None, None, None)
    count = noted.get(subject, {}).get(loss.note, 0)
    return Part(loss, count, None, _cents(count * Fraction(loss.each)))


def _item(item: Item, parts: tuple[Part, ...]) -> ItemScore:
    lost = [part.lost for part in parts if part.lost is not None]
    # a rate without data tells nothing; what is counted beside it does
    points = max(Decimal(0), item.points - sum(lost)) if lost else None
    return ItemScore(item, points, parts)


def _score(subject: str | None, items: tuple[ItemScore, ...]) -> Score:
    scored = [i for i in items if i.points is not None]
    points = sum((i.points for i in scored if i.points is not None), Decimal(0))
    of = sum((i.item.points for i in scored), Decimal(0))
    return Score(subject, items, points, of, _cents(Fraction(points * 100) / Fraction(of)) if of else None)


def _ranked(scores: list[Score]) -> tuple[Score, ...]:
    """Order by share; equal ones by subject, those of nobody and those without a score at the end."""
    scores.sort(key=lambda s: (s.share is None, -(s.share or 0), s.subject is None, s.subject or ""))
    shares = [s.share for s in scores if s.subject is not None and s.share is not None]
    return tuple(
        replace(s, rank=None if s.share is None or s.subject is None else 1 + sum(x > s.share for x in shares))
        for s in scores
    )


def _cents(value: Fraction) -> Decimal:
    """Round half up: a half is exact here."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_CENT, ROUND_HALF_UP)
