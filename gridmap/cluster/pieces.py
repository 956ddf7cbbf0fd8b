"""Cut Parquet files into pieces of whole row groups: what one task joins."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from gridmap.errors import FileError
from gridmap.files.points import PointSource, open_points
from gridmap.settings import Settings

#: Unpacked bytes of a piece: some seconds of work, so that a lost task is soon done again.
PIECE_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Columns:
    """How the place of a point is found; as in ``open_points``."""

    lon: str | None = None
    lat: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some row groups of one file.

    Attributes
    ----------
    path : str
    groups : tuple of int
    first_row : int
        1-based row of the file with which it starts.
    rows : int
    """

    path: str
    groups: tuple[int, ...]
    first_row: int
    rows: int

    def open(self, settings: Settings, columns: Columns) -> PointSource:
        """Open the piece for streaming."""
        source = open_file(Path(self.path), settings, columns)
        return dataclasses.replace(source, groups=self.groups, rows=self.rows)


def open_file(path: Path, settings: Settings, columns: Columns) -> PointSource:
    """Open a Parquet file of points."""
    return open_points(path, settings=settings, lon_column=columns.lon, lat_column=columns.lat, batch_rows=None)


def cut(points: Path, settings: Settings, columns: Columns, *, piece_bytes: int = PIECE_BYTES) -> list[Piece]:
    """Cut a file, or every Parquet file of a folder by name, into pieces.

    Raises
    ------
    FileError
        ``spark_needs_parquet``; ``schemas_differ``: the files of the folder do not have the same columns; and those of
        ``open_points``.
    """
    if points.is_dir():
        files = sorted(p for p in points.rglob("*.*parquet") if p.is_file() and not _hidden(p.relative_to(points)))
    else:
        files = [points]
    if not files or any(p.suffix.lower() not in (".parquet", ".geoparquet") for p in files):
        raise FileError("spark_needs_parquet")
    pieces: list[Piece] = []
    schema = None
    for file in files:
        source = open_file(file, settings, columns)
        if schema is not None and not source.schema.equals(schema):
            raise FileError("schemas_differ")
        schema = source.schema
        pieces += _cut_file(source, piece_bytes)
    return pieces


def _cut_file(source: PointSource, piece_bytes: int) -> list[Piece]:
    layout = source.layout
    assert layout is not None
    path = str(source.path.resolve())
    pieces: list[Piece] = []
    held: list[int] = []
    size = rows = 0
    first = 1
    for at in range(layout.num_row_groups):
        group = layout.row_group(at)
        held.append(at)
        size += group.total_byte_size
        rows += group.num_rows
        if size >= piece_bytes or at == layout.num_row_groups - 1:
            pieces.append(Piece(path, tuple(held), first, rows))
            first, held, size, rows = first + rows, [], 0, 0
    # a file without rows still gives a part, for its columns
    return pieces or [Piece(path, (), 1, 0)]


def _hidden(path: Path) -> bool:
    return any(part.startswith(("_", ".")) for part in path.parts)
