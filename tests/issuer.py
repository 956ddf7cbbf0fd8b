"""A small identity service on loopback, as real as a test needs: its own keys, one-time codes, PKCE.

It signs with ``cryptography`` by itself, so that nothing it hands out was made by the code that checks it.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT = "gridmap"
SECRET = "the client's own words"


def b64(value: bytes) -> str:
    """Give bytes in base64url without padding."""
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@dataclass
class Signer:
    """A pair of keys under a name."""

    algorithm: str
    kid: str
    key: Any

    @classmethod
    def make(cls, algorithm: str, kid: str, bits: int = 2_048) -> "Signer":
        makers: dict[str, Callable[[], Any]] = {
            "RS256": lambda: rsa.generate_private_key(65_537, bits),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }
        return cls(algorithm, kid, makers[algorithm]())

    def public(self) -> dict[str, Any]:
        """Give the entry of a key set."""
        entry: dict[str, Any] = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        public = self.key.public_key()
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            return {**entry, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return {**entry, "kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        return {**entry, "kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}

    def sign(self, claims: Any, header: dict[str, Any] | None = None) -> str:
        """Give a token."""
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"} if header is None else header
        signed = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{b64(self._signature(signed.encode()))}"

    def _signature(self, signed: bytes) -> bytes:
        if self.algorithm == "RS256":
            return self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        if self.algorithm == "ES256":
            r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.key.sign(signed)


@dataclass
class Issuer:
    """The service, its people (who signs in is whoever is named), and what it was asked."""

    now: Callable[[], datetime]
    url: str = ""
    signer: Signer = field(default_factory=lambda: Signer.make("ES256", "first"))
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    #: What a test wants otherwise: changes of the discovery document, of claims, of whole replies by path.
    discovery: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    replies: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """Give the discovery document."""
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }
        return {**found, **self.discovery}

    def vouch(self, asked: dict[str, str], subject: str) -> str:
        """Give a code for somebody who signed in, as the page of signing in does."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = {**asked, "sub": subject}
        return code

    def claims_of(self, asked: dict[str, str]) -> dict[str, Any]:
        """Give the claims of an ID token."""
        present = int(self.now().timestamp())
        found = {
            "iss": self.url, "aud": CLIENT, "sub": asked["sub"], "nonce": asked["nonce"], "iat": present,
            "exp": present + 300, **self.people.get(asked["sub"], {}),
        }  # fmt: skip
        return {name: value for name, value in {**found, **self.claims}.items() if value is not None}

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Give tokens for a code, once."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if authorization != _basic():
            return 401, {"error": "invalid_client"}
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        claims = self.claims_of(asked)
        token = self.signer.sign(claims) if self.token is None else self.token(claims)
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()


_PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>城市统一身份认证</title><h1>城市统一身份认证</h1>
<form method="get" action="/signed"><input type="hidden" name="q" value="{query}">
<label>用户 <input name="sub"></label> <button>登录</button></form>"""


@contextmanager
def serving(issuer: Issuer) -> Iterator[Issuer]:
    """Let an issuer listen on a loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _send(self, status: int, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **(more or {})}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _json(self, status: int, value: Any) -> None:
            self._send(status, "application/json", json.dumps(value).encode())

        def _handle(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            issuer.asked.append(f"{self.command} {parts.path}")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path in issuer.replies:
                status, headers, body = issuer.replies[parts.path]
                self._send(status, headers.pop("Content-Type", "application/json"), body, headers)
            elif parts.path == "/.well-known/openid-configuration":
                self._json(200, issuer.describe())
            elif parts.path == "/keys":
                self._json(200, {"keys": [issuer.signer.public()]})
            elif parts.path == "/auth":
                self._send(200, "text/html", _PAGE.format(query=parts.query.replace("&", "&amp;")).encode())
            elif parts.path == "/signed":
                asked = {name: values[0] for name, values in parse_qs(query["q"]).items()}
                back = {"code": issuer.vouch(asked, query["sub"]), "state": asked["state"], "iss": issuer.url}
                self._send(303, "text/plain", b"", {"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})
            elif parts.path == "/token" and self.command == "POST":
                self._json(*issuer.exchange(form, self.headers.get("Authorization", "")))
            else:
                self._json(404, {})

        def do_GET(self) -> None:
            self._handle({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            self._handle({name: values[0] for name, values in parse_qs(body).items()})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
