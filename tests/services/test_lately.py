"""What may be some seconds old: who waits, who gets the old one, and that nobody gets anything too old."""

import threading
from typing import Any

import pytest

from gridmap.services.lately import Lately


class World:
    """A value, the token of its state, a clock, and how often it was read."""

    def __init__(self) -> None:
        self.now, self.value, self.reads = 0.0, 1, 0
        self.done = threading.Event()
        self.fails = False

    def token(self) -> int:
        return self.value

    def read(self) -> int:
        self.reads += 1
        try:
            if self.fails:
                raise RuntimeError("away")
            return self.value
        finally:
            self.done.set()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def lately(world: World) -> Any:
    kept: Lately[int] = Lately(10, 100, keep=2, now=lambda: world.now)
    yield kept
    kept.close()


def ask(lately: Lately[int], world: World, key: str = "a") -> int:
    return lately.get(key, world.token, world.read)


def settle(world: World) -> None:
    assert world.done.wait(10)
    world.done.clear()


def test_it_is_read_once_and_given_as_it_is_while_fresh(lately: Lately[int], world: World) -> None:
    assert ask(lately, world) == 1
    world.value, world.now = 2, 9.9
    assert ask(lately, world) == 1
    assert world.reads == 1


def test_after_that_it_is_read_again_behind_the_back_only_where_something_changed(
    lately: Lately[int], world: World
) -> None:
    ask(lately, world)
    world.now = 11
    assert ask(lately, world) == 1
    assert world.reads == 1  # nothing changed
    world.done.clear()
    world.value, world.now = 2, 22
    assert ask(lately, world) == 1  # the old one meanwhile
    settle(world)
    lately.close()  # waits for what goes on
    assert ask(lately, world) == 2
    assert world.reads == 2


def test_nobody_gets_what_is_too_old(lately: Lately[int], world: World) -> None:
    ask(lately, world)
    world.value, world.now = 2, 100
    assert ask(lately, world) == 2


def test_what_fails_in_the_background_leaves_the_old_one_and_is_told_when_it_is_too_old(
    lately: Lately[int], world: World
) -> None:
    ask(lately, world)
    world.done.clear()
    world.value, world.now, world.fails = 2, 20, True
    assert ask(lately, world) == 1
    settle(world)
    lately.close()
    assert ask(lately, world) == 1
    world.now = 100
    with pytest.raises(RuntimeError):
        ask(lately, world)


def test_readers_of_different_parts_never_get_what_is_the_others(lately: Lately[int], world: World) -> None:
    one, other = lately.part("north"), lately.part("south")
    assert one.get("a", world.token, lambda: 5) == 5
    assert other.get("a", world.token, lambda: 6) == 6
    assert one.get("a", world.token, lambda: 7) == 5


def test_the_least_used_goes_first(lately: Lately[int], world: World) -> None:
    for key in ("a", "b", "a", "c", "a"):
        ask(lately, world, key)
    assert world.reads == 3
    ask(lately, world, "b")
    assert world.reads == 4


def test_those_who_come_while_it_is_read_wait_for_it(world: World) -> None:
    kept: Lately[int] = Lately(10, 100)
    gate, found = threading.Event(), []

    def slow() -> int:
        assert gate.wait(10)
        return world.read()

    threads = [threading.Thread(target=lambda: found.append(kept.get("a", world.token, slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1, 1]
    assert world.reads == 1
