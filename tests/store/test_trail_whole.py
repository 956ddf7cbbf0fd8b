"""The trail in the stores: any byte that somebody changes there is named; copies and backups keep the chain."""

import threading
import time
from contextlib import contextmanager

import pytest
import ready
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_frames import at

from gridmap.domain.trail import Act, Anchor
from gridmap.errors import GridmapError
from gridmap.services.trail import verify
from gridmap.store import open_store
from gridmap.store.backup import backup, restore
from gridmap.store.trail import Trail
from gridmap.store.transfer import copy

COLUMNS = ("at", "action", "outcome", "actor_id", "actor", "subject", "request_id", "detail", "hash")
N = 6


@pytest.fixture(scope="module", params=["geopackage", "postgis"])
def tampered(request, tmp_path_factory):
    """A store of each kind with some entries, whose triggers somebody has taken away."""
    if request.param == "geopackage":
        url = ready.put(tmp_path_factory.mktemp("tampered") / "store.gpkg")
    else:
        server = request.getfixturevalue("server")
        url = server.fresh()
    store = open_store(url)
    with store.unit_of_work() as work:
        about = {"actor": "赵", "subject": "“甲”", "request_id": "r", "detail": {"数": [1, 0.5], "role": "field"}}
        work.trail.add([Act(at(k), f"act.{k}", actor_id=f"a_{k}", **about) for k in range(N)])
        work.commit()
    with store.engine.begin() as direct:
        names = ["trail_insert", "trail_update"] if request.param == "geopackage" else ["trail_kept on trail"]
        for name in names:
            direct.exec_driver_sql(f"drop trigger {name}")
    yield store
    store.close()
    if request.param == "postgis":
        server.drop(url)


@contextmanager
def changed(store, number, column, value):
    """Set a column of an entry, and put back what was there."""
    sqlite = store.engine.dialect.name == "sqlite"
    mark = "cast(:v as text)" if sqlite and isinstance(value, bytes) else ":v"
    update = sa.text(f"update trail set {column} = {mark} where id = :n")
    with store.engine.connect() as direct:
        (former,) = direct.execute(sa.text(f"select {column} from trail where id = :n"), {"n": number}).one()
    with store.engine.begin() as direct:
        direct.execute(update, {"v": value, "n": number})
    yield
    with store.engine.begin() as direct:
        where = value if column == "id" else number
        direct.execute(sa.text(f"update trail set {column} = :v where id = :n"), {"v": former, "n": where})


def value_of(store, number, column):
    with store.engine.connect() as direct:
        return direct.execute(sa.text(f"select {column} from trail where id = :n"), {"n": number}).scalar_one()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(number=st.integers(1, N), column=st.sampled_from(COLUMNS), place=st.integers(0, 200), flip=st.integers(1, 255))
def test_any_byte_that_is_changed_is_named(tampered, number, column, place, flip):
    former = value_of(tampered, number, column).encode()
    place %= len(former)
    other: object = former[:place] + bytes([former[place] ^ flip]) + former[place + 1 :]
    if tampered.engine.dialect.name == "postgresql":  # holds text that is text, and no other
        letters = list(former.decode())
        letters[place % len(letters)] = chr(ord(letters[place % len(letters)]) ^ flip or 1)
        other = "".join(letters)
    with changed(tampered, number, column, other):
        report = verify(tampered)
    assert ("trail_changed", number) in {(f.rule, f.fields["first"]) for f in report}
    assert {f.fields["first"] for f in report} == {number}, "and no other entry is blamed"


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor_id", None), ("detail", '{"role": "field"}'), ("detail", "null"), ("subject", ""), ("id", 100), ("id", 0)],
)
def test_any_other_change_is_found(tampered, column, value):
    assert verify(tampered).clean
    with changed(tampered, 3, column, value):
        report = verify(tampered)
    assert any(f.fields["first"] <= 3 <= f.fields["last"] for f in report)
    assert verify(tampered).clean


def test_a_head_that_was_changed_is_found(tampered):
    for statement, back in (
        ("update trail_head set number = number - 1", "update trail_head set number = number + 1"),
        ("update trail_head set number = number + 3", "update trail_head set number = number - 3"),
    ):
        with tampered.engine.begin() as direct:
            direct.exec_driver_sql(statement)
        assert not verify(tampered).clean
        with tampered.engine.begin() as direct:
            direct.exec_driver_sql(back)
    assert verify(tampered).clean


def test_what_is_added_while_the_trail_is_proved_is_no_fault(place):
    store = place.open(wait_s=30)
    over = threading.Event()

    def add():
        while not over.is_set():
            with store.unit_of_work() as work:
                work.trail.add([Act(at(0), "x")])
                work.commit()

    thread = threading.Thread(target=add)
    thread.start()
    try:
        # twelve looks, and as many more as it takes until something was added between the first and the last
        reports, until = [verify(store)], time.monotonic() + 60
        while len(reports) < 12 or (reports[-1].facts == reports[0].facts and time.monotonic() < until):
            reports.append(verify(store))
    finally:
        over.set()
        thread.join()
    assert [r.findings for r in reports] == [()] * len(reports)
    assert reports[-1].facts["entries"] > reports[0].facts["entries"]


def test_without_holding_the_head_the_chain_would_break(place, monkeypatch):
    """Negative control: what the many threads of the contract test would see if nobody waited."""
    store, gate = place.open(wait_s=30), threading.Barrier(4)
    with store.unit_of_work() as work:
        work.trail.add([Act(at(0), "first")])
        work.commit()
    monkeypatch.setattr(Trail, "_hold_head", lambda self: (self.head(), gate.wait(5))[0])
    failures = []

    def run():
        try:
            with store.unit_of_work() as work:
                work.trail.add([Act(at(0), "x")])
                work.commit()
        except GridmapError as error:
            failures.append(error.code)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 3, "the rules of the database let one of them through"


@pytest.mark.postgis
def test_the_chain_survives_copies_from_store_to_store(full_gpkg, server, tmp_path):
    store = full_gpkg.open()
    with store.unit_of_work() as work:
        end = Anchor(*work.trail.head())
    store.close()
    there, back = server.empty(), f"sqlite:///{tmp_path}/back.gpkg"
    copy(full_gpkg.url, there)
    copy(there, back)
    for url in (there, back):
        other = open_store(url)
        assert verify(other, [end]).clean
        with other.unit_of_work() as work:
            assert work.trail.add([Act(at(5), "after")]).number == end.number + 1
            work.commit()
        assert verify(other, [end]).clean
        other.close()
    server.drop(there)


def test_the_chain_survives_backup_and_restore(full, tmp_path):
    store = full.open()
    with store.unit_of_work() as work:
        end = Anchor(*work.trail.head())
    store.close()
    backup(full.url, tmp_path / "one.backup")
    later = full.open()
    with later.unit_of_work() as work:
        work.trail.add([Act(at(5), "after")])
        work.commit()
        after = Anchor(*work.trail.head())
    later.close()
    restore(full.url, tmp_path / "one.backup", replace=True)
    restored = full.open()
    assert verify(restored, [end]).clean
    assert [f.rule for f in verify(restored, [end, after])] == ["trail_anchor_differs"], "an anchor tells of the return"
    with pytest.raises(sa.exc.IntegrityError, match="the trail never changes"), restored.engine.begin() as direct:
        direct.exec_driver_sql("update trail set subject = 'x'")
