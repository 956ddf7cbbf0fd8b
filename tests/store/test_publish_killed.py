"""A publisher is killed (SIGKILL) before each of its statements: readers find the old version whole, or the new one."""

import logging
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from children import Ask, child
from redrawing import NOW, day_of, draft, everything, found, publish_whole, report

from gridmap.store import check, open_store

#: The short form kills before so many statements, evenly spread, and before each of the last ones.
SPREAD, LAST = 5, 3


@pytest.fixture(scope="module")
def publisher() -> Iterator[Ask]:
    """A process whose forks publish and are killed."""
    with child("publish_child.py", "kill") as ask:
        yield ask


@dataclass
class Scene:
    """A store with a first version, points of before and after, and a draft that gives some of them a new owner."""

    kind: str
    copy: Callable[[], Any]
    publisher: Ask
    number: int
    old: dict[str, Any]
    new: dict[str, Any]
    statements: list[str]

    def killed(self, url: str, before: int, *, torn: bool = False) -> None:
        """Let a publisher die in the store at a URL."""
        order = {"url": url, "set_name": "city", "number": self.number, "before": before, "torn": torn}
        assert self.publisher(order)["signal"] == signal.SIGKILL, f"nobody was killed before statement {before}"


@pytest.fixture
def scene(place, request, tmp_path, publisher) -> Scene:
    store = place.open()
    found(store, "city")
    report(store, "city")
    number = draft(store, "city", 1)
    old = everything(store, "city")
    store.close()

    @contextmanager
    def copy() -> Iterator[str]:
        if place.kind == "geopackage":
            path = Path(shutil.copy(place.path, tmp_path / "copy.gpkg"))
            yield f"sqlite:///{path}"
            for left in tmp_path.glob("copy.gpkg*"):
                left.unlink()
        else:
            server = request.getfixturevalue("server")
            url = server.copy(place.url)
            yield url
            server.drop(url)

    with copy() as url:
        lived = publisher({"url": url, "set_name": "city", "number": number, "before": None, "torn": False})
        store = open_store(url)
        new = everything(store, "city")
        store.close()
    assert lived["signal"] is None
    return Scene(place.kind, copy, publisher, number, old, new, lived["statements"])


def test_the_count_sees_every_statement(scene):
    """What is written goes through the eye of the executioner, and the new version differs in all that is said."""
    said = " | ".join(scene.statements).lower()
    for word in ("insert into lineage", "update boundary_set", "update boundary_version", "update incident",
                 "update patrol_fix"):  # fmt: skip
        assert word in said
    assert "commit" in said
    for part in ("revision", "version 1", "version 2", "incidents", "fixes"):
        assert scene.old[part] != scene.new[part]


def require_whole(scene: Scene, before: int, caplog: Any) -> bool:
    """Kill a publisher and look what is there; tell whether it is the new version."""
    with scene.copy() as url:
        scene.killed(url, before)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            store = open_store(url)
        # of a throw-away server it is said that it may lose what it acknowledged
        complaints = [r.getMessage() for r in caplog.records if "may lose" not in r.getMessage()]
        assert complaints == [], "the store is opened without complaint"
        store.ping()
        seen = everything(store, "city")
        assert seen in (scene.old, scene.new), f"half a version after a kill before statement {before}"
        if seen == scene.old:
            publish_again(store, scene)
        else:
            publish_next(store)
        if scene.kind == "geopackage":
            with store.engine.connect() as connection:
                assert connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
        store.close()
    return seen == scene.new


def publish_again(store: Any, scene: Scene) -> None:
    """Publish the draft that the dead one left, and find what would have been."""
    publish_whole(store, "city", scene.number)
    assert everything(store, "city") == scene.new


def publish_next(store: Any) -> None:
    """Publish one more after the dead one's version."""
    number = draft(store, "city", 2)
    with store.unit_of_work() as work:
        done = work.boundaries.publish("city", number, valid_from=day_of(9), published_at=NOW)
        work.commit()
    assert (done.number, done.valid_to) == (number, None)


def test_killed_here_and_there_leaves_a_whole_version(scene, caplog):
    total = len(scene.statements)
    points = {1 + k * total // SPREAD for k in range(SPREAD)} | set(range(total - LAST + 2, total + 2))
    became = {before: require_whole(scene, before, caplog) for before in sorted(points)}
    assert not became[1]
    with scene.copy() as url:
        scene.killed(url, total)
        assert check(url) == []
    assert became[total + 1], "one that is killed when all is done has published"


@pytest.mark.slow
def test_killed_before_every_statement_leaves_a_whole_version(scene, caplog):
    total = len(scene.statements)
    became = [require_whole(scene, before, caplog) for before in range(1, total + 2)]
    turns = [k for k, (a, b) in enumerate(pairwise(became)) if a != b]
    assert len(turns) == 1, "there is one statement that makes the version new: COMMIT"
    assert not became[0]
    assert became[-1]


def test_a_publisher_without_a_transaction_is_found_out(scene):
    """The check can fail: where each write is committed by itself, it finds half a version."""
    halves = []
    for before in range(len(scene.statements), 1, -4):
        with scene.copy() as url:
            scene.killed(url, before, torn=True)
            store = open_store(url)
            seen = everything(store, "city")
            store.close()
        if seen not in (scene.old, scene.new):
            halves.append(before)
            break
    assert halves
