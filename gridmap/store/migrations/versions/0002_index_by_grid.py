"""Indexes that hold what is asked of one grid, so that its rows need not be read."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEXES = {
    "incident": ("ix_incident_grid_code_occurred_at_category", ["grid_code", "occurred_at", "category"]),
    "patrol_fix": ("ix_patrol_fix_grid_code_unit_id_fixed_at", ["grid_code", "unit_id", "fixed_at"]),
}


def upgrade() -> None:
    for table, (name, columns) in _INDEXES.items():
        op.create_index(op.f(name), table, columns, unique=False)


def downgrade() -> None:
    for table, (name, _) in _INDEXES.items():
        op.drop_index(op.f(name), table_name=table)
