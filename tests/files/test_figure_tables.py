"""Tables of figures as CSV, workbook and PDF: the same numbers, no cell that runs, and no data that is not 0."""

import csv
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyogrio
import pypdf
import pytest
from case_frames import START, case_frame, tianmen, went

from gridmap.analysis.case_tables import evaluation_table, indicator_table
from gridmap.analysis.evaluation import evaluate
from gridmap.analysis.indicators import INDICATORS, indicators
from gridmap.domain.evaluation import packaged_evaluation
from gridmap.domain.tabular import FigureTable, TableColumn
from gridmap.errors import GridmapError
from gridmap.files.figuretables import table_csv, table_xlsx
from gridmap.files.write import restore
from gridmap.print.figuretable import MOST_ROWS, figure_table

LATER = START + timedelta(days=60)
AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
RISKY = [
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(A1)",
    '=HYPERLINK("http://x")',
    "\t=1",
    "＝1",
    "http://x",
    "007",
    "甲\x01乙",
    "a\nb",
]
COLUMNS = (TableColumn("=head", "text"), TableColumn("n", digits=2))
TABLE = FigureTable("=title", COLUMNS, tuple((text, Decimal("1.5")) for text in RISKY), ("=note",))
NAMESPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def cells(data: bytes) -> list[list[tuple[str, str | None]]]:
    """Kind and value of every cell of a workbook, read from its XML; kind ``s`` is a text, ``n`` a number."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        shared = ET.fromstring(packed.read("xl/sharedStrings.xml"))
        texts = ["".join(t.text or "" for t in si.iter(f"{{{NAMESPACE['m']}}}t")) for si in shared]
        sheet = ET.fromstring(packed.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{{{NAMESPACE['m']}}}f")), "a formula"
    found = []
    for row in sheet.iter(f"{{{NAMESPACE['m']}}}row"):
        line: list[tuple[str, str | None]] = []
        for cell in row.iter(f"{{{NAMESPACE['m']}}}c"):
            value = cell.find("m:v", NAMESPACE)
            said = None if value is None else value.text
            if cell.get("t") == "s":
                said = texts[int(said or 0)]
            line.append((cell.get("t") or "n", said))
        found.append(line)
    return found


def test_a_workbook_has_texts_that_stay_texts() -> None:
    rows = cells(table_xlsx(TABLE, AT))
    assert rows[0][0] == ("s", "=head")
    for text, row in zip(RISKY, rows[1:], strict=False):
        assert row[0] == ("s", text.replace("\x01", "_x0001_"))
        assert row[1] == ("n", "1.5")
    assert rows[-1] == [("s", "=note")]


def test_a_workbook_is_read_by_another_program(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    table = FigureTable("t", COLUMNS, (("=1+1", Decimal("2.25")), ("甲", None)))
    file.write_bytes(table_xlsx(table, AT))
    frame = pyogrio.read_dataframe(file, read_geometry=False)
    values = frame.to_numpy().tolist()
    if list(frame.columns) == ["Field1", "Field2"]:
        values = values[1:]
    assert values[0][0] == "=1+1"
    assert float(values[0][1]) == 2.25
    assert values[1][0] == "甲"


def test_a_csv_has_nothing_that_a_spreadsheet_runs() -> None:
    rows = list(csv.reader(io.StringIO(table_csv(TABLE).decode())))
    for text, row in zip(RISKY, rows[1:], strict=True):
        assert restore(row[0]) == text
        assert not re.match(r"[=@\t\r\n＝＋－＠]", row[0])
        assert row[0] == text or row[0].startswith("'")
        assert row[1] == "1.50"
    assert rows[0] == ["'=head", "n"]


def test_the_same_table_is_the_same_file() -> None:
    assert table_xlsx(TABLE, AT) == table_xlsx(TABLE, AT)
    one, two = (figure_table(TABLE, by="甲", at=AT, language="zh") for _ in range(2))
    assert one == two


def test_too_many_rows_are_refused() -> None:
    table = FigureTable("t", COLUMNS, (("a", 1),) * (MOST_ROWS + 1))
    with pytest.raises(GridmapError, check=lambda error: error.code == "too_many_rows"):
        figure_table(table, by="", at=AT, language="zh")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_indicators_are_the_same_in_every_file(language: str) -> None:
    case = tianmen()
    case["category"] = ["E1-01", "E2-01", None] * (len(case) // 3) + ["E1-01"] * (len(case) % 3)
    figures = indicators(case, ("category",), at=LATER)
    table = indicator_table(figures, language)
    assert len(table.rows) == 3
    assert len(table.columns) == 1 + 3 * len(INDICATORS)
    for row, values in enumerate(table.rows):
        for n, name in enumerate(INDICATORS):
            rate, above, below = values[1 + 3 * n : 4 + 3 * n]
            if below == 0:
                assert rate is None
            else:
                assert float(rate) == pytest.approx(figures.values(name)[row], abs=0.00501)
                assert float(above) == pytest.approx(float(figures.numerator(name)[row]), abs=0.00501)
                assert below == figures.counts(name)[1][row]
    read = list(csv.reader(io.StringIO(table_csv(table).decode())))
    book = cells(table_xlsx(table, AT))
    for values, line, row in zip(table.rows, read[1:], book[1:], strict=False):
        for value, said, (_, held) in zip(values[1:], line[1:], row[1:], strict=False):
            if value is None:
                assert (said, held) == ("", None)
            else:
                assert float(said) == float(held or "nan") == float(value)


def test_one_group_of_all() -> None:
    (row,) = indicator_table(indicators(tianmen(), at=LATER, names=("closing",)), "zh").rows
    assert row == (Decimal("93.72"), 911, 972)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_evaluation_on_paper(language: str) -> None:
    rows = [went("closed") | {"unit": f"dept:{n:03d}"} for n in range(90)]
    evaluation = evaluate(case_frame(rows), packaged_evaluation(), at=LATER)
    table = evaluation_table(evaluation, language)
    pages = pypdf.PdfReader(io.BytesIO(figure_table(table, by="甲", at=AT, language=language))).pages
    said = "\n".join(page.extract_text() for page in pages)
    assert len(pages) >= 3
    assert "dept:000" in said
    assert "dept:089" in said
    assert "100.00" in said
    assert "2026-05-01 09:30" in said
    # no emergencies, nobody noted anything, and what no case can tell
    assert len(table.notes) == 4
    for word in {"zh": ("无法评分", "弄虚作假", "组织保障"), "en": ("cannot be scored", "fraud", "Organisation")}[
        language
    ]:
        assert word in said


def test_an_evaluation_of_nobody() -> None:
    table = evaluation_table(evaluate(case_frame([]), packaged_evaluation(), at=LATER), "zh")
    assert table.rows == ()
    assert len(pypdf.PdfReader(io.BytesIO(figure_table(table, by="", at=AT, language="zh"))).pages) == 1
