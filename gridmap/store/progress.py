"""How long work says where it stands, without knowing who watches."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

#: Moves on by so many rows or bytes.
Move = Callable[[int], None]
#: What is being done.
Step = Literal["count", "read", "write", "verify", "dump", "place"]
#: Opens a step with its total, where that is known.
Show = Callable[[Step, int | None], AbstractContextManager[Move]]


def unseen(_: int) -> None:
    """Move on where nobody watches."""


@contextmanager
def quiet(_step: Step, _total: int | None) -> Iterator[Move]:
    """Show nothing."""
    yield unseen
