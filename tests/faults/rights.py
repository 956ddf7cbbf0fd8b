"""Questions by readers who do not see everything, in worlds that differ only in what they do not see."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from faults.outcome import Outcome
from faults.places import empty
from probing import Make, World, differences
from rights_world import NOW, Beyond, fill

from api.deps import Context
from gridmap.store import open_store


@contextmanager
def _worlds(kind: str) -> Iterator[Make]:
    with ExitStack() as running:
        made: dict[Beyond, World] = {}

        def make(beyond: Beyond) -> World:
            if beyond not in made:
                store = open_store(running.enter_context(empty(kind)))
                fill(store, beyond)
                made[beyond] = World(store, NOW)
                running.callback(made[beyond].close)
            return made[beyond]

        yield make


def run(kind: str, count: int, seed: int) -> Outcome:
    """Ask in pairs of worlds: each answer that differs is a leak."""
    with _worlds(kind) as worlds:
        found, seen = differences(worlds, count, seed)
    broken = len(found) + sum(number for (_, status), number in seen.items() if status >= 500)
    answered = sum(number for (_, status), number in seen.items() if status == 200)
    counts = {"pages of answers": answered}
    return Outcome("rights", kind, count, broken, "the same answers in both worlds", counts)


def control(kind: str) -> Outcome:
    """Give requests the whole store: the same questions tell the worlds apart."""
    count = 90
    with _worlds(kind) as worlds, mock.patch.object(Context, "for_reader", lambda self, *_: self):
        found, _ = differences(worlds, count, 2)
    return Outcome("control: rights without the guard", kind, count, len(found), "answers that differ")
