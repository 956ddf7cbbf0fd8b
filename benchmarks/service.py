"""Requests a second over HTTP, with what the framework itself can do in the same run.

``python benchmarks/service.py [--seconds 5] [--connections 16] [--grids 1333] [--points 100000] [--only NAME ...]``

One uvicorn worker (uvloop, httptools) answers on one core, the client runs on another: ``wrk`` where it is installed
(``apt-get install wrk``), else a small client of our own, which is slower than the servers and then sets the figure.
Prints Markdown: first single look-ups of random places in irregular grids of 52 vertices, then batches.
"""

import argparse
import http.client
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
SHAPES = {1_333: (31, 43), 20_000: (100, 200)}
#: What is measured, and what it is.
SERVERS = {
    "bare": "bare ASGI, constant body",
    "starlette": "Starlette, constant body",
    "starlette-lookup": "Starlette, query read, point looked up, JSON written",
    "fastapi": "FastAPI, constant body, no parameters",
    "validated": "gridmap, validated route alone",
    "lean": "gridmap as it is",
}
HELLO = b'{"hello":"world"}'


# --- the servers


def make_app(kind: str, database: str) -> Any:
    """Give the app of a kind."""
    if kind == "bare":
        return _bare
    if kind == "fastapi":
        return _fastapi()
    if kind.startswith("starlette"):
        return _starlette(database, lookup=kind == "starlette-lookup")
    os.environ["GRIDMAP_DATABASE_URL"] = database
    # the service's own speed is measured: without signing in, and without a limit that one client would reach
    os.environ |= {"GRIDMAP_ACCESS": "open", "GRIDMAP_OPEN_REQUESTS_PER_S": "10000000"}
    from api.app import app_from_env

    app = app_from_env()
    if kind == "lean":
        return app

    async def validated(scope: Any, receive: Any, send: Any) -> None:
        app.state.lean = None
        await app(scope, receive, send)

    return validated


async def _bare(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(HELLO))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HELLO})


def _fastapi() -> Any:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/api/v1/locate")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    return app


def _starlette(database: str, *, lookup: bool) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    from gridmap.services.responsibility import Plans
    from gridmap.store import open_store

    plans = Plans(open_store(database))
    locator = plans.at(plans.resolve_set(None), date(2026, 6, 1)).locator

    async def hello(request: Request) -> Response:
        return JSONResponse({"hello": "world"})

    async def find(request: Request) -> Response:
        query = request.query_params
        return JSONResponse({"grid_code": locator.find_owner(float(query["lon"]), float(query["lat"]))})

    return Starlette(routes=[Route("/api/v1/locate", find if lookup else hello)])


def serve(kind: str, database: str, port: int) -> None:
    """Run a server until it is told to stop, with the options of ``gridmap serve``."""
    import uvicorn

    from gridmap.cli.serve import SERVER_OPTIONS

    uvicorn.run(make_app(kind, database), host="127.0.0.1", port=port, **SERVER_OPTIONS)


@contextmanager
def running(kind: str, database: str) -> Iterator[tuple[int, int]]:
    """Start a server of its own process; give its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(Path(__file__).resolve()), "--serve", kind, "--database", database]
    child = subprocess.Popen([*command, "--port", str(port)], cwd=ROOT)
    try:
        _wait_for(port, child)
        yield port, child.pid
    finally:
        child.terminate()
        child.wait()


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/api/v1/locate?lon=120.01&lat=36.01")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the server does not answer")


# --- the store


def fill(folder: Path, grids: int) -> tuple[str, np.ndarray]:
    """Put a plan of irregular grids and its people into a store; give its URL and random places in the plan."""
    from benchmarks.plan_maker import PLAN, make_plan
    from gridmap.domain.boundaries import ALWAYS
    from gridmap.domain.incidents import StaffMember
    from gridmap.domain.people import GridProfile
    from gridmap.services.publishing import publish_frame
    from gridmap.store import open_store

    rows, columns = SHAPES.get(grids, (max(1, grids // 100), 100))
    frame = make_plan(rows, columns, bends=12)
    url = f"sqlite:///{folder}/bench.gpkg"
    store = open_store(url)
    codes = frame.loc[frame["level"] == "grid", "code"].tolist()
    with store.unit_of_work() as work:
        work.boundaries.put_set(PLAN)
        publish_frame(work, PLAN.name, frame, valid_from=ALWAYS, published_at=NOW)
        people = [StaffMember(c, r, "张伟", "0532-1000", "综治办") for c in codes for r in ("head", "worker")]
        work.staff.replace(PLAN.name, people, valid_from=ALWAYS)
        work.profiles.put(PLAN.name, [GridProfile(c, 40, 3, "社区", "0532-2000") for c in codes], valid_from=ALWAYS)
        work.commit()
    store.close()
    west, south, east, north = frame.total_bounds
    rng = np.random.default_rng(1)
    return url, np.round(rng.uniform((west, south), (east, north), (1_000_000, 2)), 6)


# --- the clients


def load(port: int, places: np.ndarray, seconds: int, connections: int, folder: Path) -> tuple[float, str, str]:
    """Ask for single places; give requests a second, the median and the 99th hundredth of the times."""
    paths = [f"/api/v1/locate?lon={x:.6f}&lat={y:.6f}" for x, y in places[:20_000]]
    if shutil.which("wrk") is None:
        return _own_client(port, paths, seconds, connections)
    script = folder / "places.lua"
    lines = ",\n".join(json.dumps(p) for p in paths)
    script.write_text(
        f"local paths = {{\n{lines}\n}}\nlocal i = 0\nlocal made = {{}}\n"
        'init = function(args) for k, p in ipairs(paths) do made[k] = wrk.format("GET", p) end end\n'
        "request = function() i = i % #made + 1; return made[i] end\n",
        encoding="utf-8",
    )
    base = ["wrk", "-t1", f"-c{connections}", "-s", str(script), "--latency", f"http://127.0.0.1:{port}/"]
    done = subprocess.run([*base, f"-d{seconds}s"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise RuntimeError(done)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])  # type: ignore[index]
    return rate, *(re.search(rf"\n\s+{share}%\s+(\S+)", done)[1] for share in (50, 99))  # type: ignore[index,return-value]


def _own_client(port: int, paths: list[str], seconds: int, connections: int) -> tuple[float, str, str]:
    """Ask by raw sockets, one at a time a connection."""
    requests = [f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for p in paths]
    until = time.perf_counter() + seconds
    times: list[float] = []

    def one(start: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            n = start
            while (begun := time.perf_counter()) < until:
                sock.sendall(requests[n % len(requests)])
                answer = sock.recv(65_536)
                while b"\r\n\r\n" not in answer or len(answer) < _length(answer):
                    answer += sock.recv(65_536)
                times.append(time.perf_counter() - begun)
                n += 1

    _together([lambda k=k: one(k * 997) for k in range(connections)])  # type: ignore[misc]
    ordered = sorted(times)
    shares = [f"{ordered[int(len(ordered) * s)] * 1_000:.2f}ms" for s in (0.5, 0.99)]
    return len(times) / seconds, shares[0], shares[1]


def _length(answer: bytes) -> int:
    head, _, _ = answer.partition(b"\r\n\r\n")
    return len(head) + 4 + int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]


def _together(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _stream(places: np.ndarray) -> bytes:
    import pyarrow as pa

    table = pa.table({"lon": places[:, 0].copy(), "lat": places[:, 1].copy()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def batches(port: int, path: str, kind: str, body: bytes, points: int, seconds: int, connections: int) -> float:
    """Send one batch again and again; give points a second."""
    done: list[int] = []

    def one(until: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < until:
            connection.request("POST", path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise RuntimeError(content[:300])
            done.append(points)

    one(time.perf_counter() + 0.5)
    done.clear()
    begun = time.perf_counter()
    _together([lambda: one(begun + seconds)] * connections)
    return sum(done) / (time.perf_counter() - begun)


def resident_mib(pid: int) -> float:
    """Give the memory that a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def cpu_s(pid: int) -> float:
    """Give the time that a process has spent on a processor: what other work on the machine does not change."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=5)
    arguments.add_argument("--connections", type=int, default=16)
    arguments.add_argument("--grids", type=int, default=1_333)
    arguments.add_argument("--only", nargs="*", choices=[*SERVERS, "json", "arrow"])
    arguments.add_argument("--serve")
    arguments.add_argument("--database", default="")
    arguments.add_argument("--port", type=int, default=0)
    asked = arguments.parse_args()
    if asked.serve:
        serve(asked.serve, asked.database, asked.port)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url, places = fill(folder, asked.grids)
        print(f"{asked.grids} grids, {asked.connections} connections, {asked.seconds} s each, one worker\n")
        print("| GET /api/v1/locate | requests/s | p50 | p99 | CPU us a request | MiB |\n|---|---|---|---|---|---|")
        for kind, title in SERVERS.items():
            if asked.only and kind not in asked.only:
                continue
            with running(kind, url) as (port, pid):
                load(port, places, max(6, asked.seconds), asked.connections, folder)  # warm, while maps are drawn
                spent = cpu_s(pid)
                rate, middle, last = load(port, places, asked.seconds, asked.connections, folder)
                each = (cpu_s(pid) - spent) / (rate * asked.seconds) * 1e6
                held = resident_mib(pid)
                print(f"| {title} | {rate:,.0f} | {middle} | {last} | {each:.0f} | {held:.0f} |", flush=True)
        print("\n| POST, gridmap as it is | points in a batch | connections | million points/s |\n|---|---|---|---|")
        if not asked.only or "json" in asked.only:
            with running("lean", url) as (port, _):
                for border, connections in ((True, 1), (True, 2), (False, 1), (False, 2)):
                    body = json.dumps({"points": places[:10_000].tolist(), "border": border}).encode()
                    rate = batches(port, "/api/v1/locate", "application/json", body, 10_000, asked.seconds, connections)
                    what = "JSON" if border else "JSON, no metres to the border"
                    print(f"| {what} | 10,000 | {connections} | {rate / 1e6:.2f} |", flush=True)
        if not asked.only or "arrow" in asked.only:
            with running("lean", url) as (port, _):
                for count, connections in ((10_000, 1), (1_000_000, 1), (1_000_000, 2)):
                    body = _stream(places[:count])
                    path, kind = "/api/v1/locate/arrow", "application/vnd.apache.arrow.stream"
                    rate = batches(port, path, kind, body, count, asked.seconds, connections)
                    print(f"| Arrow | {count:,} | {connections} | {rate / 1e6:.2f} |", flush=True)


if __name__ == "__main__":
    main()
