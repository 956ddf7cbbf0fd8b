"""Points as an Arrow stream: the answers of the JSON batch, and a clear refusal of everything that is not plain."""

import struct

import numpy as np
import pyarrow as pa
import pytest
from api_world import at, check_problem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

URL = "/api/v1/locate/arrow"
TYPE = "application/vnd.apache.arrow.stream"
PLACES = [at(c / 4, r / 4) for c in (-1, 0, 2, 5, 8, 10) for r in (2, 6)]
LON, LAT = (np.array(v) for v in zip(*PLACES, strict=True))


def stream(table: pa.Table | None = None, *, options: pa.ipc.IpcWriteOptions | None = None, chunk: int = 5) -> bytes:
    table = pa.table({"lon": LON, "lat": LAT}) if table is None else table
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=chunk)
    return sink.getvalue().to_pybytes()


def send(world, body: bytes, query: str = "", kind: str = TYPE):
    return world.client.post(URL + query, content=body, headers={"content-type": kind})


@pytest.mark.parametrize("query", ["", "?border=true", "?set=urban&at=2026-04-30", "?datum=gcj02&border=true"])
@pytest.mark.parametrize("names", [("lon", "lat"), ("lat", "lon")])
def test_a_stream_has_the_answers_of_the_json_batch(world, query, names) -> None:
    columns = {"lon": LON, "lat": LAT}
    answer = send(world, stream(pa.table({name: columns[name] for name in names})), query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPE
    found = pa.ipc.open_stream(answer.content).read_all()
    asked = dict(part.split("=") for part in query[1:].split("&") if part and not part.startswith("border"))
    wanted = world.post("/api/v1/locate", {"points": PLACES, **asked}).json()
    assert found["grid_code"].to_pylist() == wanted["grid_code"]
    assert found["method"].to_pylist() == wanted["method"]
    assert pa.types.is_dictionary(found.schema.field("grid_code").type)
    assert found.schema.metadata == {b"set": b"urban", b"version": str(wanted["version"]).encode()}
    if "border" in query:
        rounded = [None if m is None else round(m, 2) for m in found["border_m"].to_pylist()]
        assert rounded == wanted["border_m"]
    else:
        assert found.column_names == ["grid_code", "method"]


def test_no_points_have_no_answers(world) -> None:
    empty = pa.table({"lon": pa.array([], pa.float64()), "lat": pa.array([], pa.float64())})
    answer = send(world, stream(empty))
    assert answer.status_code == 200
    assert pa.ipc.open_stream(answer.content).read_all().num_rows == 0


def test_a_stream_without_its_end_mark_is_whole(world) -> None:
    body = stream()
    assert body.endswith(b"\xff\xff\xff\xff\0\0\0\0")
    assert pa.ipc.open_stream(send(world, body[:-8]).content).read_all().num_rows == len(PLACES)


def test_the_limits_hold_to_the_point(world) -> None:
    from fastapi.testclient import TestClient

    from api.app import create_app
    from gridmap.settings import Settings

    small = TestClient(create_app(Settings(max_arrow_points=12, max_arrow_bytes=2_000), world.store))
    headers = {"content-type": TYPE}
    assert small.post(URL, content=stream(), headers=headers).status_code == 200
    more = pa.table({"lon": np.r_[LON, LON[:1]], "lat": np.r_[LAT, LAT[:1]]})
    check_problem(small.post(URL, content=stream(more), headers=headers), 413, "too_many_points")
    check_problem(small.post(URL, content=b" " * 2_001, headers=headers), 413, "body_too_large")


def _compressed(kind: str) -> bytes:
    table = pa.table({"lon": np.full(100_000, 120.001), "lat": np.full(100_000, 36.001)})
    return stream(table, options=pa.ipc.IpcWriteOptions(compression=kind), chunk=100_000)


def _with(**columns) -> bytes:
    return stream(pa.table(columns))


def _lying(what: str) -> bytes:
    """Change one number of the first record batch's metadata."""
    body = bytearray(stream(chunk=12))
    start = 8 + struct.unpack_from("<i", body, 4)[0]
    size = struct.unpack_from("<i", body, start + 4)[0]
    meta = body[start + 8 : start + 8 + size]
    rows = struct.pack("<q", 12)
    if what == "rows":
        new = meta.replace(rows, struct.pack("<q", 2**40))
    elif what == "negative":
        new = meta.replace(rows, struct.pack("<q", -1))
    elif what == "one column":
        where = meta.index(struct.pack("<qq", 12, 0))
        new = meta[:where] + struct.pack("<q", 11) + meta[where + 8 :]
    elif what == "nulls":
        new = meta.replace(struct.pack("<qq", 12, 0), struct.pack("<qq", 12, 3))
    elif what == "length":
        new = meta.replace(struct.pack("<q", 96), struct.pack("<q", 2**50))
    elif what == "short":
        new = meta.replace(struct.pack("<q", 96), struct.pack("<q", 8))
    else:
        raise AssertionError(what)
    assert new != meta
    assert len(new) == len(meta)
    body[start + 8 : start + 8 + size] = new
    return bytes(body)


BAD = {
    "nothing": (b"", 400, "arrow_malformed"),
    "json": (b'{"points": [[120, 36]]}', 400, "arrow_malformed"),
    "zeros": (b"\0" * 64, 400, "arrow_malformed"),
    "marks": (b"\xff" * 64, 400, "arrow_malformed"),
    "cut": (stream()[:-40], 400, "arrow_malformed"),
    "only half a schema": (stream()[:60], 400, "arrow_malformed"),
    "more after the end": (stream() + b"\0\0\0\0\0\0\0\0x", 400, "arrow_malformed"),
    "two streams": (stream() + stream(), 400, "arrow_malformed"),
    "file format": (b"ARROW1\0\0" + stream(), 400, "arrow_malformed"),
    "huge head": (b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x" * 64, 400, "arrow_malformed"),
    "negative head": (b"\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 64, 400, "arrow_malformed"),
    "lat missing": (_with(lon=LON), 422, "arrow_columns"),
    "one more": (_with(lon=LON, lat=LAT, z=LAT), 422, "arrow_columns"),
    "twice lon": (stream(pa.Table.from_arrays([pa.array(LON)] * 2, names=["lon", "lon"])), 422, "arrow_columns"),
    "float32": (_with(lon=LON.astype("f4"), lat=LAT.astype("f4")), 422, "arrow_columns"),
    "text": (_with(lon=[str(v) for v in LON], lat=LAT), 422, "arrow_columns"),
    "dictionary": (_with(lon=pa.array(LON).dictionary_encode(), lat=LAT), 422, "arrow_columns"),
    "lists": (_with(lon=[[v] for v in LON], lat=LAT), 422, "arrow_columns"),
    "nulls": (_with(lon=[None, *LON[1:]], lat=LAT), 422, "arrow_nulls"),
    "nan": (_with(lon=[float("nan"), *LON[1:]], lat=LAT), 422, "number_not_finite"),
    "infinite": (_with(lon=LON, lat=[*LAT[1:], float("-inf")]), 422, "number_not_finite"),
    "lz4": (_compressed("lz4"), 422, "arrow_packed"),
    "zstd": (_compressed("zstd"), 422, "arrow_packed"),
    "projected": (_with(lon=LON * 1e4, lat=LAT), 422, "coordinate_out_of_range"),
    "swapped": (_with(lon=LAT, lat=LON), 422, "outside_service_area"),
    "rows lie": (_lying("rows"), 400, "arrow_malformed"),
    "rows are negative": (_lying("negative"), 400, "arrow_malformed"),
    "columns differ": (_lying("one column"), 400, "arrow_malformed"),
    "nulls are said": (_lying("nulls"), 422, "arrow_nulls"),
    "buffers are too long": (_lying("length"), 400, "arrow_malformed"),
    "buffers are too short": (_lying("short"), 400, "arrow_malformed"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_plain_is_refused(world, what: str) -> None:
    body, status, code = BAD[what]
    check_problem(send(world, body), status, code)
    assert send(world, stream()).status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_another_type_is_refused(world, kind: str) -> None:
    check_problem(send(world, stream(), kind=kind), 415, "arrow_type_needed")


def test_a_bad_address_is_refused(world) -> None:
    check_problem(send(world, stream(), "?border=1"), 422, "value_not_allowed")
    check_problem(send(world, stream(), "?lon=1"), 422, "unknown_parameter")
    check_problem(send(world, stream(), "?set=nowhere"), 404, "set_unknown")


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, len(stream()) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_stream_is_answered_or_refused(world, changes) -> None:
    body = bytearray(stream())
    for place, value in changes:
        body[place] = value
    answer = send(world, bytes(body))
    if answer.status_code == 200:
        pa.ipc.open_stream(answer.content).read_all().validate(full=True)
    else:
        assert answer.status_code < 500
        check_problem(answer, answer.status_code, answer.json()["code"])
