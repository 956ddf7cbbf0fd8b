"""Sudden clusters of all kinds: what was planted is found at its place and its time, and chance alone shows little."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridmap import join_points
from gridmap.analysis.locator import Locator
from gridmap.analysis.sudden_kinds import say_sudden, sudden_by_kind
from gridmap.crs import xy_to_metric
from gridmap.demo.incidents import make_incidents
from gridmap.demo.load import demo_district
from gridmap.errors import InvalidInput

END = datetime(2026, 5, 1, tzinfo=UTC)


def city(
    rng: np.random.Generator, kinds: int = 4, each: int = 400, side: int = 12
) -> tuple[pd.DataFrame, Any, Any, Any]:
    """Incidents of some kinds over 26 weeks on a board of grids, some of them busier than others."""
    row, column = (a.ravel() for a in np.mgrid[:side, :side])
    codes = [f"g{k}" for k in range(side * side)]
    busy = rng.gamma(2, 1, len(codes))
    frame = pd.DataFrame({
        "category": np.repeat([f"E{k}" for k in range(kinds)], each),
        "grid_code": rng.choice(codes, kinds * each, p=busy / busy.sum()),
        "occurred_at": pd.Timestamp(END) - pd.to_timedelta(rng.integers(1, 26 * 7 * 86_400, kinds * each), unit="s"),
    })  # fmt: skip
    return frame, codes, column * 300.0, row * 300.0


def planted(frame: pd.DataFrame, kind: str, code: str, n: int, days: float) -> pd.DataFrame:
    more = pd.DataFrame({
        "category": kind, "grid_code": code,
        "occurred_at": pd.Timestamp(END) - pd.to_timedelta(np.linspace(864, days * 86_400, n).astype(int), unit="s"),
    })  # fmt: skip
    return pd.concat([frame, more], ignore_index=True)


def test_a_planted_cluster_is_found_at_its_place_and_time_and_of_its_kind() -> None:
    frame, codes, x, y = city(np.random.default_rng(3))
    found = sudden_by_kind(planted(frame, "E2", "g40", 25, 12), codes, x, y, end=END)
    (one,) = found.clusters
    assert one.kind == "E2"
    assert "g40" in {codes[k] for k in one.cluster.places}
    assert one.since == END - timedelta(weeks=2)
    assert one.cluster.observed >= 25
    assert found.summary["kinds"] == 4
    assert "4 kinds" in say_sudden(found)[0].text("en")
    assert "4" in say_sudden(found)[0].text("zh")


def test_where_nothing_is_going_on_hardly_any_run_shows_anything() -> None:
    rng = np.random.default_rng(11)
    shown = sum(bool(sudden_by_kind(*city(rng, each=120, side=6), end=END, seed=k).clusters) for k in range(40))
    # 2 are promised
    assert shown <= 6


def test_each_planted_cluster_of_the_district_is_told_two_weeks_after_it_began() -> None:
    district = demo_district()
    owned = join_points(make_incidents(district), Locator.from_frame(district.grids))
    middle = district.grids.geometry.representative_point()
    x, y = xy_to_metric(middle.x.to_numpy(), middle.y.to_numpy(), district.seed.epsg)
    codes = district.grids["code"].tolist()
    one = next(c for c in district.truth["clusters"] if c["category"] == "E5-01")
    end = datetime.fromisoformat(one["first_day"]).replace(tzinfo=UTC) + timedelta(days=14)
    # its own kind, one without any, and that of a cluster which ended months before
    kinds = owned[owned["category"].isin(["E5-01", "E9-01", "E1-02"])]
    found = sudden_by_kind(kinds, codes, x, y, end=end)
    assert [one.kind for one in found.clusters] == ["E5-01"]
    assert one["grid_code"] in {codes[k] for k in found.clusters[0].cluster.places}


def test_kinds_with_too_few_incidents_are_counted_and_not_judged() -> None:
    frame, codes, x, y = city(np.random.default_rng(5), kinds=1, each=100)
    few = planted(frame, "rare", "g3", 4, 100)
    found = sudden_by_kind(few, codes, x, y, end=END)
    assert (found.summary["kinds"], found.summary["silent"]) == (1, 1)
    assert len(say_sudden(found)) == 2
    nothing = sudden_by_kind(frame.iloc[:0], codes, x, y, end=END)
    assert nothing.clusters == ()
    assert nothing.summary["kinds"] == 0


def test_what_cannot_be_asked_is_refused() -> None:
    frame, codes, x, y = city(np.random.default_rng(5), kinds=1, each=100)
    with pytest.raises(InvalidInput):
        sudden_by_kind(frame, codes, x, y, end=END, weeks=0)
    with pytest.raises(InvalidInput):
        sudden_by_kind(frame, codes, x, y, end=END, rate=1.5)
