"""Make the demonstration store when it is missing or out of date; otherwise cost next to nothing."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from gridmap import __version__
from gridmap.demo.seed import read_seed

#: The files that the demonstration store is made from, where gridmap runs from a checkout.
DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"


def prepare(path: Path, *, today: date | None = None, on_progress: Callable[[str], None] = lambda step: None) -> bool:
    """Build the demonstration store at a path unless the one there is current.

    Parameters
    ----------
    path : Path
        Where the GeoPackage belongs. It appears there only when it is complete.
    today : date, optional
        The window of incidents and patrols ends in the week before; without it, on the day that the seed says.
    on_progress : callable
        Told of every step.

    Returns
    -------
    bool
        Whether it was built.
    """
    stamp = path.with_name(path.name + ".made-from")
    weeks = 0 if today is None else max(0, (today - timedelta(days=1) - read_seed().last_day).days // 7)
    digest = _digest(weeks)
    if path.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return False
    # imported late: a second start needs none of it
    from gridmap.demo.case_year import keep_year
    from gridmap.demo.dispatching import open_cases
    from gridmap.demo.load import load_demo
    from gridmap.demo.releasing import release_months
    from gridmap.services.clock import SystemClock
    from gridmap.settings import Settings
    from gridmap.store.engine import open_store

    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_name(path.name + ".building")
    for leftover in _files_of(building):
        leftover.unlink(missing_ok=True)
    store = open_store(f"sqlite:///{building}")
    try:
        load_demo(store, weeks=weeks, on_progress=on_progress)
        on_progress("cases")
        now = SystemClock().now()
        keep_year(store, Settings(), now)
        open_cases(store, Settings(), now)
        release_months(store, Settings(), now)
    finally:
        store.close()
    for old in _files_of(path):
        old.unlink(missing_ok=True)
    building.replace(path)
    for leftover in _files_of(building):
        leftover.unlink(missing_ok=True)
    stamp.write_text(digest, encoding="ascii")
    return True


def _files_of(database: Path) -> list[Path]:
    return [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal"))]


def _digest(weeks: int) -> str:
    digest = hashlib.sha256(f"{__version__} {weeks}".encode())
    package = Path(__file__).parents[1]
    program = [*package.glob("demo/*.*"), *package.glob("data/**/*.*"), *package.glob("store/**/*.py")]
    for file in sorted([*program, *DATA.glob("*")]):
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
