"""Coming in over HTTP: set-up, sessions, passwords, authenticators, accounts; and what attackers send there."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import ready
from api_world import CANARY, NOW, check_problem, fill
from doors_world import ADMINISTRATOR, CHEAP, PASSWORD, Staffed, staff
from fastapi.testclient import TestClient

from api.app import create_app
from api.credentials import COOKIE
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.errors import NotSignedIn
from gridmap.services.ports import Store
from gridmap.settings import Settings

SESSION = "/api/v1/session"
OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Any:
        return self.at


@dataclass
class City:
    """A district with accounts behind the app."""

    store: Store
    clock: Watch
    made: Staffed

    def browser(self, name: str | None = None, address: str = "192.0.2.1") -> httpx.Client:
        """Open a browser, with somebody signed in."""
        found = TestClient(self.made.app, base_url="https://city.example", headers=OUR_PAGE, client=(address, 1))
        if name is not None:
            answer = found.post(SESSION, json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        return found

    def program(self, token: str) -> httpx.Client:
        """Let a program ask."""
        return TestClient(self.made.app, headers={"Authorization": f"Bearer {token}"})

    def acts(self) -> list[tuple[str, str]]:
        """Give what the trail holds: action and outcome."""
        with self.store.unit_of_work() as work:
            return [(e.act.action, e.act.outcome.value) for e in work.trail.entries()]

    def rows(self) -> tuple[Any, ...]:
        """Give everything about accounts that a request could change."""
        with self.store.unit_of_work() as work:
            accounts = work.accounts.list_accounts()
            return tuple(accounts), tuple(len(work.accounts.tokens_of(a.account_id)) for a in accounts)


def make_store(kind: str, folder: Path) -> Store:
    if kind == "fake":
        return ready.fake(fill)
    return ready.embedded(folder / "city.gpkg", fill)


@pytest.fixture(params=["embedded", "fake"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """A district of its own with accounts."""
    store, clock = make_store(request.param, tmp_path), Watch()
    yield City(store, clock, staff(store, clock, set_name="urban", street="S"))
    store.close()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """The same in memory, with a set but nothing in it: for what no store decides."""
    store, clock = make_store("fake", tmp_path), Watch()
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("urban", (Level("street", 0), Level("grid", 1))))
        work.commit()
    yield City(store, clock, staff(store, clock, set_name="urban", street="S"))
    store.close()


# --- sessions


def test_a_session_begins_with_a_cookie_that_only_this_host_gets_and_ends(town: City) -> None:
    browser = town.browser()
    assert browser.get(SESSION).json()["account"] is None
    check_problem(browser.get("/api/v1/sets"), 401, "not_signed_in")
    answer = browser.post(SESSION, json={"name": " Wang.Min ", "password": PASSWORD})
    set_cookie = answer.headers["set-cookie"]
    assert set_cookie.startswith(f"{COOKIE}=gm_s_")
    assert {part.strip().lower() for part in set_cookie.split(";")[1:]} == {
        "path=/",
        "secure",
        "httponly",
        "samesite=lax",
    }
    token = browser.cookies[COOKIE]
    assert token not in answer.text
    who = browser.get(SESSION).json()
    assert (who["account"]["name"], who["account"]["title"]) == (ADMINISTRATOR, "王敏")
    assert set(who["permissions"]) == {"grids.read", "accounts.manage", "operations.read"}
    assert browser.get("/api/v1/sets").status_code == 200
    assert browser.delete(SESSION).json() == {"done": True}
    assert COOKIE not in browser.cookies
    # the token itself is void, not only forgotten
    thief = TestClient(town.made.app, cookies={COOKIE: token})
    check_problem(thief.get("/api/v1/sets"), 401, "not_signed_in")
    assert town.acts()[-2:] == [("session.begin", "done"), ("session.end", "done")]


def test_nothing_of_a_secret_is_ever_answered(town: City) -> None:
    browser = town.browser(ADMINISTRATOR)
    said = browser.get("/api/v1/accounts").text + browser.get(SESSION).text
    assert PASSWORD not in said
    assert "argon2" not in said
    assert not any(token in said for token in town.made.tokens.values())


def test_signing_in_again_ends_the_session_before(city: City) -> None:
    browser = city.browser("planner")
    first = browser.cookies[COOKIE]
    browser.post(SESSION, json={"name": ADMINISTRATOR, "password": PASSWORD})
    assert browser.get(SESSION).json()["account"]["name"] == ADMINISTRATOR
    check_problem(city.program(first).get("/api/v1/sets"), 401, "not_signed_in")


def test_a_session_ends_when_it_is_not_used_and_at_last_always(city: City) -> None:
    idle, longest = (timedelta(seconds=s) for s in (Settings().session_idle_s, Settings().session_max_s))
    browser = city.browser("planner")
    doors = city.made.app.state.doors
    doors._now = lambda: (city.clock.at - NOW).total_seconds()
    city.clock.at += idle - timedelta(seconds=1)
    assert browser.get("/api/v1/sets").status_code == 200
    city.clock.at += idle
    check_problem(browser.get("/api/v1/sets"), 401, "not_signed_in")
    browser.post(SESSION, json={"name": "planner", "password": PASSWORD})
    end = city.clock.at + longest
    while city.clock.at + idle / 2 < end:
        city.clock.at += idle / 2
        assert browser.get("/api/v1/sets").status_code == 200
    city.clock.at = end
    check_problem(browser.get("/api/v1/sets"), 401, "not_signed_in")


# --- the first administrator


@pytest.mark.parametrize("kind", ["embedded", "fake"])
def test_the_first_administrator_is_made_once_with_the_printed_code(kind: str, tmp_path: Path) -> None:
    store, clock = make_store(kind, tmp_path), Watch()
    app = create_app(Settings(**CHEAP), store, clock)
    browser = TestClient(app, base_url="https://city.example", headers=OUR_PAGE)
    assert browser.get(SESSION).json()["set_up_needed"] is True
    code = app.state.desk.access.set_up.new_code()
    body = {"name": "li.na", "title": "李娜", "password": PASSWORD}
    for wrong in ("", "AAAA-AAAA-AAAA-AAAA-AAAA", code[:-1] + ("A" if code[-1] != "A" else "B")):
        answer = browser.post("/api/v1/set-up", json={**body, "code": wrong})
        assert answer.status_code in (403, 422)
    assert browser.post("/api/v1/set-up", json={**body, "code": code, "password": "short"}).status_code == 422
    assert browser.get(SESSION).json()["set_up_needed"] is True
    answer = browser.post("/api/v1/set-up", json={**body, "code": code.lower().replace("-", " ")})
    assert answer.status_code == 200, answer.text
    assert "accounts.manage" in answer.json()["permissions"]
    assert browser.get("/api/v1/accounts").status_code == 200
    again = browser.post("/api/v1/set-up", json={**body, "name": "evil", "code": code})
    check_problem(again, 409, "set_up_over")
    assert browser.get(SESSION).json()["set_up_needed"] is False
    store.close()


def test_with_open_access_nobody_makes_accounts_that_last(tmp_path: Path) -> None:
    store = make_store("fake", tmp_path)
    browser = TestClient(create_app(Settings(access="open"), store, Watch()))
    for method, url, body in (
        ("POST", SESSION, {"name": "a", "password": "b"}),
        ("DELETE", SESSION, None),
        ("POST", "/api/v1/set-up", {"code": "a", "name": "b", "password": PASSWORD}),
        ("GET", "/api/v1/accounts", None),
        ("POST", "/api/v1/accounts", {"kind": "person", "name": "door", "grants": [{"role": "administrator"}]}),
        ("POST", "/api/v1/session/password", {"current": "a", "new": PASSWORD}),
    ):
        check_problem(browser.request(method, url, json=body), 409, "access_is_open")
    with store.unit_of_work() as work:
        assert work.accounts.list_accounts() == []


# --- passwords (A23)


def test_all_that_is_wrong_is_one_answer_and_one_piece_of_work(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    import argon2

    hashed = []
    verify = argon2.PasswordHasher.verify

    def counted(self: Any, *given: Any) -> Any:
        hashed.append(1)
        return verify(self, *given)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    administrator = city.browser(ADMINISTRATOR)
    gone = f"/api/v1/accounts/{city.made.ids['auditor']}"
    assert administrator.put(gone, json={"disabled": True}).status_code == 200
    said = set()
    for name in ("planner", "nobody.of.this.name", "auditor", "statistics", "<script>", "a" * 200):
        hashed.clear()
        answer = city.browser().post(SESSION, json={"name": name, "password": "wrong " + CANARY})
        body = check_problem(answer, 401, "sign_in_failed")
        said.add((body["detail"], body["title"]))
        assert len(hashed) == 1, name
        assert "set-cookie" not in answer.headers
    assert len(said) == 1


def test_a_name_waits_longer_after_each_failure_whether_it_is_there_or_not(city: City) -> None:
    for name in ("planner", "nobody"):
        statuses = []
        for number in range(6):
            browser = city.browser(address=f"192.0.2.{number}")  # from everywhere
            answer = browser.post(SESSION, json={"name": name, "password": "wrong wrong"})
            statuses.append(answer.status_code)
        assert statuses == [401] * 3 + [429] * 3
        problem = check_problem(answer, 429, "sign_in_wait")
        assert problem["retryable"] is True
        assert int(answer.headers["retry-after"]) == 1
    right = city.browser().post(SESSION, json={"name": "planner", "password": PASSWORD})
    check_problem(right, 429, "sign_in_wait")
    city.clock.at += timedelta(seconds=2)
    assert city.browser().post(SESSION, json={"name": "planner", "password": PASSWORD}).status_code == 200


def test_a_thousand_names_from_one_network_are_429_without_a_hash(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(*given: Any, **more: Any) -> None:
        asked.append(1)
        raise NotSignedIn("sign_in_failed")

    monkeypatch.setattr(type(city.made.app.state.desk.sessions), "sign_in", refuse)
    browser = TestClient(city.made.app, headers=OUR_PAGE)
    codes = [browser.post(SESSION, json={"name": f"n{n}", "password": "x"}).status_code for n in range(40)]
    assert len(asked) <= 25
    assert set(codes[30:]) == {429}
    # another network is not concerned
    other = TestClient(city.made.app, headers=OUR_PAGE, client=("198.51.100.7", 1))
    assert other.post(SESSION, json={"name": "n", "password": "x"}).status_code == 401


@pytest.mark.parametrize(
    ("password", "status", "code"),
    [
        ("A" * 10_000_000, 413, "body_too_large"),
        ("A" * 1_001, 422, "text_too_long"),
        ("three words\0here", 422, "bad_text"),
        ("\ud800 half a pair", 422, "bad_text"),
        ("", 422, "text_empty"),
        (None, 422, "wrong_type"),
        (12345678901, 422, "wrong_type"),
        (["a"], 422, "wrong_type"),
    ],
)
def test_what_is_no_password_costs_nothing(city: City, password: Any, status: int, code: str) -> None:
    before = city.rows()
    body = json.dumps({"name": "planner", "password": password}).encode()
    answer = city.browser().post(SESSION, content=body, headers={"Content-Type": "application/json"})
    check_problem(answer, status, code)
    assert city.rows() == before


@pytest.mark.parametrize("extra", ["role", "grants", "account", "account_id", "access", "remember", "next"])
def test_fields_that_nobody_knows_are_refused(city: City, extra: str) -> None:
    body = {"name": "planner", "password": PASSWORD, extra: CANARY}
    check_problem(city.browser().post(SESSION, json=body), 422, "unknown_field")


def test_a_new_password_ends_all_other_sessions(town: City) -> None:
    here, there = town.browser("planner"), town.browser("planner")
    new = "another fine sentence"
    wrong = here.post("/api/v1/session/password", json={"current": "not it at all", "new": new})
    check_problem(wrong, 401, "sign_in_failed")
    weak = here.post("/api/v1/session/password", json={"current": PASSWORD, "new": "planner"})
    check_problem(weak, 422, "password_length")
    assert there.get("/api/v1/sets").status_code == 200
    assert here.post("/api/v1/session/password", json={"current": PASSWORD, "new": new}).status_code == 200
    assert here.get("/api/v1/sets").status_code == 200
    check_problem(there.get("/api/v1/sets"), 401, "not_signed_in")
    check_problem(town.browser().post(SESSION, json={"name": "planner", "password": PASSWORD}), 401, "sign_in_failed")
    assert town.browser().post(SESSION, json={"name": "planner", "password": new}).status_code == 200


def test_a_first_password_works_once_it_is_replaced_no_more(city: City) -> None:
    administrator = city.browser(ADMINISTRATOR)
    path = f"/api/v1/accounts/{city.made.ids['planner']}/secret"
    first, second = (administrator.post(path).json()["secret"] for _ in range(2))
    assert first != second
    check_problem(city.browser().post(SESSION, json={"name": "planner", "password": first}), 401, "sign_in_failed")
    assert city.browser().post(SESSION, json={"name": "planner", "password": second}).status_code == 200


# --- authenticators


def test_an_authenticator_is_asked_for_once_it_was_shown_to_work(town: City) -> None:
    browser = town.browser("planner")
    given = browser.post("/api/v1/session/totp").json()
    assert given["uri"].startswith("otpauth://totp/")
    totp = pyotp.TOTP(given["secret"])
    check_problem(browser.put("/api/v1/session/totp", json={"code": "000000"}), 422, "totp_code_wrong")
    assert town.browser("planner").get("/api/v1/sets").status_code == 200, "not asked for before"
    assert browser.put("/api/v1/session/totp", json={"code": totp.at(town.clock.at)}).status_code == 200
    town.clock.at += timedelta(seconds=60)
    sign_in = {"name": "planner", "password": PASSWORD}
    check_problem(town.browser().post(SESSION, json=sign_in), 401, "code_needed")
    code = totp.at(town.clock.at)
    assert town.browser().post(SESSION, json={**sign_in, "code": code}).status_code == 200
    check_problem(town.browser().post(SESSION, json={**sign_in, "code": code}), 401, "sign_in_failed")
    town.clock.at += timedelta(seconds=60)
    check_problem(browser.post("/api/v1/session/totp/remove", json={"code": "000000"}), 422, "totp_code_wrong")
    code = totp.at(town.clock.at)
    assert browser.post("/api/v1/session/totp/remove", json={"code": code}).status_code == 200
    assert town.browser().post(SESSION, json=sign_in).status_code == 200


def test_an_administrator_lets_somebody_in_who_lost_the_telephone(city: City) -> None:
    browser = city.browser("planner")
    totp = pyotp.TOTP(browser.post("/api/v1/session/totp").json()["secret"])
    browser.put("/api/v1/session/totp", json={"code": totp.at(city.clock.at)})
    administrator = city.browser(ADMINISTRATOR)
    path = f"/api/v1/accounts/{city.made.ids['planner']}"
    assert administrator.get(path).json()["totp"] is True
    assert administrator.post(path + "/totp/remove").json()["totp"] is False
    assert city.browser("planner").get("/api/v1/sets").status_code == 200


@pytest.mark.parametrize("name", ["statistics", "phone 7"])
def test_a_key_has_no_password_and_no_authenticator(city: City, name: str) -> None:
    program = city.program(city.made.tokens[name])
    assert program.get("/api/v1/sets").status_code == 200
    check_problem(program.post("/api/v1/session/totp"), 422, "account_not_person")
    change = {"current": "whatever it is", "new": PASSWORD}
    check_problem(program.post("/api/v1/session/password", json=change), 401, "sign_in_failed")


@pytest.mark.parametrize("path", ["password", "totp", "totp/remove"])
def test_who_is_not_signed_in_changes_nothing_of_anybody(city: City, path: str) -> None:
    body = {"password": {"current": PASSWORD, "new": "another fine sentence"}, "totp": None}.get(
        path, {"code": "000000"}
    )
    before = city.rows()
    check_problem(city.browser().post(f"{SESSION}/{path}", json=body), 401, "not_signed_in")
    assert city.rows() == before


# --- accounts


def test_an_administrator_adds_changes_and_disables_and_all_of_it_is_told(town: City) -> None:
    administrator = town.browser(ADMINISTRATOR)
    grants = [{"role": "dispatcher", "set": "urban", "code": "S"}]
    body = {"kind": "person", "name": "Zhao.Lei", "title": "赵磊", "grants": grants}
    added = administrator.post("/api/v1/accounts", json=body).json()
    path = f"/api/v1/accounts/{added['account']['account']}"
    assert added["account"]["name"] == "zhao.lei"
    browser = town.browser()
    assert browser.post(SESSION, json={"name": "zhao.lei", "password": added["secret"]}).status_code == 200
    assert browser.get("/api/v1/sets").status_code == 200
    changed = administrator.put(path, json={"title": "赵磊磊", "grants": [{"role": "auditor"}]}).json()
    assert [g["role"] for g in changed["grants"]] == ["auditor"]
    assert changed["title"] == "赵磊磊"
    check_problem(browser.get("/api/v1/sets"), 403, "not_allowed")  # at the very next request (A25)
    assert browser.get("/api/v1/trail").status_code == 200
    assert administrator.put(path, json={"disabled": True}).json()["disabled_at"] is not None
    check_problem(browser.get("/api/v1/trail"), 401, "not_signed_in")
    assert administrator.put(path, json={"disabled": False}).json()["disabled_at"] is None
    check_problem(browser.get("/api/v1/trail"), 401, "not_signed_in")
    told = [action for action, _ in town.acts()]
    for action in (
        "account.add",
        "account.grant",
        "account.revoke",
        "account.title",
        "account.disable",
        "account.enable",
    ):
        assert action in told
    check = town.browser("auditor").get("/api/v1/trail/check").json()
    assert (check["whole"], check["faults"]) == (True, [])


@pytest.mark.parametrize("kind", ["key", "device"])
def test_a_token_is_shown_once_and_a_new_one_ends_it(town: City, kind: str) -> None:
    administrator = town.browser(ADMINISTRATOR)
    body = {"kind": kind, "name": "scanner", "grants": [{"role": "field", "set": "urban"}]}
    added = administrator.post("/api/v1/accounts", json=body).json()
    assert added["secret"].startswith({"key": "gm_k_", "device": "gm_d_"}[kind])
    path = f"/api/v1/accounts/{added['account']['account']}"
    assert added["secret"] not in administrator.get(path).text
    program = town.program(added["secret"])
    assert program.get("/api/v1/sets").status_code == 200
    renewed = administrator.post(path + "/secret").json()["secret"]
    check_problem(program.get("/api/v1/sets"), 401, "not_signed_in")
    assert town.program(renewed).get("/api/v1/sets").status_code == 200


def test_the_last_administrator_stays(city: City) -> None:
    administrator = city.browser(ADMINISTRATOR)
    path = f"/api/v1/accounts/{city.made.ids[ADMINISTRATOR]}"
    before = city.rows()
    for change in (
        {"disabled": True},
        {"grants": []},
        {"grants": [{"role": "administrator", "valid_to": "2027-01-01"}]},
    ):
        check_problem(administrator.put(path, json=change), 409, "last_administrator")
    assert city.rows() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "person", "name": "planner"}, 409, "account_name_taken"),
        ({"kind": "person", "name": "ＰＬＡＮＮＥＲ"}, 409, "account_name_taken"),
        ({"kind": "person", "name": "a/b"}, 422, "account_name_bad"),
        ({"kind": "person", "name": "x", "title": "a\nb"}, 422, "bad_text"),
        ({"kind": "robot", "name": "x"}, 422, "value_not_allowed"),
        ({"kind": "person", "name": "x", "role": "administrator"}, 422, "unknown_field"),
        ({"kind": "person", "name": "x", "password": PASSWORD}, 422, "unknown_field"),
        ({"kind": "person", "name": "x", "grants": [{"role": "king"}]}, 422, "value_not_allowed"),
        ({"kind": "person", "name": "x", "grants": [{"role": "leader", "code": "S"}]}, 422, "code_needs_set"),
        ({"kind": "person", "name": "x", "grants": [{"role": "leader", "set": "moon"}]}, 404, "set_not_found"),
        ({"kind": "person", "name": "x", "grants": [{"role": "leader"}] * 51}, 422, "too_many_items"),
        ({"kind": "key", "name": "x", "grants": [{"role": "administrator"}]}, 422, "grant_for_persons"),
        (
            {
                "kind": "person",
                "name": "x",
                "grants": [{"role": "leader", "valid_from": "2026-05-02", "valid_to": "2026-05-02"}],
            },
            422,
            "window_reversed",
        ),
    ],
)
def test_an_account_that_cannot_be_is_not_made(city: City, body: dict[str, Any], status: int, code: str) -> None:
    before = city.rows()
    administrator = city.browser(ADMINISTRATOR)
    sessions = city.rows()
    check_problem(administrator.post("/api/v1/accounts", json=body), status, code)
    assert city.rows() == sessions
    assert sessions[0] == before[0]


@pytest.mark.parametrize("name", ["planner", "dispatcher", "street", "auditor"])
def test_nobody_else_keeps_accounts(city: City, name: str) -> None:
    browser = city.browser(name)
    path = f"/api/v1/accounts/{city.made.ids['street']}"
    before = city.rows()
    for method, url, body in (
        ("GET", "/api/v1/accounts", None),
        ("GET", path, None),
        ("GET", "/api/v1/accounts/a_0000000000000000", None),
        ("POST", "/api/v1/accounts", {"kind": "person", "name": "x"}),
        ("PUT", path, {"grants": [{"role": "administrator"}]}),
        ("POST", path + "/secret", None),
        ("POST", path + "/totp/remove", None),
    ):
        check_problem(browser.request(method, url, json=body), 403, "not_allowed")
    assert city.rows() == before


def test_an_account_that_is_not_there_is_404(city: City) -> None:
    administrator = city.browser(ADMINISTRATOR)
    for account in ("a_0000000000000000", "1", "..%2f..%2fetc", "'", "%00", CANARY):
        assert administrator.get(f"/api/v1/accounts/{account}").status_code == 404


# --- other sites (A24)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://city.example.evil.example"])
def test_another_site_signs_nobody_in_or_out(city: City, origin: str) -> None:
    browser = city.browser("planner")
    sent = {"Sec-Fetch-Site": "cross-site", "Origin": origin}
    before = city.rows()
    check_problem(browser.delete(SESSION, headers=sent), 403, "cross_site")
    stranger = TestClient(city.made.app, base_url="https://city.example")
    body = {"name": "planner", "password": PASSWORD}
    check_problem(stranger.post(SESSION, json=body, headers=sent), 403, "cross_site")
    check_problem(stranger.post(SESSION, json=body, headers={"Origin": origin}), 403, "cross_site")
    assert city.rows() == before
    assert browser.get("/api/v1/sets").status_code == 200


def test_nothing_changes_by_get(city: City) -> None:
    administrator = city.browser(ADMINISTRATOR)
    before = city.rows()
    for route in city.made.app.state.api_routes:
        if route.path.startswith(("/api/v1/session", "/api/v1/accounts", "/api/v1/set-up", "/api/v1/trail")):
            url = route.path.replace("{account}", city.made.ids["planner"])
            assert administrator.get(url).status_code in (200, 403, 405)
    for method in ("HEAD", "OPTIONS", "TRACE", "PROPFIND"):
        administrator.request(method, SESSION)
    assert city.rows() == before


# --- in the middle of things (A25)


def test_a_device_whose_token_is_taken_in_mid_batch_sends_no_second_one(town: City) -> None:
    device = town.program(town.made.tokens["phone 7"])
    fix = {"unit_id": "u9", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": 120.001, "lat": 36.009}
    batch = {"datum": "wgs84", "items": [fix]}
    assert device.post("/api/v1/patrols/fixes", json=batch).status_code == 200
    path = f"/api/v1/accounts/{town.made.ids['phone 7']}"
    assert town.browser(ADMINISTRATOR).put(path, json={"disabled": True}).status_code == 200
    later = {**batch, "items": [{**fix, "fixed_at": "2026-05-20T08:01:00+08:00"}]}
    check_problem(device.post("/api/v1/patrols/fixes", json=later), 401, "not_signed_in")


def test_many_who_sign_in_at_once_all_get_in_or_hear_when_to_come(city: City) -> None:
    answers: list[int] = []

    def come(number: int) -> None:
        browser = TestClient(city.made.app, headers=OUR_PAGE, client=(f"192.0.2.{number}", 1))
        answers.append(browser.post(SESSION, json={"name": "planner", "password": PASSWORD}).status_code)

    threads = [threading.Thread(target=come, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert set(answers) <= {200, 429}
    assert answers.count(200) >= 1


# --- pages


@pytest.mark.parametrize("path", ["/", "/history", "/plan", "/account", "/accounts", "/trail", "/maps/grids", "/docs"])
def test_a_reader_who_is_not_signed_in_is_led_to_sign_in_and_back(city: City, path: str) -> None:
    browser = city.browser()
    html = {"Accept": "text/html,*/*", "Sec-Fetch-Dest": "document"}
    answer = browser.get(f"{path}?set=urban&lang=en", headers=html, follow_redirects=False)
    assert answer.status_code == 303
    to = httpx.URL(answer.headers["location"])
    assert (to.host, to.path) == ("", "/sign-in")
    assert to.params["next"] == f"{path}?set=urban&lang=en"
    assert to.params["lang"] == "en"
    assert browser.get("/sign-in").status_code == 200
    # a program, and a page in a frame, hear what is wrong
    if path.startswith("/maps"):
        check_problem(browser.get(path), 401, "not_signed_in")
        check_problem(browser.get(path, headers={**html, "Sec-Fetch-Dest": "iframe"}), 401, "not_signed_in")


def test_every_page_says_when_access_is_open_and_no_page_else(tmp_path: Path) -> None:
    store, clock = make_store("fake", tmp_path), Watch()
    closed = City(store, clock, staff(store, clock, set_name="urban", street="S"))
    open_to_all = TestClient(create_app(Settings(access="open"), store, clock))
    member = closed.browser("planner")
    for path in ("/maps/grids", "/maps/hotspots", "/maps/coverage", "/docs"):
        assert 'id="open-access"' in open_to_all.get(path).text
        assert 'id="open-access"' not in member.get(path).text
    for path in ("/", "/history", "/plan", "/account", "/accounts", "/trail"):
        assert open_to_all.get(path).status_code == 200
    assert open_to_all.get(SESSION).json()["access"] == "open"
