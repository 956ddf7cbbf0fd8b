"""The demonstration district has its exact counts, tiles the ground, looks like a city and holds what was planted."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gridmap import crs
from gridmap.analysis.locator import Locator
from gridmap.demo.district import build_district
from gridmap.demo.files import LAYERS, read_district
from gridmap.demo.incidents import make_incidents
from gridmap.demo.load import _with_owner, brought_forward
from gridmap.demo.patrols import make_fixes
from gridmap.demo.people import needed_workers
from gridmap.demo.points import add_planted
from gridmap.demo.seed import written_seed
from gridmap.domain.taxonomy import leaves

DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"


@pytest.fixture(scope="module")
def district():
    return read_district(DATA)


@pytest.fixture(scope="module")
def incidents(district):
    return make_incidents(district)


def metric(frame):
    return crs.to_metric(frame.geometry.array, 4549)


def test_counts_are_those_of_a_real_district(district):
    assert (len(district.streets), len(district.areas), len(district.grids)) == (28, 161, 1333)
    assert district.areas.groupby("parent_code").size().between(5, 7).all()
    assert 400_000 < district.grids["households"].sum() < 550_000
    assert (district.staff["role"] == "worker").sum() == 4968


def test_codes_nest_and_are_unique(district):
    for child, parent, digits in ((district.grids, district.areas, 15), (district.areas, district.streets, 12)):
        assert child["code"].is_unique
        assert (child["code"].str.len() == digits).all()
        assert (child["code"].str[:-3] == child["parent_code"]).all()
        assert set(child["parent_code"]) == set(parent["code"])


@pytest.mark.parametrize("layer", ["streets", "areas", "grids", "unit_grids"])
def test_every_level_is_a_valid_coverage(district, layer):
    shapes = metric(getattr(district, layer))
    assert shapely.coverage_is_valid(shapes)
    assert (shapely.get_type_id(shapes) == 3).all()


def test_parents_are_exactly_their_children_and_leave_no_hole(district):
    for child, parent in ((district.grids, district.areas), (district.areas, district.streets)):
        shapes = np.asarray(child.geometry.array)
        for code, shape in zip(parent["code"], parent.geometry, strict=True):
            union = shapely.coverage_union_all(shapes[(child["parent_code"] == code).to_numpy()])
            assert shapely.equals(union, shape)
    assert shapely.get_num_interior_rings(shapely.coverage_union_all(np.asarray(district.streets.geometry.array))) == 0


def test_unit_grids_inside_have_ten_thousand_square_metres(district):
    units = district.unit_grids
    cells, area = metric(units), shapely.area(metric(units))
    parents = district.areas[district.areas["code"].isin(units["parent_code"])]
    for code, ground in zip(parents["code"], metric(parents), strict=True):
        mine = (units["parent_code"] == code).to_numpy()
        assert area[mine].sum() == pytest.approx(shapely.area(ground), rel=1e-5)
        # every square of the fishnet that lies inside is a unit grid of its own
        x0, y0, x1, y1 = np.round(np.array(ground.bounds) / 100) * 100
        corners = [(x, y) for x in np.arange(x0, x1, 100) for y in np.arange(y0, y1, 100)]
        inside = [shapely.box(x, y, x + 100, y + 100) for x, y in corners]
        inside = [square for square in inside if ground.contains(square.buffer(1.0))]
        found = shapely.STRtree(cells[mine]).query([square.centroid for square in inside], predicate="within")[1]
        assert len(set(found)) == len(inside)
        assert np.abs(area[mine][found] - 10_000.0).max() < 50.0
    assert (np.abs(area - 10_000.0) < 50.0).sum() > 100


def test_it_is_no_chessboard(district):
    shapes = metric(district.grids)
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    step = np.diff(xy, axis=0)[of[1:] == of[:-1]]
    angle = np.degrees(np.arctan2(step[:, 1], step[:, 0])) % 90.0
    share = np.histogram(angle, bins=9, range=(0, 90), weights=np.hypot(*step.T))[0]
    assert (share / share.sum()).max() < 0.3
    vertices = shapely.get_num_coordinates(shapes)
    assert np.mean((vertices >= 30) & (vertices <= 120)) > 0.95
    area = shapely.area(shapes)
    assert np.quantile(area, 0.95) > 8 * np.quantile(area, 0.05)
    roundness = 4 * np.pi * area / shapely.length(shapes) ** 2
    assert 0.6 < np.median(roundness) < 0.78
    assert roundness.min() > 0.2


def test_the_files_are_what_the_generator_draws(district):
    drawn = add_planted(build_district())
    assert (DATA / "seed.toml").read_text(encoding="utf-8") == written_seed()
    assert drawn.truth == district.truth
    assert drawn.staff.astype(str).equals(district.staff.astype(str))
    for layer in LAYERS:
        new, old = getattr(drawn, layer), getattr(district, layer)
        assert new.drop(columns="geometry").to_dict("records") == old.drop(columns="geometry").to_dict("records")
        assert shapely.equals_exact(np.asarray(new.geometry.array), np.asarray(old.geometry.array), 1e-7).all()


def test_only_the_planted_grids_lack_staff(district):
    count = district.staff.groupby(["grid_code", "role"]).size().unstack(fill_value=0).reindex(district.grids["code"])
    short = count["worker"].to_numpy() < needed_workers(district.grids["households"].to_numpy())
    assert list(district.grids["code"][short]) == district.truth["staff"]["short"]
    assert list(count.index[count["head"] == 0]) == district.truth["staff"]["headless"]


def test_incidents_keep_the_rhythm_and_the_season(incidents):
    local = incidents["occurred_at"].dt.tz_convert("Asia/Shanghai")
    assert len(incidents) == 36_000
    assert incidents["incident_id"].is_unique
    assert set(incidents["category"]) <= {c.code for c in leaves()}
    hour = local.dt.hour.value_counts()
    assert hour[9] > 1.5 * hour[12]
    assert hour[18] > 1.5 * hour[12]
    assert hour[3] < hour[9] / 10
    for category, months in (("E2-01", {4, 5}), ("E4-01", {7, 8})):
        by_month = local[incidents["category"] == category].dt.month.value_counts()
        assert set(by_month.index[:2]) == months


def test_planted_clusters_stand_out_from_their_surroundings(district, incidents):
    x, y = crs.xy_to_metric(incidents.geometry.x, incidents.geometry.y, 4549)
    day = incidents["occurred_at"].dt.tz_convert("Asia/Shanghai").dt.date.astype(str)
    for c in district.truth["clusters"]:
        cx, cy = crs.xy_to_metric([c["lon"]], [c["lat"]], 4549)
        now = (incidents["category"] == c["category"]) & (day >= c["first_day"]) & (day <= c["last_day"])
        far = np.hypot(x - cx[0], y - cy[0])
        inside, ring = (now & (far <= c["radius_m"] + 1)).sum(), (now & (far > c["radius_m"] + 1) & (far < 1000)).sum()
        assert inside >= c["size"]
        assert inside / c["radius_m"] ** 2 > 20 * ring / (1000.0**2 - c["radius_m"] ** 2)


def test_exactly_the_neglected_grids_have_no_fix(district, incidents):
    locator = Locator.from_frame(district.grids)
    fixes = make_fixes(district)
    assert fixes["unit_id"].nunique() == 400
    assert 500_000 < len(fixes) < 700_000
    owned = _with_owner(fixes, locator, None)
    neglect = district.truth["neglect"]
    empty = set(district.grids["code"]) - set(owned["grid_code"])
    assert empty == set(neglect["gaps"]) | set(neglect["quiet"])
    once = owned[owned["grid_code"].isin(neglect["once"])].groupby("grid_code")["unit_id"].nunique()
    assert (once == 1).all()
    assert len(once) == len(neglect["once"])
    events = _with_owner(incidents, locator, 1)["grid_code"].value_counts()
    assert min(events.get(g, 0) for g in neglect["gaps"]) > events.median()
    assert np.median([events.get(g, 0) for g in neglect["quiet"]]) < events.median()


def test_brought_forward_by_weeks_it_has_the_same_plants_on_later_days(district, incidents):
    later = brought_forward(district, 7)
    after = make_incidents(later)
    assert len(incidents) == len(after)
    assert after["incident_id"].is_unique
    assert (later.seed.last_day - district.seed.last_day).days == 49
    assert (after["occurred_at"].max() - incidents["occurred_at"].max()).days in (48, 49)
    for one, other in zip(district.truth["clusters"], later.truth["clusters"], strict=True):
        near = shapely.dwithin(after.geometry.to_numpy(), shapely.Point(other["lon"], other["lat"]), 0.002)
        inside = after[(after["category"] == other["category"]) & near]
        days = inside["occurred_at"].dt.tz_convert("Asia/Shanghai").dt.date.astype(str)
        assert days.between(other["first_day"], other["last_day"]).sum() >= 0.8 * other["size"]
        assert one["first_day"] < other["first_day"]
