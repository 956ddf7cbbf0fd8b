"""Who has a part of a district has tiles of that part, whatever others asked for before him; and tiles on disk."""

import gzip
import json
import os
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import ready
from probing import SETTINGS, Probe, World
from rights_world import CELL, HERE, NOW, STREET, X0, Y0, code, fill
from tile_judge import features_of

from api.tiles.kept import TileFiles, name_of
from gridmap.domain.access import EVERYTHING, Area, Grant, Kind, Principal, Role
from gridmap.tiles.matrix import WEB_MERCATOR

_ALL = Principal("all", "all", Kind.PERSON, (Grant(Role.SUPERVISOR, EVERYTHING),))
_STREET = Principal("street", "street", Kind.PERSON, (Grant(Role.SUPERVISOR, Area("urban", STREET)),))
_GRID = Principal("grid", "grid", Kind.PERSON, (Grant(Role.LEADER, Area("urban", code("A"))),))
_KEEPER = Principal("keeper", "keeper", Kind.PERSON, (Grant(Role.ADMINISTRATOR, EVERYTHING),))
_AUDITOR = Principal("auditor", "auditor", Kind.PERSON, (Grant(Role.AUDITOR, EVERYTHING),))
_Z = 9
_ROW, _, _COLUMN, _ = WEB_MERCATOR.limits((X0 + CELL, Y0 + CELL, X0 + CELL, Y0 + CELL), _Z)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tiles")
    made = World(
        ready.embedded(folder / "world.gpkg", fill),
        NOW,
        settings=SETTINGS.model_copy(update={"tile_dir": folder / "kept", "tile_mb": 50}),
    )
    yield made
    made.close()


def _tile(world: Any, who: Principal, collection: str, query: str = "") -> Any:
    path = f"/ogc/collections/{collection}/tiles/WebMercatorQuad/{_Z}/{_ROW}/{_COLUMN}"
    return world.ask(Probe("GET", path, query.encode()), who)


def _said(world: Any, who: Principal, collection: str) -> list[dict[str, Any]]:
    answer = _tile(world, who, collection)
    assert answer.status in (200, 204)
    return [f["properties"] for f in features_of(answer.body, collection)]


def _version(world: Any, who: Principal, collection: str) -> str:
    answer = world.ask(Probe("GET", f"/ogc/collections/{collection}/tiles/WebMercatorQuad", b""), who)
    (item,) = (link for link in json.loads(answer.body)["links"] if link["rel"] == "item")
    return str(item["href"].split("v=")[1][:32])


def test_half_a_district_has_its_half_after_the_whole_was_asked_for(world: Any) -> None:
    whole = {p["code"] for p in _said(world, _ALL, "urban.grid")}
    half = {p["code"] for p in _said(world, _STREET, "urban.grid")}
    assert half == {c for c in whole if c.startswith(HERE)}
    assert half < whole
    assert {p["code"] for p in _said(world, _GRID, "urban.grid")} == {code("A")}
    assert {p["code"] for p in _said(world, _STREET, "urban.street")} == {STREET}
    for name in ("incidents", "patrol-effort"):
        all_of, part = (
            sum(p.get("count", p.get("incidents", 1)) for p in _said(world, who, name)) for who in (_ALL, _STREET)
        )
        assert 0 < part < all_of


def test_the_dataset_is_what_the_reader_has(world: Any) -> None:
    def said(who: Principal, query: bytes = b"") -> dict[str, set[str]]:
        answer = world.ask(Probe("GET", f"/ogc/tiles/WebMercatorQuad/{_Z}/{_ROW}/{_COLUMN}", query), who)
        assert answer.status == 200, answer.body
        layers = mapbox_vector_tile.decode(answer.body)
        return {name: {str(f["properties"].get("code")) for f in layers[name]["features"]} for name in layers}

    whole, half = said(_ALL), said(_STREET)
    assert half["urban.grid"] == {c for c in whole["urban.grid"] if c.startswith(HERE)} < whole["urban.grid"]
    assert half["patrol-effort"] < whole["patrol-effort"]
    # who may see no incidents and no patrols has a dataset without them, and cannot name them either
    assert not {"incidents", "patrol-effort"} & set(said(_KEEPER))
    path = f"/ogc/tiles/WebMercatorQuad/{_Z}/{_ROW}/{_COLUMN}"
    assert world.ask(Probe("GET", path, b"collections=urban.grid,incidents"), _KEEPER).status == 404
    assert world.ask(Probe("GET", path, b""), _AUDITOR).status == 403


def test_the_version_of_somebody_else_opens_nothing(world: Any) -> None:
    theirs = _version(world, _ALL, "urban.grid")
    assert theirs != _version(world, _STREET, "urban.grid")
    answer = _tile(world, _STREET, "urban.grid", f"v={theirs}")
    assert dict(answer.headers)[b"cache-control"] == b"private, no-cache"
    assert answer.body == _tile(world, _STREET, "urban.grid").body
    tag = dict(_tile(world, _ALL, "urban.grid").headers)[b"etag"]
    path = f"/ogc/collections/urban.grid/tiles/WebMercatorQuad/{_Z}/{_ROW}/{_COLUMN}"
    assert world.ask(Probe("GET", path, b""), _STREET, (b"if-none-match", tag)).status == 200


def test_who_may_not_see_incidents_has_no_tiles_of_them(world: Any) -> None:
    assert _tile(world, _KEEPER, "incidents").status == 404
    assert _tile(world, _KEEPER, "patrol-effort").status == 404
    assert _tile(world, _AUDITOR, "urban.grid").status == 403


def test_tiles_on_disk_are_made_once_and_made_again_when_damaged(tmp_path: Path) -> None:
    files, made = TileFiles(tmp_path / "kept", 10**6), []

    def make() -> bytes:
        made.append(1)
        return b"tile" * 100

    name = name_of("digest", 3, 2, 1)
    assert name != name_of("digest", 3, 21) != name_of("digest", 32, 1)
    first = files.get(name, make)
    assert gzip.decompress(first) == b"tile" * 100
    assert TileFiles(tmp_path / "kept", 10**6).get(name, make) == first
    assert len(made) == 1
    (path,) = (p for p in (tmp_path / "kept").rglob("*") if p.is_file())
    path.write_bytes(path.read_bytes()[:-3])
    assert files.get(name, make) == first
    assert len(made) == 2
    assert files.get(name_of("empty"), lambda: b"") == b""
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    # somebody cleaned up among the temporary files: given all the same, and kept again from the next one on
    shutil.rmtree(tmp_path / "kept")
    assert files.get(name, make) == first
    assert files.get(name, make) == first
    assert len(made) == 4
    assert files.get(name, make) == first
    assert len(made) == 4


def test_the_folder_of_tiles_keeps_within_its_room(tmp_path: Path) -> None:
    files, body = TileFiles(tmp_path / "kept", 20_000), os.urandom(1_000)

    def ask_for(n: int) -> None:
        for k in range(20):
            files.get(name_of(n, k), partial(bytes.__add__, body, bytes([k])))

    threads = [threading.Thread(target=ask_for, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = sum(p.stat().st_size for p in (tmp_path / "kept").rglob("*") if p.is_file())
    assert 5_000 < held <= 21_000


def test_a_folder_that_cannot_be_used_is_no_reason_not_to_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here is no room")
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for folder in (tmp_path / "file", tmp_path / "file" / "in", link):
        assert gzip.decompress(TileFiles(folder, 10**6).get("ab", lambda: b"tile")) == b"tile"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "link"]
