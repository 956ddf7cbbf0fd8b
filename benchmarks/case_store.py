"""Cases of a frame in a store, without their records: for pages and benchmarks that only count them."""

from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
import sqlalchemy as sa

from gridmap.services.ports import Store
from gridmap.store.case_lines import LAST
from gridmap.store.case_tables import CaseRow, cells_of

_TIMES = ("filed_at", "dispatched_at", "handled_at", "closed_at", "due_at")
_OPEN = ("reported", "filed", "dispatched", "handling", "handled", "verified", "suspended")
_PART = 20_000


def put_cases(store: Store, cases: gpd.GeoDataFrame) -> None:
    """Add case files (frames.CASES) whose incidents are in the store already; times to the microsecond, UTC."""
    x, y = shapely.get_coordinates(cases.geometry.array).T
    table: dict[str, list[Any]] = {
        "incident_id": cases["case_id"].tolist(), "status": cases["status"].tolist(),
        "kind": cases["kind"].tolist(), "emergency": cases["emergency"].tolist(), "unit": _texts(cases["unit"]),
        "reported_at": _moments(cases["reported_at"]), "returns": cases["returns"].tolist(),
        "reworks": cases["reworks"].tolist(), "appealed": cases["appealed"].tolist(),
        "merged_into": _texts(cases["merged_into"]), "component": _texts(cases["component"]),
        "cell": cells_of(x, y).tolist(), **{name: _moments(cases[name]) for name in _TIMES},
    }  # fmt: skip
    same: dict[str, Any] = {"version": 1, "photos": [], "extensions": 0}
    rows = []
    for values in zip(*table.values(), strict=True):
        row = dict(zip(table, values, strict=True)) | same
        due = row["due_at"] if row["status"] in _OPEN else None
        rows.append(row | {"stage_due_at": due, "queue_at": (due or LAST) if row["status"] in _OPEN else None})
    with store.unit_of_work() as work:
        raw: Any = work
        raw._work.begin_writing()
        for start in range(0, len(rows), _PART):
            raw._work.write(sa.insert(CaseRow), rows[start : start + _PART])
        work.commit()


def _texts(values: "pd.Series[str]") -> list[str | None]:
    return [value if isinstance(value, str) and value else None for value in values]


def _moments(values: "pd.Series[pd.Timestamp]") -> list[datetime | None]:
    return [None if pd.isna(value) else value.to_pydatetime() for value in values]
