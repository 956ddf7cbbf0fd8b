"""What the parts of OGC API under ``/ogc`` add to the pages they share: conformance classes and links.

A part (features here, tiles elsewhere) calls ``declare``, ``link_landing`` and ``link_collection`` where its module is
defined; the landing page, the list of conformance classes and the collections ask what was added.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.deps import Context
from api.ogc.collections import Collection
from gridmap.i18n import Language


@dataclass(frozen=True, slots=True)
class Link:
    """A link (RFC 8288). ``href``: a path under ours, with its query."""

    rel: str
    href: str
    type: str
    title: str = ""
    templated: bool = False


Landing = Callable[[Context, Language], Iterator[Link]]
OfCollection = Callable[[Context, Collection, Language], Iterator[Link]]

_CLASSES: list[str] = []
_LANDING: list[Landing] = []
_COLLECTION: list[OfCollection] = []


def declare(*uris: str) -> None:
    """Declare conformance classes that are served and tested."""
    _CLASSES.extend(uri for uri in uris if uri not in _CLASSES)


def link_landing(links: Landing) -> Landing:
    """Add links to the landing page; they are asked for with what the reader may see."""
    _LANDING.append(links)
    return links


def link_collection(links: OfCollection) -> OfCollection:
    """Add links to collections; asked once for each."""
    _COLLECTION.append(links)
    return links


def classes() -> list[str]:
    """Give the conformance classes, sorted."""
    return sorted(_CLASSES)


def landing_links(ctx: Context, language: Language) -> list[Link]:
    """Give what was added to the landing page."""
    return [link for links in _LANDING for link in links(ctx, language)]


def collection_links(ctx: Context, collection: Collection, language: Language) -> list[Link]:
    """Give what was added to a collection."""
    return [link for links in _COLLECTION for link in links(ctx, collection, language)]
