"""Accounts, what they show, and who comes in."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyotp
import pytest
from fake_store import FakeStore

from gridmap.domain.access import EVERYTHING, NOBODY, OPERATOR, Area, Grant, Kind, Principal, Role
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.trail import Outcome
from gridmap.errors import (
    Conflict,
    GridmapError,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StoreUnavailable,
    TextError,
    TooManyRequests,
)
from gridmap.services import secret_words
from gridmap.services.access import Access
from gridmap.services.passwords import Passwords, require_good
from gridmap.services.ports import Attempts
from gridmap.services.trail import verify
from gridmap.services.waits import FREE, wait_of
from gridmap.settings import Settings

GOOD, OTHER = "晨光照进网格 2026", "another long one 7"
ADMIN = Grant(Role.ADMINISTRATOR)
START = datetime(2026, 3, 1, 1, tzinfo=UTC)
CHEAP = Settings(password_memory_kib=64, password_passes=1, access="accounts")


class Clock:
    def __init__(self) -> None:
        self.present = START

    def now(self) -> datetime:
        return self.present

    def wait(self, **span: float) -> None:
        self.present += timedelta(**span)


class World:
    """A store with one administrator, and what is over it."""

    def __init__(self) -> None:
        self.store, self.clock = FakeStore(), Clock()
        with self.store.unit_of_work() as work:
            work.boundaries.put_set(BoundarySet("city", (Level("grid", 0),)))
            work.commit()
        self.access = Access.over(self.store, self.clock, CHEAP)
        self.accounts, self.sessions = self.access.accounts, self.access.sessions

    def person(self, name="zhao", *grants, **options):
        return self.accounts.add_person(OPERATOR, name, GOOD, grants=grants, **options)

    def acts(self):
        with self.store.unit_of_work() as work:
            return [e.act for e in work.trail.entries()]

    def actions(self):
        return [(a.action, a.outcome.value) for a in self.acts()]

    def refused(self, kind, code, call, *args, **options):
        before = self.store.state.access.accounts
        with pytest.raises(kind) as error:
            call(*args, **options)
        assert error.value.code == code
        assert self.store.state.access.accounts == before
        return error.value


@pytest.fixture
def world():
    found = World()
    yield found
    assert verify(found.store).clean


# --- the first administrator


def test_the_set_up_code_makes_one_administrator_and_no_second(world):
    set_up = world.access.set_up
    assert set_up.is_needed()
    former = set_up.new_code()
    code = set_up.new_code()
    assert len(code.replace("-", "")) == 20
    world.refused(NotAllowed, "set_up_code_wrong", set_up.use, former, "zhao", GOOD)
    world.refused(InvalidInput, "password_length", set_up.use, code, "zhao", "short")
    made = set_up.use(f" {code.lower().replace('-', ' ')} ", "Zhao", GOOD, title="赵主任")
    assert (made.name, made.title, made.grants, made.kind) == ("zhao", "赵主任", (ADMIN,), Kind.PERSON)
    assert not set_up.is_needed()
    world.refused(Conflict, "set_up_over", set_up.use, code, "qian", GOOD)
    assert set_up.new_code() is None
    assert world.sessions.sign_in("ZHAO ", GOOD).principal.name == "zhao"
    assert world.actions() == [
        ("setup.code", "done"), ("setup.code", "done"), ("setup.use", "denied"), ("setup.use", "done"),
        ("session.begin", "done"),
    ]  # fmt: skip


def test_no_code_was_made_and_none_is_taken(world):
    for code in ("", "AAAA-AAAA-AAAA-AAAA-AAAA"):
        world.refused(NotAllowed, "set_up_code_wrong", world.access.set_up.use, code, "zhao", GOOD)


def test_of_two_who_use_the_code_at_once_one_is_the_administrator(world):
    code = world.access.set_up.new_code()
    outcomes, gate = [], threading.Barrier(4)

    def run(n):
        gate.wait()
        try:
            outcomes.append(world.access.set_up.use(code, f"p{n}", GOOD).name)
        except GridmapError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1:] == ["set_up_over"] * 3


# --- secrets are nowhere


def test_nothing_secret_is_kept_shown_or_told(world):
    code = world.access.set_up.new_code()
    admin = world.access.set_up.use(code, "zhao", GOOD)
    key = world.accounts.make_key(OPERATOR, "导出", grants=[Grant(Role.ANALYST)])
    session = world.sessions.sign_in("zhao", GOOD)
    secret, _ = world.access.authenticator.begin(session.principal)
    with pytest.raises(NotSignedIn):
        world.sessions.sign_in("a wrong password in the field of names", OTHER)
    state = world.store.state.access
    kept = repr(state) + "".join(f"{a.password_hash}{a.totp_secret}" for a in state.accounts.values())
    told = repr(world.acts())
    for word in (GOOD, OTHER, code, key.token, session.token, "field of names"):
        assert word not in kept
        assert word not in told
    assert secret not in told
    kept_hash = state.accounts[admin.account_id].password_hash
    assert kept_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    for shown in (repr(world.accounts.list_accounts(OPERATOR)), repr(list(state.tokens.values()))):
        assert kept_hash not in shown
        assert secret_words.hash_of(key.token) not in shown


# --- passwords


@pytest.mark.parametrize(
    ("password", "kind", "code"),
    [
        ("", InvalidInput, "password_length"),
        ("x1y2z3w4v", InvalidInput, "password_length"),
        ("字" * 257, InvalidInput, "password_length"),
        ("ab1" * 400_000, InvalidInput, "password_length"),
        ("aaaaaaaaaaaa", InvalidInput, "password_guessable"),
        ("abababababab", InvalidInput, "password_guessable"),
        ("1234567890", InvalidInput, "password_guessable"),
        ("0987654321", InvalidInput, "password_guessable"),
        ("Password123!", InvalidInput, "password_guessable"),
        ("zhaozilong2026", InvalidInput, "password_guessable"),
        ("long enough\0", TextError, "password_unstorable"),
        ("long enough\ud800", TextError, "password_unstorable"),
    ],
)
def test_a_password_that_is_none_is_refused(password, kind, code):
    with pytest.raises(kind) as error:
        require_good(password, "zhaozilong")
    assert error.value.code == code
    assert password not in error.value.message("zh") or len(password) < 2


@pytest.mark.parametrize(
    "password", ["x1y2z3w4v5", "字" * 251 + "一二三四五", "密码是一句很长的话。", " 前后有空格也算 9"]
)
def test_a_password_that_is_one_is_taken_as_it_is(password):
    assert require_good(password) == password


def test_a_password_is_one_however_it_was_typed(world):
    world.person("zhao")
    composed, decomposed = "caf\u00e9 au lait 9", "cafe\u0301 au lait 9"
    world.accounts.set_password(OPERATOR, world.accounts.list_accounts(OPERATOR)[0].account_id, decomposed)
    assert world.sessions.sign_in("zhao", composed)


def test_checking_costs_the_same_for_nobody():
    passwords = Passwords(CHEAP)
    asked = []
    true_verify = passwords._hasher.verify

    class Spy:
        def __getattr__(self, name):
            return getattr(passwords_hasher, name)

        def verify(self, kept, password):
            asked.append(kept.rsplit("$", 2)[0])
            return true_verify(kept, password)

    passwords_hasher, passwords._hasher = passwords._hasher, Spy()
    kept = passwords.hash(GOOD)
    assert passwords.check(GOOD, kept)
    assert not passwords.check(GOOD, None)
    assert not passwords.check(OTHER, kept)
    assert not passwords.check(GOOD, "not a hash")
    assert asked[0] == asked[1] == asked[2] == "$argon2id$v=19$m=64,t=1,p=1"
    assert not passwords.outdated(kept)
    assert Passwords(Settings(password_memory_kib=128, password_passes=1)).outdated(kept)


def test_a_hash_of_other_settings_is_made_anew_at_the_next_sign_in(world):
    account = world.person("zhao")
    dearer = Access.over(world.store, world.clock, Settings(password_memory_kib=128, password_passes=1))
    assert dearer.sessions.sign_in("zhao", GOOD)
    kept = world.accounts.find(OPERATOR, account.account_id).password_hash
    assert "m=128," in kept
    assert dearer.sessions.sign_in("zhao", GOOD)
    assert world.accounts.find(OPERATOR, account.account_id).password_hash == kept


# --- signing in


def test_all_reasons_for_not_coming_in_look_alike(world):
    world.person("zhao")
    gone = world.person("qian")
    world.accounts.disable(OPERATOR, gone.account_id)
    world.accounts.make_key(OPERATOR, "key")
    answers = set()
    for name, password in (
        ("zhao", OTHER), ("nobody", GOOD), ("qian", GOOD), ("key", GOOD), ("", GOOD), ("\0", GOOD), ("zhao", "\0"),
        ("zhao", ""), ("x" * 10_000, GOOD), ("nobody else", "y" * 10_000), ("\ud800", GOOD),
    ):  # fmt: skip
        error = world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, name, password)
        answers.add((type(error), error.code, str(error.fields)))
        world.clock.wait(days=2)
    assert len(answers) == 1


def test_waits_grow_for_known_and_unknown_names_alike(world):
    world.person("zhao")

    def waits(name):
        found = []
        for _ in range(16):
            world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, name, OTHER)
            try:
                world.sessions.sign_in(name, OTHER)
            except TooManyRequests as error:
                found.append(error.fields["retry_after_s"])
                world.clock.wait(seconds=error.fields["retry_after_s"])
            except NotSignedIn:
                found.append(0)
        return found

    known, unknown = waits("zhao"), waits("nobody")
    assert known == unknown
    assert known[:4] == [0, 1, 2, 4]
    assert max(known) == known[-1] == 900


def test_while_a_name_waits_the_right_password_is_not_taken(world):
    world.person("zhao")
    for _ in range(FREE):
        world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "Zhao", OTHER)
    world.refused(TooManyRequests, "sign_in_wait", world.sessions.sign_in, "zhao", GOOD)
    world.clock.wait(seconds=0.9)
    world.refused(TooManyRequests, "sign_in_wait", world.sessions.sign_in, "zhao", GOOD)
    world.clock.wait(seconds=0.2)
    assert world.sessions.sign_in("zhao", GOOD)
    for _ in range(FREE):  # the count began anew
        world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "zhao", OTHER)


def test_of_many_guesses_at_once_few_are_answered(world):
    world.person("zhao")
    codes, gate = [], threading.Barrier(8)

    def run(n):
        gate.wait()
        try:
            world.sessions.sign_in("zhao", f"{OTHER}{n}")
        except GridmapError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count("sign_in_failed") == FREE
    assert codes.count("sign_in_wait") == 8 - FREE


@pytest.mark.parametrize(
    ("failures", "seconds", "expected"),
    [(FREE - 1, 0, 0), (FREE, 0, 1), (FREE + 3, 3, 5), (FREE + 3, 9, 0), (500, 0, 900), (500, -3600, 900), (9, 1e6, 0)],
)
def test_a_wait_is_counted_from_the_last_failure(failures, seconds, expected):
    attempts = Attempts(failures, START)
    assert wait_of(attempts, START + timedelta(seconds=seconds), 900) == expected


def test_failures_do_not_flood_the_trail(world):
    for n in range(70):
        world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, f"name{n}", OTHER)
    assert len(world.acts()) == 60
    world.clock.wait(minutes=2)
    world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "name", OTHER)
    assert world.acts()[-1].detail == {"left_out": 10}
    assert {(a.subject, a.actor_id, a.outcome) for a in world.acts()} == {("", None, Outcome.FAILED)}


# --- sessions


def test_a_session_lasts_while_it_is_used_and_not_for_ever(world):
    account = world.person("zhao", Grant(Role.LEADER))
    token = world.sessions.sign_in("zhao", GOOD).token
    assert world.sessions.find_principal(token) == Principal(
        account.account_id, "zhao", Kind.PERSON, (Grant(Role.LEADER),)
    )
    for _ in range(23):  # 23 * 7 h is less than 7 days
        world.clock.wait(hours=7)
        assert world.sessions.find_principal(token) is not None
    world.clock.wait(hours=6, minutes=59)
    assert world.sessions.find_principal(token) is not None
    world.clock.wait(minutes=2)
    assert world.sessions.find_principal(token) is None

    token = world.sessions.sign_in("zhao", GOOD).token
    world.clock.wait(hours=7, minutes=59)
    assert world.sessions.find_principal(token) is not None
    world.clock.wait(hours=8)
    assert world.sessions.find_principal(token) is None


def test_use_is_noted_once_a_minute_and_not_at_all_where_nothing_can_be_written(world):
    world.person("zhao")
    token = world.sessions.sign_in("zhao", GOOD).token
    commits = world.store.commits
    for _ in range(50):
        world.sessions.find_principal(token)
    assert world.store.commits == commits
    world.clock.wait(minutes=1)
    for _ in range(50):
        assert world.sessions.find_principal(token) is not None
    assert world.store.commits == commits + 1
    world.clock.wait(minutes=1)
    world.store.wait_s = 0.01
    with world.store.lock:
        assert world.sessions.find_principal(token) is not None


@pytest.mark.parametrize("token", ["", "gm_s_", "x" * 48, "gm_s_" + "é" * 43, "gm_s_" + "A" * 43, "gm_x_" + "A" * 43])
def test_what_is_no_token_is_nobody(world, token):
    assert world.sessions.find_principal(token) is None
    world.sessions.sign_out(token)
    assert world.acts() == []


def test_tokens_say_what_they_are_and_are_never_alike():
    made = {secret_words.new_token(kind) for kind in Kind for _ in range(50)}
    assert len(made) == 150
    for token, kept in made:
        assert secret_words.hash_of(token) == kept
        assert len(token) == 48
    assert {secret_words.kind_of(token) for token, _ in made} == set(Kind)


def test_sessions_that_ended_are_forgotten_in_time(world):
    world.person("zhao")
    for _ in range(3):
        world.sessions.sign_in("zhao", GOOD)
    world.clock.wait(days=30, hours=7)
    world.sessions.sign_in("zhao", GOOD)
    assert len(world.store.state.access.tokens) == 4
    world.clock.wait(hours=2)
    world.sessions.sign_in("zhao", GOOD)
    assert len(world.store.state.access.tokens) == 2


def test_signing_out_ends_this_session_alone(world):
    world.person("zhao")
    one, two = (world.sessions.sign_in("zhao", GOOD) for _ in range(2))
    world.sessions.sign_out(one.token)
    world.sessions.sign_out(one.token)
    assert world.sessions.find_principal(one.token) is None
    assert world.sessions.find_principal(two.token) is not None
    assert world.sessions.sign_out_everywhere(two.principal) == 1
    assert world.sessions.find_principal(two.token) is None
    assert [a for a, _ in world.actions()].count("session.end") == 2


def test_a_key_is_not_signed_out(world):
    key = world.accounts.make_key(OPERATOR, "key")
    world.sessions.sign_out(key.token)
    assert world.sessions.find_principal(key.token) is not None


def test_who_changes_the_password_stays_and_all_others_go(world):
    world.person("zhao")
    before = world.sessions.sign_in("zhao", GOOD)
    world.refused(NotSignedIn, "sign_in_failed", world.sessions.change_password, before.principal, OTHER, OTHER)
    world.refused(InvalidInput, "password_length", world.sessions.change_password, before.principal, GOOD, "x")
    after = world.sessions.change_password(before.principal, GOOD, OTHER)
    assert world.sessions.find_principal(before.token) is None
    assert world.sessions.find_principal(after.token) == before.principal
    world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "zhao", GOOD)
    assert world.sessions.sign_in("zhao", OTHER)


# --- codes of an authenticator


def with_code(world):
    world.person("zhao")
    who = world.sessions.sign_in("zhao", GOOD).principal
    secret, address = world.access.authenticator.begin(who)
    assert address.startswith("otpauth://totp/gridmap:zhao?secret=")
    codes = pyotp.TOTP(secret)
    world.refused(InvalidInput, "totp_code_wrong", world.access.authenticator.confirm, who, "000000x")
    world.access.authenticator.confirm(who, codes.at(world.clock.present))
    return who, codes


def test_a_code_is_asked_for_and_taken_once(world):
    _, codes = with_code(world)
    world.refused(NotSignedIn, "code_needed", world.sessions.sign_in, "zhao", GOOD)
    used = codes.at(world.clock.present)
    world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "zhao", GOOD, used)
    world.clock.wait(seconds=30)
    code = codes.at(world.clock.present)
    assert world.sessions.sign_in("zhao", GOOD, f"{code[:3]} {code[3:]}")
    world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "zhao", GOOD, code)
    world.clock.wait(seconds=30)
    assert world.sessions.sign_in("zhao", GOOD, codes.at(world.clock.present + timedelta(seconds=30)))
    world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "zhao", GOOD, codes.at(world.clock.present))


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_of_a_clock_that_is_a_little_off_is_taken(steps, good):
    secret = secret_words.new_totp_secret()
    code = pyotp.TOTP(secret).at(START + timedelta(seconds=30 * steps))
    assert (secret_words.totp_step(secret, code, START, after=0) is not None) is good


def test_the_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, for SHA-1; its eight digits end in our six."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for at, code in ((59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (20000000000, "65353130")):
        assert secret_words.totp_step(secret, code[2:], datetime.fromtimestamp(at, UTC), after=0) == at // 30


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "-12345", "12345x", "1" * 10_000, "\0" * 6])
def test_what_is_no_code_is_refused(code):
    assert secret_words.totp_step(secret_words.new_totp_secret(), code, START, after=0) is None


def test_guessing_codes_makes_the_name_wait(world):
    who, codes = with_code(world)
    wrong = next(f"{n:06}" for n in range(9) if secret_words.totp_step(codes.secret, f"{n:06}", START, after=0) is None)
    for _ in range(FREE):
        world.refused(InvalidInput, "totp_code_wrong", world.access.authenticator.drop, who, wrong)
    world.refused(TooManyRequests, "sign_in_wait", world.access.authenticator.drop, who, wrong)
    world.refused(TooManyRequests, "sign_in_wait", world.sessions.sign_in, "zhao", GOOD, wrong)
    world.clock.wait(seconds=60)
    world.access.authenticator.drop(who, codes.at(world.clock.present))
    assert world.sessions.sign_in("zhao", GOOD)


def test_an_administrator_takes_the_code_off(world):
    who, _ = with_code(world)
    world.accounts.drop_totp(OPERATOR, who.account_id)
    assert world.sessions.sign_in("zhao", GOOD)
    world.access.authenticator.drop(who, "")


# --- accounts, grants, keys


def test_only_administrators_over_everything_keep_accounts(world):
    made = world.person("zhao")
    others = [
        NOBODY,
        Principal("a", "leader", Kind.PERSON, tuple(Grant(r) for r in Role if r is not Role.ADMINISTRATOR)),
        Principal("a", "of a set", Kind.PERSON, (Grant(Role.ADMINISTRATOR, Area("city")),)),
        Principal("a", "of once", Kind.PERSON, (Grant(Role.ADMINISTRATOR, EVERYTHING, None, date(2026, 3, 1)),)),
        Principal("a", "of later", Kind.PERSON, (Grant(Role.ADMINISTRATOR, EVERYTHING, date(2026, 3, 2)),)),
    ]
    key, a = made.account_id, world.accounts
    for by in others:
        for call in (
            lambda by=by: a.list_accounts(by), lambda by=by: a.find(by, key), lambda by=by: a.add_person(by, "x", GOOD),
            lambda by=by: a.make_key(by, "x"), lambda by=by: a.make_device(by, "x"),
            lambda by=by: a.renew_token(by, key), lambda by=by: a.grant(by, key, ADMIN),
            lambda by=by: a.revoke(by, key, ADMIN), lambda by=by: a.disable(by, key), lambda by=by: a.enable(by, key),
            lambda by=by: a.set_password(by, key, GOOD), lambda by=by: a.drop_totp(by, key),
        ):  # fmt: skip
            world.refused(NotAllowed, "not_allowed", call)
    assert world.actions() == [("account.add", "done")]


def test_each_change_is_told_in_the_trail_by_whom_and_of_whom(world):
    admin = world.person("zhao", ADMIN)
    by = world.sessions.sign_in("zhao", GOOD).principal
    field = Grant(Role.FIELD, Area("city", "A1"), date(2026, 1, 1), date(2027, 1, 1))
    made = world.accounts.make_device(by, "pda-7", grants=[field], request_id="r-1")
    account = made.account.account_id
    world.accounts.grant(by, account, Grant(Role.ANALYST))
    world.accounts.revoke(by, account, field)
    renewed = world.accounts.renew_token(by, account)
    world.accounts.disable(by, account)
    world.accounts.enable(by, account)
    told = world.acts()[2:]
    assert [a.action for a in told] == [
        "account.add", "account.grant", "account.revoke", "token.renew", "account.disable", "account.enable",
    ]  # fmt: skip
    assert {(a.actor_id, a.actor, a.subject) for a in told} == {(admin.account_id, "zhao", account)}
    assert told[0].request_id == "r-1"
    where = {"role": "field", "set": "city", "code": "A1", "from": "2026-01-01", "to": "2027-01-01"}
    assert told[0].detail == {"kind": "device", "grants": [where]}
    assert told[2].detail == where
    assert told[3].detail == told[4].detail == {"ended": 1}
    assert world.sessions.find_principal(made.token) is None
    assert world.sessions.find_principal(renewed.token) is None, "enabling does not bring back what was ended"


def test_a_key_has_its_grants_and_its_end(world):
    grants = [Grant(Role.ANALYST, Area("city")), Grant(Role.ANALYST, Area("city"))]
    key = world.accounts.make_key(OPERATOR, "导出", grants=grants, expires_at=START + timedelta(days=30))
    who = world.sessions.find_principal(key.token)
    assert (who.kind, who.name, who.grants) == (Kind.KEY, "导出", (grants[0],))
    assert key.token not in repr(world.store.state)
    world.clock.wait(days=29)
    assert world.sessions.find_principal(key.token) is not None, "a key does not end for want of use"
    world.clock.wait(days=1)
    assert world.sessions.find_principal(key.token) is None
    world.refused(InvalidInput, "expiry_past", world.accounts.make_key, OPERATOR, "k", expires_at=START)


def test_what_is_changed_counts_from_the_next_question_on(world):
    account = world.person("zhao", Grant(Role.LEADER))
    token = world.sessions.sign_in("zhao", GOOD).token
    world.accounts.grant(OPERATOR, account.account_id, Grant(Role.AUDITOR))
    world.accounts.grant(OPERATOR, account.account_id, Grant(Role.AUDITOR))
    assert world.sessions.find_principal(token).grants == (Grant(Role.LEADER), Grant(Role.AUDITOR))
    world.accounts.revoke(OPERATOR, account.account_id, Grant(Role.LEADER, valid_from=date(2026, 1, 1)))
    assert world.sessions.find_principal(token).grants == (Grant(Role.AUDITOR),)
    world.refused(NotFound, "grant_not_held", world.accounts.revoke, OPERATOR, account.account_id, Grant(Role.LEADER))
    world.accounts.disable(OPERATOR, account.account_id)
    assert world.sessions.find_principal(token) is None
    world.accounts.enable(OPERATOR, account.account_id)
    assert world.sessions.find_principal(token) is None


def test_a_new_password_from_the_administrator_signs_out_and_ends_the_wait(world):
    account = world.person("zhao")
    token = world.sessions.sign_in("zhao", GOOD).token
    for _ in range(FREE):
        world.refused(NotSignedIn, "sign_in_failed", world.sessions.sign_in, "zhao", OTHER)
    world.accounts.set_password(OPERATOR, account.account_id, OTHER)
    assert world.sessions.find_principal(token) is None
    assert world.sessions.sign_in("zhao", OTHER)


def test_the_last_administrator_stays(world):
    last = world.person("zhao", ADMIN)
    temporary = world.person("qian", Grant(Role.ADMINISTRATOR, valid_to=date(2026, 9, 1)))
    future = world.person("sun", Grant(Role.ADMINISTRATOR, valid_from=date(2026, 9, 1)))
    for call in (
        lambda: world.accounts.disable(OPERATOR, last.account_id),
        lambda: world.accounts.revoke(OPERATOR, last.account_id, ADMIN),
    ):
        world.refused(Conflict, "last_administrator", call)
    assert world.actions() == [("account.add", "done")] * 3, "nothing is told of what was not done"
    second = world.person("li", ADMIN)
    world.accounts.disable(OPERATOR, last.account_id)
    world.refused(Conflict, "last_administrator", world.accounts.disable, OPERATOR, second.account_id)
    for account in (temporary, future):
        world.accounts.disable(OPERATOR, account.account_id)


def test_of_two_administrators_who_disable_each_other_one_stays(world):
    both = [world.person(name, ADMIN) for name in ("zhao", "qian")]
    gate, codes = threading.Barrier(2), []

    def run(account):
        gate.wait()
        try:
            world.accounts.disable(OPERATOR, account.account_id)
            codes.append("done")
        except GridmapError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=run, args=(account,)) for account in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["done", "last_administrator"]


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ({"name": ""}, InvalidInput, "account_name_bad"),
        ({"name": "x" * 65}, InvalidInput, "account_name_bad"),
        ({"name": "a\nb"}, InvalidInput, "account_name_bad"),
        ({"name": "a\0"}, InvalidInput, "account_name_bad"),
        ({"name": "<b>"}, InvalidInput, "account_name_bad"),
        ({"name": "a\u202eb"}, InvalidInput, "account_name_bad"),
        ({"name": "ＺＨＡＯ"}, Conflict, "account_name_taken"),
        ({"title": "x" * 201}, InvalidInput, "account_title_bad"),
        ({"title": "a\tb"}, InvalidInput, "account_title_bad"),
        ({"title": "\ud800"}, InvalidInput, "account_title_bad"),
        ({"grants": [Grant(Role.FIELD, Area("nowhere"))]}, NotFound, "set_not_found"),
        (
            {"grants": [Grant(Role.FIELD, EVERYTHING, date(2026, 1, 1), date(2026, 1, 1))]},
            InvalidInput,
            "grant_days",
        ),
    ],
)
def test_an_account_that_is_none_is_refused(world, change, kind, code):
    world.person("zhao")
    options = {"name": "qian", "title": "", "grants": [], **change}
    name = options.pop("name")
    world.refused(kind, code, world.accounts.add_person, OPERATOR, name, GOOD, **options)
    world.refused(kind, code, world.accounts.make_key, OPERATOR, name, **options)


def test_each_kind_has_what_it_can_have(world):
    person, key = world.person("zhao"), world.accounts.make_key(OPERATOR, "key").account
    world.refused(InvalidInput, "grant_for_persons", world.accounts.grant, OPERATOR, key.account_id, ADMIN)
    world.refused(InvalidInput, "account_is_person", world.accounts.renew_token, OPERATOR, person.account_id)
    world.refused(InvalidInput, "account_not_person", world.accounts.set_password, OPERATOR, key.account_id, GOOD)
    world.refused(InvalidInput, "account_not_person", world.accounts.drop_totp, OPERATOR, key.account_id)
    world.refused(NotFound, "account_unknown", world.accounts.disable, OPERATOR, "a_0")
    world.accounts.disable(OPERATOR, key.account_id)
    world.refused(Conflict, "account_disabled", world.accounts.renew_token, OPERATOR, key.account_id)


def test_what_cannot_be_told_is_not_done(world):
    """The trail and what it tells of are one transaction: where the one fails, so does the other."""
    account = world.person("zhao")

    class Deaf(FakeStore):
        def unit_of_work(self):
            work = world.store.unit_of_work()

            def refuse(acts):
                raise StoreUnavailable("store_full")

            work.trail.add = refuse
            return work

    deaf = Access.over(Deaf(), world.clock, CHEAP)
    before = replace(world.store.state.access.__copy__())
    for call in (
        lambda: deaf.accounts.add_person(OPERATOR, "x", GOOD), lambda: deaf.accounts.make_key(OPERATOR, "x"),
        lambda: deaf.accounts.grant(OPERATOR, account.account_id, ADMIN),
        lambda: deaf.accounts.disable(OPERATOR, account.account_id),
        lambda: deaf.accounts.set_password(OPERATOR, account.account_id, OTHER),
        lambda: deaf.sessions.sign_in("zhao", GOOD), lambda: deaf.sessions.sign_in("zhao", OTHER),
        lambda: deaf.set_up.new_code(),
    ):  # fmt: skip
        with pytest.raises(StoreUnavailable):
            call()
    assert world.store.state.access == before
