"""Nothing of what is out of reach is in any answer: worlds that differ only in that give the same answers.

Equal answers are more than answers without a forbidden word: they also say nothing by a count, a sum, an order, a
cursor, a tag, an error or a missing page. A month released to everybody is the one answer with something from beyond a
reach in it, by decision; all worlds hold the same one, and ``test_public_heat`` attacks what it tells.

Probes in the long form: ``GRIDMAP_RIGHTS_PROBES``.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from probing import Make, World, differences
from rights_world import NOW, Beyond, fill

from api.deps import Context
from gridmap.services.ports import Store

#: Questions of the short form; each is asked in two worlds, some over several pages.
FAST = {"embedded": 120, "fake": 80}
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


def test_worlds_that_differ_beyond_reach_look_the_same(worlds: Make, request: pytest.FixtureRequest) -> None:
    count = FAST[request.node.callspec.params["worlds"]]
    found, seen = differences(worlds, count, seed=1, spread=True)
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
    found, _ = differences(worlds, 45, seed=2, spread=True)
    assert len(found) > 5
