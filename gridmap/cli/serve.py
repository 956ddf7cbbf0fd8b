"""``gridmap serve`` and ``gridmap demo``: the service, and the service over the demonstration district."""

import gc
import os
import secrets
import socket
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap import logs
from gridmap.cli import common, running
from gridmap.cli.common import DbOption
from gridmap.errors import InvalidInput

if TYPE_CHECKING:
    from gridmap.services.ports import Store
    from gridmap.settings import Settings


#: How this machine asks for itself: with open access no other name leads to it, whatever a name server says.
_OWN_NAMES = "localhost,127.0.0.1,[::1]"


def serve(
    db: DbOption = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 1,
    trust_network: Annotated[
        bool, typer.Option("--trust-network", help="Listen beyond this machine although access is open.")
    ] = False,
) -> None:
    """Serve the API and the maps. 启动服务。"""
    from gridmap.store.engine import SqlStore

    with common.refusing():
        settings = common.settings()
        if settings.access == "open" and not _is_loopback(host) and not trust_network:
            raise InvalidInput("no_sign_in")
        with common.opened(db, told=False) as store:
            store.ping()
            if settings.durability == "required" and isinstance(store, SqlStore):
                store.require_durable()
            code = None if settings.access == "open" else _set_up_code(store, settings, host)
        port = _free_port(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    common.say("serve.ready", address=address)
    if code is not None:
        common.say("serve.set_up", address=f"{address}set-up", code=code)
    own = {} if settings.access == "accounts" or trust_network else _only_named(f"{_OWN_NAMES},{host}")
    run(common.store_url(db), host, port, workers, own)


def demo(
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    db: Annotated[Path, typer.Option("--db", help="Where the demonstration store lies.", metavar="PATH")] = Path(
        ".gridmap/demo.gpkg"
    ),
) -> None:
    """Build the demonstration district if it is not there yet, and serve it on this machine. 演示。"""
    from gridmap.demo.prepare import prepare
    from gridmap.services.clock import SystemClock, day_in
    from gridmap.settings import Settings

    with common.refusing():
        port = _free_port("127.0.0.1", port)
        today = day_in(SystemClock().now(), Settings().time_zone)
        prepare(
            db, today=today, on_progress=lambda step: common.say("demo.step", step=common.word(f"demo.step.{step}"))
        )
    address = f"http://127.0.0.1:{port}/"
    common.say("demo.ready", address=address)
    if not no_browser and _has_browser():
        threading.Thread(target=_open_when_up, args=(address, port), daemon=True).start()
    # the district is made up, and only this machine can reach it
    run(
        f"sqlite:///{db}",
        "127.0.0.1",
        port,
        1,
        {"GRIDMAP_ACCESS": "open", **_only_named(_OWN_NAMES), **_with_basemap()},
    )


def _only_named(hosts: str) -> dict[str, str]:
    """Give the setting of the names to which the service answers, unless it was set."""
    return {"GRIDMAP_HOSTS": os.environ.get("GRIDMAP_HOSTS", hosts)}


def _with_basemap() -> dict[str, str]:
    """Give the setting of the base map that comes with the demonstration, unless another one was set."""
    own = Path(__file__).resolve().parents[1] / "data" / "basemap"
    return {"GRIDMAP_BASEMAP_DIR": os.environ.get("GRIDMAP_BASEMAP_DIR", str(own))}


#: How uvicorn runs the service; an access log, even one that is not written, is put together for each request.
SERVER_OPTIONS: dict[str, Any] = {
    "http": "api.wire:BoundedProtocol",
    "log_config": None,
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "date_header": True,
    "timeout_keep_alive": 15,
    "proxy_headers": False,
}


def run(url: str, host: str, port: int, workers: int, settings: Mapping[str, str]) -> None:
    """Run the service until it is told to stop; ``settings``, as in the environment, go before what is set there.

    Told by SIGTERM or SIGINT, it takes no new connection, lets requests under way end (``GRIDMAP_SHUTDOWN_S``), closes
    the store and removes its temporary files.
    """
    # workers are fresh processes: what they must know goes through the environment
    os.environ.update(settings, GRIDMAP_DATABASE_URL=url)
    # a page begun at one worker goes on at another
    os.environ.setdefault("GRIDMAP_CURSOR_KEY", secrets.token_hex(32))
    own = common.settings()
    with running.scratch() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        if workers > 1:
            # they count together; prometheus_client looks for this when it is imported
            shared = folder / "metrics"
            shared.mkdir()
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
        running.allow_many_connections()
        running.end_on_sigterm()
        import uvicorn

        logs.configure(own)
        gc.disable()  # until all is loaded, of which nothing goes away: see app_from_env
        try:
            uvicorn.run(
                "api.app:app_from_env",
                factory=True,
                host=host,
                port=port,
                workers=workers,
                timeout_graceful_shutdown=own.shutdown_s,
                **SERVER_OPTIONS,
            )
        finally:
            running.end_soon()


def _set_up_code(store: "Store", settings: "Settings", host: str) -> str | None:
    """Make the code for the first administrator; None where there is one.

    Raises
    ------
    InvalidInput
        ``administrator_needed``: there is none, and others could reach the page that makes one.
    """
    from gridmap.services.access import Access
    from gridmap.services.clock import SystemClock

    set_up = Access.over(store, SystemClock(), settings).set_up
    if not set_up.is_needed():
        return None
    if not _is_loopback(host):
        raise InvalidInput("administrator_needed")
    return set_up.new_code()


def _is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _free_port(host: str, port: int) -> int:
    """Check that a port is free, or choose one for 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise InvalidInput("port_taken", port=port) from None
        return int(probe.getsockname()[1])


def _has_browser() -> bool:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.name == "nt"):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _open_when_up(address: str, port: int, *, opener: Callable[[str], bool] = webbrowser.open) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                opener(address)
                return
        time.sleep(0.1)
