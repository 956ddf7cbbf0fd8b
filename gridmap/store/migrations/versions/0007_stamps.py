"""A stamp that changes with who answers, and one that changes with who may ask; incidents and fixes change neither."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.migrations import stamps
from gridmap.store.tables import Code, RowId

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revision_stamp",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("subject", Code, nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision_stamp")),
        sa.UniqueConstraint("subject", name=op.f("uq_revision_stamp_subject")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (*stamps.seeds(), *(stamps.sqlite_statements() if sqlite else stamps.postgresql_statements())):
        op.execute(statement)


def downgrade() -> None:
    tables = [table for tables in stamps.SUBJECTS.values() for table in tables]
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(f"DROP TRIGGER stamp_{table} ON {table}")
        op.execute("DROP FUNCTION gridmap_keep_stamp()")
    else:
        for table in tables:
            for event in stamps.EVENTS:
                op.execute(f"DROP TRIGGER stamp_{table}_{event}")
    op.drop_table("revision_stamp")
