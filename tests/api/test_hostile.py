"""Hostile and broken requests: the right refusal, nothing changed, nothing echoed, and the service goes on."""

from urllib.parse import quote

import pytest
from api_world import CANARY, X0, Y0, at, check_problem

LOCATE = "/api/v1/locate"
INCIDENTS = "/api/v1/incidents"
LON, LAT = at(0.5, 2.5)
GOOD = f"{LOCATE}?lon={LON}&lat={LAT}"


@pytest.fixture
def unharmed(world):
    """Whatever a test does: no row changed, and the next good request is answered."""
    before = world.rows()
    yield world
    assert world.rows() == before
    assert world.get(GOOD).json()["grid"]["code"] == "A"


QUERIES = [
    (f"lon={LON}", 422, "missing_parameter"),
    ("", 422, "missing_parameter"),
    (f"lon={LON}&lat={CANARY}", 422, "wrong_type"),
    (f"lon=nan&lat={LAT}", 422, "wrong_type"),
    (f"lon=Infinity&lat={LAT}", 422, "wrong_type"),
    (f"lon=1e400&lat={LAT}", 422, "number_not_finite"),
    (f"lon=1_2_0&lat={LAT}", 422, "wrong_type"),
    (f"lon=%EF%BC%91&lat={LAT}", 422, "wrong_type"),
    (f"lon=0x10&lat={LAT}", 422, "wrong_type"),
    (f"lon={'1' * 65}&lat={LAT}", 422, "wrong_type"),
    (f"lon=&lat={LAT}", 422, "wrong_type"),
    (f"lon={LON}&lat={LAT}&lat={LAT}", 422, "repeated_parameter"),
    (f"lon={LON}&lat={LAT}&{CANARY}=1", 422, "unknown_parameter"),
    (f"lon={LON}&lat={LAT}&role=admin", 422, "unknown_parameter"),
    (f"lon={LON}&lat={LAT}&set=%ff", 400, "not_utf8"),
    (f"lon={LON}&lat={LAT}&set=a%00b", 422, "bad_text"),
    (f"lon={LON}&lat={LAT}&set=a%E2%80%AEb", 422, "bad_text"),
    (f"lon={LON}&lat={LAT}&set=a%E2%80%8Bb", 422, "bad_text"),
    (f"lon={LON}&lat={LAT}&set={CANARY * 20}", 422, "text_too_long"),
    (f"lon={LON}&lat={LAT}&set={CANARY}", 404, "set_unknown"),
    (f"lon={LON}&lat={LAT}&set=' OR 1=1 --", 404, "set_unknown"),
    (f"lon={LON}&lat={LAT}&datum={CANARY}", 422, "value_not_allowed"),
    (f"lon={LON}&lat={LAT}&datum=", 422, "value_not_allowed"),
    *(
        (f"lon={LON}&lat={LAT}&at={when}", 422, "bad_time")
        for when in (
            CANARY,
            "2026-02-30",
            "2026-5-1",
            "20260501",
            "2026-05-01T00:00:00",
            "2026-05-01T00:00:00+08:00",
            "2026-05-01T25:00:00Z",
            "2026-05-01T00:00:00%2B99:99",
            "0001-01-01",
            "0001-01-01T00:00:00%2B14:00",
            "9999-12-31T23:59:59-14:00",
            "1899-12-31",
            "2200-01-01",
            "now",
            "",
        )
    ),
]


@pytest.mark.parametrize(("query", "status", "code"), QUERIES, ids=range(len(QUERIES)))
def test_a_bad_query_is_refused(unharmed, query: str, status: int, code: str) -> None:
    check_problem(unharmed.get(f"{LOCATE}?{query}"), status, code)


@pytest.mark.parametrize(
    ("lon", "lat", "code", "hint"),
    [
        (181, 30, "coordinate_out_of_range", None),
        (120, 91, "coordinate_out_of_range", None),
        (999, 1, "coordinate_out_of_range", None),
        (-180.0000001, 0, "coordinate_out_of_range", None),
        (500_000, 3_980_000, "coordinate_out_of_range", "looks_projected"),
        (13_358_338.9, 4_300_621.4, "coordinate_out_of_range", "looks_projected"),
        (LAT, LON, "outside_service_area", "looks_swapped"),
        (0, 0, "null_island", None),
        (0.0001, 0, "null_island", None),
    ],
)
def test_an_impossible_place_is_refused_with_a_hint(unharmed, lon, lat, code, hint) -> None:
    for answer in (
        unharmed.get(f"{LOCATE}?lon={lon}&lat={lat}"),
        unharmed.post(LOCATE, {"points": [[LON, LAT], [lon, lat]]}),
    ):
        assert check_problem(answer, 422, code).get("hint") == hint


BODIES = [
    (b'{"points": [[NaN, 1]]}', 400, "not_json", None),
    (b'{"points": [[Infinity, 1]]}', 400, "not_json", None),
    (b'{"points": [[-Infinity, 1]]}', 400, "not_json", None),
    (b'{"points": [[1e400, 1]]}', 422, "number_not_finite", "#/points/0/0"),
    (b'{"points": [[1, -1e400]]}', 422, "number_not_finite", "#/points/0/1"),
    (b'{"points": [[1' + b"0" * 400 + b", 1]]}", 422, "number_not_finite", "#/points/0/0"),
    (b'{"points": [["nan", 1]]}', 422, "wrong_type", "#/points/0/0"),
    (b'{"points": [["12", 1]]}', 422, "wrong_type", "#/points/0/0"),
    (b'{"points": [[true, 1]]}', 422, "wrong_type", "#/points/0/0"),
    (b'{"points": [[null, 1]]}', 422, "wrong_type", "#/points/0/0"),
    (b'{"points": [[120, 30, 5]]}', 422, "bad_position", "#/points/0"),
    (b'{"points": [[120]]}', 422, "bad_position", "#/points/0"),
    (b'{"points": [[]]}', 422, "bad_position", "#/points/0"),
    (b'{"points": [{"lon": 1, "lat": 2}]}', 422, "wrong_type", "#/points/0"),
    (b'{"points": []}', 422, "too_few_items", "#/points"),
    (b'{"points": "KANARIENVOGEL"}', 422, "wrong_type", "#/points"),
    (b'{"points": [[120, 36]], "KANARIENVOGEL": 1}', 422, "unknown_field", "#"),
    (b'{"points": [[120, 36]], "owner_id": 1}', 422, "unknown_field", "#"),
    (b'{"points": [[120, 36]], "set": "\\ud800"}', 422, "bad_text", "#/set"),
    (b'{"points": [[120, 36]], "set": "a\\u0000b"}', 422, "bad_text", "#/set"),
    (b'{"points": [[120, 36]], "set": 7}', 422, "wrong_type", "#/set"),
    (b'{"points": [[120, 36]], "set": ""}', 422, "text_empty", "#/set"),
    (b'{"points": [[120, 36]], "at": 20260501}', 422, "wrong_type", "#/at"),
    (b'{"points": [[120, 36]], "at": "KANARIENVOGEL"}', 422, "bad_time", "#/at"),
    (b"{}", 422, "missing_field", "#/points"),
    (b"[]", 422, "wrong_type", "#"),
    (b"null", 422, "wrong_type", "#"),
    (b'"KANARIENVOGEL"', 422, "wrong_type", "#"),
    (b"KANARIENVOGEL", 400, "not_json", None),
    (b"", 400, "not_json", None),
    (b'{"points": [[120, 36]], "points": [[120, 36]]}', 400, "duplicate_key", None),
    (b'{"points": [[120, 36]]', 400, "not_json", None),
    ('{"points": [[120, 36]], "set": "城"}'.encode("gbk"), 400, "not_utf8", None),
    ('{"points": [[120, 36]]}'.encode("utf-16"), 400, "not_utf8", None),
    (b"[" * 100_000, 400, "too_deep", None),
    (b'{"points": ' + b"[" * 33 + b"]" * 33 + b"}", 400, "too_deep", None),
]


@pytest.mark.parametrize(("body", "status", "code", "pointer"), BODIES, ids=range(len(BODIES)))
def test_a_bad_body_is_refused_and_points_at_the_fault(unharmed, body, status, code, pointer) -> None:
    problem = check_problem(unharmed.post(LOCATE, body), status, code)
    assert [e.get("pointer") for e in problem["errors"]] == ([] if pointer is None else [pointer])


def test_a_byte_order_mark_is_accepted(unharmed) -> None:
    body = b"\xef\xbb\xbf" + f'{{"points": [[{X0 + 0.001}, {Y0 + 0.001}]]}}'.encode()
    assert unharmed.post(LOCATE, body).status_code == 200


def test_many_faults_are_cut_off_at_a_hundred(unharmed) -> None:
    problem = check_problem(unharmed.post(LOCATE, {"points": [[CANARY, 1]] * 101}), 422, "wrong_type")
    assert len(problem["errors"]) == 100
    assert problem["truncated"] is True


@pytest.mark.parametrize(
    "declared",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=gbk", None],
)
def test_another_body_type_is_refused(unharmed, declared) -> None:
    headers = {} if declared is None else {"content-type": declared}
    for url in (LOCATE, INCIDENTS, "/api/v1/patrols/fixes"):
        answer = unharmed.client.post(url, content=b'{"points": [[120, 36]]}', headers=headers)
        check_problem(answer, 415, "unsupported_body_type")


JSON = {"content-type": "application/json"}


def test_the_largest_body_is_read_and_one_byte_more_is_not(unharmed) -> None:
    most = unharmed.settings.max_json_bytes
    check_problem(unharmed.post(LOCATE, b" " * most), 400, "not_json")
    check_problem(unharmed.post(LOCATE, b" " * (most + 1)), 413, "body_too_large")


def test_a_body_without_a_stated_length_is_counted_as_it_comes(unharmed) -> None:
    sent = []

    def trickle():
        for _ in range(40):
            sent.append(1)
            yield b" " * 50_000

    answer = unharmed.client.post(LOCATE, content=trickle(), headers=JSON)
    check_problem(answer, 413, "body_too_large")
    assert "content-length" not in answer.request.headers


def test_the_longest_address_is_read_and_one_byte_more_is_not(unharmed) -> None:
    most = unharmed.settings.max_url_bytes
    room = most - len(LOCATE) - len("x=")
    check_problem(unharmed.get(f"{LOCATE}?x={'a' * room}"), 422, "unknown_parameter")
    check_problem(unharmed.get(f"{LOCATE}?x={'a' * (room + 1)}"), 414, "url_too_long")
    check_problem(unharmed.get("/" + CANARY * 1_000), 414, "url_too_long")


def test_headers_are_limited_in_number_and_size(unharmed) -> None:
    few = {f"x-{i}": "1" for i in range(80)}
    assert unharmed.client.get(GOOD, headers=few).status_code == 200
    many = {f"x-{i}": "1" for i in range(101)}
    check_problem(unharmed.client.get(GOOD, headers=many), 431, "headers_too_large")
    check_problem(unharmed.client.get(GOOD, headers={"x": CANARY * 2_000}), 431, "headers_too_large")


@pytest.mark.parametrize(
    ("method", "url", "allow"),
    [
        ("DELETE", LOCATE, "GET, POST"),
        ("PUT", INCIDENTS, "GET, POST"),
        ("PATCH", "/api/v1/patrols/fixes", "POST"),
        ("GET", "/api/v1/patrols/fixes", "POST"),
        ("POST", "/api/v1/sets", "GET"),
        ("TRACE", "/healthz", "GET"),
        ("PROPFIND", "/api/v1/sets/urban/versions", "GET"),
        ("POST", "/maps/grids", "GET"),
        ("get", LOCATE, "GET, POST"),
    ],
)
def test_another_method_is_refused_with_those_allowed(unharmed, method: str, url: str, allow: str) -> None:
    request = unharmed.client.build_request("GET", url)
    request.method = method
    answer = unharmed.client.send(request)
    check_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path",
    [
        f"/{CANARY}",
        f"/api/v1/{CANARY}",
        "/api/v1/locate/",
        "/api/v2/locate",
        "/docs/",
        "/assets/" + CANARY,
        "/assets/../app.py",
        "/assets/%2e%2e/app.py",
        "/assets/__init__.py",
        "/assets/a%00b",
        "/assets/" + "a" * 300,
        "/assets/vendor",
        "/assets/",
        "/assets",
    ],
)
def test_an_unknown_address_is_one_404(unharmed, path: str) -> None:
    check_problem(unharmed.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (f"{INCIDENTS}?limit={limit}", code)
        for limit, code in [
            ("0", "value_out_of_range"),
            ("-5", "value_out_of_range"),
            ("1e9", "wrong_type"),
            ("1.0", "wrong_type"),
            ("11", "limit_out_of_range"),
            ("999999999999999999", "limit_out_of_range"),
            ("1" + "0" * 21, "wrong_type"),
            (CANARY, "wrong_type"),
            ("", "wrong_type"),
        ]
    ]
    + [(f"{INCIDENTS}?cursor={quote(c)}", "bad_cursor") for c in (CANARY, "AAAA", "=" * 8, "网格", "a" * 150, "' --")]
    + [
        (f"{INCIDENTS}?bbox={box}", "bad_bbox")
        for box in (
            CANARY,
            "1,2,3",
            "1,2,3,4,5",
            "1,2,3,x",
            "nan,0,1,1",
            "10,0,1,1",
            "0,10,1,1",
            "-181,0,1,1",
            "0,-91,1,1",
            "0,0,1e400,1",
            ",,,",
        )
    ]
    + [
        (f"{INCIDENTS}?start=2026-05-02&end=2026-05-01", "window_reversed"),
        (f"{INCIDENTS}?start=2026-05-01&end=2026-05-01", "window_reversed"),
        (f"{INCIDENTS}?start={CANARY}", "bad_time"),
        (f"{INCIDENTS}?category=", "text_empty"),
        (f"{INCIDENTS}?category=a,,b", "text_empty"),
        (f"{INCIDENTS}?category=a%00", "bad_text"),
        (f"{INCIDENTS}?offset=1", "unknown_parameter"),
        ("/api/v1/sets/urban/versions/1/grids?level=" + CANARY, "level_not_in_set"),
        ("/api/v1/texts?lang=" + CANARY, "value_not_allowed"),
        ("/maps/coverage?lang=fr", "value_not_allowed"),
        ("/healthz?x=1", "unknown_parameter"),
        ("/docs?url=http://127.0.0.1/" + CANARY, "unknown_parameter"),
    ],
)
def test_a_bad_page_box_or_window_is_refused(unharmed, url: str, code: str) -> None:
    check_problem(unharmed.get(url), 422, code)


@pytest.mark.parametrize(
    "text", ["' OR '1'='1", '"; DROP TABLE incidents; --', "]", "\\", "＇", "${jndi:x}", "../../etc"]
)
def test_text_that_means_something_elsewhere_is_only_text(unharmed, text: str) -> None:
    assert unharmed.get(f"{INCIDENTS}?category={quote(text)}").json()["features"] == []
    check_problem(unharmed.get(f"/api/v1/grids/{quote(text, safe='')}"), 404, unharmed_code(text))


def unharmed_code(text: str) -> str:
    """A slash, also when encoded, makes another address."""
    return "not_found" if "/" in text else "grid_unknown"


def test_headers_of_a_proxy_change_nothing(unharmed) -> None:
    forged = {
        "X-Forwarded-For": CANARY,
        "X-Forwarded-Prefix": "/" + CANARY,
        "X-HTTP-Method-Override": "DELETE",
        "X-Request-ID": CANARY,
        "Host": CANARY + ".example",
    }
    answer = unharmed.client.get("/api/v1/sets/urban/versions/1/grids?limit=1", headers=forged)
    assert answer.status_code == 200
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)


def test_messages_come_in_the_language_of_the_reader(unharmed) -> None:
    url = f"{LOCATE}?lon=0&lat=0"
    chinese = check_problem(unharmed.get(url, accept_language="zh-CN"), 422, "null_island")
    english = check_problem(unharmed.get(url, accept_language="en;q=0.9"), 422, "null_island")
    assert (
        check_problem(unharmed.get(url, accept_language="tlh,\x01"), 422, "null_island")["detail"] == chinese["detail"]
    )
    assert english["detail"].isascii()
    assert english["detail"] != chinese["detail"]
    assert unharmed.get(url, accept_language="en").headers["content-language"] == "en"
