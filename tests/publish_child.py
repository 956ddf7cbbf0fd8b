"""Publishers in processes of their own. Imports once, then forks: a child costs milliseconds.

publish_child.py race     in: a JSON line with url, set_name, how, numbers (a draft for each publisher) and races;
                          out: a JSON line with the outcome of each publisher in each race
"""

import json
import multiprocessing as mp
import os
import signal
import sqlite3
import sys
from dataclasses import asdict
from typing import Any

import psycopg
import sqlalchemy as sa
from fake_store import FakeStore
from redrawing import HOW, draft, found, publish_whole

from gridmap.store import open_store
from gridmap.store.unit_of_work import Work


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


class Executioner:
    """Sees every statement before it is run, and kills this process before one of them."""

    def __init__(self, before: int | None) -> None:
        self._before = before
        self.statements: list[str] = []

    def __call__(self, statement: Any) -> None:
        self.statements.append(" ".join(str(statement).split())[:60])
        if len(self.statements) == self._before:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: sa.Engine) -> None:
        """See what goes to the database below SQLAlchemy: raw cursors, COPY, COMMIT, and statements of triggers."""
        if engine.dialect.name == "sqlite":

            @sa.event.listens_for(engine, "checkout")
            def _trace(connection: sqlite3.Connection, *_: Any) -> None:
                connection.set_trace_callback(self)

            return
        for owner, name in (
            (psycopg.Cursor, "execute"),
            (psycopg.Cursor, "executemany"),
            (psycopg.Cursor, "copy"),
            (psycopg.Connection, "commit"),
        ):
            setattr(owner, name, self._seen(getattr(owner, name), name))

    def _seen(self, method: Any, name: str) -> Any:
        def call(this: Any, *args: Any, **options: Any) -> Any:
            self(args[0] if args else name.upper())
            return method(this, *args, **options)

        return call


def _tear() -> None:
    """Make a publisher that commits each write by itself: what a unit of work is there to prevent."""
    write = Work.write

    def write_and_commit(self: Work, *args: Any) -> Any:
        result = write(self, *args)
        self.commit()
        return result

    Work.write = write_and_commit  # type: ignore[method-assign]


def kill(order: dict[str, Any]) -> dict[str, Any]:
    """Let a fork publish, and die of it."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            store = open_store(order["url"])
            executioner = Executioner(order["before"])
            if order["torn"]:
                _tear()
            executioner.watch(store.engine)
            publish_whole(store, order["set_name"], order["number"])
            os.write(into, json.dumps(executioner.statements).encode())
            executioner("after the last statement")
            store.close()
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "statements": json.loads(said) if said else [],
    }


def warm_up() -> None:
    """Publish once in memory, so that what is made ready at the first use is ready in every fork."""
    store = FakeStore()
    found(store, "city")
    HOW["through_the_gate"](store, "city", draft(store, "city", 1), 0, lambda: None)


if __name__ == "__main__":
    warm_up()
    commands = {"race": race, "kill": kill}
    for line in sys.stdin:
        print(json.dumps(commands[sys.argv[1]](json.loads(line))), flush=True)
