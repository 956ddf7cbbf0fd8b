"""The same thing reported twice: which cases could be one, ranked, with reasons. Who decides is a person.

Two reports are alike when they are of one type (or class), near each other, within some time, and, where both name a
component, of the same one. How near and how long is data (``Likeness``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from gridmap.analysis import frames
from gridmap.crs import distances_m, xyz_m
from gridmap.errors import InvalidInput
from gridmap.i18n import Language, text

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Likeness:
    """When two reports may be of one thing, and what counts how much.

    Attributes
    ----------
    metres, hours : float
        The farthest and the longest apart; both are allowed themselves.
    same_type : bool
        Only the same type; else types of one class, too.
    distance, time, category, component : float
        Weights; the score is their mean, from 0 to 1. Distance and time count from 1 (none) to 0 (at the limit), the
        category 1 for the same type and a half for one class, the component 1 for the same, 0 for another one, and a
        half where one of both names none.
    least : float
        Pairs that score less are left out.
    """

    metres: float = 50.0
    hours: float = 72.0
    same_type: bool = False
    distance: float = 4.0
    time: float = 2.0
    category: float = 2.0
    component: float = 2.0
    least: float = 0.0

    def __post_init__(self) -> None:
        weights = (self.distance, self.time, self.category, self.component)
        values = (self.metres, self.hours, self.least, *weights)
        if not all(np.isfinite(v) and v >= 0 for v in values) or self.metres > 10_000 or sum(weights) == 0:
            raise InvalidInput("likeness_wrong", limit=10_000)


class Sighting(NamedTuple):
    """What is compared of a report: WGS 84 degrees, a time with its offset."""

    case_id: str
    lon: float
    lat: float
    category: str
    at: datetime
    component: str | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """A case that could be the same, and why. ``same_component`` None: one of both names none."""

    case_id: str
    score: float
    distance_m: float
    minutes: float
    same_type: bool
    same_component: bool | None

    def reasons(self, language: Language = "en") -> tuple[str, ...]:
        """Say why, in a language."""
        hours = self.minutes / 60.0
        when = (
            text("alike.hours", language, hours=hours)
            if hours >= 1
            else text("alike.minutes", language, minutes=self.minutes)
        )
        found = [
            text("alike.type" if self.same_type else "alike.class", language),
            text("alike.near", language, metres=self.distance_m),
            when,
        ]
        if self.same_component is not None:
            found.append(text("alike.component" if self.same_component else "alike.other_component", language))
        return tuple(found)


def class_of(category: str) -> str:
    """Give the class of a type: ``E1`` of ``E1-02``."""
    return category.partition("-")[0]


def alike(asked: Sighting, others: Sequence[Sighting], likeness: Likeness = Likeness()) -> list[Alike]:
    """Find those of a few cases that could be the one asked for, the likeliest first.

    The same component is the same place, however far apart the points were taken. The case itself is left out.
    """
    near = [o for o in others if o.case_id != asked.case_id and class_of(o.category) == class_of(asked.category)]
    if not near:
        return []
    metres = distances_m(asked.lon, asked.lat, [o.lon for o in near], [o.lat for o in near])
    minutes = np.array([abs((o.at - asked.at).total_seconds()) / 60.0 for o in near])
    same_type = np.array([o.category == asked.category for o in near])
    named = np.array([bool(o.component and asked.component) for o in near])
    same = named & np.array([o.component == asked.component for o in near])
    score, kept = _score(likeness, metres, minutes, same_type, named, same)
    order = sorted(np.flatnonzero(kept), key=lambda i: (-score[i], metres[i], near[i].case_id))
    return [
        Alike(
            near[i].case_id,
            float(score[i]),
            float(metres[i]),
            float(minutes[i]),
            bool(same_type[i]),
            bool(same[i]) if named[i] else None,
        )
        for i in order
    ]


def duplicates(cases: gpd.GeoDataFrame, likeness: Likeness = Likeness()) -> pd.DataFrame:
    """Find all pairs of cases that could be one, the likeliest first.

    Parameters
    ----------
    cases : GeoDataFrame
        ``case_id``, ``reported_at``, ``category`` and points of frames.CASES in WGS 84; ``component`` where there.

    Returns
    -------
    DataFrame
        ``case_id`` (reported first; of two at once the lower id), ``other_id``, ``score``, ``distance_m``,
        ``minutes``, ``same_type``, ``same_component`` (missing: one of both names none).

    Raises
    ------
    ColumnError
        ``column_missing``.
    CrsError
        ``crs_missing``, ``crs_not_wgs84``, ``coordinate_out_of_range``.
    """
    frames.require_columns(cases, _NEEDED)
    frames.require_wgs84(cases)
    order = np.lexsort((cases["case_id"].to_numpy(dtype=str), cases["reported_at"].to_numpy(dtype="datetime64[us]")))
    rows = cases.iloc[order]
    lon, lat = rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy()
    frames.require_lonlat(lon, lat)
    minute = rows["reported_at"].to_numpy(dtype="datetime64[us]").astype(np.int64) / 60e6
    category = rows["category"].to_numpy(dtype=str)
    of_class, _ = pd.factorize(pd.Series([class_of(c) for c in category], dtype=object))
    part = np.full(len(rows), -1)
    if "component" in rows:
        part, _ = pd.factorize(rows["component"].where(rows["component"] != ""))
    a, b = _pairs(lon, lat, minute, of_class, np.asarray(part), likeness)
    metres = distances_m(lon[a], lat[a], lon[b], lat[b])
    minutes = minute[b] - minute[a]
    same_type = category[a] == category[b]
    named = (part[a] >= 0) & (part[b] >= 0)
    same = named & (part[a] == part[b])
    score, kept = _score(likeness, metres, minutes, same_type, named, same)
    ids = rows["case_id"].to_numpy(dtype=object)
    found = pd.DataFrame(
        {
            "case_id": pd.array(ids[a], dtype="str"),
            "other_id": pd.array(ids[b], dtype="str"),
            "score": score,
            "distance_m": metres,
            "minutes": minutes,
            "same_type": same_type,
            "same_component": pd.arrays.BooleanArray(same, ~named),
        }
    )[kept]
    return found.sort_values(
        ["score", "distance_m", "case_id", "other_id"], ascending=[False, True, True, True], ignore_index=True
    )


_NEEDED = frames.Contract("cases", ("case_id", "reported_at", "category", "geometry"))


def _score(
    likeness: Likeness, metres: Floats, minutes: Floats, same_type: Flags, named: Flags, same: Flags
) -> tuple[Floats, Flags]:
    """Give the scores, and which pairs stay."""
    kept = ((metres <= likeness.metres) | same) & (minutes <= likeness.hours * 60.0)
    if likeness.same_type:
        kept &= same_type
    close = np.where(same, 1.0, 1.0 - np.minimum(metres / max(likeness.metres, 1e-9), 1.0))
    soon = 1.0 - np.minimum(minutes / max(likeness.hours * 60.0, 1e-9), 1.0)
    kind, part = np.where(same_type, 1.0, 0.5), np.where(named, same, 0.5)
    weights = (likeness.distance, likeness.time, likeness.category, likeness.component)
    score = sum(w * v for w, v in zip(weights, (close, soon, kind, part), strict=True)) / sum(weights)
    return np.asarray(score), kept & (score >= likeness.least)


def _pairs(
    lon: Floats, lat: Floats, minute: Floats, of_class: Ints, part: Ints, likeness: Likeness
) -> tuple[Ints, Ints]:
    """Give the pairs of positions (earlier, later) of one class that are near in place and time, or of one component.

    Rows are in the order of time. What is found may lie a little too far apart; nothing is missed.
    """
    metres, minutes = likeness.metres + 1e-6, likeness.hours * 60.0
    # time as a fourth length, so that one search asks for both; a day has no more pairs than that
    place = np.column_stack([xyz_m(lon, lat), minute * (metres / max(minutes, 1e-9))])
    found = []
    for rows in _groups(of_class):
        pairs = cKDTree(place[rows]).query_pairs(metres * (1 + 1e-9), p=np.inf, output_type="ndarray")
        found.append(rows[pairs])
    for rows in _groups(part):
        last = np.searchsorted(minute[rows], minute[rows] + minutes, side="right")
        size = last - np.arange(len(rows)) - 1
        first = np.repeat(np.arange(len(rows)), size)
        second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(size) - size, size)
        pairs = np.column_stack([rows[first], rows[second]])
        found.append(pairs[of_class[pairs[:, 0]] == of_class[pairs[:, 1]]])
    both = np.sort(np.concatenate([np.empty((0, 2), np.int64), *found]), axis=1)
    keys = np.unique(both[:, 0] * np.int64(len(lon)) + both[:, 1])
    return keys // max(len(lon), 1), keys % max(len(lon), 1)


def _groups(label: Ints) -> list[Ints]:
    """Give the positions of each label that has several, in order; a negative label is none."""
    order = np.argsort(label, kind="stable")
    edges = np.flatnonzero(np.diff(label[order])) + 1
    return [rows for rows in np.split(order, edges) if len(rows) > 1 and label[rows[0]] >= 0]
