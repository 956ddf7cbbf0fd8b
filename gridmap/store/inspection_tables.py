"""Tables of checks of objects and of draws of samples."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.store.tables import Base, Code, JsonText, RowId, UtcTime


class CheckRow(Base):
    """Somebody looked at an object (``domain.inspections.Check``)."""

    __tablename__ = "inspection_check"
    __table_args__ = (
        UniqueConstraint("layer_id", "code", "at"),
        CheckConstraint("outcome IN ('seen', 'complete', 'finding')", name="outcome"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("feature_layer.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(Code)
    at: Mapped[datetime] = mapped_column(UtcTime)
    checked_on: Mapped[date] = mapped_column(Date)
    outcome: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Code)
    #: No foreign key: what was seen stays when an account goes.
    account_id: Mapped[str | None] = mapped_column(Code)


class DrawRow(Base):
    """A sample that was drawn (``domain.inspections.RecordedDraw``)."""

    __tablename__ = "inspection_draw"
    __table_args__ = (UniqueConstraint("layer_id", "seed"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("feature_layer.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(UtcTime)
    seed: Mapped[str] = mapped_column(Code)
    list_sha256: Mapped[str] = mapped_column(Text)
    ids: Mapped[list[str]] = mapped_column(JsonText)
    chosen: Mapped[list[str]] = mapped_column(JsonText)
    account_id: Mapped[str | None] = mapped_column(Code)
    author: Mapped[str] = mapped_column(Text)
