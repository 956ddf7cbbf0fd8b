"""Who an account is at the identity service of the city; and what happened, for those who follow it."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import Code, RowId, UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("issuer", Code, nullable=True))
    op.add_column("account", sa.Column("subject", Code, nullable=True))
    op.create_index(op.f("ix_account_issuer_subject"), "account", ["issuer", "subject"], unique=True)
    op.create_table(
        "event",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("set_name", Code, nullable=True),
        sa.Column("code", Code, nullable=True),
        sa.Column("subject", Code, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_table(
        "event_mark",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("forgotten_to", RowId, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_mark_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_mark")),
    )


def downgrade() -> None:
    op.drop_table("event_mark")
    op.drop_table("event")
    op.drop_index(op.f("ix_account_issuer_subject"), table_name="account")
    op.drop_column("account", "subject")
    op.drop_column("account", "issuer")
