"""The demonstration store: whole or not there, made once, and what ``make demo`` shows from it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.demo.former import SPLIT
from gridmap.demo.load import demo_district
from gridmap.demo.prepare import prepare
from gridmap.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store, made after a first attempt was killed in the middle of writing."""
    path = tmp_path_factory.mktemp("demo") / "demo.gpkg"
    program = (
        "import sys; from pathlib import Path; from gridmap.demo.prepare import prepare; prepare(Path(sys.argv[1]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    building = path.with_name(path.name + ".building-wal")
    deadline = time.monotonic() + 120
    # the schema alone is below this: killed while rows are being written
    while not (building.exists() and building.stat().st_size > 4_000_000):
        assert child.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not path.exists()
    assert prepare(path)
    return path


def test_a_current_store_is_not_made_again(made: Path) -> None:
    before = made.stat().st_mtime_ns
    assert not prepare(made)
    assert made.stat().st_mtime_ns == before
    assert sorted(p.name for p in made.parent.iterdir()) == ["demo.gpkg", "demo.gpkg.made-from"]


def test_an_outdated_store_is_recognised(made: Path) -> None:
    stamp = made.with_name("demo.gpkg.made-from")
    current = stamp.read_text()
    stamp.write_text("older program")
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        prepare(made, on_progress=lambda step: steps.append(step) or (_ for _ in ()).throw(KeyboardInterrupt))
    assert steps == ["district"]
    stamp.write_text(current)
    assert not prepare(made)


def test_the_service_shows_the_whole_district_and_finds_what_was_planted(made: Path) -> None:
    truth = demo_district().truth
    with TestClient(create_app(Settings(database_url=f"sqlite:///{made}"))) as client:
        found = client.get("/api/v1/overview").json()
        assert [level["name"] for level in found["sets"][0]["levels"]] == ["street", "area", "grid"]
        assert found["sets"][0]["grids"] == 1333
        # a redraw that has happened: twelve grids were split in two, and the leader sees what that did
        asked = {"from": "1", "to": "2", "start": "2026-08-31T16:00:00Z", "end": "2026-09-30T16:00:00Z"}
        redraw = client.get("/api/v1/lead/redraw", params=asked).json()
        assert len(redraw["grids"]) == 2 * SPLIT
        split = [one for one in redraw["grids"] if one["before"] is None]
        assert len(split) == SPLIT
        assert 0 < redraw["moved"] == sum(one["after"]["reported"] for one in split) < redraw["cases"]
        ended = client.get("/api/v1/sets/grid-management/history").json()["versions"]
        assert [one["number"] for one in ended] == [1, 2]
        assert {"level": "grid", "kind": "split", "count": 2 * SPLIT} in ended[1]["changes"]
        assert found["incidents"]["count"] == 36_000
        assert found["fixes"]["count"] > 500_000
        month = {"start": "2026-08-31T16:00:00Z", "end": "2026-09-30T16:00:00Z"}
        numbers = {one["name"]: one for one in client.get("/api/v1/lead", params=month).json()["numbers"]}
        assert 2_000 < numbers["reported"]["value"] < 4_500, "a year of cases"
        assert 70 < numbers["on_time_closing"]["value"] < 95
        cluster = truth["clusters"][0]
        answer = client.get("/api/v1/locate", params={"lon": cluster["lon"], "lat": cluster["lat"]}).json()
        assert answer["grid"]["code"] == cluster["grid_code"]
        assert [link["level"] for link in answer["chain"]] == ["street", "area", "grid"]
        assert {member["role"] for member in answer["staff"]} == {"head", "worker"}
        # what is missing on purpose is found, and nothing else is missing
        planted = truth["services"]
        day = {"at": "2026-09-30"}
        body = client.get("/api/v1/services/provision", params=day).json()
        lacking = [row for row in body["rows"] if row["status"] != "met"]
        found_lacking: dict[str, list[str]] = {}
        for row in lacking:
            found_lacking.setdefault(row["need"], []).append(row["code"])
        assert {need: sorted(codes) for need, codes in found_lacking.items()} == planted["lacking"]
        staff = client.get("/api/v1/services/staffing", params=day).json()
        assert {row["code"] for row in staff["grids"] if row["station_needed"]} == set(planted["stations"])
        assert {row["code"] for row in staff["grids"] if row["station_short"]} == set(planted["stations_missing"])
        posts = client.get("/api/v1/services/coverage", params={"layer": "health-posts", **day}).json()
        of_areas = {row["code"]: row["status"] for row in posts["grids"] if row["code"][:12] in planted["without_post"]}
        assert of_areas
        assert set(of_areas.values()) == {"gap"}
        whole = {row["code"][:12] for row in posts["grids"]}
        reached = {row["code"][:12] for row in posts["grids"] if row["status"] != "gap"}
        # wide areas at the edge may be without one, too; of those with many people, only these
        crowded = {
            code for code in whole
            if sum(row["households"] for row in posts["grids"] if row["code"][:12] == code) > 2_500
        }  # fmt: skip
        assert (crowded - reached) <= set(planted["without_post"])
        assert posts["total"]["household_share"] > 0.5
        for kind in ("grids", "hotspots", "coverage", "services", "staffing"):
            assert client.get(f"/maps/{kind}", params={"lang": "en"}).status_code == 200
        # the planted neglect, seen by the card of a grid
        window = {"start": "2026-09-24", "end": "2026-10-01"}
        gap = client.get(f"/api/v1/grids/{truth['neglect']['gaps'][0]}", params=window).json()
        assert gap["activity"]["fixes"] == 0
        assert gap["activity"]["incidents"] > 0
