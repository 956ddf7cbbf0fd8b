"""On PostgreSQL the index by time holds the place as well, so that a page of a box needs no other row."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME = "ix_incident_occurred_at_incident_id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(op.f(_NAME), table_name="incident")
        op.create_index(op.f(_NAME), "incident", ["occurred_at", "incident_id"], postgresql_include=["geom"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(op.f(_NAME), table_name="incident")
        op.create_index(op.f(_NAME), "incident", ["occurred_at", "incident_id"])
