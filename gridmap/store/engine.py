"""Open a store by its URL."""

from collections.abc import Hashable
from types import ModuleType

import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.services.ports import StoreMode, Subject, UnitOfWork
from gridmap.store import schema
from gridmap.store.backends import backend_of, log, parse_url, translated
from gridmap.store.catalogue import Catalogue
from gridmap.store.unit_of_work import SqlUnitOfWork

#: How long a statement waits for somebody else's lock.
WAIT_S = 5.0


class SqlStore:
    """A database behind ``services.ports.Store``. Threads may share it; each takes its own unit of work."""

    def __init__(self, engine: sa.Engine, backend: ModuleType, weaknesses: tuple[str, ...] = ()) -> None:
        self._engine = engine
        self._weaknesses = weaknesses
        self._backend = backend
        self._watch = backend.Watch(engine)
        self._catalogue = Catalogue()

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine, for queries that the ports do not offer."""
        return self._engine

    def require_durable(self) -> None:
        """Check that what is committed lasts.

        Raises
        ------
        StoreUnavailable
            ``store_not_durable``.
        """
        if self._weaknesses:
            raise StoreUnavailable("store_not_durable", names=", ".join(self._weaknesses))

    @property
    def local(self) -> bool:
        """Whether the store lies in this machine: its revision is read without waiting for a network."""
        return bool(self._backend.LOCAL)

    def unit_of_work(self) -> UnitOfWork:
        """Start a transaction over all repositories; enter it with ``with``."""
        return SqlUnitOfWork(self._engine, self._backend, self._catalogue)

    def close(self) -> None:
        """Close all connections; the embedded file is then whole without its log."""
        self._watch.close()
        self._engine.dispose()

    def revision(self, of: Subject = "all") -> Hashable:
        """Give a value that stands for what is stored: after a commit, by whomever, it is another one."""
        with translated(self._backend):
            found: Hashable = self._watch.revision(of)
        return found

    def ping(self) -> None:
        """Raise StoreUnavailable when the database does not answer (``store_unreachable`` ...) or its schema is not
        current (``store_outdated``)."""
        with translated(self._backend):
            if not schema.is_current(self._engine):
                raise StoreUnavailable("store_outdated")

    def mode(self) -> StoreMode:
        """Say whether the store takes writes at this moment; nothing is written to find out."""
        with translated(self._backend):
            found: StoreMode = self._backend.mode(self._engine)
        return found


def open_store(url: str, *, wait_s: float = WAIT_S) -> SqlStore:
    """Open a store; a new one gets its tables, an older one is brought up to date.

    Parameters
    ----------
    url : str
        ``sqlite:///path/to/file.gpkg`` or ``postgresql+psycopg://user@host:port/database``.
    wait_s : float
        How long a statement waits for a lock that somebody else holds.

    Returns
    -------
    SqlStore

    Raises
    ------
    StoreUnavailable
        ``store_url``, ``store_unreachable``, ``store_not_geopackage``, ``store_foreign``, ``store_damaged``,
        ``store_newer``, ``store_locked`` and others; what was there before is left as it was.

    Notes
    -----
    A store that cannot be written is opened for reading, if it has the tables of this program. A server that may lose
    what it acknowledged is opened with a warning in the log; ``SqlStore.require_durable`` refuses it.
    """
    parsed = parse_url(url)
    backend = backend_of(parsed)
    backend.probe(parsed)
    engine = backend.make_engine(parsed, wait_s)
    touched: list[str] = []
    try:
        with translated(backend):
            backend.require_fit(engine)
            schema.require_known(engine)
            if backend.mode(engine) is not StoreMode.READ_ONLY:
                schema.upgrade_engine(engine)
                touched = backend.repair(engine)
            elif not schema.is_current(engine):
                raise StoreUnavailable("store_not_upgraded")
            weak = backend.weaknesses(engine)
    except BaseException:
        engine.dispose()
        raise
    if touched:
        log.warning("another program had written to %s: indexes made anew", ", ".join(touched))
    if weak:
        log.warning("the server may lose what it acknowledged: %s is off", ", ".join(weak))
    return SqlStore(engine, backend, weak)
