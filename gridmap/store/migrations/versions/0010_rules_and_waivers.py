"""Rules of size and shape of a set, and signed waivers."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("boundary_set", sa.Column("rules", sa.Text(), nullable=True))
    op.create_table(
        "redraw_waiver",
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("codes", JsonText(), nullable=False),
        sa.Column("seal", Code, nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("author_id", Code, nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["boundary_version.id"],
            name=op.f("fk_redraw_waiver_version_id_boundary_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redraw_waiver")),
    )
    op.create_index(op.f("ix_redraw_waiver_version_id"), "redraw_waiver", ["version_id"])


def downgrade() -> None:
    op.drop_table("redraw_waiver")
    op.drop_column("boundary_set", "rules")
