"""The schema's revisions: upgrade, check and downgrade, by Alembic, on both stores.

Opening a store that is current needs no Alembic: the names of the scripts say which revisions there are.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.store.backends import backend_of, parse_url, translated
from gridmap.store.tables import Base

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "head"

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # Alembic reads "%" in an option as a reference.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


@cache
def revisions() -> tuple[str, ...]:
    """Give all revisions of the schema, oldest first: ``0001_initial_schema.py`` is revision 0001."""
    return tuple(sorted(path.name.split("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*_*.py")))


def revision_of(engine: sa.Engine) -> str | None:
    """Give the revision of a database; None where it is empty."""
    with engine.connect() as connection:
        return revision_in(connection)


def revision_in(connection: sa.Connection) -> str | None:
    """Give the revision that a connection sees; None where the database is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar()


def is_current(engine: sa.Engine) -> bool:
    """Tell whether a database has exactly the tables of this program."""
    return revision_of(engine) == revisions()[-1]


def require_known(engine: sa.Engine) -> None:
    """Check that a database is not of a newer program (StoreUnavailable ``store_newer``)."""
    revision = revision_of(engine)
    if revision is not None and revision not in revisions():
        raise StoreUnavailable("store_newer")


def migrate(engine: sa.Engine, step: Callable[["Config"], Any]) -> None:
    """Run an Alembic command in one transaction that excludes all other writers."""
    backend = backend_of(engine.url)
    with engine.connect().execution_options(gridmap_begin=backend.BEGIN_WRITING) as connection, connection.begin():
        backend.lock_schema(connection)
        run_within(connection, step)


def run_within(connection: sa.Connection, step: Callable[["Config"], Any]) -> None:
    """Run an Alembic command inside the transaction of a connection."""
    config = _config()
    config.attributes["connection"] = connection
    step(config)


def upgrade_engine(engine: sa.Engine) -> None:
    """Bring an open database to the newest revision."""
    if not is_current(engine):
        from alembic import command

        migrate(engine, lambda config: command.upgrade(config, HEAD))


def _with_engine(url: str, work: Callable[[sa.Engine], Any]) -> Any:
    parsed = parse_url(url)
    backend = backend_of(parsed)
    backend.probe(parsed)
    engine = backend.make_engine(parsed, 5.0)
    try:
        with translated(backend):
            require_known(engine)
            return work(engine)
    finally:
        engine.dispose()


def upgrade(url: str) -> tuple[str | None, str]:
    """Create the schema at a URL, or bring it to the newest revision; give the revision before (None: new) and now."""

    def work(engine: sa.Engine) -> tuple[str | None, str]:
        before = revision_of(engine)
        upgrade_engine(engine)
        return before, revisions()[-1]

    found: tuple[str | None, str] = _with_engine(url, work)
    return found


def upgrade_within(connection: sa.Connection) -> None:
    """Bring a database to the newest revision inside the transaction of a connection."""
    from alembic import command

    run_within(connection, lambda config: command.upgrade(config, HEAD))


def downgrade(url: str, revision: str = "base") -> None:
    """Take the schema back to a revision; ``base`` removes all tables."""
    from alembic import command

    _with_engine(url, lambda engine: migrate(engine, lambda config: command.downgrade(config, revision)))


def check(url: str) -> list[str]:
    """Compare the schema at a URL with the models; give the differences, none when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from gridmap.store.migrations.filters import include_object

    def compare(engine: sa.Engine) -> list[str]:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"include_object": include_object, "compare_type": True}
            )
            return [str(difference) for difference in compare_metadata(context, Base.metadata)]

    found: list[str] = _with_engine(url, compare)
    return found
