"""Nothing of what is out of reach is in any answer: worlds that differ only in that give the same answers.

Equal answers are more than answers without a forbidden word: they also say nothing by a count, a sum, an order, a
cursor, a tag, an error or a missing page. Probes in the long form: ``GRIDMAP_RIGHTS_PROBES``.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from probing import Probe, World, comparable, probes
from rights_world import (
    NOW,
    READERS,
    WORLD,
    Beyond,
    fill,
)

from api.deps import Context
from gridmap.domain.access import Principal
from gridmap.services.ports import Store

Make = Callable[[Beyond], World]
#: Questions of the short form; each is asked in two worlds, some over several pages.
FAST = {"embedded": 240, "fake": 120}
LONG = int(os.environ.get("GRIDMAP_RIGHTS_PROBES", "10000"))


def _store(kind: str, folder: Path) -> Store:
    if kind == "fake":
        from fake_store import FakeStore

        return FakeStore()
    from gridmap.store import open_store

    return open_store(f"sqlite:///{folder}/world.gpkg")


@pytest.fixture(scope="module", params=["embedded", "fake"])
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Worlds of a kind of store, each made when first asked for."""
    made: dict[Beyond, World] = {}

    def make(beyond: Beyond) -> World:
        if beyond not in made:
            store = _store(request.param, tmp_path_factory.mktemp("rights"))
            fill(store, beyond)
            made[beyond] = World(store, NOW)
        return made[beyond]

    yield make
    for world in made.values():
        world.close()


def somebody(draw: random.Random, readers: list[Principal]) -> Principal:
    """Give one of the readers, or somebody who has the grants of several: all of them see no more than the group."""
    chosen = draw.sample(readers, k=draw.choice((1, 1, 2, min(3, len(readers)))))
    name = "+".join(reader.name for reader in chosen)
    return Principal(name, name, chosen[0].kind, tuple(grant for reader in chosen for grant in reader.grants))


def differences(worlds: Make, count: int, seed: int) -> tuple[list[tuple[Principal, Probe]], Counter[tuple[str, int]]]:
    """Ask in pairs of worlds; give the questions whose answers differ, and how many answers of which status."""
    draw = random.Random(seed)
    here, found, seen = worlds(WORLD), [], Counter()
    groups = len(READERS)
    for turn, (beyond, readers) in enumerate(READERS.items()):
        there = worlds(beyond)
        for probe in probes(here.app, draw, count // groups, turn=turn, turns=groups):
            principal = somebody(draw, readers)
            left, right = here.walk(probe, principal), there.walk(probe, principal)
            seen.update((probe.path.split("/")[-1], answer.status) for answer in left)
            if [comparable(a) for a in left] != [comparable(a) for a in right]:
                found.append((principal, probe))
    return found, seen


def test_worlds_that_differ_beyond_reach_look_the_same(worlds: Make, request: pytest.FixtureRequest) -> None:
    count = FAST[request.node.callspec.params["worlds"]]
    found, seen = differences(worlds, count, seed=1)
    assert not found
    statuses = Counter(status for _, status in seen.elements())
    assert statuses[200] > count / 3
    assert not {status for status in statuses if status >= 500}


@pytest.mark.slow
def test_ten_thousand_probes_find_nothing(worlds: Make) -> None:
    found, seen = differences(worlds, LONG, seed=random.randrange(2**32))
    assert not found
    assert not {status for _, status in seen if status >= 500}


@pytest.mark.parametrize("worlds", ["fake"], indirect=True)
def test_without_the_guard_the_probes_find_it(worlds: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: were a request given the whole context, the same probes would tell."""
    monkeypatch.setattr(Context, "for_reader", lambda self, principal, request_id="": self)
    found, _ = differences(worlds, 90, seed=2)
    assert len(found) > 10
