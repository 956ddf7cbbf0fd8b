"""The streaming join: order, flat memory, every format, and no half file whatever happens."""

import csv
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely
from files import samples

from gridmap.analysis.locator import Locator
from gridmap.errors import FileError, InvalidInput
from gridmap.files.join import join_file
from gridmap.files.labels import Labeller
from gridmap.files.pipeline import pipelined
from gridmap.settings import Settings

SETTINGS = Settings()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def locator() -> Locator:
    return Locator.from_frame(samples.frame())


def places(count: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    # multiples of a millidegree: many lie on borders and corners
    lon, lat = np.round(rng.uniform((120.09, 30.19), (120.13, 30.22), (count, 2)), 3).T
    return lon, lat


def table(count: int = 5_000) -> pa.Table:
    lon, lat = places(count)
    names = pa.array([f"点{i % 7}" for i in range(count)])
    return pa.table({"id": pa.array(np.arange(count), pa.int32()), "name": names, "lon": lon, "lat": lat})


def join(locator: Locator, path: Path, out: Path, **options):
    return join_file(locator, path, out, settings=SETTINGS, **options)


# -- the pipeline


def test_a_pipeline_keeps_the_order_of_slow_and_fast_items() -> None:
    def work(n: int) -> int:
        time.sleep(0.01 if n % 3 == 0 else 0)
        return n * n

    assert list(pipelined(range(40), work, threads=4)) == [n * n for n in range(40)]


def test_a_pipeline_holds_few_items_where_the_consumer_is_slow() -> None:
    taken = []

    def items():
        for n in range(50):
            taken.append(n)
            yield n

    for seen, _ in enumerate(pipelined(items(), lambda n: n, threads=2, ahead=2), start=1):
        time.sleep(0.002)
        assert len(taken) <= seen + 4


@pytest.mark.parametrize("where", ["read", "work", "write"])
def test_a_failure_ends_the_pipeline_in_its_place_and_leaves_no_thread(where: str) -> None:
    def items():
        for n in range(100):
            if where == "read" and n == 7:
                raise KeyError("read")
            yield n

    def work(n: int) -> int:
        if where == "work" and n == 7:
            raise KeyError("work")
        return n

    seen: list[int] = []
    with pytest.raises(KeyError, match=where), closing(pipelined(items(), work)) as results:  # noqa: PT012
        for n in results:
            seen.append(n)
            if where == "write" and n == 6:
                raise KeyError("write")
    assert seen == list(range(7))
    assert not [t for t in threading.enumerate() if t.name.startswith("gridmap-")]


# -- what is written


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_the_rows_do_not_depend_on_batches_or_threads(tmp_path: Path, locator: Locator, suffix: str) -> None:
    pq.write_table(table(), tmp_path / "p.parquet", row_group_size=1_700)
    read = pq.read_table if suffix == ".parquet" else Path.read_bytes
    join(locator, tmp_path / "p.parquet", tmp_path / f"a{suffix}", threads=1)
    first = read(tmp_path / f"a{suffix}")
    for rows, threads in ((1, 2), (333, 3), (5_000, 2)):
        if rows == 1:
            pq.write_table(table().slice(0, 60), tmp_path / "q.parquet")
            join(locator, tmp_path / "q.parquet", tmp_path / f"b{suffix}", batch_rows=1, threads=threads)
            assert len(read(tmp_path / f"b{suffix}")) > 0
            continue
        join(locator, tmp_path / "p.parquet", tmp_path / f"b{suffix}", batch_rows=rows, threads=threads)
        assert read(tmp_path / f"b{suffix}") == first


def test_answers_are_those_of_the_locator_and_columns_stay(tmp_path: Path, locator: Locator) -> None:
    source = table()
    pq.write_table(source, tmp_path / "p.parquet")
    summary = join(locator, tmp_path / "p.parquet", tmp_path / "o.parquet", batch_rows=700)
    joined = pq.read_table(tmp_path / "o.parquet")
    assert joined.select(source.column_names).equals(source)
    answers = locator.locate_many(source["lon"].to_numpy(), source["lat"].to_numpy())
    wanted = [locator.codes[o] if o >= 0 else None for o in answers.owner]
    assert joined["grid_code"].to_pylist() == wanted
    assert joined["method"].to_pylist() == answers.methods().tolist()
    got = joined["border_m"].to_numpy()
    np.testing.assert_allclose(got, np.round(answers.border_m, 3), rtol=0, atol=0)
    assert min(summary.inside, summary.border, summary.none) > 100
    assert summary.points == summary.inside + summary.border + summary.none == 5_000


def test_readers_see_plain_texts(tmp_path: Path, locator: Locator) -> None:
    pq.write_table(table(100), tmp_path / "p.parquet")
    join(locator, tmp_path / "p.parquet", tmp_path / "o.parquet")
    schema = pq.read_schema(tmp_path / "o.parquet")
    assert [(f.name, f.type) for f in schema][-3:] == [
        ("grid_code", pa.string()),
        ("method", pa.string()),
        ("border_m", pa.float64()),
    ]
    assert [f.type for f in schema][:2] == [pa.int32(), pa.string()]


@pytest.mark.parametrize("codec", ["snappy", "zstd", "lz4", "none", "gzip"])
def test_parquet_is_compressed_as_it_was(tmp_path: Path, locator: Locator, codec: str) -> None:
    pq.write_table(table(3_000), tmp_path / "p.parquet", compression=codec)
    join(locator, tmp_path / "p.parquet", tmp_path / "o.parquet")
    group = pq.ParquetFile(tmp_path / "o.parquet").metadata.row_group(0)
    named = {group.column(i).path_in_schema: group.column(i).compression for i in range(group.num_columns)}
    # gzip is slow, and not asked for by anybody: the default serves
    expected = {"none": "UNCOMPRESSED", "gzip": "ZSTD"}.get(codec, codec.upper())
    assert {named[c] for c in ("id", "lon", "lat", "name")} == {expected}


def test_the_code_alone_is_the_same_code(tmp_path: Path, locator: Locator) -> None:
    pq.write_table(table(), tmp_path / "p.parquet")
    join(locator, tmp_path / "p.parquet", tmp_path / "all.parquet")
    summary = join(locator, tmp_path / "p.parquet", tmp_path / "code.parquet", columns=["grid_code"])
    whole, alone = pq.read_table(tmp_path / "all.parquet"), pq.read_table(tmp_path / "code.parquet")
    assert alone.column_names == ["id", "name", "lon", "lat", "grid_code"]
    assert alone["grid_code"].equals(whole["grid_code"])
    assert summary.located + summary.none == 5_000
    assert summary.none == pc.sum(pc.is_null(alone["grid_code"])).as_py()
    two = join(locator, tmp_path / "p.parquet", tmp_path / "two.parquet", columns=["method", "grid_code"])
    assert pq.read_schema(tmp_path / "two.parquet").names[-2:] == ["grid_code", "method"]
    assert two.border > 100


@pytest.mark.parametrize("columns", [[], ["grid"], ["grid_code", "owner"]])
def test_unknown_columns_are_refused(locator: Locator, columns: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Labeller(locator, columns=columns)
    assert caught.value.code == "join_columns"


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".geoparquet", ".fgb", ".geojson"])
def test_every_format_gives_the_same_owners(tmp_path: Path, locator: Locator, suffix: str) -> None:
    lon, lat = places(400)
    path = tmp_path / f"p{suffix}"
    if suffix == ".csv":
        path.write_text("lon,lat\n" + "".join(f"{x},{y}\n" for x, y in zip(lon, lat, strict=True)), encoding="utf-8")
    elif suffix == ".parquet":
        pq.write_table(pa.table({"lon": lon, "lat": lat}), path)
    else:
        frame = gpd.GeoDataFrame({"n": range(400)}, geometry=shapely.points(lon, lat), crs=4326)
        if suffix == ".geoparquet":
            frame.to_parquet(path)
        elif suffix == ".fgb":
            frame.to_file(path, driver="FlatGeobuf", SPATIAL_INDEX="NO")
        else:
            frame.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=15)
    join(locator, path, tmp_path / "o.csv", batch_rows=150)
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as file:
        got = [row["grid_code"] for row in csv.DictReader(file)]
    owner = locator.owners(lon, lat)
    assert got == [locator.codes[o] if o >= 0 else "" for o in owner]


def test_bad_rows_are_named_by_line_in_order(tmp_path: Path, locator: Locator) -> None:
    rows = ["120.105,30.205"] * 30
    for bad in (4, 11, 29):
        rows[bad] = "x,30"
    (tmp_path / "p.csv").write_text("lon,lat\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = []
    summary = join(locator, tmp_path / "p.csv", tmp_path / "o.csv", batch_rows=5, threads=3, on_bad=found.append)
    assert [f.fields["line"] for f in found] == [6, 13, 31]
    assert (summary.inside, summary.unreadable) == (27, 3)


def test_progress_hears_of_every_row(tmp_path: Path, locator: Locator) -> None:
    pq.write_table(table(1_000), tmp_path / "p.parquet")
    totals, rows = [], []
    join(
        locator,
        tmp_path / "p.parquet",
        tmp_path / "o.csv",
        batch_rows=300,
        on_total=totals.append,
        on_rows=rows.append,
    )
    assert (totals, rows) == ([1_000], [300, 300, 300, 100])


def test_memory_does_not_grow_with_the_file(tmp_path: Path, locator: Locator) -> None:
    count = 2_000_000
    lon, lat = places(count)
    # random bytes do not pack: what is held of the file shows
    extra = np.random.default_rng(1).integers(0, 2**62, count)
    source = pa.table({"lon": lon + extra / 2**80, "lat": lat, "extra": extra})
    pq.write_table(source, tmp_path / "p.parquet", row_group_size=50_000, use_dictionary=False, compression="none")
    size = source.nbytes
    del source
    before, seen = pa.total_allocated_bytes(), []
    join(
        locator,
        tmp_path / "p.parquet",
        tmp_path / "o.parquet",
        columns=["grid_code"],
        batch_rows=50_000,
        on_rows=lambda rows: seen.append(pa.total_allocated_bytes() - before),
    )
    assert len(seen) == 40
    assert max(seen) < size / 3


def test_an_empty_file_of_points_gives_an_empty_one(tmp_path: Path, locator: Locator) -> None:
    pq.write_table(table(0), tmp_path / "p.parquet")
    assert join(locator, tmp_path / "p.parquet", tmp_path / "o.parquet").points == 0
    assert pq.read_table(tmp_path / "o.parquet").num_rows == 0


# -- no half file


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_full_disk_is_a_clear_error_and_leaves_what_was_there(tmp_path: Path, locator: Locator, suffix: str) -> None:
    lon, lat = places(200_000)
    pq.write_table(pa.table({"lon": lon, "lat": lat}), tmp_path / "p.parquet")
    out = tmp_path / f"o{suffix}"
    out.write_bytes(b"before")
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from files import samples\n"
        "from gridmap.analysis.locator import Locator\n"
        "from gridmap.errors import FileError\n"
        "from gridmap.files.join import join_file\n"
        "from gridmap.settings import Settings\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    join_file(Locator.from_frame(samples.frame()), *sys.argv[1:], settings=Settings(), columns=['method'])\n"
        "except FileError as error:\n"
        "    print(error.code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "p.parquet"), str(out)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.stdout.strip() == "disk_full", done.stderr
    assert out.read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["p.parquet", out.name])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_only_a_lack_of_space_is_called_so(tmp_path: Path, number: int) -> None:
    from gridmap.files.write import replacing

    with pytest.raises(FileError) as caught, replacing(tmp_path / "o.csv"):
        raise OSError(number, "no")
    assert caught.value.code == ("output_not_written" if number == errno.EACCES else "disk_full")


def test_a_broken_source_is_not_called_a_full_disk(tmp_path: Path, locator: Locator) -> None:
    pq.write_table(table(), tmp_path / "p.parquet", row_group_size=1_000, compression="none")
    raw = bytearray((tmp_path / "p.parquet").read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 4_000] = b"\xff" * 4_000
    (tmp_path / "p.parquet").write_bytes(raw)
    with pytest.raises(FileError) as caught:
        join(locator, tmp_path / "p.parquet", tmp_path / "o.parquet")
    assert caught.value.code == "corrupt"
    assert [p.name for p in tmp_path.iterdir()] == ["p.parquet"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_join_leaves_nothing_under_the_final_name(tmp_path: Path, sent: int) -> None:
    grids = tmp_path / "grids.geojson"
    samples.frame().to_file(grids, driver="GeoJSON")
    rows = "".join(f"{x},{y}\n" for x, y in zip(*places(20_000), strict=True))
    (tmp_path / "p.csv").write_text("lon,lat\n" + rows * 200, encoding="utf-8")
    out = tmp_path / "o.parquet"
    command = [sys.executable, "-m", "gridmap", "join", tmp_path / "p.csv", "-o", out, "--grids", grids]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*map(str, command)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # a shell gives what it starts in the background to ignore SIGINT, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        limit = time.monotonic() + 60
        while not list(tmp_path.glob(".o.*")) and time.monotonic() < limit and process.poll() is None:
            time.sleep(0.02)
        assert process.poll() is None, "the join ended before it could be interrupted"
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + sent
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*o.*parquet"))
    assert not list(tmp_path.glob(".o.*"))
