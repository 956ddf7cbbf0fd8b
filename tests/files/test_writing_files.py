"""Files appear whole or not at all; nothing in them runs; a join keeps every row."""

import csv
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from files import samples
from files.samples import put
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.locator import Locator
from gridmap.errors import ColumnError, FileError
from gridmap.files.boundaries import read_boundaries
from gridmap.files.join import join_file
from gridmap.files.write import guard, open_writer, restore, write_boundaries
from gridmap.settings import Settings

SETTINGS = Settings()
FORMULAS = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠a",
    "'=1",
    "''-x",
]
PLAIN = ["-1", "+1.5", "-1e5", ".5", "00123", "a=b", "", "'", "占道经营", 'say "hi", then\ngo']


def test_formulas_are_guarded_and_restored():
    guarded = guard(pa.chunked_array([FORMULAS + PLAIN])).to_pylist()
    assert all(cell.startswith("'") for cell in guarded[: len(FORMULAS)])
    assert guarded[len(FORMULAS) :] == PLAIN
    assert [restore(cell) for cell in guarded] == FORMULAS + PLAIN


@given(st.lists(st.text(alphabet="=+-@'\t\r＝＋－＠1a.,\"", max_size=6), min_size=1))
def test_guarding_can_always_be_undone(cells):
    assert [restore(c) for c in guard(pa.chunked_array([cells], pa.string())).to_pylist()] == cells


def test_a_csv_comes_back_as_it_was(tmp_path):
    cells = FORMULAS + PLAIN
    path = tmp_path / "o.csv"
    table = pa.table({"a,b": cells, "n": range(len(cells)), "=x": [None] * len(cells)})
    with open_writer(path, table.schema) as writer:
        writer.write(table.slice(0, 5))
        writer.write(table.slice(5))
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["a,b", "n", "'=x"]
    assert [restore(r[0]) for r in rows] == cells


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_nothing_stands_under_the_final_name_after_a_failure(tmp_path, suffix, failure):
    path = put(tmp_path, f"o{suffix}", b"before")
    table = pa.table({"a": ["1"]})
    with pytest.raises(failure), open_writer(path, table.schema) as writer:  # noqa: PT012
        writer.write(table)
        raise failure
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(FileError) as caught:
        open_writer(tmp_path / "o.xlsx", pa.schema([])).__enter__()
    assert caught.value.code == "output_format"
    with pytest.raises(FileError) as caught:
        open_writer(tmp_path / "none" / "o.csv", pa.schema([])).__enter__()
    assert caught.value.code == "output_not_written"


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet"])
def test_boundaries_come_back_exactly(tmp_path, suffix):
    source = read_boundaries(
        samples.write_any(tmp_path, ".geojson", samples.frame(区=["上城", None])), settings=SETTINGS
    )
    third = shapely.Polygon([(120.1, 30.2), (120.1 + 1 / 3e3, 30.2), (120.1, 30.2 + 1 / 7e3)])
    frame = source.frame.set_geometry([third, source.frame.geometry[1]], crs=4326)
    path = tmp_path / f"out{suffix}"
    write_boundaries(frame, path)
    back = read_boundaries(path, settings=SETTINGS).frame.sort_values("code", ignore_index=True)
    assert back["code"].tolist() == ["00123", "00124"]
    assert back["households"].tolist() == [310, 295]
    assert back["attributes"][0]["区"] == "上城"
    for got, wanted in zip(back.geometry, frame.geometry, strict=True):
        assert got.equals(wanted)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["good.geojson", path.name]


def test_rounding_moves_a_shared_vertex_once(tmp_path):
    path = tmp_path / "o.geojson"
    shift = shapely.transform(samples.frame().geometry.array, lambda xy: xy + 1 / 3e5)
    write_boundaries(samples.frame().set_geometry(shift), path, decimals=7)
    rings = [f["geometry"]["coordinates"][0] for f in json.loads(path.read_text(encoding="utf-8"))["features"]]
    assert len({tuple(p) for ring in rings for p in ring}) == 6
    assert max(len(str(x).partition(".")[2]) for ring in rings for p in ring for x in p) <= 7


def located(tmp_path, text="", name="p.csv", out="o.csv", **options):
    path = put(tmp_path, name, text) if text else tmp_path / name
    grids = samples.frame()
    summary = join_file(Locator.from_frame(grids), path, tmp_path / out, settings=SETTINGS, **options)
    return summary, tmp_path / out


def test_a_join_keeps_every_row_and_its_order(tmp_path):
    text = "id,lon,lat\n007,120.105,30.205\n2,x,30\n=3,120.11,30.205\n4,121,31\n"
    summary, out = located(tmp_path, text)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [restore(r["id"]) for r in rows] == ["007", "2", "=3", "4"]
    assert [r["grid_code"] for r in rows] == ["00123", "", "00123", ""]
    assert [r["method"] for r in rows] == ["inside", "", "border", "none"]
    assert rows[2]["border_m"] == "0"
    assert rows[1]["border_m"] == rows[3]["border_m"] == ""
    assert (summary.points, summary.inside, summary.border, summary.none, summary.unreadable) == (4, 1, 1, 1, 1)


@pytest.mark.parametrize("batch_rows", [1, 3, 100])
def test_a_join_does_not_depend_on_the_batch(tmp_path, batch_rows):
    rng = np.random.default_rng(7)
    places = np.round(rng.uniform((120.09, 30.19), (120.13, 30.22), (50, 2)), 6)
    text = "lon,lat\n" + "".join(f"{x},{y}\n" for x, y in places)
    _, whole = located(tmp_path, text, out="whole.csv")
    _, cut = located(tmp_path, text, out="cut.csv", batch_rows=batch_rows)
    assert whole.read_bytes() == cut.read_bytes()


def test_a_geoparquet_stays_one(tmp_path):
    points = samples.frame().set_geometry(shapely.points([[120.105, 30.205], [120.115, 30.205]])).set_crs(4326)
    points.to_parquet(tmp_path / "p.parquet")
    _, out = located(tmp_path, name="p.parquet", out="o.parquet")
    import geopandas as gpd

    back = gpd.read_parquet(out)
    assert back["grid_code"].tolist() == ["00123", "00124"]
    assert back.geometry.equals(points.geometry)


def test_a_plain_parquet_stays_plain_and_keeps_its_types(tmp_path):
    samples.parquet(
        tmp_path, pa.table({"lon": [120.105], "lat": [30.205], "n": pa.array([1], pa.int16())}), "p.parquet"
    )
    _, out = located(tmp_path, name="p.parquet", out="o.parquet")
    schema = pq.read_schema(out)
    assert schema.field("n").type == pa.int16()
    assert b"geo" not in (schema.metadata or {})
    assert pd.read_parquet(out)["grid_code"].tolist() == ["00123"]


def test_columns_of_an_earlier_join_are_not_overwritten(tmp_path):
    with pytest.raises(ColumnError) as caught:
        located(tmp_path, "lon,lat,grid_code\n120,30,x\n")
    assert caught.value.code == "column_taken"
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.real_data
def test_every_shooting_in_new_york_has_a_precinct(shared_data, tmp_path):
    grids = read_boundaries(shared_data / "nyc_precincts.gpkg", settings=SETTINGS).frame
    path = shared_data / "nyc_shootings.csv"
    summary = join_file(Locator.from_frame(grids), path, tmp_path / "o.csv", settings=SETTINGS)
    assert (summary.points, summary.inside + summary.border) == (967, 967)
