"""One transaction over all repositories."""

import sqlite3
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.util import find_tables

from gridmap.services import ports
from gridmap.store.backends import log, translated
from gridmap.store.blobs import Geometries
from gridmap.store.catalogue import Catalogue
from gridmap.store.loading import LOAD_FROM, Load
from gridmap.store.tables import stamp_of

T = TypeVar("T")

#: So often the catalogue is read again while others change it.
_AGAIN = 3


class Work:
    """A transaction that begins at its first statement.

    It reads until the first write. Then, in the embedded store, the read snapshot is given up and the one write lock is
    taken, so that what is decided from there on is decided on the newest state, as PostgreSQL's read committed does.
    """

    def __init__(self, engine: sa.Engine, backend: ModuleType, catalogue: Catalogue | None = None) -> None:
        self.engine = engine
        self.backend = backend
        self._catalogue = catalogue
        self._stamp: str | None = None
        self._connection: sa.Connection | None = None
        self._writing = False
        self._loads: dict[str, Load | None] = {}

    def _open(self, *, writing: bool) -> sa.Connection:
        if self._connection is None:
            self._connection = self.engine.connect()
            if not writing:
                self.backend.begin_reading(self._connection)
        connection = self._connection
        for load in self._loads.values():
            if load is not None:
                load.wait()
        if writing and not self._writing:
            connection.rollback()
            self.backend.begin_writing(connection)
            self._writing = True
            self._stamp = None
        return connection

    def catalogued(self, key: Hashable, read: Callable[[], T]) -> T:
        """Give what is read of sets and versions; what this process read before serves while nobody changed them.

        While it reads, a unit of work sees the catalogue as it was when it first looked; when it writes, as it is.
        """
        if self._catalogue is None:
            return read()
        stamp = self._stamp
        if stamp is None or self._writing:
            stamp = self._read_stamp()
        for _ in range(_AGAIN):
            if (kept := self._catalogue.find(stamp, key)) is not None:
                found: T = kept
                break
            found = read()
            # on a server somebody may have committed in between: what is kept is what stood under the stamp
            before, stamp = stamp, self._read_stamp()
            if stamp == before:
                self._catalogue.keep(stamp, key, found)
                break
        self._stamp = stamp
        return found

    def _read_stamp(self) -> str:
        with translated(self.backend):
            return str(self._open(writing=self._writing).exec_driver_sql(stamp_of("answers")).scalar_one())

    def rows(self, statement: sa.Executable, values: Any = None, *, by_key: bool = False) -> Sequence[Any]:
        """Read rows; ``by_key`` are looked up by the key of their table alone, which a load keeps whole."""
        with translated(self.backend):
            if self._loads and not by_key:
                self._finish_loads(statement)
            return self._open(writing=self._writing).execute(statement, values).all()

    def write(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[Any]:
        """Change rows."""
        with translated(self.backend):
            if self._loads:
                self._finish_loads(statement)
            return self._open(writing=True).execute(statement, values)

    def begin_writing(self) -> None:
        """Take the write lock before deciding what to write."""
        with translated(self.backend):
            self._open(writing=True)

    def begin_load(self, table: sa.Table, rows: int) -> Load | None:
        """Begin writing; where many rows come to a nearly empty table, make it ready for them.

        Returns
        -------
        Load or None
            None where the rows are added as always. Else nobody but this unit of work writes to the table.
        """
        with translated(self.backend):
            fresh = not self._writing
            connection = self._open(writing=True)
            if table.name not in self._loads and rows >= LOAD_FROM:
                self._loads[table.name] = self.backend.begin_load(connection, table, fresh=fresh)
            return self._loads.get(table.name)

    def _finish_loads(self, statement: Any = None) -> None:
        """Make whole the tables that a statement names, or all."""
        named = None if statement is None else {t.name for t in _tables_of(statement)}
        for name, load in self._loads.items():
            if load is not None and (named is None or name in named):
                load.finish()
                self._loads[name] = None

    def insert(self, table: sa.Table, columns: Mapping[str, Sequence[Any]], geometry: Geometries) -> int:
        """Add many rows with geometry; give how many were new."""
        if len(geometry) == 0:
            return 0
        with translated(self.backend):
            load = self._loads.get(table.name)
            if load is not None:
                return load.add(columns, geometry)
            return int(self.backend.insert(self._open(writing=True), table, columns, geometry))

    def after_delete(self, table: sa.Table) -> None:
        """Keep what is known of a table true after rows were taken away."""
        with translated(self.backend):
            self.backend.after_delete(self._open(writing=True), table)

    def commit(self) -> None:
        """Make it last."""
        if self._connection is None:
            return
        with translated(self.backend):
            self._finish_loads()
            self._connection.commit()
        if self._writing:
            self._tidy(self._connection)
        with translated(self.backend):
            self._release()

    def _tidy(self, connection: sa.Connection) -> None:
        """Do what may be done after a commit. Should it fail, nothing is lost: the next commit does it."""
        try:
            self.backend.after_commit(connection)
        except (sqlite3.Error, sa.exc.SQLAlchemyError) as error:
            log.warning("not tidied after a commit: %s", getattr(error, "sqlite_errorname", type(error).__name__))

    def close(self) -> None:
        """Give up what was not committed."""
        if self._connection is not None:
            with translated(self.backend):
                for load in self._loads.values():
                    if load is not None:
                        with suppress(Exception):  # what it was about goes with the transaction
                            load.wait()
                self._connection.rollback()
                for load in self._loads.values():
                    if load is not None:
                        load.undo(self._connection)
                self._release()

    def _release(self) -> None:
        self._loads = {}
        self._stamp = None
        connection, self._connection, self._writing = self._connection, None, False
        if connection is not None:
            connection.close()


def _tables_of(statement: Any) -> list[sa.Table]:
    found = find_tables(statement, check_columns=True, include_crud=True)
    return [table for table in found if isinstance(table, sa.Table)]


class SqlUnitOfWork:
    """One transaction over all repositories (``services.ports.UnitOfWork``)."""

    def __init__(self, engine: sa.Engine, backend: ModuleType, catalogue: Catalogue | None = None) -> None:
        from gridmap.store.accounts import Accounts
        from gridmap.store.books import Books, Places
        from gridmap.store.boundaries import Boundaries
        from gridmap.store.cases import Cases
        from gridmap.store.context import Context
        from gridmap.store.duty import Duty
        from gridmap.store.events import Events
        from gridmap.store.features import Features
        from gridmap.store.idempotency import Idempotency
        from gridmap.store.incidents import Incidents
        from gridmap.store.inspections import Inspections
        from gridmap.store.patrol_days import PatrolDays
        from gridmap.store.patrols import Patrols
        from gridmap.store.people import Profiles, Staff
        from gridmap.store.redraw import Redraw
        from gridmap.store.trail import Trail

        self._work = Work(engine, backend, catalogue)
        self.boundaries: ports.BoundaryRepository = Boundaries(self._work)
        self.staff: ports.StaffRepository = Staff(self._work)
        self.profiles: ports.ProfileRepository = Profiles(self._work)
        self.incidents: ports.IncidentRepository = Incidents(self._work)
        self.patrols: ports.PatrolRepository = Patrols(self._work)
        self.context: ports.ContextRepository = Context(self._work)
        self.features: ports.FeatureRepository = Features(self._work)
        self.accounts: ports.AccountRepository = Accounts(self._work)
        self.trail: ports.TrailRepository = Trail(self._work)
        self.events: ports.EventRepository = Events(self._work)
        self.idempotency: ports.IdempotencyRepository = Idempotency(self._work)
        self.redraw: ports.RedrawRepository = Redraw(self._work)
        self.cases: ports.CaseRepository = Cases(self._work)
        self.books: ports.BookRepository = Books(self._work)
        self.places: ports.PlaceRepository = Places(self._work)
        self.duty: ports.DutyRepository = Duty(self._work)
        self.patrol_days: ports.DaySumRepository = PatrolDays(self._work)
        self.inspections: ports.InspectionRepository = Inspections(self._work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._work.close()

    def commit(self) -> None:
        """Make everything written here last; a later call begins a new transaction."""
        self._work.commit()
