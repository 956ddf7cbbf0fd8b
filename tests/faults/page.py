"""The figures: a line of JSON for each run, and the page that is made of them."""

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from faults.experiments import EXPERIMENTS
from faults.outcome import Outcome

import gridmap

HEAD = """# What was broken on purpose, and what became of it

{versions}.
Begun on {first} UTC, ended on {last} UTC.

A promise is broken when an answer has the wrong status or code, something acknowledged is missing or doubled, a version
is half there, a race has two winners, a connection is held past its deadline, or a row changed that should not have.
Rows called *control* leave a safeguard out on purpose: there the promise **must** break, or the experiment would prove
nothing.

| promise | |
|---|---|
| I1 | nothing acknowledged is lost |
| I2 | nothing is applied twice |
| I3 | a reader sees exactly one published version of a set, never a mix |
| I4 | a published version passed the gate and never changes |
| I5 | a case is in one state, and a unit has at most one active assignment |
| I6 | the chain of the trail verifies, and has an entry for each acknowledged write |
| I7 | every failure is a problem document, with `Retry-After` where a retry helps |
| I8 | recovery needs no hands |
| I9 | no row outside the caller's area |
| I10 | a failed job leaves no rows, files or locks |

`make torture` runs all of it (`SCALE=0.01` a hundredth of each count, `ONLY=kills,races` only these, `SEED=2` others,
`LOG=figures.jsonl` adds to the figures of earlier runs) and writes this page; the short forms are in `make test`
(`tests/faults/`). *Target* is the long form, *reached* what was really run.

| experiment | promise | store | target | reached | broken | seen | seconds |
|---|---|---|---|---|---|---|---|
"""


def versions() -> str:
    """Name what the figures hang on."""
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    kernel = platform.release().split("-")[0]
    return (
        f"gridmap {gridmap.__version__}, Python {python}, SQLite {sqlite}, {_server()}, Linux {kernel}, "
        f"{os.cpu_count()} processors"
    )


def _server() -> str:
    if "TEST_DATABASE_URL" not in os.environ:
        return "no PostGIS (TEST_DATABASE_URL is not set; only the embedded store was tried)"
    engine = sa.create_engine(os.environ["TEST_DATABASE_URL"])
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select current_setting('server_version'), postgis_lib_version()").one()
    engine.dispose()
    return f"PostgreSQL {found[0].split(' ')[0]} with PostGIS {found[1]}"


def line_of(key: str, outcome: Outcome, command: str, seconds: float, described: str) -> dict[str, Any]:
    """Make the line of a run."""
    return {
        "experiment": key,
        "name": outcome.name,
        "store": outcome.store,
        "tried": outcome.tried,
        "broken": outcome.broken,
        "seen": outcome.seen,
        "counts": dict(outcome.counts),
        "seconds": round(seconds, 1),
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "command": command,
        "versions": described,
    }


def read(log: Path) -> list[dict[str, Any]]:
    """Read the lines of a log; there may be none yet."""
    if not log.is_file():
        return []
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def row(runs: Sequence[dict[str, Any]]) -> str:
    """Give the row of a Markdown table for all runs of one experiment on one store."""
    last = runs[-1]
    experiment = EXPERIMENTS[last["experiment"]]
    counts: dict[str, int] = {}
    for run in runs:
        for what, number in run["counts"].items():
            counts[what] = counts.get(what, 0) + number
    seen = "; ".join(filter(None, [last["seen"], ", ".join(f"{n:,} {what}" for what, n in counts.items())]))
    tried, broken = (sum(run[what] for run in runs) for what in ("tried", "broken"))
    target = "must break" if experiment.control else experiment.goal or f"{experiment.target:,}"
    seconds = sum(run["seconds"] for run in runs)
    cells = (last["name"], experiment.promises, last["store"], target, f"{tried:,}", f"{broken:,}", seen)
    return f"| {' | '.join(cells)} | {seconds:,.0f} |"


def failed(run: dict[str, Any]) -> bool:
    """Tell whether a promise was broken, or a control held."""
    return bool((run["broken"] > 0) != EXPERIMENTS[run["experiment"]].control)


def page(lines: Sequence[dict[str, Any]]) -> str:
    """Make the page."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault((line["experiment"], line["store"]), []).append(line)
    order = list(EXPERIMENTS)
    rows = [row(found[key]) for key in sorted(found, key=lambda key: order.index(key[0]))]
    times = sorted(line["at"] for line in lines)
    head = HEAD.format(versions=lines[-1]["versions"], first=times[0], last=times[-1])
    return head + "\n".join(rows) + "\n\nRun by:\n\n```sh\n" + "\n".join(_commands(lines)) + "\n```\n"


def _commands(lines: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(line["command"] for line in lines))
