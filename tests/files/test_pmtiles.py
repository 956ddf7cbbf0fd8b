"""Archives of tiles that somebody else made: taken where they are whole, refused with the reason where they are not."""

import gzip
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.errors import FileError
from gridmap.files.basemaps import list_archives
from gridmap.files.pmtiles import HEADER, check_archive, read_head

SHIPPED = Path(__file__).resolve().parents[2] / "gridmap" / "data" / "basemap" / "demonstration.pmtiles"
WHOLE = SHIPPED.read_bytes()


def varint(value: int) -> bytes:
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def directory(*entries: tuple[int, int, int, int]) -> bytes:
    """Identifier, run, length and offset + 1 of each entry; PMTiles 3, section 4."""
    columns = zip(*entries, strict=True) if entries else ([], [], [], [])
    ids, runs, sizes, offsets = map(list, columns)
    steps = [b - a for a, b in zip([0, *ids], ids, strict=False)]
    return b"".join(map(varint, [len(entries), *steps, *runs, *sizes, *offsets]))


def archive(root: bytes, leaves: bytes = b"", tiles: bytes = b"", **said: int) -> bytes:
    """Write an archive by the specification, with no word of ours."""
    meta, at = b"{}", HEADER + len(root)
    parts = (HEADER, len(root), at, 2, at + 2, len(leaves), at + 2 + len(leaves), len(tiles))
    head = b"PMTiles\x03" + struct.pack("<8Q", *parts) + struct.pack("<3Q", 1, 1, 1)
    head += bytes([1, said.get("inside", 1), said.get("packed", 1), said.get("kind", 1), 8, said.get("last", 13)])
    head += struct.pack("<4i", *(round(v * 1e7) for v in (120, 36, said.get("east", 121), 37)))
    return head.ljust(HEADER, b"\0") + root + meta + leaves + tiles


TILE = b"\x1a\x03\x0a\x01a"


def put(at: int, value: bytes) -> bytes:
    return WHOLE[:at] + value + WHOLE[at + len(value) :]


#: What is wrong, and the answer.
BROKEN = {
    "no archive": (b"<!doctype html>" * 20, "basemap_not_pmtiles"),
    "an older version": (put(7, b"\x02"), "basemap_not_pmtiles"),
    "pictures": (put(99, b"\x02"), "basemap_not_pmtiles"),
    "nothing": (b"", "basemap_not_pmtiles"),
    "cut off in its head": (WHOLE[:100], "basemap_not_pmtiles"),
    "cut off in the middle": (WHOLE[: len(WHOLE) // 2], "basemap_truncated"),
    "without its last byte": (WHOLE[:-1], "basemap_truncated"),
    "brotli": (put(98, b"\x03"), "basemap_packing"),
    "a part beyond every file": (put(64, struct.pack("<Q", 2**64 - 1)), "basemap_truncated"),
    "a root in the middle of the file": (archive(b"\0" * 20_000), "basemap_damaged"),
    "matrices that end before they begin": (archive(directory((0, 1, 5, 1)), tiles=TILE, last=3), "basemap_damaged"),
    "east of west": (archive(directory((0, 1, 5, 1)), tiles=TILE, east=100), "basemap_damaged"),
    "a billion entries": (archive(varint(10**9)), "basemap_damaged"),
    "a number without end": (archive(b"\xff" * 50), "basemap_damaged"),
    "no gzip": (archive(directory((0, 1, 5, 1)), tiles=TILE, inside=2), "basemap_damaged"),
    "a directory that unpacks to 100 MB": (
        archive(gzip.compress(bytes(10**8), 9)[:16_000], inside=2),
        "basemap_damaged",
    ),
    "a tile outside of the tiles": (archive(directory((0, 1, 50, 1)), tiles=TILE), "basemap_damaged"),
    "a leaf outside of the leaves": (archive(directory((0, 0, 50, 1)), tiles=TILE), "basemap_damaged"),
    "a leaf that leads to itself": (archive(directory((0, 0, 5, 1)), directory((0, 0, 5, 1)), TILE), "basemap_damaged"),
    "a picture that says it is a vector tile": (
        archive(directory((0, 1, 8, 1)), tiles=b"\x89PNG\r\n\x1a\n"),
        "basemap_not_pmtiles",
    ),
    "no tile": (archive(directory()), "basemap_empty_archive"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_refused_with_its_reason(what: str, tmp_path: Path) -> None:
    body, code = BROKEN[what]
    path = tmp_path / "theirs.pmtiles"
    path.write_bytes(body)
    with pytest.raises(FileError) as found:
        check_archive(path)
    assert found.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        archive(directory((0, 1, 5, 1)), tiles=TILE),
        archive(directory((0, 1, 5, 1), (7, 3, 5, 1)), tiles=TILE),
        archive(directory((0, 0, 5, 1)), directory((0, 1, 5, 1)), TILE),
        archive(
            gzip.compress(directory((0, 1, len(gzip.compress(TILE)), 1))), b"", gzip.compress(TILE), inside=2, packed=2
        ),
        WHOLE,
    ],
)
def test_what_is_whole_is_taken(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "theirs.pmtiles"
    path.write_bytes(body)
    check_archive(path)
    assert list_archives(tmp_path)[0].last == read_head(path).last


@settings(max_examples=40)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_no_damage_leads_to_anything_but_an_answer(
    tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.pmtiles"
    path.write_bytes(put(at, noise)[: len(WHOLE)])
    with suppress(FileError):
        check_archive(path)


def test_the_command_refuses_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, source = tmp_path / "maps", tmp_path / "theirs.pmtiles"
    monkeypatch.setenv("GRIDMAP_BASEMAP_DIR", str(folder))
    source.write_bytes(WHOLE[:-1])
    for more in ((), ("--commit",)):
        answer = CliRunner().invoke(app, ["basemap", "import", str(source), *more])
        assert answer.exit_code == 2
        assert "basemap_truncated" in answer.output + answer.stderr or "不完整" in answer.output + answer.stderr
    assert not folder.exists()
