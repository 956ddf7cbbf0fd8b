"""What is committed lasts: the settings of both stores are looked at before anybody relies on them."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from api_world import NOW
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.errors import StoreUnavailable
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import geopackage, open_store, postgis


def pragmas(store) -> dict[str, object]:
    with store.engine.connect() as connection:
        return {n: connection.exec_driver_sql(f"pragma {n}").scalar() for n in ("journal_mode", "synchronous")}


def test_each_connection_of_the_embedded_store_waits_for_the_disk(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/s.gpkg")
    assert pragmas(store) == {"journal_mode": "wal", "synchronous": 2}
    with store.engine.connect(), store.engine.connect() as second:  # a second one of the pool
        assert second.exec_driver_sql("pragma synchronous").scalar() == 2
    store.close()


@pytest.mark.parametrize(
    ("hide", "named"), [("pragma journal_mode=wal", "journal_mode"), ("pragma synchronous=full", "synchronous")]
)
def test_a_file_that_cannot_keep_the_settings_is_not_opened(tmp_path: Path, monkeypatch, hide: str, named: str) -> None:
    class Deaf(sqlite3.Connection):
        """Does not hear one of the settings, as a file system without shared memory does not."""

        def execute(self, sql, *args):
            if sql == hide:
                sql = {"journal_mode": "pragma journal_mode=delete", "synchronous": "pragma synchronous=off"}[named]
            return super().execute(sql, *args)

    monkeypatch.setattr(
        geopackage,
        "connect",
        lambda path, wait_s: sqlite3.connect(path, timeout=wait_s, check_same_thread=False, factory=Deaf),
    )
    with pytest.raises(StoreUnavailable) as refused:
        open_store(f"sqlite:///{tmp_path}/s.gpkg")
    assert (refused.value.code, refused.value.fields) == ("store_not_durable", {"names": named})


@pytest.mark.parametrize("where", ["header", "page"])
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, where: str) -> None:
    path = tmp_path / "s.gpkg"
    open_store(f"sqlite:///{path}").close()
    raw = bytearray(path.read_bytes())
    if where == "header":
        raw[100:110] = b"\xff" * 10
    else:
        raw[4096 * 3 : 4096 * 3 + 2000] = b"\xa5" * 2000
    path.write_bytes(raw)
    with pytest.raises(StoreUnavailable) as refused:
        open_store(f"sqlite:///{path}")
    assert refused.value.code == "store_damaged"
    assert path.read_bytes() == bytes(raw)


@pytest.fixture
def weak_url() -> Iterator[str]:
    """A database on the throw-away server, which has no durability at all."""
    server = sa.make_url(os.environ["TEST_DATABASE_URL"])
    name = f"durability_{os.getpid()}"
    admin = sa.create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f'create database "{name}" template template0 strategy file_copy')
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'drop database "{name}" with (force)')
    admin.dispose()


@pytest.mark.postgis
def test_a_server_that_may_lose_what_it_acknowledged_is_not_served_from(weak_url: str, caplog) -> None:
    store = open_store(weak_url)
    assert "fsync, full_page_writes, synchronous_commit" in caplog.text
    with pytest.raises(StoreUnavailable) as refused:
        store.require_durable()
    assert refused.value.fields == {"names": "fsync, full_page_writes, synchronous_commit"}
    store.close()
    with (
        pytest.raises(StoreUnavailable, match="power cut"),
        TestClient(create_app(Settings(database_url=weak_url, access="open", language="en"))),
    ):
        pass
    trial = Settings(database_url=weak_url, access="open", durability="any")
    with TestClient(create_app(trial)) as client:
        assert client.get("/readyz").json() == {"status": "ready", "store": "writable"}


@pytest.mark.postgis
def test_a_server_that_takes_no_writes_serves_and_says_so(weak_url: str) -> None:
    store = open_store(weak_url)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = sa.make_url(weak_url).database
        connection.exec_driver_sql(f'alter database "{name}" set default_transaction_read_only = on')
    store.close()
    store = open_store(weak_url)
    with TestClient(create_app(Settings(access="open"), store, FixedClock(NOW))) as client:
        assert client.get("/readyz").json()["store"] == "read_only"
        assert client.get("/api/v1/overview").status_code == 200
        item = {"unit_id": "u", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": 120.0, "lat": 36.0}
        answer = client.post("/api/v1/patrols/fixes", json={"datum": "wgs84", "items": [item]})
        assert (answer.status_code, answer.json()["code"]) == (503, "store_read_only")
        assert int(answer.headers["retry-after"]) > 0
    store.close()


@pytest.mark.postgis
@pytest.mark.parametrize("oldest", ["_OLDEST_SERVER", "_OLDEST_POSTGIS"])
def test_a_server_of_an_old_version_is_refused(weak_url: str, monkeypatch, oldest: str) -> None:
    monkeypatch.setattr(postgis, oldest, 990_000 if oldest == "_OLDEST_SERVER" else [99, 0])
    with pytest.raises(StoreUnavailable) as refused:
        open_store(weak_url)
    assert refused.value.code == "store_server_old"
