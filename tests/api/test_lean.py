"""The lean road answers byte for byte as the validated one, and never later than the store changes."""

import threading
import time
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from api_world import AFTER, CELL, NOW, PEOPLE, X0, Y0, at, district
from asking import ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import lean as lean_module
from api.app import create_app
from api.edge import _new_id
from api.lean import Lean
from gridmap.crs import wgs84_to_gcj02
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile
from gridmap.services.clock import FixedClock, day_in
from gridmap.services.fresh import SEEN_WITHIN_S, Freshness
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import people_of, people_of_all
from gridmap.settings import Settings
from gridmap.store import open_store

HERE = at(0.5, 2.5)


def query_of(point=HERE, **more) -> bytes:
    return "&".join(f"{k}={v}" for k, v in {"lon": point[0], "lat": point[1], **more}.items()).encode()


class Roads:
    """Two apps over one store: one with both roads, one with the validated road alone."""

    def __init__(self, store, options: Settings, clock=None) -> None:
        self.store = store
        self.both = create_app(options, store, clock or FixedClock(NOW))
        self.validated = create_app(options, store, clock or FixedClock(NOW))
        self.validated.state.lean = None
        self.taken = 0
        lean: Lean = self.both.state.lean
        answer = lean.answer

        async def counted(query):
            body = await answer(query)
            self.taken += body is not None
            return body

        lean.answer = counted  # type: ignore[method-assign]

    def compare(self, query: bytes, **more):
        """Ask by both roads, twice by the lean one: before and after its answer is kept."""
        first, again = ask(self.both, query, **more), ask(self.both, query, **more)
        wanted = ask(self.validated, query, **more)
        assert first == wanted
        assert again == wanted
        return wanted

    def takes(self, query: bytes, **more) -> bool:
        """Tell whether the lean road answers, once it is warm."""
        before = self.taken
        self.compare(query, **more)
        return self.taken == before + 2


@pytest.fixture(scope="module")
def roads(world) -> Roads:
    return Roads(world.store, world.settings)


@pytest.fixture
def fresh_roads(fresh_world) -> Roads:
    return Roads(fresh_world.store, fresh_world.settings)


PLACES = [(0.5, 2.5), (2, 2.5), (1, 1), (-0.1, 2.5), (2.5, 0.5), (2.5, 2.5), (0, 0), (3, 3), (1.5, 1.5), (0.5, 1.5)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("more", [{}, {"set": "urban"}, {"at": "2026-04-30"}, {"datum": "cgcs2000"}])
def test_a_point_has_the_same_answer_by_both_roads(roads, place, more) -> None:
    before = roads.taken
    assert roads.compare(query_of(at(*place), **more)).status == 200
    inside = 0 <= place[0] <= 3 and 0 <= place[1] <= 3
    assert roads.taken - before == (2 if inside else 0)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_shifted_degrees_have_the_same_answer_by_both_roads(roads, datum) -> None:
    x, y = wgs84_to_gcj02([at(1, 1.5)[0]], [at(1, 1.5)[1]])
    assert roads.compare(query_of((x[0], y[0]), datum=datum)).status == 200


@pytest.mark.parametrize(
    "order", [b"lat={1}&lon={0}", b"set=urban&lat={1}&at=2026-05-02&lon={0}", b"&&lon={0}&lat={1}&"]
)
def test_the_lean_road_takes_plain_queries_in_any_order(roads, order) -> None:
    query = order.decode().format(*HERE).encode()
    assert roads.takes(query)


def test_set_names_are_read_as_the_validated_road_reads_them(roads) -> None:
    assert roads.takes(query_of(set="%75rban"))
    assert not roads.takes(query_of(set=quote("城市")))
    assert not roads.takes(query_of(**{"%6Con": "1"}))


ODD = [
    *("", "urban", "%75rban", "URBAN", "wgs84", "gcj02", "bd09", "cgcs2000", "WGS84", "%ff", "%00", "%zz", "%", "now"),
    *("2026-05-01", "2026-05-01T00:00:00%2B08:00", "2026-05-01T00:00:00+08:00", "2026-04-30T15:59:59Z", "0001-01-01"),
    *("nan", "inf", "1e400", "-0", "+1", "%2B120", "1_0", "0x1", "１２０", "120,5", "1e2", "120.", ".5", "00120"),
]
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
NUMBERS = st.one_of(
    st.floats(-2, 5).map(lambda v: repr(X0 + CELL * v)),
    st.floats(-2, 5).map(lambda v: repr(Y0 + CELL * v)),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.integers(-1000, 1000).map(str),
    st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
NAMES = st.sampled_from(["lon", "lat", "lon", "lat", "set", "at", "datum", "%6Con", "Lon", "lon ", "x", "", "lat%00"])
PARTS = st.tuples(NAMES, st.one_of(NUMBERS, TEXTS)).map("=".join)
BYTES = st.one_of(PARTS.map(lambda t: t.encode("utf-8", "surrogatepass")), st.binary(max_size=6))
GOOD = st.tuples(st.floats(-0.5, 3.5), st.floats(-0.5, 3.5)).map(lambda p: query_of(at(*p)).split(b"&"))
QUERIES = st.tuples(st.one_of(GOOD, st.just([])), st.lists(BYTES, max_size=4)).flatmap(
    lambda both: st.permutations([*both[0], *both[1]]).map(b"&".join)
)
HEADERS = st.sampled_from(
    [
        ((b"host", b"test"),),
        ((b"host", b"test"), (b"accept-encoding", b"gzip")),
        ((b"host", b"test"), (b"accept-language", b"en")),
        ((b"host", b"test"), (b"content-length", b"0")),
        ((b"host", b"test"), (b"content-length", b"99999999")),
        ((b"x", b"y" * 20_000),),
        tuple((b"x-%d" % i, b"1") for i in range(101)),
    ]
)


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=QUERIES, headers=HEADERS)
def test_any_query_has_the_same_answer_by_both_roads(roads, query, headers) -> None:
    roads.compare(query, headers=headers)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, headers=HEADERS)
def test_any_of_very_many_queries_has_the_same_answer_by_both_roads(roads, query, headers) -> None:
    roads.compare(query, headers=headers)


@pytest.mark.parametrize("method", ["HEAD", "POST", "get", "DELETE", "OPTIONS"])
def test_other_methods_are_left_to_the_validated_road(roads, method) -> None:
    assert not roads.takes(query_of(), method=method)


def test_a_long_answer_is_left_to_the_road_that_packs_it(fresh_roads) -> None:
    crowd = [StaffMember("A", "worker", f"{PEOPLE[0]}{n}") for n in range(40)]
    with fresh_roads.store.unit_of_work() as work:
        work.staff.replace("urban", crowd, valid_from=ALWAYS)
        work.commit()
    assert not fresh_roads.takes(query_of())
    assert not fresh_roads.takes(query_of(), headers=((b"accept-encoding", b"gzip"),))


def test_request_ids_are_random_uuids() -> None:
    made = [uuid.UUID(_new_id()) for _ in range(1_000)]
    assert {(m.version, m.variant) for m in made} == {(4, uuid.RFC_4122)}
    assert len(set(made)) == len(made)
    spread = 0
    for m in made:
        spread |= m.int
    assert spread == (1 << 128) - 1 - (0xB << 76) - (0x4 << 60)


# --- what is kept is never older than the store


def test_staff_and_profiles_are_seen_at_once(fresh_roads) -> None:
    assert fresh_roads.takes(query_of())
    for n in range(3):
        name = f"{PEOPLE[1]}{n}"
        with fresh_roads.store.unit_of_work() as work:
            work.staff.replace("urban", [StaffMember("A", "head", name)], valid_from=ALWAYS)
            work.commit()
        assert name.encode() in fresh_roads.compare(query_of()).body
        with fresh_roads.store.unit_of_work() as work:
            work.profiles.put("urban", [GridProfile("A", households=700 + n)], valid_from=ALWAYS)
            work.commit()
        assert b'"households":%d' % (700 + n) in fresh_roads.compare(query_of()).body
    assert fresh_roads.takes(query_of())


def test_a_publication_is_seen_at_once(fresh_roads) -> None:
    place = query_of(at(0.5, 1.5))
    assert b'"code":"D"' in fresh_roads.compare(place).body
    with fresh_roads.store.unit_of_work() as work:
        drawn = AFTER.replace("D", "A")
        publish_frame(work, "urban", district(drawn), valid_from=day_in(NOW, "Asia/Shanghai"), published_at=NOW)
        work.commit()
    answer = fresh_roads.compare(place)
    assert b'"code":"A"' in answer.body
    assert b'"version":3' in answer.body


def test_another_program_that_writes_is_seen_at_once(tmp_path, fresh_world) -> None:
    other = fresh_world.store  # in memory there is no other program
    if hasattr(other, "engine"):
        other = open_store(other.engine.url.render_as_string(hide_password=False))
    roads = Roads(fresh_world.store, fresh_world.settings)
    assert roads.takes(query_of())
    with other.unit_of_work() as work:
        work.staff.replace("urban", [StaffMember("A", "head", "赵一")], valid_from=ALWAYS)
        work.commit()
    assert "赵一".encode() in roads.compare(query_of()).body


def test_a_day_ends_at_midnight_in_the_district(fresh_world) -> None:
    class Walking:
        present = NOW

        def now(self):
            return self.present

    clock = Walking()
    roads = Roads(fresh_world.store, fresh_world.settings, clock)
    tomorrow = day_in(NOW, "Asia/Shanghai") + timedelta(days=1)
    with fresh_world.store.unit_of_work() as work:
        work.staff.replace("urban", [StaffMember("A", "head", "明日")], valid_from=tomorrow)
        work.commit()
    assert "明日".encode() not in roads.compare(query_of()).body
    clock.present = NOW + timedelta(hours=12) - timedelta(microseconds=1)
    assert "明日".encode() not in roads.compare(query_of()).body
    clock.present = NOW + timedelta(hours=12)
    assert "明日".encode() in roads.compare(query_of()).body
    clock.present = NOW  # a clock that is put back
    assert "明日".encode() not in roads.compare(query_of()).body


def test_a_change_while_an_answer_is_read_is_not_kept_as_the_old_one(fresh_roads, monkeypatch) -> None:
    store = fresh_roads.store
    changed = []

    def slow(*args):
        found = people_of(*args)
        if not changed:
            changed.append(1)
            with store.unit_of_work() as work:  # after the reading, before the answer is kept
                work.staff.replace("urban", [StaffMember("A", "head", "新人")], valid_from=ALWAYS)
                work.commit()
        return found

    monkeypatch.setattr(lean_module, "people_of", slow)
    assert "新人".encode() not in ask(fresh_roads.both, query_of()).body
    assert changed
    assert "新人".encode() in ask(fresh_roads.both, query_of()).body


def test_readers_never_see_less_than_was_stored_before_they_asked(fresh_world) -> None:
    """One writes numbers that grow, two read; an answer is never older than the last commit before its question."""
    roads = Roads(fresh_world.store, fresh_world.settings)
    done, failures = threading.Event(), []
    last = [0]

    def write() -> None:
        for n in range(1, 40):
            with fresh_world.store.unit_of_work() as work:
                work.profiles.put("urban", [GridProfile("A", households=n)], valid_from=ALWAYS)
                work.commit()
            last[0] = n
            time.sleep(0.002)
        done.set()

    def read() -> None:
        while not done.is_set():
            floor = last[0]
            body = ask(roads.both, query_of()).body
            seen = int(body.split(b'"households":')[1].split(b",")[0])
            if seen < floor:
                failures.append((seen, floor))

    threads = [threading.Thread(target=f) for f in (write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert roads.taken > 0


class FarStore:
    """A store on a server: another one's data, and a revision that is read in the background."""

    local = False

    def __init__(self, store) -> None:
        self._store = store
        self.asked = 0

    def revision(self, of="all"):
        self.asked += 1
        return self._store.revision(of)

    def __getattr__(self, name):
        return getattr(self._store, name)


def test_a_change_on_a_server_is_seen_soon_and_it_is_not_asked_for_each_answer(fresh_world) -> None:
    now = [0.0]
    far = FarStore(fresh_world.store)
    roads = Roads(far, fresh_world.settings)
    fresh = roads.both.state.lean._fresh = Freshness(far, "answers", lambda: now[0])
    wait_for(fresh)
    asked, before = far.asked, roads.taken
    for _ in range(20):
        ask(roads.both, query_of())
    assert (far.asked, roads.taken) == (asked, before + 20)
    with fresh_world.store.unit_of_work() as work:
        work.staff.replace("urban", [StaffMember("A", "head", "远方")], valid_from=ALWAYS)
        work.commit()
    now[0] += SEEN_WITHIN_S + 0.001
    assert "远方".encode() in ask(roads.both, query_of()).body
    assert roads.taken == before + 20  # the validated road knew
    wait_for(fresh)
    assert "远方".encode() in ask(roads.both, query_of()).body
    assert roads.taken == before + 21
    fresh.close()


def wait_for(fresh: Freshness) -> None:
    """Wait until the store has been asked in the background."""
    until = time.monotonic() + 30
    while fresh.token() is None:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_token_of_a_server_grows_old(fresh_world) -> None:
    now = [0.0]
    far = FarStore(fresh_world.store)
    fresh = Freshness(far, "answers", lambda: now[0])
    assert fresh.token() is None
    wait_for(fresh)
    fresh.close()  # nobody asks again
    now[0] += SEEN_WITHIN_S
    assert fresh.token() is not None
    now[0] += 0.001
    assert fresh.token() is None


def test_the_people_of_all_grids_are_read_once_many_are_asked_for(fresh_roads, monkeypatch) -> None:
    monkeypatch.setattr(lean_module, "_MISSES", 2)
    asked = []

    def counted(*args):
        asked.append(1)
        return people_of_all(*args)

    monkeypatch.setattr(lean_module, "people_of_all", counted)
    for place in PLACES:
        roads_answer = fresh_roads.compare(query_of(at(*place)))
        assert roads_answer.status == 200
    assert asked == [1]
    with fresh_roads.store.unit_of_work() as work:
        work.staff.replace("urban", [StaffMember("B", "head", "换人")], valid_from=ALWAYS)
        work.commit()
    for place in PLACES:
        fresh_roads.compare(query_of(at(*place)))
    assert asked == [1, 1]
