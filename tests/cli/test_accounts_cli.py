"""``gridmap accounts`` and ``gridmap audit`` as a person types them."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
import ready
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.domain.access import Kind, Role
from gridmap.services.access import Access
from gridmap.services.clock import SystemClock
from gridmap.settings import Settings
from gridmap.store import open_store

PASSWORD = "晨光照进网格 2026"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"LANGUAGE": "en", "PASSWORD_MEMORY_KIB": "64", "PASSWORD_PASSES": "1"}.items():
        monkeypatch.setenv(f"GRIDMAP_{name}", value)
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return ready.put(tmp_path / "store.gpkg")


def run(*words: object, status: int = 0, typed: str = "") -> str:
    done = CliRunner().invoke(app, [str(w) for w in words], input=typed)
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def access(url: str) -> Access:
    return Access.over(open_store(url), SystemClock(), Settings())


def acts(url: str) -> list[tuple[str, str]]:
    store = open_store(url)
    with store.unit_of_work() as work:
        found = [(e.act.action, e.act.actor) for e in work.trail.entries()]
    store.close()
    return found


def test_a_person_is_added_and_comes_in(url: str) -> None:
    words = ("accounts", "add", "Zhao", "--title", "赵主任", "--role", "administrator")
    out = run(*words, "--password-stdin", "--commit", typed=PASSWORD + "\n")
    assert "zhao (赵主任)  person  in use  a_" in out
    assert "administrator  everywhere" in out
    assert PASSWORD not in out
    assert access(url).sessions.sign_in("zhao", PASSWORD)
    assert "[account_name_taken]" in run(*words, "--generate", "--commit", status=2)
    assert run("accounts", "list") == out.replace("Written.\n", "")
    assert acts(url) == [("account.add", "operator"), ("session.begin", "zhao")]


def test_a_rehearsal_writes_nothing_and_shows_no_secret(url: str) -> None:
    run("accounts", "add", "zhao", "--generate", "--commit")
    before = acts(url)
    for words in (
        ("add", "qian", "--role", "leader", "--generate"), ("grant", "zhao", "leader"), ("disable", "zhao"),
        ("key", "k", "--role", "analyst"), ("device", "d"), ("password", "zhao", "--generate"), ("setup-code",),
    ):  # fmt: skip
        out = run("accounts", *words)
        assert "This was a rehearsal" in out
        assert "this once" not in out
    assert acts(url) == before
    assert "qian" not in run("accounts", "list")
    assert "[grant_not_held]" in run("accounts", "revoke", "zhao", "leader", status=2)
    assert "This was a rehearsal" in run("accounts", "add", "x", "--db", "nowhere.gpkg")
    assert not Path("nowhere.gpkg").exists()


def test_passwords_are_asked_for_twice_and_made_when_wanted(url: str) -> None:
    done = run("accounts", "add", "zhao", "--commit", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert PASSWORD not in done
    assert "[passwords_differ]" in run("accounts", "password", "zhao", "--commit", status=2, typed="one\ntwo\n")
    out = run("accounts", "password", "zhao", "--generate", "--drop-code", "--commit")
    (made,) = re.findall(r"Password, shown this once: (\S+)", out)
    assert len(made) >= 20
    assert access(url).sessions.sign_in("zhao", made)
    assert "[password_length]" in run("accounts", "add", "x", "--password-stdin", "--commit", status=2, typed="short\n")


def test_roles_come_and_go_with_their_area_and_days(url: str) -> None:
    (made,) = re.findall(r"shown this once: (gm_k_\S+)", run("accounts", "key", "导出", "--commit"))
    look = access(url).sessions.find_principal
    run("accounts", "grant", "导出", "analyst", "--from", "2026-01-01", "--to", "2999-01-01", "--commit")
    assert "analyst  everywhere  2026-01-01..2999-01-01" in run("accounts", "list")
    assert [g.role for g in look(made).grants] == [Role.ANALYST]
    assert "[set_not_found]" in run("accounts", "grant", "导出", "field", "--set", "nowhere", "--commit", status=2)
    assert "[grant_code_without_set]" in run("accounts", "grant", "导出", "field", "--code", "1", status=2)
    assert "[grant_without_role]" in run("accounts", "key", "x", "--set", "city", status=2)
    assert "[grant_for_persons]" in run("accounts", "grant", "导出", "administrator", "--commit", status=2)
    run("accounts", "revoke", "导出", "analyst", "--commit")
    assert look(made).grants == ()


def test_tokens_of_devices_are_renewed_and_end(url: str) -> None:
    def make(*words: str) -> str:
        out = run("accounts", "device", "pda-7", *words, "--commit")
        return re.findall(r"shown this once: (gm_d_\S+)", out)[0]

    first = make("--role", "field", "--expires", "2999-01-01")
    second = make("--renew")
    look = access(url).sessions.find_principal
    assert look(first) is None
    assert look(second).kind is Kind.DEVICE
    assert "[account_unknown]" in run("accounts", "key", "pda-7", "--renew", "--commit", status=2)
    assert "[expiry_past]" in run("accounts", "key", "k", "--expires", "2001-01-01", "--commit", status=2)
    assert "pda-7  device  disabled" in run("accounts", "disable", "pda-7", "--commit")
    assert look(second) is None
    assert "pda-7  device  in use" in run("accounts", "enable", "pda-7", "--commit")
    assert look(second) is None


def test_the_set_up_code_is_printed_once_and_works(url: str) -> None:
    (code,) = re.findall(r"good once: (\S+)", run("accounts", "setup-code", "--commit"))
    access(url).set_up.use(code, "zhao", PASSWORD)
    assert "[set_up_not_needed]" in run("accounts", "setup-code", "--commit", status=2)
    assert "[last_administrator]" in run("accounts", "disable", "zhao", "--commit", status=2)


def test_the_trail_is_proved_shown_and_anchored(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anchors = tmp_path / "anchors.jsonl"
    run("audit", "anchor", anchors)
    for name in ("zhao", "qian", "sun"):
        run("accounts", "add", name, "--generate", "--commit")
    assert "Anchored entry 3: " in run("audit", "anchor", anchors)
    assert "Verified 3 entries and 2 anchors: 0 findings" in run("audit", "verify", "--anchors", anchors)
    lines = run("audit", "show", "--limit", 2).splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2"]
    assert "account.add  operator  a_" in lines[0]
    shown = [json.loads(line) for line in run("audit", "show", "--format", "json", "--before", 2).splitlines()]
    assert [entry["number"] for entry in shown] == [1]
    assert run("audit", "show", "--actor", "zhao") == run("audit", "show", "--action", "session.begin") == ""
    assert "[account_unknown]" in run("audit", "show", "--actor", "nobody", status=2)

    raw = sqlite3.connect(tmp_path / "store.gpkg")
    for name in ("trail_update", "trail_delete"):
        raw.execute(f"drop trigger {name}")
    raw.execute("update trail set actor = 'somebody' where id = 2")
    raw.commit()
    assert "Entry 2 of the trail is not as it was written" in run("audit", "verify", status=1)
    body = json.loads(run("audit", "verify", "--format", "json", status=1))
    assert body["summary"]["by_rule"] == {"trail_changed": 1}
    assert "trail_changed" in run("db", "check", status=1)
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "zh")
    assert "操作记录第 2 条已被改动" in run("audit", "verify", status=1)
    raw.execute("delete from trail")
    raw.execute("delete from trail_head")
    raw.commit()
    raw.close()
    assert "0 条操作记录" in run("audit", "verify")
    assert "trail_anchor_differs" in run("audit", "verify", "--anchors", anchors, status=1)


def test_a_file_that_holds_no_anchors_is_refused(url: str, tmp_path: Path) -> None:
    assert "[anchors_missing]" in run("audit", "verify", "--anchors", tmp_path / "none", status=2)
    for content in (b"x\n", b"[]\n", b'{"number": -1, "hash": ""}\n', b'{"number": true, "hash": "00"}\n', b"\xff\n"):
        file = tmp_path / "other"
        file.write_bytes(content)
        assert "[anchors_unreadable]" in run("audit", "verify", "--anchors", file, status=2)
        assert "[anchors_unreadable]" in run("audit", "anchor", file, status=2)
        assert file.read_bytes() == content
    assert "[anchors_unwritable]" in run("audit", "anchor", tmp_path / "no" / "folder", status=2)


def test_what_the_command_line_writes_stands_in_the_trail(url: str, tmp_path: Path) -> None:
    file = tmp_path / "set.toml"
    file.write_text('name = "city"\n[[levels]]\nname = "grid"\n', encoding="utf-8")
    run("set", "put", file)
    assert acts(url) == []
    run("set", "put", file, "--commit")
    run("set", "list")
    assert acts(url) == [("set.put", "operator")]
