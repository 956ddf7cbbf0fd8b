"""Backups: of a store in use, proved before they count; restored whole or not at all."""

import os
import shutil
import sqlite3
import stat
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_frames import add_incidents, incidents
from store_world import fill_everything, killed, row_counts

from gridmap.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from gridmap.services.ports import PointFilter
from gridmap.store import backup_server, check, downgrade, functions, open_store, schema, server_tools
from gridmap.store.audit import audit
from gridmap.store.backup import backup, restore
from gridmap.store.digest import digests
from gridmap.store.exchange import forms_of
from gridmap.store.opening import engine_at, snapshot
from gridmap.store.tables import Base

NOTHING = dict.fromkeys(Base.metadata.tables, 0)


@pytest.fixture
def elsewhere(full, request, tmp_path):
    """A missing store of the same kind."""
    if full.kind == "geopackage":
        yield f"sqlite:///{tmp_path / 'else 百分 #.gpkg'}"
        return
    server = request.getfixturevalue("server")
    url = server.empty()
    server.drop(url)
    yield url
    server.drop(url)


@pytest.fixture
def server_or_file(full, elsewhere, request):
    """An empty database, or a file without content, of the same kind."""
    if full.kind == "geopackage":
        Path(str(sa.make_url(elsewhere).database)).touch()
        yield elsewhere
        return
    server = request.getfixturevalue("server")
    url = server.empty()
    yield url
    server.drop(url)


@pytest.fixture
def file(tmp_path):
    """Where the backup goes: a folder of its own, to see what is left in it."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "one.backup"


def digest_of(url):
    with engine_at(url) as engine, snapshot(engine) as connection:
        return tuple(digests(connection, forms_of(connection)))


def is_missing(url):
    if url.startswith("sqlite"):
        path = Path(str(sa.make_url(url).database))
        return not path.exists() and not [p for p in path.parent.iterdir() if p.name.startswith(path.name)]
    with engine_of_postgres(url).connect() as connection:
        query = sa.text("select count(*) from pg_database where datname = :name")
        return connection.execute(query, {"name": sa.make_url(url).database}).scalar() == 0


def engine_of_postgres(url):
    return sa.create_engine(sa.make_url(url).set(database="postgres"), poolclass=sa.NullPool)


def interrupting(step):
    """Show progress until a step moves on, then press Ctrl-C."""

    @contextmanager
    def show(name, _total):
        def move(_n):
            if name == step:
                raise KeyboardInterrupt

        yield move

    return show


def at_step(step, action):
    """Do something when a step begins."""

    @contextmanager
    def show(name, _total):
        if name == step:
            action()
        yield lambda n: None

    return show


def test_backup_and_restore_give_the_same_store(full, elsewhere, file):
    manifest, proof = backup(full.url, file)
    assert manifest.tables == digest_of(full.url)
    assert proof == {"geopackage": "reopened", "postgis": "restored"}[full.kind]
    assert [p.name for p in file.parent.iterdir()] == ["one.backup"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert restore(elsewhere, file).tables == manifest.tables
    assert file.read_bytes() == before
    assert digest_of(elsewhere) == digest_of(full.url)
    assert check(elsewhere) == []
    assert audit(elsewhere).clean
    store = open_store(elsewhere)
    with store.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="never change"):
        connection.exec_driver_sql("update grid set name = 'x' where version_id = 1")
    more = incidents(3)
    more["incident_id"] += "x"
    assert add_incidents(store, more).added == 3
    store.close()


def test_a_backup_is_never_written_over_unless_told(full, file):
    file.write_text("precious")
    with pytest.raises(Conflict) as error:
        backup(full.url, file)
    assert error.value.code == "file_exists"
    assert file.read_text() == "precious"
    backup(full.url, file, replace=True)
    assert file.stat().st_size > 10_000
    assert [p.name for p in file.parent.iterdir()] == ["one.backup"]


def test_a_name_taken_while_the_backup_ran_is_not_taken_over(full, file):
    with pytest.raises(Conflict):
        backup(full.url, file, show=at_step("verify", lambda: file.write_text("precious")))
    assert file.read_text() == "precious"
    assert [p.name for p in file.parent.iterdir()] == ["one.backup"]


def test_a_backup_taken_while_a_writer_commits_is_one_snapshot(full, file, elsewhere):
    store = full.open()
    stop, batches = threading.Event(), []

    def write():
        while not stop.is_set() and len(batches) < 300:
            rows = incidents(7)
            rows["incident_id"] = [f"w{len(batches)}-{k}" for k in range(7)]
            batches.append(add_incidents(store, rows).added)

    writer = threading.Thread(target=write)

    @contextmanager
    def show(_step, _total):
        before = len(batches)
        for _ in range(200):  # each step meets at least one commit
            if len(batches) > before:
                break
            threading.Event().wait(0.02)
        yield lambda n: None

    writer.start()
    try:
        manifest, _ = backup(full.url, file, show=show)
    finally:
        stop.set()
        writer.join()
    rows = {t.name: t.rows for t in manifest.tables}["incident"]
    assert (rows - 40) % 7 == 0, "no batch in halves"
    assert row_counts(full.url)["incident"] > rows
    assert restore(elsewhere, file).tables == manifest.tables
    assert audit(elsewhere).clean


@pytest.mark.parametrize("step", ["read", "write", "verify"])
def test_ctrl_c_during_a_backup_leaves_no_file(full, file, step, monkeypatch):
    monkeypatch.setattr(backup_server, "token_hex", lambda _: f"of_{os.getpid()}")
    if full.kind == "postgis" and step == "write":
        step = "dump"
    with pytest.raises(KeyboardInterrupt):
        backup(full.url, file, show=interrupting(step))
    assert list(file.parent.iterdir()) == []
    if full.kind == "postgis":
        with engine_of_postgres(full.url).connect() as connection:
            databases = connection.exec_driver_sql("select datname from pg_database").scalars().all()
            assert f"gridmap_proof_of_{os.getpid()}" not in databases


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize(
    "part", [0.02, 0.4, 0.999, *(pytest.param(k / 40, marks=pytest.mark.slow) for k in range(40) if k != 16)]
)
def test_a_damaged_backup_is_refused_and_nothing_is_made(full, elsewhere, file, part):
    """One byte anywhere; in a file of pages a byte that nobody uses may change, but never what is restored."""
    manifest, _ = backup(full.url, file)
    flip(file, int(file.stat().st_size * part))
    if full.kind == "postgis":
        with pytest.raises(StoreUnavailable) as refused:
            restore(elsewhere, file)
        assert refused.value.code in ("backup_damaged", "backup_foreign")
        assert is_missing(elsewhere)
        return
    code = None
    try:
        restore(elsewhere, file)
    except StoreUnavailable as error:
        code = error.code
    assert code in (None, "backup_damaged")
    assert is_missing(elsewhere) if code else digest_of(elsewhere) == manifest.tables


@pytest.mark.parametrize("statement", [
    "update incident set note = 'other' where id = 7",
    "update patrol_fix set accuracy_m = 5.000000000000001 where id = 2",
    "delete from staff where id = 1",
    "update feature set attributes = '{}' where id = 1",
])  # fmt: skip
def test_one_changed_value_in_a_backup_file_is_seen(full_gpkg, tmp_path, statement):
    backup(full_gpkg.url, tmp_path / "b.gpkg")
    connection = sqlite3.connect(tmp_path / "b.gpkg")
    functions.install(connection)
    assert connection.execute(statement).rowcount == 1
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnavailable) as error:
        restore(f"sqlite:///{tmp_path}/new.gpkg", tmp_path / "b.gpkg")
    assert error.value.code == "backup_damaged"
    assert not (tmp_path / "new.gpkg").exists()


@pytest.mark.parametrize("size", [5, 1_000, 30_000])
def test_a_backup_cut_short_is_refused(full, elsewhere, file, size):
    backup(full.url, file)
    os.truncate(file, size)
    with pytest.raises(StoreUnavailable) as error:
        restore(elsewhere, file)
    assert error.value.code in ("backup_damaged", "backup_foreign")
    assert is_missing(elsewhere)


def test_other_files_are_no_backups(full, elsewhere, file, tmp_path):
    with pytest.raises(NotFound):
        restore(elsewhere, file)
    file.write_text("hello")
    with pytest.raises(StoreUnavailable) as error:
        restore(elsewhere, file)
    assert error.value.code == "backup_foreign"
    if full.kind == "geopackage":
        shutil.copy(full.path, file)  # a store, not a backup of one
        with pytest.raises(StoreUnavailable) as error:
            restore(elsewhere, file)
        assert error.value.code == "backup_foreign"
    assert is_missing(elsewhere)


@pytest.mark.postgis
def test_a_backup_of_the_other_kind_is_refused(gpkg, server, tmp_path):
    backup(gpkg.url, tmp_path / "file.backup")
    url = server.fresh()
    backup(url, tmp_path / "server.backup")
    for target, name in ((url, "file.backup"), (f"sqlite:///{tmp_path}/new.gpkg", "server.backup")):
        with pytest.raises(InvalidInput) as error:
            restore(target, tmp_path / name)
        assert error.value.code == "backup_other_kind"
    assert not (tmp_path / "new.gpkg").exists()
    server.drop(url)


def test_a_store_that_holds_anything_is_not_restored_over(full, file):
    backup(full.url, file)
    store = full.open()
    add_incidents(store, incidents(3).assign(incident_id=["n1", "n2", "n3"]))
    before = digest_of(full.url)
    with pytest.raises(Conflict) as error:
        restore(full.url, file)
    assert error.value.code == "store_not_empty"
    assert digest_of(full.url) == before
    manifest = restore(full.url, file, replace=True)
    assert digest_of(full.url) == manifest.tables != before
    with store.unit_of_work() as work:
        assert work.incidents.count(PointFilter()) == 40, "who had it open goes on with what is there now"
    assert check(full.url) == []


def test_an_empty_store_takes_a_backup_without_being_told(full, server_or_file, file):
    backup(full.url, file)
    schema.upgrade(server_or_file)
    restore(server_or_file, file)
    assert digest_of(server_or_file) == digest_of(full.url)


@pytest.mark.parametrize("step", ["write", "verify"])
def test_ctrl_c_during_a_restore_leaves_what_was_there(full, elsewhere, file, step):
    backup(full.url, file)
    with pytest.raises(KeyboardInterrupt):
        restore(elsewhere, file, show=interrupting(step))
    assert is_missing(elsewhere)
    store = full.open()
    add_incidents(store, incidents(1).assign(incident_id="later"))
    before = digest_of(full.url)
    with pytest.raises(KeyboardInterrupt):
        restore(full.url, file, replace=True, show=interrupting(step))
    assert digest_of(full.url) == before


@pytest.mark.parametrize(
    ("step", "after"), [("write", 60), ("verify", 60), pytest.param("write", 0, marks=pytest.mark.slow)]
)
def test_killed_during_a_restore_the_store_is_empty_or_what_it_was(full, elsewhere, file, step, after):
    backup(full.url, file)
    killed(lambda show: restore(elsewhere, file, show=show), step, after)
    if full.kind == "geopackage":
        assert not Path(str(sa.make_url(elsewhere).database)).exists()
    else:
        assert row_counts(elsewhere) in ({}, NOTHING)
    store = full.open()
    add_incidents(store, incidents(1).assign(incident_id="later"))
    store.close()
    before = digest_of(full.url)
    killed(lambda show: restore(full.url, file, replace=True, show=show), step, after)
    assert digest_of(full.url) == before
    for url in (elsewhere, full.url):
        restore(url, file, replace=True)
        assert audit(url).clean


def test_a_backup_of_an_earlier_revision_comes_back_as_it_was(full, file):
    downgrade(full.url, "0003")
    before = digest_of(full.url)
    manifest, _ = backup(full.url, file)
    assert manifest.revision == "0003"
    assert schema.upgrade(full.url) == ("0003", schema.revisions()[-1])
    restore(full.url, file, replace=True)
    assert digest_of(full.url) == before
    schema.upgrade(full.url)
    assert check(full.url) == []
    assert row_counts(full.url)["incident"] == 40


def test_the_store_itself_is_no_place_for_a_backup(gpkg):
    gpkg.open()
    log = gpkg.path.with_name("store.gpkg-wal")
    link = gpkg.path.with_name("link")
    os.link(gpkg.path, link)
    for name in (gpkg.path, gpkg.path.parent / ".." / gpkg.path.parent.name / "store.gpkg", log, link):
        with pytest.raises(InvalidInput) as error:
            backup(gpkg.url, name, replace=True)
        assert error.value.code == "output_is_input"
    with pytest.raises(InvalidInput):
        restore(gpkg.url, gpkg.path, replace=True)


def test_a_folder_that_is_missing_is_said(full, tmp_path):
    with pytest.raises(StoreUnavailable) as error:
        backup(full.url, tmp_path / "no" / "such.backup")
    assert error.value.code == "store_unreachable"


# --- the embedded file


def test_a_backup_file_is_a_store_that_other_programs_read(gpkg, tmp_path):
    import pyogrio

    store = gpkg.open()
    fill_everything(store)
    backup(gpkg.url, tmp_path / "b.gpkg")
    assert len(pyogrio.read_dataframe(tmp_path / "b.gpkg", layer="incident")) == 40
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("b.")) == ["b.gpkg"]
    again = open_store(f"sqlite:///{tmp_path}/b.gpkg")
    with again.unit_of_work() as work:
        assert work.incidents.count(PointFilter()) == 40
    again.close()
    assert check(f"sqlite:///{tmp_path}/b.gpkg") == []


def test_a_damaged_store_gets_another_name_and_stays(gpkg, tmp_path):
    store = gpkg.open()
    fill_everything(store, 2000)
    store.close()
    backup(gpkg.url, tmp_path / "b")
    data = bytearray(gpkg.path.read_bytes())
    for start in range(20 * 4096, len(data), 4096):
        data[start : start + 64] = os.urandom(64)
    gpkg.path.write_bytes(data)
    with pytest.raises(Conflict):
        restore(gpkg.url, tmp_path / "b")
    restore(gpkg.url, tmp_path / "b", replace=True)
    assert audit(gpkg.url).clean
    assert (tmp_path / "store.gpkg.damaged-1").read_bytes() == data


def test_a_foreign_file_is_never_restored_over(gpkg, tmp_path):
    backup(gpkg.url, tmp_path / "b")
    (tmp_path / "mine.gpkg").write_text("my own text" * 100)
    with pytest.raises(StoreUnavailable) as error:
        restore(f"sqlite:///{tmp_path}/mine.gpkg", tmp_path / "b", replace=True)
    assert error.value.code == "store_not_geopackage"
    assert (tmp_path / "mine.gpkg").read_text() == "my own text" * 100


def test_a_log_without_its_store_is_not_played_into_the_new_one(gpkg, tmp_path):
    store = gpkg.open()
    fill_everything(store)
    backup(gpkg.url, tmp_path / "b")
    new = tmp_path / "new.gpkg"
    shutil.copy(tmp_path / "store.gpkg-wal", tmp_path / "new.gpkg-wal")
    with pytest.raises(Conflict):
        restore(f"sqlite:///{new}", tmp_path / "b")
    manifest = restore(f"sqlite:///{new}", tmp_path / "b", replace=True)
    assert digest_of(f"sqlite:///{new}") == manifest.tables
    assert (tmp_path / "new.gpkg-wal.damaged-1").exists()


# --- the server


@pytest.fixture
def served(server):
    """A database on the server with rows in every table."""
    url = server.fresh(fill_everything)
    yield url
    server.drop(url)


@pytest.mark.postgis
def test_pg_restore_reads_the_dump_like_any_other(served, server, file):
    backup(served, file)
    other = server.empty()
    schema.upgrade(other)
    program = server_tools.find("pg_restore", 1)
    done = subprocess.run([program, "--list", str(file)], capture_output=True, text=True, check=True)
    assert all(f"TABLE DATA public {name} " in done.stdout for name in Base.metadata.tables)
    target = sa.make_url(other)
    words = [program, "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--schema=public"]
    where = [f"--host={target.host}", f"--port={target.port}", f"--username={target.username}"]
    subprocess.run([*words, *where, f"--dbname={target.database}", str(file)], check=True)
    assert digest_of(other) == digest_of(served)
    server.drop(other)


@pytest.mark.postgis
def test_a_role_that_may_make_no_database_gets_a_backup_that_was_counted(served, file):
    url = sa.make_url(served)
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    role = f"plain_{os.getpid()}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"create role {role} login password 'se cret'")
        connection.exec_driver_sql(f"grant select on all tables in schema public to {role}")
        connection.exec_driver_sql(f"grant select on all sequences in schema public to {role}")
    try:
        plain = url.set(username=role, password="se cret").render_as_string(hide_password=False)
        manifest, proof = backup(plain, file)
        assert proof == "listed"
        assert manifest.tables == digest_of(served)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"drop owned by {role}")
            connection.exec_driver_sql(f"drop role {role}")


@pytest.mark.postgis
def test_no_password_stands_on_a_command_line(served, file, monkeypatch):
    seen = []
    real = subprocess.Popen

    def spy(words, **options):
        seen.append((words, options.get("env")))
        return real(words, **options)

    monkeypatch.setattr(subprocess, "Popen", spy)
    backup(sa.make_url(served).set(password="hunter2").render_as_string(hide_password=False), file)
    (environment,) = [env for words, env in seen if "pg_dump" in words[0] and "--version" not in words]
    assert environment["PGPASSWORD"] == "hunter2"
    assert "hunter2" not in " ".join(map(str, (w for s in seen for w in s[0])))


@pytest.mark.postgis
def test_a_missing_program_is_named(served, file, monkeypatch, tmp_path):
    monkeypatch.setattr(server_tools, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable) as error:
        backup(served, file)
    assert error.value.code == "tool_missing"
    assert "pg_dump" in error.value.message("zh")
    assert list(file.parent.iterdir()) == []


@pytest.mark.postgis
def test_a_program_that_fails_leaves_nothing(served, file, monkeypatch, tmp_path):
    tool = tmp_path / "pg_dump"
    tool.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.1'; exit; }\necho PGDMPxx\nexit 3\n"
    )
    tool.chmod(0o755)
    monkeypatch.setattr(server_tools, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/sbin")
    monkeypatch.setattr(server_tools.shutil, "which", lambda name: str(tmp_path / name))
    with pytest.raises(StoreUnavailable) as error:
        backup(served, file)
    assert error.value.code == "tool_failed"
    assert list(file.parent.iterdir()) == []


@pytest.mark.postgis
def test_tables_of_others_in_the_database_are_neither_taken_nor_touched(served, file):
    engine = sa.create_engine(served, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql('create table "My Own"(x integer)')
        connection.exec_driver_sql('insert into "My Own" values(1)')
    backup(served, file)
    restore(served, file, replace=True)
    with engine.begin() as connection:
        assert connection.exec_driver_sql('select x from "My Own"').scalar() == 1


@pytest.mark.postgis
def test_readers_never_see_half_a_restore(served, file):
    """They wait for its end, or are told that the store is locked."""
    backup(served, file)
    store = open_store(served, wait_s=0.2)
    add_incidents(store, incidents(1).assign(incident_id="later"))
    seen = []

    def look():
        with store.unit_of_work() as work:
            try:
                seen.append(work.incidents.count(PointFilter()))
            except StoreUnavailable as error:
                seen.append(error.code)

    restore(served, file, replace=True, show=at_step("verify", look))
    look()
    assert seen == ["store_locked", 40]
    store.close()
