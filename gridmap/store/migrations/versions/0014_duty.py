"""Shifts, clocks of devices, and what is kept of patrols once their fixes are gone."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shift",
        sa.Column("id", RowId, nullable=False),
        sa.Column("set_id", RowId, nullable=False),
        sa.Column("unit_id", Code, nullable=False),
        sa.Column("starts_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("codes", JsonText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["boundary_set.id"], name=op.f("fk_shift_set_id_boundary_set"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        sa.UniqueConstraint("set_id", "unit_id", "starts_at", name=op.f("uq_shift_set_id_unit_id_starts_at")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shift_length")),
    )
    op.create_index(op.f("ix_shift_set_id_starts_at"), "shift", ["set_id", "starts_at"])
    op.create_table(
        "unit_clock",
        sa.Column("id", RowId, nullable=False),
        sa.Column("unit_id", Code, nullable=False),
        sa.Column("offset_s", sa.Double(), nullable=True),
        sa.Column("seen", JsonText(), nullable=False),
        sa.Column("until", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_clock")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_unit_clock_unit_id")),
    )
    op.create_table(
        "patrol_day",
        sa.Column("id", RowId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("grid_code", Code, nullable=True),
        sa.Column("version_id", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("visits", "dwells", "passes", "workers")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("minutes", "dwell_minutes", "km")),
        sa.Column("first_at", UtcTime(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.Column("last_dwell_at", UtcTime(), nullable=True),
        sa.Column("hours", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_day")),
    )
    op.create_index(op.f("ix_patrol_day_day_grid_code"), "patrol_day", ["day", "grid_code"])
    op.create_table(
        "patrol_thinned",
        sa.Column("id", RowId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("thinned_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_thinned")),
        sa.UniqueConstraint("day", name=op.f("uq_patrol_thinned_day")),
    )


def downgrade() -> None:
    for table in ("patrol_thinned", "patrol_day", "unit_clock", "shift"):
        op.drop_table(table)
