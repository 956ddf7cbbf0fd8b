"""Which codes lie in an area: all that lay under its code in any published version, and itself."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from typing import TypeVar

from gridmap.domain.boundaries import BoundaryVersion
from gridmap.services.ports import BoundaryRepository

T = TypeVar("T")
Codes = frozenset[str]

#: Versions and reaches whose codes are kept.
_KEEP = 256


class Kin:
    """Codes by area, kept from request to request. Safe for threads.

    What is kept hangs on contents (a version by number and hash), so it never grows old, and a change elsewhere in the
    store does not throw it away.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEEP:
                self._kept.popitem(last=False)
        return made

    def within(self, raw: BoundaryRepository, set_name: str, areas: Codes) -> Codes:
        """Give the codes of some areas of a set, these among them."""
        published = _published(raw, set_name)
        key = ("within", set_name, areas, tuple(map(_key, published)))
        return self._once(key, lambda: areas.union(*(self._below(raw, version, areas) for version in published)))

    def within_version(self, raw: BoundaryRepository, version: BoundaryVersion, areas: Codes) -> Codes:
        """Give the codes of some areas that may be seen in a version.

        In a draft, and in what was never in force, also codes that no published version knows and that lie below these
        areas there: what is drawn anew in an area. A code that is another area's stays that, wherever a draft puts it.
        """
        codes = self.within(raw, version.set_name, areas)
        if version.ever_in_force:
            return codes
        published = _published(raw, version.set_name)
        key = ("draft", version.set_name, areas, _key(version), tuple(map(_key, published)))

        def make() -> Codes:
            known: Codes = frozenset().union(*(self._parents(raw, v).keys() for v in published))
            return codes | (self._below(raw, version, areas) - known)

        return self._once(key, make)

    def _parents(self, raw: BoundaryRepository, version: BoundaryVersion) -> dict[str, list[str]]:
        """Give the parents of each code of a version: one, but for codes that stand on two levels."""

        def make() -> dict[str, list[str]]:
            tree = raw.tree(version)
            found: dict[str, list[str]] = {}
            for code, parent in zip(tree["code"], tree["parent_code"], strict=True):
                found.setdefault(str(code), []).extend([str(parent)] if isinstance(parent, str) else [])
            return found

        return self._once(("tree", version.set_name, _key(version)), make)

    def _below(self, raw: BoundaryRepository, version: BoundaryVersion, areas: Codes) -> Codes:
        children: dict[str, list[str]] = defaultdict(list)
        for code, parents in self._parents(raw, version).items():
            for parent in parents:
                children[parent].append(code)
        found: set[str] = set()
        ahead: list[str] = list(areas)
        while ahead:
            for child in children.get(ahead.pop(), ()):
                if child not in found:
                    found.add(child)
                    ahead.append(child)
        return frozenset(found)


def _published(raw: BoundaryRepository, set_name: str) -> list[BoundaryVersion]:
    return [v for v in raw.list_versions(set_name) if v.ever_in_force]


def _key(version: BoundaryVersion) -> tuple[int, str]:
    return version.number, version.content_hash
