"""The service as it is run: a process of ``gridmap serve`` over a store, spoken to over sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_S = 180.0


@dataclass
class Served:
    """A running service."""

    process: subprocess.Popen[str]
    port: int
    scratch: Path
    log: Path

    @property
    def base(self) -> str:
        """The address before every path."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, **options: object) -> httpx.Client:
        """Give a client; close it."""
        return httpx.Client(base_url=self.base, **{"timeout": 30.0, **options})  # type: ignore[arg-type]

    def connect(self) -> socket.socket:
        """Open a bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def end(self, seconds: float = 30) -> int:
        """Ask the service to stop, and give how it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def left(self) -> list[str]:
        """List what lies in the folder of temporary files."""
        return sorted(path.name for path in self.scratch.iterdir())


def free_port() -> int:
    """Let the system choose a port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    url: str, folder: Path, *, workers: int = 1, prefix: Sequence[str] = (), **environment: str
) -> Iterator[Served]:
    """Run ``gridmap serve`` over a store until the block ends, without sign-in.

    ``prefix`` stands before the command, such as ``unshare`` with its options.
    """
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    port, log = free_port(), folder / "serve.log"
    command = [*prefix, sys.executable, "-m", "gridmap", "serve", "--db", url, "--port", str(port)]
    inherited = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
    paths = os.pathsep.join(p for p in sys.path if p and "tests" not in Path(p).name)
    given = {
        **inherited,
        "GRIDMAP_ACCESS": "open",
        "TMPDIR": str(scratch),
        "PYTHONPATH": paths,
        "GRIDMAP_LANGUAGE": "en",
        **environment,
    }
    with log.open("w") as said:
        process = subprocess.Popen(
            [*command, "--workers", str(workers)], env=given, stdout=said, stderr=subprocess.STDOUT, text=True
        )
    served = Served(process, port, scratch, log)
    try:
        wait_until_up(served)
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
        process.wait()


def wait_until_up(served: Served) -> None:
    """Wait for the first answer."""
    until = time.monotonic() + READY_S
    while True:
        with suppress(httpx.TransportError):
            httpx.get(f"{served.base}/healthz", timeout=5)
            return
        assert served.process.poll() is None, served.log.read_text()
        assert time.monotonic() < until, served.log.read_text()
        time.sleep(0.05)
