"""The two streets of ``rights_world`` served in a process of its own: GDAL holds the interpreter while it asks."""

import os
import sys
from pathlib import Path

import ready
import uvicorn
from rights_world import NOW, fill

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings


class _Telling(uvicorn.Server):
    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)


def main(folder: str) -> None:
    """Serve on a port that the system chooses, and print it; until the process is ended."""
    os.environ["GRIDMAP_ACCESS"] = "open"
    store = ready.embedded(Path(folder) / "world.gpkg", fill)
    settings = Settings(default_set="urban", cursor_key="for tests", language="en", access="open")
    app = create_app(settings, store, FixedClock(NOW))
    _Telling(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")).run()


if __name__ == "__main__":
    main(sys.argv[1])
