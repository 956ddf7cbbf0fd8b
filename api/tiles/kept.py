"""Tiles on disk, by their content: what a name stands for never changes, so nothing is ever thrown away as stale."""

import gzip
import hashlib
import logging
import os
import secrets
import stat
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

log = logging.getLogger("gridmap.api")

#: Part of every name: moves on when the same content is written otherwise.
FORM = "1"
#: Share of the room that is left after the oldest tiles were thrown away.
_LEFT = 0.8
_CHECK = 16


def own_folder(kind: str, database_url: str) -> Path:
    """Name the folder of a service among the temporary files of this user."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    stands_for = hashlib.sha256(f"{user}/{database_url}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gridmap-{kind}-{stands_for}"


class TileFiles:
    """Packed tiles in a folder that several processes share. Safe for threads.

    A name is the hash of all that a tile is made of, so equal names mean equal tiles, whoever made them, and what one
    reader may not see has another name. A file that was damaged is made again.

    Parameters
    ----------
    folder : Path
        Made where it is missing, for this user alone. Where that fails, or it is somebody else's, nothing is kept.
    most_bytes : int
        What may lie there; the tiles that were asked for longest ago go first.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._held: int | None = None
        self._usable: bool | None = None

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Give the tile of a name as gzip, made and kept where it is not there; b"" stands for an empty one."""
        path = self._folder / name[:2] / name
        if self._ready():
            with suppress(OSError):
                found = path.read_bytes()
                if hashlib.blake2b(found[_CHECK:], digest_size=_CHECK).digest() == found[:_CHECK]:
                    return found[_CHECK:]
                log.warning("a kept tile was damaged")
        tile = make()
        packed = gzip.compress(tile, 6, mtime=0) if tile else b""
        if self._ready():
            self._keep(path, hashlib.blake2b(packed, digest_size=_CHECK).digest() + packed)
        return packed

    def _ready(self) -> bool:
        if self._usable is None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                seen = self._folder.lstat()
                own = not hasattr(os, "getuid") or seen.st_uid == os.getuid()
                self._usable = self._most > 0 and stat.S_ISDIR(seen.st_mode) and own
            except OSError:
                self._usable = False
            if not self._usable:
                log.warning("tiles are not kept")
        return self._usable

    def _keep(self, path: Path, body: bytes) -> None:
        """Write a file in one step, then see to the room."""
        half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            half.write_bytes(body)
            half.replace(path)
        except OSError as error:
            log.warning("a tile was not kept: %s", type(error).__name__)
            if not self._folder.exists():
                self._usable = None  # somebody cleaned up among the temporary files: made anew for the next one
            with suppress(OSError):
                half.unlink()
            return
        with self._lock:
            if self._held is None:
                self._held = sum(size for _, size, _ in self._files())
            else:
                self._held += len(body)
            if self._held > self._most:
                self._make_room()

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for folder in self._folder.iterdir():
            with suppress(OSError):
                for path in folder.iterdir():
                    with suppress(OSError):
                        seen = path.stat()
                        found.append((max(seen.st_atime, seen.st_mtime), seen.st_size, path))
        return found

    def _make_room(self) -> None:
        """Throw away what was asked for longest ago; other processes write too, so it is counted anew."""
        files = sorted(self._files(), key=lambda file: file[0])
        held = sum(size for _, size, _ in files)
        for _, size, path in files:
            if held <= self._most * _LEFT:
                break
            with suppress(OSError):
                path.unlink()
            held -= size
        self._held = held


def name_of(*parts: object) -> str:
    """Name a tile by all that it is made of."""
    said = "\x1f".join((FORM, *map(str, parts)))
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
