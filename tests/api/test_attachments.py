"""Attachments of cases over HTTP: references that do nothing by themselves, and bodies of a gigabyte."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ready
from api_world import NOW, at, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
GIGABYTE = 1_000_000_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(database_url=ready.put(tmp_path / "cases.gpkg", fill))
    store = open_store(settings.database_url)
    with TestClient(create_app(settings, store, FixedClock(NOW)), raise_server_exceptions=False) as found:
        yield found
    store.close()


def test_references_are_kept_as_they_are_and_scripts_are_refused(client: TestClient) -> None:
    base = {"category": "E1-01", "lon": LON, "lat": LAT, "occurred_at": NOW.isoformat()}
    good = ["https://photos.example/1.jpg", "sha256:" + "0a" * 32, "2026/照片.jpg"]
    bad = ["javascript:alert(1)", "data:image/png;base64,AAAA", "<img src=x>", "../../etc/passwd", ""]
    items = [{**base, "case_id": "good", "photos": good}]
    items += [{**base, "case_id": f"bad-{k}", "photos": ["fine", one]} for k, one in enumerate(bad)]
    first, *refused = client.post("/api/v1/cases", json={"items": items}).json()["results"]
    assert first["status"] == "accepted"
    assert client.get("/api/v1/cases/good").json()["case"]["photos"] == good
    assert [one["code"] for one in refused] == ["reference_not_allowed"] * 4 + ["text_empty"]
    assert {one["pointer"] for one in refused} == {"#/photos/1"}
    assert "javascript" not in str(refused)


def test_an_attachment_of_a_gigabyte_is_refused_by_its_stated_length_before_it_is_read(client: TestClient) -> None:
    read = []

    def body() -> Iterator[bytes]:
        read.append(1)
        yield b"{"

    headers = {"content-type": "application/json", "content-length": str(GIGABYTE)}
    began = time.monotonic()
    answer = client.post("/api/v1/cases", content=body(), headers=headers)
    assert time.monotonic() - began < 5
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert len(read) <= 1


def test_one_whose_length_nobody_states_is_cut_off(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/cases",
        content=(b" " * 1_000_000 for _ in range(20)),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
