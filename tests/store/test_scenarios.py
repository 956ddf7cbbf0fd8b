"""What happens to a city over the years, on every store: redrawn, extended, split, merged; of many kinds and levels."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from builders import from_cells, tiling

from gridmap.analysis.content import content_hash
from gridmap.analysis.conversion import convert_counts
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level, VersionState, in_time_order
from gridmap.domain.incidents import StaffMember
from gridmap.services.counts import incident_counts
from gridmap.services.incidents import import_incidents
from gridmap.services.ports import PointFilter
from gridmap.services.publishing import Publication, Terms
from gridmap.services.responsibility import Plans, locate, locate_many
from gridmap.services.versions import publish_draft, return_to
from gridmap.settings import Settings

SETTINGS = Settings()
NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
SUMMER, AUTUMN, WINTER = date(2026, 7, 1), date(2026, 9, 1), date(2026, 12, 1)
CELL = 2.0**-8
CITY = BoundarySet("city", (Level("area", 0), Level("grid", 1, contiguous=True)), "城市管理")


def drawn(areas: str, grids: str, households: dict[str, int] | None = None) -> gpd.GeoDataFrame:
    """Draw the two levels of the city; each grid lies in the area that stands in its place."""
    parts = [tiling(text, cell=CELL).assign(level=level) for level, text in (("area", areas), ("grid", grids))]
    parent = dict(zip("".join(grids.split()), "".join(areas.split()), strict=True))
    frame = pd.concat(parts, ignore_index=True)
    frame["parent_code"] = [
        parent[c] if level == "grid" else None for c, level in zip(frame["code"], frame["level"], strict=True)
    ]
    frame["households"] = pd.array([(households or {}).get(c) for c in frame["code"]], dtype="Int64")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def publish(
    store: Any, frame: gpd.GeoDataFrame, day: date, boundary_set: BoundarySet = CITY, settings: Settings = SETTINGS,
    now: datetime = NOW, **terms: Any,
) -> Publication:  # fmt: skip
    """Draft a whole plan and let it through the gate."""
    with store.unit_of_work() as work:
        if work.boundaries.find_set(boundary_set.name) is None:
            work.boundaries.put_set(boundary_set)
        draft = work.boundaries.add_draft(boundary_set.name, frame, valid_from=day, content_hash=content_hash(frame))
        work.commit()
    plans = Plans(store)
    return publish_draft(store, plans, boundary_set.name, draft.number, Terms(day, **terms), now=now, settings=settings)


def require_published(done: Publication) -> int:
    """Give the number of what was published."""
    assert done.version is not None, [(f.rule, f.codes, f.measure) for f in done.judgement.blocking]
    return done.version.number


def cells(columns: int, rows: int) -> np.ndarray:
    """Give the middles of the cells of a drawing, from the south-west, row by row: lon, lat."""
    x, y = np.meshgrid(120 + CELL * (np.arange(columns) + 0.4), 36 + CELL * (np.arange(rows) + 0.3))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def happen(store: Any, places: np.ndarray, day: date, prefix: str) -> list[str]:
    """Report an incident at noon of a day at each place; give their ids."""
    ids = [f"{prefix}{k:03d}" for k in range(len(places))]
    moment = pd.Timestamp(day.isoformat()).tz_localize(SETTINGS.time_zone) + pd.Timedelta(hours=12)
    frame = gpd.GeoDataFrame(
        {"incident_id": ids, "occurred_at": [moment.tz_convert("UTC")] * len(ids), "category": "垃圾"},
        geometry=shapely.points(places), crs=4326,
    )  # fmt: skip
    done = import_incidents(store, Plans(store), [frame], settings=SETTINGS, commit=lambda: True)
    assert done.added.added == len(ids)
    return ids


def owners(store: Any) -> dict[str, tuple[int | None, str | None]]:
    """Give version and grid of each incident."""
    with store.unit_of_work() as work:
        found = work.incidents.frame(PointFilter())
    values = found[["version_number", "grid_code"]].astype(object).where(lambda f: f.notna(), None)
    return dict(zip(found["incident_id"], values.itertuples(index=False, name=None), strict=True))


def counts(store: Any, day: date) -> pd.DataFrame:
    """Count all incidents by the grids of a day."""
    plans = Plans(store)
    plan = plans.at(plans.resolve_set("city"), day)
    with store.unit_of_work() as work:
        return incident_counts(work, plan, PointFilter(), settings=SETTINGS)


def as_dict(table: pd.DataFrame) -> dict[str, int]:
    return dict(zip(table["grid_code"], table["incidents"], strict=True))


def require_whole_shares(edges: pd.DataFrame) -> None:
    """Check that all ground of every code is accounted for."""
    for code, share in (("old_code", "old_share"), ("new_code", "new_share")):
        sums = edges.dropna(subset=[code]).groupby(["level", code])[share].sum()
        assert np.abs(sums - 1).max() < 1e-9, sums


AREA = "\n".join(["PPPPPP"] * 4)
FOUR = "AAABBB\nAAABBB\nCCCDDD\nCCCDDD"
SEVEN = "EEFFGG\nEEFFGG\nHHIJJK\nHHIJJK"
HOUSEHOLDS = {"A": 320, "B": 280, "C": 410, "D": 290}
RECOUNTED = {"E": 210, "F": 220, "G": 170, "H": 270, "I": 150, "J": 200, "K": 80}


def crew(codes: str) -> list[StaffMember]:
    """One head and two workers for each grid."""
    return [StaffMember(c, "head" if k == 0 else "worker", f"{c}{k}") for c in codes for k in range(3)]


def test_a_community_is_redrawn_from_four_grids_to_seven(store):
    old, new = drawn(AREA, FOUR, HOUSEHOLDS), drawn(AREA, SEVEN, RECOUNTED)
    assert old.union_all().equals(new.union_all()), "the outer border stays"
    require_published(publish(store, old, ALWAYS))
    with store.unit_of_work() as work:
        work.staff.replace("city", crew("ABCD"), valid_from=ALWAYS)
        work.staff.replace("city", crew("EFGHIJK"), valid_from=SUMMER)
        work.commit()
    places = cells(6, 4)
    eve = SUMMER - timedelta(days=1)
    before, after = happen(store, places, eve, "b"), happen(store, places, SUMMER, "a")
    done = publish(store, new, SUMMER)
    require_published(done)
    assert not done.judgement.report.of("grid_without_head")

    edges = done.edges
    require_whole_shares(edges)
    grids = edges[edges["level"] == "grid"]
    assert edges[edges["level"] == "area"]["kind"].tolist() == ["unchanged"]
    assert set(grids["kind"]) <= {"redrawn", "split"}
    kept = grids.groupby("old_code")["households"].sum()
    assert kept.to_dict() == pytest.approx(HOUSEHOLDS), "every household has a successor grid"
    assert sum(RECOUNTED.values()) == sum(HOUSEHOLDS.values()) == pytest.approx(grids["households"].sum())

    owned = owners(store)
    assert len(owned) == len(before) + len(after) == 48, "no incident is lost"
    flat = {text: "".join(reversed(text.split())) for text in (FOUR, SEVEN)}
    assert [owned[i] for i in before] == [(1, code) for code in flat[FOUR]]
    assert [owned[i] for i in after] == [(2, code) for code in flat[SEVEN]]
    then, now = counts(store, eve), counts(store, SUMMER)
    assert as_dict(then) == {c: 2 * flat[FOUR].count(c) for c in "ABCD"}
    assert as_dict(now) == {c: 2 * flat[SEVEN].count(c) for c in "EFGHIJK"}
    converted = convert_counts(then, grids, level="grid").counts
    assert converted["incidents"].sum() == pytest.approx(48)
    assert as_dict(converted) == pytest.approx(as_dict(now), rel=0.01), "one incident a cell: ground tells it all"

    plans = Plans(store)
    for day, codes in ((eve, FOUR), (SUMMER, SEVEN)):
        plan = plans.at(plans.resolve_set("city"), day)
        for (lon, lat), code in zip(places, flat[codes], strict=True):
            here = locate(store, plan, lon, lat, day=day)
            assert here.grid.code == code
            assert [m.name for m in here.staff] == [f"{code}0", f"{code}1", f"{code}2"]


ONE = ("PPPP\nPPPP", "AABB\nAABB")
TWO = ("PPPP\nPPPP\nPPPP", "CCBB\nAABB\nAABB")
THREE = ("QQQQ\nPPPP\nPPPP\nPPPP", "DDDE\nCCBB\nAABB\nAABB")


def test_an_area_is_extended_north_in_two_phases(store):
    require_published(publish(store, drawn(*ONE), ALWAYS))
    places = cells(4, 4)
    days = {day: happen(store, places, day, day.strftime("%m%d-")) for day in (date(2026, 6, 30), SUMMER, AUTUMN)}
    owned = owners(store)
    for ids in days.values():
        assert [owned[i] for i in ids[8:]] == [(1, None)] * 8, "north of the border it is nobody's"
    first = publish(store, drawn(*TWO), SUMMER)
    second = publish(store, drawn(*THREE), AUTUMN)
    assert [require_published(done) for done in (first, second)] == [2, 3]
    late = {day: happen(store, places, day, day.strftime("late%m%d-")) for day in days}
    owned = owners(store)
    texts = {date(2026, 6, 30): (1, ONE[1]), SUMMER: (2, TWO[1]), AUTUMN: (3, THREE[1])}
    for day, (number, text) in texts.items():
        flat: list[str | None] = list("".join(reversed(text.split())))
        expected = [(number, code) for code in flat + [None] * (16 - len(flat))]
        assert [owned[i] for i in days[day]] == expected, "reported before the plan was made"
        assert [owned[i] for i in late[day]] == expected, "reported after"

    kinds = {(e.level, e.old_code, e.new_code): e.kind for e in first.edges.replace({np.nan: None}).itertuples()}
    assert kinds == {
        ("area", "P", "P"): "reshaped", ("area", None, "P"): "extended",
        ("grid", "A", "A"): "unchanged", ("grid", "B", "B"): "reshaped", ("grid", None, "B"): "extended",
        ("grid", None, "C"): "founded",
    }  # fmt: skip
    kinds = {(e.level, e.new_code): e.kind for e in second.edges.itertuples() if e.kind != "unchanged"}
    assert kinds == {("area", "Q"): "founded", ("grid", "D"): "founded", ("grid", "E"): "founded"}

    plans = Plans(store)
    for day, (number, text) in texts.items():  # nothing is done between these days: each version takes force by itself
        plan = plans.at(plans.resolve_set("city"), day)
        assert plan.version.number == number
        flat = list("".join(reversed(text.split())))
        assert locate_many(plan, *places.T)[0].tolist() == flat + [None] * (16 - len(flat))
    assert as_dict(counts(store, AUTUMN)).keys() == set("ABCDE")


WHOLE, SPLIT = "AABB\nAABB", "CCBB\nDDBB"
GROUND = "PPPP\nPPPP"


@pytest.mark.parametrize("code", ["M", "A"])
def test_what_was_split_is_merged_again(store, code):
    """The merged grid gets a new code, or the old one, whose ground it is."""
    require_published(publish(store, drawn(GROUND, WHOLE, {"A": 100, "B": 50}), ALWAYS))
    split = publish(store, drawn(GROUND, SPLIT, {"C": 70, "D": 30, "B": 50}), SUMMER)
    require_published(split)
    ids = happen(store, cells(4, 2), AUTUMN, "i")
    merged = publish(store, drawn(GROUND, WHOLE.replace("A", code), {code: 100, "B": 50}), AUTUMN)
    require_published(merged)
    require_whole_shares(split.edges)
    require_whole_shares(merged.edges)

    def moves(done: Publication) -> dict[tuple[str, str], str]:
        grids = done.edges[done.edges["level"] == "grid"]
        return {(e.old_code, e.new_code): e.kind for e in grids.itertuples()}

    assert moves(split) == {("A", "C"): "split", ("A", "D"): "split", ("B", "B"): "unchanged"}
    assert moves(merged) == {("C", code): "merged", ("D", code): "merged", ("B", "B"): "unchanged"}
    assert split.edges.query("old_code == 'A'")["households"].tolist() == pytest.approx([70, 30])
    assert [owners(store)[i] for i in ids] == [(3, c) for c in f"{code}{code}BB" * 2]
    table = pd.DataFrame({"grid_code": ["A", "B"], "incidents": [40.0, 7.0]})
    for done in (split, merged):
        table = convert_counts(table, done.edges, "households", level="grid").counts
        assert table["incidents"].sum() == pytest.approx(47)
    assert as_dict(table) == pytest.approx({code: 40, "B": 7}), "there and back, nothing is lost"
    with store.unit_of_work() as work:
        assert work.boundaries.lives("city", "A")["number"].tolist() == ([1, 3] if code == "A" else [1])

    back = return_to(store, Plans(store), "city", 2, Terms(WINTER, note="退回"), now=NOW, settings=SETTINGS)
    assert require_published(back) == 4
    assert moves(back) == {(code, "C"): "split", (code, "D"): "split", ("B", "B"): "unchanged"}
    with store.unit_of_work() as work:
        timeline = in_time_order(work.boundaries.list_versions("city"))
        assert [(v.number, v.valid_from) for v in timeline] == [(1, ALWAYS), (2, SUMMER), (3, AUTUMN), (4, WINTER)]
        assert timeline[3].content_hash == timeline[1].content_hash


def test_a_retired_code_does_not_come_back_on_other_ground(store):
    require_published(publish(store, drawn(GROUND, WHOLE), ALWAYS))
    require_published(publish(store, drawn(GROUND, SPLIT), SUMMER))
    refused = publish(store, drawn(GROUND, "CCAA\nDDAA"), AUTUMN)
    assert refused.version is None
    assert [(f.rule, f.codes[0]) for f in refused.judgement.blocking] == [("code_reused", "A")]
    accepted = publish(store, drawn(GROUND, "CCAA\nDDAA"), AUTUMN, accepted="我们愿意")
    assert accepted.version is None, "no reason makes a code mean two places"
    with store.unit_of_work() as work:
        versions = work.boundaries.list_versions("city")
        assert [v.state for v in versions] == [VersionState.PUBLISHED] * 2 + [VersionState.DRAFT] * 2
        assert work.boundaries.find_set("city").revision == 2


NEW_YORK = Settings(time_zone="America/New_York")
#: Precinct 116 was split off the south of precinct 105 on 18 December 2024. The shootings are of 2019, so the day of
#: the split is moved into their middle.
SPLIT_DAY = date(2019, 6, 18)
POLICE = BoundarySet("police", (Level("precinct", 0),), "NYPD")


def precincts(folder: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give the precincts before and after the split."""
    frame = gpd.read_file(folder / "nyc_precincts.gpkg")
    code = frame["Precinct"].astype(str)
    before = gpd.GeoDataFrame(
        {"code": code, "name": "Precinct " + code, "level": "precinct", "parent_code": None},
        geometry=frame.geometry.to_numpy(), crs=frame.crs,
    )  # fmt: skip
    row = before.index[before["code"] == "105"][0]
    whole = before.geometry[row]
    west, south, east, north = whole.bounds
    middle = (south + north) / 2
    upper, lower = (whole.intersection(shapely.box(west, a, east, b)) for a, b in ((middle, north), (south, middle)))
    after = before.copy()
    after.loc[row, "geometry"] = upper
    new = gpd.GeoDataFrame(
        {"code": ["116"], "name": ["Precinct 116"], "level": ["precinct"], "parent_code": [None]},
        geometry=[lower], crs=before.crs,
    )  # fmt: skip
    return before, gpd.GeoDataFrame(pd.concat([after, new], ignore_index=True), geometry="geometry", crs=before.crs)


@pytest.mark.real_data
def test_every_shooting_keeps_the_precinct_of_its_day(store, shared_data):
    before, after = precincts(shared_data)
    table = pd.read_csv(shared_data / "nyc_shootings.csv", parse_dates=["occur_date"])
    shots = gpd.GeoDataFrame(
        {
            "incident_id": [f"{key}-{row}" for row, key in enumerate(table["incident_key"])],
            "occurred_at": table["occur_date"].dt.tz_localize(NEW_YORK.time_zone).dt.tz_convert("UTC"),
            "category": "shooting",
        },
        geometry=gpd.points_from_xy(table["longitude"], table["latitude"]), crs=4326,
    )  # fmt: skip
    now = datetime(2018, 12, 1, tzinfo=UTC)
    options = {"boundary_set": POLICE, "settings": NEW_YORK, "now": now, "accepted": "not edge-matched, as published"}
    require_published(publish(store, before, ALWAYS, **options))
    known, reported_later = shots.iloc[::2], shots.iloc[1::2]
    plans = Plans(store)
    import_incidents(store, plans, [known], settings=NEW_YORK, commit=lambda: True)
    done = publish(store, after, SPLIT_DAY, **options)
    require_published(done)
    import_incidents(store, plans, [reported_later], settings=NEW_YORK, commit=lambda: True)

    changed = done.edges[done.edges["kind"] != "unchanged"]
    assert changed[["old_code", "new_code", "kind"]].to_numpy().tolist() == [
        ["105", "105", "split"], ["105", "116", "split"]
    ]  # fmt: skip
    assert changed["old_share"].sum() == pytest.approx(1, abs=1e-6)
    owned = owners(store)
    assert len(owned) == len(shots) == 967
    new_plan = (table["occur_date"] >= pd.Timestamp(SPLIT_DAY)).to_numpy()
    assert 300 < new_plan.sum() < 700
    checked = 0
    for number, frame, rows in ((1, before, ~new_plan), (2, after, new_plan)):
        joined = gpd.sjoin(shots[rows], frame[["code", "geometry"]], predicate="intersects")
        holders = joined.groupby("incident_id")["code"].agg(set)
        for incident_id, codes in holders.items():
            version, code = owned[incident_id]
            assert version == number
            assert code in codes
            checked += 1
    assert checked == 967
    south = {code for (number, code) in owned.values() if number == 1}
    assert "116" not in south
    with store.unit_of_work() as work:
        split = work.incidents.counts_by_grid(PointFilter(version=("police", 2))).set_index("grid_code")["incidents"]
    assert split["116"] > 0
    assert split["105"] > 0
    assert done.incidents == sum(owned[i] == (2, "116") for i in known["incident_id"])


def in_runs(counts_: tuple[int, ...], columns: int) -> list[np.ndarray]:
    """Give, for each level, the number of the area that each smallest cell lies in; runs along a line that winds."""
    leaf = np.arange(counts_[-1])
    owner = [leaf]
    for count in reversed(counts_[:-1]):
        groups = np.array_split(np.arange(owner[0].max() + 1), count)
        of = np.repeat(np.arange(count), [len(g) for g in groups])
        owner.insert(0, of[owner[0]])
    assert columns * columns >= counts_[-1]
    return owner


def winding(count: int, columns: int, cell: float) -> np.ndarray:
    """Give square cells along a line that winds from row to row: each meets the next along an edge."""
    row, column = np.divmod(np.arange(count), columns)
    column = np.where(row % 2, columns - 1 - column, column)
    return shapely.box(120 + column * cell, 36 + row * cell, 120 + (column + 1) * cell, 36 + (row + 1) * cell)


def nested(levels: tuple[str, ...], counts_: tuple[int, ...], columns: int, cell: float = CELL) -> gpd.GeoDataFrame:
    """Draw areas in areas in areas, so many of each level."""
    squares = winding(counts_[-1], columns, cell)
    owner = in_runs(counts_, columns)
    parts = []
    for depth, level in enumerate(levels):
        part = from_cells(squares, [f"{level}{k:04d}" for k in owner[depth]]).assign(level=level)
        assert len(part) == counts_[depth]
        if depth:
            above = dict(zip(owner[depth].tolist(), owner[depth - 1].tolist(), strict=True))
            part["parent_code"] = [f"{levels[depth - 1]}{above[k]:04d}" for k in range(len(part))]
        parts.append(part)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=4326)


def require_answers(store: Any, boundary_set: BoundarySet, frame: gpd.GeoDataFrame) -> Any:
    """Check that the store gives the plan back whole, and that it answers in each of its leaves."""
    plans = Plans(store)
    plan = plans.at(plans.resolve_set(boundary_set.name), SUMMER)
    counted = plan.frame.groupby("level")["code"].count().to_dict()
    assert counted == frame.groupby("level")["code"].count().to_dict()
    leaves = frame[frame["level"] == boundary_set.leaf.name]
    inside = shapely.point_on_surface(leaves.geometry.to_numpy())
    found, _ = locate_many(plan, shapely.get_x(inside), shapely.get_y(inside))
    assert found.tolist() == leaves["code"].tolist()
    parent = dict(zip(frame["code"], frame["parent_code"], strict=True))
    for code in leaves["code"].iloc[::97]:
        chain = [ref.code for ref in plan.chain(code)]
        assert len(chain) == len(boundary_set.levels)
        assert chain[-1] == code
        assert [parent[c] for c in chain[1:]] == chain[:-1]
    return plan


def test_zones_towns_and_streets_stand_side_by_side(store):
    """4 + 3 + 7 above 24 + 51 above 554."""
    three = BoundarySet("three", (Level("top", 0, required=("kind",)), Level("middle", 1), Level("grid", 2)))
    frame = nested(("top", "middle", "grid"), (14, 75, 554), 24)
    kinds = {
        "top": ["功能区"] * 4 + ["镇"] * 3 + ["街道"] * 7,
        "middle": ["社区"] * 24 + ["村"] * 51,
        "grid": [None] * 554,
    }
    frame["kind"] = [kind for level in ("top", "middle", "grid") for kind in kinds[level]]
    done = publish(store, frame, ALWAYS, three)
    require_published(done)
    plan = require_answers(store, three, frame)
    counted = plan.frame.groupby(["level", "kind"])["code"].count()
    assert counted["top"].to_dict() == {"功能区": 4, "镇": 3, "街道": 7}
    assert counted["middle"].to_dict() == {"社区": 24, "村": 51}
    lacking = frame.assign(kind=[None, *frame["kind"].iloc[1:]])
    refused = publish(store, lacking, SUMMER, three)
    assert {(f.rule, f.codes[0]) for f in refused.judgement.blocking} == {("attribute_missing", "top0000")}


def test_leaves_that_are_buildings_and_doors_load_and_answer(store):
    """6 above 40 above 1,144 buildings: every other one is known by its door alone."""
    block = BoundarySet("block", (Level("area", 0), Level("grid", 1), Level("building", 2, False, "any")))
    frame = nested(("area", "grid"), (6, 40), 7)
    grids = frame[frame["level"] == "grid"]
    rows = []
    for grid, numbers in zip(grids.itertuples(), np.array_split(np.arange(1144), 40), strict=True):
        west, south, east, north = grid.geometry.bounds
        step_x, step_y = (east - west) / 6, (north - south) / 5
        for place, number in enumerate(numbers):
            x, y = west + step_x * (place % 6 + 0.3), south + step_y * (place // 6 + 0.3)
            shape = shapely.Point(x, y) if number % 2 else shapely.box(x, y, x + step_x / 3, y + step_y / 3)
            rows.append((f"b{number:04d}", f"{number} 号楼", "building", grid.code, shape))
    columns = ["code", "name", "level", "parent_code", "geometry"]
    buildings = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=4326)
    whole = gpd.GeoDataFrame(pd.concat([frame, buildings], ignore_index=True), geometry="geometry", crs=4326)
    require_published(publish(store, whole, ALWAYS, block))
    plan = require_answers(store, block, whole)
    assert buildings.geometry.geom_type.value_counts().to_dict() == {"Point": 572, "Polygon": 572}
    door = buildings.geometry[1]
    near = locate(store, plan, door.x + 0.0001, door.y, day=SUMMER, nearest_within_m=20)
    assert (near.grid.code, near.method.value) == ("b0001", "nearest")
    street = locate(store, plan, door.x + 0.0001, door.y, day=SUMMER)
    assert (street.grid, street.desk.code) == (None, buildings["parent_code"][1])


@pytest.mark.slow
def test_a_city_of_three_levels_loads(store):
    """28 above 161 above 1,333."""
    city = BoundarySet("big", (Level("street", 0), Level("community", 1), Level("grid", 2, contiguous=True)))
    frame = nested(("street", "community", "grid"), (28, 161, 1333), 37)
    require_published(publish(store, frame, ALWAYS, city))
    require_answers(store, city, frame)
