"""Accounts with their grants and tokens, the trail of who did what, and answers that are given again."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.migrations import kept_trail
from gridmap.store.tables import Code, RowId, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "account", "account_grant", "account_token", "sign_in_attempt", "service_secret", "trail", "trail_head",
    "idempotency",
)  # fmt: skip


def upgrade() -> None:
    # in a GeoPackage these stay off its list of contents: other programs have nothing to look for in them
    op.create_table(
        "account",
        sa.Column("id", RowId, nullable=False),
        sa.Column("account_id", Code, nullable=False),
        sa.Column("kind", Code, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=True),
        sa.Column("disabled_at", UtcTime(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('person', 'key', 'device')", name=op.f("ck_account_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("account_id", name=op.f("uq_account_account_id")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "account_grant",
        sa.Column("id", RowId, nullable=False),
        sa.Column("owner_id", RowId, nullable=False),
        sa.Column("role", Code, nullable=False),
        sa.Column("set_name", Code, nullable=True),
        sa.Column("code", Code, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("set_name IS NOT NULL OR code IS NULL", name=op.f("ck_account_grant_area")),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_account_grant_owner_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_grant")),
    )
    op.create_index(op.f("ix_account_grant_owner_id"), "account_grant", ["owner_id"])
    op.create_table(
        "account_token",
        sa.Column("id", RowId, nullable=False),
        sa.Column("token_hash", Code, nullable=False),
        sa.Column("owner_id", RowId, nullable=False),
        sa.Column("begun_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("seen_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_account_token_owner_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_token_token_hash")),
    )
    op.create_index(op.f("ix_account_token_owner_id"), "account_token", ["owner_id"])
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", RowId, nullable=False),
        sa.Column("key", Code, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
        sa.UniqueConstraint("key", name=op.f("uq_sign_in_attempt_key")),
    )
    op.create_index(op.f("ix_sign_in_attempt_last_at"), "sign_in_attempt", ["last_at"])
    op.create_table(
        "service_secret",
        sa.Column("id", RowId, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_secret")),
        sa.UniqueConstraint("name", name=op.f("uq_service_secret_name")),
    )
    op.create_table(
        "trail",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("at", Code, nullable=False),
        sa.Column("action", Code, nullable=False),
        sa.Column("outcome", Code, nullable=False),
        sa.Column("actor_id", Code, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail")),
    )
    op.create_index(op.f("ix_trail_actor_id_id"), "trail", ["actor_id", "id"])
    op.create_index(op.f("ix_trail_action_id"), "trail", ["action", "id"])
    op.create_table(
        "trail_head",
        sa.Column("id", RowId, autoincrement=False, nullable=False),
        sa.Column("number", RowId, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_trail_head_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_head")),
    )
    op.create_table(
        "idempotency",
        sa.Column("id", RowId, nullable=False),
        sa.Column("account_id", Code, nullable=False),
        sa.Column("key", Code, nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_idempotency_account_id_key")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in kept_trail.sqlite_statements() if sqlite else kept_trail.postgresql_statements():
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION gridmap_keep_trail()")
