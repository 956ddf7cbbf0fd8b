"""Files of fixes: read, split, followed, and the state of a tracker kept."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from builders import CELL, tiling
from typer.testing import CliRunner

from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracking import Tracker
from gridmap.analysis.tracks import Fixes, split_fixes, track_totals, track_visits
from gridmap.cli import app
from gridmap.domain.rules import Finding
from gridmap.errors import ColumnError, FileError
from gridmap.files.tracks import open_tracker, read_fixes, save_tracker, write_events, write_tracks
from gridmap.settings import Settings

SETTINGS = Settings(time_zone="UTC")
GRIDS = Locator.from_frame(tiling("ABC\nDEF\nGH."))


def wander(units: int = 20, each: int = 50, seed: int = 3) -> Fixes:
    rng = np.random.default_rng(seed)
    xy = np.array([120.0, 36.0]) + 1.5 * CELL + np.cumsum(rng.normal(0, CELL / 10, (units, each, 2)), axis=1)
    return Fixes(
        np.repeat(np.arange(units), each),
        np.array([f"u{i:02}" for i in range(units)], dtype=object),
        np.tile(np.arange(each) * 20_000_000, units) + 1_777_600_000_000_000,
        xy[..., 0].ravel(),
        xy[..., 1].ravel(),
    )


def as_text(fixes: Fixes) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": fixes.units[fixes.unit],
            "time": pd.to_datetime(fixes.at, unit="us", utc=True).strftime("%Y-%m-%d %H:%M:%S"),
            "lon": [repr(v) for v in fixes.x.tolist()],
            "lat": [repr(v) for v in fixes.y.tolist()],
        }
    )


def test_a_file_of_fixes_comes_back_as_it_was(tmp_path: Path) -> None:
    fixes = wander()
    as_text(fixes).to_csv(tmp_path / "f.csv", index=False)
    as_text(fixes).astype({"lon": float, "lat": float}).to_parquet(tmp_path / "f.parquet")
    for name in ("f.csv", "f.parquet"):
        read = read_fixes(tmp_path / name, settings=SETTINGS)
        assert read.units[read.unit].tolist() == fixes.units[fixes.unit].tolist()
        for column in ("at", "x", "y"):
            assert getattr(read, column).tolist() == getattr(fixes, column).tolist()


def test_rows_that_cannot_be_used_are_told_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text(
        "unit,time,lon,lat\nu,2026-05-01 08:00:00,120.001,36.001\n,2026-05-01 08:00:00,120.001,36.001\n"
        "u,soon,120.001,36.001\nu,2026-05-01 08:01:00,x,36.001\nv,2026-05-01 08:00:00,120.001,36.002\n"
    )
    told: list[Finding] = []
    read = read_fixes(file, settings=SETTINGS, on_bad=told.append)
    assert [(f.rule, f.fields["line"]) for f in told] == [
        ("unit_missing", 3),
        ("time_unreadable", 4),
        ("point_not_a_number", 5),
    ]
    assert read.units[read.unit].tolist() == ["u", "v"]
    file.write_text("unit,time,lon,lat\n,,,\n")
    assert len(read_fixes(file, settings=SETTINGS)) == 0
    file.write_text("lon,lat,time\n1,2,2026-05-01\n")
    with pytest.raises(ColumnError) as refused:
        read_fixes(file, settings=SETTINGS)
    assert refused.value.code == "column_unknown"


def test_shifted_degrees_are_brought_home(tmp_path: Path) -> None:
    from gridmap.crs import Datum, wgs84_to_gcj02

    fixes = wander(2, 5)
    x, y = wgs84_to_gcj02(fixes.x, fixes.y)
    as_text(Fixes(fixes.unit, fixes.units, fixes.at, x, y)).to_csv(tmp_path / "f.csv", index=False)
    read = read_fixes(tmp_path / "f.csv", settings=SETTINGS, datum=Datum.GCJ02)
    assert np.abs(read.x - fixes.x).max() < 1e-9


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_pieces_visits_and_sums_do_not_depend_on_the_parts(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixes = wander()
    pieces = split_fixes(fixes, Borders(GRIDS))
    expected = {"piece": pieces, "visit": track_visits(pieces), "grid": track_totals(pieces)}
    monkeypatch.setattr("gridmap.files.tracks._AT_ONCE", 120)
    for rows, frame in expected.items():
        out = tmp_path / f"{rows}{suffix}"
        summary = write_tracks(fixes, GRIDS, out, rows=rows)  # type: ignore[arg-type]
        whole = pieces.attrs["summary"]
        assert replace(summary, length_m=0.0) == replace(whole, length_m=0.0)
        assert summary.length_m == pytest.approx(whole.length_m, rel=1e-12)
        found = pd.read_parquet(out) if suffix == ".parquet" else pd.read_csv(out)
        assert list(found.columns) == list(frame.columns)
        assert found["grid_code"].fillna("").tolist() == frame["grid_code"].fillna("").tolist()
        for column in set(found.columns) & {"seconds", "length_m", "hours", "km", "visits", "units"}:
            assert np.allclose(found[column], frame[column], rtol=1e-12), column
        for column in set(found.columns) & {"entered_at", "left_at", "first_at", "last_at"}:
            assert (pd.to_datetime(found[column]) == frame[column]).all(), column


def test_no_fixes_make_an_empty_file(tmp_path: Path) -> None:
    nothing = wander(1, 1)
    for rows in ("piece", "visit", "grid"):
        summary = write_tracks(nothing, GRIDS, tmp_path / "o.parquet", rows=rows)  # type: ignore[arg-type]
        assert summary.segments == 0
        table = pq.read_table(tmp_path / "o.parquet")
        assert table.num_rows == 0
        assert "grid_code" in table.column_names


def test_a_failed_split_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "o.csv"
    monkeypatch.setattr("gridmap.files.tracks._AT_ONCE", 120)
    calls = iter(range(100))

    def fails(*args: object, **options: object) -> pd.DataFrame:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return split_fixes(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("gridmap.files.tracks.split_fixes", fails)
    with pytest.raises(KeyboardInterrupt):
        write_tracks(wander(), GRIDS, out)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileError) as refused:
        write_tracks(wander(), GRIDS, tmp_path / "o.xlsx")
    assert refused.value.code == "output_format"


def test_events_of_a_file_are_those_of_the_live_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixes = wander()
    order = np.argsort(fixes.at, kind="stable")
    live = Tracker(GRIDS, confirm_m=5, confirm_s=30)
    columns = (fixes.unit[order], fixes.units, fixes.at[order], fixes.x[order], fixes.y[order])
    expected = live.update(Fixes(*columns))
    monkeypatch.setattr("gridmap.files.tracks._AT_ONCE", 77)
    tracker = write_events(fixes, GRIDS, tmp_path / "e.parquet", confirm_m=5, confirm_s=30)
    assert tracker.counts.used == len(fixes)
    found = pd.read_parquet(tmp_path / "e.parquet")
    assert len(found) > 50
    for column in expected.columns:
        assert found[column].tolist() == expected[column].tolist(), column


def test_a_tracker_is_saved_and_goes_on(tmp_path: Path) -> None:
    tracker = Tracker(GRIDS, wait_s=100)
    tracker.update(wander())
    save_tracker(tracker, tmp_path / "state")
    again = open_tracker(tmp_path / "state", GRIDS)
    pd.testing.assert_frame_equal(again.flush(), tracker.flush())
    assert again.rules == tracker.rules
    (tmp_path / "state").write_bytes((tmp_path / "state").read_bytes()[:-7])
    with pytest.raises(FileError) as refused:
        open_tracker(tmp_path / "state", GRIDS)
    assert refused.value.code == "corrupt"
    with pytest.raises(FileError) as refused:
        open_tracker(tmp_path / "none", GRIDS)
    assert refused.value.code == "file_missing"


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words], env={"GRIDMAP_LANGUAGE": "en", "GRIDMAP_TIME_ZONE": "UTC"})
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


@pytest.fixture
def grids(tmp_path: Path) -> Path:
    tiling("ABC\nDEF\nGH.").to_file(tmp_path / "grids.geojson", driver="GeoJSON")
    return tmp_path / "grids.geojson"


def test_the_command_splits_and_follows(tmp_path: Path, grids: Path) -> None:
    fixes = wander()
    text = as_text(fixes)
    text.loc[7, "lon"] = ""
    text.to_csv(tmp_path / "f.csv", index=False)
    said = run("tracks", tmp_path / "f.csv", "-o", tmp_path / "o.csv", "--grids", grids)
    assert "999 fixes of 20 units" in said
    assert "rows that cannot be used, left out: 1" in said
    assert "point_missing" in said
    pieces = pd.read_csv(tmp_path / "o.csv")
    assert pieces["seconds"].sum() == pytest.approx(20 * 49 * 20, abs=1e-3)
    run("tracks", tmp_path / "f.csv", "-o", tmp_path / "g.csv", "--grids", grids, "--by", "grid")
    assert pd.read_csv(tmp_path / "g.csv")["hours"].sum() == pytest.approx(20 * 49 * 20 / 3600, rel=1e-9)
    said = run("tracks", tmp_path / "f.csv", "-o", tmp_path / "e.parquet", "--grids", grids, "--by", "event")
    assert "Events of 999 fixes" in said
    assert set(pd.read_parquet(tmp_path / "e.parquet")["event"]) >= {"enter", "exit"}
    said = run("tracks", tmp_path / "f.csv", "-o", tmp_path / "o.csv", "--grids", grids, "--max-gap-s", 5)
    assert "gaps, not split" in said


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, grids: Path) -> None:
    as_text(wander()).to_csv(tmp_path / "f.csv", index=False)
    word = ("tracks", tmp_path / "f.csv", "--grids", grids, "-o")
    assert "[output_is_input]" in run(*word, tmp_path / "f.csv", status=2)
    assert "[join_grids_twice]" in run(*word, tmp_path / "o.csv", "--set", "urban", status=2)
    assert "[not_positive]" in run(*word, tmp_path / "o.csv", "--max-gap-s", 0, status=2)
    assert "[setting_negative]" in run(*word, tmp_path / "o.csv", "--by", "event", "--confirm-m", -1, status=2)
    assert not (tmp_path / "o.csv").exists()


def test_the_command_asks_a_store(tmp_path: Path, grids: Path) -> None:
    as_text(wander()).to_csv(tmp_path / "f.csv", index=False)
    db = ("--db", tmp_path / "s.gpkg")
    load = ("--set", "urban", "--level", "grid", "--code-column", "code", "--accept-findings", "a test", "--commit")
    run("import", "boundaries", grids, *load, *db)
    run("tracks", tmp_path / "f.csv", "-o", tmp_path / "a.csv", *db)
    run("tracks", tmp_path / "f.csv", "-o", tmp_path / "b.csv", "--grids", grids)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.real_data
def test_the_command_on_the_buses_of_liverpool(tmp_path: Path, shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "liverpool_bus_gps.csv")
    x0, y0 = rows["longitude"].min(), rows["latitude"].min()
    plan = tiling("\n".join(chr(0x4E00 + i) * 4 + chr(0x4F00 + i) * 4 for i in range(40)), cell=0.01, origin=(x0, y0))
    gpd.GeoDataFrame(plan).to_file(tmp_path / "g.geojson", driver="GeoJSON")
    bus = ("tracks", shared_data / "liverpool_bus_gps.csv", "--grids", tmp_path / "g.geojson", "--unit-column")
    said = run(*bus, "trip_id", "-o", tmp_path / "o.csv")
    assert "1,533 fixes of 16 units" in said
    assert "1,517 segments, 108.3 km, 9.5 h" in said
    # by vehicle, the hours between two trips are gaps
    said = run(*bus, "vehicle_id", "-o", tmp_path / "o.csv")
    assert "1,533 fixes of 8 units" in said
    assert "gaps" in said
