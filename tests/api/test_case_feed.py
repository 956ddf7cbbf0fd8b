"""The cases of a day for the city's platform: what is in it, and that it proves itself."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import ready
from api_world import NOW, at, fill
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from gridmap.cli import app
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
URL = "/api/v1/cases/feed"
DAY = timedelta(days=1)


class Clock:
    """A clock that tests set."""

    moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[TestClient]:
    settings = Settings(database_url=ready.put(tmp_path / "feed.gpkg", fill))
    store = open_store(settings.database_url)
    with TestClient(create_app(settings, store, clock), raise_server_exceptions=False) as found:
        yield found
    store.close()


def report(client: TestClient, key: str, clock: Clock) -> None:
    item = {
        "case_id": key, "occurred_at": clock.moment.isoformat(), "category": "E1-01", "lon": LON, "lat": LAT,
        "note": "王女士家门口", "reporter": "hotline-77", "address": "文三路259号", "channel": "hotline",
    }  # fmt: skip
    (result,) = client.post("/api/v1/cases", json={"items": [item]}).json()["results"]
    assert result["status"] == "accepted", result


def act(client: TestClient, key: str, version: int, act: str, **more: Any) -> None:
    answer = client.post(f"/api/v1/cases/{key}/acts", json={"act": act, "version": version, **more})
    assert answer.status_code == 200, answer.text


def read(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    first, _, rest = content.partition(b"\n")
    manifest = json.loads(first)
    assert manifest["sha256"] == hashlib.sha256(rest).hexdigest()
    cases = [json.loads(line) for line in rest.splitlines()]
    assert manifest["cases"] == len(cases)
    return manifest, cases


def test_a_day_has_what_happened_on_it_and_nothing_that_people_wrote(client: TestClient, clock: Clock) -> None:
    clock.moment = NOW - 2 * DAY
    for key in ("old", "still", "rejected"):
        report(client, key, clock)
    clock.moment = NOW
    act(client, "rejected", 1, "reject", reason="张三重复上报")
    report(client, "new", clock)
    answer = client.get(URL, params={"day": NOW.date().isoformat()})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    manifest, cases = read(answer.content)
    assert manifest["form"] == "gridmap-cases-1"
    assert manifest["day"] == NOW.date().isoformat()
    assert datetime.fromisoformat(manifest["to"]) - datetime.fromisoformat(manifest["from"]) == DAY
    assert [case["case_id"] for case in cases] == ["rejected", "new"]
    assert (cases[0]["status"], cases[0]["emergency"], cases[0]["grid_code"]) == ("rejected", False, "A")
    assert cases[1]["filed_at"] is None
    assert datetime.fromisoformat(cases[1]["reported_at"]) == NOW.astimezone(UTC)
    assert (cases[1]["lon"], cases[1]["lat"]) == pytest.approx((LON, LAT))
    assert not any(word in answer.text for word in ("王女士", "张三", "hotline-77", "文三路"))
    _, before = read(client.get(URL, params={"day": (NOW - 2 * DAY).date().isoformat()}).content)
    assert [case["case_id"] for case in before] == ["old", "rejected", "still"]
    manifest, nothing = read(client.get(URL, params={"day": (NOW - DAY).date().isoformat()}).content)
    assert (manifest["cases"], nothing) == (0, [])


@pytest.mark.parametrize("query", ["", "?day=today", "?day=2026-13-01", "?day=2026-05-20&note=1"])
def test_days_that_are_none(client: TestClient, query: str) -> None:
    assert client.get(URL + query).status_code == 422


def test_the_command_writes_the_same_file(
    client: TestClient, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, "c1", clock)
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    out = tmp_path / "feed.ndjson"
    day = NOW.date().isoformat()
    done = CliRunner().invoke(app, ["case-feed", "--day", day, "--out", str(out), "--db", f"{tmp_path}/feed.gpkg"])
    assert done.exit_code == 0, done.output
    manifest, cases = read(out.read_bytes())
    assert f"1 cases of {day}, SHA-256 {manifest['sha256']}" in done.output
    assert cases == read(client.get(URL, params={"day": day}).content)[1]
    assert sorted(p.name for p in tmp_path.glob("feed.ndjson*")) == ["feed.ndjson"]
