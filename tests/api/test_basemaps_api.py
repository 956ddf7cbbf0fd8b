"""The base map over HTTP: which one, and its archive in parts."""

from pathlib import Path

import pytest
import ready
from api_world import NOW, check_problem, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

FOLDER = Path(__file__).resolve().parents[2] / "gridmap" / "data" / "basemap"


@pytest.fixture(scope="module")
def client() -> TestClient:
    settings = Settings(access="open", basemap_dir=FOLDER)
    return TestClient(create_app(settings, ready.fake(fill), FixedClock(NOW)), base_url="http://127.0.0.1")


def test_an_archive_is_given_in_parts(client: TestClient) -> None:
    told = client.get("/api/v1/basemap").json()
    assert told["url"].startswith("/basemaps/demonstration.pmtiles?v=")
    whole = (FOLDER / "demonstration.pmtiles").read_bytes()
    part = client.get(told["url"], headers={"range": "bytes=0-126"})
    assert part.status_code == 206
    assert part.content == whole[:127]
    assert part.headers["content-range"] == f"bytes 0-126/{len(whole)}"
    assert part.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "content-encoding" not in part.headers
    late = client.get(told["url"].split("?")[0], headers={"range": f"bytes={len(whole) - 5}-"})
    assert late.content == whole[-5:]
    assert late.headers["cache-control"] == "private, no-cache"
    assert client.get(told["url"], headers={"range": f"bytes={len(whole) + 5}-"}).status_code == 416
    assert client.get(told["url"]).content == whole


def test_no_other_file_is_given(client: TestClient) -> None:
    check_problem(client.get("/basemaps/nowhere.pmtiles"), 404, "basemap_unknown")
    for name in ("..%2F..%2Fsettings", "%2e%2e", "demonstration.pmtiles%00", "*", "."):
        assert client.get(f"/basemaps/{name}.pmtiles").status_code == 404


def test_without_a_folder_there_is_none() -> None:
    bare = TestClient(
        create_app(Settings(access="open"), ready.fake(fill), FixedClock(NOW)), base_url="http://127.0.0.1"
    )
    assert bare.get("/api/v1/basemap").json() == {"url": None, "max_zoom": None, "bounds": None, "tiles": None}


def test_tiles_of_the_intranet_stand_in_place_of_an_archive() -> None:
    urls = ["http://tiles.city/{z}/{x}/{y}", "http://tiles.city/names/{z}/{x}/{y}"]
    settings = Settings(access="open", basemap_dir=FOLDER, basemap_url=" ".join(urls), basemap_datum="gcj02")
    service = TestClient(create_app(settings, ready.fake(fill), FixedClock(NOW)), base_url="http://127.0.0.1")
    told = service.get("/api/v1/basemap").json()
    assert told["url"] is None
    assert (told["tiles"]["urls"], told["tiles"]["datum"]) == (urls, "gcj02")
    assert set(told["tiles"]["away"]) == {"zh", "en"}
