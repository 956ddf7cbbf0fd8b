"""The life of a version over HTTP on every store, and publishers who come at once."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_world import NOW, check_problem, fill
from fastapi.testclient import TestClient
from version_desk import NEXT, OPEN, SET, TODAY, Desk

from api.app import create_app
from gridmap.services.clock import FixedClock
from gridmap.services.fresh import SEEN_WITHIN_S
from gridmap.settings import Settings

PUBLISHERS = 4


@pytest.fixture
def desk(store) -> Iterator[Desk]:
    fill(store)
    with TestClient(create_app(Settings(), store, FixedClock(NOW))) as client:
        yield Desk(client)


def test_a_version_lives_the_same_life_on_every_store(store, desk) -> None:
    before = desk.revision()
    refused = check_problem(desk.publish(desk.drawn(OPEN)), 422, "not_publishable")
    assert [f["rule"] for f in refused["findings"]] == ["parent_not_covered"]
    draft = desk.drawn(valid_from=NEXT)
    report = desk.client.get(f"{SET}/versions/{draft['number']}/report").json()
    assert (report["blocking"], report["summary"]["grids"]) == (0, 6)
    done = desk.publish(draft, NEXT).json()
    assert done["lineage"] == [
        {"level": "street", "kind": "unchanged", "count": 2},
        {"level": "grid", "kind": "unchanged", "count": 2},
        {"level": "grid", "kind": "reshaped", "count": 1},
        {"level": "grid", "kind": "recoded", "count": 1},
        {"level": "grid", "kind": "extended", "count": 1},
    ]
    assert (desk.owner(TODAY), desk.owner(NEXT)) == ("D", "E")
    check_problem(desk.publish(desk.draft(), expected_revision=before), 412, "version_stale")
    gone = desk.client.post(f"{SET}/versions/{draft['number']}/withdraw", json={"expected_revision": before + 1})
    assert gone.json()["version"]["state"] == "retired"
    if not store.local:
        time.sleep(SEEN_WITHIN_S)  # a change on a server is seen that soon
    assert desk.owner(NEXT) == "D"
    assert desk.client.delete(f"{SET}/drafts/3").json()["discarded"] == 3
    assert desk.versions() == [(1, "published"), (2, "published"), (4, "retired"), (5, "draft")]


def test_of_publishers_who_come_at_once_one_wins_and_the_others_hear_of_it(desk) -> None:
    built_upon = desk.revision()
    drafts = [desk.drawn(f"AAB\n{code}CB\nCCB") for code in "EFGH"[:PUBLISHERS]]
    gate = threading.Barrier(PUBLISHERS, timeout=120)

    def publish(draft):
        gate.wait()
        return desk.publish(draft, expected_revision=built_upon)

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        answers = list(pool.map(publish, drafts))
    (won,) = [a.json() for a in answers if a.status_code == 200]
    for lost in (a for a in answers if a.status_code != 200):
        stale = check_problem(lost, 412, "version_stale")
        assert (stale["expected"], stale["meanwhile"]) == (built_upon, [won["version"]["number"]])
    assert desk.revision() == won["revision"] == built_upon + 1
    states = [state for _, state in desk.versions()]
    assert (states.count("published"), states.count("draft")) == (3, PUBLISHERS - 1)
