"""Signing in at an identity service: a real one on loopback, and what a false one, or somebody between, could send."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from api_world import NOW, check_problem
from doors_world import ADMINISTRATOR, PASSWORD, Staffed, staff
from fake_store import FakeStore
from fastapi.testclient import TestClient
from issuer import CLIENT, SECRET, Issuer, Signer, b64, serving

from api.app import create_app
from api.credentials import ATTEMPT, COOKIE
from api.oidc import fetch
from api.oidc.fetch import Origin, Unreachable, ask, origin_of, require_allowed
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.settings import Settings

ROUTE = "/api/v1/session/oidc"
HOME = "https://city.example"
OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Any:
        return self.at


@dataclass
class City:
    """A district whose people sign in elsewhere."""

    store: FakeStore
    clock: Watch
    made: Staffed
    issuer: Issuer

    def browser(self) -> httpx.Client:
        return TestClient(self.made.app, base_url=HOME, headers=OUR_PAGE)

    def administrator(self) -> httpx.Client:
        browser = self.browser()
        assert browser.post("/api/v1/session", json={"name": ADMINISTRATOR, "password": PASSWORD}).status_code == 200
        return browser

    def go(self, browser: httpx.Client) -> dict[str, str]:
        """Begin an attempt; give what the identity service is asked."""
        answer = browser.post(ROUTE)
        assert answer.status_code == 200, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.json()["address"]).query).items()}

    def come_back(self, browser: httpx.Client, subject: str = "s-1", **more: Any) -> httpx.Response:
        """Sign in there as somebody and come back; ``more`` goes over what the service gives."""
        asked = self.go(browser)
        body = {"code": self.issuer.vouch(asked, subject), "state": asked["state"], "iss": self.issuer.url, **more}
        return browser.put(ROUTE, json={name: value for name, value in body.items() if value is not None})

    def link(self, name: str, subject: str) -> httpx.Response:
        path = f"/api/v1/accounts/{self.made.ids[name]}/identity"
        return self.administrator().put(path, json={"subject": subject})

    def acts(self, action: str) -> list[tuple[str, dict[str, Any]]]:
        with self.store.unit_of_work() as work:
            found = [e.act for e in work.trail.entries() if e.act.action == action]
        return [(act.outcome.value, dict(act.detail)) for act in found]


@contextmanager
def city_with(**options: Any) -> Iterator[City]:
    """Give a district over a store in memory, with an identity service."""
    clock = Watch()
    with serving(Issuer(clock.now)) as issuer:
        store = FakeStore()
        with store.unit_of_work() as work:
            work.boundaries.put_set(BoundarySet("urban", (Level("street", 0), Level("grid", 1))))
            work.commit()
        settings = {
            "oidc_issuer": issuer.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "public_url": HOME,
            "oidc_title": "城市统一身份认证", "sign_ins_per_minute": 1_000.0, **options,
        }  # fmt: skip
        yield City(store, clock, staff(store, clock, set_name="urban", street="S", options=settings), issuer)


@pytest.fixture
def city() -> Iterator[City]:
    """A district where an administrator links accounts."""
    with city_with() as found:
        yield found


# --- the way there and back


def test_a_linked_account_comes_in_with_its_own_grants_and_a_session_of_ours(city: City) -> None:
    assert city.link("dispatcher", "s-1").json()["subject"] == "s-1"
    browser = city.browser()
    assert browser.get("/api/v1/session").json()["sso"] == "城市统一身份认证"
    asked = city.go(browser)
    assert asked["redirect_uri"] == f"{HOME}/sign-in/return"
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert "openid" in asked["scope"].split()
    answer = city.come_back(browser)
    assert answer.status_code == 200, answer.text
    assert answer.json()["account"]["name"] == "dispatcher"
    kept = {c.split("=")[0]: c.lower() for c in answer.headers.get_list("set-cookie")}
    assert "max-age=0" in kept[ATTEMPT]
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= {p.strip() for p in kept[COOKIE].split(";")}
    assert browser.cookies[COOKIE].startswith("gm_s_")
    assert browser.get("/api/v1/sets").status_code == 200
    assert city.acts("session.begin")[-1] == ("done", {"way": "oidc"})
    assert city.acts("account.link") == [("done", {"ended": 0})]
    # an ordinary session: it ends here
    assert browser.delete("/api/v1/session").status_code == 200
    assert browser.get("/api/v1/session").json()["account"] is None


def test_each_attempt_has_words_of_its_own_and_the_browser_keeps_them_for_this_host_alone(city: City) -> None:
    answers = [city.browser().post(ROUTE) for _ in range(2)]
    cookie = answers[0].headers["set-cookie"]
    assert cookie.startswith(f"{ATTEMPT}=")
    assert {"secure", "httponly", "samesite=strict", "path=/", "max-age=600"} <= {
        part.strip().lower() for part in cookie.split(";")
    }
    first, second = (parse_qs(urlsplit(a.json()["address"]).query) for a in answers)
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name][0]) == 43
        assert first[name][0] not in cookie
    assert len({first[name][0] for name in ("state", "nonce", "code_challenge")}) == 3


def test_who_is_linked_with_no_account_is_told_so_and_gets_nothing(city: City) -> None:
    browser = city.browser()
    check_problem(city.come_back(browser, "s-9"), 403, "identity_unknown")
    assert COOKIE not in browser.cookies
    assert len(city.administrator().get("/api/v1/accounts").json()["accounts"]) == 7


def test_a_disabled_account_does_not_come_in_and_a_key_cannot_be_linked(city: City) -> None:
    city.link("dispatcher", "s-1")
    administrator = city.administrator()
    path = f"/api/v1/accounts/{city.made.ids['dispatcher']}"
    administrator.put(path, json={"disabled": True})
    check_problem(city.come_back(city.browser()), 403, "identity_unknown")
    check_problem(city.link("statistics", "s-2"), 422, "account_not_person")
    check_problem(city.link("planner", "s-1"), 409, "identity_taken")
    check_problem(city.link("planner", ""), 422, "identity_bad")
    check_problem(city.link("planner", "x" * 256), 422, "identity_bad")


def test_unlinking_ends_the_sessions_and_the_way_in(city: City) -> None:
    city.link("dispatcher", "s-1")
    browser = city.browser()
    city.come_back(browser)
    path = f"/api/v1/accounts/{city.made.ids['dispatcher']}/identity"
    assert city.administrator().delete(path).json()["subject"] is None
    assert browser.get("/api/v1/session").json()["account"] is None
    check_problem(city.come_back(city.browser()), 403, "identity_unknown")
    assert city.acts("account.unlink") == [("done", {"ended": 1})]


def test_who_comes_for_the_first_time_gets_an_account_without_any_right_where_that_is_set() -> None:
    with city_with(oidc_new_accounts="create") as city:
        city.issuer.people = {
            "s-1": {"preferred_username": "Zhao.Min", "name": "赵敏"},
            # called as somebody here is: that opens nothing
            "s-2": {"preferred_username": ADMINISTRATOR, "name": "王敏", "roles": ["administrator"]},
            "s-3": {"preferred_username": "<b>", "name": "x\ny"},
        }
        made = [city.come_back(city.browser(), f"s-{n}").json() for n in (1, 2, 3, 1)]
        assert [answer["permissions"] for answer in made] == [[], [], [], []]
        accounts = [answer["account"] for answer in made]
        assert accounts[0]["account"] == accounts[3]["account"]
        assert (accounts[0]["name"], accounts[0]["title"]) == ("zhao.min", "赵敏")
        assert accounts[1]["name"].startswith(f"{ADMINISTRATOR}.a_")
        assert (accounts[2]["name"], accounts[2]["title"]) == (accounts[2]["account"], "")
        assert all(account["grants"] == [] for account in accounts)
        # no password: by the other way nobody comes in with such a name
        body = {"name": "zhao.min", "password": ""}
        assert city.browser().post("/api/v1/session", json={**body, "password": PASSWORD}).status_code == 401
        assert [d["way"] for _, d in city.acts("account.add") if "way" in d] == ["oidc"] * 3


# --- what must not open anything


def refused(city: City, answer: httpx.Response, reason: str) -> None:
    """Check a refusal: one and the same word to the outside, the reason in the trail."""
    check_problem(answer, 401, "oidc_refused")
    assert city.acts("session.begin")[-1] == ("failed", {"way": "oidc", "reason": reason})


def test_only_the_browser_that_went_out_comes_back(city: City) -> None:
    city.link("dispatcher", "s-1")
    mine, theirs = city.browser(), city.browser()
    asked = city.go(theirs)
    body = {"code": city.issuer.vouch(asked, "s-1"), "state": asked["state"], "iss": city.issuer.url}
    refused(city, city.browser().put(ROUTE, json=body), "state")  # no attempt at all
    city.go(mine)
    refused(city, mine.put(ROUTE, json=body), "state")  # somebody else's way back
    assert "POST /token" not in city.issuer.asked, "nothing is asked for who did not go out from here"
    assert theirs.put(ROUTE, json=body).status_code == 200
    refused(city, theirs.put(ROUTE, json=body), "state")  # once


def test_a_code_of_another_attempt_is_no_good(city: City) -> None:
    city.link("dispatcher", "s-1")
    stolen = city.issuer.vouch(city.go(city.browser()), "s-1")
    refused(city, city.come_back(city.browser(), code=stolen), "code")
    refused(city, city.come_back(city.browser(), code="made up"), "code")


def test_the_way_back_is_only_for_pages_of_ours(city: City) -> None:
    city.link("dispatcher", "s-1")
    browser = city.browser()
    for site in ("cross-site", "same-site"):
        check_problem(browser.post(ROUTE, headers={"Sec-Fetch-Site": site}), 403, "cross_site")
        check_problem(city.browser().put(ROUTE, json={}, headers={"Sec-Fetch-Site": site}), 403, "cross_site")
    # the address itself, opened by anybody, is a page and changes nothing
    answer = browser.get("/sign-in/return?code=a&state=b", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert city.issuer.asked == []


@pytest.mark.parametrize("iss", ["https://evil.example", None, ""])
def test_who_answers_says_who_it_is(city: City, iss: str | None) -> None:
    refused(city, city.come_back(city.browser(), iss=iss), "issuer")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "another"}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1}, "expired"),
        ({"nbf": 2**40}, "time"),
        ({"azp": "another"}, "party"),
        ({"sub": None}, "claims"),
    ],
)
def test_a_token_with_wrong_claims_opens_nothing(city: City, claims: dict[str, Any], reason: str) -> None:
    city.link("dispatcher", "s-1")
    city.issuer.claims = claims
    browser = city.browser()
    refused(city, city.come_back(browser), reason)
    assert COOKIE not in browser.cookies


def test_a_token_that_names_other_keys_is_refused_and_nobody_is_asked_for_them(city: City) -> None:
    asked: list[str] = []
    with canary(asked) as address:
        for more in ({"jku": address}, {"x5u": address}, {"kid": address}, {"crit": ["jku"], "jku": address}):
            header = {"alg": "ES256", "kid": "first", **more}
            city.issuer.token = lambda claims, header=header: city.issuer.signer.sign(claims, header)
            check_problem(city.come_back(city.browser()), 401, "oidc_refused")
        stranger = Signer.make("ES256", "first")
        city.issuer.token = lambda claims: stranger.sign(claims, {"alg": "ES256", "jwk": stranger.public()})
        check_problem(city.come_back(city.browser()), 401, "oidc_refused")
    assert asked == []
    assert city.issuer.asked.count("GET /keys") == 1


def test_new_keys_are_found_but_a_flood_of_strange_ones_asks_once_a_minute(city: City) -> None:
    city.link("dispatcher", "s-1")
    provider = city.made.app.state.desk.provider
    later = [0.0]
    provider._now = lambda: later[0]
    assert city.come_back(city.browser()).status_code == 200
    city.issuer.signer = Signer.make("RS256", "second")
    for _ in range(5):
        refused(city, city.come_back(city.browser()), "key")
    assert city.issuer.asked.count("GET /keys") == 1
    later[0] = 61.0
    assert city.come_back(city.browser()).status_code == 200
    assert city.issuer.asked.count("GET /keys") == 2


def test_a_bearer_token_of_the_identity_service_is_none_of_ours(city: City) -> None:
    claims = city.issuer.claims_of({"sub": "s-1", "nonce": "n"})
    city.link("dispatcher", "s-1")
    client = TestClient(city.made.app)
    for token in (city.issuer.signer.sign(claims), b64(b'{"alg":"none"}') + ".e30.", "a.b.c.d.e", "x" * 15_000):
        began = time.perf_counter()
        answer = client.get("/api/v1/sets", headers={"Authorization": f"Bearer {token}"})
        assert time.perf_counter() - began < 0.2
        check_problem(answer, 401, "not_signed_in")
    assert city.issuer.asked == []


# --- an identity service that is away, or not what it should be


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://127.0.0.1:9/keys"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": "https://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_addresses_elsewhere_are_not_believed(city: City, changes: dict[str, Any]) -> None:
    city.issuer.discovery = changes
    answer = city.browser().post(ROUTE)
    check_problem(answer, 503, "oidc_misconfigured")
    assert answer.headers["retry-after"]
    assert city.issuer.asked == ["GET /.well-known/openid-configuration"]


DISCOVERY = "/.well-known/openid-configuration"
BROKEN: dict[str, tuple[int, dict[str, str], bytes]] = {
    "an error": (500, {}, b"{}"),
    "no JSON": (200, {}, b"<html>"),
    "another type": (200, {"Content-Type": "text/html"}, b"{}"),
    "a list": (200, {}, b"[]"),
    "a name twice": (200, {}, b'{"issuer": 1, "issuer": 2}'),
    "too deep": (200, {}, b"[" * 100_000),
    "too much": (200, {}, b'{"a": "' + b"x" * fetch.MAX_BYTES + b'"}'),
    "packed": (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_answers_that_cannot_be_read_are_told_as_no_answer(city: City, name: str) -> None:
    city.issuer.replies[DISCOVERY] = BROKEN[name]
    check_problem(city.browser().post(ROUTE), 503, "oidc_unreachable")


def test_no_redirect_is_followed(city: City) -> None:
    asked: list[str] = []
    with canary(asked) as address:
        for path in (DISCOVERY, "/token", "/keys"):
            city.issuer.replies = {path: (302, {"Location": address}, b"{}")}
            city.made.app.state.desk.provider._endpoints = None
            browser = city.browser()
            answer = browser.post(ROUTE) if path == DISCOVERY else city.come_back(browser)
            check_problem(answer, 503, "oidc_unreachable")
    assert asked == []


def test_one_that_trickles_is_cut_off_and_one_that_is_away_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Slow: " + b"x" * 1_000:
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=trickle, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(Unreachable):
            ask(url + "/keys", origin_of(url), deadline_s=0.5)
        assert time.monotonic() - began < 5
    with pytest.raises(Unreachable):
        ask(url + "/keys", origin_of(url))


# --- row A26: where the name leads


@pytest.mark.parametrize(
    ("address", "loopback", "good"),
    [
        ("10.1.2.3", False, True), ("192.168.0.9", False, True), ("203.0.113.7", False, True),
        ("2001:db8::7", False, True), ("127.0.0.1", False, False), ("::1", False, False),
        ("::ffff:127.0.0.1", False, False), ("169.254.169.254", False, False), ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False), ("224.0.0.1", False, False), ("::", False, False), ("127.0.0.1", True, True),
        ("::1", True, True), ("203.0.113.7", True, False), ("169.254.169.254", True, False),
    ],
)  # fmt: skip
def test_a_name_may_lead_into_the_city_but_not_to_this_machine_or_its_cloud(
    address: str, loopback: bool, good: bool
) -> None:
    if good:
        require_allowed(address, loopback=loopback)
    else:
        with pytest.raises(OSError, match="cannot have"):
            require_allowed(address, loopback=loopback)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost."])
def test_other_spellings_of_this_machine_are_not_connected_to(host: str) -> None:
    origin = Origin("https", host, 443)
    with pytest.raises(Unreachable):
        ask(f"https://{host}/keys", origin)


def test_a_name_that_leads_to_this_machine_the_next_moment_leads_nowhere(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(city.issuer.url).port
    answers = iter([[("203.0.113.7", port)], [("127.0.0.1", port)]])

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers)[0])]

    connected: list[Any] = []

    def connect(address: Any, *_: Any) -> Any:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(fetch.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(fetch.socket, "create_connection", connect)
    for _ in range(2):
        with pytest.raises(Unreachable):
            ask(f"https://id.city.example:{port}/keys", Origin("https", "id.city.example", port or 0))
    assert connected == [("203.0.113.7", port)], "the address that was looked at, and no other"


# --- settings


@pytest.mark.parametrize(
    "options",
    [
        {"oidc_issuer": "http://id.city.example"}, {"oidc_issuer": "ftp://id"}, {"oidc_issuer": "https://"},
        {"oidc_issuer": "https://a:b@id.example"}, {"oidc_issuer": "https://id.example/?a=b"},
        {"oidc_issuer": "https://id.example/#a"}, {"oidc_client_id": ""}, {"public_url": ""},
        {"public_url": "http://city.example"}, {"oidc_algorithms": "HS256"}, {"oidc_algorithms": "none"},
        {"oidc_algorithms": ""}, {"oidc_algorithms": "RS256,HS256"}, {"oidc_new_accounts": "yes"},
    ],
)  # fmt: skip
def test_settings_that_would_weaken_it_are_not_taken(options: dict[str, Any]) -> None:
    good = {"oidc_issuer": "https://id.city.example", "oidc_client_id": CLIENT, "public_url": HOME}
    assert Settings(**good).oidc_issuer
    with pytest.raises(ValueError, match="validation error"):
        Settings(**{**good, **options})


def test_where_none_is_configured_there_is_no_such_way_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing may be asked")

    monkeypatch.setattr(fetch.socket, "create_connection", connect)
    store, clock = FakeStore(), Watch()
    app = create_app(Settings(access="accounts", password_memory_kib=64), store, clock)
    client = TestClient(app, base_url=HOME, headers=OUR_PAGE)
    assert client.get("/api/v1/session").json()["sso"] is None
    check_problem(client.post(ROUTE), 409, "oidc_not_configured")
    check_problem(client.put(ROUTE, json={"code": "a", "state": "b"}), 409, "oidc_not_configured")
    assert app.state.desk.provider is None


@contextmanager
def canary(asked: list[str]) -> Iterator[str]:
    """Give the address of a server that must not be asked."""
    with serving(Issuer(lambda: NOW, asked=asked)) as found:
        yield found.url + "/keys"


def test_the_canary_would_sing() -> None:
    asked: list[str] = []
    with canary(asked) as address:
        assert json.loads(ask(address, origin_of(address)).body)["keys"]
    assert asked == ["GET /keys"]
