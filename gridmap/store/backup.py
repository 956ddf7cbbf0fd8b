"""Backup and restore of either store; see ``backup_file`` and ``backup_server`` for how each is done."""

from pathlib import Path
from typing import Literal

from gridmap.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from gridmap.store import backup_file, backup_server
from gridmap.store.backends import backend_of, parse_url, translated
from gridmap.store.manifest import Manifest
from gridmap.store.opening import engine_at
from gridmap.store.placing import beside, name_it, part_beside
from gridmap.store.progress import Show, quiet

#: How a backup was proved: read again as a store, restored into a scratch database, or listed and counted.
Proof = Literal["reopened", "restored", "listed"]


def backup(url: str, file: Path, *, replace: bool = False, show: Show = quiet) -> tuple[Manifest, Proof]:
    """Back a store up into one file while others use it; the file gets its name when it has been proved.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of the store, of any revision that this program knows.
    file : Path
    replace : bool
        Take the place of a file of that name.
    show : Show
        Sees the progress.

    Returns
    -------
    manifest : Manifest
        What the backup holds.
    proof : {"reopened", "restored", "listed"}

    Raises
    ------
    Conflict
        ``file_exists``.
    InvalidInput
        ``output_is_input``.
    StoreUnavailable
        ``backup_damaged``: what was written is not what was read. ``tool_missing``, ``tool_failed``: pg_dump.
        As ``open_store``.
    """
    with engine_at(url) as engine:
        embedded = engine.dialect.name == "sqlite"
        if embedded:
            _require_other(file, Path(str(engine.url.database)))
        if file.exists() and not replace:
            raise Conflict("file_exists")
        with part_beside(file) as part:
            proof: Proof = "reopened"
            if embedded:
                manifest = backup_file.write(engine, part, show)
            else:
                manifest, proof = backup_server.write(engine, part, show)
            name_it(part, file, replace=replace)
    return manifest, proof


def restore(url: str, file: Path, *, replace: bool = False, show: Show = quiet) -> Manifest:
    """Put a backup into a missing or empty store of its kind; all of it or nothing.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of the store.
    file : Path
        What ``backup`` wrote; it is only read.
    replace : bool
        Take the place of what the store holds; that stays as it is until the new content is proved.
    show : Show
        Sees the progress.

    Raises
    ------
    NotFound
        ``backup_missing``.
    InvalidInput
        ``output_is_input``; ``backup_other_kind``: of the other kind of store.
    Conflict
        ``store_not_empty``.
    StoreUnavailable
        ``backup_damaged``, ``backup_foreign``, ``backup_newer``, ``tool_missing``, ``tool_failed``. As ``open_store``.
    """
    if not file.is_file():
        raise NotFound("backup_missing")
    parsed = parse_url(url)
    embedded = parsed.get_backend_name() == "sqlite"
    if embedded and parsed.database:
        _require_other(file, Path(parsed.database))
    with file.open("rb") as stream:
        head = stream.read(16)
    if not head.startswith((backup_file.MAGIC, backup_server.MAGIC)):
        raise StoreUnavailable("backup_foreign")
    if head.startswith(backup_file.MAGIC) != embedded:
        raise InvalidInput("backup_other_kind")
    with translated(backend_of(parsed)):
        if not embedded:
            return backup_server.restore(file, parsed, show, replace=replace)
        if not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise StoreUnavailable("store_url")
        return backup_file.restore(file, Path(parsed.database), show, replace=replace)


def _require_other(file: Path, store: Path) -> None:
    taken = [store, *beside(store)]
    if any(file.resolve() == p.resolve() or (p.exists() and file.exists() and file.samefile(p)) for p in taken):
        raise InvalidInput("output_is_input")
