"""Questions to every route that reads, and answers made comparable between worlds."""

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import quote, urlencode

from asking import Whole, ask
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from rights_world import CELL, HERE, READERS, WORLD, X0, Y0, Beyond, at, code

from api.app import create_app
from api.strict import query_names
from gridmap.domain.access import Principal
from gridmap.services.clock import FixedClock
from gridmap.services.ports import Store
from gridmap.settings import Settings

SETTINGS = Settings(
    access="accounts",
    default_set="urban",
    cursor_key="for tests",
    max_page=50,
    requests_per_s=1e9,
    network_requests_per_s=1e9,
)

_THERE = ("ZEBRA", "YETI9")
_CODES = (
    *(code(c) for c in "ABCDS"),
    *(code(c, word) for word in _THERE for c in "STUVWX"),
    "D0",
    "NOSUCH",
)
_BOXES = [
    ",".join(map(repr, (X0 + CELL * a, Y0 + CELL * b, X0 + CELL * c, Y0 + CELL * d)))
    for a, b, c, d in (
        (0, 0, 3, 3),
        (3, 0, 6, 3),
        (3.2, 0.2, 5.8, 2.8),
        (2.9, 1, 3.1, 2),
        (-9, -9, 9, 9),
        (20, 20, 21, 21),
    )
]
_DAYS = ("2026-01-15", "2026-05-01", "2026-05-19", "2026-05-20", "2026-10-01", "2027-03-01", "2026-05-18T12:00:00Z")
_PLACES = [at(x, y) for x in (0.5, 1.5, 2.5, 2.99, 3.0, 3.01, 3.5, 4.5, 5.5) for y in (0.5, 1.5, 2.0)] + [
    at(-0.02, 1.5), at(-2.0, -2.0), at(30.0, 30.0)
]  # fmt: skip

#: A tile that holds everything, and numbers that are none.
_TILES = {
    "matrix": ("6", "6", "0", "99", "-1", "x"),
    "row": ("25", "25", "0", "99"),
    "column": ("53", "53", "0", "1.5"),
}

#: Values for parameters of queries and paths, by name. A route with another one fails until it stands here.
POOL: dict[str, Any] = {
    "set": ("urban", "urban", "urban", "health", "school", "nowhere"),
    "a": ("urban", "urban", "health", "school"),
    "b": ("urban", "urban", "health", "school"),
    "at": _DAYS,
    "b_at": _DAYS,
    "start": _DAYS,
    "end": _DAYS,
    "code": _CODES,
    "grid": _CODES,
    "codes": (code("A"), f"{code('A')},{code('B')}", "ZEBRA-T,YETI9-V", "NOSUCH"),
    "version": ("1", "2", "3", "4", "5", "6", "current"),
    "draft": ("4", "3", "9"),
    "mark": ("1", "2", "9"),
    "waiver": ("1", "2", "9"),
    "proposal": ("0123456789abcdef", "nothing"),
    "candidate": ("1", "2", "x"),
    "gap_width_m": ("1", "0.2"),
    "with": ("1", "2", "4", "9"),
    "format": ("geojson", "csv", "shp"),
    "from": ("1", "2", "3", "4"),
    "to": ("2", "3", "4", "5"),
    "level": ("grid", "street", "district", "zone"),
    "bbox": _BOXES,
    "limit": ("1", "2", "3", "10"),
    "q": ("文三路259号", "A"),
    "day": ("2026-05-19", "2026-05-20"),
    "service": ("E1-01", "E1"),
    "service_code": ("E1-01", "E1-02,E2-01"),
    "service_request_id": ("c1", "c1,c2"),
    "start_date": ("2026-05-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    "end_date": ("2026-05-21T00:00:00Z", "2026-06-01T00:00:00Z"),
    "status": ("open", "closed", "open,closed"),
    "page_size": ("1", "10"),
    "jurisdiction_id": ("city.gov",),
    "api_key": ("",),
    "category": (f"{HERE}_litter", "ZEBRA_noise", "YETI9_noise", f"{HERE}_noise,ZEBRA_litter"),
    "state": ("open", "built", "planned,open"),
    "owner": ("now", "then"),
    "radius_m": ("300", "1000"),
    "minutes": ("5", "15"),
    "m_per_min": ("80",),
    "roads": ("toilets", "nowhere"),
    "dwellings": ("toilets", "nowhere"),
    "shares": ("true", "false"),
    "layer": ("toilets", "toilets", "nowhere"),
    "model": ("cover_most", "cover_all", "shortest_ways"),
    "count": ("1", "2"),
    "planned": ("true", "false"),
    "capacity": ("5", "1000"),
    "area": _CODES,
    "datum": ("wgs84", "gcj02"),
    "lang": ("zh", "en"),
    "border": ("true", "false"),
    "by": ("grid,month", "unit", "area", "category", "count", "households", "street_km", "patrol_hours"),
    "side": ("high", "low", "both"),
    "file": ("true", "false"),
    "bandwidth_m": ("300", "2000"),
    "before_start": _DAYS,
    "before_end": _DAYS,
    "indicator": ("closing", "filing", "repeat"),
    "group": ("W10", "WyJBIl0"),
    "part": ("numerator", "denominator"),
    "compare": ("before", "year"),
    "table": ("jinhua", "on-time-60"),
    "grade": ("urgent", "note"),
    "held": ("true", "false"),
    "emergency": ("true", "false"),
    "kind": ("report", "overdue", "head"),
    "account": ("nobody",),
    "actor": ("nobody",),
    "action": ("denied",),
    "before": ("1", "9"),
    "after": ("0", "0", "bogus"),
    "positions": ("true", "false", "maybe"),
    "case": (f"{HERE}-c01", "ZEBRA-c01", "YETI9-c01", "nothing"),
    "against": ("before", "year"),
    "compare_start": ("2026-04-01",),
    "compare_end": ("2026-05-01",),
    "period": ("2026-05", "2026-05-19", "2026-04-20..2026-05-19"),
    "weeks": ("1", "2", "4", "3"),
    "month": ("2026-04", "2026-05", "2026-4"),
    "queue": ("open", "all", "new", "dispatch", "overdue", "risk", "today", "closed"),
    "unit": (f"grid:{code('A')}", "grid:ZEBRA-T", "dept:YETI9"),
    "channel": ("app", "ZEBRA", "YETI9"),
    "component": ("ZEBRA-toilets-0", "none"),
    "accuracy_m": ("0", "30", "400"),
    "collection": (
        "urban.grid",
        "urban.street",
        "urban.draft4.grid",
        "incidents",
        "layer.toilets",
        "health.grid",
        "patrol-effort",
        "no",
    ),
    "item": _CODES,
    "f": ("json", "json", "html", "tilejson"),
    "crs": tuple(f"http://www.opengis.net/def/crs/{x}" for x in ("OGC/1.3/CRS84", "EPSG/0/4490", "EPSG/0/4549")),
    "bbox-crs": ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/EPSG/0/3857"),
    "datetime": (*_DAYS[:4], "../2026-05-19", "2026-01-01/..", "../.."),
    "filter": ("grid_code IS NULL", "code LIKE 'Z%'", "category <> 'x' OR version_number > 1", "level = 'grid'"),
    "filter-lang": ("cql2-text",),
    "filter-crs": ("http://www.opengis.net/def/crs/OGC/1.3/CRS84",),
    "sortby": ("-code", "name", "-occurred_at", "grid_code"),
    "properties": ("code,name", "category,grid_code"),
    "matrix_set": ("WebMercatorQuad", "WebMercatorQuad", "CGCS2000Quad", "nowhere"),
    **_TILES,
    "collections": ("urban.grid,incidents", "urban.grid", "incidents,incidents", "nowhere"),
    "style": ("maplibre", "qgis", "nowhere"),
    "v": ("0",),
    "basemap": ("city", "nowhere"),
    "lon": tuple(repr(p[0]) for p in _PLACES),
    "lat": tuple(repr(p[1]) for p in _PLACES),
}

#: Figures of the process itself, and what was done in it: they tell how it was asked, so they differ between any two.
OF_THE_SERVICE = frozenset({"/metrics", "/api/v1/trail", "/api/v1/trail/check"})

#: What takes long is asked less often.
_DEAR = re.compile(r"/maps/.*|.*/(difference|crosswalk|report)|/api/v1/patrols/(effort|overdue|hours).*")
_SHARE = 0.15


@dataclass(frozen=True)
class Probe:
    """One question, and how often to go on to the next page of it."""

    method: str
    path: str
    query: bytes
    body: bytes = b""
    kind: bytes = b"application/json"
    pages: int = 0


class World:
    """An app over a store, asked by whomever a test names."""

    def __init__(self, store: Store, now: Any, *, find: Any = None, settings: Settings = SETTINGS) -> None:
        self.store = store
        self.app: FastAPI = create_app(settings, store, FixedClock(now))
        self.principals: dict[str, Principal] = {}
        self.app.state.doors.open(store, self.principals.get)

    def ask(self, probe: Probe, principal: Principal, *more: tuple[bytes, bytes]) -> Whole:
        """Send a question."""
        token = f"gm_s_{principal.name}"
        self.principals[token] = principal
        headers = [(b"host", b"test"), (b"authorization", f"Bearer {token}".encode()), *more]
        if probe.body:
            headers += [(b"content-type", probe.kind), (b"content-length", str(len(probe.body)).encode())]
        body = [probe.body] if probe.body else []
        return ask(self.app, probe.query, path=probe.path, method=probe.method, headers=headers, body=body)

    def walk(self, probe: Probe, principal: Principal) -> list[Whole]:
        """Send a question and go on to its next pages."""
        found = [self.ask(probe, principal)]
        for _ in range(probe.pages):
            following = next_of(found[-1])
            if following is None:
                break
            path, _, query = following.partition("?")
            found.append(self.ask(Probe("GET", path, query.encode()), principal))
        return found

    def close(self) -> None:
        """End the app and its store."""
        self.app.state.lean.close()
        self.app.state.doors.close()
        self.store.close()


def next_of(answer: Whole) -> str | None:
    """Give the address of the next page, if there is one."""
    if answer.status != 200 or b'"links"' not in answer.body:
        return None
    links = json.loads(answer.body).get("links", ())
    following = next((link["href"] for link in links if link["rel"] == "next"), None)
    # OGC API has whole addresses
    return following if following is None else re.sub(r"^https?://[^/]+", "", following)


def reading_routes(app: FastAPI) -> list[tuple[str, APIRoute]]:
    """Give the routes that only read, by method; questions that need a body count."""
    return [
        (method, route)
        for route in app.state.api_routes
        for method in sorted(route.methods or ())
        if route.path not in OF_THE_SERVICE
        if method == "GET" or (method == "POST" and route.path.startswith("/api/v1/locate"))
    ]


def probe_of(draw: random.Random, method: str, route: APIRoute) -> Probe:
    """Make up a question for a route."""
    path = re.sub(r"\{(\w+)\}", lambda m: quote(draw.choice(POOL[m[1]]), safe=""), route.path)
    needed = _needed(route)
    query = {}
    for name in sorted(query_names(route.endpoint) - {"cursor"}):
        likely = 0.75 if name == "set" else 0.4
        if name in needed or draw.random() < likely:
            query[name] = draw.choice(POOL[name])
    if query.keys() >= {"start", "end"}:
        query["start"], query["end"] = sorted((query["start"], query["end"]))
    if query.keys() >= {"lon", "lat"}:
        query["lon"], query["lat"] = map(repr, draw.choice(_PLACES))
    if method == "POST":
        return _posted(draw, path, query)
    return Probe(method, path, urlencode(query).encode(), pages=draw.choice((0, 0, 2)))


def _needed(route: APIRoute) -> set[str]:
    import inspect

    annotation = inspect.signature(route.endpoint).parameters.get("q")
    model: type[BaseModel] | None = None if annotation is None else get_args(annotation.annotation)[0]
    fields = {} if model is None else model.model_fields
    return {field.alias or name for name, field in fields.items() if field.is_required()}


def _posted(draw: random.Random, path: str, query: dict[str, str]) -> Probe:
    places = draw.choices(_PLACES[:-1], k=6)
    if path.endswith("/arrow"):
        import pyarrow as pa

        table = pa.table({"lon": [p[0] for p in places], "lat": [p[1] for p in places]})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        kind = b"application/vnd.apache.arrow.stream"
        return Probe("POST", path, urlencode(query).encode(), bytes(sink.getvalue()), kind)
    body: dict[str, Any] = {"points": places}
    for name in ("set", "at"):
        if draw.random() < 0.5:
            body[name] = draw.choice(POOL[name])
    return Probe("POST", path, b"", json.dumps(body).encode())


def probes(
    app: FastAPI, draw: random.Random, count: int, *, turn: int = 0, turns: int = 1, spread: bool = False
) -> list[Probe]:
    """Make up questions: each route once, the dear ones in turns (``spread``: all of them), and others by lot."""
    routes = reading_routes(app)
    dear = [bool(_DEAR.fullmatch(route.path)) for _, route in routes]
    once = [r for n, (r, d) in enumerate(zip(routes, dear, strict=True)) if n % turns == turn or not (d or spread)]
    weights = [_SHARE if d else 1.0 for d in dear]
    chosen = once + draw.choices(routes, weights, k=max(0, count - len(once)))
    return [probe_of(draw, method, route) for method, route in chosen]


_VOLATILE = (
    # a place among events is encrypted anew each time
    (re.compile(rb'"(id|next)":"[\w-]{48}"'), b'"place":"*"'),
    (re.compile(rb"^id: [\w-]{48}$", re.MULTILINE), b"id: *"),
    (re.compile(rb'"content_hash":"[^"]*"'), b'"content_hash":"*"'),
    (re.compile(rb"nonce-[\w-]+"), b"nonce-*"),
    (re.compile(rb'nonce="[\w-]+"'), b'nonce="*"'),
)
#: folium names each element of a page by a random number; the tag of a map is the hash of all of it.
_ELEMENT = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_CURSOR = re.compile(rb"cursor=([\w-]+)")


def comparable(answer: Whole) -> Whole:
    """Give an answer without what differs for other reasons: nonces, and what is made of the hash of a whole version.

    That hash is a name and tells nothing of what it was made of; of a cursor what it holds is compared, not its seal.
    """

    def cursor(found: re.Match[bytes]) -> bytes:
        raw = base64.urlsafe_b64decode(found[1] + b"=" * (-len(found[1]) % 4))
        return b"cursor=" + raw[16:]

    def plain(value: bytes) -> bytes:
        for pattern, stars in _VOLATILE:
            value = pattern.sub(stars, value)
        numbers: dict[bytes, bytes] = {}
        value = _ELEMENT.sub(lambda m: numbers.setdefault(m[0], b"#%d" % len(numbers)), value)
        return _CURSOR.sub(cursor, value)

    body = plain(answer.body)
    skipped = (b"content-length",)
    headers = tuple((name, plain(value)) for name, value in answer.headers if name not in skipped)
    return Whole(answer.status, headers, body)


#: Gives the world of a kind, made when first asked for.
Make = Callable[[Beyond], World]


def somebody(draw: random.Random, readers: list[Principal]) -> Principal:
    """Give one of the readers, or somebody who has the grants of several: all of them see no more than the group."""
    chosen = draw.sample(readers, k=draw.choice((1, 1, 2, min(3, len(readers)))))
    name = "+".join(reader.name for reader in chosen)
    return Principal(name, name, chosen[0].kind, tuple(grant for reader in chosen for grant in reader.grants))


def differences(
    worlds: Make, count: int, seed: int, *, spread: bool = False
) -> tuple[list[tuple[Principal, Probe]], Counter[tuple[str, int]]]:
    """Ask in pairs of worlds; give the questions whose answers differ, and how many answers of which status.

    Each group of readers asks each route; ``spread``: the first group does, the others share the routes between them.
    """
    draw = random.Random(seed)
    here, found, seen = worlds(WORLD), [], Counter()
    groups = len(READERS)
    for turn, (beyond, readers) in enumerate(READERS.items()):
        there = worlds(beyond)
        shared = spread and turn > 0
        for probe in probes(here.app, draw, count // groups, turn=turn, turns=groups, spread=shared):
            principal = somebody(draw, readers)
            left, right = here.walk(probe, principal), there.walk(probe, principal)
            seen.update((probe.path.split("/")[-1], answer.status) for answer in left)
            if [comparable(a) for a in left] != [comparable(a) for a in right]:
                found.append((principal, probe))
    return found, seen
