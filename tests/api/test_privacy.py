"""Nothing leaves that nobody classified, nothing personal to who may not know it, and nothing of it into the logs."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import pytest
import ready
from asking import ask
from fake_store import FakeStore
from fastapi import APIRouter
from fastapi.testclient import TestClient
from rights_world import NOW, at, fill

from api import (
    replies,
    replies_access,
    replies_basemaps,
    replies_blind,
    replies_cases,
    replies_duty,
    replies_georeport,
    replies_history,
    replies_hotspots,
    replies_indicators,
    replies_inspections,
    replies_lead,
    replies_patrol_list,
    replies_patrols,
    replies_places,
    replies_proposals,
    replies_redraw,
    replies_services,
    replies_versions,
)
from api.answers import features
from api.app import create_app
from api.privacy import FIELDS, HANDED_OVER, seeing_people
from api.replies import Out, PersonalOut, StaffOut
from api.rights import needs
from api.strict import StrictRoute
from gridmap import logs
from gridmap.domain.access import Permission
from gridmap.domain.privacy import COLUMNS, Privacy
from gridmap.maps.drawing import texts_of
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

MODULES = (
    replies,
    replies_access,
    replies_basemaps,
    replies_blind,
    replies_cases,
    replies_duty,
    replies_georeport,
    replies_history,
    replies_hotspots,
    replies_indicators,
    replies_inspections,
    replies_lead,
    replies_patrol_list,
    replies_patrols,
    replies_places,
    replies_proposals,
    replies_redraw,
    replies_services,
    replies_versions,
)
ANSWERS = {
    name: member
    for module in (
        replies,
        replies_access,
        replies_basemaps,
        replies_blind,
        replies_cases,
        replies_duty,
        replies_georeport,
        replies_history,
        replies_hotspots,
        replies_indicators,
        replies_inspections,
        replies_lead,
        replies_patrol_list,
        replies_patrols,
        replies_places,
        replies_proposals,
        replies_redraw,
        replies_services,
        replies_versions,
    )
    for name, member in vars(module).items()
    if isinstance(member, type) and issubclass(member, Out) and member not in (Out, PersonalOut)
}


def test_every_field_of_every_answer_is_classified_and_nothing_else_is() -> None:
    assert {name: set(model.model_fields) for name, model in ANSWERS.items()} == {
        name: set(fields) for name, fields in FIELDS.items()
    }


@pytest.mark.parametrize(("answer", "field"), sorted(HANDED_OVER))
def test_a_secret_that_is_handed_over_is_sensitive(answer: str, field: str) -> None:
    assert FIELDS[answer][field] is Privacy.SENSITIVE


def test_an_answer_with_an_unclassified_field_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="Unheard are: colour"):

        class Unheard(Out):
            colour: str


def test_an_answer_with_a_personal_or_sensitive_field_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "Told": {"phone": Privacy.PERSONAL},
        "Spilled": {"note": Privacy.SENSITIVE},
        "Right": {"phone": Privacy.PERSONAL},
    }
    monkeypatch.setattr("api.privacy.FIELDS", {**FIELDS, **told})
    with pytest.raises(TypeError, match="must derive from PersonalOut"):

        class Told(Out):
            phone: str

    with pytest.raises(TypeError, match="it leaves in no answer"):

        class Spilled(PersonalOut):
            note: str

    class Right(PersonalOut):
        phone: str

    assert Right(phone="110").model_dump() == {}


def test_an_answer_without_classes_cannot_be_used_in_a_route() -> None:
    router = APIRouter(route_class=StrictRoute)

    @needs(Permission.GRIDS_READ)
    def plain() -> dict[str, str]:
        return {}

    with pytest.raises(TypeError, match="privacy nobody has classified"):
        router.add_api_route("/plain", plain)


def test_names_and_phones_are_left_out_for_who_may_not_know_people() -> None:
    one = StaffOut(role="head", name="张伟", phone="0532-1000", department="综治办")
    assert one.model_dump() == {"role": "head", "department": "综治办"}
    assert json.loads(one.model_dump_json()) == {"role": "head", "department": "综治办"}
    with seeing_people(True):
        assert one.model_dump()["name"] == "张伟"
        assert json.loads(one.model_dump_json())["phone"] == "0532-1000"
    assert "name" not in one.model_dump()


@pytest.mark.parametrize("name", ["note", "attributes", "unit_id", "colour"])
def test_what_is_sensitive_or_unclassified_is_no_property_of_a_feature(name: str) -> None:
    assert COLUMNS.get(name) in (Privacy.SENSITIVE, None)
    frame = gpd.GeoDataFrame({"code": ["A"], name: ["x"]}, geometry=gpd.points_from_xy([120], [36]), crs=4326)
    with pytest.raises(TypeError, match=name):
        features(frame, "code", ("code", name))
    with pytest.raises(TypeError, match=name):
        texts_of(frame, name)


# -- logs -------------------------------------------------------------------------------------------------------------

#: In every place of a request where something may stand that is about somebody.
CANARY = "金丝雀"
WORDS = (CANARY, "canary", "13905320000", "120.0123", "36.0123", "%E9%87%91")
PHONE = "13905320000"


class Failing(FakeStore):
    """A store that breaks while it is asked for incidents, with words that quote what it was asked."""

    failing = False

    def unit_of_work(self) -> Any:
        if self.failing:
            raise RuntimeError(f"no row for {CANARY} {PHONE} at 120.0123 36.0123")
        return super().unit_of_work()


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What all loggers write, from the finest level on."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    logs.requests.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the client of the test, no part of the service
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_nothing_of_a_request_is_in_the_logs(written: io.StringIO) -> None:
    store = Failing()
    fill(store)
    app = create_app(Settings(access="open", default_set="urban", access_log="all"), store, FixedClock(NOW))
    when = "2026-05-19T08:00:00+08:00"
    items = [
        {
            "incident_id": f"{CANARY}-{n}",
            "occurred_at": when,
            "category": f"canary{n}",
            "lon": lon,
            "lat": 36.0123,
            "note": f"{CANARY} {PHONE}",
            "channel": "canary",
        }
        for n, lon in enumerate((120.0123, 36.0123, 181.0, 0.0))
    ]
    place = at(0.5, 2.5)
    with TestClient(app, raise_server_exceptions=False) as client:
        seen = {
            client.get(f"/api/v1/locate?lon=120.0123&lat=36.0123{more}").status_code for more in ("", "&set=canary")
        }
        seen.add(client.post("/api/v1/incidents", json={"datum": "wgs84", "items": items}).status_code)
        fix = {"unit_id": CANARY, "fixed_at": when, "lon": place[0], "lat": place[1]}
        seen.add(client.post("/api/v1/patrols/fixes", json={"datum": "wgs84", "items": [fix]}).status_code)
        for url in (f"/api/v1/grids/{CANARY}", f"/api/v1/grids/canary-{PHONE}?set={CANARY}", f"/canary/{CANARY}"):
            seen.add(client.get(url, headers={"User-Agent": f"canary {PHONE}", "Cookie": "canary=1"}).status_code)
        seen.add(client.post("/api/v1/incidents", content=f'{{"canary": "{CANARY}"'.encode()).status_code)
        seen.add(client.post("/api/v1/locate", json={"points": [[120.0123, "canary"]]}).status_code)
        seen.add(client.get("/api/v1/trail", headers={"Authorization": "Bearer gm_k_canary"}).status_code)
        store.failing = True
        seen.add(client.get(f"/api/v1/incidents?category={CANARY}&bbox=120.0123,36.0123,121,37").status_code)
    assert {200, 404, 422, 500} <= seen
    text = written.getvalue()
    assert text.count('"event": "request"') >= 10
    assert "RuntimeError" in text
    for word in WORDS:
        assert word not in text


def test_the_canary_is_found_where_a_log_quotes_it(written: io.StringIO) -> None:
    """The negative control: the handler that listens hears every logger."""
    logging.getLogger("gridmap.api").debug("somebody wrote %s", CANARY)
    assert CANARY in written.getvalue()


def test_the_lean_road_tells_people_as_the_validated_one_does() -> None:
    store = ready.fake(fill)
    app = create_app(Settings(access="open", default_set="urban"), store, FixedClock(NOW))
    lon, lat = at(0.5, 2.5)
    query = f"lon={lon}&lat={lat}".encode()
    lean = [ask(app, query) for _ in range(2)]
    app.state.lean = None
    assert lean == [ask(app, query)] * 2
    assert json.loads(lean[0].body)["staff"][0]["name"].startswith("QUAIL")
