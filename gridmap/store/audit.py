"""Whether a store is whole: schema, pages, references, indexes, triggers, versions and their hashes, the trail."""

import re
import sqlite3
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from gridmap.analysis.content import content_hash
from gridmap.domain.boundaries import BoundaryVersion, VersionState, in_time_order
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.domain.trail import faults
from gridmap.errors import StoreUnavailable
from gridmap.store import rtree, schema
from gridmap.store.backends import backend_of
from gridmap.store.case_audit import cases_that_differ
from gridmap.store.exchange import Chunk, TableForm, count_rows, forms_of, raw_sqlite, read
from gridmap.store.migrations import history, immutable, kept_trail, stamps
from gridmap.store.opening import engine_at, require_current, snapshot
from gridmap.store.progress import Move, Show, quiet
from gridmap.store.redraw import Redraw
from gridmap.store.tables import Base
from gridmap.store.unit_of_work import SqlUnitOfWork

_TRIGGER = re.compile(r"CREATE TRIGGER (\w+)")
#: Boxes of an index are single precision rounded outwards: never smaller than the shape, and hardly larger.
_SLACK = 1e-4
#: Faults of the trail, and cases, that are listed.
_LISTED = 1_000


def audit(url: str, *, show: Show = quiet) -> Report:
    """Check a store from end to end; nothing is changed.

    Rules: ``schema_differs``, ``database_damaged``, ``trigger_missing``, ``constraint_off``, ``reference_broken``,
    ``owner_unknown``, ``numbers_behind``, ``case_differs``, ``value_unreadable``, ``index_differs``, ``validity_hole``,
    ``validity_overlap``, ``retired_in_force``, ``content_hash_differs``; of the trail those of ``domain.trail.faults``.

    Raises
    ------
    StoreUnavailable
        ``store_empty``, ``store_not_upgraded``. As ``open_store``.
    """
    with engine_at(url) as engine:
        with snapshot(engine) as connection:
            require_current(connection)
            forms = forms_of(connection)
            rows = count_rows(connection, forms)
            found = [
                *_damage(connection),
                *_triggers(connection),
                *_constraints(connection),
                *_references(connection),
                *_owners(connection),
                *_numbers(connection),
                *_cases(connection),
            ]
            with show("verify", rows) as move:
                for form in forms:
                    found += _contents(connection, form, move)
        found += [Finding("schema_differs", Severity.ERROR, fields={"count": len(d)}) for d in [schema.check(url)] if d]
        versions = 0
        with SqlUnitOfWork(_steady(engine), backend_of(engine.url)) as work:
            for boundary_set in work.boundaries.list_sets():
                timeline = work.boundaries.list_versions(boundary_set.name)
                versions += len(timeline)
                found += _validity(timeline)
                for version in timeline:
                    draft = version.state is VersionState.DRAFT
                    if draft and work.redraw.head(boundary_set.name, version.number):
                        assert isinstance(work.redraw, Redraw)
                        whole = work.redraw.is_whole(version)
                    else:
                        whole = content_hash(work.boundaries.grids(version)) == version.content_hash
                    if not whole:
                        found.append(_of_version("content_hash_differs", version))
            found += islice(faults(work.trail.entries(), work.trail.head), _LISTED)
    return report(found, tables=len(forms), rows=rows, versions=versions)


def _steady(engine: sa.Engine) -> sa.Engine:
    """Let each transaction see one snapshot, as an embedded store does anyway."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="REPEATABLE READ")


def _damage(connection: sa.Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        said = [row[0] for row in connection.exec_driver_sql("pragma integrity_check(100)").all()]
        if said != ["ok"]:
            yield Finding("database_damaged", Severity.ERROR, fields={"count": len(said)})


def _triggers(connection: sa.Connection) -> Iterator[Finding]:
    """Look for the triggers that keep what is published."""
    sqlite = connection.dialect.name == "sqlite"
    statements: list[str] = []
    for module in (immutable, history, kept_trail, stamps):
        statements += module.sqlite_statements() if sqlite else module.postgresql_statements()
    wanted = {match[1] for s in statements if (match := _TRIGGER.match(s))}
    query = (
        "select name from sqlite_master where type = 'trigger'"
        if sqlite
        else "select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
        "where c.relnamespace = current_schema()::regnamespace and tgenabled in ('O', 'A')"
    )
    there = {row[0] for row in connection.exec_driver_sql(query).all()}
    for name in sorted(wanted - there):
        yield Finding("trigger_missing", Severity.ERROR, fields={"name": name})


def _constraints(connection: sa.Connection) -> Iterator[Finding]:
    """Look for constraints that were never proved, and indexes that are not whole; SQLite knows neither."""
    if connection.dialect.name == "sqlite":
        return
    off = (
        "select c.conname from pg_constraint c where c.connamespace = current_schema()::regnamespace "
        "and not c.convalidated union all select i.indexrelid::regclass::text from pg_index i "
        "join pg_class r on r.oid = i.indrelid where r.relnamespace = current_schema()::regnamespace "
        "and not (i.indisvalid and i.indisready)"
    )
    for (name,) in connection.exec_driver_sql(off).all():
        yield Finding("constraint_off", Severity.ERROR, fields={"name": name})


def _references(connection: sa.Connection) -> Iterator[Finding]:
    """Look for rows that refer to a row that is not there."""
    for table in Base.metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda k: k.parent.name):
            child, parent = table.alias(), key.column.table.alias()
            column = child.c[key.parent.name]
            query = (
                sa.select(sa.func.count())
                .select_from(child.outerjoin(parent, parent.c[key.column.name] == column))
                .where(column.is_not(None), parent.c[key.column.name].is_(None))
            )
            if count := connection.execute(query).scalar_one():
                yield _of_table("reference_broken", table.name, count, column=key.parent.name)


def _owners(connection: sa.Connection) -> Iterator[Finding]:
    """Look for incidents, fixes and features whose owner names a version that is not there, or a grid not in it."""
    for name in ("incident", "patrol_fix"):
        kept = (
            f"select p.version_id, p.grid_code, count(*) as n from {name} p where p.version_id is not null "
            "group by p.version_id, p.grid_code"
        )
        query = (
            f"select coalesce(sum(n), 0) from ({kept}) o where not exists (select 1 from boundary_version v "
            "where v.id = o.version_id) or (o.grid_code is not null and not exists (select 1 from grid g "
            "where g.version_id = o.version_id and g.code = o.grid_code))"
        )
        if count := int(connection.exec_driver_sql(query).scalar_one()):
            yield _of_table("owner_unknown", name, count)
    query = (
        "select count(*) from feature f where f.version_number is not null and not exists (select 1 from "
        "boundary_version v join boundary_set s on s.id = v.set_id where s.name = f.set_name "
        "and v.number = f.version_number and (f.grid_code is null or exists (select 1 from grid g "
        "where g.version_id = v.id and g.code = f.grid_code)))"
    )
    if count := int(connection.exec_driver_sql(query).scalar_one()):
        yield _of_table("owner_unknown", "feature", count)


def _numbers(connection: sa.Connection) -> Iterator[Finding]:
    """Look for sets that would give a number again."""
    query = (
        "select name, next_number from boundary_set s where next_number <= "
        "(select max(number) from boundary_version v where v.set_id = s.id) order by name"
    )
    for name, number in connection.exec_driver_sql(query).all():
        yield Finding("numbers_behind", Severity.ERROR, fields={"set": name, "number": number})


def _cases(connection: sa.Connection) -> Iterator[Finding]:
    """Look for cases that are not what their record says."""
    for key, column in islice(cases_that_differ(connection), _LISTED):
        yield Finding("case_differs", Severity.ERROR, fields={"case": key, "column": column})


def _contents(connection: sa.Connection, form: TableForm, move: Move) -> Iterator[Finding]:
    """Read a table from end to end, and its R*Tree beside it: every shape has one box, and that fits."""
    raw = raw_sqlite(connection) if connection.dialect.name == "sqlite" and form.shape else None
    if raw is not None and not rtree.exists(raw, form.name, "geom"):
        yield _of_table("index_differs", form.name, 1)
        raw = None
    rows = wrong = 0
    try:
        for chunk in read(connection, form):
            rows += len(chunk)
            wrong += 0 if raw is None else _misfits(raw, form.name, chunk)
            move(len(chunk))
    except StoreUnavailable:
        yield Finding("value_unreadable", Severity.ERROR, fields={"table": form.name})
        return
    if raw is not None:
        (boxes,) = raw.execute(f'select count(*) from "rtree_{form.name}_geom"').fetchone()
        wrong += max(0, boxes - rows)
    if wrong:
        yield _of_table("index_differs", form.name, wrong)


def _misfits(raw: sqlite3.Connection, table: str, chunk: Chunk) -> int:
    """Count the shapes without a box of their own size in the index."""
    ids = chunk.columns["id"]
    boxes = {
        row[0]: row[1:]
        for row in raw.execute(
            f'select id, minx, miny, maxx, maxy from "rtree_{table}_geom" where id between ? and ?', (ids[0], ids[-1])
        )
    }
    got = np.array([boxes.get(i, (np.nan,) * 4) for i in ids], dtype=np.float64)
    outside = (shapely.bounds(chunk.shapes) - got) * (1, 1, -1, -1)  # how far each side lies outside the shape
    return int((~((outside >= 0) & (outside <= _SLACK))).any(axis=1).sum())


def _validity(versions: list[BoundaryVersion]) -> Iterator[Finding]:
    """Look for holes and overlaps in time."""
    timeline = in_time_order(versions)
    for before, after in pairwise(timeline):
        if before.valid_to is None or before.valid_to > after.valid_from:
            yield _of_version("validity_overlap", after, other=before.number)
        elif before.valid_to < after.valid_from:
            yield _of_version("validity_hole", before, day=before.valid_to.isoformat())
    if timeline and timeline[-1].valid_to is not None:
        yield _of_version("validity_hole", timeline[-1], day=timeline[-1].valid_to.isoformat())
    for version in versions:
        if version.state is VersionState.RETIRED and version.valid_to != version.valid_from:
            yield _of_version("retired_in_force", version)


def _of_version(rule: str, version: BoundaryVersion, **fields: Any) -> Finding:
    return Finding(rule, Severity.ERROR, fields={"set": version.set_name, "number": version.number, **fields})


def _of_table(rule: str, table: str, count: int, **fields: Any) -> Finding:
    return Finding(rule, Severity.ERROR, fields={"table": table, "count": count, **fields})
