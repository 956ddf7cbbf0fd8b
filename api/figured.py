"""Indicators and evaluations as the answers that leave."""

import math

import pandas as pd

from api.replies_indicators import (
    EvaluationAnswer,
    FigureGroupOut,
    FigureOut,
    IndicatorOut,
    IndicatorsAnswer,
    ItemScoreOut,
    PartOut,
    ScoreOut,
)
from gridmap.analysis.case_tables import evaluation_table, keys_of, loss_title, numerator_of, rate_of
from gridmap.analysis.evaluation import Evaluation
from gridmap.analysis.indicators import INDICATORS, Figures
from gridmap.i18n import Language, text
from gridmap.services.cases.indicators import Counted, Question, group_name


def indicators_answer(
    counted: Counted, asked: Question, moved: pd.DataFrame | None, zone: str, language: Language
) -> IndicatorsAnswer:
    """Give figures; ``moved`` is how they compare, one row a group."""
    figures = counted.figures
    start, end = asked.window
    groups = [
        FigureGroupOut(
            group=group_name(key),
            key=list(key),
            against=None if moved is None else _known(moved["against"].iloc[row]),
            values={name: _figure(figures, name, row, moved) for name in figures.names},
        )
        for row, key in enumerate(keys_of(figures))
    ]
    return IndicatorsAnswer(
        at=asked.at, start=start, end=end, time_zone=zone, by=list(figures.by), cases=int(counted.among.sum()),
        indicators=[_indicator(name, language) for name in figures.names], groups=groups,
    )  # fmt: skip


def _known(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _indicator(name: str, language: Language) -> IndicatorOut:
    one = INDICATORS[name]
    said = {part: text(f"indicator.{name}.{part}", language) for part in ("formula", "numerator", "denominator")}
    title = text(f"indicator.{name}.name", language)
    return IndicatorOut(name=name, title=title, unit=one.unit, better=one.better, **said)


def _figure(figures: Figures, name: str, row: int, moved: pd.DataFrame | None) -> FigureOut:
    value = rate_of(figures, name, row)
    was, change = (None, None) if moved is None else (moved[f"{name}_{end}"].iloc[row] for end in ("before", "change"))
    return FigureOut(
        value=None if value is None else float(value),
        numerator=float(numerator_of(figures, name, row)),
        denominator=int(figures.counts(name)[1][row]),
        before=_rounded(was),
        change=_rounded(change),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), 2)


def evaluation_answer(found: Evaluation, asked: Question, language: Language) -> EvaluationAnswer:
    """Give scores with what each point was lost for."""
    start, end = asked.window
    scores = []
    for one in found.scores:
        items = [
            ItemScoreOut(
                id=i.item.id,
                title=i.item.title[language],
                of=float(i.item.points),
                points=None if i.points is None else float(i.points),
                parts=[
                    PartOut(
                        title=loss_title(p.loss, language), numerator=p.numerator, denominator=p.denominator,
                        lost=None if p.lost is None else float(p.lost),
                    )
                    for p in i.parts
                ],
            )
            for i in one.items
        ]  # fmt: skip
        share = None if one.share is None else float(one.share)
        scores.append(
            ScoreOut(
                rank=one.rank, subject=one.subject, points=float(one.points), of=float(one.of), share=share, items=items
            )
        )
    table = found.table
    return EvaluationAnswer(
        table=table.name, title=table.title[language], document=table.document, by=table.by, at=found.at, start=start,
        end=end, scores=scores, notes=list(evaluation_table(found, language).notes),
    )  # fmt: skip
