"""The quick ways through a column give what the plain ones give; ids from content are the same however it is cut."""

import pandas as pd
import pyarrow as pa
import pytest
from files.samples import put
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.files import times
from gridmap.files.points import open_points
from gridmap.files.records import read_records
from gridmap.services.incidents import ContentIds
from gridmap.settings import Settings

SETTINGS = Settings()
_MARKS = st.sampled_from("-/")
_CELLS = st.one_of(
    st.datetimes(min_value=pd.Timestamp("1850-01-01"), max_value=pd.Timestamp("2199-12-31")).map(str),
    st.datetimes(min_value=pd.Timestamp("2025-03-29"), max_value=pd.Timestamp("2025-10-27")).map(
        lambda t: t.isoformat() + "+08:00"
    ),
    st.datetimes(min_value=pd.Timestamp("2025-03-30 01:30"), max_value=pd.Timestamp("2025-03-30 03:30")).map(str),
    st.builds(
        lambda y, m, d, k, rest: f"{y}{k}{m}{k}{d}{rest}",
        st.integers(1990, 2030), st.integers(0, 13), st.integers(0, 32), _MARKS,
        st.sampled_from(["", " 8:30", " 08:30:00", "T23:59:60", " 24:00:00", "T08:30:00Z", "T08:30:00.1234567"]),
    ),
    st.sampled_from(["", " ", "soon", "\x1c", "2025-02-29 00:00:00", "2025-02-28 00:00:00 ", "20250228"]),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.none(), _CELLS), max_size=12), st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]))
def test_quick_times_are_the_slow_ones(cells, zone):
    column = pa.chunked_array([cells[:3], cells[3:]], pa.string())
    quick, bad = times.to_utc(column, zone)
    plain = pd.Series(cells, dtype=object).fillna("").astype(str).str.strip()
    slow, slow_bad = times._read(plain, times.ZoneInfo(zone))
    pd.testing.assert_series_equal(quick, slow.reset_index(drop=True), check_names=False)
    assert bad == slow_bad


@given(st.lists(st.text(alphabet=" \t\x1c\x1f\x85\u3000\u200bab汉", max_size=4), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_blank_cells_are_what_python_calls_blank(tmp_path_factory, cells):
    table = pa.table({"lon": [1.0] * len(cells), "lat": [2.0] * len(cells), "category": cells})
    path = tmp_path_factory.mktemp("cells") / "p.parquet"
    pa.parquet.write_table(table, path)
    source = open_points(path, settings=SETTINGS)
    (batch,) = source.batches()
    assert source.texts(batch, "category") == [c if c.strip() else None for c in cells]


ROWS = [
    ("120.1", "30.2", "2025-03-01 08:30:00", "a"),
    ("120.1", "30.2", "2025-03-01 08:30:00", "a"),
    ("120.1", "30.2", "2025-03-01 08:30:00.25", "a"),
    ("120.2", "30.2", "2025-03-01 08:30:00", "b"),
    ("120.1", "30.2", "2025-03-01 08:30:00", "a"),
]


def _ids(path):
    records = read_records(path, kind="incidents", settings=SETTINGS, make_ids=ContentIds().of)
    return pd.concat(list(records.batches()))["incident_id"].tolist()


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_ids_from_content_do_not_depend_on_the_batches(tmp_path, monkeypatch, rows):
    path = put(tmp_path, "p.csv", "lon,lat,time,category\n" + "".join(",".join(r) + "\n" for r in ROWS))
    whole = _ids(path)
    monkeypatch.setattr("gridmap.files.records.open_points", lambda *a, **k: open_points(*a, batch_rows=rows, **k))
    assert _ids(path) == whole
    assert len(set(whole)) == len(ROWS)
    # written down once: stores hold these ids
    assert [whole[i] for i in (0, 1, 3, 4)] == [
        "19ea1a129016e12e726e84e6",
        "a6c670d207c0a7c9008e50e2",
        "494415d966d9a1034211df3b",
        "4645ff59017c278a0f001dd6",
    ]


def test_a_named_column_of_ids_is_taken(tmp_path):
    path = put(tmp_path, "p.csv", "no,lon,lat,time,category\nA1,120.1,30.2,2025-03-01,a\n,120.1,30.2,2025-03-01,a\n")
    records = read_records(path, kind="incidents", settings=SETTINGS, columns={"id": "no"}, make_ids=ContentIds().of)
    assert pd.concat(list(records.batches()))["incident_id"].tolist() == ["A1"]
    assert [(f.rule, f.fields["line"]) for f in records.report] == [("id_missing", 3)]
    assert records.unused_id_column is None
