"""Cases and their record, the data their work goes by, and places that have a name."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import Code, JsonText, RowId, UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", RowId, nullable=False),
        sa.Column("incident_id", Code, nullable=False),
        sa.Column("status", Code, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("component", Code, nullable=True),
        sa.Column("photos", JsonText(), nullable=False),
        sa.Column("reporter", Code, nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("proposed", Code, nullable=True),
        sa.Column("rule", Code, nullable=True),
        sa.Column("handling_limit", sa.Text(), nullable=True),
        sa.Column("unit", Code, nullable=True),
        sa.Column("reported_at", UtcTime(), nullable=False),
        *(
            sa.Column(name, UtcTime(), nullable=True)
            for name in (
                "filed_at",
                "dispatched_at",
                "handled_at",
                "closed_at",
                "due_at",
                "stage_due_at",
                "queue_at",
            )
        ),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("extensions", "returns", "reworks")),
        sa.Column("appealed", sa.Boolean(), nullable=False),
        sa.Column("merged_into", Code, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("incident_id", name=op.f("uq_case_file_incident_id")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_case_file_version")),
    )
    op.create_index(op.f("ix_case_file_queue_at_id_status"), "case_file", ["queue_at", "id", "status"])
    op.create_index(op.f("ix_case_file_reported_at_id"), "case_file", ["reported_at", "id"])
    op.create_index(op.f("ix_case_file_unit_queue_at"), "case_file", ["unit", "queue_at"])
    op.create_table(
        "case_entry",
        sa.Column("id", RowId, nullable=False),
        sa.Column("case_id", RowId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", Code, nullable=False),
        sa.Column("actor_id", Code, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("role", Code, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("names", Code, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_case_entry_case_id_case_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_entry")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_case_entry_case_id_number")),
    )
    op.create_table(
        "case_book",
        sa.Column("id", RowId, nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("imported_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_book")),
        sa.UniqueConstraint("kind", "valid_from", name=op.f("uq_case_book_kind_valid_from")),
    )
    op.create_table(
        "place",
        sa.Column("id", RowId, nullable=False),
        sa.Column("code", Code, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("aliases", JsonText(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("code", name=op.f("uq_place_code")),
    )


def downgrade() -> None:
    for table in ("place", "case_book", "case_entry", "case_file"):
        op.drop_table(table)
