"""Tables of limits as cities keep them: dirt of every kind, in two encodings."""

from pathlib import Path

import pytest

from gridmap.domain.deadlines import Limit
from gridmap.domain.limits import RowFault
from gridmap.errors import ColumnError, EncodingAmbiguous, FileError
from gridmap.files.limits import read_limit_file
from gridmap.settings import Settings

DIRTY = (
    '"小类\n编码",立案条件,处置\u0020时限,依据\n'
    'E1-01,"路面有\n散落垃圾",2工作时,市标准\n'
    "E1-02,乱停放,1天,市标准\n"
    "E1-02,乱停放,1工作日,市标准\n"
    "E1-04,面积>25c㎡,1工作日,\n"
    "E1-06,正在搭建,1紧急工作时制止,\n"
    "E2-03,补种,种植季节,\n"
    'E3-02,,"4\n工作时",,\n'
    "E3-02,少了一格\n"
    "E3-03,,1工作日,多了,一格\n"
    ",,,\n"
    "从未听说,,1工作日,\n"
)


def write(path: Path, text: str, encoding: str) -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_dirty_table(tmp_path: Path, encoding: str) -> None:
    file = write(tmp_path / "limits.csv", DIRTY, encoding)
    stated = None if encoding.startswith("utf") else encoding
    table, problems = read_limit_file(file, settings=Settings(), encoding=stated)
    assert [(r.category, r.condition, r.limit) for r in table.rows] == [
        ("E1-01", "路面有散落垃圾", Limit.read("2工作时")),
        ("E1-02", "乱停放", Limit.read("1工作日")),
        ("E1-04", "面积>25cm2", Limit.read("1工作日")),
        ("E3-02", "", Limit.read("4工作时")),
    ]
    assert [(p.row, p.fault) for p in problems] == [
        (3, RowFault.AMBIGUOUS),
        (6, RowFault.WORDS),
        (7, RowFault.SEASON),
        (9, RowFault.WIDTH),
        (10, RowFault.WIDTH),
        (12, RowFault.CATEGORY),
    ]


def test_gbk_is_asked_for_never_guessed(tmp_path: Path) -> None:
    file = write(tmp_path / "limits.csv", DIRTY, "gb18030")
    with pytest.raises(EncodingAmbiguous):
        read_limit_file(file, settings=Settings())


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "bad_header"), ("类别\nE1\n", "column_unknown"), ('类别,时限\nE1,"1工作日\n', "bad_row")],
)
def test_files_that_are_no_table(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises((FileError, ColumnError)) as caught:
        read_limit_file(write(tmp_path / "limits.csv", text, "utf-8"), settings=Settings())
    assert caught.value.code == code
    with pytest.raises(FileError):
        read_limit_file(tmp_path / "nowhere.csv", settings=Settings())
