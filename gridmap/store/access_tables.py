"""The tables of accounts, of the trail, of events, and of answers that are given again."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.store.tables import Base, Code, RowId, UtcTime


class AccountRow(Base):
    """Somebody, or some program or device, that signs in."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'key', 'device')", name="kind"),
        Index(None, "issuer", "subject", unique=True),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[str] = mapped_column(Code, unique=True)
    kind: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(Code, unique=True)
    title: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime | None] = mapped_column(UtcTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    password_hash: Mapped[str | None] = mapped_column(Text)
    totp_secret: Mapped[str | None] = mapped_column(Text)
    totp_step: Mapped[int] = mapped_column(Integer, server_default="0")
    issuer: Mapped[str | None] = mapped_column(Code)
    subject: Mapped[str | None] = mapped_column(Code)


class GrantRow(Base):
    """A role of an account in an area, in ``[valid_from, valid_to)``; the order of rows is theirs."""

    __tablename__ = "account_grant"
    __table_args__ = (
        Index(None, "owner_id"),
        CheckConstraint("set_name IS NOT NULL OR code IS NULL", name="area"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(Code)
    set_name: Mapped[str | None] = mapped_column(Code)
    code: Mapped[str | None] = mapped_column(Code)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class TokenRow(Base):
    """A session, a key or the token of a device, by its hash."""

    __tablename__ = "account_token"
    __table_args__ = (Index(None, "owner_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Code, unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    begun_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class AttemptRow(Base):
    """Failed attempts to sign in under a name, by the hash of the name."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "last_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(Code, unique=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcTime)


class SecretRow(Base):
    """A small secret of the service."""

    __tablename__ = "service_secret"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(Code, unique=True)
    value: Mapped[str] = mapped_column(Text)


class TrailRow(Base):
    """An act; ``id`` is its number. All but that is text as it was hashed, so that no change of a byte is lost."""

    __tablename__ = "trail"
    __table_args__ = (Index(None, "actor_id", "id"), Index(None, "action", "id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(Code)
    action: Mapped[str] = mapped_column(Code)
    outcome: Mapped[str] = mapped_column(Code)
    actor_id: Mapped[str | None] = mapped_column(Code)
    actor: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)


class TrailHeadRow(Base):
    """The one row that says where the trail ends; whoever adds to the trail holds it."""

    __tablename__ = "trail_head"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(RowId)
    hash: Mapped[str] = mapped_column(Text)


class AnsweredRow(Base):
    """A request that was answered, by the caller and the key that it chose."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("account_id", "key"), Index(None, "at"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[str] = mapped_column(Code)
    key: Mapped[str] = mapped_column(Code)
    route: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)


class EventRow(Base):
    """Something that happened, for those who follow it; ``id`` grows in the order of commits, with holes."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcTime)
    kind: Mapped[str] = mapped_column(Code)
    set_name: Mapped[str | None] = mapped_column(Code)
    code: Mapped[str | None] = mapped_column(Code)
    subject: Mapped[str] = mapped_column(Code)
    count: Mapped[int] = mapped_column(Integer)


class EventMarkRow(Base):
    """The one row that says up to where events were forgotten, and with which key places among them are sealed."""

    __tablename__ = "event_mark"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    forgotten_to: Mapped[int] = mapped_column(RowId)
    key: Mapped[str] = mapped_column(Text)
