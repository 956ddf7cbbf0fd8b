"""The check on real boundaries: the figures measured once with plain GEOS operations."""

from pathlib import Path

import geopandas as gpd
import pytest

from gridmap.analysis.topology import check_tiling
from gridmap.domain.rules import Finding, Report

pytestmark = pytest.mark.real_data

US_SURVEY_FOOT_M = 1200 / 3937


def _of_kind(found: Report, kind: str) -> list[Finding]:
    return [f for f in found if f.rule == kind or (f.rule == "sliver" and f.fields["kind"] == kind)]


def test_vancouver_has_its_overlaps_and_gaps(shared_data: Path) -> None:
    grids = gpd.read_file(shared_data / "vancouver_neighbourhoods.geojson").rename(columns={"mapid": "code"})
    found = check_tiling(grids)
    assert len(_of_kind(found, "hole")) == found.facts["holes"] == 26  # why not 27: docs/check.md
    assert sum(f.measure or 0 for f in _of_kind(found, "hole")) == pytest.approx(4455, rel=0.01)
    assert sum(f.measure or 0 for f in found.of("overlap")) == pytest.approx(14291, rel=0.01)
    assert found.facts["overlap_m2"] == pytest.approx(14291, rel=0.01)
    assert len(found.of("overlap")) == 10


def test_new_york_has_only_hairlines(shared_data: Path) -> None:
    grids = gpd.read_file(shared_data / "nyc_precincts.gpkg").rename(columns={"Precinct": "code"})
    found = check_tiling(grids)
    assert found.facts["overlap_m2"] / US_SURVEY_FOOT_M**2 == pytest.approx(23, rel=0.01)
    assert found.facts["holes"] == pytest.approx(509, rel=0.01)
    assert found.facts["hole_m2"] / US_SURVEY_FOOT_M**2 == pytest.approx(18.83, rel=0.01)
    assert not found.of("hole", "invalid_ring", "duplicate_code", "duplicate_geometry")
    assert all(f.measure is not None and f.measure < 0.2 for f in found.of("overlap", "sliver"))
