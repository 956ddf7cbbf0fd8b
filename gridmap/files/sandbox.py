"""Read an untrusted file in a disposable child process, and believe nothing that comes back before looking at it.

The child sees a private copy of the file under a name of ours. It has limits on memory, CPU, disk and wall time, a
clean environment, and, where the kernel grants it, a network namespace with nothing in it. It answers with an Arrow IPC
file of plain columns and WKB. Whatever happens, the folder is removed and the child is gone when ``parse`` returns.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

import gridmap.errors
from gridmap.errors import FileError, GridmapError, TooLarge
from gridmap.files.parser.rows import FAULT, GEOMETRY, HAS_Z, MAX_COLUMNS
from gridmap.files.sniff import Format, format_of
from gridmap.settings import Settings

_ENTRY = Path(__file__).parent / "parser" / "__main__.py"
_CHUNK = 1 << 20
PLAIN = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_large_string)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the child gave: attribute columns, WKB by row, faults by row, and facts about the file."""

    attributes: pa.Table
    wkb: pa.LargeBinaryArray
    faults: list[str | None]
    has_z: list[bool]
    format: Format
    sha256: str
    crs: str | None
    encoding: str | None
    layer: str | None
    notes: tuple[dict[str, Any], ...]
    network: str


def parse(
    path: str | os.PathLike[str],
    *,
    settings: Settings,
    layer: str | None = None,
    encoding: str | None = None,
    name: str | None = None,
) -> Parsed:
    """Read a file with geometries in a child process.

    Parameters
    ----------
    path : path
        The file. It is copied, never opened by a parser itself.
    settings : Settings
        Its limits.
    layer : str, optional
        Which layer, where there are several.
    encoding : str, optional
        Encoding of texts that state none.
    name : str, optional
        The name given by the sender, where the file lies under another one; only its extension counts.

    Raises
    ------
    FileError, TooLarge, TextError, CrsError, EncodingAmbiguous
        See ``docs/formats.md``.
    """
    source = Path(path)
    kind = format_of(source, name)
    if kind is Format.CSV:
        raise FileError("no_geometry_format")
    with tempfile.TemporaryDirectory(prefix="gridmap-parse-") as folder:
        room = Path(folder)
        copy = room / f"input.{kind.value}"
        digest = copy_counted(source, copy, settings.max_file_bytes)
        (room / "tmp").mkdir()
        request = {
            "path": str(copy),
            "out": str(room),
            "format": kind.value,
            "layer": layer,
            "encoding": encoding,
            "limits": limits_of(settings),
            "sys_path": import_paths(),
        }
        _run(request, room, settings)
        facts = facts_of(room)
        table = _table(room / "result.arrow", settings)
    if not table.num_rows:
        raise FileError("no_features")
    keep = [c for c in table.column_names if c not in (GEOMETRY, FAULT, HAS_Z)]
    return Parsed(
        attributes=table.select(keep),
        wkb=table[GEOMETRY].combine_chunks(),
        faults=table[FAULT].to_pylist(),
        has_z=table[HAS_Z].to_pylist(),
        format=kind,
        sha256=digest,
        crs=facts.get("crs"),
        encoding=facts.get("encoding"),
        layer=facts.get("layer"),
        notes=tuple(facts.get("notes", ())),
        network=str(facts.get("network", "open")),
    )


def copy_counted(source: Path, target: Path, limit: int) -> str:
    """Copy a file, counting as it goes; give the SHA-256 of its bytes.

    Raises
    ------
    TooLarge
        ``file_too_large``.
    FileError
        ``file_missing``.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as reader, target.open("wb") as writer:
            while chunk := reader.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise TooLarge("file_too_large", limit=limit)
                digest.update(chunk)
                writer.write(chunk)
    except OSError:
        raise FileError("file_missing") from None
    return digest.hexdigest()


def import_paths() -> list[str]:
    """Give where the child finds its modules."""
    return [p for p in sys.path if p and os.path.isabs(p)]  # noqa: PTH117


def limits_of(settings: Settings) -> dict[str, Any]:
    """Give the limits of a request."""
    return {
        "memory_bytes": settings.parser_memory_bytes,
        "cpu_s": settings.parser_cpu_s,
        "file_bytes": settings.max_unpacked_bytes,
        "unpacked_bytes": settings.max_unpacked_bytes,
        "unpack_ratio": settings.max_unpack_ratio,
        "archive_entries": settings.max_archive_entries,
        "features": settings.max_features,
        "vertices": settings.max_vertices,
        "geometry_vertices": settings.max_geometry_vertices,
    }


@contextmanager
def child(room: Path, stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child for one request, with ``room`` as its home; it is gone when the block ends."""
    # Nothing of our environment: no GDAL_*, no proxy, no credentials.
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(room),
        "TMPDIR": str(room / "tmp"),
        # One thread and the plain allocator: an address-space limit and big reserved arenas do not go together.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "ARROW_IO_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
        [sys.executable, "-I", "-B", str(_ENTRY)],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        cwd=room,
        env=environment,
        start_new_session=True,
        close_fds=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def _run(request: dict[str, Any], room: Path, settings: Settings) -> None:
    with child(room) as process:
        try:
            process.communicate(json.dumps(request).encode(), timeout=settings.parser_wall_s)
        except subprocess.TimeoutExpired:
            raise TooLarge("parser_time", limit=settings.parser_wall_s) from None
        judge(process.returncode, room, settings)


def judge(code: int, room: Path, settings: Settings) -> None:
    """Say why a child ended without a reply.

    Raises
    ------
    TooLarge
        ``parser_time``, ``parser_memory``.
    FileError
        ``file_unreadable``.
    """
    if (room / "reply.json").exists():
        return
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise TooLarge("parser_time", limit=settings.parser_cpu_s)
    if code == -signal.SIGABRT:
        raise TooLarge("parser_memory")
    raise FileError("file_unreadable")


def facts_of(room: Path) -> dict[str, Any]:
    """Read what the child replied; raise the error it names."""
    with (room / "reply.json").open("rb") as file:
        raw = file.read(_CHUNK + 1)
    try:
        reply = json.loads(raw)
        if "ok" in reply:
            return dict(reply["ok"])
        error = reply["error"]
        kind, code, fields = getattr(gridmap.errors, error["class"]), str(error["code"]), dict(error["fields"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FileError("file_unreadable") from None
    if not (isinstance(kind, type) and issubclass(kind, GridmapError)):
        raise FileError("file_unreadable")
    raise kind(code, **fields)


def _table(path: Path, settings: Settings) -> pa.Table:
    """Read the child's answer, as suspicious as of the file itself."""
    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
            schema = reader.schema
            names = schema.names
            if len(names) != len(set(names)) or len(names) > MAX_COLUMNS + 3:
                raise FileError("file_unreadable")
            wanted = {GEOMETRY: pa.large_binary(), FAULT: pa.string(), HAS_Z: pa.bool_()}
            for name in names:
                kind = schema.field(name).type
                if name in wanted:
                    if kind != wanted[name]:
                        raise FileError("file_unreadable")
                elif not any(test(kind) for test in PLAIN):
                    raise FileError("file_unreadable")
            if not wanted.keys() <= set(names):
                raise FileError("file_unreadable")
            table = reader.read_all()
            table.validate(full=True)
    except (pa.ArrowException, OSError, KeyError):
        raise FileError("file_unreadable") from None
    if table.num_rows > settings.max_features:
        raise TooLarge("too_many_features", limit=settings.max_features)
    return table
