"""The whole way on PostGIS: files come in by the commands, questions and batches come by HTTP."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
from builders import tiling
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from gridmap.cli import app
from gridmap.settings import Settings
from gridmap.store import open_store

pytestmark = pytest.mark.postgis

WHEN = "2026-05-09T08:00:00+08:00"


@pytest.fixture
def url(server) -> Iterator[str]:
    """A database without tables: the first command makes them."""
    made = server.empty()
    yield made
    server.drop(made)


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    return done.output


def import_files(folder: Path, url: str) -> gpd.GeoSeries:
    """Import grids, incidents, patrols and context by the commands; give a place inside each grid."""
    grids = tiling("AAB\nCCB")
    grids.assign(name="网格" + grids["code"])[["code", "name", "geometry"]].to_file(folder / "g.geojson")
    places = grids.set_index("code").representative_point()
    rows = "".join(f"2026-05-0{n}T08:00:00+08:00,{p.x},{p.y},E101\n" for n, p in enumerate(places, 1))
    (folder / "i.csv").write_text("occurred_at,lon,lat,category\n" + rows, encoding="utf-8")
    fixes = "".join(f"w1,2026-05-0{n}T08:00:00+08:00,{p.x},{p.y}\n" for n, p in enumerate(places, 1))
    (folder / "p.csv").write_text("worker,time,lon,lat\n" + fixes, encoding="utf-8")
    gpd.GeoDataFrame({"kind": ["water"]}, geometry=[places["A"].buffer(1e-4)], crs=4326).to_file(folder / "c.geojson")
    common = ("--commit", "--db", url)
    urban = ("--set", "urban", "--level", "grid", "--code-column", "code", "--name-column", "name")
    run("import", "boundaries", folder / "g.geojson", *urban, *common)
    for kind, file in (("incidents", "i.csv"), ("patrols", "p.csv"), ("context", "c.geojson")):
        run("import", kind, folder / file, *common)
    return places


def test_files_questions_batches_and_maps(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    places = import_files(tmp_path, url)
    store = open_store(url)
    with TestClient(create_app(Settings(), store)) as client:
        assert client.get("/readyz").json()["store"] == "writable"
        here = places["B"]
        located = client.get(f"/api/v1/locate?lon={here.x}&lat={here.y}").json()
        assert (located["grid"]["code"], located["method"], located["version"]) == ("B", "inside", 1)
        many = client.post("/api/v1/locate", json={"points": [[p.x, p.y] for p in places]}).json()
        assert many["grid_code"] == list(places.index)

        page = client.get("/api/v1/sets/urban/versions/1/grids?limit=2").json()
        (link,) = [one["href"] for one in page["links"] if one["rel"] == "next"]
        rest = client.get(link).json()
        assert [f["properties"]["code"] for f in page["features"] + rest["features"]] == ["A", "B", "C"]

        map_url = "/maps/coverage?start=2026-05-01&end=2026-05-21"
        revision, drawn = store.revision(), client.get(map_url).headers["etag"]
        report = {"incident_id": "k1", "occurred_at": WHEN, "category": "E101", "lon": here.x, "lat": here.y}
        items = [
            report,
            {**report, "category": "E102"},
            {**report, "incident_id": "k2"},
            {**report, "lon": 181},
            report,
        ]
        answer = client.post("/api/v1/incidents", json={"datum": "wgs84", "items": items}).json()
        assert [(r["status"], r["code"], r["grid_code"]) for r in answer["results"]] == [
            ("accepted", None, "B"),
            ("rejected", "content_differs", None),
            ("accepted", None, "B"),
            ("rejected", "coordinate_out_of_range", None),
            ("duplicate", None, "B"),
        ]
        fix = {"unit_id": "w2", "fixed_at": WHEN, "lon": here.x, "lat": here.y, "accuracy_m": 5}
        answer = client.post("/api/v1/patrols/fixes", json={"datum": "wgs84", "items": [fix, fix]}).json()
        assert [r["status"] for r in answer["results"]] == ["accepted", "duplicate"]
        assert store.revision() != revision
        overview = client.get("/api/v1/overview").json()
        assert (overview["incidents"]["count"], overview["fixes"]["count"]) == (5, 4)

        again = client.get(map_url)
        assert again.status_code == 200
        assert again.headers["etag"] != drawn
        for kind in ("grids", "hotspots"):
            assert client.get(f"/maps/{kind}?start=2026-05-01&end=2026-05-21").status_code == 200, kind
    store.close()
