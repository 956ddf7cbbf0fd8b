"""SQLAlchemy 2 and GeoAlchemy2 behind services.ports: one GeoPackage file, or PostGIS."""

from gridmap.store import access_tables as access_tables  # its tables belong to the schema, whoever asks first
from gridmap.store import case_tables as case_tables
from gridmap.store import duty_tables as duty_tables
from gridmap.store import inspection_tables as inspection_tables
from gridmap.store import redraw_tables as redraw_tables
from gridmap.store.engine import SqlStore, open_store
from gridmap.store.schema import check, downgrade, upgrade

__all__ = ["SqlStore", "check", "downgrade", "open_store", "upgrade"]
