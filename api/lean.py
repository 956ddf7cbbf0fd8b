"""The lean road of ``GET /api/v1/locate``: the same answer as the validated route, without what that spends on routing.

It takes only what it knows for sure: a plain query whose answer was put together before. Everything else, and every
refusal, is left to the validated route, so there is one place that says no. What is kept of the store stands under a
token (``services.fresh``): after a commit nothing of it is used again.
"""

import asyncio
import logging
import re
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import to_json

from api.deps import Context, Moment
from api.located import locate_answer
from api.privacy import seeing_people
from api.requests import LocateQuery
from api.strict import check_query
from gridmap.analysis.locator import Located
from gridmap.crs import Datum, to_wgs84
from gridmap.domain.access import OPERATOR, Permission, Principal
from gridmap.domain.incidents import GridRef, Method
from gridmap.errors import GridmapError
from gridmap.services.clock import start_of
from gridmap.services.fresh import Freshness
from gridmap.services.kept import Kept
from gridmap.services.ports import Box
from gridmap.services.responsibility import NOBODY, People, Plan, people_of, people_of_all, responsibility

log = logging.getLogger("gridmap.api")

LOCATE = "/api/v1/locate"
#: Bytes from which a body is compressed where the reader can read that; a smaller one fits into a packet anyway.
WORTH_PACKING = 1_400

#: Degrees as nearly everybody writes them; other forms of a number are the validated route's to judge.
_DEGREES = re.compile(rb"-?\d{1,3}(?:\.\d{1,30})?")
#: Parts of a query beside the point, kept as read; and answers kept of one plan.
_QUERIES = 256
_CARDS = 50_000
#: Plans of other days that one epoch holds.
_DESKS = 16
#: Grids asked for one by one before the people of all are read; of many grids, that share of them.
_MISSES = 32
_KNOWN = frozenset(LocateQuery.model_fields)
_UNKNOWN_BORDER = b'"border_m":null,'


class Asked(NamedTuple):
    """What a query says beside the point."""

    set_name: str | None
    at: Moment | None
    datum: Datum


class Card(NamedTuple):
    """An answer, but for the metres to the border, which stand between the two."""

    head: bytes
    tail: bytes


#: All that tells one answer about a plan from another, but for the metres to the border.
CardKey = tuple[str | None, Method, tuple[str, ...], GridRef | None]


#: Answers about one plan that were put together before, each with the people it names: it serves while they do.
Cards = dict[CardKey, tuple[People, Card]]


@dataclass(slots=True)
class Desk:
    """The plan of a set on a day, and the people of its grids as far as somebody asked."""

    plan: Plan
    day: date
    box: Box
    cards: Cards
    people: dict[str | None, People] = field(default_factory=lambda: {None: NOBODY})
    misses: int = 0


@dataclass(slots=True)
class Epoch:
    """What was read under one token."""

    token: Hashable
    desks: dict[tuple[str | None, date], Desk] = field(default_factory=dict)


class Question(NamedTuple):
    """One point of a plan, read and plausible."""

    lon: float
    lat: float
    asked: Asked
    day: date
    epoch: Epoch


class Lean:
    """Answers of ``GET /api/v1/locate`` by the lean road."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._fresh = Freshness(ctx.store, "answers")
        # few and kept: the first projection in a thread takes as long as ten thousand later ones
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="lean")
        self._epoch = Epoch(None)
        self._queries: dict[bytes, Asked] = {}
        self._cards: Kept[Cards] = Kept(_DESKS)
        self._today: tuple[datetime, datetime, date] | None = None

    def close(self) -> None:
        """Stop watching the store."""
        self._fresh.close()
        self._readers.shutdown(wait=False)

    def serves(self, principal: Principal) -> bool:
        """Tell whether somebody may see all that an answer holds, wherever the point lies."""
        return principal is OPERATOR or _sees_all(principal, self._day(None))

    async def answer(self, query: bytes) -> bytes | None:
        """Give the body of the answer to a query; None: the validated route must answer."""
        try:
            question = self._read(query)
            if question is None:
                return None
            body = self._answer(question)
            if body is None:
                body = await asyncio.get_running_loop().run_in_executor(self._readers, self._prepare, question)
        except GridmapError:
            return None  # the validated route says what is wrong
        except Exception:
            log.exception("the lean road failed")
            return None
        return body if body is not None and len(body) < WORTH_PACKING else None

    def _read(self, query: bytes) -> Question | None:
        lon = lat = None
        rest = []
        for part in query.split(b"&"):
            name, _, value = part.partition(b"=")
            if name == b"lon" and lon is None and _DEGREES.fullmatch(value):
                lon = float(value)
            elif name == b"lat" and lat is None and _DEGREES.fullmatch(value):
                lat = float(value)
            else:
                rest.append(part)
        if lon is None or lat is None:
            return None
        asked = _PLAIN if not rest else self._asked(b"&".join(rest))
        # the token first: what is kept under it must have been read after it
        token = self._fresh.token()
        if asked is None or token is None:
            return None
        epoch = self._epoch
        if epoch.token != token:
            epoch = self._epoch = Epoch(token)
        return Question(lon, lat, asked, self._day(asked.at), epoch)

    def _asked(self, rest: bytes) -> Asked | None:
        """Read what a query says beside the point, as the validated route would; None where that would refuse it."""
        known = self._queries.get(rest)
        if known is not None:
            return known
        try:
            check_query(rest, _KNOWN)
            values = dict(parse_qsl(rest.decode("latin-1"), keep_blank_values=True))
            if values.keys() & {"lon", "lat"}:
                return None
            read = LocateQuery.model_validate({**values, "lon": "0", "lat": "0"})
        except (GridmapError, ValidationError, ValueError):
            return None
        if len(self._queries) >= _QUERIES:
            self._queries.clear()
        asked = self._queries[rest] = Asked(read.set, read.at, read.datum)
        return asked

    def _day(self, at: Moment | None) -> date:
        """Give the day of a moment; today is worked out once a day."""
        if at is not None:
            return self._ctx.day(at)
        now = self._ctx.clock.now()
        known = self._today
        if known is not None and known[0] <= now < known[1]:
            return known[2]
        day = self._ctx.day(None)
        zone = self._ctx.settings.time_zone
        start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
        if start <= now < end:
            self._today = (start, end, day)
        return day

    def _answer(self, question: Question) -> bytes | None:
        """Answer from what is kept; None where something must be read or the point must be judged."""
        desk = question.epoch.desks.get((question.asked.set_name, question.day))
        return None if desk is None else self._located(desk, question, prepared=True)

    def _prepare(self, question: Question) -> bytes | None:
        """Answer after reading what is not kept yet; in a thread, for it asks the store."""
        desks = question.epoch.desks
        key = (question.asked.set_name, question.day)
        desk = desks.get(key)
        if desk is None:
            plan = self._ctx.plan(question.asked.set_name, question.day)
            plan.make_ready()
            if len(desks) >= _DESKS:
                desks.clear()
            desk = desks[key] = Desk(plan, question.day, _on_earth(plan.box), self._cards.get(plan.key, dict))
        return self._located(desk, question, prepared=False)

    def _located(self, desk: Desk, question: Question, *, prepared: bool) -> bytes | None:
        lon, lat = question.lon, question.lat
        west, south, east, north = desk.box
        if not (west <= lon <= east and south <= lat <= north):
            return None  # far away, swapped, or not on Earth: judged by the validated route
        if question.asked.datum not in _UNSHIFTED:
            x, y = to_wgs84([lon], [lat], question.asked.datum)
            lon, lat = float(x[0]), float(y[0])
        plan = desk.plan
        found = plan.locator.locate(lon, lat, nearest_within_m=self._ctx.settings.nearest_within_m)
        place = plan.desk(lon, lat) if found.method is Method.NONE else None
        key: CardKey = (found.code, found.method, found.holders if len(found.holders) > 1 else (), place)
        people, kept = desk.people.get(found.code), desk.cards.get(key)
        if prepared and (people is None or kept is None):
            return None
        if people is None:
            people = self._people(desk, found.code)
        if kept is not None and kept[0] == people:  # mostly the very same ones, which Python sees at once
            card = kept[1]
        elif prepared:
            return None
        else:
            card = _card(desk.plan, found, place, people)
            if len(desk.cards) >= _CARDS:
                desk.cards.clear()
        desk.cards[key] = (people, card)
        border = b"null" if found.border_m is None else to_json(found.border_m)
        return b"".join((card.head, border, card.tail))

    def _people(self, desk: Desk, code: str | None) -> People:
        """Read the people of a grid; of all grids, once more of them are asked for than that takes."""
        assert code is not None
        desk.misses += 1
        if desk.misses == max(_MISSES, len(desk.plan.locator.codes) // _MISSES):
            desk.people.update(people_of_all(self._ctx.store, desk.plan, desk.day))
        else:
            desk.people[code] = people_of(self._ctx.store, desk.plan, code, desk.day)
        return desk.people[code]


def _card(plan: Plan, found: Located, place: GridRef | None, people: People) -> Card:
    """Write an answer as the validated route does, and cut it where the metres to the border stand."""
    answer = locate_answer(plan, responsibility(plan, found, place, people))
    with seeing_people(True):  # this road serves nobody else
        written = answer.model_copy(update={"border_m": None}).model_dump_json().encode("utf-8")
    # inside a text its quotes would be escaped, so this is the member itself
    head, tail = written.split(_UNKNOWN_BORDER)
    return Card(head + _UNKNOWN_BORDER[:-5], b"," + tail)


_PLAIN = Asked(None, None, Datum.WGS84)
_UNSHIFTED = frozenset({Datum.WGS84, Datum.CGCS2000})


@lru_cache(1_024)
def _sees_all(principal: Principal, day: date) -> bool:
    return all(principal.reach(p, day).everywhere for p in (Permission.GRIDS_READ, Permission.PEOPLE_READ))


def _on_earth(box: Box) -> Box:
    """Give the box in which every point is plausible: that of a plan, as far as it lies on Earth."""
    west, south, east, north = box
    return max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0)
