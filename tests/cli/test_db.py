"""``gridmap db`` as a person types it."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
import ready
from store_world import fill_everything
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.store import downgrade, open_store
from gridmap.store.schema import revisions

NOW = revisions()[-1]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    ready.put(tmp_path / "store.gpkg", fill_everything)
    return tmp_path / "store.gpkg"


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["db", *(str(w) for w in words)])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def test_upgrade_says_from_which_revision_to_which(tmp_path: Path) -> None:
    assert f"Made a new store at revision {NOW}" in run("upgrade")
    assert f"The store is at the newest revision: {NOW}" in run("upgrade")
    downgrade(f"sqlite:///{tmp_path}/store.gpkg", "0002")
    assert f"from revision 0002 to {NOW}" in run("upgrade")


def test_check_ends_with_0_1_or_2(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Checked 36 tables, 169 rows, 5 versions: 0 findings" in run("check")
    connection = sqlite3.connect(store)
    connection.execute("update boundary_set set next_number = 1 where name = 'city'")
    connection.commit()
    connection.close()
    assert "error  numbers_behind: Set city: the next version number 1 was given before" in run("check", status=1)
    body = json.loads(run("check", "--format", "json", status=1))
    assert body["summary"]["by_rule"] == {"numbers_behind": 1}
    assert body["summary"]["rows"] == 169
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "zh")
    assert "下一个版本号 1 已被使用" in run("check", status=1)
    assert "[store_missing]" in run("check", "--db", store.with_name("typo.gpkg"), status=2)
    assert not store.with_name("typo.gpkg").exists()


def test_backup_then_restore_elsewhere_and_over(store: Path, tmp_path: Path) -> None:
    out = run("backup", tmp_path / "one.bak")
    assert f"Backed up to one.bak: 169 rows at revision {NOW}; opened again and compared row by row" in out
    assert "incident" in out
    assert "[file_exists]" in run("backup", tmp_path / "one.bak", status=2)
    run("backup", tmp_path / "one.bak", "--replace")
    assert "Restored 169 rows from one.bak" in run("restore", tmp_path / "one.bak", "--db", tmp_path / "new.gpkg")
    assert "0 findings" in run("check", "--db", tmp_path / "new.gpkg")
    assert "[store_not_empty]" in run("restore", tmp_path / "one.bak", status=2)
    run("restore", tmp_path / "one.bak", "--replace")


def test_a_restored_earlier_revision_says_to_upgrade(store: Path, tmp_path: Path) -> None:
    downgrade(f"sqlite:///{store}", "0003")
    run("backup", tmp_path / "old.bak")
    assert f"at revision 0003, this program at {NOW}: run gridmap db upgrade" in run(
        "restore", tmp_path / "old.bak", "--db", tmp_path / "new.gpkg"
    )
    assert "[store_not_upgraded]" in run("check", "--db", tmp_path / "new.gpkg", status=2)
    assert f"from revision 0003 to {NOW}" in run("upgrade", "--db", tmp_path / "new.gpkg")


def test_a_damaged_backup_is_refused(store: Path, tmp_path: Path) -> None:
    run("backup", tmp_path / "one.bak")
    os.truncate(tmp_path / "one.bak", 50_000)
    assert "[backup_damaged]" in run("restore", tmp_path / "one.bak", "--db", tmp_path / "new.gpkg", status=2)
    assert not (tmp_path / "new.gpkg").exists()


def test_copy_prints_rows_and_digest_of_both_sides(store: Path, tmp_path: Path) -> None:
    out = run("copy", store, tmp_path / "two.gpkg")
    assert "Copied 169 rows; the digests of both sides are equal" in out
    (line,) = [line for line in out.splitlines() if line.split()[0] == "incident"]
    _, rows, digest, rows_again, digest_again = line.split()
    assert (rows, digest) == (rows_again, digest_again) == ("40", digest)
    assert len(digest) == 16
    assert "[store_not_empty]" in run("copy", store, tmp_path / "two.gpkg", status=2)
    assert "[store_missing]" in run("copy", tmp_path / "typo.gpkg", tmp_path / "three.gpkg", status=2)
    assert "[output_is_input]" in run("copy", store, store, status=2)


def test_a_restore_ends_sessions_and_stands_in_the_trail(store: Path, tmp_path: Path) -> None:
    from gridmap.domain.access import OPERATOR
    from gridmap.services.access import Access
    from gridmap.services.clock import SystemClock
    from gridmap.settings import Settings

    def acts() -> list[str]:
        opened = open_store(f"sqlite:///{store}")
        with opened.unit_of_work() as work:
            found = [entry.act.action for entry in work.trail.entries()]
        opened.close()
        return found

    opened = open_store(f"sqlite:///{store}")
    access = Access.over(opened, SystemClock(), Settings(password_memory_kib=64, password_passes=1))
    access.accounts.add_person(OPERATOR, "zhou.q", "三号渡口 is quiet at 5")
    token = access.sessions.sign_in("zhou.q", "三号渡口 is quiet at 5").token
    key = access.accounts.make_key(OPERATOR, "board").token
    opened.close()
    run("backup", tmp_path / "b.gpkg")
    output = run("restore", tmp_path / "b.gpkg", "--replace")
    assert "All sessions were ended" in output
    opened = open_store(f"sqlite:///{store}")
    access = Access.over(opened, SystemClock(), Settings())
    assert access.sessions.find_principal(token) is None
    assert access.sessions.find_principal(key) is not None
    opened.close()
    assert acts()[-1] == "store.restore"
    run("copy", store, tmp_path / "copied.gpkg")
    run("check", "--db", tmp_path / "copied.gpkg")
