"""The contract of every store: accounts, the trail, and answers that are given again."""

import threading
from datetime import date

import pytest
import sqlalchemy as sa
from store_frames import at

from gridmap.domain.access import Area, Grant, Kind, Role
from gridmap.domain.trail import NOTHING, UNREADABLE, Act, Outcome, hash_of
from gridmap.errors import Conflict, NotFound, TextError
from gridmap.services.ports import Account, Answered, Attempts, Token

ADMIN, FIELD = Grant(Role.ADMINISTRATOR), Grant(Role.FIELD, Area("city", "S"), date(2026, 1, 1), date(2026, 7, 1))
ZHAO = Account("a-1", Kind.PERSON, "zhao", "赵主任", (FIELD, ADMIN), at(0), None, "hash", "secret", 3)
TOKEN = Token("t" * 64, "a-1", at(0), at(8), at(1))


def write(store, work_on):
    with store.unit_of_work() as work:
        found = work_on(work)
        work.commit()
    return found


def read(store, look):
    with store.unit_of_work() as work:
        return look(work)


# --- accounts


def test_an_account_comes_back_as_it_was_added(store):
    write(store, lambda w: w.accounts.add(ZHAO))
    key = Account("a-2", Kind.KEY, "导出")
    write(store, lambda w: w.accounts.add(key))
    assert read(store, lambda w: w.accounts.find("a-1")) == ZHAO
    assert read(store, lambda w: w.accounts.find_named("导出")) == key
    assert read(store, lambda w: w.accounts.list_accounts()) == [ZHAO, key]
    assert read(store, lambda w: (w.accounts.find("nobody"), w.accounts.find_named("Zhao"))) == (None, None)


def test_a_name_is_given_once(store):
    write(store, lambda w: w.accounts.add(Account("a-1", Kind.PERSON, "zhao", disabled_at=at(1))))
    with pytest.raises(Conflict) as error:
        write(store, lambda w: w.accounts.add(Account("a-9", Kind.KEY, "zhao")))
    assert error.value.code == "account_name_taken"
    with pytest.raises(Conflict):
        write(store, lambda w: w.accounts.add(Account("a-1", Kind.KEY, "other")))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_holds_is_refused(store, text):
    for account in (Account("a", Kind.PERSON, text), Account("a", Kind.PERSON, "a", title=text)):
        with pytest.raises(TextError):
            write(store, lambda w, a=account: w.accounts.add(a))
    assert read(store, lambda w: (w.accounts.find(text), w.accounts.find_named(text))) == (None, None)


def test_putting_replaces_all_but_who_it_is(store):
    write(store, lambda w: w.accounts.add(ZHAO))
    changed = Account("a-1", Kind.KEY, "li", "赵", (ADMIN,), at(9), at(2), "other", None, 4)
    write(store, lambda w: w.accounts.put(changed))
    found = read(store, lambda w: w.accounts.find("a-1"))
    assert found == Account("a-1", Kind.PERSON, "zhao", "赵", (ADMIN,), at(0), at(2), "other", None, 4)
    with pytest.raises(NotFound) as error:
        write(store, lambda w: w.accounts.put(Account("a-3", Kind.PERSON, "x")))
    assert error.value.code == "account_unknown"


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (ZHAO, True),
        (Account("a", Kind.PERSON, "a", grants=(FIELD,)), False),
        (Account("a", Kind.KEY, "a", grants=(ADMIN,)), False),
        (Account("a", Kind.PERSON, "a", grants=(ADMIN,), disabled_at=at(0)), False),
        (Account("a", Kind.PERSON, "a", grants=(Grant(Role.ADMINISTRATOR, Area("city")),)), False),
        (Account("a", Kind.PERSON, "a", grants=(Grant(Role.ADMINISTRATOR, valid_to=date(2026, 2, 1)),)), False),
        (Account("a", Kind.PERSON, "a", grants=(Grant(Role.ADMINISTRATOR, valid_from=date(2026, 4, 1)),)), False),
    ],
)
def test_an_administrator_is_a_person_in_office_over_everything(store, account, expected):
    assert not read(store, lambda w: w.accounts.any_administrator(at(3)))
    write(store, lambda w: w.accounts.add(account))
    assert read(store, lambda w: w.accounts.any_administrator(at(3))) is expected


def test_tokens_are_found_touched_and_revoked(store):
    write(store, lambda w: (w.accounts.add(ZHAO), w.accounts.add_token(TOKEN)))
    assert read(store, lambda w: w.accounts.find_token("t" * 64)) == (TOKEN, ZHAO)
    assert read(store, lambda w: w.accounts.find_token("x")) is None
    write(store, lambda w: w.accounts.touch_token("t" * 64, seen_at=at(2), expires_at=at(9)))
    write(store, lambda w: w.accounts.touch_token("unknown", seen_at=at(2), expires_at=None))
    assert read(store, lambda w: w.accounts.find_token("t" * 64))[0] == Token("t" * 64, "a-1", at(0), at(9), at(2))
    for moment in (at(3), at(4)):
        write(store, lambda w, m=moment: w.accounts.revoke_token("t" * 64, at=m))
    assert read(store, lambda w: w.accounts.find_token("t" * 64))[0].revoked_at == at(3)
    with pytest.raises(NotFound):
        write(store, lambda w: w.accounts.add_token(Token("u", "nobody", at(0))))
    with pytest.raises(Conflict):
        write(store, lambda w: w.accounts.add_token(TOKEN))


def test_revoking_all_tokens_counts_those_that_were_good(store):
    tokens = [TOKEN, Token("u", "a-1", at(0)), Token("v", "a-1", at(0), at(1)), Token("w", "a-2", at(0))]
    write(store, lambda w: (w.accounts.add(ZHAO), w.accounts.add(Account("a-2", Kind.KEY, "k"))))
    write(store, lambda w: [w.accounts.add_token(token) for token in tokens])
    assert read(store, lambda w: w.accounts.tokens_of("a-1")) == tokens[:3]
    assert write(store, lambda w: w.accounts.revoke_tokens("a-1", at=at(2))) == 2
    assert write(store, lambda w: w.accounts.revoke_tokens("a-1", at=at(3))) == 0
    assert {t.revoked_at for t in read(store, lambda w: w.accounts.tokens_of("a-1"))} == {at(2)}
    assert read(store, lambda w: w.accounts.tokens_of("a-2")) == tokens[3:]


def test_tokens_that_ended_long_ago_are_forgotten(store):
    tokens = [
        Token("r", "a-1", at(0), None, None, at(2)), Token("s", "a-1", at(0), at(2)), Token("t", "a-1", at(0)),
        Token("u", "a-1", at(0), at(4)), Token("v", "a-1", at(0), at(9), None, at(4)), Token("w", "a-2", at(0), at(2)),
    ]  # fmt: skip
    write(store, lambda w: (w.accounts.add(ZHAO), w.accounts.add(Account("a-2", Kind.KEY, "k"))))
    write(store, lambda w: [w.accounts.add_token(token) for token in tokens])
    assert write(store, lambda w: w.accounts.forget_tokens("a-1", at(4))) == 2
    assert read(store, lambda w: w.accounts.tokens_of("a-1")) == tokens[2:5]
    assert read(store, lambda w: w.accounts.tokens_of("a-2")) == tokens[5:]


def test_secrets_and_attempts_are_kept_replaced_and_forgotten(store):
    for value in ("one", "two", None, None):
        write(store, lambda w, v=value: w.accounts.put_secret("code", v))
        assert read(store, lambda w: w.accounts.get_secret("code")) == value
    for n in range(5):
        write(store, lambda w, n=n: w.accounts.put_attempts(f"k{n}", Attempts(n + 1, at(n)), keep=3))
    assert [read(store, lambda w, n=n: w.accounts.find_attempts(f"k{n}")) is None for n in range(5)] == [1, 1, 0, 0, 0]
    assert read(store, lambda w: w.accounts.find_attempts("k4")) == Attempts(5, at(4))
    write(store, lambda w: w.accounts.put_attempts("k4", None, keep=3))
    assert read(store, lambda w: w.accounts.find_attempts("k4")) is None


def test_nothing_of_a_change_that_was_given_up_stays(store):
    with store.unit_of_work() as work:
        work.accounts.add(ZHAO)
        work.accounts.put_secret("code", "x")
        work.trail.add([Act(at(0), "x")])
        work.idempotency.add(Answered("", "k", "r", "h", 200, "", at(0)))
    with store.unit_of_work() as work:
        assert work.accounts.list_accounts() == []
        assert work.accounts.get_secret("code") is None
        assert work.trail.head() == (0, NOTHING)
        assert list(work.trail.entries()) == []
        assert work.idempotency.find("", "k") is None


def test_who_changes_accounts_waits_for_who_does_so_already(store):
    write(store, lambda w: w.accounts.add(ZHAO))
    begun, order = threading.Event(), []

    def second():
        begun.wait()
        with store.unit_of_work() as work:
            work.accounts.begin_change()
            order.append(work.accounts.find("a-1").title)

    thread = threading.Thread(target=second)
    thread.start()
    with store.unit_of_work() as work:
        work.accounts.begin_change()
        begun.set()
        thread.join(0.2)
        work.accounts.put(Account("a-1", Kind.PERSON, "zhao", "后来"))
        order.append("first")
        work.commit()
    thread.join()
    assert order == ["first", "后来"]


# --- the trail


def acts(n, **values):
    return [Act(at(k / 10), f"act.{k % 2}", actor_id=f"a-{k % 3}" if k % 3 else None, **values) for k in range(n)]


def test_entries_are_numbered_and_chained(store):
    detail = {"数": [1, 0.1, None, {"b": True, "a": "\t\\N\n\0"}], "x": 1e300}
    wanted = acts(7, subject="中\\“”", actor="赵", request_id="r", detail=detail)
    first = write(store, lambda w: w.trail.add(wanted[:3]))
    last = write(store, lambda w: w.trail.add(wanted[3:]))
    found = read(store, lambda w: list(w.trail.entries()))
    assert [e.act for e in found] == wanted
    assert [e.number for e in found] == list(range(1, 8))
    assert (found[2], found[-1]) == (first, last)
    before = NOTHING
    for entry in found:
        before = hash_of(entry.number, entry.act, before)
        assert entry.hash == before
    assert read(store, lambda w: w.trail.head()) == (7, before)


def test_two_stores_make_the_same_chain(store):
    """A figure computed once: the same acts have the same hash on every store, now and later."""
    entry = write(store, lambda w: w.trail.add(acts(3, subject="甲", detail={"n": [1, 2.5]})))
    assert entry.hash == "cfebe43240a3d9b80dfd179c39a2624ba6b3ba81f3293a3770905f4acf805360"


def test_entries_are_read_after_a_number_and_by_pages(store):
    write(store, lambda w: w.trail.add(acts(9)))
    assert [e.number for e in read(store, lambda w: list(w.trail.entries(after=3, limit=4)))] == [4, 5, 6, 7]
    assert read(store, lambda w: list(w.trail.entries(after=9))) == []

    def page(**where):
        asked = {"before": None, "limit": 50, "actor_id": None, "action": None, **where}
        return [e.number for e in read(store, lambda w: w.trail.page(**asked))]

    assert page(limit=3) == [9, 8, 7]
    assert page(before=7, limit=2) == [6, 5]
    assert page(action="act.1") == [8, 6, 4, 2]
    assert page(actor_id="a-1") == [8, 5, 2]
    assert page(actor_id="a-1", action="act.1", before=8) == [2]


@pytest.mark.parametrize("detail", [{"x": float("nan")}, {"x": date(2026, 1, 1)}, {1: "a", "1": "b"}])
def test_a_detail_that_is_not_plain_json_is_refused(store, detail):
    with pytest.raises(ValueError, match="JSON"):
        write(store, lambda w: w.trail.add([Act(at(0), "x", detail=detail)]))
    assert read(store, lambda w: w.trail.head()) == (0, NOTHING)


def test_acts_of_many_threads_make_one_chain_without_a_hole(store):
    failures = []

    def run(thread):
        try:
            for k in range(4):
                write(store, lambda w, k=k: w.trail.add([Act(at(0), f"t{thread}.{k}.{i}") for i in range(2)]))
        except Exception as error:  # pragma: no cover - reported below
            failures.append(repr(error))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = read(store, lambda w: list(w.trail.entries()))
    assert [e.number for e in found] == list(range(1, 65))
    before = NOTHING
    for entry in found:
        before = hash_of(entry.number, entry.act, before)
        assert entry.hash == before
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert first.act.action[:-1] == second.act.action[:-1], "what one unit of work adds stays together"


@pytest.mark.parametrize(
    "statement",
    [
        "update trail set subject = 'x' where id = 2",
        "update trail set hash = hash",
        "delete from trail where id = 3",
        "delete from trail",
        "insert into trail select 5, at, action, outcome, actor_id, actor, subject, request_id, detail, hash "
        "from trail where id = 1",
        "insert into trail select 0, at, action, outcome, actor_id, actor, subject, request_id, detail, hash "
        "from trail where id = 1",
    ],
)
def test_the_database_itself_refuses_to_change_the_trail(place, statement):
    store = place.open()
    write(store, lambda w: w.trail.add(acts(3)))
    before = read(store, lambda w: list(w.trail.entries()))
    with pytest.raises(sa.exc.IntegrityError, match="the trail never changes"), store.engine.begin() as direct:
        direct.exec_driver_sql(statement)
    assert read(store, lambda w: list(w.trail.entries())) == before


def test_an_entry_is_not_replaced_in_the_file(gpkg):
    store = gpkg.open()
    write(store, lambda w: w.trail.add(acts(2)))
    with pytest.raises(sa.exc.IntegrityError, match="the trail never changes"), store.engine.begin() as direct:
        direct.exec_driver_sql(
            "insert or replace into trail "
            "select id, at, action, outcome, actor_id, actor, 'x', request_id, detail, hash from trail where id = 2"
        )


@pytest.mark.postgis
def test_truncating_the_trail_is_refused_on_the_server(server):
    url = server.fresh()
    engine = sa.create_engine(url)
    with pytest.raises(sa.exc.IntegrityError, match="the trail never changes"), engine.begin() as connection:
        connection.exec_driver_sql("truncate trail")
    engine.dispose()
    server.drop(url)


@pytest.mark.parametrize(
    "change",
    ["at = '2026-03-01T00:00:00.000000Y'", "at = 'x'", "outcome = 'odd'", "detail = '{ }'", "detail = '{'"],
)
def test_what_cannot_be_read_as_written_is_no_act(place, change):
    store = place.open()
    write(store, lambda w: w.trail.add(acts(2)))
    with store.engine.begin() as direct:
        for name in ["trail_update"] if place.kind == "geopackage" else ["trail_kept on trail"]:
            direct.exec_driver_sql(f"drop trigger {name}")
        direct.exec_driver_sql(f"update trail set {change} where id = 1")
    found = read(store, lambda w: list(w.trail.entries()))
    assert [e.act == UNREADABLE for e in found] == [True, False]
    assert found[0].hash != hash_of(1, found[0].act, NOTHING)


# --- answers


def test_an_answer_is_found_by_its_caller_and_key(store):
    answered = Answered("a-1", "k", "POST /incidents", "h" * 64, 201, '{"名": "x"}', at(1))
    write(store, lambda w: w.idempotency.add(answered))
    assert read(store, lambda w: w.idempotency.find("a-1", "k")) == answered
    assert read(store, lambda w: (w.idempotency.find("", "k"), w.idempotency.find("a-1", "K"))) == (None, None)
    with pytest.raises(Conflict) as error:
        write(store, lambda w: w.idempotency.add(answered))
    assert error.value.code == "idempotency_key_taken"
    write(store, lambda w: w.idempotency.add(Answered("", "k", "r", "h", 200, "", at(2))))
    assert write(store, lambda w: w.idempotency.forget_before(at(2))) == 1
    assert read(store, lambda w: w.idempotency.find("a-1", "k")) is None
    with pytest.raises(TextError):
        write(store, lambda w: w.idempotency.add(Answered("", "a\0", "r", "h", 200, "", at(2))))


def test_of_many_at_once_with_one_key_one_is_kept(store):
    gate, outcomes = threading.Barrier(4), []

    def run(n):
        gate.wait()
        try:
            write(store, lambda w: w.idempotency.add(Answered("", "k", "r", str(n), 200, "", at(0))))
            outcomes.append(n)
        except Conflict:
            outcomes.append(None)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [n for n in outcomes if n is not None]
    assert len(outcomes) == 4
    assert read(store, lambda w: w.idempotency.find("", "k")).request_hash == str(winner)


def test_outcomes_keep_their_kind(store):
    write(store, lambda w: w.trail.add([Act(at(0), "x", outcome) for outcome in Outcome]))
    assert [e.act.outcome for e in read(store, lambda w: list(w.trail.entries()))] == list(Outcome)
