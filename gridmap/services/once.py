"""A request that is answered once: its answer is stored in the transaction of what it did.

Use cases commit by themselves and answer afterwards. ``Deferred`` keeps their last commit back until the answer is
known, so that both become lasting together: a caller who did not hear the answer asks again with the same key, and
either nothing was done, or the answer is there.
"""

from collections.abc import Hashable
from datetime import timedelta
from typing import Any, Self

from gridmap.services.ports import Answered, Store, StoreMode, Subject, UnitOfWork

#: How long an answer is kept.
KEPT = timedelta(hours=24)


class Deferred:
    """A store for one request. Whoever holds it ends with ``keep`` or ``drop``.

    Parameters
    ----------
    raw : Store
    join : bool
        What a unit of work after the first commit is: part of the same transaction (for a use case that commits once
        and reads for its answer), or a new one, before which the commit kept back is made (for one that commits in
        parts, each of which may be sent again).
    """

    def __init__(self, raw: Store, *, join: bool) -> None:
        self._raw = raw
        self._join = join
        self._held: UnitOfWork | None = None
        #: Something was committed, or is about to be.
        self.touched = False

    @property
    def local(self) -> bool:
        """As of the store itself."""
        return self._raw.local

    def revision(self, of: Subject = "all") -> Hashable:
        """Give the revision of the store itself."""
        return self._raw.revision(of)

    def ping(self) -> None:
        """Ask whether the store itself answers."""
        self._raw.ping()

    def mode(self) -> StoreMode:
        """Tell whether the store itself takes writes."""
        return self._raw.mode()

    def close(self) -> None:
        """Leave the store itself open: it is not this request's."""

    def unit_of_work(self) -> UnitOfWork:
        """Begin a transaction, or go on with the one that is kept back."""
        if self._held is not None:
            if self._join:
                return _Joined(self._held)
            self._make()
        return _Deferring(self, self._raw.unit_of_work())  # type: ignore[return-value]

    def hold(self, work: UnitOfWork) -> None:
        """Take over a unit of work whose commit is kept back."""
        self._held = work
        self.touched = True

    def keep(self, answered: Answered) -> None:
        """Make what was kept back lasting, together with the answer.

        Raises
        ------
        Conflict
            ``idempotency_key_taken``: somebody else was first; nothing of this request lasts.
        """
        if self._held is None:
            self.hold(self._raw.unit_of_work().__enter__())
        work = self._held
        assert work is not None
        work.idempotency.forget_before(answered.at - KEPT)
        work.idempotency.add(answered)
        self._make()

    def drop(self) -> None:
        """Let go what was kept back."""
        work, self._held = self._held, None
        if work is not None:
            work.__exit__(None, None, None)

    def _make(self) -> None:
        if self._held is not None:
            try:
                self._held.commit()
            finally:
                self.drop()


class _Deferring:
    """A unit of work that hands itself over where it would commit."""

    def __init__(self, store: Deferred, raw: UnitOfWork) -> None:
        self._store = store
        self._raw = raw
        self._committed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def __enter__(self) -> Self:
        self._raw.__enter__()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._committed and error is None:
            self._store.hold(self._raw)
        else:
            self._raw.__exit__(kind, error, trace)

    def commit(self) -> None:
        """Note that this is to last."""
        self._committed = True


class _Joined:
    """A look, or some more work, inside a transaction whose commit is kept back."""

    def __init__(self, raw: UnitOfWork) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def commit(self) -> None:
        """Leave it to the one that began."""
