"""``gridmap import cases`` as a person types it: rehearsal, commit, again, GBK, bad rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.services.ports import CaseFilter
from gridmap.store.engine import open_store

AT = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")
    monkeypatch.delenv("GRIDMAP_DEFAULT_SET", raising=False)


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = tmp_path / "grids.geojson"
    frame = tiling("AAB\nCCB")
    frame["name"] = frame["code"]
    frame[["code", "name", "geometry"]].to_file(path, driver="GeoJSON")
    run("import", "boundaries", path, "--set", "urban", "--level", "grid", "--code-column", "code", "--commit")
    point = frame.set_index("code").geometry["A"].representative_point()
    return f"{point.x},{point.y}"


def stored(tmp_path: Path) -> list[tuple[str, str, str | None]]:
    store = open_store(f"sqlite:///{tmp_path}/store.gpkg")
    with store.unit_of_work() as work:
        page = work.cases.page(CaseFilter(), limit=100)
    store.close()
    return sorted((line.case_id, line.category, line.grid_code) for line in page)


def test_rehearse_commit_and_know_again(place: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(f"案件编号,发生时间,经度,纬度,类别,来源\nA7,{AT},{place},乱扔垃圾,热线\n", encoding="utf-8")
    words = ("import", "cases", file, "--id-column", "案件编号")
    out = run(*words)
    assert "1 rows: 1 new" in out
    assert "rehearsal; nothing was written" in out
    assert stored(tmp_path) == []
    assert "1 rows: 1 new" in run(*words, "--commit")
    assert stored(tmp_path) == [("A7", "E1-01", "A")]
    assert "1 rows: 0 new, 1 known already" in run(*words, "--commit")
    file.write_text(file.read_text(encoding="utf-8").replace("乱扔垃圾", "乱停车"), encoding="utf-8")
    out = run(*words, "--commit", status=1)
    assert "content_differs: Line 2 has a known number" in out
    assert "nothing was written" in out


def test_without_numbers_the_same_file_adds_nothing_and_says_how_to_name_them(place: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(f"case_id,occurred_at,lon,lat,category\n1,{AT},{place},E1-01\n", encoding="utf-8")
    assert "--id-column" in run("import", "cases", file, "--commit")
    assert "1 rows: 0 new, 1 known already" in run("import", "cases", file, "--commit")
    assert len(stored(tmp_path)) == 1


def test_gbk_is_asked_for_and_never_guessed(place: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_bytes(f"编号,发生时间,经度,纬度,类别\n甲,{AT},{place},乱扔垃圾\n".encode("gbk"))
    assert "[encoding_ambiguous]" in run("import", "cases", file, "--id-column", "编号", status=2)
    run("import", "cases", file, "--id-column", "编号", "--encoding", "gbk", "--commit")
    assert stored(tmp_path) == [("甲", "E1-01", "A")]


BAD = [
    ("DMV66,,,,", "category_unknown"),
    ("E1-01,praise,,,", "case_kind_unreadable"),
    ("E1-01,,maybe,,", "emergency_unreadable"),
    ("E1-01,,,-3,", "accuracy_unreadable"),
    ("E1-01,,,nan,", "accuracy_unreadable"),
    (f"E1-01,,,,{';'.join('p' * 21)}", "photos_unreadable"),
    (f"E1-01,,,,{'p' * 201}", "photos_unreadable"),
    ("E1-01,a\u202eb,,,", "cell_bad_text"),
    (",,,,", "category_missing"),
]


def test_every_bad_row_is_told_with_its_line_and_the_good_ones_are_kept_when_asked(place: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    rows = [f"{AT},{place},{cells}" for cells, _ in BAD]
    head = "occurred_at,lon,lat,category,case_kind,emergency,accuracy_m,photos"
    file.write_text("\n".join([head, *rows, f"{AT},{place},E1-01,咨询,是,5,a b", ""]), encoding="utf-8")
    out = run("import", "cases", file, "--commit", status=1)
    for line, (_, code) in enumerate(BAD, 2):
        assert f"{code}: Line {line} " in out, code
    assert stored(tmp_path) == []
    out = run("import", "cases", file, "--commit", "--skip-bad")
    assert f"{len(BAD) + 1} rows: 1 new, 0 known already, {len(BAD)} with findings" in out
    assert len(stored(tmp_path)) == 1


@pytest.mark.parametrize(
    ("head", "words", "code"),
    [
        ("occurred_at,lon,lat", (), "column_unknown"),
        ("occurred_at,lon,lat,category,来源,渠道", (), "column_ambiguous"),
        ("occurred_at,lon,lat,category", ("--note-column", "notes"), "column_not_found"),
        ("occurred_at,lon,lat,category", ("--datum", "mars"), "datum_unknown"),
    ],
)
def test_a_table_without_its_columns_is_refused(
    place: str, tmp_path: Path, head: str, words: tuple[str, ...], code: str
) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(f"{head}\n{AT},{place}{',x' * (head.count(',') - 2)}\n", encoding="utf-8")
    assert f"[{code}]" in run("import", "cases", file, *words, status=2)
