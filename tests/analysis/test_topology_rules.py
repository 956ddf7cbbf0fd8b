"""One example of every rule of the check, and beside it the same data without the fault."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import CELL, tiling
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis.topology import check_tiling
from gridmap.domain.rules import Finding, Severity
from gridmap.errors import ColumnError, CrsError
from gridmap.i18n import LANGUAGES, has

MAP = "AAB\nCDB\nCDE"


def reshaped(grids: gpd.GeoDataFrame, **shapes: BaseGeometry | None) -> gpd.GeoDataFrame:
    """The same rows with other shapes for some codes."""
    geometry = grids.geometry.to_numpy().copy()
    for code, shape in shapes.items():
        geometry[grids.index[grids.code == code]] = shape
    return grids.set_geometry(gpd.GeoSeries(geometry, index=grids.index, crs=grids.crs))


def cells(x: float, y: float, w: float, h: float) -> BaseGeometry:
    """A rectangle in cells from the origin of ``tiling``."""
    return shapely.box(120 + x * CELL, 36 + y * CELL, 120 + (x + w) * CELL, 36 + (y + h) * CELL)


def only(found: object, rule: str) -> Finding:
    """The one finding of a rule."""
    findings = found.of(rule)  # type: ignore[attr-defined]
    assert len(findings) == 1, [f.rule for f in found]  # type: ignore[attr-defined]
    return findings[0]


def m2(shape: BaseGeometry) -> float:
    return float(crs.area_m2(np.array([shape], dtype=object))[0])


def test_a_sound_map_has_no_finding() -> None:
    found = check_tiling(tiling(MAP))
    assert found.clean
    assert len(found) == 0
    assert found.facts["grids"] == 5
    assert found.facts["area_m2"] == pytest.approx(m2(cells(0, 0, 3, 3)), rel=1e-6)


def test_overlap_names_the_pair_and_its_ground() -> None:
    grids = reshaped(tiling("AB\nAB"), A=cells(0, 0, 1.25, 2))
    finding = only(check_tiling(grids), "overlap")
    assert (finding.codes, finding.severity, finding.unit) == (("A", "B"), Severity.ERROR, "m2")
    assert finding.measure == pytest.approx(m2(cells(1, 0, 0.25, 2)), rel=1e-5)
    assert finding.geometry is not None
    assert shapely.symmetric_difference(finding.geometry, cells(1, 0, 0.25, 2)).area < 1e-12


def test_hole_names_the_grids_around_it() -> None:
    grids = tiling("AAB\nC.B\nCDD")
    finding = only(check_tiling(grids), "hole")
    assert finding.codes == ("A", "B", "C", "D")
    assert finding.measure == pytest.approx(m2(cells(1, 1, 1, 1)), rel=1e-6)
    assert finding.geometry is not None
    assert finding.geometry.equals(cells(1, 1, 1, 1)) or finding.geometry.hausdorff_distance(cells(1, 1, 1, 1)) < 1e-12


def test_hole_closed_by_corners_alone_is_a_hole() -> None:
    found = check_tiling(tiling(".A.\nB.C\n.D."))
    assert only(found, "hole").measure == pytest.approx(m2(cells(1, 1, 1, 1)), rel=1e-6)


def test_open_water_between_islands_is_no_hole() -> None:
    assert len(check_tiling(tiling("AA..B\nA...B\nAA..B"))) == 0


def test_island_in_a_hole_is_not_part_of_it() -> None:
    found = check_tiling(tiling("AAAAA\nA...A\nA.B.A\nA...A\nAAAAA"))
    assert only(found, "hole").measure == pytest.approx(8 * m2(cells(2, 2, 1, 1)), rel=1e-4)


@pytest.mark.parametrize(("width", "rule"), [(1.00005, "sliver"), (1.01, "overlap")])
def test_sliver_is_an_overlap_nowhere_wide(width: float, rule: str) -> None:
    found = check_tiling(reshaped(tiling("AB\nAB"), A=cells(0, 0, width, 2)))
    finding = only(found, rule)
    assert len(found) == 1
    if rule == "sliver":
        assert (finding.severity, finding.fields) == (Severity.WARNING, {"kind": "overlap"})


def test_sliver_is_a_hole_nowhere_wide() -> None:
    grids = tiling("AAA\nBCD\nEEE")
    grids = reshaped(grids, C=cells(1 + 4e-5, 1, 1 - 4e-5, 1))
    found = check_tiling(grids)
    finding = only(found, "sliver")
    assert finding.fields == {"kind": "hole"}
    assert finding.codes == ("A", "B", "C", "E")
    assert check_tiling(grids, sliver_width_m=0, sliver_area_m2=0).of("hole")


def test_invalid_ring_gives_the_place_and_the_rest_is_still_checked() -> None:
    bow = shapely.Polygon([(120, 36), (120 + CELL, 36 + CELL), (120 + CELL, 36), (120, 36 + CELL)])
    grids = reshaped(tiling("ABC\nABC"), A=bow, B=cells(1, 0, 1.5, 2))
    found = check_tiling(grids)
    finding = only(found, "invalid_ring")
    assert finding.codes == ("A",)
    assert finding.geometry is not None
    assert finding.geometry.distance(shapely.Point(120 + CELL / 2, 36 + CELL / 2)) < 1e-12
    assert only(found, "overlap").codes == ("B", "C")


def test_coordinates_that_are_no_numbers_are_an_invalid_ring() -> None:
    broken = shapely.Polygon([(120, 36), (120.001, np.nan), (120.001, 36.001)])
    found = check_tiling(reshaped(tiling("AB"), A=broken))
    assert only(found, "invalid_ring").geometry is None


@pytest.mark.parametrize("shape", [None, shapely.Polygon(), shapely.MultiPolygon()])
def test_empty_geometry(shape: BaseGeometry | None) -> None:
    found = check_tiling(reshaped(tiling("AB"), A=shape))
    assert only(found, "empty_geometry").codes == ("A",)
    assert len(found) == 1


def test_not_polygon() -> None:
    found = check_tiling(reshaped(tiling("AB"), A=shapely.LineString([(120, 36), (120.001, 36)])))
    assert only(found, "not_polygon").fields == {"type": "LineString"}


def test_duplicate_and_missing_codes() -> None:
    grids = tiling("ABC").assign(code=["7", "7", None])
    found = check_tiling(grids)
    assert only(found, "duplicate_code").codes == ("7",)
    assert only(found, "missing_code").fields == {"row": 3}
    assert len(found) == 2


def test_duplicate_geometry_is_not_also_an_overlap() -> None:
    grids = tiling("AB")
    found = check_tiling(reshaped(grids, B=grids.geometry.iloc[0]))
    assert only(found, "duplicate_geometry").codes == ("A", "B")
    assert not found.of("overlap", "sliver")


def test_multipart_and_enclave_are_notes() -> None:
    parts = check_tiling(tiling("A.A\n..."))
    assert only(parts, "multipart").severity is Severity.NOTE
    assert only(parts, "multipart").measure == pytest.approx(m2(cells(0, 1, 1, 1)), rel=1e-3)
    inside = check_tiling(tiling("AAA\nABA\nAAA"))
    assert only(inside, "enclave").codes == ("B", "A")
    assert parts.clean
    assert inside.clean


def parents() -> gpd.GeoDataFrame:
    return tiling("PPQQ\nPPQQ")


def children(**parent_codes: str) -> gpd.GeoDataFrame:
    grids = tiling("ABCD\nABCD")
    return grids.assign(parent_code=[parent_codes[c] for c in grids.code])


def test_children_that_fill_their_parents_have_no_finding() -> None:
    assert len(check_tiling(children(A="P", B="P", C="Q", D="Q"), parent=parents())) == 0
    assert len(check_tiling(tiling("ABCD\nABCD").drop(columns="parent_code"), parent=parents())) == 0


def test_a_parent_with_fewer_vertices_than_its_children_is_no_fault() -> None:
    straight = reshaped(parents(), P=shapely.box(120, 36, 120 + 2 * CELL, 36 + 2 * CELL))
    slanted = shapely.Polygon([(120.0, 36.0), (120.03, 36.01), (120.02, 36.04), (119.99, 36.03)])
    assert len(check_tiling(children(A="P", B="P", C="Q", D="Q"), parent=straight)) == 0
    middle = shapely.LineString([(120.0, 36.0), (120.03, 36.01)]).interpolate(0.37, normalized=True)
    top = shapely.LineString([(119.99, 36.03), (120.02, 36.04)]).interpolate(0.61, normalized=True)
    left = shapely.Polygon([(120.0, 36.0), middle.coords[0], top.coords[0], (119.99, 36.03)])
    right = shapely.Polygon([middle.coords[0], (120.03, 36.01), (120.02, 36.04), top.coords[0]])
    grids = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=[left, right], crs="EPSG:4326")
    above = gpd.GeoDataFrame({"code": ["P"]}, geometry=[slanted], crs="EPSG:4326")
    assert len(check_tiling(grids, parent=above)) == 0


def test_outside_parent_by_code_and_by_ground() -> None:
    by_code = check_tiling(children(A="P", B="Q", C="Q", D="Q"), parent=parents())
    finding = only(by_code, "outside_parent")
    assert finding.codes == ("B", "Q")
    assert finding.measure == pytest.approx(m2(cells(1, 0, 1, 2)), rel=1e-5)
    grids = tiling("ABCC\nABCC").drop(columns="parent_code")
    wide = reshaped(grids, A=cells(-0.25, 0, 1.25, 2))
    by_ground = only(check_tiling(wide, parent=parents()), "outside_parent")
    assert by_ground.codes == ("A", "P")
    assert by_ground.measure == pytest.approx(m2(cells(0, 0, 0.25, 2)), rel=1e-4)


def test_larger_than_parent() -> None:
    grids = tiling("AAAB\nAAAB").assign(parent_code=["P", "Q"])
    found = check_tiling(grids, parent=parents())
    assert only(found, "larger_than_parent").measure == pytest.approx(m2(cells(2, 0, 1, 2)), rel=1e-5)


def test_parent_missing() -> None:
    assert only(check_tiling(children(A="P", B="P", C="Q", D="Z"), parent=parents()), "parent_missing").codes == ("D",)


def test_parent_not_covered() -> None:
    grids = tiling("ABC.\nABC.").assign(parent_code=["P", "P", "Q"])
    finding = only(check_tiling(grids, parent=parents()), "parent_not_covered")
    assert finding.codes == ("Q",)
    assert finding.measure == pytest.approx(m2(cells(3, 0, 1, 2)), rel=1e-5)


def test_faults_in_the_parent_rows_are_marked() -> None:
    found = check_tiling(children(A="P", B="P", C="Q", D="Q"), parent=parents().assign(code=["P", "P"]))
    assert only(found, "duplicate_code").fields == {"rows": 2, "level": "parent"}


def test_a_frame_without_grids_has_no_finding() -> None:
    empty = tiling("A").iloc[:0]
    assert len(check_tiling(empty)) == 0
    assert check_tiling(empty).facts["area_m2"] == 0.0


def test_wrong_frames_are_refused() -> None:
    grids = tiling("AB")
    with pytest.raises(ColumnError):
        check_tiling(grids.drop(columns="code"))
    with pytest.raises(CrsError, match="reference system"):
        check_tiling(gpd.GeoDataFrame(grids.drop(columns="geometry"), geometry=grids.geometry.to_numpy()))


def test_json_has_the_shape_that_was_agreed() -> None:
    found = json.loads(json.dumps(check_tiling(tiling("AAB\nC.B\nCDD")).to_json()))
    assert set(found) == {"findings", "summary"}
    (finding,) = found["findings"]
    assert {"rule", "severity", "codes", "measure", "unit", "geometry"} <= set(finding)
    assert finding["rule"] == "hole"
    assert finding["geometry"]["type"] == "Polygon"
    assert found["summary"]["by_rule"] == {"hole": 1}
    assert found["summary"]["hole_m2"] == pytest.approx(finding["measure"])


FINDINGS = [
    Finding("overlap", Severity.ERROR, ("A", "B"), 12.5, "m2"),
    Finding("hole", Severity.ERROR, ("A", "B"), 12.5, "m2"),
    Finding("sliver", Severity.WARNING, ("A", "B"), 12.5, "m2", fields={"kind": "overlap"}),
    Finding("sliver", Severity.WARNING, ("A", "B"), 12.5, "m2", fields={"kind": "hole"}),
    Finding("invalid_ring", Severity.ERROR, ("A",), fields={"reason": "Self-intersection"}),
    Finding("empty_geometry", Severity.ERROR, ("A",)),
    Finding("not_polygon", Severity.ERROR, ("A",), fields={"type": "Point"}),
    Finding("duplicate_code", Severity.ERROR, ("A",), fields={"rows": 2}),
    Finding("missing_code", Severity.ERROR, ("#4",), fields={"row": 4}),
    Finding("duplicate_geometry", Severity.ERROR, ("A", "B"), 12.5, "m2"),
    Finding("outside_parent", Severity.ERROR, ("A", "P"), 12.5, "m2"),
    Finding("larger_than_parent", Severity.ERROR, ("A", "P"), 12.5, "m2"),
    Finding("parent_missing", Severity.ERROR, ("A",)),
    Finding("parent_not_covered", Severity.ERROR, ("P",), 12.5, "m2"),
    Finding("multipart", Severity.NOTE, ("A",), 12.5, "m2", fields={"parts": 2}),
    Finding("enclave", Severity.NOTE, ("B", "A"), 12.5, "m2"),
    Finding("vanished", Severity.ERROR, ("A",), 12.5, "m2"),
]


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda f: f"{f.rule}-{f.fields.get('kind', '')}")
def test_every_rule_is_said_in_both_languages(finding: Finding) -> None:
    assert has(f"rule.{finding.rule}")
    texts = {finding.message(language) for language in LANGUAGES}
    assert len(texts) == 2
    for said in texts:
        assert "{" not in said
        assert finding.rule == "missing_code" or all(code in said for code in finding.codes)
        assert finding.measure is None or "12.50" in said
