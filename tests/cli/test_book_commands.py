"""Tables of a city and standard places, from file to store, as a person types it."""

from datetime import date
from pathlib import Path

import pytest
import ready
from typer.testing import CliRunner

from gridmap.analysis.gazetteer import Gazetteer
from gridmap.cli import app
from gridmap.crs import wgs84_to_gcj02
from gridmap.domain.limits import read_limits
from gridmap.services.places import gazetteer_of, places_token
from gridmap.store.engine import open_store

LIMITS = "类别,处置时限\nE1-01,3工作日\nE1-02,1天\n"
RULES = 'name = "city"\n[[rule]]\nid = "all"\nunit = "dept:城管局"\n'


@pytest.fixture(autouse=True)
def store_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", ready.put(tmp_path / "store.gpkg"))
    return tmp_path / "store.gpkg"


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_table_with_rows_that_cannot_be_read_is_refused_or_cut(tmp_path: Path) -> None:
    file = write(tmp_path, "limits.csv", LIMITS)
    out = run("book", "import", "limits", file, "--from", "2026-01-01", "--commit", status=1)
    assert "1 rows cannot be read, and nothing was imported" in out
    assert "row 3" in out
    assert "limits  as it comes with the package" in run("book", "list")
    out = run(
        "book", "import", "limits", file, "--from", "2026-01-01", "--accept-rest", "--note", "notice 5", "--commit"
    )
    assert "1 limits" in out
    assert "Written" in out or "written" in out
    assert "limits  from 2026-01-01  notice 5" in run("book", "list")
    assert [r.category for r in read_limits(run("book", "show", "limits", "--at", "2026-05-01")).rows] == ["E1-01"]
    assert "E11" in run("book", "show", "limits", "--at", "2025-12-31")


def test_rules_from_a_day_and_a_rehearsal(tmp_path: Path) -> None:
    file = write(tmp_path, "rules.toml", RULES)
    run("book", "import", "rules", file, "--from", "2026-03-01")
    assert "road_owner" in run("book", "show", "rules", "--at", "2026-05-01")
    run("book", "import", "rules", file, "--from", "2026-03-01", "--commit")
    assert run("book", "show", "rules", "--at", "2026-05-01") == RULES
    assert "road_owner" in run("book", "show", "rules", "--at", "2026-02-28")


@pytest.mark.parametrize("kind", ["limits", "rules", "calendar", "alerts", "evaluation", "provision", "patrols"])
def test_what_is_shown_can_be_imported_again(kind: str, tmp_path: Path) -> None:
    shown = run("book", "show", kind)
    file = write(tmp_path, "again", shown)
    run("book", "import", kind, file, "--from", "2026-01-01", "--commit")
    assert run("book", "show", kind, "--at", "2026-01-01").split() == shown.split() or kind == "limits"
    if kind == "limits":
        assert read_limits(run("book", "show", kind, "--at", "2026-01-01")) == read_limits(shown)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("wishes", "FILE", "--from", "2026-01-01"), "book_kind_unknown"),
        (("rules", "FILE"), "book_needs_day"),
        (("rules", "FILE", "--from", "soon"), "bad_date"),
        (("rules", "nowhere.toml", "--from", "2026-01-01"), "file_missing"),
        (("calendar", "FILE", "--from", "2026-01-01"), "calendar_unreadable"),
    ],
)
def test_a_wrong_import_gets_a_clear_answer(words: tuple[str, ...], code: str, tmp_path: Path) -> None:
    file = write(tmp_path, "rules.toml", RULES)
    assert f"[{code}]" in run("book", "import", *(file if w == "FILE" else w for w in words), status=2)


PLACES = (
    "code,name,kind,aliases,lon,lat\n"
    "P1,翠苑一区3幢,building,翠苑1区3号楼；三号楼,120.1,30.2\n"
    "P2,文三路259号,door,,120.2,30.3\n"
    "P1,又一处,door,,120.1,30.2\n"
    "P4,,door,,120.1,30.2\n"
    "P5,没有坐标,door,,,\n"
)


def index(store_file: Path) -> Gazetteer:
    store = open_store(f"sqlite:///{store_file}")
    try:
        with store.unit_of_work() as work:
            book = work.books.at("places", date(2026, 1, 1))
            assert (book is None) == (places_token(work) is None)
            return gazetteer_of(work)
    finally:
        store.close()


def test_places_are_imported_whole_or_without_bad_rows(tmp_path: Path, store_file: Path) -> None:
    file = write(tmp_path, "places.csv", PLACES)
    out = run("import-places", file, "--commit", status=1)
    assert all(f"line {n}" in out.lower() for n in (4, 5, 6)), out
    assert len(index(store_file)) == 0
    run("import-places", file, "--accept-rest", "--note", "survey")
    assert len(index(store_file)) == 0
    run("import-places", file, "--accept-rest", "--note", "survey", "--commit")
    found = index(store_file).search("翠苑1区3号楼")
    assert (found[0].code, found[0].score, found[0].lon, found[0].lat) == ("P1", 1.0, 120.1, 30.2)
    assert "places  survey" in run("book", "list")


def test_shifted_degrees_are_brought_back(tmp_path: Path, store_file: Path) -> None:
    lon, lat = wgs84_to_gcj02(120.1, 30.2)
    file = write(tmp_path, "places.csv", f"编码,名称,lon,lat\nP1,人民公园,{float(lon)!r},{float(lat)!r}\n")
    run("import-places", file, "--datum", "gcj02", "--commit")
    found = index(store_file).search("人民公园")[0]
    assert (found.lon, found.lat) == pytest.approx((120.1, 30.2), abs=1e-9)
