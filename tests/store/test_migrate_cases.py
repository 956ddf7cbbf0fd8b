"""Cases from before they had a cell are found near a place as new ones are."""

from typing import Any

import sqlalchemy as sa
from store_frames import at, published

from gridmap.domain.access import Role
from gridmap.domain.cases import Act, Entry
from gridmap.services.ports import NewCase, PointOwner
from gridmap.store import check, downgrade, upgrade
from gridmap.store.case_tables import cells_of

NOBODY = PointOwner(None, "none", None, None, None)
SPOTS = {"c1": (120.001, 30.001), "c2": (-70.25, -33.4375), "c3": (-179.9999, 89.9), "c4": (120.0, 30.0)}


def test_cells_are_given_to_the_cases_that_are_there(place: Any) -> None:
    store = place.open()
    published(store)
    with store.unit_of_work() as work:
        for key, (x, y) in SPOTS.items():
            first = Entry(Act.REPORT, "citizen", Role.FIELD, at(1))
            new = NewCase(key, at(1), "E1-01", x, y, "app", None, first, "市民")
            assert [v.value for v in work.cases.take([(new, PointOwner(None, "none", None, None, None))])] == [
                "accepted"
            ]
        work.commit()
    store.close()
    downgrade(place.url, "0012")
    upgrade(place.url)
    assert check(place.url) == []
    store = place.open()
    with store.engine.begin() as connection:
        found = connection.execute(sa.text("select incident_id, cell from case_file")).all()
    assert dict(found) == {key: int(cells_of(*spot)) for key, spot in SPOTS.items()}
    with store.unit_of_work() as work:
        near = work.cases.open_near([(*spot, at(1)) for spot in SPOTS.values()], metres=10, hours=1)
    assert [[line.case_id for line in some] for some in near] == [["c1"], ["c2"], ["c3"], ["c4"]]
