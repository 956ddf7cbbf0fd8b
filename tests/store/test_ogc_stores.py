"""OGC API answers alike over every kind of store, to whomever."""

from typing import Any

from probing import Probe, World
from rights_world import CELL, NOW, STREET, X0, Y0, fill

from gridmap.domain.access import Area, Grant, Kind, Principal, Role
from gridmap.tiles.matrix import WEB_MERCATOR

BOX = ",".join(map(repr, (X0 + CELL * 0.1, Y0 + CELL * 0.1, X0 + CELL * 1.4, Y0 + CELL * 1.4)))
#: A tile that holds the whole district.
_ROW, _, _COLUMN, _ = WEB_MERCATOR.limits((X0 + CELL, Y0 + CELL, X0 + CELL, Y0 + CELL), 9)
ASKED = (
    "/ogc/collections?f=json",
    "/ogc/collections/urban.grid/items?limit=2&sortby=-households",
    "/ogc/collections/urban.grid/items?datetime=2026-04-30",
    "/ogc/collections/urban.draft4.grid/items",
    f"/ogc/collections/incidents/items?bbox={BOX}&limit=3",
    "/ogc/collections/incidents/items?filter=category%20LIKE%20%27%25litter%27%20AND%20version_number%20%3D%202&limit=3",
    "/ogc/collections/incidents/items?sortby=-occurred_at&limit=4",
    "/ogc/collections/incidents/items/QUAIL-i07",
    "/ogc/collections/incidents/items/ZEBRA-i07",
    "/ogc/collections/layer.toilets/items?datetime=../..",
    *(
        f"/ogc/collections/{name}/tiles/WebMercatorQuad{tile}"
        for name in ("urban.grid", "urban.street", "incidents", "patrol-effort")
        for tile in ("", f"/9/{_ROW}/{_COLUMN}")
    ),
)
READERS = [
    Principal(name, name, Kind.PERSON, (Grant(Role.PLANNER, area),))
    for name, area in (("all", Area()), ("street", Area("urban", STREET)))
]
_ANSWERS: dict[str, list[Any]] = {}


def test_every_store_answers_alike(store: Any) -> None:
    fill(store)
    world = World(store, NOW)
    found = []
    for reader in READERS:
        for address in ASKED:
            path, _, query = address.partition("?")
            answers = world.walk(Probe("GET", path, query.encode(), pages=3), reader)
            found += [(address, answer.status, answer.body) for answer in answers]
    assert {status for _, status, _ in found} == {200, 404}
    first = _ANSWERS.setdefault("first", found)
    assert found == first
    world.app.state.lean.close()
    world.app.state.doors.close()
