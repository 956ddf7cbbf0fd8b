"""Clients that are not ours read, filter, page and reproject: GDAL's OAPIF driver (in pyogrio's wheel) and OWSLib."""

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from ogc_service import serving
from owslib.ogcapi.features import Features
from rights_world import CELL, X0, Y0, code

BOX = (X0 + CELL * 0.1, Y0 + CELL * 0.1, X0 + CELL * 1.4, Y0 + CELL * 1.4)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The two streets over a true connection, in another process."""
    with serving(tmp_path_factory.mktemp("clients")) as found:
        yield found.url


def gdal(service: str, layer: str, **options: Any) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(f"OAPIF:{service}", layer=layer, **options)


@pytest.fixture(scope="module")
def areas(service: str) -> gpd.GeoDataFrame:
    return gdal(service, "urban.grid").set_index("id")


def test_gdal_lists_reads_and_pages(service: str, areas: gpd.GeoDataFrame) -> None:
    layers = dict(pyogrio.list_layers(f"OAPIF:{service}").tolist())
    assert {"urban.grid": "Polygon", "incidents": "Point", "layer.toilets": "Point"}.items() <= layers.items()
    assert areas.crs.is_geographic
    assert areas.loc[code("A"), "households"] == 100 + ord("A")
    assert str(areas.loc[code("A"), "valid_from"])[:10] == "2026-05-01"
    incidents = gdal(service, "incidents", PAGE_SIZE=7)
    assert len(incidents) == len(set(incidents["id"])) == 44


def test_gdal_filters(service: str, areas: gpd.GeoDataFrame) -> None:
    some = gdal(service, "urban.grid", where="households > 166")
    assert set(some["id"]) == set(areas.index[areas["households"] > 166]) != set(areas.index)
    near = gdal(service, "urban.grid", bbox=BOX)
    assert set(near["id"]) == set(areas.index[areas.intersects(shapely.box(*BOX))]) != set(areas.index)


@pytest.mark.parametrize("epsg", [4490, 4549, 3857, 4528])
def test_gdal_reprojects_on_our_side(service: str, areas: gpd.GeoDataFrame, epsg: int) -> None:
    found = gdal(service, "urban.grid", CRS=f"EPSG:{epsg}")
    assert found.crs.to_epsg() == epsg
    expected = areas.set_crs("OGC:CRS84", allow_override=True).to_crs(epsg).loc[found["id"]]
    apart = shapely.hausdorff_distance(np.asarray(found.geometry.array), np.asarray(expected.geometry.array))
    assert apart.max() < 1e-3


def test_owslib_reads_filters_and_pages(service: str, areas: gpd.GeoDataFrame) -> None:
    api = Features(service)
    assert api.api()["openapi"].startswith("3.0")  # first: it reads the links of its last answer
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in api.conformance()["conformsTo"]
    assert {"urban.grid", "incidents"} <= set(api.feature_collections())
    assert api.collection("urban.grid")["id"] == "urban.grid"
    assert "households" in api.collection_queryables("urban.grid")["properties"]
    page = api.collection_items("incidents", limit=10)
    assert (page["numberReturned"], page["numberMatched"]) == (10, 44)
    near = api.collection_items("urban.grid", bbox=list(BOX))
    assert {f["id"] for f in near["features"]} == set(areas.index[areas.intersects(shapely.box(*BOX))])
    chosen = api.collection_items("urban.grid", filter="households > 166 AND code LIKE 'QUAIL%'")
    assert {f["id"] for f in chosen["features"]} == {code("C"), code("D")}
    then = api.collection_items("urban.grid", datetime_="2026-04-30")
    assert {f["properties"]["version_number"] for f in then["features"]} == {1}
    one = api.collection_item("urban.grid", code("A"))
    assert shapely.geometry.shape(one["geometry"]).equals(areas.loc[code("A"), "geometry"])


@pytest.mark.parametrize("epsg", [4490, 4528, 4549])
def test_owslib_is_given_another_system_with_its_own_axes(service: str, areas: gpd.GeoDataFrame, epsg: int) -> None:
    found = Features(service).collection_items("urban.grid", crs=f"http://www.opengis.net/def/crs/EPSG/0/{epsg}")
    projected = pyproj.Transformer.from_crs("OGC:CRS84", f"EPSG:{epsg}")  # not always_xy: north comes first in these
    assert len(found["features"]) == len(areas)
    for feature in found["features"]:
        there = shapely.geometry.shape(feature["geometry"])
        expected = shapely.transform(
            areas.loc[feature["id"], "geometry"], lambda xy: np.column_stack(projected.transform(*xy.T))
        )
        assert shapely.hausdorff_distance(there, expected) < (1e-9 if epsg == 4490 else 1e-3)


@pytest.mark.parametrize("form", ["fgb", "parquet", "ndjson", "csv"])
def test_streams_are_read_by_gdal_and_arrow_alike(
    service: str, areas: gpd.GeoDataFrame, form: str, tmp_path: Any
) -> None:
    for collection, count in (("urban.grid", len(areas)), ("incidents", 44)):
        answer = httpx.get(f"{service}/collections/{collection}/items", params={"f": form})
        path = tmp_path / f"{collection}.{'geojsonl' if form == 'ndjson' else form}"
        path.write_bytes(answer.content)
        if form == "parquet":
            found = gpd.read_parquet(path)
        elif form == "csv":
            found = gpd.read_file(path, GEOM_POSSIBLE_NAMES="wkt")
        else:
            found = gpd.read_file(path)
        assert len(found) == count
        if collection == "urban.grid":
            named = found.set_index("code")
            for name, shape in named.geometry.items():
                assert shapely.equals_exact(shapely.normalize(shape), shapely.normalize(areas.loc[name, "geometry"]))
            assert int(named.loc[code("A"), "households"]) == 100 + ord("A")
