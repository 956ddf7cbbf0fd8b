"""Row A22 of the list of hostile inputs: tokens that must not open anything, at once and without asking anybody."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from issuer import CLIENT, Signer, b64

from api.oidc.tokens import LEEWAY_S, MAX_TOKEN, Claims, Key, UnknownKey, Untrusted, read_keys, verify

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)
PRESENT = int(NOW.timestamp())
ISSUER = "https://id.city.example/realms/grid"
SIGNERS = {name: Signer.make(name, f"{name}-1") for name in ("RS256", "ES256", "EdDSA")}
KEYS = read_keys({"keys": [signer.public() for signer in SIGNERS.values()]})
RSA = SIGNERS["RS256"]


def claims(**changes: Any) -> dict[str, Any]:
    """Give good claims, but for these."""
    good = {
        "iss": ISSUER, "aud": CLIENT, "sub": "7f3e", "nonce": "n-1", "iat": PRESENT, "exp": PRESENT + 300,
        "preferred_username": "li.na", "name": "李娜",
    }  # fmt: skip
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def look(token: object, keys: tuple[Key, ...] = KEYS, algorithms: Any = frozenset(SIGNERS)) -> Claims:
    """Verify a token as the service does."""
    return verify(
        token, keys, issuer=ISSUER, client_id=CLIENT, algorithms=algorithms, nonce="n-1", now=NOW
    )  # fmt: skip


def header(**more: Any) -> dict[str, Any]:
    return {"alg": "RS256", "kid": "RS256-1", **more}


def unsigned(head: dict[str, Any], end: str = "") -> str:
    return f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims()).encode())}.{end}"


def raw(*parts: bytes) -> str:
    return ".".join([*map(b64, parts), "AAAA"])


def hs256_with_public_key() -> str:
    """Sign with the public key as if it were a shared secret, in each form in which a library might read it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = RSA.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = unsigned({"alg": "HS256", "kid": "RS256-1", "typ": "JWT"}).rstrip(".")
    return f"{signed}.{b64(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"


OTHER = Signer.make("RS256", "RS256-1")
BAD: dict[str, Any] = {
    "alg none": lambda: unsigned({"alg": "none"}),
    "alg none, something signed": lambda: unsigned({"alg": "None"}, "AAAA"),
    "alg HS256 with the public key": hs256_with_public_key,
    "alg RS512": lambda: RSA.sign(claims(), header(alg="RS512")),
    "alg a list": lambda: RSA.sign(claims(), header(alg=["RS256"])),
    "alg of another key": lambda: RSA.sign(claims(), header(alg="ES256")),
    "alg missing": lambda: RSA.sign(claims(), {"kid": "RS256-1"}),
    "unknown crit": lambda: RSA.sign(claims(), header(crit=["x-city"], **{"x-city": 1})),
    "crit of a known name": lambda: RSA.sign(claims(), header(crit=["b64"], b64=False)),
    "kid a path": lambda: RSA.sign(claims(), header(kid="../../../../dev/null")),
    "kid an address": lambda: RSA.sign(claims(), header(kid="http://127.0.0.1:9/keys")),
    "kid SQL": lambda: RSA.sign(claims(), header(kid="x' OR '1'='1")),
    "kid a number": lambda: RSA.sign(claims(), header(kid=1)),
    "jku": lambda: RSA.sign(claims(), header(jku="http://127.0.0.1:9/keys")),
    "x5u": lambda: RSA.sign(claims(), header(x5u="http://127.0.0.1:9/keys")),
    "jwk brought along": lambda: OTHER.sign(claims(), {"alg": "RS256", "jwk": OTHER.public()}),
    "x5c brought along": lambda: OTHER.sign(claims(), header(x5c=["MIIB"])),
    "signed by another under this name": lambda: OTHER.sign(claims()),
    "expired": lambda: RSA.sign(claims(exp=PRESENT - LEEWAY_S)),
    "no end": lambda: RSA.sign(claims(exp=...)),
    "an end that is no time": lambda: RSA.sign(claims(exp="2099-01-01")),
    "an end beyond numbers": lambda: RSA.sign(claims(exp=float("inf"))),
    "an end that is nan": lambda: RSA.sign(claims(exp=float("nan"))),
    "an end that is true": lambda: RSA.sign(claims(exp=True)),
    "nbf in the future": lambda: RSA.sign(claims(nbf=PRESENT + LEEWAY_S + 1)),
    "iat in the future": lambda: RSA.sign(claims(iat=PRESENT + LEEWAY_S + 1)),
    "iat of yesterday": lambda: RSA.sign(claims(iat=PRESENT - 86_400)),
    "no iat": lambda: RSA.sign(claims(iat=...)),
    "aud of another": lambda: RSA.sign(claims(aud="another")),
    "aud a part of ours": lambda: RSA.sign(claims(aud=CLIENT[:4])),
    "no aud": lambda: RSA.sign(claims(aud=...)),
    "several, issued to another": lambda: RSA.sign(claims(aud=[CLIENT, "another"], azp="another")),
    "several, not said to whom": lambda: RSA.sign(claims(aud=[CLIENT, "another"])),
    "issued to another": lambda: RSA.sign(claims(azp="another")),
    "iss of another": lambda: RSA.sign(claims(iss="https://id.city.example/realms/other")),
    "iss with a slash more": lambda: RSA.sign(claims(iss=ISSUER + "/")),
    "iss a list": lambda: RSA.sign(claims(iss=[ISSUER])),
    "nonce of another attempt": lambda: RSA.sign(claims(nonce="n-2")),
    "no nonce": lambda: RSA.sign(claims(nonce=...)),
    "no sub": lambda: RSA.sign(claims(sub=...)),
    "sub empty": lambda: RSA.sign(claims(sub="")),
    "sub a number": lambda: RSA.sign(claims(sub=7)),
    "sub with a line break": lambda: RSA.sign(claims(sub="7\n8")),
    "sub too long": lambda: RSA.sign(claims(sub="7" * 256)),
    "an access token": lambda: RSA.sign(claims(aud="account", nonce=...), header(typ="at+jwt")),
    "a token of 1 MB": lambda: RSA.sign(claims(name="x" * 1_000_000)),
    "just too long": lambda: "a" * (MAX_TOKEN + 1),
    "JWE": lambda: ".".join([b64(b'{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}')] + ["AAAA"] * 4),
    "zip": lambda: RSA.sign(claims(), header(zip="DEF")),
    "JSON that never ends": lambda: raw(b"[" * 4_000, b"{}"),
    "a header name twice": lambda: raw(b'{"alg":"none","alg":"RS256"}', b"{}"),
    "a claim twice": lambda: raw(json.dumps(header()).encode(), b'{"sub":"a","sub":"b"}'),
    "claims that are a list": lambda: RSA.sign([claims()]),
    "not base64": lambda: RSA.sign(claims()).replace(".", "!.", 1),
    "a signature cut off": lambda: RSA.sign(claims())[:-8],
    "two parts": lambda: RSA.sign(claims()).rpartition(".")[0],
    "nothing": lambda: "",
    "no text": lambda: {"id_token": 1},
    "bytes that are no ASCII": lambda: RSA.sign(claims()) + "é",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_must_not_open_anything_is_refused_in_under_10_ms(name: str) -> None:
    token = BAD[name]()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        with pytest.raises(Untrusted):
            look(token)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.010


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_a_good_token_says_who_it_is(algorithm: str) -> None:
    assert look(SIGNERS[algorithm].sign(claims())) == Claims("7f3e", "li.na", "李娜")
    several = claims(aud=[CLIENT, "another"], azp=CLIENT, nbf=PRESENT, exp=PRESENT - LEEWAY_S + 1)
    assert look(SIGNERS[algorithm].sign(several)).subject == "7f3e"
    with pytest.raises(Untrusted, match="algorithm"):
        look(SIGNERS[algorithm].sign(claims()), algorithms=frozenset(SIGNERS) - {algorithm})


def test_names_that_cannot_be_shown_are_left_out() -> None:
    token = RSA.sign(claims(name="x" * 300, preferred_username="a\nb"))
    assert look(token) == Claims("7f3e")


def test_a_key_that_is_not_there_may_be_a_newer_one_and_one_without_a_name_must_be_the_only_one() -> None:
    with pytest.raises(UnknownKey):
        look(Signer.make("RS256", "RS256-2").sign(claims()))
    assert look(RSA.sign(claims(), {"alg": "RS256"})).subject == "7f3e"
    with pytest.raises(Untrusted, match="key"):
        look(RSA.sign(claims(), {"alg": "RS256"}), keys=(*KEYS, *read_keys({"keys": [OTHER.public()]})))


def test_a_key_set_gives_only_public_keys_that_are_long_enough_and_for_signatures() -> None:
    good = RSA.public()
    for bad in (
        {**good, "use": "enc"},
        {**good, "kid": 7},
        {**good, "alg": "HS256"},
        {**good, "n": "AQAB"},
        {**good, "n": "!"},
        {"kty": "oct", "k": b64(b"secret" * 6), "alg": "HS256"},
        {**SIGNERS["ES256"].public(), "crv": "secp256k1"},
        {**SIGNERS["ES256"].public(), "x": b64(b"\1" * 32)},
        Signer.make("RS256", "short", bits=1_024).public(),
        "key",
    ):
        assert read_keys({"keys": [bad]}) == (), bad
    assert [key.kid for key in read_keys({"keys": [good, {"kty": "?"}]})] == ["RS256-1"]
    for broken in ([], {}, {"keys": {}}, {"keys": [good] * 51}):
        with pytest.raises(Untrusted):
            read_keys(broken)
