"""From when on a case is at risk; which cases had a line of their record on a day."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: Until now the last half hour of every limit was at risk; each next act goes by the table of limits.
_HALF_AN_HOUR_BEFORE = {
    "postgresql": "stage_due_at - interval '30 minutes'",
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%f', stage_due_at, '-30 minutes') || '000Z'",
}


def upgrade() -> None:
    op.add_column("case_file", sa.Column("risk_at", UtcTime(), nullable=True))
    op.execute(
        f"update case_file set risk_at = {_HALF_AN_HOUR_BEFORE[op.get_bind().dialect.name]} "
        "where queue_at is not null and stage_due_at is not null"
    )
    op.create_index(op.f("ix_case_file_risk_at_queue_at"), "case_file", ["risk_at", "queue_at"])
    op.create_index(op.f("ix_case_entry_at_case_id"), "case_entry", ["at", "case_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_case_entry_at_case_id"), table_name="case_entry")
    op.drop_index(op.f("ix_case_file_risk_at_queue_at"), table_name="case_file")
    op.drop_column("case_file", "risk_at")
