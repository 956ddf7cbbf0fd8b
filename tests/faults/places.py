"""Empty databases of both kinds, outside pytest too."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

KINDS = ("geopackage", "postgis")
_NUMBERS = itertools.count()


@contextmanager
def empty(kind: str, folder: Path | None = None, *, template: str = "template0") -> Iterator[str]:
    """Give the URL of a database without tables; it is gone afterwards.

    ``template``: a database of the server to which nobody is connected, and of which this one is a copy.
    """
    if kind == "geopackage":
        room = Path(tempfile.mkdtemp(prefix="gridmap-fault-", dir=folder))
        try:
            yield f"sqlite:///{room}/city.gpkg"
        finally:
            shutil.rmtree(room)
        return
    server = sa.make_url(os.environ["TEST_DATABASE_URL"])
    name = f"faults_{os.getpid()}_{next(_NUMBERS)}"
    admin = sa.create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f'create database "{name}" template "{template}" strategy file_copy')
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'drop database if exists "{name}" with (force)')
        admin.dispose()
