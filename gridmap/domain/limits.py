"""How long each stage of a case may take, by category and condition: a table as data, with its sources.

A table is CSV; ``gridmap/data/limits/cn.csv`` comes with the package. Tables of cities are dirty, so that each row that
cannot be read is told with its number and why; nothing is guessed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources

from gridmap.domain.deadlines import Limit
from gridmap.domain.taxonomy import categories
from gridmap.errors import InvalidInput
from gridmap.i18n import Language, text

#: The category of rows that hold for all.
ALL = "*"

COLUMNS = ("stage", "category", "condition", "emergency", "limit", "source")
#: Columns that a table may have beside them: from when on a case is at risk.
RISK_COLUMNS = ("risk", "risk_minutes")
_ALL_COLUMNS = (*COLUMNS, *RISK_COLUMNS)


class Stage(StrEnum):
    """What a limit is for: to file a report, to send it, to handle it, to verify what was handled."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    VERIFY = "verify"


class RowFault(StrEnum):
    """Why a row cannot be read."""

    STAGE = "stage"
    CATEGORY = "category"
    EMERGENCY = "emergency"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    SEASON = "season"
    WORDS = "words"
    UNREADABLE = "unreadable"
    TWICE = "twice"
    TOO_LONG = "too_long"
    BAD_TEXT = "bad_text"
    WIDTH = "width"
    RISK = "risk"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that cannot be read: its number as a spreadsheet counts (the header is 1), its column, and why.

    ``other``: the row that says something else of the same, with ``twice``.
    """

    row: int
    column: str
    fault: RowFault
    other: int | None = None

    def message(self, language: Language = "en") -> str:
        """Say it in a language."""
        return text(f"limit_row.{self.fault.value}", language, row=self.row, column=self.column, other=self.other)


@dataclass(frozen=True, slots=True)
class Risk:
    """The end of a limit, in which a case is at risk: a share of it as the clock counts, and a time at least."""

    share: Decimal
    least: timedelta


#: Where no table says anything: the last fifth, and five minutes at least.
USUAL_RISK = Risk(Decimal("0.2"), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit. ``condition`` empty: whatever else; ``category`` ``*``: all; ``emergency``: only of those.

    ``risk`` None: as the row of all of that stage has it.
    """

    stage: Stage
    category: str
    condition: str
    emergency: bool
    limit: Limit
    source: str = ""
    risk: Risk | None = None

    @property
    def key(self) -> tuple[Stage, str, str, bool]:
        """What it is for; unique in a table."""
        return self.stage, self.category, self.condition, self.emergency


@dataclass(frozen=True)
class LimitTable:
    """All limits. What a table does not say at all, the one that comes with the package does."""

    rows: tuple[LimitRow, ...]
    _by_key: dict[tuple[Stage, str, str, bool], LimitRow] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {row.key: row for row in self.rows})

    def row_of(
        self, category: str, condition: str = "", emergency: bool = False, stage: Stage = Stage.HANDLE
    ) -> LimitRow:
        """Give the row that holds: the category's with this condition, else that of the classes above it; else without
        the condition likewise; else that of all. An emergency's own row goes before any without a condition.
        """
        condition = plain(condition)
        above = (*_upwards(category), ALL)
        wanted = [(c, condition, e) for c in above for e in (True, False)] if condition else []
        wanted += [(c, "", e) for e in (True, False) for c in above]
        for table in (self, packaged_limits()):
            for of, which, urgent in wanted:
                if (emergency or not urgent) and (row := table._by_key.get((stage, of, which, urgent))) is not None:
                    return row
        raise AssertionError("the packaged table has a row for all of each stage")

    def of(self, category: str, condition: str = "", emergency: bool = False, stage: Stage = Stage.HANDLE) -> Limit:
        """Give the limit that holds, as ``row_of`` finds it."""
        return self.row_of(category, condition, emergency, stage).limit

    def risk_of(self, category: str, condition: str = "", emergency: bool = False, stage: Stage = Stage.HANDLE) -> Risk:
        """Give the end of a limit in which a case is at risk: as its row says, else the row of all, else as usual."""
        if (said := self.row_of(category, condition, emergency, stage).risk) is not None:
            return said
        for table in (self, packaged_limits()):
            for urgent in (emergency, False):
                row = table._by_key.get((stage, ALL, "", urgent))
                if row is not None and row.risk is not None:
                    return row.risk
        return USUAL_RISK

    def choices(self, category: str, emergency: bool = False) -> tuple[LimitRow, ...]:
        """Give the rows of handling with a condition, of which somebody may choose one when a case is filed."""
        names = dict.fromkeys((*self.conditions(category), *packaged_limits().conditions(category)))
        rows = ((name, self.row_of(category, name, emergency)) for name in names)
        return tuple(row for name, row in rows if row.condition == name)

    def conditions(self, category: str) -> tuple[str, ...]:
        """Give the conditions that the table knows of a category and of the classes above it, in its order."""
        above = set(_upwards(category))
        return tuple(dict.fromkeys(r.condition for r in self.rows if r.condition and r.category in above))

    def to_csv(self) -> str:
        """Write it so that ``read_limits`` reads it."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_ALL_COLUMNS)
        for r in self.rows:
            words = f"{r.limit.amount.normalize():f}{r.limit.unit.value}"
            row = [r.stage.value, r.category, r.condition, "yes" if r.emergency else "", words, r.source]
            writer.writerow([*row, *_risk_words(r.risk)])
        return out.getvalue()


def _upwards(category: str) -> tuple[str, ...]:
    """Give a category and the classes above it: ``E1-02-03``, ``E1-02``, ``E1``."""
    parts = category.split("-")
    return tuple("-".join(parts[:n]) for n in range(len(parts), 0, -1))


def plain(words: str) -> str:
    """Bring words of a table to one form: full width to half (``c㎡`` to ``cm2``), no line breaks, no doubled blanks.

    Between Chinese characters a line break goes away; between Latin words it becomes a blank.
    """
    joined = re.sub(r"(?<=[^\x00-\xff])\s+|\s+(?=[^\x00-\xff])", "", unicodedata.normalize("NFKC", words).strip())
    return re.sub(r"\s+", " ", joined)


@cache
def packaged_limits(name: str = "cn") -> LimitTable:
    """Read a table that comes with the package."""
    return read_limits((resources.files("gridmap") / "data" / "limits" / f"{name}.csv").read_text("utf-8"))


def read_limits(content: str) -> LimitTable:
    """Read a table with the columns of ``COLUMNS``, and perhaps of ``RISK_COLUMNS``, all of it.

    Raises
    ------
    InvalidInput
        ``limits_wrong``: no such columns, or a row that cannot be read, with its number.
    """
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = tuple(next(rows, ()))
        if header not in (COLUMNS, _ALL_COLUMNS):
            raise InvalidInput("limits_wrong", row=1, column=", ".join(COLUMNS))
        found: list[tuple[int, Mapping[str, str]]] = []
        for number, cells in enumerate(rows, 2):
            if len(cells) != len(header):
                raise InvalidInput("limits_wrong", row=number, column=", ".join(header))
            found.append((number, dict(zip(header, cells, strict=True))))
    except csv.Error:
        raise InvalidInput("limits_wrong", row=rows.line_num, column=", ".join(COLUMNS)) from None
    table, problems = read_rows(found)
    if problems:
        raise InvalidInput("limits_wrong", row=problems[0].row, column=problems[0].column)
    return table


def read_rows(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[LimitTable, tuple[RowProblem, ...]]:
    """Read what can be read of a table.

    Parameters
    ----------
    rows : iterable of (int, mapping)
        The number of each row and its cells by the names of the columns; only ``category`` and ``limit`` must be there.
        A category is a code, or a name of the taxonomy.

    Returns
    -------
    tuple
        The table of the rows that are well, and what is wrong with the others, by row. Empty rows are passed over. Two
        rows that say different things of the same are both wrong.
    """
    kept: dict[tuple[Stage, str, str, bool], tuple[int, LimitRow]] = {}
    problems: list[RowProblem] = []
    disputed: set[tuple[Stage, str, str, bool]] = set()
    for number, cells in rows:
        if not any(value.strip() for value in cells.values()):
            continue
        row = _row(number, cells)
        if isinstance(row, RowProblem):
            problems.append(row)
            continue
        first, known = kept.setdefault(row.key, (number, row))
        if (known.limit, known.risk) != (row.limit, row.risk):
            problems.append(RowProblem(number, "limit", RowFault.TWICE, first))
            if row.key not in disputed:
                problems.append(RowProblem(first, "limit", RowFault.TWICE, number))
            disputed.add(row.key)
    table = LimitTable(tuple(row for key, (_, row) in kept.items() if key not in disputed))
    return table, tuple(sorted(problems, key=lambda p: p.row))


def _row(number: int, cells: Mapping[str, str]) -> LimitRow | RowProblem:
    """Read one row, or say what is wrong with it first."""
    words = {name: cells.get(name, "") for name in _ALL_COLUMNS}
    for name, value in words.items():
        if _CONTROL.search(value):
            return RowProblem(number, name, RowFault.BAD_TEXT)
        if len(value) > _LONGEST:
            return RowProblem(number, name, RowFault.TOO_LONG)
    stage = _STAGES.get(plain(words["stage"]).casefold())
    if stage is None:
        return RowProblem(number, "stage", RowFault.STAGE)
    category = _category(plain(words["category"]))
    if category is None:
        return RowProblem(number, "category", RowFault.CATEGORY if words["category"].strip() else RowFault.MISSING)
    emergency = yes_or_no(words["emergency"])
    if emergency is None:
        return RowProblem(number, "emergency", RowFault.EMERGENCY)
    found = _limit(words["limit"])
    if isinstance(found, RowFault):
        return RowProblem(number, "limit", found)
    risk = _risk(words["risk"], words["risk_minutes"])
    if isinstance(risk, str):
        return RowProblem(number, risk, RowFault.RISK)
    return LimitRow(stage, category, plain(words["condition"]), emergency, found, plain(words["source"]), risk)


def _risk(share: str, minutes: str) -> Risk | str | None:
    """Read the end that is at risk; a name is that of the column that cannot be read, None: both are empty."""
    share, minutes = plain(share), plain(minutes)
    if not share and not minutes:
        return None
    if share and not (percent := _PERCENT.fullmatch(share)):
        return "risk"
    if minutes and not _MINUTES.fullmatch(minutes):
        return "risk_minutes"
    part = Decimal(percent[1]) / 100 if share and percent else USUAL_RISK.share
    return Risk(part, timedelta(minutes=int(minutes)) if minutes else USUAL_RISK.least)


def _risk_words(risk: Risk | None) -> tuple[str, str]:
    if risk is None:
        return "", ""
    return f"{(risk.share * 100).normalize():f}%", f"{risk.least // timedelta(minutes=1)}"


def yes_or_no(words: str) -> bool | None:
    """Read a cell that says whether something is urgent; None where it says neither."""
    return _YES_NO.get(plain(words).casefold())


def _limit(words: str) -> Limit | RowFault:
    squeezed = re.sub(r"\s+", "", unicodedata.normalize("NFKC", words))
    if not squeezed:
        return RowFault.MISSING
    try:
        return Limit.read(squeezed)
    except InvalidInput as error:
        if error.code == "limit_ambiguous":
            return RowFault.AMBIGUOUS
    if _SEASON.search(squeezed):
        return RowFault.SEASON
    # a limit that can be read, with what is to be done in it, or with a second one
    return RowFault.WORDS if _HAS_LIMIT.search(squeezed) else RowFault.UNREADABLE


def _category(words: str) -> str | None:
    if words == ALL or _CODE.fullmatch(words):
        return words
    named = [c.code for c in categories().values() if words in (c.zh, c.en)]
    return named[0] if len(named) == 1 else None


_LONGEST = 1_000
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufffd]")
_CODE = re.compile(r"[A-Za-z]{0,4}[0-9]{1,12}(-[A-Za-z0-9]{1,12}){0,5}")
_SEASON = re.compile("季|season", re.IGNORECASE)
_HAS_LIMIT = re.compile(r"[0-9](?:\.[0-9]+)?个?(?:紧急|工作|自然|working|urgent|natural|天|日|小时|时)")
_PERCENT = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?) ?%")
_MINUTES = re.compile(r"[0-9]{1,4}")
_STAGES = {"": Stage.HANDLE, "处置": Stage.HANDLE, "立案": Stage.ACCEPT, "受理": Stage.ACCEPT, "派遣": Stage.DISPATCH}
_STAGES |= {"核查": Stage.VERIFY, **{stage.value: stage for stage in Stage}}
_YES_NO = {"": False, "no": False, "否": False, "0": False, "false": False, "一般": False}
_YES_NO |= {"yes": True, "是": True, "1": True, "true": True, "紧急": True, "应急": True}
