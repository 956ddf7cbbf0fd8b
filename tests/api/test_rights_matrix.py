"""Every route, each role, each area: who may, gets an answer; who may not, gets none, and nothing happens.

The routes are those of the app, so a new one is in the matrix by itself.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import ready
from asking import Whole
from fastapi.routing import APIRoute
from probing import POOL, Probe, World, probe_of
from rights_world import HERE, NOW, STREET, at, code, fill

from api.app import create_app
from api.rights import permission_of
from gridmap.domain.access import ALLOWED, EVERYWHERE, WHOLE_SET, Area, Grant, Kind, Permission, Principal, Role
from gridmap.errors import NotAllowed
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import GuardedStore
from gridmap.services.guarded.parts import merged_draft
from gridmap.services.ports import PointFilter
from gridmap.settings import Settings

TODAY = date(2026, 5, 20)

#: They answer anybody, and ask themselves who it is.
ENTRANCES = frozenset(
    {"/api/v1/session", "/api/v1/set-up", "/api/v1/public-heat", "/maps/public"}
    | {f"/api/v1/session/{x}" for x in ("oidc", "password", "totp")}
)

#: Where a grant reaches, and whether it is in force.
AREAS = {
    "nowhere": None,
    "past": Grant(Role.PLANNER, valid_to=TODAY),
    "street": Grant(Role.PLANNER, Area("urban", STREET)),
    "set": Grant(Role.PLANNER, Area("urban")),
    "everywhere": Grant(Role.PLANNER),
}

ROUTES: list[tuple[str, APIRoute]] = [
    (method, route)
    for route in create_app(Settings(access="accounts")).state.api_routes
    for method in sorted(route.methods)
]
IDS = [f"{method} {route.path}" for method, route in ROUTES]


@dataclass(frozen=True)
class Caller:
    """Somebody with one role in one area."""

    role: Role
    area: str

    @property
    def principal(self) -> Principal:
        grant = AREAS[self.area]
        grants = () if grant is None else (Grant(self.role, grant.area, grant.valid_from, grant.valid_to),)
        return Principal(f"{self.role}-{self.area}", f"{self.role}-{self.area}", Kind.PERSON, grants)

    def may(self, permission: Permission | None) -> bool:
        """Say by the words of the decision, not by the code, whether a permission is held anywhere."""
        if permission is None:
            return True
        wide = {"everywhere"}
        if permission not in EVERYWHERE:
            wide.add("set")
            if permission not in WHOLE_SET:
                wide.add("street")
        return permission in ALLOWED[self.role] and self.area in wide


CALLERS = [Caller(role, area) for role in Role for area in AREAS]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(ready.fake(fill), NOW)
    yield made
    made.close()


def sent(method: str, route: APIRoute) -> Probe:
    """Make a question that the route itself would look at."""
    if method == "GET" or route.path.startswith("/api/v1/locate"):
        return probe_of(random.Random(3), method, route)
    values = {name: pool[0] for name, pool in POOL.items()}
    path = route.path
    for name in ("set", "version", "draft", "account", "mark", "proposal", "candidate", "case", "collection", "item"):
        path = path.replace(f"{{{name}}}", values[name])
    return Probe(method, path, b"", b"{}")


def told(answer: Whole) -> str:
    """Give the code of an error; Open311 has a list of them."""
    body = json.loads(answer.body)
    return str(body[0]["error"] if isinstance(body, list) else body["code"])


def size(world: World) -> tuple[int, ...]:
    """Count what a request could change."""
    with world.store.unit_of_work() as work:
        versions = [len(work.boundaries.list_versions(s.name)) for s in work.boundaries.list_sets()]
        points = (work.incidents.count(PointFilter()), work.patrols.count(PointFilter()))
        return *versions, *points, sum(s.revision for s in work.boundaries.list_sets())


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_every_role_in_every_area_gets_what_it_may(world: World, method: str, route: APIRoute) -> None:
    permission = permission_of(route.endpoint)
    probe = sent(method, route)
    before = size(world)
    for caller in (c for c in CALLERS if not c.may(permission)):
        answer = world.ask(probe, caller.principal)
        assert answer.status == 403, (caller, answer)
        assert told(answer) == "not_allowed"
    assert size(world) == before
    seen: set[str] = set()
    for caller in (c for c in CALLERS if c.may(permission)):
        if {caller.role.value, caller.area} <= seen:
            continue  # each role that may, and each area; what is beyond an area is for the probes to find
        seen |= {caller.role.value, caller.area}
        answer = world.ask(probe, caller.principal)
        assert answer.status < 500, (caller, answer)
        assert permission is None or answer.status != 401, (caller, answer)
        assert answer.status != 403 or told(answer) == "outside_reach", (caller, answer)


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_who_shows_nothing_sees_nothing(world: World, method: str, route: APIRoute) -> None:
    from asking import ask

    probe = sent(method, route)
    headers = [(b"host", b"test")]
    if probe.body:
        headers += [(b"content-type", probe.kind), (b"content-length", str(len(probe.body)).encode())]
    answer = ask(world.app, probe.query, path=probe.path, method=method, headers=headers, body=[probe.body])
    if permission_of(route.endpoint) is not None or route.path not in ENTRANCES:
        assert (answer.status == 401) == (permission_of(route.endpoint) is not None), answer


# -- what is written --------------------------------------------------------------------------------------------------


def post(world: World, path: str, body: Any, *grants: Grant) -> Whole:
    name = "-".join(f"{g.role}.{g.area.set_name}.{g.area.code}" for g in grants)
    who = Principal(name, name, Kind.PERSON, grants)
    return world.ask(Probe("POST", path, b"", json.dumps(body).encode()), who)


def report(name: str, place: tuple[float, float]) -> dict[str, Any]:
    when = "2026-05-19T08:00:00+08:00"
    return {"incident_id": name, "occurred_at": when, "category": "E1", "lon": place[0], "lat": place[1]}


@pytest.fixture(params=["embedded", "fake"])
def own(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[World]:
    """A world that a test may write to."""
    store: Any = ready.fake(fill) if request.param == "fake" else ready.embedded(tmp_path / "own.gpkg", fill)
    made = World(store, NOW)
    yield made
    made.close()


def trail(world: World) -> list[Any]:
    with world.store.unit_of_work() as work:
        return [entry.act for entry in work.trail.entries()]


def test_a_street_takes_what_happens_in_it_and_nothing_else(own: World) -> None:
    grant = Grant(Role.DISPATCHER, Area("urban", STREET))
    before = size(own)
    items = [
        report("n1", at(0.5, 2.5)),
        report("n2", at(4.5, 1.5)),
        report("n3", at(9.5, 9.5)),
        report("n4", at(1.5, 0.5)),
    ]
    answer = post(own, "/api/v1/incidents", {"datum": "wgs84", "items": items}, grant)
    results = json.loads(answer.body)["results"]
    assert [(r["status"], r["code"]) for r in results] == [
        ("accepted", None),
        ("rejected", "outside_reach"),
        ("rejected", "outside_reach"),
        ("accepted", None),
    ]
    assert [r["grid_code"] for r in results] == [code("A"), None, None, code("C")]
    after = size(own)
    assert after[-3] == before[-3] + 2
    acts = [act for act in trail(own) if act.action == "incidents.add"]
    assert sum(act.detail["added"] for act in acts) == 2
    assert {act.actor_id for act in acts} == {"dispatcher.urban.QUAIL-S"}
    assert all(act.request_id for act in acts)


def test_a_point_beside_the_street_is_not_given_to_its_nearest_grid(own: World) -> None:
    """Somebody else answers for it: 20 m over the border it is nobody's here, not the next grid's."""
    grant = Grant(Role.FIELD, Area("urban", STREET))
    lon, lat = at(3.0, 1.5)
    fix = {"unit_id": "u9", "fixed_at": "2026-05-19T08:00:00+08:00", "lon": lon + 0.0002, "lat": lat}
    answer = post(own, "/api/v1/patrols/fixes", {"datum": "wgs84", "items": [fix]}, grant)
    assert json.loads(answer.body)["results"][0]["code"] == "outside_reach"
    who = Principal("f", "f", Kind.PERSON, (grant,))
    located = own.ask(Probe("GET", "/api/v1/locate", f"lon={lon + 0.0002}&lat={lat}".encode()), who)
    assert (json.loads(located.body)["grid"], json.loads(located.body)["method"]) == (None, "none")


def draft_body(own: World, letters: str, *, parent: str = STREET) -> bytes:
    """Give the grids of some letters of version 2 as a body."""
    with own.store.unit_of_work() as work:
        version = work.boundaries.find_version("urban", 2)
        assert version is not None
        frame = work.boundaries.grids(version, "grid", codes=[code(c) for c in letters])
    features = json.loads(frame[["code", "name", "geometry"]].to_json())["features"]
    for feature in features:
        feature.pop("id", None)
        feature.pop("bbox", None)
        feature["properties"]["parent_code"] = parent
        feature["properties"]["name"] = "改名"
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_a_street_draws_its_part_and_the_rest_of_the_draft_stays(own: World) -> None:
    grant = Grant(Role.PLANNER, Area("urban", STREET))
    who = Principal("p", "p", Kind.PERSON, (grant,))
    made = json.loads(post(own, "/api/v1/sets/urban/drafts", {"based_on": 2}, grant).body)["draft"]
    number, known = made["number"], made["content_hash"]
    with own.store.unit_of_work() as work:
        base, draft = (work.boundaries.find_version("urban", n) for n in (2, number))
        assert base is not None
        assert draft is not None
        before = work.boundaries.grids(base)
        assert list(work.boundaries.grids(draft)["code"]) == list(before["code"])
    path, query = f"/api/v1/sets/urban/drafts/{number}/grids", f"level=grid&expected_hash={known}".encode()
    changed = own.ask(Probe("PUT", path, query, draft_body(own, "ABCD")), who)
    assert changed.status == 200, changed
    with own.store.unit_of_work() as work:
        after = work.boundaries.grids(draft).set_index("code")
    assert set(after.index) == set(before["code"])
    mine = after.index.str.startswith(HERE) & (after["level"] == "grid")
    assert set(after.loc[mine, "name"]) == {"改名"}
    former = before.set_index("code")
    assert after.loc[~mine, "name"].equals(former.loc[after.index[~mine], "name"])

    now = json.loads(changed.body)["draft"]["content_hash"]
    query = f"level=grid&expected_hash={now}".encode()
    foreign = own.ask(Probe("PUT", path, query, draft_body(own, "ABCD", parent="ZEBRA-S")), who)
    assert (foreign.status, json.loads(foreign.body)["code"]) == (403, "outside_reach")
    stale = own.ask(Probe("PUT", path, f"level=grid&expected_hash={known}".encode(), draft_body(own, "ABCD")), who)
    assert json.loads(stale.body)["code"] == "draft_stale"
    # a draft that others drew in is not his to take away; his own is
    assert own.ask(Probe("DELETE", "/api/v1/sets/urban/drafts/4", b""), who).status == 403
    assert own.ask(Probe("DELETE", f"/api/v1/sets/urban/drafts/{number}", b""), who).status == 200
    told = ["draft.replace", "request.denied", "request.denied", "draft.discard"]
    assert [a.action for a in trail(own) if a.actor_id == "p"] == told


def test_who_sees_more_than_he_draws_makes_a_draft_of_all_he_sees(own: World) -> None:
    grants = (Grant(Role.LEADER), Grant(Role.PLANNER, Area("urban", STREET)))
    made = json.loads(post(own, "/api/v1/sets/urban/drafts", {"based_on": 2}, *grants).body)["draft"]
    with own.store.unit_of_work() as work:
        base, draft = (work.boundaries.find_version("urban", n) for n in (2, made["number"]))
        assert base is not None
        assert draft is not None
        assert work.boundaries.grids(draft)["code"].equals(work.boundaries.grids(base)["code"])
        with pytest.raises(NotAllowed):
            merged_draft(guard_of(own, *grants), base, work.boundaries.grids(base).assign(name="别人的"))


def guard_of(own: World, *grants: Grant) -> Any:
    store = GuardedStore(own.store, Principal("g", "g", Kind.PERSON, grants), clock=FixedClock(NOW), day=TODAY)
    return store.unit_of_work().guard


def test_who_publishes_another_set_is_told_nothing_of_the_rules_here(own: World) -> None:
    grants = (Grant(Role.PLANNER, Area("health")), Grant(Role.LEADER, Area("urban", STREET)))
    terms = {"valid_from": "2027-01-01", "expected_revision": 6, "dry_run": True}
    for path in ("drafts/4/publish", "versions/1/return", "versions/3/withdraw"):
        body = terms if "withdraw" not in path else {"expected_revision": 6}
        answer = post(own, f"/api/v1/sets/urban/{path}", body, *grants)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "outside_reach"), path


def test_who_has_the_set_publishes_it_and_the_trail_says_so(own: World) -> None:
    terms = {"valid_from": "2027-01-01", "expected_revision": 0}
    street = post(own, "/api/v1/sets/urban/drafts/4/publish", terms, Grant(Role.PLANNER, Area("urban", STREET)))
    assert json.loads(street.body)["code"] == "not_allowed"
    whole = Grant(Role.PLANNER, Area("urban"))
    terms["expected_revision"] = json.loads(post(own, "/api/v1/sets/urban/drafts/4/publish", terms, whole).body)[
        "revision"
    ]
    done = post(own, "/api/v1/sets/urban/drafts/4/publish", {**terms, "accepted": "试行"}, whole)
    assert done.status == 200, done.body
    told = [act for act in trail(own) if act.actor_id == "planner.urban.None"]
    assert [act.action for act in told] == ["lineage.add", "version.publish", "incidents.reown", "fixes.reown"]
    assert {act.subject for act in told} == {"urban/4", ""}
    assert len({act.request_id for act in told}) == 1


def test_absent_and_foreign_are_one_answer(world: World) -> None:
    who = Principal("s", "s", Kind.PERSON, (Grant(Role.SUPERVISOR, Area("urban", STREET)),))
    for path in ("/api/v1/grids/{}", "/api/v1/sets/urban/codes/{}", "/api/v1/sets/{}", "/api/v1/sets/{}/history"):
        foreign = "health" if "/sets/{}" in path else "ZEBRA-T"
        answers = {world.ask(Probe("GET", path.format(x), b""), who) for x in (foreign, "NOSUCH", "D0")}
        assert len(answers) == 1, answers
        assert answers.pop().status == 404


def test_a_cursor_is_no_good_to_another_reader(world: World) -> None:
    one, two = (Principal(n, n, Kind.PERSON, (Grant(Role.DISPATCHER, Area("urban", STREET)),)) for n in ("c1", "c2"))
    first = world.ask(Probe("GET", "/api/v1/incidents", b"limit=2"), one)
    (link,) = [x["href"] for x in json.loads(first.body)["links"] if x["rel"] == "next"]
    path, _, query = link.partition("?")
    probe = Probe("GET", path, query.encode())
    assert world.ask(probe, one).status == 200
    assert json.loads(world.ask(probe, two).body)["code"] == "bad_cursor"


def test_names_of_people_are_for_who_may_know_them(world: World) -> None:
    lon, lat = at(0.5, 2.5)
    probe = Probe("GET", "/api/v1/locate", f"lon={lon}&lat={lat}".encode())
    for role in (Role.DISPATCHER, Role.ANALYST):
        who = Principal(role, role, Kind.PERSON, (Grant(role, Area("urban", STREET)),))
        staff = json.loads(world.ask(probe, who).body)["staff"]
        assert [s["name"] for s in staff] == (["QUAIL 人0", "QUAIL 人1"] if role is Role.DISPATCHER else [])
        card = json.loads(world.ask(Probe("GET", f"/api/v1/grids/{code('A')}", b""), who).body)
        assert (card["staffing"]["heads"], card["staffing"]["workers"]) == (1, 1)
