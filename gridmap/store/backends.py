"""Which module serves which database, and one way for a driver's error to become ours."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import psycopg
import sqlalchemy as sa
from sqlalchemy import exc

from gridmap.errors import Conflict, StoreUnavailable
from gridmap.store import geopackage, postgis

log = logging.getLogger("gridmap.store")


def parse_url(url: str) -> sa.URL:
    """Read an SQLAlchemy URL of a supported store.

    Raises
    ------
    StoreUnavailable
        ``store_url``.
    """
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):
        raise StoreUnavailable("store_url") from None
    if parsed.drivername not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise StoreUnavailable("store_url")
    return parsed


def backend_of(url: sa.URL) -> ModuleType:
    """Choose the module for a URL: ``geopackage`` or ``postgis``."""
    return geopackage if url.get_backend_name() == "sqlite" else postgis


@contextmanager
def translated(backend: ModuleType) -> Iterator[None]:
    """Turn what SQLAlchemy or a driver raises into our errors; neither SQL nor values nor passwords go along.

    Raises
    ------
    Conflict
        ``store_refused``: a rule of the database stands against it, such as a key that is there already.
    StoreUnavailable
        Everything else, by the driver's error code.
    """
    try:
        yield
    except exc.TimeoutError:
        raise StoreUnavailable("store_busy") from None
    except UnicodeDecodeError:  # a text that is not UTF-8: nothing of ours wrote it
        raise StoreUnavailable("store_damaged") from None
    except (exc.SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
        log.warning("database error: %s %s", type(cause).__name__, name or "")
        if isinstance(cause, sqlite3.IntegrityError | psycopg.IntegrityError):
            raise Conflict("store_refused") from None
        raise StoreUnavailable(backend.code_of(cause)) from None
