"""A request with a key is done once, however often and by however many ways it comes."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import ready
from api_world import NOW, at, check_problem, fill
from fastapi.testclient import TestClient

from api.app import create_app
from api.once import REPLAYED
from gridmap.domain.boundaries import VersionState
from gridmap.errors import StoreUnavailable
from gridmap.services.intake import desk as intake_desk
from gridmap.services.once import Deferred
from gridmap.services.ports import PointFilter
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
KEY = "0b4cbb4e-9d1f-4d5c-8a53-3b8f6a1f1c11"
TERMS = {"valid_from": "2026-07-01", "expected_revision": 2}
INCIDENTS, FIXES, DRAFTS = "/api/v1/incidents", "/api/v1/patrols/fixes", "/api/v1/sets/urban/drafts"


class Later:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self):
        return self.at


class Desk:
    """Several workers over one store."""

    def __init__(self, store: Any, workers: int = 1) -> None:
        self.store, self.clock = store, Later()
        settings = Settings(access="open", cursor_key="for tests")
        self.clients = [TestClient(create_app(settings, store, self.clock)) for _ in range(workers)]

    def post(self, url: str, body: Any, key: str | None = KEY, worker: int = 0):
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.clients[worker].post(url, json=body, headers=headers)

    def incidents(self) -> int:
        with self.store.unit_of_work() as work:
            return int(work.incidents.count(PointFilter()))

    def drafts(self) -> int:
        with self.store.unit_of_work() as work:
            return sum(v.state is VersionState.DRAFT for v in work.boundaries.list_versions("urban"))


@pytest.fixture(params=["geopackage", "fake"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Two workers over the small district."""
    fake = request.param == "fake"
    store = ready.fake(fill, wait_s=30) if fake else open_store(ready.put(tmp_path / "s.gpkg", fill), wait_s=30)
    desk = Desk(store, workers=2)
    with ExitStack() as running:
        for client in desk.clients:
            running.enter_context(client)  # one event loop for all requests of a worker
        yield desk


def reports(*names: str) -> dict[str, Any]:
    one = {"occurred_at": "2026-05-20T08:00:00+08:00", "category": "litter", "lon": LON, "lat": LAT}
    return {"datum": "wgs84", "items": [{**one, "incident_id": name} for name in names]}


def test_the_same_request_gets_the_same_answer_and_does_nothing_again(desk: Desk) -> None:
    before = desk.incidents()
    first = desk.post(INCIDENTS, reports("a", "b"))
    assert [r["status"] for r in first.json()["results"]] == ["accepted", "accepted"]
    assert REPLAYED not in first.headers
    for worker in (0, 1):
        again = desk.post(INCIDENTS, reports("a", "b"), worker=worker)
        assert (again.status_code, again.content) == (200, first.content), "accepted, not duplicate"
        assert again.headers[REPLAYED] == "true"
    assert desk.incidents() == before + 2
    unkeyed = desk.post(INCIDENTS, reports("a", "b"), key=None)
    assert [r["status"] for r in unkeyed.json()["results"]] == ["duplicate", "duplicate"]


def test_a_draft_is_made_once_and_its_tag_comes_again(desk: Desk) -> None:
    first = desk.post(DRAFTS, {})
    again = desk.post(DRAFTS, {}, worker=1)
    assert first.status_code == 200
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert desk.drafts() == 1
    assert desk.post(DRAFTS, {}, key=KEY + "2").json()["draft"]["number"] != first.json()["draft"]["number"]
    assert desk.drafts() == 2


def test_a_return_is_published_once_and_says_the_revision_it_made(desk: Desk) -> None:
    url = "/api/v1/sets/urban/versions/1/return"
    body = {"valid_from": "2026-07-01", "expected_revision": 2, "note": "回到原方案"}
    first = desk.post(url, body)
    assert first.status_code == 200, first.text
    again = desk.post(url, body, worker=1)
    assert again.content == first.content
    with desk.store.unit_of_work() as work:
        assert work.boundaries.find_set("urban").revision == first.json()["revision"]
        assert len(work.boundaries.list_versions("urban")) == 3
    number = first.json()["version"]["number"]
    gone = [
        desk.post(f"/api/v1/sets/urban/versions/{number}/withdraw", {"expected_revision": 3}, key="w" * 20)
        for _ in range(2)
    ]
    assert gone[0].status_code == 200, gone[0].text
    assert gone[0].content == gone[1].content


@pytest.mark.parametrize(
    ("url", "body"), [(INCIDENTS, reports("c")), (FIXES, {"datum": "wgs84", "items": []}), (DRAFTS, {})]
)
def test_a_key_belongs_to_one_request(desk: Desk, url: str, body: Any) -> None:
    assert desk.post(INCIDENTS, reports("a")).status_code == 200
    before = desk.incidents(), desk.drafts()
    if url == FIXES:
        body["items"] = [{"unit_id": "u", "fixed_at": "2026-05-20T08:00:00+08:00", "lon": LON, "lat": LAT}]
    problem = check_problem(desk.post(url, body), 422, "idempotency_key_reused")
    assert problem["errors"][0]["parameter"] == "Idempotency-Key"
    assert KEY not in json.dumps(problem)
    assert (desk.incidents(), desk.drafts()) == before


@pytest.mark.parametrize("key", ["", "short", "a" * 129, "with space1", "键" * 8, "tab\there-"])
def test_a_bad_key_is_refused(desk: Desk, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("utf-8"))]
    check_problem(desk.clients[0].post(INCIDENTS, json=reports("a"), headers=headers), 422, "bad_idempotency_key")


def test_a_refused_request_may_be_put_right_with_the_same_key(desk: Desk) -> None:
    check_problem(
        desk.post("/api/v1/sets/urban/versions/9/return", TERMS),
        404,
        "version_unknown",
    )
    assert desk.post("/api/v1/sets/urban/versions/1/return", TERMS).status_code == 200


def test_a_rehearsal_is_not_kept(desk: Desk) -> None:
    url = "/api/v1/sets/urban/versions/1/return"
    body = {"valid_from": "2026-07-01", "expected_revision": 2, "dry_run": True}
    assert REPLAYED not in (desk.post(url, body), desk.post(url, body))[1].headers


def test_an_answer_is_kept_for_a_day(desk: Desk) -> None:
    desk.post(DRAFTS, {})
    desk.clock.at = NOW + timedelta(hours=23, minutes=59)
    assert desk.post(DRAFTS, {}).headers[REPLAYED] == "true"
    desk.clock.at = NOW + timedelta(hours=24, minutes=1)
    assert REPLAYED not in desk.post(DRAFTS, {}).headers
    assert desk.drafts() == 2


def test_each_caller_has_his_own_keys(desk: Desk) -> None:
    desk.post(DRAFTS, {})
    with desk.store.unit_of_work() as work:
        assert work.idempotency.find("", KEY) is not None
        assert work.idempotency.find("somebody", KEY) is None


def hundred(desk: Desk, post: Callable[[int], Any], count: int = 100) -> Counter[tuple[int, Any]]:
    """Send one request a hundred times at once, to both workers; count what was answered."""
    barrier = threading.Barrier(count)

    def send(number: int) -> tuple[int, Any]:
        barrier.wait(60)
        answer = post(number % 2)
        return answer.status_code, answer.content if answer.status_code == 200 else answer.json()["code"]

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(send, range(count)))


@pytest.mark.parametrize("url", [DRAFTS, "/api/v1/sets/urban/versions/1/return"])
def test_a_hundred_at_once_are_one(desk: Desk, url: str) -> None:
    body = {} if url == DRAFTS else TERMS
    with desk.store.unit_of_work() as work:
        before = len(work.boundaries.list_versions("urban"))
    heard = hundred(desk, lambda worker: desk.post(url, body, worker=worker))
    with desk.store.unit_of_work() as work:
        assert len(work.boundaries.list_versions("urban")) == before + 1
    answers = [answer for status, answer in heard if status == 200]
    assert len(answers) == 1, "whoever hears of it hears the same"
    # on a busy machine some wait for their turn in vain
    assert {heard_ for heard_ in heard if heard_[0] != 200} <= {(409, "in_flight"), (429, "too_many_at_once")}


def test_a_check_before_the_act_would_not_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the hundred can fail: where the answer is stored apart, both workers make a draft."""

    def apart(self: Deferred, answered: Any) -> None:
        self._make()
        with self._raw.unit_of_work() as work:
            if work.idempotency.find(answered.account_id, answered.key) is None:
                work.idempotency.add(answered)
                work.commit()

    monkeypatch.setattr(Deferred, "keep", apart)
    made = []
    for number in range(20):
        before = desk.drafts()
        key = f"{KEY}-{number}"
        hundred(desk, lambda worker, key=key: desk.post(DRAFTS, {}, key=key, worker=worker), count=2)
        made.append(desk.drafts() - before)
        if made[-1] == 2:
            break
    assert 2 in made


def test_what_fails_at_the_last_moment_leaves_neither_the_deed_nor_the_answer(desk: Desk, monkeypatch) -> None:
    before = desk.incidents(), desk.drafts()

    def fail(self: Any, *given: Any) -> None:
        raise StoreUnavailable("store_full")

    # the last moment of a plan's change is its unit of work, that of points the writing of their group's answers
    with monkeypatch.context() as broken:
        broken.setattr(Deferred, "_make", fail)
        broken.setattr(intake_desk.Desk, "_keep_answers", fail)
        check_problem(desk.post(DRAFTS, {}), 503, "store_full")
        check_problem(desk.post(INCIDENTS, reports("a")), 503, "store_full")
    assert (desk.incidents(), desk.drafts()) == before
    assert REPLAYED not in desk.post(DRAFTS, {}).headers
    assert desk.drafts() == before[1] + 1


def test_a_batch_in_parts_is_kept_with_its_last_part(desk: Desk) -> None:
    names = [f"n{k}" for k in range(20)]
    desk.post(INCIDENTS, reports(*names[::3]), key=None)
    first = desk.post(INCIDENTS, reports(*names))
    assert Counter(r["status"] for r in first.json()["results"]) == {"duplicate": 7, "accepted": 13}
    assert desk.post(INCIDENTS, reports(*names), worker=1).content == first.content
