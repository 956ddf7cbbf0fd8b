"""Bodies of answers about two versions or two sets: rows as JSON, ground and borders as GeoJSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from api.answers import features, plain, to_json
from gridmap.crs import WGS84
from gridmap.domain.privacy import require_columns
from gridmap.services.history import Comparison, Crosswalk
from gridmap.services.responsibility import Plan

#: Decimal places of degrees in what is only drawn: 0.1 m.
_DRAWN_DEG = 6
_AREAS = ("area_before_m2", "area_after_m2")
_COUNTS = ("households_before", "households_after", "incidents_before", "incidents_after")
_ROW = ("level", "code", "name_before", "name_after", *_AREAS, *_COUNTS)
_PIECE = ("level", "old_code", "new_code", "old_name", "new_name", "kind", "area_m2", "households", "incidents")
_PAIR = ("a_code", "b_code", "relation", "area_m2", "a_share", "b_share")


def difference_body(found: Comparison) -> str:
    """Write a difference as JSON; see ``replies_history.DifferenceAnswer``."""
    old, new, result = found.old, found.new, found.difference
    names = [
        dict(zip(zip(p.frame["level"], p.frame["code"], strict=True), p.frame["name"], strict=True)) for p in (old, new)
    ]
    rows = result.rows[result.rows["changed"]]
    rows = rows.assign(
        name_before=_named(names[0], rows, "code"),
        name_after=_named(names[1], rows, "code"),
        **{name: rows[name].round(2) for name in _AREAS},
        **{name: rows[name].round().astype("Int64") for name in _COUNTS},
    )
    pieces = result.pieces
    pieces = pieces.assign(
        id=[str(i + 1) for i in range(len(pieces))],
        old_name=_named(names[0], pieces, "old_code"),
        new_name=_named(names[1], pieces, "new_code"),
        area_m2=pieces["area_m2"].round(2),
        households=pieces["households"].round(2),
    )
    assert found.window.start is not None
    assert found.window.end is not None
    head = {
        "set": old.boundary_set.name,
        "from": old.version.number,
        "to": new.version.number,
        "window": {"start": _utc(found.window.start), "end": _utc(found.window.end)},
        "summary": [{"level": level, **summary} for level, summary in result.summary.items()],
        "rows": records(rows, _ROW),
        "bounds": _bounds((old, new)),
    }
    parts = {
        "pieces": collection(features(pieces, "id", _PIECE)),
        "borders": collection(features(_lines(found), "id", ("level", "side"))),
    }
    return to_json(head)[:-1] + "".join(f',"{name}":{body}' for name, body in parts.items()) + "}"


def _named(names: Mapping[Any, Any], frame: pd.DataFrame, code: str) -> list[Any]:
    return [names.get(key) for key in zip(frame["level"], frame[code], strict=True)]


def _lines(found: Comparison) -> gpd.GeoDataFrame:
    rows = [
        (level, side, line)
        for level, moved in found.borders.items()
        for side, line in (("old", moved.gone), ("new", moved.fresh))
        if not line.is_empty
    ]
    frame = gpd.GeoDataFrame(
        {
            "id": [f"{level}-{side}" for level, side, _ in rows],
            "level": [r[0] for r in rows],
            "side": [r[1] for r in rows],
        },
        geometry=[r[2] for r in rows],
        crs=WGS84,
    )
    return drawn(frame)


def drawn(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Round what is only drawn; no vertex is left out, so that lines that meet still do."""
    shapes = shapely.transform(np.asarray(frame.geometry.array), lambda xy: np.round(xy, _DRAWN_DEG))
    return frame.set_geometry(shapes, crs=WGS84)


def collection(written: list[str]) -> str:
    """Write features as a GeoJSON collection."""
    return f'{{"type":"FeatureCollection","features":[{",".join(written)}],"links":[],"numberReturned":{len(written)}}}'


def _bounds(plans: Sequence[Plan]) -> tuple[float, ...]:
    boxes = np.array([plan.frame.total_bounds for plan in plans])
    return (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def records(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """Give the rows of a frame as plain values by name."""
    require_columns(*names)
    columns = [[plain(v) for v in frame[name].tolist()] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def crosswalk_body(found: Crosswalk, days: tuple[str, str]) -> dict[str, Any]:
    """Give a crosswalk of two days as plain values; see ``replies_history.CrosswalkAnswer``."""
    summary = found.rows.attrs["summary"]
    sides = {}
    for name, plan, day in (("a", found.a, days[0]), ("b", found.b, days[1])):
        number = plan.version.number
        sides[name] = {"set": plan.boundary_set.name, "version": number, "at": day, "grids": summary[name]}
    rows = found.rows.assign(
        area_m2=found.rows["area_m2"].round(2), **{n: found.rows[n].round(6) for n in ("a_share", "b_share")}
    )
    return {
        **sides,
        "summary": {name: summary[name] for name in ("pairs", "m2", "a_agreeing")},
        "rows": records(rows, _PAIR),
    }
