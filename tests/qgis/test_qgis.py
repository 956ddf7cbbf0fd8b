"""QGIS from Debian, without its windows, and ogr2ogr: they read, filter, page, reproject, draw, and edit.

``make test-qgis``. What they make of our answers is held against the answers themselves, read by httpx and PROJ.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pyproj
import pytest
import shapely
from ogc_service import Service, serving
from rights_world import CELL, X0, Y0, at, code

pytestmark = pytest.mark.qgis

READER = Path(__file__).with_name("reading.py")
BOX = (X0 + CELL * 0.1, Y0 + CELL * 0.1, X0 + CELL * 1.4, Y0 + CELL * 1.4)
DRAFT = "urban.draft4.grid"
GRIDS = {"households > 166": {"C", "D"}, "name LIKE '%QUAIL-A' OR code = 'QUAIL-B'": {"A", "B"}}
INCIDENTS = (
    "\"category\" LIKE '%noise'",
    "\"category\" = 'QUAIL_noise'",
    # QGIS asks these of the service, with the years 0000 and 9999 for ends that are open
    "\"occurred_at\" <= '2026-05-18T00:00:00Z'",
    "\"occurred_at\" >= '2026-05-18T00:00:00Z'",
    "\"occurred_at\" >= '2026-05-14T00:00:00Z' AND \"occurred_at\" <= '2026-05-18T00:00:00Z'",
)
#: A map of the grids: pixels of a cell's width, and how much higher it is in Mercator's projection.
PIXELS, STRETCH = 60, 1 / np.cos(np.radians(Y0))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """The two streets, for everybody, and with accounts."""
    folders = tmp_path_factory.mktemp("open"), tmp_path_factory.mktemp("kept")
    with serving(folders[0]) as plain, serving(folders[1], "accounts") as kept:
        yield plain, kept


@pytest.fixture(scope="module")
def truth(services: tuple[Service, Service]) -> dict[str, list[dict[str, Any]]]:
    """The same collections, before anybody drew, by another reader."""
    return {name: features(services[1], name) for name in ("urban.grid", "incidents", DRAFT)}


def features(service: Service, collection: str, key: str | None = None, **query: Any) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{service.url}/collections/{collection}/items",
        params={"limit": 10_000, **query},
        headers={"Authorization": f"Bearer {key or service.key}"} if service.key else {},
    )
    found: list[dict[str, Any]] = answer.raise_for_status().json()["features"]
    return found


@pytest.fixture(scope="module")
def found(services: tuple[Service, Service], truth: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What QGIS found: one run of it, for all tests."""
    plain, kept = services
    folder = tmp_path_factory.mktemp("qgis")
    asked = {
        "url": kept.url,
        "keys": ["", kept.key, kept.key_of_street],
        "read": {
            "grids": {
                "collection": "urban.grid", "key": 1, "page": 2, "box": BOX, "epsg": 4549, "filters": list(GRIDS),
            },
            "incidents": {"collection": "incidents", "key": 1, "page": 7, "box": BOX, "filters": INCIDENTS},
            "of_street": {"collection": "urban.grid", "key": 2},
            "without_key": {"collection": "urban.grid", "key": 0},
        },
        "drawn": {
            "address": f"{plain.url}/collections/urban.grid/styles/qgis",
            "file": str(folder / "grids.qlr"),
            "picture": str(folder / "grids.png"),
            "box": [X0 - CELL, Y0 - CELL, X0 + 7 * CELL, Y0 + 4 * CELL],
            "size": [8 * PIXELS, round(5 * PIXELS * STRETCH)],
            "places": [[int((x + 1) * PIXELS), int((4 - y) * PIXELS * STRETCH)] for x, y in PLACES],
        },
        "edited": {
            "key": 1, "collection": DRAFT, "item": code("A"), "name": "在QGIS画", "more": MORE,
            "bow": {"type": "Polygon", "coordinates": [[at(0, 0), at(1, 1), at(1, 0), at(0, 1), at(0, 0)]]},
        },
        "out": str(folder / "found.json"),
    }  # fmt: skip
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    subprocess.run(
        ["/usr/bin/python3", str(READER)],
        input=json.dumps(asked),
        text=True,
        check=True,
        timeout=120,
        env={**clean, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
    )
    made: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return made


#: Ground of B that is drawn to A.
MORE = (*at(2, 2), *at(2.5, 3))
#: Outside, in the middle of two grids, and on a border, in cells.
PLACES = ((-0.5, 1.5), (0.5, 0.5), (3.5, 0.5), (2.0, 0.5))


def test_qgis_is_the_one_of_debian(found: dict[str, Any]) -> None:
    assert int(found["version"].split(".")[0]) >= 3


def test_it_reads_every_page_with_values_and_types(found: dict[str, Any], truth: Any) -> None:
    for name, collection in (("grids", "urban.grid"), ("incidents", "incidents")):
        read, features = found["read"][name], truth[collection]
        assert (read["valid"], read["count"], read["crs"]) == (True, len(features), "EPSG:4326")
        assert len(features) > 5
        assert set(read["every"]) == {f["id"] for f in features}
        for feature in features:
            mine = read["every"][feature["id"]]
            shape = shapely.geometry.shape(feature["geometry"])
            assert shapely.equals_exact(shapely.from_wkt(mine.pop("shape")), shape, tolerance=0)
            assert mine.pop("id") == feature["id"]
            assert mine == {k: feature["properties"][k] for k in mine}
    assert found["read"]["grids"]["fields"]["households"] == "Integer"
    assert found["read"]["grids"]["fields"]["valid_from"] == "Date"
    assert found["read"]["incidents"]["fields"]["occurred_at"] == "DateTime"


def test_it_filters_by_box_by_property_and_by_time(found: dict[str, Any], truth: Any) -> None:
    for name, collection in (("grids", "urban.grid"), ("incidents", "incidents")):
        meeting = {
            f["id"] for f in truth[collection] if shapely.geometry.shape(f["geometry"]).intersects(shapely.box(*BOX))
        }
        assert set(found["read"][name]["in_box"]) == meeting
        assert meeting
    by = found["read"]["grids"]["filtered"]
    for said, letters in GRIDS.items():
        assert {x for x in by[said] if x.startswith("QUAIL")} == {code(c) for c in letters}
    told = [(f["id"], f["properties"]["category"], f["properties"]["occurred_at"]) for f in truth["incidents"]]
    day, end = "2026-05-14T00:00:00Z", "2026-05-18T00:00:00Z"
    expected = (
        {i for i, c, _ in told if c.endswith("noise")},
        {i for i, c, _ in told if c == "QUAIL_noise"},
        {i for i, _, t in told if t <= end},
        {i for i, _, t in told if t >= end},
        {i for i, _, t in told if day <= t <= end},
    )
    for said, wanted in zip(INCIDENTS, expected, strict=True):
        assert set(found["read"]["incidents"]["filtered"][said]) == wanted, said
        assert 0 < len(wanted) < len(told)


def test_what_it_reprojects_is_what_we_reproject(found: dict[str, Any], services: Any) -> None:
    there = {
        f["id"]: shapely.geometry.shape(f["geometry"])
        for f in features(services[1], "urban.grid", crs="http://www.opengis.net/def/crs/EPSG/0/4549")
    }
    theirs = found["read"]["grids"]["there"]
    assert set(theirs) == set(there)
    for name, shape in there.items():
        # EPSG has the northing first, QGIS the easting
        mine = shapely.transform(shape, lambda xy: xy[:, ::-1])
        assert shapely.hausdorff_distance(mine, shapely.from_wkt(theirs[name])) < 1e-3


def test_the_rights_of_the_key_hold(found: dict[str, Any]) -> None:
    assert {x.split("-")[0] for x in found["read"]["of_street"]["every"]} == {"QUAIL"}
    assert {x.split("-")[0] for x in found["read"]["grids"]["every"]} == {"QUAIL", "ZEBRA"}
    assert found["read"]["without_key"] == {"valid": False}


def test_it_draws_our_tiles_with_our_style(found: dict[str, Any]) -> None:
    drawn = found["drawn"]
    assert (drawn["loaded"], drawn["layers"], drawn["errors"]) == (True, [["QgsVectorTileLayer", True]], [])
    outside, one, other, border = drawn["colours"]
    assert outside == "#ffffff"
    assert one == other != outside
    assert border not in (one, outside)


def test_what_is_drawn_in_it_passes_the_rules_of_our_page(found: dict[str, Any], truth: Any) -> None:
    made = found["edited"]
    assert made["tries"] == {"unseen": 428, "other": 412, "seen": 204, "crossed": 422}
    before = {f["id"]: shapely.geometry.shape(f["geometry"]) for f in truth[DRAFT]}
    after = {name: shapely.from_wkt(told["shape"]) for name, told in made["after"].items()}
    drawn = shapely.from_wkt(made["sent"])
    assert shapely.area(shapely.symmetric_difference(after[code("A")], drawn)) < 1e-12
    assert drawn.area > before[code("A")].area
    assert made["after"][code("A")]["name"] == "在QGIS画"
    # the neighbour gave the ground: the plan is whole, and nothing lies twice
    assert after[code("B")].area < before[code("B")].area
    assert sum(s.area for s in after.values()) == pytest.approx(sum(s.area for s in before.values()))
    whole = shapely.union_all([*after.values()]).symmetric_difference(shapely.union_all([*before.values()]))
    assert whole.area < 1e-12


def test_this_version_says_itself_that_it_does_not_edit(found: dict[str, Any]) -> None:
    """Newer ones do, by the requests that tests/api/test_ogc_qgis.py sends; when this fails, edit with QGIS itself."""
    assert int(found["version"].split(".")[1]) < 32
    assert found["read"]["grids"]["editable"] is False


# --- ogr2ogr


def translated(service: Service, folder: Path, *more: str) -> gpd.GeoDataFrame:
    out = folder / "out.gpkg"
    out.unlink(missing_ok=True)
    program = shutil.which("ogr2ogr", path="/usr/bin")
    assert program is not None
    command = [program, "-f", "GPKG", str(out), f"OAPIF:{service.url}", *more]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PROJ", "GDAL"))}
    token = {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {service.key}"} if service.key else {}
    subprocess.run(command, check=True, timeout=60, env={**environment, **token})
    return gpd.read_file(out)


def test_ogr2ogr_reads_pages_filters_and_reprojects(services: Any, truth: Any, tmp_path: Path) -> None:
    kept = services[1]
    every = translated(kept, tmp_path, "incidents", "-oo", "PAGE_SIZE=7")
    assert set(every["id"]) == {f["id"] for f in truth["incidents"]}
    some = translated(kept, tmp_path, "urban.grid", "-where", "households > 166")
    assert set(some["id"]) == {f["id"] for f in truth["urban.grid"] if f["properties"]["households"] > 166}
    near = translated(kept, tmp_path, "urban.grid", "-spat", *map(str, BOX))
    wanted = {
        f["id"] for f in truth["urban.grid"] if shapely.geometry.shape(f["geometry"]).intersects(shapely.box(*BOX))
    }
    assert set(near["id"]) == wanted
    moved = translated(kept, tmp_path, "urban.grid", "-t_srs", "EPSG:4549").set_index("id")
    there = pyproj.Transformer.from_crs("OGC:CRS84", 4549, always_xy=True)
    for feature in truth["urban.grid"]:
        shape = shapely.transform(
            shapely.geometry.shape(feature["geometry"]), lambda xy: np.column_stack(there.transform(*xy.T))
        )
        assert shapely.hausdorff_distance(shape, moved.geometry[feature["id"]]) < 1e-3


@pytest.mark.parametrize("form", ["fgb", "ndjson"])
def test_ogr2ogr_opens_our_streams(services: Any, truth: Any, tmp_path: Path, form: str) -> None:
    answer = httpx.get(f"{services[0].url}/collections/urban.grid/items", params={"f": form}).raise_for_status()
    source = tmp_path / f"grids.{'geojsonl' if form == 'ndjson' else form}"
    source.write_bytes(answer.content)
    out = tmp_path / "out.csv"
    subprocess.run(["/usr/bin/ogr2ogr", "-f", "CSV", str(out), str(source)], check=True, timeout=60)
    assert len(out.read_text().splitlines()) == 1 + len(truth["urban.grid"])
