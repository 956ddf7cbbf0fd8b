"""Indicators and evaluations as tables for people, in their language."""

from decimal import ROUND_HALF_UP, Decimal

from gridmap.analysis.evaluation import Evaluation, Score
from gridmap.analysis.indicators import INDICATORS, Figures
from gridmap.domain.evaluation import Loss, Noted, Shortfall
from gridmap.domain.tabular import Cell, FigureTable, TableColumn
from gridmap.i18n import Language, has, text

_CENT = Decimal("0.01")


def rate_of(figures: Figures, name: str, row: int) -> Decimal | None:
    """Give an indicator of a group to 0.01 of its unit, rounded half up from whole numbers; None: no data."""
    above, below = figures.counts(name)
    if not below[row]:
        return None
    factor = 100 if INDICATORS[name].unit == "%" else Decimal(1) / Decimal(3_600_000_000)
    return (int(above[row]) * factor / Decimal(int(below[row]))).quantize(_CENT, ROUND_HALF_UP)


def numerator_of(figures: Figures, name: str, row: int) -> int | Decimal:
    """Give a numerator: cases, or hours to 0.01."""
    above = int(figures.counts(name)[0][row])
    return above if INDICATORS[name].unit == "%" else (Decimal(above) / 3_600_000_000).quantize(_CENT, ROUND_HALF_UP)


def indicator_table(figures: Figures, language: Language) -> FigureTable:
    """Give every indicator of every group with its numerator and denominator; the formulas are notes."""
    columns = [TableColumn(text(f"indicator_by.{name}", language), "text", share=2.0) for name in figures.by]
    for name in figures.names:
        unit = INDICATORS[name].unit
        title = text(f"indicator.{name}.name", language)
        heads = [text(f"indicator.{name}.{part}", language) for part in ("numerator", "denominator")]
        columns += [
            TableColumn(f"{title} ({unit})", digits=2),
            TableColumn(f"{title}: {heads[0]}", digits=0 if unit == "%" else 2),
            TableColumn(f"{title}: {heads[1]}"),
        ]
    rows = []
    for row, key in enumerate(keys_of(figures)):
        cells: list[Cell] = [text("indicator.none", language) if part is None else part for part in key]
        for name in figures.names:
            below = int(figures.counts(name)[1][row])
            cells += [rate_of(figures, name, row), numerator_of(figures, name, row), below]
        rows.append(tuple(cells))
    notes = [
        f"{text(f'indicator.{name}.name', language)}: {text(f'indicator.{name}.formula', language)}"
        for name in figures.names
    ]
    return FigureTable(text("indicator.title", language), tuple(columns), tuple(rows), tuple(notes))


def keys_of(figures: Figures) -> list[tuple[str | None, ...]]:
    """Give the key of every group, in the order of ``by``."""
    # a frame without columns has no tuples, and one row all the same
    return [()] if not figures.by else list(figures.keys.itertuples(index=False, name=None))


def evaluation_table(evaluation: Evaluation, language: Language) -> FigureTable:
    """Give rank, subject, points of each item and share; what could not be scored is a dash and a note."""
    table = evaluation.table
    items = [TableColumn(f"{i.title[language]} ({_plain(i.points)})", digits=2, share=1.4) for i in table.items]
    columns = (
        TableColumn(text("evaluation.rank", language), share=0.6),
        TableColumn(text("evaluation.subject", language), "text", share=2.2),
        *items,
        TableColumn(text("evaluation.points", language), digits=2),
        TableColumn(text("evaluation.of", language), digits=2),
        TableColumn(f"{text('evaluation.share', language)} (%)", digits=2),
    )
    rows = tuple(_row(score, language) for score in evaluation.scores)
    return FigureTable(table.title[language], columns, rows, _notes(evaluation, language))


def _row(score: Score, language: Language) -> tuple[Cell, ...]:
    subject = text("indicator.none", language) if score.subject is None else score.subject
    return (score.rank, subject, *(i.points for i in score.items), score.points, score.of, score.share)


def _notes(evaluation: Evaluation, language: Language) -> tuple[str, ...]:
    table = evaluation.table
    at = f"{evaluation.at:%Y-%m-%d %H:%M}"
    notes = [text("evaluation.basis", language, at=at, document=table.document)]
    if any(score.unscored for score in evaluation.scores):
        notes.append(text("evaluation.no_data", language))
    if evaluation.not_noted:
        names = (_note(name, language) for name in evaluation.not_noted)
        notes.append(text("evaluation.not_noted", language, names=", ".join(names)))
    if table.outside:
        titles = "; ".join(f"{o.title[language]} ({_plain(o.points)})" for o in table.outside)
        notes.append(text("evaluation.outside", language, titles=titles))
    return tuple(notes)


def loss_title(loss: Loss, language: Language) -> str:
    """Name what a loss goes by: the rate, the number of a case, or the note."""
    if isinstance(loss, Noted):
        return _note(loss.note, language)
    if isinstance(loss, Shortfall):
        return text(f"indicator.{loss.indicator}.name", language)
    return text(f"evaluation.column.{loss.column}", language)


def _note(name: str, language: Language) -> str:
    key = f"evaluation.note.{name}"
    return text(key, language) if has(key) else name


def _plain(value: Decimal) -> str:
    """Write a number without what follows the point when that is nothing: 50, 0.5."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
