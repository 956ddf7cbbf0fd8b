"""Pages by box and date: the same rows whichever index leads, and no gap or repeat while others write."""

import numpy as np
import pandas as pd
import pytest
import shapely
from store_frames import at, incidents

from gridmap.services.ports import PointFilter
from gridmap.store import incidents as store_incidents

BOX = (120.02, 30.0, 120.07, 30.01)


def scattered(n, prefix="i"):
    """Give n incidents at random places and times, several at one moment; some exactly on the sides of the box."""
    rng = np.random.default_rng(n)
    frame = incidents(n, incident_id=[f"{prefix}{k:05d}" for k in rng.permutation(n)])
    frame["occurred_at"] = pd.Timestamp(at(0)) + pd.to_timedelta(rng.integers(0, 60, n), unit="min")
    x, y = rng.uniform(120, 120.1, n), rng.uniform(30, 30.02, n)
    x[:4], y[:4] = BOX[0], 30.005
    x[4:8], y[4:8] = np.nextafter(BOX[2], 180), 30.005
    return frame.set_geometry(shapely.points(x, y), crs=4326)


def pages(store, where, limit, between=lambda k: None):
    found, after = [], None
    for k in range(1_000):
        with store.unit_of_work() as work:
            page = work.incidents.page(where, limit=limit, after=after)
        if len(page):
            found.append(page)
            after = (page["occurred_at"].iloc[-1].to_pydatetime(), page["incident_id"].iloc[-1])
        if len(page) < limit:
            return pd.concat(found, ignore_index=True)
        between(k)
    raise AssertionError("pages without end")


def expected(frame, where):
    x, y = frame.geometry.x, frame.geometry.y
    x0, y0, x1, y1 = where.bbox
    held = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    held &= (frame["occurred_at"] >= where.start) & (frame["occurred_at"] < where.end)
    return frame[held].sort_values(["occurred_at", "incident_id"])["incident_id"].tolist()


@pytest.mark.parametrize(("some", "many"), [(10_000, 20_000), (1, 20_000), (1, 1)], ids=["gather", "set", "row"])
def test_pages_are_the_same_whichever_index_leads(store, monkeypatch, some, many):
    monkeypatch.setattr(store_incidents, "_SOME", some)
    monkeypatch.setattr(store_incidents, "_MANY", many)
    frame = scattered(2_000)
    with store.unit_of_work() as work:
        work.incidents.add(frame)
        work.commit()
    where = PointFilter(start=at(0.25), end=at(0.75), bbox=BOX)
    wanted = expected(frame, where)
    assert len(wanted) > 200
    assert pages(store, where, 37)["incident_id"].tolist() == wanted
    narrow = PointFilter(start=at(0.5), end=at(0.55), bbox=BOX)  # few in the window: along the times
    assert pages(store, narrow, 5)["incident_id"].tolist() == expected(frame, narrow)
    noise = PointFilter(start=at(0.25), end=at(0.75), bbox=BOX, categories=("noise",))
    chosen = set(frame.loc[frame["category"] == "noise", "incident_id"])
    assert pages(store, noise, 11)["incident_id"].tolist() == [i for i in wanted if i in chosen]


def test_pages_have_no_gap_and_no_repeat_while_others_write(store):
    """What was there before is given once each; what comes meanwhile is given if it lies ahead, never twice."""
    frame = scattered(600)
    with store.unit_of_work() as work:
        work.incidents.add(frame)
        work.commit()
    where = PointFilter(start=at(0), end=at(2), bbox=BOX)
    before = expected(frame, where)
    late = scattered(200, prefix="late")

    def write(k):
        with store.unit_of_work() as work:
            work.incidents.add(late.iloc[k * 10 : k * 10 + 10])
            work.commit()

    given = pages(store, where, 23, write)
    ids = given["incident_id"].tolist()
    assert len(set(ids)) == len(ids)
    assert [i for i in ids if not i.startswith("late")] == before
    assert given[["occurred_at", "incident_id"]].apply(tuple, axis=1).is_monotonic_increasing
    assert any(i.startswith("late") for i in ids)
