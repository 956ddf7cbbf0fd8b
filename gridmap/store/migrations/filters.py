"""Which tables Alembic compares: ours, not those of PostGIS, GeoPackage or an R*Tree."""

from typing import Any

from geoalchemy2 import alembic_helpers

_NOT_OURS = ("gpkg_", "rtree_", "idx_", "spatial_ref_sys", "sqlite_")


def include_object(obj: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Tell Alembic whether an object counts."""
    if kind == "table" and (name or "").startswith(_NOT_OURS):
        return False
    return bool(alembic_helpers.include_object(obj, name, kind, reflected, compare_to))  # type: ignore[no-untyped-call]
