"""``gridmap db``: the store itself: upgrade, check, backup, restore, copy."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.cli.check import Format
from gridmap.cli.common import DbOption

if TYPE_CHECKING:
    from gridmap.store.digest import TableDigest
    from gridmap.store.progress import Move, Step

app = typer.Typer(no_args_is_help=True, help="Upgrade, check, back up, restore and copy the store. 维护数据库。")

ReplaceOption = Annotated[bool, typer.Option("--replace", help="Take the place of what is there.")]


@app.command()
def upgrade(db: DbOption = None) -> None:
    """Bring a store to the newest revision, or make a new one. 升级数据库结构。"""
    from gridmap.store.schema import upgrade as run

    with common.refusing():
        before, now = run(common.store_url(db))
        if before not in (None, now):
            _note(common.store_url(db), "store.upgrade", before=before, revision=now)
    if before is None:
        common.say("db.made", now=now)
    elif before == now:
        common.say("db.current", now=now)
    else:
        common.say("db.upgraded", before=before, now=now)


@app.command()
def check(
    db: DbOption = None,
    form: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """Check a store from end to end; nothing is changed.

    Exit status: 0 whole, 1 findings, 2 could not be checked. 检查数据库是否完整。
    """
    from gridmap.store.audit import audit

    with common.refusing():
        report = audit(_existing(db), show=_shown)
    if form is Format.JSON:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        common.say("db.checked", count=len(report), **report.facts)
        common.print_report(report)
    raise typer.Exit(0 if report.clean else common.FINDINGS)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup goes.")],
    replace: ReplaceOption = False,
    db: DbOption = None,
) -> None:
    """Back a store up into one file while others use it, and prove the file. 备份数据库。"""
    from gridmap.store.backup import backup as run

    with common.refusing():
        manifest, proof = run(_existing(db), file, replace=replace, show=_shown)
    _print_tables(manifest.tables)
    common.say(f"db.backup.{proof}", file=file.name, rows=manifest.rows, revision=manifest.revision)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup made by gridmap db backup.")],
    replace: ReplaceOption = False,
    db: DbOption = None,
) -> None:
    """Put a backup into an empty or missing store, all of it or nothing. 恢复备份。"""
    from gridmap.store.backup import restore as run
    from gridmap.store.schema import revisions

    with common.refusing():
        manifest = run(common.store_url(db), file, replace=replace, show=_shown)
        taken = manifest.taken_at.isoformat()
        tokens = _note(common.store_url(db), "store.restore", anew=True, taken=taken, rows=manifest.rows)
    _print_tables(manifest.tables)
    common.say("db.tokens", count=tokens)
    common.say("db.restored", file=file.name, rows=manifest.rows, taken=f"{manifest.taken_at:%Y-%m-%d %H:%M:%SZ}")
    if manifest.revision != revisions()[-1]:
        common.say("db.restored_older", before=manifest.revision, now=revisions()[-1])


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Store to read: a file name or an SQLAlchemy URL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Store to fill; missing or empty.")],
) -> None:
    """Copy a whole store into an empty one, embedded or PostGIS, and prove it by digests. 复制整个数据库。"""
    from gridmap.store.transfer import copy as run

    with common.refusing():
        copied = run(_existing(source), common.store_url(target), show=_shown)
        _note(common.store_url(target), "store.copy", anew=True, rows=sum(table.rows for table in copied.target))
    _print_tables(copied.source, copied.target)
    common.say("db.copied", rows=sum(table.rows for table in copied.target))


def _note(url: str, action: str, *, anew: bool = False, **detail: object) -> int:
    """Put what was done to a store into its trail; give the keys and devices that are in force."""
    from gridmap.services.clock import SystemClock
    from gridmap.store.restored import note

    return note(url, action, SystemClock().now(), anew=anew, **detail)


def _existing(db: str | None) -> str:
    """Give the URL of a store; never let a mistyped file name make a new one."""
    from gridmap.errors import NotFound

    url = common.store_url(db)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise NotFound("store_missing")
    return url


@contextmanager
def _shown(step: "Step", total: int | None) -> "Iterator[Move]":
    with common.progress(common.word(f"db.step.{step}"), total) as move:
        yield move


def _print_tables(*sides: "Sequence[TableDigest]") -> None:
    """Print rows and digest of each table, for each side."""
    for same in zip(*sides, strict=True):
        columns = [f"{table.rows:>12,}  {table.digest[:16]}" for table in same]
        typer.echo(f"  {same[0].name:<18}{'   '.join(columns)}")
