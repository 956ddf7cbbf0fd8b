"""Staff and profiles of grids over time; layers of facilities and thematic zones."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from gridmap.domain.boundaries import ALWAYS
from gridmap.store.backends import backend_of
from gridmap.store.tables import Code, JsonText, RowId

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Tables without geometry.
_PLAIN = ("grid_profile", "feature_layer")
_VALIDITY = "valid_to IS NULL OR valid_to > valid_from"


def upgrade() -> None:
    connection = op.get_bind()
    # who is on duty now has always been, as far as anybody noted
    op.add_column("staff", sa.Column("valid_from", sa.Date(), server_default=ALWAYS.isoformat(), nullable=False))
    if connection.dialect.name == "sqlite":  # adds a constraint only together with its column
        op.execute(f"ALTER TABLE staff ADD COLUMN valid_to DATE CONSTRAINT ck_staff_validity CHECK ({_VALIDITY})")
    else:
        op.add_column("staff", sa.Column("valid_to", sa.Date(), nullable=True))
        op.create_check_constraint(op.f("ck_staff_validity"), "staff", _VALIDITY)
    op.create_table(
        "grid_profile",
        sa.Column("id", RowId, nullable=False),
        sa.Column("set_id", RowId, nullable=False),
        sa.Column("grid_code", Code, nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("floating_residents", sa.Integer(), nullable=True),
        sa.Column("department", Code, nullable=False),
        sa.Column("phone", Code, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("households IS NULL OR households >= 0", name=op.f("ck_grid_profile_households")),
        sa.CheckConstraint(
            "floating_residents IS NULL OR floating_residents >= 0", name=op.f("ck_grid_profile_floating_residents")
        ),
        sa.CheckConstraint(_VALIDITY, name=op.f("ck_grid_profile_validity")),
        sa.ForeignKeyConstraint(
            ["set_id"], ["boundary_set.id"], name=op.f("fk_grid_profile_set_id_boundary_set"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_profile")),
        sa.UniqueConstraint(
            "set_id", "grid_code", "valid_from", name=op.f("uq_grid_profile_set_id_grid_code_valid_from")
        ),
    )
    op.create_table(
        "feature_layer",
        sa.Column("id", RowId, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_layer")),
        sa.UniqueConstraint("name", name=op.f("uq_feature_layer_name")),
    )
    op.create_geospatial_table(
        "feature",
        sa.Column("id", RowId, nullable=False),
        sa.Column("layer_id", RowId, nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("set_name", Code, nullable=True),
        sa.Column("version_number", sa.Integer(), nullable=True),
        sa.Column("grid_code", Code, nullable=True),
        sa.Column("attributes", JsonText(), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False, nullable=False), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'built', 'open')", name=op.f("ck_feature_state")),
        sa.CheckConstraint(_VALIDITY, name=op.f("ck_feature_validity")),
        sa.ForeignKeyConstraint(
            ["layer_id"], ["feature_layer.id"], name=op.f("fk_feature_layer_id_feature_layer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature")),
        sa.UniqueConstraint("layer_id", "code", "valid_from", name=op.f("uq_feature_layer_id_code_valid_from")),
    )
    op.create_geospatial_index("idx_feature_geom", "feature", ["geom"], unique=False, postgresql_using="gist")
    backend_of(connection.engine.url).finish_schema(connection, _PLAIN)


def downgrade() -> None:
    connection = op.get_bind()
    backend_of(connection.engine.url).forget_schema(connection, _PLAIN)
    op.drop_geospatial_index("idx_feature_geom", table_name="feature", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("feature")
    op.drop_table("feature_layer")
    op.drop_table("grid_profile")
    # only who is on duty without end stays
    op.execute("DELETE FROM staff WHERE valid_to IS NOT NULL")
    op.drop_column("staff", "valid_to")
    op.drop_column("staff", "valid_from")
