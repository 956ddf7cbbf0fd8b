"""Cameras of the demonstration: of the planted gaps they watch those they shall, and no other neglected grid."""

from pathlib import Path

from gridmap.analysis.swath import blind_spots
from gridmap.demo.files import read_district
from gridmap.demo.watching import RELIC_COUNT, make_cameras, make_checks, make_relics, watched_gaps
from gridmap.domain.inspections import CheckOutcome
from gridmap.domain.patrols import packaged_patrol_rules

DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"


def test_blind_spots_are_the_planted_ones_without_cameras() -> None:
    district, rules = read_district(DATA), packaged_patrol_rules()
    neglect = district.truth["neglect"]
    never = set(neglect["gaps"]) | set(neglect["quiet"])
    been = set(district.grids["code"]) - never
    reach = rules.camera_reach_m
    found = blind_spots(district.grids, been, make_cameras(district), camera_reach_m=reach).set_index("code")
    assert set(found.index[found["watched"] == "camera"]) == set(watched_gaps(district))
    assert set(found.index[found["watched"] == "blind"]) == never - set(watched_gaps(district))


def test_relics_stand_in_all_three_ways() -> None:
    district = read_district(DATA)
    relics, checks = make_relics(district), make_checks(district)
    assert len(relics) == relics["code"].nunique() == RELIC_COUNT
    assert {check.code for check in checks} < set(relics["code"])
    assert {check.outcome for check in checks} == set(CheckOutcome)
    (plan,) = packaged_patrol_rules().inspections
    assert plan.name == "relics"
    assert {check.note for check in checks if check.note} <= set(plan.notes)
