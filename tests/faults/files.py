"""Mutated files through every reader: no crash, no hang; what a file points to is not fetched, nor another read."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from faults.outcome import Outcome
from files import samples

FILES = Path(__file__).resolve().parents[1] / "files"
ROOT = FILES.parents[1]
#: Stands in a file that no reader is asked to open.
CANARY = "KANARIENVOGEL"
_NAIVE = (
    "import sys, pyogrio\n"
    "for path in sys.argv[1:]:\n"
    "    try:\n"
    "        print(pyogrio.read_dataframe(path))\n"
    "    except Exception as error:\n"
    "        print(type(error).__name__)\n"
)


@contextmanager
def canary_server() -> Iterator[tuple[str, list[str]]]:
    """Give the address of a server that nobody should ask, and what it was asked for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type":"name","properties":{"name":"EPSG:4326"}}')

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


def baits(folder: Path, url: str) -> dict[str, list[Path]]:
    """Make files that point to the server, or to the file with the canary, by the format they say they are."""
    secret = samples.put(folder, "secret.csv", f"code,WKT\n{CANARY},POINT(120 30)\n")
    link = {"type": "link", "properties": {"href": f"{url}/crs", "type": "proj4"}}
    linked = samples.put(folder, "linked.geojson", samples.collection(samples.feature(samples.SQUARE), crs=link))

    def virtual(name: str, source: str) -> Path:
        layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
        return samples.put(folder, name, f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>")

    body = f"<NetworkLink><Link><href>{url}/more.kml</href></Link></NetworkLink>" + samples.placemark(
        samples.KML_SQUARE
    )
    entity = f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{secret}">]>'
    return {
        "geojson": [linked, virtual("file.geojson", str(secret)), virtual("url.geojson", f"/vsicurl/{url}/a.geojson")],
        "kml": [
            samples.put(folder, "links.kml", samples.kml(f"<Document>{body}</Document>")),
            samples.put(folder, "entity.kml", samples.kml(samples.placemark(samples.KML_SQUARE, "&x;"), entity)),
            virtual("file.kml", str(secret)),
        ],
    }


def run(count: int, seed: int = 1) -> Outcome:
    """Let every reader try its share of the files; a crash, a hang, a fetch or a canary breaks the promise."""
    refused = read = tried = broken = 0
    with canary_server() as (url, seen), tempfile.TemporaryDirectory() as folder:
        baited = baits(Path(folder), url)
        plan = []
        for suffix, name in samples.FORMATS.items():
            good = samples.write_any(Path(folder), suffix)
            files = [good, *baited.get(name, [])]
            share = max(1, count // len(samples.FORMATS) // len(files))
            plan += [(name, path, share) for path in files]
        for number, (name, path, share) in enumerate(plan):
            rooms = Path(folder) / f"rooms{number}"
            rooms.mkdir()
            done = subprocess.run(
                [sys.executable, str(FILES / "mutate_child.py"), name, str(path), str(rooms), str(seed * 50_000),
                 str(share), CANARY],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=120 + share,
                check=False,
            )  # fmt: skip
            tried += share
            if done.returncode != 0:
                broken += 1
                continue
            one, other = map(int, done.stdout.split()[-2:])
            refused, read = refused + one, read + other
        asked = len(seen)
    said = "no crash, no hang, the server never asked, the canary in no table"
    counts = {"refused": refused, "read": read, "requests to the canary server": asked}
    return Outcome(
        "mutated files, six formats", "none", tried, broken + asked, said if not broken else "broken", counts
    )


def control() -> Outcome:
    """Read the baits as GDAL reads by itself: it asks the server, and gives the canary."""
    with canary_server() as (url, seen), tempfile.TemporaryDirectory() as folder:
        paths = [str(path) for paths in baits(Path(folder), url).values() for path in paths]
        done = subprocess.run([sys.executable, "-c", _NAIVE, *paths], capture_output=True, text=True, check=False)
        leaks = done.stdout.count(CANARY)
        asked = len(seen)
    counts = {"requests": asked, "leaks": leaks}
    return Outcome(
        "control: baits read without the sandbox",
        "none",
        len(paths),
        min(asked, 1) + min(leaks, 1),
        "must break",
        counts,
    )
