"""Shifts, tracks from files and thinning as a person types them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.services.ports import PointFilter
from gridmap.store.engine import open_store

BEGUN = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) - timedelta(days=100)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")
    monkeypatch.delenv("GRIDMAP_DEFAULT_SET", raising=False)


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def test_shifts_then_a_track_then_its_sums(tmp_path: Path) -> None:
    frame = tiling("AAB\nCCB")
    frame["name"] = frame["code"]
    grids = tmp_path / "grids.geojson"
    frame[["code", "name", "geometry"]].to_file(grids, driver="GeoJSON")
    run("import", "boundaries", grids, "--set", "urban", "--level", "grid", "--code-column", "code", "--commit")
    place = frame.set_index("code").geometry["A"].representative_point()

    shifts = tmp_path / "shifts.csv"
    end = BEGUN + timedelta(hours=1)
    shifts.write_text(f"unit_id,from,until,area\nu1,{BEGUN.isoformat()},{end.isoformat()},A;C\n", encoding="utf-8")
    assert "1 shifts of 1 units, in the place of 0" in run("import", "shifts", shifts)
    run("import", "shifts", shifts, "--commit")
    assert "in the place of 1" in run("import", "shifts", shifts, "--commit")
    shifts.write_text("unit_id,from,until\nu1,2026-03-01 25:00,2026-03-02 01:00\n", encoding="utf-8")
    assert "bad_shift_time" in run("import", "shifts", shifts, "--commit", status=2)

    points = "".join(
        f'<trkpt lat="{place.y + k * 2e-7}" lon="{place.x}"><time>{at.isoformat()}</time></trkpt>'
        for k, at in enumerate(BEGUN + timedelta(seconds=10 * k) for k in range(500))
    )
    track = tmp_path / "u1.gpx"
    track.write_text(f"<gpx><trk><name>u1</name><trkseg>{points}</trkseg></trk></gpx>", encoding="utf-8")
    said = run("import", "patrols", track, "--commit")
    # an hour and a quarter of tolerance: 450 of 500 fixes
    assert "50 not taken: Nobody is followed off shift" in said
    assert "cleaning: " in said
    assert "450 new" in said

    tried = run("patrols", "thin")
    assert "450 fixes of 1 days summed up to 1 rows" in tried
    assert "nothing was written" in tried
    assert "450 fixes of 1 days summed up to 1 rows" in run("patrols", "thin", "--commit")
    assert "0 fixes of 0 days" in run("patrols", "thin", "--commit")
    assert "500 not taken: The fixes of that day were summed up" in run("import", "patrols", track, "--commit")
    store = open_store(f"sqlite:///{tmp_path}/store.gpkg")
    with store.unit_of_work() as work:
        days = work.patrol_days.frame(BEGUN.date() - timedelta(days=1), BEGUN.date() + timedelta(days=2))
        told = {entry.act.action for entry in work.trail.entries()}
        assert work.patrols.count(PointFilter()) == 0
    store.close()
    assert days["grid_code"].tolist() == ["A"]
    assert days["minutes"].tolist() == pytest.approx([449 * 10 / 60])
    assert {"shifts.replace", "fixes.thin"} <= told
