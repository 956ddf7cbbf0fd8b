"""Refusals stand in the trail: by whom and of what kind, never what was asked for, and never a flood of them."""

from typing import Any

import pytest
from api_world import NOW
from fake_store import FakeStore
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.domain.access import Grant, Kind, Principal, Role
from gridmap.domain.trail import Act, Outcome
from gridmap.errors import StoreUnavailable
from gridmap.services.clock import FixedClock
from gridmap.services.trail import verify
from gridmap.settings import Settings

PEOPLE = {
    "gm_k_leader": Principal("a_1", "leader", Kind.KEY, (Grant(Role.LEADER),)),
    "gm_k_admin": Principal("a_2", "admin", Kind.KEY, (Grant(Role.ADMINISTRATOR),)),
}


class World:
    def __init__(self) -> None:
        self.store = FakeStore()
        self.app = create_app(Settings(access="accounts", cursor_key="for tests"), self.store, FixedClock(NOW))
        self.app.state.doors.open(self.store, PEOPLE.get)
        self.client = TestClient(self.app, base_url="http://city.example")

    def ask(self, url: str, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.get(url, headers=headers)

    def acts(self) -> list[Act]:
        with self.store.unit_of_work() as work:
            return [entry.act for entry in work.trail.entries()]


@pytest.fixture
def world() -> World:
    return World()


def test_a_refusal_is_told_with_who_and_which_route(world: World) -> None:
    refused = world.ask("/api/v1/incidents?category=secret", "gm_k_admin")
    assert refused.status_code == 403
    (act,) = world.acts()
    assert (act.action, act.outcome, act.actor_id, act.actor) == ("request.denied", Outcome.DENIED, "a_2", "admin")
    assert (act.subject, act.detail) == ("GET /api/v1/incidents", {"code": "not_allowed"})
    assert act.request_id == refused.headers["X-Request-ID"]
    assert "secret" not in repr(act)
    assert verify(world.store).clean


@pytest.mark.parametrize(
    ("url", "token", "status"),
    [
        ("/api/v1/incidents", "gm_k_leader", 200), ("/api/v1/incidents", "", 401),
        ("/api/v1/incidents", "gm_k_no", 401),
        ("/api/v1/nothing", "gm_k_admin", 404), ("/api/v1/incidents?limit=x", "gm_k_leader", 422),
    ],
)  # fmt: skip
def test_what_is_no_refusal_is_not_told(world: World, url: str, token: str, status: int) -> None:
    assert world.ask(url, token).status_code == status
    assert world.acts() == []


def test_refusals_do_not_flood_the_trail(world: World) -> None:
    world.app.state.desk.access.notes._bound._per_minute = 5
    for _ in range(9):
        assert world.ask("/api/v1/incidents", "gm_k_admin").status_code == 403
    assert len(world.acts()) == 5


def test_a_refusal_that_cannot_be_told_is_a_refusal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(act: Act) -> bool:
        raise StoreUnavailable("store_full")

    monkeypatch.setattr(type(world.app.state.desk.access.notes), "keep", lambda self, act: full(act))
    assert world.ask("/api/v1/incidents", "gm_k_admin").status_code == 403
