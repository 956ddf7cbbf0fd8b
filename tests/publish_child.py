"""Publishers in processes of their own. Imports once, then forks: a child costs milliseconds.

publish_child.py race     in: a JSON line with url, set_name, how, numbers (a draft for each publisher) and races;
                          out: a JSON line with the outcome of each publisher in each race
"""

import json
import multiprocessing as mp
import sys
from dataclasses import asdict
from typing import Any

from fake_store import FakeStore
from redrawing import HOW, draft, found

from gridmap.store import open_store


def _publisher(place: int, order: dict[str, Any], barrier: Any, answers: Any) -> None:
    store = open_store(order["url"], wait_s=60)
    publish, set_name, number = HOW[order["how"]], order["set_name"], order["numbers"][place]
    said = []
    for race in range(order["races"]):
        outcome = publish(store, set_name, number, race, lambda: barrier.wait(120))
        said.append(asdict(outcome))
        if outcome.won:
            number = draft(store, set_name, 1 + len(order["numbers"]) + race)
        barrier.wait(120)  # the next race is built upon what this one left
    store.close()
    answers.put((place, said))


def race(order: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Let as many processes as there are drafts publish against each other, race after race."""
    context = mp.get_context("fork")
    count = len(order["numbers"])
    barrier, answers = context.Barrier(count), context.Queue()
    children = [context.Process(target=_publisher, args=(i, order, barrier, answers)) for i in range(count)]
    for child in children:
        child.start()
    by_place = dict(answers.get(timeout=600) for _ in children)
    for child in children:
        child.join()
    return [[by_place[i][k] for i in range(count)] for k in range(order["races"])]


def warm_up() -> None:
    """Publish once in memory, so that what is made ready at the first use is ready in every fork."""
    store = FakeStore()
    found(store, "city")
    HOW["through_the_gate"](store, "city", draft(store, "city", 1), 0, lambda: None)


if __name__ == "__main__":
    warm_up()
    commands = {"race": race}
    for line in sys.stdin:
        print(json.dumps(commands[sys.argv[1]](json.loads(line))), flush=True)
