"""The tables of drafts that are redrawn."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Double, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.store.tables import Base, Code, JsonText, RowId, UtcTime


class RedrawEntryRow(Base):
    """One edit of a draft. ``edit`` and ``change`` as ``redraw_codec`` writes them."""

    __tablename__ = "redraw_entry"
    __table_args__ = (UniqueConstraint("version_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_version.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    author_id: Mapped[str | None] = mapped_column(Code)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    verb: Mapped[str] = mapped_column(Code)
    undoes: Mapped[int | None] = mapped_column(Integer)
    seen: Mapped[int] = mapped_column(Integer)
    codes: Mapped[list[str]] = mapped_column(JsonText)
    edit: Mapped[str] = mapped_column(Text)
    change: Mapped[str] = mapped_column(Text)
    #: ``content_hash`` of the draft before this entry; that before the first one is of all it said.
    hash_before: Mapped[str] = mapped_column(Text)


class RedrawMarkRow(Base):
    """A lock or a comment that is pinned to a draft."""

    __tablename__ = "redraw_mark"
    __table_args__ = (
        Index(None, "version_id"),
        CheckConstraint("kind IN ('grid', 'edge', 'area', 'comment')", name="kind"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_version.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Code)
    author_id: Mapped[str | None] = mapped_column(Code)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    code: Mapped[str | None] = mapped_column(Code)
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    lon2: Mapped[float | None] = mapped_column(Double)
    lat2: Mapped[float | None] = mapped_column(Double)
    text: Mapped[str] = mapped_column(Text)


class RedrawWaiverRow(Base):
    """Somebody signed for a warning, or took that back; rows are only added, their order is that of time."""

    __tablename__ = "redraw_waiver"
    __table_args__ = (Index(None, "version_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_version.id", ondelete="CASCADE"))
    rule: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[str]] = mapped_column(JsonText)
    seal: Mapped[str] = mapped_column(Code)
    signed: Mapped[bool] = mapped_column(Boolean)
    author_id: Mapped[str | None] = mapped_column(Code)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text)


class RedrawStepRow(Base):
    """A draft was submitted, sent back or approved; the order of rows is that of time."""

    __tablename__ = "redraw_step"
    __table_args__ = (
        Index(None, "version_id"),
        CheckConstraint("state IN ('open', 'submitted', 'approved')", name="state"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_version.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(Code)
    author_id: Mapped[str | None] = mapped_column(Code)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    revision: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
