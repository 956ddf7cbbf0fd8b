"""The outermost layer: slow bodies, a store that is away, defects, and pages with their policies."""

import asyncio
import re
import time

import pytest
from api_world import CANARY, NAMES, NOW, PEOPLE, at, check_headers, check_problem
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.errors import StoreUnavailable
from gridmap.services.clock import FixedClock
from gridmap.services.kept import Kept
from gridmap.settings import Settings


class BrokenStore:
    """A store that fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def unit_of_work(self):
        raise self.error

    def revision(self, of="all"):
        raise self.error

    def ping(self) -> None:
        raise self.error

    def close(self) -> None:
        pass


def client_of(error: Exception) -> TestClient:
    return TestClient(create_app(Settings(), BrokenStore(error), FixedClock(NOW)))


@pytest.mark.parametrize("url", ["/readyz", "/api/v1/sets", "/api/v1/locate?lon=120&lat=36", "/maps/grids"])
def test_a_store_that_is_away_is_a_503_worth_trying_again(url: str) -> None:
    answer = client_of(StoreUnavailable("store_unreachable")).get(url)
    assert check_problem(answer, 503, "store_unreachable")["retryable"] is True
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("url", ["/readyz", "/api/v1/locate?lon=120&lat=36"])
def test_a_defect_tells_the_reader_nothing_and_the_log_everything(url: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = client_of(RuntimeError(CANARY)).get(url)
    problem = check_problem(answer, 500, "internal_error")
    assert problem["request_id"] in {getattr(record, "request_id", None) for record in caplog.records}
    assert CANARY in caplog.text


def test_a_body_that_trickles_is_given_up(world) -> None:
    app = create_app(Settings(body_deadline_s=0.05), world.store, FixedClock(NOW))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/v1/locate",
        "raw_path": b"/api/v1/locate",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "app": app,
    }
    sent = []

    async def trickle():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message):
        sent.append(message)

    started = time.monotonic()
    asyncio.run(app(scope, trickle, send))
    assert time.monotonic() - started < 5
    assert sent[0]["status"] == 408
    assert b"body_timeout" in sent[1]["body"]
    assert (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.parametrize("kind", ["grids", "hotspots", "coverage"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_map_is_a_page_that_runs_nothing_but_its_own(world, kind: str, lang: str) -> None:
    answer = world.get(f"/maps/{kind}?lang={lang}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    check_headers(answer)
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", answer.headers["content-security-policy"])
    assert nonce is not None
    assert all(f'nonce="{nonce[1]}"' in tag for tag in re.findall(r"<script[^>]*>", answer.text))
    for address in re.findall(r'<(?:script|link)[^>]*?(?:src|href)="([^"]+)"', answer.text):
        assert address == "data:," or address.startswith("/assets/vendor/")
        assert address == "data:," or world.get(address).status_code == 200
    assert NAMES["B"] not in answer.text
    assert not any(person in answer.text for person in PEOPLE)
    # the same page again, but a nonce never twice
    again = world.get(f"/maps/{kind}?lang={lang}")
    assert nonce[1] not in again.text


def test_a_map_shows_new_records_at_once(fresh_world) -> None:
    url = "/maps/coverage?start=2026-05-01&end=2026-05-21"
    before = _without_nonce(fresh_world.get(url).text)
    assert _without_nonce(fresh_world.get(url).text) == before
    lon, lat = at(2.5, 2.5)
    fix = {"unit_id": "u9", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": lon, "lat": lat}
    assert fresh_world.post("/api/v1/patrols/fixes", {"datum": "wgs84", "items": [fix]}).status_code == 200
    assert _without_nonce(fresh_world.get(url).text) != before


def test_a_map_that_did_not_change_is_not_sent_again(fresh_world) -> None:
    url = "/maps/coverage?lang=en&start=2026-05-01&end=2026-05-21"
    first = fresh_world.get(url)
    tag = first.headers["etag"]
    again = fresh_world.get(url, If_None_Match=f'"other", {tag}')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    # the reader keeps the policy, and the nonces, of the page that it has
    assert "content-security-policy" not in again.headers
    assert fresh_world.get(url.replace("en", "zh", 1), If_None_Match=tag).status_code == 200
    lon, lat = at(2.5, 2.5)
    fix = {"unit_id": "u9", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": lon, "lat": lat}
    fresh_world.post("/api/v1/patrols/fixes", {"datum": "wgs84", "items": [fix]})
    assert fresh_world.get(url, If_None_Match=tag).status_code == 200


def test_large_bodies_are_packed_once_and_small_ones_are_not(world) -> None:
    packed = world.get("/maps/grids", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert {v.strip() for v in ",".join(packed.headers.get_list("vary")).split(",")} == {
        "Accept-Encoding",
        "Accept-Language",
    }
    assert packed.text.startswith("<!DOCTYPE html>")
    plain = world.get("/maps/grids", Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers
    assert _without_nonce(plain.text) == _without_nonce(packed.text)
    assert "content-encoding" not in world.get("/healthz", Accept_Encoding="gzip").headers


def test_the_overview_counts_what_was_stored_a_moment_ago(fresh_world) -> None:
    before = fresh_world.get("/api/v1/overview").json()["fixes"]["count"]
    lon, lat = at(2.5, 2.5)
    fix = {"unit_id": "u9", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": lon, "lat": lat}
    fresh_world.post("/api/v1/patrols/fixes", {"datum": "wgs84", "items": [fix]})
    assert fresh_world.get("/api/v1/overview").json()["fixes"]["count"] == before + 1


def _without_nonce(page: str) -> str:
    # folium gives its elements new random ids each time it draws; a kept page has the old ones
    return re.sub(r'nonce="[^"]+"', "", page)


def test_the_front_page_is_served_with_its_policy(world) -> None:
    answer = world.get("/")
    assert answer.status_code == 200
    check_headers(answer)
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_what_many_ask_at_once_is_made_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    made = []

    def make() -> str:
        time.sleep(0.05)
        made.append(1)
        return "page"

    pages = Kept()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: pages.get("key", make), range(8))) == {"page"}
    assert len(made) == 1


def test_a_page_that_failed_is_made_again_and_old_ones_go() -> None:
    pages = Kept(keep=2)

    def fail() -> str:
        raise StoreUnavailable("store_unreachable")

    with pytest.raises(StoreUnavailable):
        pages.get("a", fail)
    assert pages.get("a", lambda: "1") == "1"
    assert pages.get("a", lambda: "2") == "1"
    pages.get("b", lambda: "b")
    pages.get("c", lambda: "c")
    assert pages.get("a", lambda: "4") == "4"


def test_a_person_who_mistypes_an_address_gets_a_page_and_a_program_gets_a_problem(world) -> None:
    page = world.get("/nosuch", accept="text/html,*/*")
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "没有这个页面" in page.text
    assert "nosuch" not in page.text
    for path, accept in (("/nosuch", "*/*"), ("/api/v1/nosuch", "text/html")):
        answer = world.get(path, accept=accept)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
