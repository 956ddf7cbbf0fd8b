"""The first schema."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from gridmap.store.backends import backend_of
from gridmap.store.migrations.immutable import POSTGRESQL_FUNCTIONS, postgresql_statements, sqlite_statements
from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: Tables without geometry.
_PLAIN = ("boundary_set", "level", "boundary_version", "staff")

_TRIGGERS = {"sqlite": sqlite_statements, "postgresql": postgresql_statements}


def upgrade() -> None:
    connection = op.get_bind()
    backend = backend_of(connection.engine.url)
    backend.prepare_schema(connection)
    op.create_table(
        "boundary_set",
        sa.Column("id", RowId, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_set")),
        sa.UniqueConstraint("name", name=op.f("uq_boundary_set_name")),
    )
    op.create_geospatial_table(
        "context",
        sa.Column("id", RowId, nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False, nullable=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_context")),
    )
    op.create_geospatial_index("idx_context_geom", "context", ["geom"], unique=False, postgresql_using="gist")
    op.create_geospatial_table(
        "incident",
        sa.Column("id", RowId, nullable=False),
        sa.Column("incident_id", Code, nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("category", Code, nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("grid_code", Code, nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("border_m", sa.Double(), nullable=True),
        sa.Column("version_number", sa.Integer(), nullable=True),
        sa.Column(
            "geom", Geometry(geometry_type="POINT", srid=4326, spatial_index=False, nullable=False), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("incident_id", name=op.f("uq_incident_incident_id")),
    )
    op.create_geospatial_index("idx_incident_geom", "incident", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_incident_category_occurred_at"), "incident", ["category", "occurred_at"], unique=False)
    op.create_index(
        op.f("ix_incident_occurred_at_incident_id"), "incident", ["occurred_at", "incident_id"], unique=False
    )
    op.create_geospatial_table(
        "patrol_fix",
        sa.Column("id", RowId, nullable=False),
        sa.Column("unit_id", Code, nullable=False),
        sa.Column("fixed_at", UtcTime(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("grid_code", Code, nullable=True),
        sa.Column(
            "geom", Geometry(geometry_type="POINT", srid=4326, spatial_index=False, nullable=False), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_fix")),
        sa.UniqueConstraint("unit_id", "fixed_at", "geom", name=op.f("uq_patrol_fix_unit_id_fixed_at_geom")),
    )
    op.create_geospatial_index("idx_patrol_fix_geom", "patrol_fix", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_patrol_fix_fixed_at"), "patrol_fix", ["fixed_at"], unique=False)
    op.create_table(
        "boundary_version",
        sa.Column("id", RowId, nullable=False),
        sa.Column("set_id", RowId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'retired')", name=op.f("ck_boundary_version_state")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_boundary_version_validity")),
        sa.ForeignKeyConstraint(["set_id"], ["boundary_set.id"], name=op.f("fk_boundary_version_set_id_boundary_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_version")),
        sa.UniqueConstraint("set_id", "number", name=op.f("uq_boundary_version_set_id_number")),
    )
    op.create_table(
        "level",
        sa.Column("id", RowId, nullable=False),
        sa.Column("set_id", RowId, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tiles_parent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["boundary_set.id"], name=op.f("fk_level_set_id_boundary_set"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_level")),
        sa.UniqueConstraint("set_id", "name", name=op.f("uq_level_set_id_name")),
        sa.UniqueConstraint("set_id", "position", name=op.f("uq_level_set_id_position")),
    )
    op.create_table(
        "staff",
        sa.Column("id", RowId, nullable=False),
        sa.Column("set_id", RowId, nullable=False),
        sa.Column("grid_code", Code, nullable=False),
        sa.Column("role", Code, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("phone", Code, nullable=False),
        sa.Column("department", Code, nullable=False),
        sa.CheckConstraint("role IN ('head', 'worker')", name=op.f("ck_staff_role")),
        sa.ForeignKeyConstraint(
            ["set_id"], ["boundary_set.id"], name=op.f("fk_staff_set_id_boundary_set"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_index(op.f("ix_staff_set_id_grid_code"), "staff", ["set_id", "grid_code"], unique=False)
    op.create_geospatial_table(
        "grid",
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("level", Code, nullable=False),
        sa.Column("level_position", sa.Integer(), nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("parent_code", Code, nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("attributes", JsonText(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.CheckConstraint("households IS NULL OR households >= 0", name=op.f("ck_grid_households")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["boundary_version.id"], name=op.f("fk_grid_version_id_boundary_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid")),
        sa.UniqueConstraint("version_id", "level", "code", name=op.f("uq_grid_version_id_level_code")),
    )
    op.create_geospatial_index("idx_grid_geom", "grid", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        op.f("ix_grid_version_id_level_position_code"), "grid", ["version_id", "level_position", "code"], unique=False
    )
    for statement in _TRIGGERS[connection.dialect.name]():
        op.execute(statement)
    backend.finish_schema(connection, _PLAIN)


def downgrade() -> None:
    connection = op.get_bind()
    backend_of(connection.engine.url).forget_schema(connection, _PLAIN)
    op.drop_index(op.f("ix_grid_version_id_level_position_code"), table_name="grid")
    op.drop_geospatial_index("idx_grid_geom", table_name="grid", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("grid")
    op.drop_index(op.f("ix_staff_set_id_grid_code"), table_name="staff")
    op.drop_table("staff")
    op.drop_table("level")
    op.drop_table("boundary_version")
    op.drop_index(op.f("ix_patrol_fix_fixed_at"), table_name="patrol_fix")
    op.drop_geospatial_index(
        "idx_patrol_fix_geom", table_name="patrol_fix", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("patrol_fix")
    op.drop_index(op.f("ix_incident_occurred_at_incident_id"), table_name="incident")
    op.drop_index(op.f("ix_incident_category_occurred_at"), table_name="incident")
    op.drop_geospatial_index("idx_incident_geom", table_name="incident", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("incident")
    op.drop_geospatial_index("idx_context_geom", table_name="context", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("context")
    op.drop_table("boundary_set")
    if connection.dialect.name == "postgresql":
        for function in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")
