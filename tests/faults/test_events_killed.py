"""Events outlive a service that is killed between writing and telling: who comes back hears of each once."""

import json
from pathlib import Path

import httpx
import pytest
import ready
from api_world import NOW, at, fill
from faults.served import serving

STREAM = "/api/v1/events/stream"


def _send(client: httpx.Client, *ids: str) -> None:
    lon, lat = at(0.5, 1.5)
    items = [
        {"incident_id": i, "occurred_at": NOW.isoformat(), "category": "litter", "lon": lon, "lat": lat} for i in ids
    ]
    answer = client.post("/api/v1/incidents", json={"datum": "wgs84", "items": items})
    assert answer.json()["counts"]["accepted"] == len(ids), answer.text


def _listen(base: str, place: str, count: int) -> tuple[list[str], str]:
    """Hear so many events after a place; give their subjects and the place behind them."""
    heard: list[str] = []
    with httpx.stream("GET", base + STREAM, headers={"Last-Event-ID": place}, timeout=30) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                place = value
            elif name == "data":
                heard.append(json.loads(value)["subject"])
            if len(heard) == count and not line:
                break
    return heard, place


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_who_comes_back_after_a_kill_hears_of_everything_once(tmp_path: Path, workers: int) -> None:
    url = ready.put(tmp_path / "city.gpkg", fill)
    with serving(url, tmp_path, workers=workers) as served, served.client() as client:
        place = client.get("/api/v1/events").json()["next"]
        _send(client, "k1", "k2", "k3")
        heard, place = _listen(served.base, place, 2)
        assert heard == ["k1", "k2"]
        _send(client, "k4")
        served.process.kill()
        served.process.wait(20)
    with serving(url, tmp_path, workers=workers) as served, served.client() as client:
        _send(client, "k5")
        heard, _ = _listen(served.base, place, 3)
        assert heard == ["k3", "k4", "k5"]
