"""What people shall have near by, and what every area shall have, as data.

A book is a TOML file. The one of ``gridmap/data/provision`` comes with the package; a city writes its own.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources

from gridmap.domain.books import Entry, read_book, require_unique, wrong
from gridmap.domain.clauses import Provenance, Texts

_FAR_M = 100_000


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """A service that people shall have near by.

    Either ``radius_m``, metres in a straight line, or ``minutes`` at ``m_per_min`` on foot; the other is None.
    """

    id: str
    title: Texts = field(hash=False)
    layers: tuple[str, ...]
    document: str
    provenance: Provenance
    radius_m: float | None = None
    minutes: float | None = None
    m_per_min: float | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What each area of some levels needs.

    Attributes
    ----------
    id, title, group : str, Texts, Texts or None
        ``group``: what it is a part of, such as the five ones.
    at : tuple of str
        Names of levels.
    layers : tuple of str
        Whose features meet it.
    count : Decimal
        So many; with ``per_households`` so much for each so many households, in proportion.
    per_households : int or None
    attribute : str
        A number of a feature: added up where ``least`` is None, else it must reach ``least`` for the feature to count.
        Empty: features are counted.
    least : Decimal or None
    document, provenance : str, Provenance
        Who asks for it.
    """

    id: str
    title: Texts = field(hash=False)
    at: tuple[str, ...]
    layers: tuple[str, ...]
    count: Decimal
    document: str
    provenance: Provenance
    group: Texts | None = field(default=None, hash=False)
    per_households: int | None = None
    attribute: str = ""
    least: Decimal | None = None

    def required(self, households: float | None) -> Decimal | None:
        """Give what an area needs; None where that hangs on households that are not known."""
        if self.per_households is None:
            return self.count
        if households is None:
            return None
        return self.count * Decimal(repr(float(households))) / self.per_households


@dataclass(frozen=True, slots=True)
class ProvisionBook:
    """Services and needs. ``source``: who says so; ``ways``: layers of lines to walk on beside the roads."""

    name: str
    services: tuple[ServiceKind, ...]
    needs: tuple[Need, ...]
    source: Texts = field(hash=False)
    ways: tuple[str, ...] = ()

    def service_of(self, layer: str) -> ServiceKind | None:
        """Give the first service that a layer gives; None where there is none."""
        return next((service for service in self.services if layer in service.layers), None)


_SERVICE = ("id", "title", "layers", "radius_m", "minutes", "m_per_min", "provenance", "document")
_NEED = (
    "id", "group", "title", "at", "layers", "count", "per_households", "attribute", "least", "provenance", "document",
)  # fmt: skip


def read_provision(content: str) -> ProvisionBook:
    """Read a book.

    Raises
    ------
    InvalidInput
        ``book_wrong`` with the place as a JSON pointer and what was wanted there.
    """
    book = read_book(content, ("name", "source", "ways", "service", "need"))
    services, needs = book.tables("service", _SERVICE), book.tables("need", _NEED)
    require_unique(services)
    require_unique(needs)
    return ProvisionBook(
        book.text("name", '"city"'),
        tuple(map(_service, services)),
        tuple(map(_need, needs)),
        book.texts("source"),
        book.names("ways") if "ways" in book else (),
    )


def _service(row: Entry) -> ServiceKind:
    on_foot = "minutes" in row or "m_per_min" in row
    if on_foot == ("radius_m" in row):
        raise wrong(row.at, "radius_m | minutes, m_per_min")
    return ServiceKind(
        row.text("id"),
        row.texts("title"),
        _some(row, "layers"),
        row.text("document"),
        _provenance(row),
        None if on_foot else float(row.number("radius_m", 1, _FAR_M)),
        float(row.number("minutes", 1, 1_440)) if on_foot else None,
        float(row.number("m_per_min", 1, 1_000)) if on_foot else None,
    )


def _need(row: Entry) -> Need:
    if "least" in row and ("attribute" not in row or "per_households" in row):
        raise wrong(f"{row.at}/least", "attribute")
    return Need(
        row.text("id"),
        row.texts("title"),
        _some(row, "at"),
        _some(row, "layers"),
        row.number("count"),
        row.text("document"),
        _provenance(row),
        row.texts("group") if "group" in row else None,
        row.whole("per_households", 1) if "per_households" in row else None,
        row.text("attribute") if "attribute" in row else "",
        row.number("least") if "least" in row else None,
    )


def _some(row: Entry, name: str) -> tuple[str, ...]:
    found = row.names(name)
    if not found:
        raise wrong(f"{row.at}/{name}", '["…"]')
    return found


def _provenance(row: Entry) -> Provenance:
    return Provenance(row.one_of("provenance", [p.value for p in Provenance]))


@cache
def packaged_provision(name: str = "cn") -> ProvisionBook:
    """Read the book that comes with the package."""
    return read_provision((resources.files("gridmap") / "data" / "provision" / f"{name}.toml").read_text("utf-8"))
