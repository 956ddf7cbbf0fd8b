"""What a file of cases says beside place, time, category and number: each cell is read or told, never guessed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from gridmap.domain.attachments import MOST, is_reference
from gridmap.domain.limits import yes_or_no
from gridmap.domain.taxonomy import code_of
from gridmap.files.points import PointSource
from gridmap.files.text import is_bad

#: Purposes of columns that may be there.
OPTIONAL = ("channel", "case_kind", "emergency", "note", "address", "component", "accuracy", "photos", "reporter")

#: What a case is by the words that people use for it.
KINDS: Mapping[str, str] = {
    **{word: word for word in ("report", "enquiry", "complaint", "suggestion")},
    **{"上报": "report", "报告": "report", "举报": "report", "求助": "report", "咨询": "enquiry"},
    **{"投诉": "complaint", "建议": "suggestion"},
}
#: References of photos in one cell stand apart by one of these.
_BETWEEN = str.maketrans("；;，,|\n\r\t", "        ")
_SHORT, _LONG = 200, 4_000
_MOST_UNCERTAIN_M = 100_000.0


def case_columns(source: PointSource, table: pa.Table, bad: dict[int, str]) -> dict[str, list[Any]]:
    """Read the optional columns of a batch; rows that cannot be read are added to ``bad`` with their reason.

    Returns
    -------
    dict of str to list
        ``channel``, ``kind``, ``emergency``, ``note``, ``address``, ``component``, ``accuracy_m``, ``photos``,
        ``reporter``; what a row does not say is None (``report``, False and no photos).
    """

    def read(purpose: str, parse: Callable[[str], Any], otherwise: Any, code: str) -> list[Any]:
        if source.optional(purpose) is None:
            return [otherwise] * table.num_rows
        longest = _LONG if purpose == "note" else _SHORT * (MOST if purpose == "photos" else 1)
        found = []
        for row, cell in enumerate(source.texts(table, purpose)):
            value = otherwise
            if cell is not None:
                if len(cell) > longest:
                    bad.setdefault(row, "cell_too_long")
                elif is_bad(cell):
                    bad.setdefault(row, "cell_bad_text")
                elif (value := parse(cell.strip())) is None:
                    bad.setdefault(row, code)
            found.append(value)
        return found

    found = {name: read(name, str, None, "") for name in ("channel", "note", "address", "component", "reporter")}
    found["kind"] = read("case_kind", lambda word: KINDS.get(word.casefold()), "report", "case_kind_unreadable")
    found["emergency"] = read("emergency", yes_or_no, False, "emergency_unreadable")
    found["accuracy_m"] = read("accuracy", _metres, None, "accuracy_unreadable")
    found["photos"] = read("photos", _photos, (), "photos_unreadable")
    return found


def categories_of(words: Iterable[str | None]) -> list[str | None]:
    """Give the codes of types that are named by code or name; what is neither stays as it is written."""
    return [(code_of(word) or word) if isinstance(word, str) else None for word in words]


def _metres(words: str) -> float | None:
    try:
        metres = float(words)
    except ValueError:
        return None
    return metres if 0.0 <= metres <= _MOST_UNCERTAIN_M else None


def _photos(words: str) -> tuple[str, ...] | None:
    found = tuple(words.translate(_BETWEEN).split())
    return found if len(found) <= MOST and all(map(is_reference, found)) else None
