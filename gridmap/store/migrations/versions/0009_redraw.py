"""Drafts that are redrawn: the log of edits, locks and comments, and the steps on the way to being published."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redraw_entry",
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", Code, nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("verb", Code, nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("codes", JsonText(), nullable=False),
        sa.Column("edit", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("hash_before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["boundary_version.id"],
            name=op.f("fk_redraw_entry_version_id_boundary_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redraw_entry")),
        sa.UniqueConstraint("version_id", "number", name=op.f("uq_redraw_entry_version_id_number")),
    )
    op.create_table(
        "redraw_mark",
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("author_id", Code, nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("code", Code, nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon2", sa.Double(), nullable=True),
        sa.Column("lat2", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('grid', 'edge', 'area', 'comment')", name=op.f("ck_redraw_mark_kind")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["boundary_version.id"],
            name=op.f("fk_redraw_mark_version_id_boundary_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redraw_mark")),
    )
    op.create_index(op.f("ix_redraw_mark_version_id"), "redraw_mark", ["version_id"])
    op.create_table(
        "redraw_step",
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("state", Code, nullable=False),
        sa.Column("author_id", Code, nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'submitted', 'approved')", name=op.f("ck_redraw_step_state")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["boundary_version.id"],
            name=op.f("fk_redraw_step_version_id_boundary_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redraw_step")),
    )
    op.create_index(op.f("ix_redraw_step_version_id"), "redraw_step", ["version_id"])


def downgrade() -> None:
    for table in ("redraw_step", "redraw_mark", "redraw_entry"):
        op.drop_table(table)
