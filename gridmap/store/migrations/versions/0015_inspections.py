"""Checks of objects that are inspected in a cycle, and samples drawn to check some again."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inspection_check",
        sa.Column("id", RowId, nullable=False),
        sa.Column("layer_id", RowId, nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", Code, nullable=False),
        sa.Column("account_id", Code, nullable=True),
        sa.ForeignKeyConstraint(
            ["layer_id"],
            ["feature_layer.id"],
            name=op.f("fk_inspection_check_layer_id_feature_layer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_check")),
        sa.UniqueConstraint("layer_id", "code", "at", name=op.f("uq_inspection_check_layer_id_code_at")),
        sa.CheckConstraint("outcome IN ('seen', 'complete', 'finding')", name=op.f("ck_inspection_check_outcome")),
    )
    op.create_table(
        "inspection_draw",
        sa.Column("id", RowId, nullable=False),
        sa.Column("layer_id", RowId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("seed", Code, nullable=False),
        sa.Column("list_sha256", sa.Text(), nullable=False),
        sa.Column("ids", JsonText(), nullable=False),
        sa.Column("chosen", JsonText(), nullable=False),
        sa.Column("account_id", Code, nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["layer_id"],
            ["feature_layer.id"],
            name=op.f("fk_inspection_draw_layer_id_feature_layer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_draw")),
        sa.UniqueConstraint("layer_id", "seed", name=op.f("uq_inspection_draw_layer_id_seed")),
    )


def downgrade() -> None:
    for table in ("inspection_draw", "inspection_check"):
        op.drop_table(table)
