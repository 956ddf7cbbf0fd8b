"""Counts carried over from one version to another: sums are kept, what has no successor is named."""

import numpy as np
import pandas as pd
import pytest
from builders import shuffle_rows, tiling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import build, recipes

from gridmap.analysis.lineage import convert_counts, infer_lineage
from gridmap.errors import ColumnError, InvalidInput


def counts(**numbers: float) -> pd.DataFrame:
    return pd.DataFrame({"grid_code": list(numbers), "incidents": list(numbers.values())})


def as_dict(table: pd.DataFrame, column: str = "incidents") -> dict[str, float]:
    return dict(zip(table["grid_code"], table[column], strict=True))


def test_a_split_shares_out_by_ground_and_a_merge_adds_up():
    edges = infer_lineage(tiling("AAAABC"), tiling("XYYYZZ"))
    done = convert_counts(counts(A=40, B=3, C=4), edges)
    assert as_dict(done.counts) == pytest.approx({"X": 10.0, "Y": 30.0, "Z": 7.0}, rel=1e-4)
    assert done.without_successor.empty


def test_households_share_out_better_than_ground_where_people_live_unevenly():
    old, new = tiling("AAAA").assign(households=[400]), tiling("XYYY").assign(households=[300, 100])
    edges = infer_lineage(old, new)
    by_people = convert_counts(counts(A=40), edges, weight="households")
    assert as_dict(by_people.counts) == pytest.approx({"X": 30.0, "Y": 10.0})
    unknown = edges.assign(households=[300.0, np.nan])
    assert as_dict(convert_counts(counts(A=40), unknown, weight="households").counts) == pytest.approx(
        {"X": 10.0, "Y": 30.0}, rel=1e-4
    )
    nobody = edges.assign(households=0.0)
    assert as_dict(convert_counts(counts(A=40), nobody, weight="households").counts) == pytest.approx(
        {"X": 10.0, "Y": 30.0}, rel=1e-4
    )


def test_what_has_no_successor_is_named():
    edges = infer_lineage(tiling("AABBCC"), tiling("AAB..."))
    done = convert_counts(counts(A=5, B=8, C=3, lost=2), edges)
    assert as_dict(done.counts) == pytest.approx({"A": 5.0, "B": 4.0}, rel=1e-4)
    assert as_dict(done.without_successor) == pytest.approx({"B": 4.0, "C": 3.0, "lost": 2.0}, rel=1e-4)


def test_several_columns_go_together_and_the_input_stays():
    table = counts(A=5, B=8).assign(fixes=[100, 0])
    before = table.copy()
    done = convert_counts(table, infer_lineage(tiling("AB"), tiling("XX")))
    assert done.counts.to_dict("records") == [{"grid_code": "X", "incidents": 13.0, "fixes": 100.0}]
    pd.testing.assert_frame_equal(table, before)
    nothing = convert_counts(table.iloc[:0], infer_lineage(tiling("AB"), tiling("XX")))
    assert nothing.counts.columns.tolist() == ["grid_code", "incidents", "fixes"]
    assert nothing.counts.empty


def test_points_go_whole_with_their_code():
    edges = infer_lineage(tiling("A"), tiling("X")).assign(area_m2=0.0)
    assert as_dict(convert_counts(counts(A=7), edges).counts) == {"X": 7.0}


def test_a_code_of_two_levels_needs_its_level():
    old = pd.concat([tiling("AA").assign(level="street"), tiling("AB")], ignore_index=True)
    edges = infer_lineage(old, old.assign(code=["S", "A", "B"]))
    with pytest.raises(InvalidInput) as caught:
        convert_counts(counts(A=1), edges)
    assert caught.value.code == "level_needed"
    assert as_dict(convert_counts(counts(A=1), edges, level="street").counts) == {"S": 1.0}
    assert as_dict(convert_counts(counts(A=1), edges, level="grid").counts) == {"A": 1.0}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (pd.DataFrame({"code": ["A"]}), "column_missing"),
        (pd.DataFrame({"grid_code": ["A", "A"], "n": [1, 2]}), "code_duplicate"),
        (pd.DataFrame({"grid_code": ["A"], "n": [np.nan]}), "counts_not_numbers"),
        (pd.DataFrame({"grid_code": ["A"], "n": ["many"]}), "counts_not_numbers"),
    ],
)
def test_faulty_counts_are_refused(bad: pd.DataFrame, code: str):
    with pytest.raises(ColumnError) as caught:
        convert_counts(bad, infer_lineage(tiling("A"), tiling("A")))
    assert caught.value.code == code


def test_faulty_calls_are_refused():
    edges = infer_lineage(tiling("A"), tiling("A"))
    with pytest.raises(InvalidInput) as caught:
        convert_counts(counts(A=1), edges, weight="weather")  # type: ignore[arg-type]
    assert caught.value.code == "weight_unknown"
    with pytest.raises(ColumnError):
        convert_counts(counts(A=1), edges.drop(columns="old_share"))


@settings(max_examples=30, deadline=None)
@given(recipes(largest=4), recipes(largest=4), st.integers(0, 2**16), st.sampled_from(("area", "households")))
def test_sums_are_kept_and_row_order_does_not_matter(one, other, seed, weight):
    old, new = build(one), build(other)
    rng = np.random.default_rng(seed)
    new = new.set_geometry(new.translate(*(np.array(one.origin) - other.origin)))
    old = old.assign(households=rng.integers(0, 500, len(old)))
    new = new.assign(households=rng.integers(0, 500, len(new)))
    edges = infer_lineage(old, new)
    table = pd.DataFrame({"grid_code": old["code"], "incidents": rng.integers(0, 1000, len(old))})
    done = convert_counts(table, edges, weight=weight)
    total = done.counts["incidents"].sum() + done.without_successor["incidents"].sum()
    assert total == pytest.approx(table["incidents"].sum(), rel=1e-9)
    assert set(done.counts["grid_code"]) <= set(new["code"])
    again = convert_counts(shuffle_rows(table, seed), edges.sample(frac=1, random_state=seed), weight=weight)
    pd.testing.assert_frame_equal(done.counts, again.counts)
    pd.testing.assert_frame_equal(done.without_successor, again.without_successor)
    by_old = edges.dropna(subset="old_code").groupby("old_code")["households"].sum()
    assert by_old[old["code"]].to_numpy() == pytest.approx(old["households"].to_numpy(), rel=1e-9, abs=1e-9)
