"""The two streets of ``rights_world`` served in a process of its own: GDAL holds the interpreter while it asks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ready
import uvicorn
from doors_world import CHEAP
from rights_world import NOW, STREET, fill

from api.app import create_app
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Role
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings


@dataclass(frozen=True)
class Service:
    """Where it is; with accounts, the key of a planner of everything, and of one of the street alone."""

    url: str
    key: str = ""
    key_of_street: str = ""


@contextmanager
def serving(folder: Path, access: str = "open") -> Iterator[Service]:
    """Serve in another process, until the end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, __file__, str(folder), access]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        port, *keys = process.stdout.readline().split()
        yield Service(f"http://127.0.0.1:{port}/ogc", *keys)
        process.terminate()


class _Telling(uvicorn.Server):
    said: tuple[str, ...] = ()

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], *self.said, flush=True)


def main(folder: str, access: str) -> None:
    """Serve on a port that the system chooses, and print it with the keys; until the process is ended."""
    os.environ["GRIDMAP_ACCESS"] = access
    store = ready.embedded(Path(folder) / "world.gpkg", fill)
    options: dict[str, Any] = {**CHEAP, "default_set": "urban", "language": "en", "access": access}
    app = create_app(Settings(**options), store, FixedClock(NOW))
    server = _Telling(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    if access == "accounts":
        grants = {"all": Grant(Role.PLANNER), "street": Grant(Role.PLANNER, Area("urban", STREET))}
        made = (app.state.desk.accounts.make_key(OPERATOR, n, kind=Kind.KEY, grants=[g]) for n, g in grants.items())
        server.said = tuple(done.token for done in made)
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
