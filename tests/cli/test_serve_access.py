"""``gridmap serve`` and who could reach it: nobody beyond this machine before somebody keeps the accounts."""

import re
from pathlib import Path

import pytest
import ready
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.cli.serve import SERVER_OPTIONS
from gridmap.services.access import Access
from gridmap.services.clock import SystemClock
from gridmap.settings import Settings
from gridmap.store import open_store

#: Where the service would listen, and with which settings of its own.
Starts = list[tuple[str, dict[str, str]]]

PASSWORD = "晨光照进网格 2026"


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Starts:
    """Accounts, cheap passwords, an empty store, and a server that only says where it would listen."""
    settings = {"ACCESS": "accounts", "LANGUAGE": "en", "PASSWORD_MEMORY_KIB": "64", "PASSWORD_PASSES": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"GRIDMAP_{name}", value)
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", ready.put(tmp_path / "store.gpkg"))
    monkeypatch.delenv("GRIDMAP_HOSTS", raising=False)
    starts: Starts = []
    monkeypatch.setattr("gridmap.cli.serve.run", lambda url, host, port, workers, own: starts.append((host, own)))
    return starts


def run(*words: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, [*words, "--port", "0"])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def access() -> Access:
    settings = Settings()
    return Access.over(open_store(settings.database_url), SystemClock(), settings)


def code_in(said: str) -> str | None:
    found = re.search(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){4}\b", said)
    return None if found is None else found[0]


def test_a_code_is_printed_while_there_is_no_administrator_and_not_afterwards(served: Starts) -> None:
    said = run("serve")
    first = code_in(said)
    assert "/set-up" in said
    second = code_in(run("serve"))
    assert first is not None
    assert second is not None
    assert first != second
    with pytest.raises(Exception, match="set-up code"):
        access().set_up.use(first, "li.na", PASSWORD)  # void since the second start
    access().set_up.use(second, "li.na", PASSWORD)
    assert code_in(run("serve")) is None
    assert served == [("127.0.0.1", {})] * 3


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "city.example"])
@pytest.mark.parametrize("words", [(), ("--trust-network",)])
def test_without_an_administrator_only_this_machine_is_served(
    served: Starts, host: str, words: tuple[str, ...]
) -> None:
    said = run("serve", "--host", host, *words, status=2)
    assert "[administrator_needed]" in said
    assert code_in(said) is None
    assert served == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost"])
def test_addresses_of_this_machine_are_served(served: Starts, host: str) -> None:
    run("serve", "--host", host)
    assert served == [(host, {})]


def test_with_an_administrator_others_are_served_too(served: Starts) -> None:
    made = access()
    code = made.set_up.new_code()
    assert code is not None
    made.set_up.use(code, "li.na", PASSWORD)
    run("serve", "--host", "0.0.0.0")
    assert served == [("0.0.0.0", {})]


def test_open_access_is_served_to_others_only_with_a_word(served: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_ACCESS", "open")
    assert "[no_sign_in]" in run("serve", "--host", "0.0.0.0", status=2)
    assert code_in(run("serve")) is None
    run("serve", "--host", "0.0.0.0", "--trust-network")
    assert served == [("127.0.0.1", {"GRIDMAP_HOSTS": "localhost,127.0.0.1,[::1],127.0.0.1"}), ("0.0.0.0", {})]


def test_the_demonstration_is_open_and_on_this_machine_only(
    served: Starts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gridmap.demo.prepare.prepare", lambda db, today, on_progress: None)
    run("demo", "--no-browser", "--db", str(tmp_path / "demo.gpkg"))
    ((host, given),) = served
    basemap = Path(given.pop("GRIDMAP_BASEMAP_DIR"))
    assert (host, given) == ("127.0.0.1", {"GRIDMAP_ACCESS": "open", "GRIDMAP_HOSTS": "localhost,127.0.0.1,[::1]"})
    assert list(basemap.glob("*.pmtiles")), "the base map of the demonstration comes with the package"


def test_the_server_believes_no_proxy_by_itself() -> None:
    assert SERVER_OPTIONS["proxy_headers"] is False
