"""Requests made from the OpenAPI document: as described, or with one thing turned about.

What schemathesis draws is richer and takes some 20 ms each; these take a tenth of one. A seed makes the same ones.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from api_world import CANARY, CELL, X0, Y0
from faults.generated import turn_about

#: Values that fit, by the name of a field or parameter, so that requests get past the first check.
FITTING: dict[str, tuple[Any, ...]] = {
    "set": ("urban",),
    "a": ("urban",),
    "b": ("urban",),
    "version": ("1", "2", "current"),
    "draft": ("3", "4"),
    "from": ("1", "2"),
    "to": ("1", "2"),
    "code": tuple("ABCDST"),
    "grid": tuple("ABCD"),
    "parent_code": ("S", "T"),
    "level": ("grid", "street"),
    "lon": tuple(X0 + CELL * k / 4 for k in range(13)),
    "lat": tuple(Y0 + CELL * k / 4 for k in range(13)),
    "bbox": (f"{X0},{Y0},{X0 + 3 * CELL},{Y0 + 3 * CELL}", f"{X0},{Y0},{X0},{Y0}"),
    "at": ("2026-05-20", "2026-04-30", "2026-05-20T08:00:00+08:00"),
    "b_at": ("2026-05-20", "2026-04-30"),
    "start": ("2026-05-10", "2026-05-18"),
    "end": ("2026-05-19", "2026-05-21"),
    "category": ("litter", "parking"),
    "occurred_at": ("2026-05-18T08:00:00+08:00", "2026-05-20T03:00:00Z"),
    "fixed_at": ("2026-05-20T03:00:00Z",),
    "unit_id": ("u1", "u2"),
    "limit": (1, 3, 100),
    "owner": ("now", "then"),
    "state": ("open",),
    "lang": ("zh", "en"),
    "expected_revision": (1, 2, 3),
    "valid_from": ("2026-07-01", "2026-06-01"),
    "order": (0, 1),
    "accepted": ("同意",),
    "dry_run": (True, True, False),
}
WRONG: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 2**64, 10**21, -(10**30), 1.5, -0.0, 1e308, 5e-324, "", " ", "0", "-1",
    "1e400", "nan", "١٢", "a" * 201, "网" * 4001, "\x00", "a\x00b", "\ud800", "\u202e", "\u200b", "\ufeff",
    "e\u0301", "'", "\"", "';--", "%", "_", "\\", "../..", "{{ 7*7 }}", "${alert(1)}", "<svg onload=alert(1)>",
    "=cmd|' /C calc'!A0", "2026-02-30", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00", "2026-05-20T24:00:00Z", "2026-05-20T23:59:60Z", "1980-01-06", "10000-01-01",
    "1,2,3", "180,90,-180,-90", "inf,0,0,0", "current", "urban", [], {}, [[]], {"a": {}}, [None], [1, 2, 3], [[[[0,
    0]]]], CANARY, f"{CANARY}\n", ["urban"] * 60,
)  # fmt: skip
_LITERALS = (
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b'"\\ud800"',
    b'"\\u0000"',
    b"01",
    b"1.",
    b"[" * 40 + b"]" * 40,
    b"9" * 400,
    b"",
)
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"text/plain"), (b"content-type", b"application/json; charset=gbk"),
    (b"content-type", b"\xff"), (b"accept", b"image/png"), (b"accept", b"*/*;q=x"),
    (b"accept-language", b"\xff\xfe,zh;q=9"), (b"accept-encoding", b"gzip"), (b"idempotency-key", b"k" * 16),
    (b"idempotency-key", b""), (b"idempotency-key", b"\x80" * 20), (b"if-match", b"*"), (b"if-match", b'"x"'),
    (b"if-match", b'W/"x", "y"'), (b"if-none-match", b"*"), (b"if-none-match", b'"\xff"'),
    (b"content-length", b"-1"), (b"content-length", b"9" * 30), (b"content-length", b"x"),
    (b"authorization", b"Bearer"), (b"authorization", b"Basic \xff"), (b"authorization", b"Bearer " + b"a" * 200),
    (b"cookie", b"__Host-gridmap=\xff; a"), (b"origin", b"https://evil.example"), (b"origin", b"null"),
    (b"sec-fetch-site", b"cross-site"), (b"host", b"evil.example:99999"), (b"host", b"\xff"),
    (b"x-forwarded-for", b"1.2.3.4, \xff"), (b"x-forwarded-proto", b"gopher"), (b"forwarded", b"for=\xff"),
    (b"x-http-method-override", b"DELETE"), (b"x-request-id", b"a\xffb"), (b"transfer-encoding", b"chunked"),
    (b"expect", b"100-continue"), (b"range", b"bytes=0-,9-1"), (b"te", b"trailers"),
    (b"content-encoding", b"gzip"), (b"prefer", b"return=minimal"), (b"upgrade", b"websocket"),
    (b"x-a", b"a" * 20_000),
)  # fmt: skip
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "")
_PIECES = (
    "..",
    ".",
    "",
    "%2e%2e",
    "%00",
    "%ff",
    "%u0041",
    "A;b=c",
    "A%2FB",
    " ",
    "\t",
    "//",
    "a" * 9000,
    "current",
    "0",
    "-1",
    CANARY,
)


@dataclass(frozen=True)
class Made:
    """One request, and what was done to it."""

    method: str
    path: str
    query: bytes = b""
    body: bytes | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    how: str = "as described"


@dataclass
class Maker:
    """Makes requests for the operations of a document. ``weights``: how often each path comes, 1 if not named."""

    document: dict[str, Any]
    chance: random.Random
    left_out: tuple[str, ...] = ()
    weights: Callable[[str], float] = lambda path: 1.0
    _operations: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path, methods in self.document["paths"].items():
            if not path.startswith(self.left_out or ("\0",)):
                self._operations += [(path, method.upper(), operation) for method, operation in methods.items()]
        self._shares = [self.weights(path) for path, _, _ in self._operations]

    def operations(self) -> int:
        """Count the operations."""
        return len(self._operations)

    def make(self) -> Made:
        """Make a request."""
        chance = self.chance
        path, method, operation = chance.choices(self._operations, self._shares)[0]
        how = chance.choice(_TWISTS)
        where: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path" or parameter.get("required") or chance.random() < 0.4:
                where[parameter["in"]][parameter["name"]] = self._value(parameter["schema"], parameter["name"])
        content = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
        body = None if content is None else self._value(content[1].get("schema", {}), "")
        if how == "a value" and body is not None and chance.random() < 0.7:
            body = self._twisted(body)
        elif how == "a value" and (names := [(i, n) for i in ("path", "query") for n in where[i]]):
            place, name = chance.choice(names)
            where[place][name] = chance.choice(WRONG)
        for name, value in where["path"].items():
            path = path.replace("{" + name + "}", quote(_text(value), safe=""))
        query = "&".join(f"{quote(n)}={quote(_text(v), safe='')}" for n, v in where["query"].items()).encode()
        headers = tuple((n.lower().encode(), _text(v).encode("utf-8", "replace")) for n, v in where["header"].items())
        raw = None if content is None else body if isinstance(body, bytes) else _json(body)
        kind = () if content is None else ((b"content-type", content[0].encode()),)
        return self._turned(Made(method, path, query, raw, headers + kind, how))

    def _turned(self, made: Made) -> Made:
        chance, how = self.chance, made.how
        method, path, query, body, headers = made.method, made.path, made.query, made.body, made.headers
        if how == "bytes":
            if body and chance.random() < 0.7:
                body = turn_about(body, chance)
            else:
                query = turn_about(query, chance)
        elif how == "a literal" and body:
            at = [k for k, byte in enumerate(body) if byte in b":,["] or [0]
            cut = chance.choice(at) + 1
            body = body[:cut] + chance.choice(_LITERALS) + body[cut:]
        elif how == "the query":
            extra = chance.choice(
                (
                    "x=1",
                    "set=urban&set=urban",
                    "limit=1&limit=2",
                    "&&&=;",
                    "%zz=%",
                    "a" * 9000,
                    f"{CANARY}=1",
                    "at=",
                    "cursor=AAAA",
                )
            )
            query = query + b"&" + extra.encode()
        elif how == "a header":
            headers = (*headers, *chance.sample(_HEADERS, chance.choice((1, 1, 2, 3))))
        elif how == "headers":
            headers = (
                *headers,
                *((b"x-%d" % k, b"y" * chance.randrange(200)) for k in range(chance.randrange(90, 130))),
            )
        elif how == "the method":
            method = chance.choice(_METHODS)
        elif how == "the path":
            parts = path.split("/")
            parts[chance.randrange(1, len(parts))] = chance.choice(_PIECES)
            path = "/".join(parts) + chance.choice(("", "", "/", "?", "//", "%20"))
        elif how == "the body":
            body = chance.choice(
                (
                    b"",
                    b"\xff",
                    b"{}",
                    b"[]",
                    b"null",
                    b'""',
                    b"\xef\xbb\xbf{}",
                    "{}".encode("utf-16"),
                    b"[" * 50_000,
                    b'{"a":1,"a":2}',
                    b" " * 999_999,
                    b"0" * 1_100_000,
                )
            )
            headers = (*headers, (b"content-type", b"application/json"))
        return Made(method, path, query, body, headers, how)

    def _twisted(self, body: Any) -> Any:
        """Put something wrong at one place of a body."""
        chance = self.chance
        holders: list[Any] = []

        def walk(value: Any) -> None:
            if isinstance(value, dict):
                holders.append(value)
                for inner in value.values():
                    walk(inner)
            elif isinstance(value, list):
                holders.append(value)
                for inner in value[:4]:
                    walk(inner)

        walk(body)
        if not holders:
            return chance.choice(WRONG)
        holder = chance.choice(holders)
        if isinstance(holder, dict):
            kind = chance.randrange(4)
            names = list(holder)
            if kind == 0 and names:
                del holder[chance.choice(names)]
            elif kind == 1:
                holder[chance.choice(("role", "owner_id", "version", "__proto__", "state", CANARY, ""))] = 1
            elif names:
                holder[chance.choice(names)] = chance.choice(WRONG)
        elif chance.random() < 0.3:
            holder.extend(holder[:3] * chance.choice((1, 200)))
        else:
            holder.insert(chance.randrange(len(holder) + 1), chance.choice(WRONG))
        return body

    def _value(self, schema: dict[str, Any], name: str) -> Any:
        """Make a value as described; of fields with a name that we know, one that fits."""
        chance = self.chance
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        if name in FITTING and "properties" not in schema:
            return chance.choice(FITTING[name])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self._value(chance.choice(schema[several]), name)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return chance.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            needed, properties = schema.get("required", ()), schema.get("properties", {})
            return {n: self._value(s, n) for n, s in properties.items() if n in needed or chance.random() < 0.4}
        if kind == "array":
            if name == "coordinates":
                return self._coordinates()
            if schema.get("maxItems") == 2:
                return [chance.choice(FITTING["lon"]), chance.choice(FITTING["lat"])]
            size = max(schema.get("minItems", 0), chance.choice((0, 1, 1, 2, 3)))
            return [self._value(schema.get("items", {}), "") for _ in range(size)]
        if kind == "integer":
            return chance.randrange(int(schema.get("minimum", -3)), int(min(schema.get("maximum", 9), 2**31)) + 1)
        if kind == "number":
            return chance.choice((0, 0.5, 12.25, chance.uniform(-200, 200)))
        if kind == "boolean":
            return chance.random() < 0.5
        if kind == "null":
            return None
        if kind is None:
            return chance.choice(WRONG)
        if schema.get("format") == "binary":
            return chance.randbytes(chance.randrange(60))
        if schema.get("format") in ("date", "date-time"):
            return chance.choice(FITTING["at"])
        return chance.choice(("甲", "a", "A-1", str(chance.randrange(10**6)), "correct horse battery"))

    def _coordinates(self) -> list[Any]:
        chance = self.chance
        x, y = chance.choice(FITTING["lon"]), chance.choice(FITTING["lat"])
        ring = [[x, y], [x + CELL, y], [x + CELL, y + CELL], [x, y + CELL], [x, y]]
        if chance.random() < 0.4:
            chance.shuffle(ring)
        return chance.choice(([ring], [ring], [[ring]], [x, y], ring, [ring[:3]], [ring, ring]))


#: Of eight requests one is as described.
_TWISTS = (
    "as described", "a value", "a value", "a value", "bytes", "a literal", "the query", "a header", "headers",
    "the method", "the path", "the body",
)  # fmt: skip


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
