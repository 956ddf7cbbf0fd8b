"""About where each case is, so that open cases near a place are found whatever was closed around it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_CELL = {
    "postgresql": "floor((ST_Y(i.geom) + 90) / 0.0015)::bigint * 262144 + floor((ST_X(i.geom) + 180) / 0.0015)::bigint",
    "sqlite": "cast((ST_MinY(i.geom) + 90) / 0.0015 as integer) * 262144 "
    "+ cast((ST_MinX(i.geom) + 180) / 0.0015 as integer)",
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("case_file", sa.Column("cell", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        f"update case_file set cell = (select {_CELL[dialect]} from incident i "
        "where i.incident_id = case_file.incident_id)"
    )
    is_open = sa.text("queue_at is not null")
    op.create_index(
        op.f("ix_case_file_cell_reported_at"),
        "case_file",
        ["cell", "reported_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_case_file_cell_reported_at"), table_name="case_file")
    op.drop_column("case_file", "cell")
