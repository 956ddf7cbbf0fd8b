"""Measure all indicators of a district-year by grid and month, beside the usual way with pandas.

``python -m benchmarks.indicators`` prints a table; ``--cases`` how many, ``--runs`` how often.
"""

import argparse
import platform
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from benchmarks.case_maker import many_cases
from gridmap.analysis.indicators import INDICATORS, indicators
from gridmap.analysis.indicators.formulas import PROACTIVE

AT = datetime(2027, 1, 1, tzinfo=UTC)
BY = ("grid", "month")
RATES = tuple(name for name in INDICATORS if name != "repeat")


def plain_pandas(cases: gpd.GeoDataFrame) -> pd.DataFrame:
    """The same numbers but repeats, as one would write them: a column a flag, and ``groupby().sum()``."""
    counted = (cases["status"] != "merged") & ~cases["appealed"]
    filed = counted & cases["filed_at"].notna() & ~cases["status"].isin(["reported", "rejected"])
    sent = filed & cases["dispatched_at"].notna()
    handled = sent & cases["handled_at"].notna()
    closed = filed & (cases["status"] == "closed")
    due = filed & (cases["due_at"] <= pd.Timestamp(AT)) & ~cases["deferred"]
    timed = closed & handled
    parts = {
        "filing": (filed, counted),
        "dispatch_accuracy": (sent & (cases["returns"] == 0), sent),
        "closing": (due & closed, due),
        "on_time_closing": (due & closed & (cases["handled_at"].fillna(cases["closed_at"]) <= cases["due_at"]), due),
        "handling_hours": ((cases["handled_at"] - cases["dispatched_at"]).dt.total_seconds().where(timed, 0), timed),
        "rework": (handled & (cases["reworks"] > 0), handled),
        "return": (sent & (cases["returns"] > 0), sent),
        "backlog": (filed & ~closed, filed),
        "proactive": (counted & cases["channel"].isin(PROACTIVE), counted),
    }
    flags = pd.DataFrame(
        {f"{name}{end}": part[k] for name, part in parts.items() for k, end in ((0, "_n"), (1, "_of"))}
    )
    flags["grid"] = cases["grid_code"]
    flags["month"] = cases["reported_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m")
    return flags.groupby(["grid", "month"], dropna=False).sum().reset_index()


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Tell whether both counted the same."""
    for name in RATES:
        factor = 3600 if INDICATORS[name].unit == "h" else 1
        if not np.allclose(ours[f"{name}_n"] * factor, theirs[f"{name}_n"].astype(float), rtol=1e-9):
            return False
        if not (ours[f"{name}_of"].to_numpy() == theirs[f"{name}_of"].to_numpy()).all():
            return False
    return True


def timed(work: Callable[[], Any], runs: int) -> tuple[list[float], float]:
    """Give seconds of each run, and the peak of what one more holds, MiB."""
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return times, peak


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=200_000)
    options.add_argument("--runs", type=int, default=7)
    asked = options.parse_args()
    cases = many_cases(asked.cases)
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, pandas {pd.__version__}")
    ours = indicators(cases, BY, at=AT, names=RATES).frame
    print(
        f"{len(cases):,} cases, {len(ours):,} groups of grid and month; same numbers: {same(ours, plain_pandas(cases))}"
    )
    work = {
        "all 10 indicators": lambda: indicators(cases, BY, at=AT).frame,
        "9, without repeats": lambda: indicators(cases, BY, at=AT, names=RATES).frame,
        "the same 9 with pandas `groupby`": lambda: plain_pandas(cases),
        "all 10, one group of all": lambda: indicators(cases, at=AT).frame,
    }
    print("| what | median | slowest | peak |\n|---|---|---|---|")
    for name, job in work.items():
        times, peak = timed(job, asked.runs)
        print(f"| {name} | {np.median(times) * 1e3:,.0f} ms | {max(times) * 1e3:,.0f} ms | {peak:,.0f} MiB |")


if __name__ == "__main__":
    main()
