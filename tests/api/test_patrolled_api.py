"""What patrols saw, over HTTP: the same numbers as the functions, worked out once a window, and never who it was."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from api_world import NOW, at, check_problem

from gridmap.analysis.effort import overdue_list
from gridmap.analysis.patrol_figures import hours_of, patrol_figures, patrol_swath, patrol_ways
from gridmap.domain.boundaries import ALWAYS
from gridmap.domain.features import FeatureLayer
from gridmap.services import patrol_parts, patrolling
from gridmap.services.patrols import import_fixes
from gridmap.services.ports import PointFilter
from gridmap.services.responsibility import Plans

START = datetime(2026, 5, 8, tzinfo=UTC)
END = datetime(2026, 5, 10, 4, tzinfo=UTC)
BASE = "/api/v1/patrols"
WINDOW = "start=2026-05-08T00:00:00Z&end=2026-05-10T04:00:00Z&at=2026-05-10"

#: The world's incidents lie in it.
LONGER = "start=2026-05-08T00:00:00Z&end=2026-05-20T04:00:00Z&at=2026-05-20"


def walks() -> gpd.GeoDataFrame:
    """Two workers: one goes through the first row of grids and rests in each, one passes once."""
    rng = np.random.default_rng(3)
    rows = []
    for unit, first, speed in (("W-secret-1", START, 0.01), ("W-secret-2", START + timedelta(days=1), 0.04)):
        for step in range(140):
            lon, lat = at(0.2 + speed * step, 2.4 + 0.02 * rng.random())
            rows.append((unit, first + timedelta(seconds=30 * step), shapely.Point(lon, lat)))
    # one sent twice, and one a world away
    rows.append(rows[5])
    rows.append(("W-secret-1", START + timedelta(seconds=45), shapely.Point(at(0.2, 2.4)[0] + 1, 36)))
    frame = pd.DataFrame(rows, columns=["unit_id", "fixed_at", "geometry"])
    return gpd.GeoDataFrame(frame.assign(accuracy_m=np.nan), geometry="geometry", crs=4326)


@pytest.fixture
def patrolled(fresh_world):
    """The district with two rounds of patrols."""
    plans = Plans(fresh_world.store)
    done = import_fixes(fresh_world.store, plans, [walks()], settings=fresh_world.settings, commit=lambda: True)
    assert done.committed
    return fresh_world


def by_hand(world, end=END):
    """The same by the pure functions, from the frames of the store."""
    plans = Plans(world.store)
    where = PointFilter(START, end)
    with world.store.unit_of_work() as work:
        plan = plans.in_force(work, "urban", None, end.date())
        fixes, incidents, context = work.patrols.frame(where), work.incidents.frame(where), work.context.frame()
    grids = plan.frame[plan.frame["level"] == "grid"].reset_index(drop=True)
    roads = context[context["kind"] == "road"]
    ways = patrol_ways(grids, fixes, streets=roads, zone=world.settings.time_zone)
    swath = patrol_swath(grids, fixes, streets=roads)
    return ways, patrol_figures(grids, ways, incidents, at=end, swath=swath)


def same(got, wanted) -> None:
    assert got == (None if pd.isna(wanted) else pytest.approx(wanted, rel=1e-9, abs=1e-12))


def test_effort_is_that_of_the_functions(patrolled):
    answer = patrolled.get(f"{BASE}/effort?{WINDOW}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    ways, wanted = by_hand(patrolled)
    assert [row["code"] for row in body["grids"]] == wanted["code"].tolist()
    for name in ("visits", "dwells", "passes", "workers", "sight", "status", "norm", "incidents", "patrol_found"):
        assert [row[name] for row in body["grids"]] == wanted[name].tolist(), name
    for name in ("hours", "km", "area_share", "days", "per_hour", "per_hour_low", "per_hour_high", "per_visit_high"):
        for row, value in zip(body["grids"], wanted[name], strict=True):
            same(row[name], value)
    summary = wanted.attrs["summary"]
    assert body["sight"] == {word: summary[word] for word in ("seen_found", "seen_clear", "not_seen")}
    assert sum(body["sight"].values()) == sum(body["status"].values()) == len(body["grids"])
    assert min(body["sight"]["not_seen"], sum(row["dwells"] for row in body["grids"])) > 0
    total = body["total"]
    assert total["workers"] == 2
    assert total["km"] == pytest.approx(sum(row["km"] for row in body["grids"]))
    assert 0 < total["area_share"] < 1
    verdicts = body["cleaning"]["verdicts"]
    assert sum(verdicts.values()) == body["cleaning"]["fixes"] == ways.cleaning.fixes
    assert "W-secret" not in answer.text
    quick = patrolled.get(f"{BASE}/effort?{WINDOW}&shares=false").json()
    assert {row["area_share"] for row in quick["grids"]} == {None}
    assert quick["total"]["hours"] == total["hours"]


def test_what_is_due_comes_first_by_how_long(patrolled):
    body = patrolled.get(f"{BASE}/overdue?{WINDOW}").json()
    wanted = overdue_list(by_hand(patrolled)[1])
    assert [row["code"] for row in body["grids"]] == wanted["code"].tolist()
    assert body["status"]["never"] + body["status"]["overdue"] == len(body["grids"]) > 0


def test_hours_are_those_of_the_functions(patrolled):
    ways, wanted = by_hand(patrolled)
    body = patrolled.get(f"{BASE}/hours?{WINDOW}").json()
    assert pd.DataFrame(body["hours"])["hours"].sum() == pytest.approx(wanted["hours"].sum())
    assert pd.DataFrame(body["hours"])["visits"].sum() == wanted["visits"].sum()
    code = wanted.loc[wanted["hours"].idxmax(), "code"]
    one = patrolled.get(f"{BASE}/hours?{WINDOW}&grid={code}").json()["hours"]
    for row, mine in zip(one, hours_of(ways, code).to_dict("records"), strict=True):
        assert row == pytest.approx(mine)
    check_problem(patrolled.get(f"{BASE}/hours?{WINDOW}&grid=nowhere"), 404, "grid_unknown")


def test_files_and_shapes_hold_the_same(patrolled):
    body = patrolled.get(f"{BASE}/effort?{WINDOW}").json()
    shapes = patrolled.get(f"{BASE}/effort.geojson?{WINDOW}")
    assert shapes.headers["content-type"].startswith("application/geo+json")
    found = shapes.json()["features"]
    assert [f["properties"] for f in found] == body["grids"]
    assert {f["geometry"]["type"] for f in found} <= {"Polygon", "MultiPolygon"}
    for name, count in (("effort", len(body["grids"])), ("overdue", None), ("hours", None)):
        answer = patrolled.get(f"{BASE}/{name}.csv?{WINDOW}&lang=zh")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert len(rows) > 1
        assert count is None or len(rows) == 1 + count
        assert "W-secret" not in answer.text
    assert rows[0][0] == "星期"


def test_a_window_is_worked_out_once_and_anew_when_a_fix_came(patrolled, monkeypatch):
    calls = []
    whole = patrol_parts.patrol_part
    monkeypatch.setattr(patrol_parts, "patrol_part", lambda *a, **k: calls.append(a[2]) or whole(*a, **k))
    assert patrolled.get(f"{BASE}/ready?{WINDOW}").json() == {"days": 2, "ready": 0}
    first = patrolled.get(f"{BASE}/overdue?{WINDOW}").json()
    assert patrolled.get(f"{BASE}/ready?{WINDOW}").json() == {"days": 2, "ready": 2}
    assert patrolled.get(f"{BASE}/hours?{WINDOW}").status_code == 200
    # another category asks for other incidents, not for other fixes
    assert patrolled.get(f"{BASE}/overdue?{WINDOW}&category=noise").status_code == 200
    days = [START.date(), START.date() + timedelta(days=1)]
    assert calls == days
    # a longer window has the same days in it, and one that begins later has the second
    assert patrolled.get(f"{BASE}/overdue?{LONGER}").status_code == 200
    assert patrolled.get(f"{BASE}/overdue?start=2026-05-09&end=2026-05-10&at=2026-05-10").status_code == 200
    assert calls[2:] == [NOW.date()]
    with patrolled.store.unit_of_work() as work:
        frame = Plans(patrolled.store).in_force(work, "urban", None, END.date()).frame.set_index("code")
    place = frame.geometry[first["grids"][0]["code"]].representative_point()
    items = [
        {"unit_id": "W-3", "fixed_at": (START + timedelta(seconds=20 * n)).isoformat(), "lon": place.x, "lat": place.y}
        for n in range(12)
    ]
    taken = patrolled.post(f"{BASE}/fixes", {"datum": "wgs84", "items": items})
    assert taken.status_code == 200, taken.text
    after = patrolled.get(f"{BASE}/overdue?{WINDOW}").json()
    assert calls[3:] == [START.date()]  # the day in which it was, and no other
    assert after["status"]["never"] == first["status"]["never"] - 1


def test_too_many_fixes_are_refused(patrolled, monkeypatch):
    monkeypatch.setattr(patrolling, "MOST_FIXES", 100)
    check_problem(patrolled.get(f"{BASE}/effort?{WINDOW}"), 413, "too_many_fixes")


def test_a_district_without_fixes_is_not_seen(fresh_world):
    body = fresh_world.get(f"{BASE}/effort?start=2025-01-01&end=2025-01-03&at=2026-05-10").json()
    assert body["sight"] == {"seen_found": 0, "seen_clear": 0, "not_seen": len(body["grids"])}
    assert body["total"]["per_hour"] is None
    assert fresh_world.get(f"{BASE}/hours?start=2025-01-01&end=2025-01-03").json()["hours"] == []


def test_the_list_for_tomorrow_says_what_each_grid_brings_and_why(patrolled):
    body = patrolled.get(f"{BASE}/list?{LONGER}&lang=en&count=2").json()
    figures = by_hand(patrolled, NOW)[1]
    length = (NOW - START).total_seconds() / 86_400
    seen = figures.assign(days=figures["days"].fillna(max(length, figures["days"].max())))
    unseen = (seen["incidents"] / length * seen["days"]).set_axis(figures["code"])
    due = figures["days"].isna() | (figures["days"] > figures["norm_days"])
    wanted = unseen[due.to_numpy()].sort_values(ascending=False)
    assert unseen.sum() > 0
    assert body["due"] == due.sum()
    assert body["listed"] == len(body["grids"]) == min(2, body["due"])
    assert body["grids"][0]["code"] == wanted.index[0]
    for grid in body["grids"]:
        assert grid["share"] == pytest.approx(unseen[grid["code"]] / unseen.sum())
        assert f"{100 * grid['share']:.1f} %" in grid["reason"]
        assert ("nobody stayed there" in grid["reason"]) == grid["never"]
    assert body["share"] == pytest.approx(sum(grid["share"] for grid in body["grids"]))
    rows = list(csv.reader(io.StringIO(patrolled.get(f"{BASE}/list.csv?{LONGER}&lang=en&count=2").text[1:])))
    assert [row[1] for row in rows[1:]] == [grid["code"] for grid in body["grids"]]
    assert "secret" not in str(body)


def test_blind_is_where_nobody_stayed_and_no_camera_looks(patrolled):
    body = patrolled.get(f"{BASE}/blind?{WINDOW}").json()
    figures = by_hand(patrolled)[1].set_index("code")
    unseen = set(figures.index[figures["sight"] == "not_seen"])
    assert (body["layers"], body["cameras"], body["watched"]["camera"]) == ([], 0, 0)
    assert {row["code"] for row in body["grids"] if row["watched"] == "blind"} == unseen
    with patrolled.store.unit_of_work() as work:
        shapes = Plans(patrolled.store).in_force(work, "urban", None, END.date()).frame.set_index("code").geometry
        watched, *_, half = sorted(unseen, key=lambda code: shapes[code].area)
        west, south, east, north = shapes[watched].bounds
        # one every 60 m sees all of a grid; those that are only planned see nothing
        lon, lat = np.meshgrid(np.arange(west, east, 0.0006), np.arange(south, north, 0.0005))
        state = ["open"] * lon.size + ["planned"]
        points = [*shapely.points(lon.ravel(), lat.ravel()), shapes[half].representative_point()]
        codes = [f"C{n}" for n in range(len(points))]
        frame = gpd.GeoDataFrame({"code": codes, "name": codes, "state": state}, geometry=points, crs=4326)
        work.features.put_layer(FeatureLayer("cameras", "摄像头"))
        none = pd.DataFrame({name: [None] * len(frame) for name in ("set_name", "version_number", "grid_code")})
        work.features.replace(
            "cameras", frame.assign(attributes=[{}] * len(frame)), valid_from=ALWAYS, owners=lambda f: none
        )
        work.commit()
    body = patrolled.get(f"{BASE}/blind?{WINDOW}").json()
    assert (body["layers"], body["cameras"]) == (["cameras"], lon.size)
    rows = {row["code"]: row for row in body["grids"]}
    assert (rows[watched]["watched"], rows[half]["watched"]) == ("camera", "blind")
    assert rows[watched]["camera_share"] > 0.95
    assert rows[half]["camera_share"] < 0.5
    assert sum(body["watched"].values()) == len(figures)
    lines = list(csv.reader(io.StringIO(patrolled.get(f"{BASE}/blind.csv?{WINDOW}&lang=en").text[1:])))
    assert [line[2] for line in lines[1:] if line[0] == watched] == ["cameras alone"]
    page = patrolled.get(f"/maps/blind?{WINDOW}&lang=en")
    data = json.loads(re.search(r'id="gridmap-data">(.*?)</script>', page.text, re.DOTALL)[1])
    looks = [style.get("pattern", "plain") for style in data["styles"]]
    drawn = {row["code"]: looks[fill] for row, fill in zip(body["grids"], data["grids"]["fill"], strict=True)}
    # patterns, not colours alone, tell them apart
    wanted = {"patrol": {"plain"}, "camera": {"dots"}, "blind": {"hatch", "thin"}}
    assert all(drawn[code] in wanted[row["watched"]] for code, row in rows.items())
    assert "secret" not in page.text
