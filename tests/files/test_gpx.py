"""GPX: points of tracks become fixes; whatever is hostile or odd in it is named."""

from pathlib import Path

import pandas as pd
import pytest

from gridmap.errors import FileError
from gridmap.files.records import read_records
from gridmap.settings import Settings

SETTINGS = Settings()


def gpx(body: str, head: str = '<?xml version="1.0"?>') -> str:
    return f'{head}<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>'


def point(lon: object = 120.001, lat: object = 30.005, time: str = "2026-05-20T09:00:00+08:00") -> str:
    return f'<trkpt lat="{lat}" lon="{lon}"><ele>3.5</ele><time>{time}</time></trkpt>'


def read(tmp_path: Path, content: str, **more):
    path = tmp_path / "a.gpx"
    path.write_text(content, encoding="utf-8")
    records = read_records(path, kind="fixes", settings=SETTINGS, **more)
    frame = pd.concat(list(records.batches()), ignore_index=True)
    return frame, [finding.rule for finding in records.report.findings]


def test_points_of_tracks_are_fixes_of_their_tracks(tmp_path):
    planned = (
        '<wpt lat="1" lon="2"><time>2026-05-20T00:00:00Z</time><name>no</name></wpt><rte><rtept lat="1" lon="2"/></rte>'
    )
    first = f"<trk><name>网格员-1</name><trkseg>{point()}</trkseg><trkseg>{point(120.002)}</trkseg></trk>"
    second = f"<trk><name>u2</name><desc>x</desc><trkseg>{point(time='2026-05-20T01:00:00.5Z')}</trkseg></trk>"
    frame, bad = read(tmp_path, gpx(planned + first + second))
    assert bad == []
    assert frame["unit_id"].tolist() == ["网格员-1", "网格员-1", "u2"]
    first_at = pd.Timestamp("2026-05-20T01:00Z")
    assert frame["fixed_at"].tolist() == [first_at, first_at, first_at + pd.Timedelta("500ms")]
    assert frame.geometry.x.tolist() == [120.001, 120.002, 120.001]


def test_what_a_point_lacks_is_told_and_a_unit_may_be_named(tmp_path):
    body = f"<trk><trkseg>{point()}{point('x')}{point(190, 95)}<trkpt lat='30' lon='120'/></trkseg></trk>"
    frame, bad = read(tmp_path, gpx(body), unit="car-7")
    assert frame["unit_id"].tolist() == ["car-7"]
    assert sorted(bad) == ["point_missing", "point_missing", "time_missing"]
    with_names, missing = read(tmp_path, gpx(f"<trk><trkseg>{point()}</trkseg><name>late</name></trk>"), unit=None)
    assert (len(with_names), missing) == (0, ["unit_missing"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gpx("", '<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "dtd_forbidden"),
        (gpx("<trk>"), "not_xml"),
        ("<a><gpx/></a>", "not_gpx"),
        (gpx("<extensions>" * 100), "file_too_deep"),
    ],
)
def test_hostile_files_are_refused(tmp_path, content, code):
    with pytest.raises(FileError) as refused:
        read(tmp_path, content)
    assert refused.value.code == code
