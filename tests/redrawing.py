"""A street of two grids whose common border moves with every edition: for races, and for publishers that are killed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridmap.analysis.content import content_hash
from gridmap.domain.boundaries import ALWAYS, BoundarySet, BoundaryVersion, Level, VersionState, in_time_order
from gridmap.errors import StaleVersion
from gridmap.services.points import FIX, INCIDENT, import_points
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import Terms, publish_frame
from gridmap.services.responsibility import Plans
from gridmap.services.versions import publish_draft
from gridmap.settings import Settings

LEVELS = (Level("street", 0), Level("grid", 1, contiguous=True))
SETTINGS = Settings()
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
FIRST_DAY = date(2026, 6, 2)
EDGES = pd.DataFrame(
    {
        "level": ["street", "grid", "grid"],
        "old_code": ["S", "E", "W"],
        "new_code": ["S", "E", "W"],
        "kind": ["unchanged", "reshaped", "reshaped"],
        "area_m2": [2.0, 1.0, 1.0],
        "old_share": [1.0] * 3,
        "new_share": [1.0] * 3,
        "households": [None] * 3,
    }
)


def edition(number: int) -> gpd.GeoDataFrame:
    """Give street S of the grids W and E; no two of a thousand editions next to each other are alike."""
    border = 120 + 0.003 + 0.004 * (number * 389 % 1000) / 1000
    return gpd.GeoDataFrame(
        {
            "code": ["S", "W", "E"],
            "name": ["街道", "西", "东"],
            "level": ["street", "grid", "grid"],
            "parent_code": [None, "S", "S"],
            "households": pd.array([None, 100 + number % 7, 200], dtype="Int64"),
        },
        geometry=[
            shapely.box(120, 30, 120.01, 30.01),
            shapely.box(120, 30, border, 30.01),
            shapely.box(border, 30, 120.01, 30.01),
        ],
        crs=4326,
    )


def found(store: Any, set_name: str) -> None:
    """Make a set with the edition 0 in force since ever: revision 1."""
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet(set_name, LEVELS))
        publish_frame(work, set_name, edition(0), valid_from=ALWAYS, published_at=NOW)
        work.commit()


def draft(store: Any, set_name: str, number: int) -> int:
    """Make a draft of an edition; give its number."""
    frame = edition(number)
    with store.unit_of_work() as work:
        made = work.boundaries.add_draft(set_name, frame, valid_from=FIRST_DAY, content_hash=content_hash(frame))
        work.commit()
    return made.number


def day_of(race: int) -> date:
    """Give the first day of what the winner of a race publishes."""
    return FIRST_DAY + timedelta(days=race)


@dataclass(frozen=True)
class Outcome:
    """What a publisher heard: it won with this version, or it was too late."""

    number: int
    won: bool
    fields: dict[str, Any]


def through_the_gate(store: Any, set_name: str, number: int, race: int, start: Callable[[], Any]) -> Outcome:
    """Publish a draft by the use case: rules, lineage, and the revision that the caller names."""
    start()
    terms = Terms(day_of(race), expected=race + 1)
    try:
        done = publish_draft(store, Plans(store), set_name, number, terms, now=NOW, settings=SETTINGS)
    except StaleVersion as stale:
        return Outcome(number, False, {"code": stale.code, **stale.fields})
    return Outcome(number, done.version is not None, {})


def after_a_look(store: Any, set_name: str, number: int, race: int, start: Callable[[], Any]) -> Outcome:
    """Do only what the use case writes, in a unit of work that has read the set: all look before the first one writes.

    No revision is named: what the unit of work has seen counts.
    """
    with store.unit_of_work() as work:
        assert work.boundaries.find_set(set_name).revision == race + 1
        start()
        try:
            work.boundaries.add_lineage(set_name, number, EDGES)
            work.boundaries.publish(set_name, number, valid_from=day_of(race), published_at=NOW)
        except StaleVersion as stale:
            return Outcome(number, False, {"code": stale.code, **stale.fields})
        work.commit()
    return Outcome(number, True, {})


HOW = {"through_the_gate": through_the_gate, "after_a_look": after_a_look}


def require_one_winner(outcomes: Sequence[Outcome], revision: int) -> int:
    """Check that one publisher won and that all others were told of it; give the winner's number."""
    winners = [o.number for o in outcomes if o.won]
    assert len(winners) == 1, outcomes
    for outcome in outcomes:
        if not outcome.won:
            said = {key: outcome.fields[key] for key in ("code", "expected", "revision", "meanwhile")}
            meanwhile = str(winners[0])
            assert said == {
                "code": "version_stale", "expected": revision, "revision": revision + 1, "meanwhile": meanwhile
            }  # fmt: skip
    return winners[0]


def require_timeline(store: Any, set_name: str, winners: Sequence[int]) -> list[BoundaryVersion]:
    """Check that exactly these versions follow the first one, day after day, without hole or overlap."""
    with store.unit_of_work() as work:
        versions = work.boundaries.list_versions(set_name)
        revision = work.boundaries.find_set(set_name).revision
        last = work.boundaries.grids(in_time_order(versions)[-1])
        edges = [len(work.boundaries.lineage(set_name, number)) for number in winners]
    timeline = in_time_order(versions)
    assert [v.number for v in timeline] == [1, *winners]
    assert timeline[0].valid_from == ALWAYS
    for before, after in pairwise(timeline):
        assert before.valid_to == after.valid_from
    assert timeline[-1].valid_to is None
    assert revision == len(timeline)
    assert min(edges) >= len(EDGES)
    assert content_hash(last) == timeline[-1].content_hash, "the grids are those of the winner"
    assert {v.state for v in versions if v not in timeline} <= {VersionState.DRAFT}, "who lost still has a draft"
    return timeline


def report(store: Any, set_name: str) -> None:
    """Add incidents and fixes from west to east, in turn before and after the first day of the next version."""
    n = 26
    moments = [datetime(2026, 6, 1 if k % 2 else 4, 4, k, tzinfo=UTC) for k in range(n)]
    points = shapely.points([120 + 0.0001 + 0.0004 * k for k in range(n)], [30.005] * n)
    times = pd.Series(moments).astype("datetime64[us, UTC]")
    incidents = {"incident_id": [f"i{k:02d}" for k in range(n)], "occurred_at": times, "category": ["垃圾"] * n}
    fixes = {"unit_id": [f"u{k % 3}" for k in range(n)], "fixed_at": times}
    for kind, columns in ((INCIDENT, incidents), (FIX, fixes)):
        frame = gpd.GeoDataFrame(columns, geometry=points, crs=4326)
        import_points(store, Plans(store), kind, [frame], settings=SETTINGS, commit=lambda: True)


def publish_whole(store: Any, set_name: str, number: int) -> None:
    """Publish a draft as the use case does; nothing may stand in the way."""
    terms = Terms(FIRST_DAY, note="重划")
    done = publish_draft(store, Plans(store), set_name, number, terms, now=NOW, settings=SETTINGS)
    assert done.version is not None
    assert done.incidents > 0
    assert done.fixes > 0


def everything(store: Any, set_name: str) -> dict[str, Any]:
    """Read all that a reader can see of a set and of the points, as plain values."""
    with store.unit_of_work() as work:
        versions = work.boundaries.list_versions(set_name)
        seen: dict[str, Any] = {"revision": work.boundaries.find_set(set_name).revision}
        for version in versions:
            said = {key: getattr(version, key) for key in version.__slots__}
            grids = _rows(work.boundaries.grids(version))
            seen[f"version {version.number}"] = (said, grids, _rows(work.boundaries.lineage(set_name, version.number)))
        seen["incidents"] = _rows(work.incidents.frame(PointFilter()))
        seen["fixes"] = _rows(work.patrols.frame(PointFilter()))
    return seen


def _rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    plain = pd.DataFrame(frame).astype(object).map(lambda v: v.wkb_hex if isinstance(v, shapely.Geometry) else v)
    return [tuple(None if v is pd.NA or v != v else v for v in row) for row in plain.itertuples(index=False)]
