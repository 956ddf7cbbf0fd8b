"""The doors: who asks, what another site sent, how often and how much at once; and both roads say the same."""

import asyncio
import time
from base64 import b64encode
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from api_world import NOW, at, check_problem
from asking import ask, ask_in_loop
from fastapi.testclient import TestClient

from api.app import create_app
from api.credentials import COOKIE
from api.doors import BELIEVED_S
from api.errors import TooManyRequests
from api.limits import Buckets, Slots, address_of, is_heavy, read_networks
from gridmap.domain.access import NOBODY, OPERATOR, Area, Grant, Kind, Principal, Role
from gridmap.errors import GridmapError
from gridmap.services.clock import FixedClock
from gridmap.services.fresh import SEEN_WITHIN_S
from gridmap.services.ports import Account
from gridmap.settings import Settings

CLOSED = Settings(access="accounts", cursor_key="for tests")
LON, LAT = at(0.5, 2.5)
LOCATE = f"/api/v1/locate?lon={LON}&lat={LAT}"
QUERY = f"lon={LON}&lat={LAT}".encode()


def somebody(name: str, *grants: Grant, kind: Kind = Kind.PERSON) -> Principal:
    return Principal(name, name, kind, grants)


PEOPLE = {
    "gm_s_planner": somebody("planner", Grant(Role.PLANNER)),
    "gm_s_street": somebody("street", Grant(Role.SUPERVISOR, Area("urban", "S"))),
    "gm_s_set": somebody("set", Grant(Role.LEADER, Area("urban"))),
    "gm_s_auditor": somebody("auditor", Grant(Role.AUDITOR)),
    "gm_s_administrator": somebody("administrator", Grant(Role.ADMINISTRATOR)),
    "gm_s_nothing": somebody("nothing"),
    "gm_s_past": somebody("past", Grant(Role.PLANNER, valid_to=date(2026, 5, 20))),
    "gm_k_analyst": somebody("analyst", Grant(Role.ANALYST), kind=Kind.KEY),
    "gm_d_field": somebody("field", Grant(Role.FIELD, Area("urban", "S")), kind=Kind.DEVICE),
}


class Desk:
    """An app with accounts, of which the test says who they are."""

    def __init__(self, store: Any, options: Settings = CLOSED) -> None:
        self.app = create_app(options, store, FixedClock(NOW))
        self.people: dict[str, Principal] = dict(PEOPLE)
        self.asked = 0
        self.app.state.doors.open(store, self.find)
        self.client = TestClient(self.app, base_url="http://city.example")

    def find(self, token: str) -> Principal | None:
        self.asked += 1
        return self.people.get(token)

    def get(self, url: str, token: str | None = None, **headers: str) -> Any:
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.get(url, headers={**shown, **{k.replace("_", "-"): v for k, v in headers.items()}})


@pytest.fixture(scope="module")
def desk(world: Any) -> Desk:
    return Desk(world.store)


@pytest.fixture(scope="module")
def validated(world: Any) -> Desk:
    """The same without the lean road."""
    found = Desk(world.store)
    found.app.state.lean = None
    return found


@pytest.fixture
def own_desk(world: Any) -> Desk:
    return Desk(world.store)


# --- who asks


def test_without_a_credential_the_answer_is_401(desk: Desk) -> None:
    for url in (LOCATE, "/api/v1/sets", "/api/v1/overview", "/api/v1/incidents", "/maps/grids"):
        answer = desk.get(url)
        check_problem(answer, 401, "not_signed_in")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_what_shows_nothing_answers_anybody(desk: Desk) -> None:
    assert desk.get("/healthz").status_code == 200
    assert desk.get("/api/v1/texts").status_code == 200
    assert desk.get("/assets/css/tokens.css").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "gm_s_unknown", "gm_k_" + "A" * 43, "é", "A" * 100_000, "gm_s_planner x"])
def test_a_bearer_token_that_is_not_good_is_401_even_where_none_is_needed(desk: Desk, token: str) -> None:
    header = (b"authorization", b"Bearer " + token.encode("latin-1"))
    for path in ("/api/v1/locate", "/healthz"):
        answer = ask(desk.app, QUERY if "locate" in path else b"", path=path, headers=[(b"host", b"test"), header])
        assert answer.status in (401, 431)
        assert token.encode() not in answer.body or len(token) < 2


def test_a_cookie_holds_sessions_only_and_a_bad_one_is_as_none(desk: Desk) -> None:
    assert desk.get(LOCATE, Cookie=f"{COOKIE}=gm_s_planner").status_code == 200
    assert desk.get(LOCATE, Cookie=f"a=b; {COOKIE}=gm_s_planner; c=d").status_code == 200
    for cookie in ("gm_k_analyst", "gm_s_unknown", "", "gm_s_" + "A" * 10_000):
        check_problem(desk.get(LOCATE, Cookie=f"{COOKIE}={cookie}"), 401, "not_signed_in")
        assert desk.get("/healthz", Cookie=f"{COOKIE}={cookie}").status_code == 200
    check_problem(desk.get(LOCATE, Cookie="gridmap=gm_s_planner"), 401, "not_signed_in")


def by_password(password: str, name: str = "qgis") -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def test_a_key_may_come_as_a_password_and_nothing_else_may(desk: Desk) -> None:
    for name in ("qgis", "", "gm_k_unknown"):
        assert desk.get(LOCATE, Authorization=by_password("gm_k_analyst", name)).status_code == 200
    # a password of somebody else, such as a proxy before us, is as none
    for said in (by_password("gm_s_planner"), by_password("secret"), by_password(""), "Basic x", "Basic é", "Basic"):
        header = (b"authorization", said.encode("latin-1"))
        cookie = (b"cookie", f"{COOKIE}=gm_s_planner".encode())
        for shown, status in (([header], 401), ([header, cookie], 200)):
            answer = ask(desk.app, QUERY, path="/api/v1/locate", headers=[(b"host", b"test"), *shown])
            assert answer.status == status
    for password in ("gm_k_unknown", "gm_k_" + "A" * 10_000):
        assert desk.get("/healthz", Authorization=by_password(password)).status_code == (
            401 if len(password) < 99 else 200
        )
        check_problem(desk.get(LOCATE, Authorization=by_password(password)), 401, "not_signed_in")


def test_a_password_that_a_browser_kept_changes_nothing_for_another_site(desk: Desk) -> None:
    kept = {"Authorization": by_password("gm_k_analyst")}
    assert desk.client.post("/api/v1/locate", json=POINTS, headers=kept).status_code == 200
    assert desk.client.post("/api/v1/locate", json=POINTS, headers={**kept, "Origin": "http://city.example"}).is_success
    for sent in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        answer = desk.client.post("/api/v1/locate", json=POINTS, headers={**kept, **sent})
        check_problem(answer, 403, "cross_site")


def test_who_lacks_the_function_is_403(desk: Desk) -> None:
    check_problem(desk.get(LOCATE, "gm_s_auditor"), 403, "not_allowed")
    check_problem(desk.get("/api/v1/incidents", "gm_s_administrator"), 403, "not_allowed")
    check_problem(desk.get(LOCATE, "gm_s_past"), 403, "not_allowed")
    check_problem(desk.get(LOCATE, "gm_s_nothing"), 403, "not_allowed")


def test_with_open_access_everybody_is_the_operator_whatever_is_shown(world: Any) -> None:
    open_desk = Desk(world.store, Settings(access="open"))
    assert open_desk.get("/api/v1/incidents").status_code == 200
    assert open_desk.get("/api/v1/incidents", "gm_s_auditor").status_code == 200
    assert open_desk.asked == 0


def test_an_app_that_knows_no_accounts_lets_nobody_in(world: Any) -> None:
    app = create_app(CLOSED, world.store, FixedClock(NOW))
    answer = TestClient(app).get(LOCATE, headers={"Authorization": "Bearer gm_s_planner"})
    check_problem(answer, 401, "not_signed_in")


# --- the lean road and the validated one


@pytest.mark.parametrize("token", [None, *PEOPLE, "gm_s_unknown"])
def test_both_roads_answer_each_alike(desk: Desk, validated: Desk, token: str | None) -> None:
    shown = [] if token is None else [(b"authorization", b"Bearer " + token.encode())]
    headers = [(b"host", b"test"), *shown]
    # twice by the lean road: before and after its answer is kept
    assert (
        ask(desk.app, QUERY, headers=headers)
        == ask(desk.app, QUERY, headers=headers)
        == ask(validated.app, QUERY, headers=headers)
    )


@pytest.mark.parametrize(
    ("principal", "served"),
    [
        (OPERATOR, True),
        (PEOPLE["gm_s_planner"], True),
        (PEOPLE["gm_k_analyst"], False),
        (PEOPLE["gm_s_set"], False),
        (PEOPLE["gm_s_street"], False),
        (PEOPLE["gm_s_auditor"], False),
        (PEOPLE["gm_s_past"], False),
        (NOBODY, False),
    ],
)
def test_the_lean_road_is_for_who_may_see_all_of_an_answer(desk: Desk, principal: Principal, served: bool) -> None:
    assert desk.app.state.lean.serves(principal) is served


# --- what changes while a session is open (A25)


def test_a_right_that_was_taken_counts_from_the_next_request_on(fresh_world: Any) -> None:
    desk = Desk(fresh_world.store)
    assert desk.get(LOCATE, "gm_s_planner").status_code == 200
    asked = desk.asked
    assert desk.get(LOCATE, "gm_s_planner").status_code == 200
    assert desk.asked == asked, "a token is not looked up again at once"
    desk.people["gm_s_planner"] = replace(PEOPLE["gm_s_planner"], grants=())
    with fresh_world.store.unit_of_work() as work:  # as the change of an account does
        work.accounts.add(Account("a-new", Kind.PERSON, "new"))
        work.commit()
    check_problem(desk.get(LOCATE, "gm_s_planner"), 403, "not_allowed")
    del desk.people["gm_s_planner"]
    with fresh_world.store.unit_of_work() as work:
        work.accounts.add(Account("a-other", Kind.PERSON, "other"))
        work.commit()
    check_problem(desk.get(LOCATE, "gm_s_planner"), 401, "not_signed_in")


def test_a_change_in_a_store_elsewhere_is_seen_soon_and_a_token_is_not_looked_up_each_time(fresh_world: Any) -> None:
    class Elsewhere:
        local = False

        def __getattr__(self, name: str) -> Any:
            return getattr(fresh_world.store, name)

    passed = [0.0]
    desk = Desk(fresh_world.store)
    doors = desk.app.state.doors
    doors._now = lambda: passed[0]
    doors.open(Elsewhere(), desk.find)

    def asked_at(moment: float, status: int = 200) -> int:
        """Ask when the background has said what it knows at a time."""
        passed[0] = moment
        doors._fresh.token()
        until = time.monotonic() + 10
        while doors._fresh._asking and time.monotonic() < until:
            time.sleep(0.005)
        assert desk.get("/api/v1/sets", "gm_s_planner").status_code == status
        return desk.asked

    first = asked_at(0.0)
    assert [asked_at(moment) for moment in (0.02, 0.5, 2.0, BELIEVED_S - 0.01)] == [first] * 4
    assert asked_at(BELIEVED_S) == first + 1
    del desk.people["gm_s_planner"]
    with fresh_world.store.unit_of_work() as work:
        work.accounts.add(Account("a-new", Kind.PERSON, "new"))
        work.commit()
    assert asked_at(BELIEVED_S + SEEN_WITHIN_S, 401) == first + 2


def test_a_grant_ends_at_midnight_of_the_district(world: Any) -> None:
    from datetime import UTC, datetime

    desk = Desk(world.store)
    desk.people["gm_s_planner"] = somebody("planner", Grant(Role.PLANNER, valid_to=date(2026, 5, 21)))
    for now, status in (
        (datetime(2026, 5, 20, 15, 59, 59, tzinfo=UTC), 200),
        (datetime(2026, 5, 20, 16, tzinfo=UTC), 403),
    ):
        context = desk.app.state.context
        for road in (LOCATE, "/api/v1/sets"):
            object.__setattr__(context, "clock", FixedClock(now))
            assert desk.get(road, "gm_s_planner").status_code == status


# --- other sites (A24)

COOKIE_OF_PLANNER = {"Cookie": f"{COOKIE}=gm_s_planner"}
POINTS = {"points": [[LON, LAT]]}


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://city.example"},
        {"Sec-Fetch-Site": "none of these"},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://city.example.evil.example"},
        {"Origin": "http://city.example:81"},
        {"Origin": ""},
        {},
    ],
)
def test_what_another_site_sends_with_the_cookie_is_refused(desk: Desk, sent: dict[str, str]) -> None:
    for method, url in (
        ("POST", "/api/v1/locate"),
        ("PUT", "/api/v1/sets/urban"),
        ("DELETE", "/api/v1/sets/urban/drafts/1"),
    ):
        answer = desk.client.request(method, url, json=POINTS, headers={**COOKIE_OF_PLANNER, **sent})
        check_problem(answer, 403, "cross_site")
        plain = {**COOKIE_OF_PLANNER, **sent, "Content-Type": "text/plain"}
        check_problem(desk.client.request(method, url, content=b"{}", headers=plain), 403, "cross_site")


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://city.example"},
        {"Origin": "https://city.example"},  # the proxy before us speaks TLS
        {"Origin": "http://CITY.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://city.example:8443"},  # the proxy left the port out
    ],
)
def test_what_our_pages_send_with_the_cookie_is_taken(desk: Desk, sent: dict[str, str]) -> None:
    answer = desk.client.post("/api/v1/locate", json=POINTS, headers={**COOKIE_OF_PLANNER, **sent})
    assert answer.status_code == 200, answer.text


def test_a_program_with_a_key_needs_no_origin(desk: Desk) -> None:
    answer = desk.client.post("/api/v1/locate", json=POINTS, headers={"Authorization": "Bearer gm_k_analyst"})
    assert answer.status_code == 200


def test_with_open_access_other_sites_change_nothing_either(world: Any) -> None:
    open_desk = Desk(world.store, Settings(access="open"))
    answer = open_desk.client.post("/api/v1/locate", json=POINTS, headers={"Origin": "https://evil.example"})
    check_problem(answer, 403, "cross_site")
    assert open_desk.client.post("/api/v1/locate", json=POINTS).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost:x", 403),
        ("", 403),
    ],
)
def test_a_strange_name_that_leads_here_opens_nothing(rebound: Desk, host: str, status: int) -> None:
    for path, query in (("/api/v1/locate", QUERY), ("/api/v1/sets", b"")):
        answer = ask(rebound.app, query, path=path, headers=[(b"host", host.encode())])
        assert answer.status == status
        assert status == 200 or b"host_unknown" in answer.body


@pytest.fixture(scope="module")
def rebound(world: Any) -> Desk:
    """With open access, known by the names of this machine only."""
    return Desk(world.store, Settings(access="open", hosts="localhost, 127.0.0.1,[::1]"))


# --- headers that pretend (A15)

PRETENDING = {
    "X-Forwarded-For": "10.0.0.1",
    "X-Real-IP": "10.0.0.1",
    "Forwarded": "for=10.0.0.1",
    "X-User-ID": "administrator",
    "X-Remote-User": "administrator",
    "X-Forwarded-User": "administrator",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Host": "evil.example",
    "X-Original-URL": "/api/v1/incidents",
    "X-Rewrite-URL": "/api/v1/incidents",
    "X-HTTP-Method-Override": "DELETE",
    "Host": "evil.example",
}


@pytest.mark.parametrize("name", PRETENDING)
def test_a_header_makes_nobody_somebody_else(desk: Desk, name: str) -> None:
    pretended = {name: PRETENDING[name]}
    check_problem(desk.client.get("/api/v1/incidents", headers=pretended), 401, "not_signed_in")
    shown = {"Authorization": "Bearer gm_s_planner"}
    plain = desk.client.get("/api/v1/sets/urban/versions/current/grids?limit=1", headers=shown)
    answer = desk.client.get("/api/v1/sets/urban/versions/current/grids?limit=1", headers={**shown, **pretended})
    assert (answer.status_code, answer.content) == (200, plain.content)
    assert "evil" not in str(answer.headers)


def scope_from(peer: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": None if peer is None else (peer, 1), "headers": headers}


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        ("", "203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
        ("10.0.0.0/8", "203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9, 10.2.2.2"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9, nonsense"], "10.1.1.1"),
        ("10.0.0.0/8", "10.1.1.1", [], "10.1.1.1"),
        ("10.0.0.0/8", "::ffff:10.1.1.1", ["203.0.113.9"], "203.0.113.9"),
        ("", "2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("", "2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("", None, [], ""),
    ],
)
def test_a_forwarded_address_counts_only_from_a_configured_proxy(
    proxies: str, peer: str | None, forwarded: list[str], address: str
) -> None:
    assert address_of(scope_from(peer, *forwarded), read_networks(proxies)) == address


def test_proxies_that_are_no_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies="proxy.example")


# --- how often


def test_a_bucket_lets_through_a_burst_and_then_its_rate() -> None:
    passed = [100.0]
    buckets = Buckets(rate=10, burst=50, now=lambda: passed[0])

    def taken() -> int:
        for count in range(1_000):
            try:
                buckets.take("a")
            except TooManyRequests as error:
                return count if error.fields["retry_after_s"] == 1 else -1
        return 1_000

    assert taken() == 50
    assert taken() == 0
    buckets.take("b")  # another one is not concerned
    passed[0] += 1
    assert taken() == 10
    passed[0] += 1_000
    assert taken() == 50


def test_ever_new_callers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.limits._CALLERS", 100)
    buckets = Buckets(rate=1, burst=5, now=lambda: 0.0)
    for number in range(1_000):
        buckets.take(number)
    assert len(buckets._full_at) <= 100


def test_too_many_requests_of_one_account_are_429_by_both_roads(world: Any) -> None:
    desk = Desk(world.store)
    desk.app.state.doors._accounts = Buckets(1, 4, now=lambda: 0.0)
    statuses = [desk.get(LOCATE, "gm_s_planner").status_code for _ in range(6)]
    assert statuses == [200] * 4 + [429] * 2
    answer = desk.get("/api/v1/sets", "gm_s_planner")
    assert check_problem(answer, 429, "too_many_requests")["retryable"] is True
    assert int(answer.headers["retry-after"]) >= 1
    assert desk.get(LOCATE, "gm_s_administrator").status_code == 200


def test_too_many_requests_from_one_network_are_429_before_a_token_is_looked_up(world: Any) -> None:
    desk = Desk(world.store)
    desk.app.state.doors._networks = Buckets(1, 4, now=lambda: 0.0)
    statuses = [desk.get("/api/v1/sets", f"gm_s_guess{n}").status_code for n in range(6)]
    assert statuses == [401] * 4 + [429] * 2
    assert desk.asked == 4


def test_open_access_has_its_limit_too(world: Any) -> None:
    desk = Desk(world.store, Settings(access="open", open_requests_per_s=0.4))
    statuses = {desk.get("/healthz").status_code for _ in range(15)}
    assert statuses == {200, 429}


# --- how much at once


@pytest.mark.parametrize(
    ("method", "path", "heavy"),
    [
        ("GET", "/maps/grids", True),
        ("GET", "/api/v1/sets/urban/difference", True),
        ("GET", "/api/v1/crosswalk", True),
        ("POST", "/api/v1/locate/arrow", True),
        ("POST", "/api/v1/sets/urban/drafts", True),
        ("PUT", "/api/v1/sets/urban/drafts/1/grids", True),
        ("POST", "/api/v1/sets/urban/drafts/1/publish", True),
        ("GET", "/api/v1/sets/urban/drafts/1/redraw/export", True),
        ("GET", "/api/v1/sets/urban/drafts/1/redraw/sheet/A.pdf", True),
        ("GET", "/api/v1/sets/urban/grids/A/plan.pdf", True),
        ("GET", "/api/v1/sets/urban/drafts/1/redraw/findings", False),
        ("POST", "/api/v1/sets/urban/drafts/1/redraw/edits", False),
        ("GET", "/ogc/collections/gaps.toilets/items", True),
        ("GET", "/ogc/collections/gaps.toilets/items/1", True),
        ("GET", "/ogc/collections/urban.grid/items", False),
        ("GET", "/ogc/collections/incidents/items", False),
        ("GET", "/api/v1/sets/urban/versions/1/grids", False),
        ("GET", "/api/v1/locate", False),
        ("GET", "/healthz", False),
        ("HEAD", "/maps/grids", False),
    ],
)
def test_what_is_heavy(method: str, path: str, heavy: bool) -> None:
    assert is_heavy({"method": method, "path": path}) is heavy


@pytest.mark.parametrize(
    ("query", "heavy"),
    [(b"filter=true", True), (b"limit=9&sortby=-category", True), (b"limit=9", False), (b"f=xfilter", False)],
)
def test_incidents_that_are_looked_at_one_by_one_are_heavy(query: bytes, heavy: bool) -> None:
    asked = {"method": "GET", "path": "/ogc/collections/incidents/items", "query_string": query}
    assert is_heavy(asked) is heavy


def test_only_so_many_at_once_and_the_next_one_waits_a_moment() -> None:
    async def run() -> None:
        slots = Slots(2, patience_s=0.05)
        async with slots.hold("a"), slots.hold("a"), slots.hold("b"):
            with pytest.raises(GridmapError) as refused:
                async with slots.hold("a"):
                    raise AssertionError("a third one came in")
            assert refused.value.code == "too_many_at_once"
            assert refused.value.fields["limit"] == 2
        async with slots.hold("a"):
            pass
        assert not slots._held, "nothing is kept of who is gone"

    asyncio.run(run())


def test_a_third_map_of_one_account_is_429_and_other_accounts_go_on(
    own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_desk.app.state.doors._heavy = Slots(2, patience_s=0.05)

    async def run() -> None:
        doors = own_desk.app.state.doors
        planner = [(b"host", b"test"), (b"authorization", b"Bearer gm_s_planner")]
        other = [(b"host", b"test"), (b"authorization", b"Bearer gm_s_set")]
        async with doors._heavy.hold("planner"), doors._heavy.hold("planner"):
            refused = await ask_in_loop(own_desk.app, path="/maps/grids", headers=planner)
            assert refused.status == 429
            assert b"too_many_at_once" in refused.body
            assert (b"retry-after", b"2") in refused.headers
            assert (await ask_in_loop(own_desk.app, path="/maps/grids", headers=other)).status == 200
            assert (await ask_in_loop(own_desk.app, path="/api/v1/sets", headers=planner)).status == 200
        assert (await ask_in_loop(own_desk.app, path="/maps/grids", headers=planner)).status == 200

    asyncio.run(run())
