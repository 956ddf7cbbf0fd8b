"""Publishers who all built upon the same revision: one wins, the others hear of it, and the time line stays whole."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from children import Ask, child
from fake_store import FakeStore
from redrawing import HOW, Outcome, draft, found, require_one_winner, require_timeline

#: Races in one set; then another one, so that time lines stay as short as those of a city.
ROUND = 50

SHORT = {("through_the_gate", 2): 4, ("through_the_gate", 8): 1, ("after_a_look", 2): 24, ("after_a_look", 8): 24}
#: The gate takes longer than the race behind it, so the thousand are run by what the use case writes.
LONG = {("through_the_gate", 2): 100, ("through_the_gate", 8): 40, ("after_a_look", 2): 1000, ("after_a_look", 8): 1000}

every_form = pytest.mark.parametrize(("how", "publishers"), list(SHORT))


def rounds(races: int) -> Iterator[tuple[str, int]]:
    """Give the name and the length of each round."""
    for start in range(0, races, ROUND):
        yield f"city{start}", min(ROUND, races - start)


def race_in_threads(store: Any, how: str, publishers: int, races: int) -> None:
    """Run races of threads of this process. Who lost keeps the draft for the next race."""
    barrier = threading.Barrier(publishers, timeout=120)
    with ThreadPoolExecutor(publishers) as pool:
        for set_name, length in rounds(races):
            found(store, set_name)
            numbers = [draft(store, set_name, 1 + k) for k in range(publishers)]
            winners: list[int] = []
            for race in range(length):
                calls = [pool.submit(HOW[how], store, set_name, number, race, barrier.wait) for number in numbers]
                winners.append(require_one_winner([call.result() for call in calls], race + 1))
                numbers.remove(winners[-1])
                numbers.append(draft(store, set_name, 1 + publishers + race))
            require_timeline(store, set_name, winners)


@pytest.fixture(scope="module")
def forking() -> Iterator[Ask]:
    """A process that forks the publishers of an order and gives what they heard."""
    with child("publish_child.py", "race") as ask:
        yield ask


def race_in_processes(ask: Ask, place: Any, how: str, publishers: int, races: int) -> None:
    """Run races of processes, each with a store of its own."""
    store = place.open(wait_s=60)
    for set_name, length in rounds(races):
        found(store, set_name)
        numbers = [draft(store, set_name, 1 + k) for k in range(publishers)]
        order = {"url": place.url, "set_name": set_name, "how": how, "numbers": numbers, "races": length}
        said = [[Outcome(**o) for o in outcomes] for outcomes in ask(order)]
        assert len(said) == length
        winners = [require_one_winner(outcomes, race + 1) for race, outcomes in enumerate(said)]
        require_timeline(store, set_name, winners)


@every_form
def test_of_publishers_who_start_together_one_wins(place, how, publishers):
    race_in_threads(place.open(wait_s=60), how, publishers, SHORT[how, publishers])


@pytest.mark.parametrize("publishers", [2, 8])
def test_the_store_in_memory_has_one_winner_too(publishers):
    race_in_threads(FakeStore(wait_s=60), "after_a_look", publishers, 20)


@pytest.mark.parametrize("publishers", [2, 8])
def test_of_publishers_in_processes_one_wins(forking, place, publishers):
    race_in_processes(forking, place, "after_a_look", publishers, 12)


@pytest.mark.slow
@every_form
def test_a_thousand_races_have_a_thousand_winners(place, how, publishers):
    race_in_threads(place.open(wait_s=60), how, publishers, LONG[how, publishers])


@pytest.mark.slow
@every_form
def test_a_thousand_races_of_processes_have_a_thousand_winners(forking, place, how, publishers):
    race_in_processes(forking, place, how, publishers, LONG[how, publishers])
