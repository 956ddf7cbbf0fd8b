"""The small district of the API tests: two streets, a redraw on 1 May 2026, staff, incidents and fixes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import geopandas as gpd
import httpx
import pandas as pd
from builders import tiling

from gridmap.crs import WGS84
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.domain.incidents import StaffMember
from gridmap.services.incidents import record_incidents
from gridmap.services.patrols import record_fixes
from gridmap.services.ports import Store
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: Noon in the district on 20 May 2026.
NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)
REDRAW = date(2026, 5, 1)
#: About 350 m: the middle of a cell lies further from its border than the nearest grid may.
CELL = 2.0**-8
X0, Y0 = 120.0, 36.0

BEFORE = "AAB\nACB\nCC."
AFTER = "AAB\nDCB\nCC."
STREETS = "SST\nSST\nSST"

#: Names that must stay text wherever they are shown, and people who must not be shown.
NAMES = {"A": "{{ 7*7 }}", "B": "<img src=x onerror=alert(1)>", "C": "`${alert(1)}`", "D": "兴海一格"}
PEOPLE = ("张伟", "李娜", "王芳")
NOTE = "报案人赵强"


def at(column: float, row: float) -> tuple[float, float]:
    """Give the lon and lat of a place on the drawn map, in cells from its south-west corner."""
    return X0 + CELL * column, Y0 + CELL * row


def district(drawn: str) -> gpd.GeoDataFrame:
    """Give both levels of a drawn map."""
    grids = tiling(drawn, cell=CELL, origin=(X0, Y0))
    streets = tiling(STREETS, cell=CELL, origin=(X0, Y0))
    grids = grids.assign(
        name=[NAMES[c] for c in grids["code"]],
        parent_code=["T" if c == "B" else "S" for c in grids["code"]],
        households=[{"A": 0, "B": 151, "C": 300}.get(c) for c in grids["code"]],
    )
    streets = streets.assign(level="street", name=["东街道", "西街道"], parent_code=None, households=None)
    frame = pd.concat([streets, grids], ignore_index=True)
    return gpd.GeoDataFrame(frame.assign(attributes=None), geometry="geometry", crs=WGS84)


def fill(store: Store) -> None:
    """Put the district into a store."""
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("urban", (Level("street", 0), Level("grid", 1)), "城市管理"))
        publish_frame(work, "urban", district(BEFORE), valid_from=ALWAYS, published_at=NOW)
        publish_frame(work, "urban", district(AFTER), valid_from=REDRAW, published_at=NOW)
        work.staff.replace(
            "urban",
            [
                StaffMember("A", "head", PEOPLE[0], "0532-1000", "综治办"),
                StaffMember("A", "worker", PEOPLE[1], "0532-2000"),
                StaffMember("B", "worker", PEOPLE[2]),
            ],
            valid_from=ALWAYS,
        )
        work.commit()
    settings = Settings()
    plans = Plans(store)
    lon, lat = at(0.5, 2.5)
    count = 25
    incidents = gpd.GeoDataFrame(
        {
            "incident_id": [f"i{n:02d}" for n in range(count)],
            "occurred_at": pd.to_datetime([NOW - timedelta(days=n % 10) for n in range(count)], utc=True),
            "category": ["litter" if n % 5 else "parking" for n in range(count)],
            "channel": "app",
            "note": NOTE,
        },
        geometry=gpd.points_from_xy([lon + n * 1e-5 for n in range(count)], [lat] * count),
        crs=WGS84,
    )
    fixes = gpd.GeoDataFrame(
        {
            "unit_id": ["u1", "u1", "u2"],
            "fixed_at": pd.to_datetime([NOW - timedelta(hours=n) for n in (1, 2, 3)], utc=True),
            "accuracy_m": [5.0, 5.0, 5.0],
        },
        geometry=gpd.points_from_xy([lon] * 3, [lat] * 3),
        crs=WGS84,
    )
    taken = record_incidents(store, plans, incidents, settings=settings, now=NOW)
    taken += record_fixes(store, plans, fixes, settings=settings, now=NOW)
    assert {result.status for result in taken} == {"accepted"}


CANARY = "KANARIENVOGEL"

#: What the problem of a code has beside the members of all.
MEMBERS = {
    "version_stale": {"expected", "revision", "meanwhile", "changed", "changes"},
    "not_publishable": {"findings"},
    "redraw_conflict": {"numbers", "codes"},
    "redraw_locked": {"lock"},
    "redraw_overlaps": {"area", "other"},
    "redraw_crosses_itself": {"area"},
}


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is the one shape of an error, with this status and code, and echoes nothing."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    assert set(body) - {"hint", "truncated", "successors"} - MEMBERS.get(code, set()) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "retryable",
        "errors",
    }
    assert body["status"] == status
    assert body["type"] == f"urn:gridmap:error:{code}"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)
    check_headers(answer)
    return body


def check_headers(answer: httpx.Response) -> None:
    """Check the headers that every answer carries."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors" in answer.headers["content-security-policy"]
