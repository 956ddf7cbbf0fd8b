"""Drafts, lineage, levels that say more, the version beside each owner, and points as grids."""

import sqlite3
from typing import Any

import sqlalchemy as sa
from alembic import op

from gridmap.errors import StoreUnavailable
from gridmap.store import rtree
from gridmap.store.backends import backend_of
from gridmap.store.blobs import decode
from gridmap.store.migrations import history, immutable
from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _columns() -> dict[str, list[sa.Column[Any]]]:
    """Give the new columns; a column belongs to one table, so they are made anew each time."""
    return {
        "boundary_set": [
            sa.Column("code_scheme", sa.Text(), nullable=True),
            sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
            sa.Column("next_number", sa.Integer(), server_default="1", nullable=False),
        ],
        "level": [
            sa.Column("shapes", sa.Text(), server_default="area", nullable=False),
            sa.Column("contiguous", sa.Boolean(), server_default=sa.false(), nullable=False),
            sa.Column("required", JsonText(), server_default="[]", nullable=False),
        ],
        "boundary_version": [
            sa.Column("based_on", sa.Integer(), nullable=True),
            sa.Column("published_at", UtcTime(), nullable=True),
            sa.Column("revision", sa.Integer(), nullable=True),
        ],
        "grid": [sa.Column("kind", sa.Text(), nullable=True)],
        "incident": [sa.Column("version_id", sa.Integer(), nullable=True)],
        "patrol_fix": [sa.Column("version_id", sa.Integer(), nullable=True)],
    }


_INDEXES = {
    "incident": ("ix_incident_grid_code_occurred_at_category", ["grid_code", "occurred_at", "category"]),
    "patrol_fix": ("ix_patrol_fix_grid_code_unit_id_fixed_at", ["grid_code", "unit_id", "fixed_at"]),
}

_LINEAGE_INDEXES = (
    ("ix_lineage_version_id_level_position", ["version_id", "level_position"]),
    ("ix_lineage_old_code", ["old_code"]),
    ("ix_lineage_new_code", ["new_code"]),
)


def upgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    _drop_indexes("")
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    _retype_grids("GEOMETRY")
    # of an earlier store nobody wrote down which set was asked: it is the one whose version holds that grid
    op.execute(
        "UPDATE incident SET version_id = (SELECT min(v.id) FROM boundary_version v JOIN grid g ON g.version_id = v.id "
        "WHERE v.number = incident.version_number AND g.code = incident.grid_code) WHERE grid_code IS NOT NULL"
    )
    op.execute(
        "UPDATE boundary_set SET "
        "next_number = 1 + coalesce((SELECT max(number) FROM boundary_version v WHERE v.set_id = boundary_set.id), 0), "
        "revision = (SELECT count(*) FROM boundary_version v WHERE v.set_id = boundary_set.id)"
    )
    op.execute("UPDATE boundary_version SET revision = number")
    op.drop_column("incident", "version_number")
    _make_indexes("_version_id")
    op.create_table(
        "lineage",
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("level", Code, nullable=False),
        sa.Column("level_position", sa.Integer(), nullable=False),
        sa.Column("old_code", Code, nullable=True),
        sa.Column("new_code", Code, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("old_share", sa.Double(), nullable=True),
        sa.Column("new_share", sa.Double(), nullable=True),
        sa.Column("households", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["boundary_version.id"], name=op.f("fk_lineage_version_id_boundary_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
    )
    for name, indexed in _LINEAGE_INDEXES:
        op.create_index(op.f(name), "lineage", indexed, unique=False)
    for statement in history.sqlite_statements() if sqlite else history.postgresql_statements():
        op.execute(statement)
    backend_of(connection.engine.url).finish_schema(connection, ("lineage",))


def downgrade() -> None:
    connection = op.get_bind()
    if any(kind != "MULTIPOLYGON" for kind in _kinds(connection)):
        raise StoreUnavailable("store_holds_points")  # the earlier schema has no place for them
    sqlite = connection.dialect.name == "sqlite"
    backend_of(connection.engine.url).forget_schema(connection, ("lineage",))
    op.drop_table("lineage")
    if sqlite:
        for name in ("version_apart_insert", "version_apart_update", "version_published_update"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute(f"ALTER TABLE boundary_version DROP CONSTRAINT {history.APART}")
        op.execute("DROP TRIGGER version_apart ON boundary_version")
        op.execute("DROP FUNCTION gridmap_keep_apart()")
        op.execute(immutable.postgresql_keep_version())
    _drop_indexes("_version_id")
    op.add_column("incident", sa.Column("version_number", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE incident SET version_number = "
        "(SELECT v.number FROM boundary_version v WHERE v.id = incident.version_id)"
    )
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
    _retype_grids("MULTIPOLYGON")
    if sqlite:
        op.execute(next(s for s in immutable.sqlite_statements() if "version_published_update" in s))
    _make_indexes("")


def _kinds(connection: sa.Connection) -> set[str]:
    """Give the types of the shapes of all grids, in capitals."""
    if connection.dialect.name == "postgresql":
        return set(connection.exec_driver_sql("SELECT DISTINCT GeometryType(geom) FROM grid").scalars())
    found: set[str] = set()
    rows = connection.exec_driver_sql("SELECT geom FROM grid")
    while batch := rows.fetchmany(20_000):
        found |= {shape.geom_type.upper() for shape in decode([row[0] for row in batch])}
    return found


def _drop_indexes(suffix: str) -> None:
    for table, (name, _) in _INDEXES.items():
        op.drop_index(op.f(name + suffix), table_name=table)


def _make_indexes(suffix: str) -> None:
    for table, (name, columns) in _INDEXES.items():
        op.create_index(op.f(name + suffix), table, columns + (["version_id"] if suffix else []), unique=False)


def _retype_grids(kind: str) -> None:
    """Declare another type of geometry for grids; SQLite needs a new table for that."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE grid ALTER COLUMN geom TYPE geometry({kind}, 4326)")
        return
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    other = "MULTIPOLYGON" if kind == "GEOMETRY" else "GEOMETRY"
    made = raw.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'grid' AND sql IS NOT NULL").fetchall()
    (table,) = (sql for what, sql in made if what == "table")
    rtree.drop(raw, "grid", "geom")
    renamed = table.replace("TABLE grid", "TABLE grid_new", 1).replace('TABLE "grid"', "TABLE grid_new", 1)
    raw.execute(renamed.replace(f"geom {other}", f"geom {kind}", 1))
    raw.execute("INSERT INTO grid_new SELECT * FROM grid")
    raw.execute("DROP TABLE grid")
    raw.execute("ALTER TABLE grid_new RENAME TO grid")
    for what, sql in made:
        if what == "index" or (what == "trigger" and "rtree_grid_geom" not in sql):
            raw.execute(sql)
    raw.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = ? WHERE table_name = 'grid'", (kind,))
    rtree.rebuild(raw, "grid", "geom")
