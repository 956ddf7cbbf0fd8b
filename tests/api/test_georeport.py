"""Open311 GeoReport v2: the published examples, and what is refused in its words."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest
import ready
import shapely
from api_world import NOW, at, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.domain.access import OPERATOR, Grant, Kind, Role
from gridmap.services.access import Access
from gridmap.services.clock import FixedClock
from gridmap.services.places import import_places
from gridmap.settings import Settings
from gridmap.store import open_store

LON, LAT = at(0.5, 2.5)
BASE = "/open311/v2"
#: The published example of a report, with our type and place for those of a city far away.
EXAMPLE = (
    f"api_key=xyz&jurisdiction_id=city.gov&service_code=E1-01&lat={LAT!r}&long={LON!r}&address_string=1234+5th+street"
    "&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456&first_name=john&last_name=smith&phone=111111111"
    "&description=A+large+sinkhole+is+destroying+the+street"
    "&media_url=http%3A%2F%2Ffarm3.static.flickr.com%2F2002%2F2212426634_5ed477a060.jpg"
    "&attribute[WHISPAWN]=123456&attribute[WHISDORN]=COISL001"
)
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(database_url=ready.put(tmp_path / "georeport.gpkg", fill))
    store = open_store(settings.database_url)
    names = gpd.GeoDataFrame(
        {"code": ["P1", "P2"], "name": ["文三路259号", "人民公园"], "kind": "", "aliases": [[], []]},
        geometry=shapely.points([LON, LON], [LAT, LAT]), crs=4326,
    )  # fmt: skip
    import_places(store, names, note="", clock=FixedClock(NOW), commit=True)
    with TestClient(create_app(settings, store, FixedClock(NOW)), raise_server_exceptions=False) as found:
        yield found
    store.close()


def post(client: TestClient, body: str | dict[str, str], **headers: str) -> httpx.Response:
    if isinstance(body, dict):
        return client.post(f"{BASE}/requests.json", data=body, headers=headers)
    return client.post(f"{BASE}/requests.json", content=body.encode(), headers={**FORM, **headers})


def refused(answer: httpx.Response, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    (first, *_) = answer.json()
    assert set(first) == {"code", "description", "error"}
    assert (first["code"], first["error"]) == (status, error)


def test_the_list_of_services(client: TestClient) -> None:
    found = client.get(f"{BASE}/services.json?jurisdiction_id=city.gov", headers={"accept-language": "en"}).json()
    litter = next(one for one in found if one["service_code"] == "E1-01")
    assert litter == {
        "service_code": "E1-01", "service_name": "Littering", "description": "Littering", "metadata": False,
        "type": "realtime", "keywords": "Littering, 乱扔垃圾", "group": "City appearance",
    }  # fmt: skip
    assert not any(one["service_code"] == "E1" for one in found)
    assert client.get(f"{BASE}/services/E1-01.json").json() == {"service_code": "E1-01", "attributes": []}
    refused(client.get(f"{BASE}/services/DMV66.json"), 404, "category_unknown")
    refused(client.get(f"{BASE}/services/E1.json"), 404, "category_unknown")


def test_the_published_example_becomes_a_case_and_names_nobody(client: TestClient) -> None:
    answer = post(client, EXAMPLE)
    assert answer.status_code == 200, answer.text
    (taken,) = answer.json()
    assert set(taken) == {"service_request_id", "service_notice", "account_id"}
    assert taken["account_id"] is None
    number = taken["service_request_id"]
    case = client.get(f"/api/v1/cases/{number}").json()
    assert (case["case"]["channel"], case["case"]["grid_code"], case["proposed"]["unit"]) == ("open311", "A", "grid:A")
    assert case["case"]["note"] == "A large sinkhole is destroying the street"
    assert case["case"]["photos"] == ["http://farm3.static.flickr.com/2002/2212426634_5ed477a060.jpg"]
    assert case["case"]["reporter"] is None
    assert not any(word in str(case) for word in ("smit333", "tt222111", "john", "111111111", "123456"))
    (told,) = client.get(f"{BASE}/requests/{number}.json").json()
    assert list(told) == [
        "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
        "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime",
        "address", "address_id", "zipcode", "lat", "long", "media_url",
    ]  # fmt: skip
    assert (told["service_request_id"], told["status"], told["service_code"]) == (number, "open", "E1-01")
    assert (told["lat"], told["long"]) == pytest.approx((LAT, LON))
    assert told["description"] is told["address"] is told["media_url"] is None
    assert told["requested_datetime"].endswith("Z")
    assert client.get(f"{BASE}/requests.json?service_request_id={number}").json() == [told]
    assert client.get(f"{BASE}/requests.json?status=open&service_code=E1-01,E1-02").json() == [told]
    assert client.get(f"{BASE}/requests.json?status=closed").json() == []


def test_a_closed_case_is_closed_and_changed_when_it_was(client: TestClient) -> None:
    number = post(client, EXAMPLE).json()[0]["service_request_id"]
    body: dict[str, Any] = {"act": "reject", "version": 1, "reason": "重复"}
    assert client.post(f"/api/v1/cases/{number}/acts", json=body).status_code == 200
    (told,) = client.get(f"{BASE}/requests.json?status=closed", headers={"accept-language": "en"}).json()
    assert (told["status"], told["status_notes"]) == ("closed", "Rejected")
    assert client.get(f"{BASE}/requests.json?status=open").json() == []


@pytest.mark.parametrize("place", [{"address_id": "P1"}, {"address_string": "西湖区文三路２５９号"}])
def test_an_address_is_a_place_when_it_is_beyond_doubt(client: TestClient, place: dict[str, str]) -> None:
    answer = post(client, {"service_code": "E1-01", **place})
    (told,) = client.get(f"{BASE}/requests/{answer.json()[0]['service_request_id']}.json").json()
    assert (told["long"], told["lat"]) == pytest.approx((LON, LAT))


HERE = {"lat": repr(LAT), "long": repr(LON)}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (HERE, 400, "missing_field"),
        ({"service_code": "DMV66", **HERE}, 404, "category_unknown"),
        ({"service_code": "E1-01"}, 400, "georeport_place_missing"),
        ({"service_code": "E1-01", "lat": "30"}, 400, "georeport_place_missing"),
        ({"service_code": "E1-01", "lat": "north", "long": "120"}, 400, "georeport_place_missing"),
        ({"service_code": "E1-01", "lat": "nan", "long": "120"}, 400, "number_not_finite"),
        ({"service_code": "E1-01", "lat": "1e999", "long": "120"}, 400, "number_not_finite"),
        ({"service_code": "E1-01", "lat": "95", "long": "120"}, 400, "coordinate_out_of_range"),
        ({"service_code": "E1-01", "lat": "0", "long": "0"}, 400, "null_island"),
        ({"service_code": "E1-01", "address_string": "文三路"}, 400, "georeport_place_unsure"),
        ({"service_code": "E1-01", "address_string": "长安街1号"}, 400, "georeport_place_unsure"),
        ({"service_code": "E1-01", "role": "dispatcher", **HERE}, 400, "unknown_field"),
        ({"service_code": "E1-01", "description": "x" * 4001, **HERE}, 400, "text_too_long"),
        ({"service_code": "E1-01", "description": "a\u202eb", **HERE}, 400, "bad_text"),
        ({"service_code": "E1-01", "description": "a\x00b", **HERE}, 400, "bad_text"),
    ],
)
def test_reports_that_are_none(client: TestClient, form: dict[str, str], status: int, error: str) -> None:
    refused(post(client, form), status, error)
    assert client.get(f"{BASE}/requests.json").json() == []


@pytest.mark.parametrize(
    ("body", "kind", "status", "error"),
    [
        ("{}", "application/json", 415, "form_wanted"),
        (EXAMPLE, "application/x-www-form-urlencoded; charset=gbk", 415, "form_wanted"),
        (EXAMPLE, "multipart/form-data; boundary=x", 415, "form_wanted"),
        (EXAMPLE + "&lat=1", "application/x-www-form-urlencoded", 400, "repeated_parameter"),
        ("service_code=%ff%fe", "application/x-www-form-urlencoded", 400, "not_utf8"),
        ("service_code=\u00e9", "application/x-www-form-urlencoded", 400, "not_utf8"),
        ("a=1&" * 101, "application/x-www-form-urlencoded", 400, "bad_request"),
    ],
)
def test_bodies_that_are_no_form(client: TestClient, body: str, kind: str, status: int, error: str) -> None:
    refused(post(client, body, **{"content-type": kind}), status, error)


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("?status=done", 400, "georeport_status"),
        ("?start_date=2026-01-01T00:00:00Z&end_date=2026-05-01T00:00:00Z", 400, "georeport_span"),
        ("?start_date=2026-05-02T00:00:00Z&end_date=2026-05-01T00:00:00Z", 400, "georeport_span"),
        ("?start_date=yesterday", 400, "bad_time"),
        ("?page_size=0", 400, "limit_out_of_range"),
        ("?colour=red", 400, "unknown_parameter"),
    ],
)
def test_questions_that_are_none(client: TestClient, query: str, status: int, error: str) -> None:
    refused(client.get(f"{BASE}/requests.json{query}"), status, error)


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    refused(client.get(f"{BASE}/requests/638344.json"), 404, "case_unknown")


def test_a_report_sent_again_with_its_key_is_one_case(client: TestClient) -> None:
    first, second = (post(client, EXAMPLE, **{"idempotency-key": "device-1-report-7"}) for _ in range(2))
    assert first.json() == second.json()
    assert len(client.get(f"{BASE}/requests.json").json()) == 1
    bad = {"service_code": "DMV66", **HERE}
    for _ in range(2):
        refused(post(client, bad, **{"idempotency-key": "device-1-report-8"}), 404, "category_unknown")


def test_dates_choose_by_the_time_of_the_report(client: TestClient) -> None:
    post(client, EXAMPLE)
    day = timedelta(days=1)

    def asked(start: Any, end: Any) -> int:
        dates = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return len(client.get(f"{BASE}/requests.json", params=dates).json())

    assert [asked(NOW - day, NOW + day), asked(NOW + day, NOW + 2 * day), asked(NOW - 2 * day, NOW - day)] == [1, 0, 0]


def test_a_key_opens_the_door_and_nothing_else_does(tmp_path: Path) -> None:
    settings = Settings(database_url=ready.put(tmp_path / "keys.gpkg", fill), access="accounts")
    store = open_store(settings.database_url)
    accounts = Access.over(store, FixedClock(NOW), settings).accounts
    made = {
        role: accounts.make_key(OPERATOR, role.value, kind=Kind.KEY, grants=[Grant(role)]).token
        for role in (Role.FIELD, Role.ANALYST)
    }
    with TestClient(create_app(settings, store, FixedClock(NOW)), raise_server_exceptions=False) as client:
        assert client.get(f"{BASE}/services.json").status_code == 200
        refused(post(client, EXAMPLE), 401, "not_signed_in")
        refused(post(client, EXAMPLE.replace("xyz", "%C3%A9" * 200)), 401, "not_signed_in")
        refused(post(client, EXAMPLE.replace("xyz", "gm_s_" + made[Role.FIELD][5:])), 401, "not_signed_in")
        refused(post(client, EXAMPLE.replace("xyz", made[Role.ANALYST])), 403, "not_allowed")
        refused(client.get(f"{BASE}/requests.json"), 401, "not_signed_in")
        taken = post(client, EXAMPLE.replace("xyz", made[Role.FIELD]))
        assert taken.status_code == 200, taken.text
        number = taken.json()[0]["service_request_id"]
        for address in (f"{BASE}/requests.json", f"{BASE}/requests/{number}.json"):
            (told,) = client.get(address, params={"api_key": made[Role.ANALYST]}).json()
            assert told["service_request_id"] == number
            bearer = {"authorization": f"Bearer {made[Role.ANALYST]}"}
            assert client.get(address, headers=bearer).json() == [told]
    store.close()
