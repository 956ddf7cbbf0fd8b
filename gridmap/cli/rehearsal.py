"""A store in which everything can be tried and nothing lasts."""

from typing import Any

from gridmap.services.ports import Store, UnitOfWork


class Rehearsal:
    """A store whose units of work end without having been."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def unit_of_work(self) -> UnitOfWork:
        """Begin a transaction that is given up at its end, whatever is said before."""
        work: Any = self._store.unit_of_work()
        work.commit = _do_nothing
        return work  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def _do_nothing() -> None:
    """Stand in for a commit."""
