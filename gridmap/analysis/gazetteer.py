"""From address text to places: an index of standard places that needs no service, and tells candidates by score.

A first look counts the pairs of characters and the numbers that a place shares with what was asked, the rare ones for
more; only the best few hundred are compared in full (edit distances of rapidfuzz, and the numbers one by one).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from gridmap.analysis import frames
from gridmap.domain.addresses import KINDS, Address, read_address
from gridmap.errors import InvalidInput

#: Columns of a frame of places beside its points: texts; ``aliases`` other names, a list.
PLACES = frames.Contract("places", ("code", "name", "geometry"), ("kind", "aliases"))

#: The longest text that is looked up.
LONGEST = 200
_LOOKED_AT = 300
#: How well a place fits that is taken without asking, and by how much better than the next.
_SURE, _AHEAD = 0.75, 0.05
#: A sign that more than this share of all names have tells little, and takes long to count.
_COMMON = 0.1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may be meant. ``score`` from 0 to 1; ``matched``: the name or alias that fits; WGS 84 degrees."""

    code: str
    name: str
    kind: str
    lon: float
    lat: float
    score: float
    matched: str


class Gazetteer:
    """Standard places by name.

    Parameters
    ----------
    places : GeoDataFrame
        ``code``, ``name``, points in WGS 84, where there ``kind`` and ``aliases`` (sequences of texts).

    Raises
    ------
    ColumnError
        ``column_missing``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``, ``coordinate_out_of_range``.
    """

    def __init__(self, places: gpd.GeoDataFrame) -> None:
        frames.require_columns(places, PLACES)
        frames.require_wgs84(places)
        lon, lat = places.geometry.x.to_numpy(), places.geometry.y.to_numpy()
        frames.require_lonlat(lon, lat)
        self._lon, self._lat = lon, lat
        self._codes, self._names = (places[c].astype(str).tolist() for c in ("code", "name"))
        self._kinds = places["kind"].fillna("").astype(str).tolist() if "kind" in places else [""] * len(places)
        self._at_code = {code: i for i, code in enumerate(self._codes)}
        self._forms: list[str] = []
        self._of: list[int] = []
        for i, (name, aliases) in enumerate(zip(self._names, _aliases(places), strict=True)):
            for form in dict.fromkeys((name, *aliases)):
                self._forms.append(form)
                self._of.append(i)
        self._read = [read_address(form) for form in self._forms]
        self._index()

    def __len__(self) -> int:
        return len(self._codes)

    def _index(self) -> None:
        """Keep for each sign the names that have it, and what it is worth."""
        signs: dict[str, int] = {}
        held: list[int] = []
        sizes = np.zeros(len(self._read), np.int64)
        for i, address in enumerate(self._read):
            found = {signs.setdefault(sign, len(signs)) for sign in _signs(address)}
            held.extend(found)
            sizes[i] = len(found)
        sign = np.array(held, dtype=np.int64)
        order = np.argsort(sign, kind="stable")
        self._names_of = np.repeat(np.arange(len(self._read), dtype=np.int32), sizes)[order]
        counts = np.bincount(sign, minlength=len(signs))
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self._worth = np.log1p(len(self._read) / np.maximum(counts, 1))
        self._signs = signs
        self._order = np.argsort(np.array(self._of, dtype=np.int64), kind="stable")

    def by_code(self, code: str) -> tuple[float, float] | None:
        """Give the degrees of the place with a code."""
        found = self._at_code.get(code)
        return None if found is None else (float(self._lon[found]), float(self._lat[found]))

    def search(self, text: str, *, limit: int = 10, least: float = 0.4) -> list[Candidate]:
        """Give the places that an address text may mean, the likeliest first; each once.

        Parameters
        ----------
        text : str
            As somebody says or writes it; what lies in front of or behind the place does no harm.
        limit : int
        least : float
            Those that score less are left out.

        Raises
        ------
        InvalidInput
            ``address_too_long``.
        """
        if len(text) > LONGEST:
            raise InvalidInput("address_too_long", limit=LONGEST)
        asked = read_address(text)
        best: dict[int, tuple[float, int]] = {}
        for form in self._first_look(asked):
            score = likeness(asked, self._read[form])
            place = self._of[form]
            if score >= least and (place not in best or score > best[place][0]):
                best[place] = (score, form)
        ranked = sorted(
            best.items(), key=lambda item: (-item[1][0], len(self._forms[item[1][1]]), self._codes[item[0]])
        )
        return [self._candidate(place, score, form) for place, (score, form) in ranked[:limit]]

    def certain(self, text: str) -> Candidate | None:
        """Give the one place that an address text means beyond doubt, for whoever has nobody to ask.

        It fits well and better than every other, and has no number that was not said: a street is none of its doors.
        """
        found = self.search(text, limit=2, least=_SURE)
        if not found or (len(found) > 1 and found[0].score - found[1].score < _AHEAD):
            return None
        said, known = set(read_address(text).numbers), set(read_address(found[0].matched).numbers)
        return found[0] if known <= said else None

    def _first_look(self, asked: Address) -> list[int]:
        """Give the names that share most with what is asked."""
        wanted = [self._signs[s] for s in _signs(asked) if s in self._signs]
        if not wanted:
            return []
        sizes = {s: int(self._starts[s + 1] - self._starts[s]) for s in wanted}
        rare = [s for s in wanted if sizes[s] <= max(_COMMON * len(self._forms), _LOOKED_AT)]
        total = np.zeros(len(self._forms), dtype=np.float32)
        for s in rare or [min(wanted, key=lambda s: sizes[s])]:
            total[self._names_of[self._starts[s] : self._starts[s + 1]]] += self._worth[s]
        if not rare:  # only signs that very many have: the few of them that say it shortest
            return self._shortest(np.flatnonzero(total))
        if len(total) > _LOOKED_AT:
            top = np.argpartition(-total, _LOOKED_AT)[:_LOOKED_AT]
            # of as many that share equally, those that say little else
            edge = total[top].min()
            above = np.flatnonzero(total > edge) if edge > 0 else np.flatnonzero(total)
            level = np.flatnonzero(total == edge) if edge > 0 else np.empty(0, np.int64)
            return [*above.tolist(), *self._shortest(level)[: _LOOKED_AT - len(above)]]
        return [int(i) for i in np.flatnonzero(total)]

    def _shortest(self, forms: npt.NDArray[np.int64]) -> list[int]:
        return sorted(forms.tolist(), key=lambda i: (len(self._forms[i]), i))[:_LOOKED_AT]

    def _candidate(self, place: int, score: float, form: int) -> Candidate:
        lon, lat = float(self._lon[place]), float(self._lat[place])
        name, kind = self._names[place], self._kinds[place]
        return Candidate(self._codes[place], name, kind, lon, lat, round(score, 4), self._forms[form])


def likeness(asked: Address, known: Address) -> float:
    """Tell how well a known name fits what is asked, from 0 to 1.

    Words by edit distance: the whole, and the best part, for people say more than the name. A number that differs
    costs most for doors and buildings; one that the name has and nobody asked for costs little; one that was asked for
    and that the name lacks (the room of a house) costs least.
    """
    if not known.words and not asked.words:
        words = 1.0
    elif not known.words or not asked.words:
        words = 0.3
    else:
        whole = fuzz.ratio(asked.words, known.words)
        # a short name is found in nearly everything
        part = fuzz.partial_ratio(asked.words, known.words) * min(
            1.0, 0.6 + 0.1 * min(len(asked.words), len(known.words))
        )
        words = max(whole, 0.35 * whole + 0.65 * part) / 100.0
    want, have = dict(asked.numbers), dict(known.numbers)
    if "door" in want and "door" not in have and "building" in have and "building" not in want:
        want["building"] = want.pop("door")  # 3号 of an estate is its building 3
    for kind in KINDS:
        if kind in want and kind in have:
            if want[kind] != have[kind]:
                words *= _DIFFERENT[kind]
        elif kind in have:
            words *= 0.93
        elif kind in want:
            words *= 0.97
    return float(words)


_DIFFERENT = {"lane": 0.5, "yard": 0.5, "door": 0.6, "building": 0.6, "unit": 0.85, "floor": 0.95, "room": 0.95}


def _signs(address: Address) -> set[str]:
    """Give what an address is found by: pairs of characters, single ones of a short text, numbers of some weight."""
    words = address.words
    found = {words[i : i + 2] for i in range(len(words) - 1)} | ({words} if len(words) == 1 else set())
    return found | {f"{kind}={number}" for kind, number in address.numbers if kind in _FINDS}


_FINDS = frozenset({"lane", "yard", "door", "building", "unit"})


def _aliases(places: gpd.GeoDataFrame) -> Iterable[Sequence[str]]:
    if "aliases" not in places:
        return [()] * len(places)
    return [_texts(value) for value in places["aliases"]]


def _texts(value: Any) -> Sequence[str]:
    return (
        [v for v in value if isinstance(v, str) and v.strip()] if isinstance(value, list | tuple | np.ndarray) else ()
    )
