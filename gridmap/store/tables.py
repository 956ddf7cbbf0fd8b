"""The tables of both stores, as SQLAlchemy 2 and GeoAlchemy2 models.

Every geometry is in EPSG:4326, lon/lat. Text that is compared or sorted collates by Unicode code point: SQLite does so
by itself, PostgreSQL is told to (``COLLATE "C"``).
"""

import json
from datetime import UTC, date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from geoalchemy2.types import _DummyGeometry
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Connection,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

SRID = 4326

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: GeoPackage wants an INTEGER row id; PostgreSQL gets 64 bits.
RowId = BigInteger().with_variant(Integer(), "sqlite")

#: Text compared and sorted by code point on both stores.
Code = Text().with_variant(Text(collation="C"), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """An instant. PostgreSQL: ``timestamptz``; SQLite: ISO 8601 text of one fixed width, so that text order is time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return sqlite.DATETIME(  # type: ignore[no-untyped-call]
                storage_format=(
                    "%(year)04d-%(month)02d-%(day)02dT%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06dZ"
                ),
                regexp=r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?Z?",
            )
        return DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON object or array; plain TEXT in SQLite, because GDAL reads no JSON column."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else JSON()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None or dialect.name != "sqlite" else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if isinstance(value, str) else value


class Base(DeclarativeBase):
    """Where the models register."""

    metadata = MetaData(naming_convention=NAMES)


class BoundarySetRow(Base):
    """A named family of areas."""

    __tablename__ = "boundary_set"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(Code, unique=True)
    title: Mapped[str] = mapped_column(Text)
    code_scheme: Mapped[str | None] = mapped_column(Text)
    #: The rulebook as JSON; none where sizes and shapes are not asked for.
    rules: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, server_default="0")
    #: Number of the next version; kept here so that none is ever given twice.
    next_number: Mapped[int] = mapped_column(Integer, server_default="1")


class LevelRow(Base):
    """One storey of a set; ``position`` 0 is the coarsest."""

    __tablename__ = "level"
    __table_args__ = (UniqueConstraint("set_id", "name"), UniqueConstraint("set_id", "position"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Code)
    position: Mapped[int] = mapped_column(Integer)
    tiles_parent: Mapped[bool] = mapped_column(Boolean)
    shapes: Mapped[str] = mapped_column(Text, server_default="area")
    contiguous: Mapped[bool] = mapped_column(Boolean, server_default=false())
    required: Mapped[list[str]] = mapped_column(JsonText, server_default="[]")


class VersionRow(Base):
    """One edition of a set, in force in ``[valid_from, valid_to)``."""

    __tablename__ = "boundary_version"
    __table_args__ = (
        UniqueConstraint("set_id", "number"),
        CheckConstraint("state IN ('draft', 'published', 'retired')", name="state"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    content_hash: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    based_on: Mapped[int | None] = mapped_column(Integer)
    published_at: Mapped[datetime | None] = mapped_column(UtcTime)
    #: Revision of the set right after this version was published or withdrawn.
    revision: Mapped[int | None] = mapped_column(Integer)


class GridRow(Base):
    """A grid or area of a version. ``level_position`` is the level's place in the set when the version was made."""

    __tablename__ = "grid"
    __table_args__ = (
        UniqueConstraint("version_id", "level", "code"),
        Index(None, "version_id", "level_position", "code"),
        CheckConstraint("households IS NULL OR households >= 0", name="households"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_version.id"))
    level: Mapped[str] = mapped_column(Code)
    level_position: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Code)
    name: Mapped[str | None] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Code)
    kind: Mapped[str | None] = mapped_column(Text)
    households: Mapped[int | None] = mapped_column(Integer)
    attributes: Mapped[dict[str, Any]] = mapped_column(JsonText)
    area_m2: Mapped[float] = mapped_column(Double)
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=SRID, nullable=False))


class LineageRow(Base):
    """One edge of the graph of which grid of a version came from which of the version before it in time."""

    __tablename__ = "lineage"
    __table_args__ = (
        Index(None, "version_id", "level_position"),
        Index(None, "old_code"),
        Index(None, "new_code"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_version.id"))
    level: Mapped[str] = mapped_column(Code)
    level_position: Mapped[int] = mapped_column(Integer)
    old_code: Mapped[str | None] = mapped_column(Code)
    new_code: Mapped[str | None] = mapped_column(Code)
    kind: Mapped[str] = mapped_column(Text)
    area_m2: Mapped[float] = mapped_column(Double)
    old_share: Mapped[float | None] = mapped_column(Double)
    new_share: Mapped[float | None] = mapped_column(Double)
    households: Mapped[float | None] = mapped_column(Double)


class StaffRow(Base):
    """Somebody on duty for a grid code of a set, in ``[valid_from, valid_to)``."""

    __tablename__ = "staff"
    __table_args__ = (
        Index(None, "set_id", "grid_code"),
        CheckConstraint("role IN ('head', 'worker')", name="role"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id", ondelete="CASCADE"))
    grid_code: Mapped[str] = mapped_column(Code)
    role: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(Code)
    phone: Mapped[str] = mapped_column(Code)
    department: Mapped[str] = mapped_column(Code)
    valid_from: Mapped[date] = mapped_column(Date, server_default="0001-01-01")
    valid_to: Mapped[date | None] = mapped_column(Date)


class ProfileRow(Base):
    """What is known of the people of a grid code of a set, in ``[valid_from, valid_to)``."""

    __tablename__ = "grid_profile"
    __table_args__ = (
        UniqueConstraint("set_id", "grid_code", "valid_from"),
        CheckConstraint("households IS NULL OR households >= 0", name="households"),
        CheckConstraint("floating_residents IS NULL OR floating_residents >= 0", name="floating_residents"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id", ondelete="CASCADE"))
    grid_code: Mapped[str] = mapped_column(Code)
    households: Mapped[int | None] = mapped_column(Integer)
    floating_residents: Mapped[int | None] = mapped_column(Integer)
    department: Mapped[str] = mapped_column(Code)
    phone: Mapped[str] = mapped_column(Code)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class FeatureLayerRow(Base):
    """A named kind of facilities or thematic zones."""

    __tablename__ = "feature_layer"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(Code, unique=True)
    title: Mapped[str] = mapped_column(Text)


class FeatureRow(Base):
    """A facility or zone as it is in ``[valid_from, valid_to)``, with its owner of the first of these days."""

    __tablename__ = "feature"
    __table_args__ = (
        UniqueConstraint("layer_id", "code", "valid_from"),
        CheckConstraint("state IN ('planned', 'built', 'open')", name="state"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("feature_layer.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(Code)
    name: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    set_name: Mapped[str | None] = mapped_column(Code)
    version_number: Mapped[int | None] = mapped_column(Integer)
    grid_code: Mapped[str | None] = mapped_column(Code)
    attributes: Mapped[dict[str, Any]] = mapped_column(JsonText)
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=SRID, nullable=False))


class IncidentRow(Base):
    """What happened, and the responsibility of its day."""

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("incident_id"),
        Index(None, "occurred_at", "incident_id", postgresql_include=["geom"]),
        Index(None, "category", "occurred_at"),
        Index(None, "grid_code", "occurred_at", "category", "version_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    incident_id: Mapped[str] = mapped_column(Code)
    occurred_at: Mapped[datetime] = mapped_column(UtcTime)
    category: Mapped[str] = mapped_column(Code)
    channel: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    grid_code: Mapped[str | None] = mapped_column(Code)
    method: Mapped[str | None] = mapped_column(Text)
    border_m: Mapped[float | None] = mapped_column(Double)
    #: No foreign key: a version that was published cannot go, and to ask for each of a million rows is dear.
    version_id: Mapped[int | None] = mapped_column(Integer)
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=SRID, nullable=False))


class FixRow(Base):
    """One point of a patrol."""

    __tablename__ = "patrol_fix"
    __table_args__ = (
        UniqueConstraint("unit_id", "fixed_at", "geom"),
        Index(None, "fixed_at"),
        Index(None, "grid_code", "unit_id", "fixed_at", "version_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    unit_id: Mapped[str] = mapped_column(Code)
    fixed_at: Mapped[datetime] = mapped_column(UtcTime)
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    grid_code: Mapped[str | None] = mapped_column(Code)
    version_id: Mapped[int | None] = mapped_column(Integer)
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=SRID, nullable=False))


class ContextRow(Base):
    """Water, roads and green; ``id`` keeps the order in which they came."""

    __tablename__ = "context"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(Code)
    name: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=SRID, nullable=False))


class StampRow(Base):
    """A stamp that triggers renew whenever something of its subject changes."""

    __tablename__ = "revision_stamp"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(Code, unique=True)
    stamp: Mapped[str] = mapped_column(Text)


def stamp_of(subject: str) -> str:
    """Give the query for the stamp of a subject (one of ``ports.Subject``)."""
    return f"select stamp from revision_stamp where subject = '{subject}'"


FEATURE_TABLES = ("grid", "incident", "patrol_fix", "context", "feature")


@event.listens_for(Table, "before_create")
def _declare_geometry_type(table: Table, connection: Connection, **_: Any) -> None:
    """Write the true geometry type into CREATE TABLE, as GeoPackage asks; GeoAlchemy2 would write GEOMETRY."""
    for column in table.columns:
        if isinstance(column.type, _DummyGeometry):
            column.type.geometry_type = column._actual_type.geometry_type
