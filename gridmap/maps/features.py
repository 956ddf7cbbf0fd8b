"""Layers of facilities and thematic zones over the grids: what is drawn of them, and their rows in the legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely

from gridmap import crs, i18n
from gridmap.domain.features import FeatureState
from gridmap.i18n import Language
from gridmap.maps.drawing import texts_of
from gridmap.maps.geometry import Shapes, pack

#: Strong colours on any tint of the grids, told apart also by those who do not see red, green or blue.
COLOURS = ("#b3261e", "#3a69da", "#3e2541", "#70726a", "#361e98", "#7e5f84")
#: Features of a layer that are drawn, and vertices of all its lines and areas.
MAX_DRAWN = 3_000
VERTEX_BUDGET = 30_000
_TOLERANCES_M = (0.5, 2.0, 8.0, 32.0)
_STATES = list(FeatureState)
#: Colours of what is no layer of facilities.
_LOOKS = {"gap": "#7d1f0a", "number": "#a3195b"}


@dataclass(frozen=True)
class Overlay:
    """A layer as a map shows it: its title, and ``code, name, state`` and geometry of its features.

    ``notes`` says of each feature what is told in place of its state. ``look``: ``gap`` for ground that lacks
    something, drawn as a dashed outline; ``number`` for places drawn large with their number in the order of the rows.
    """

    title: str
    features: gpd.GeoDataFrame
    notes: tuple[str, ...] | None = None
    look: Literal["", "gap", "number"] = ""


def overlay_data(overlays: Sequence[Overlay], origin: tuple[int, int]) -> list[dict[str, Any]]:
    """Give the layers as columns of a page: names, states (numbers), kinds (0 point, 1 line, 2 area) and shapes."""
    return [_columns(overlay, COLOURS[i % len(COLOURS)], origin) for i, overlay in enumerate(overlays)]


def _columns(overlay: Overlay, colour: str, origin: tuple[int, int]) -> dict[str, Any]:
    frame = crs.frame_to_wgs84(overlay.features).iloc[:MAX_DRAWN]
    codes = [str(code) for code in frame["code"]]
    shapes = _simple(np.asarray(frame.geometry.array)) if len(frame) else np.empty(0, dtype=object)
    own: dict[str, Any] = {} if overlay.notes is None else {"note": list(overlay.notes[:MAX_DRAWN])}
    if overlay.look:
        own["look"] = overlay.look
    return {
        **own,
        "colour": _LOOKS.get(overlay.look, colour),
        "name": [name or code for name, code in zip(texts_of(frame, "name"), codes, strict=True)],
        "state": [_STATES.index(FeatureState(state)) for state in frame["state"]],
        "kind": shapely.get_dimensions(shapes).tolist(),
        "geom": pack(shapes, origin),
    }


def _simple(shapes: Shapes) -> Shapes:
    """Simplify each shape by itself, more where there are many vertices; zones need not meet as grids do."""
    epsg = crs.metric_epsg_of(shapes)
    metric = simple = crs.to_metric(shapes, epsg)
    for tolerance in _TOLERANCES_M:
        if shapely.get_num_coordinates(simple).sum() <= VERTEX_BUDGET:
            break
        simple = shapely.simplify(metric, tolerance, preserve_topology=True)
    return np.asarray(crs.from_metric(simple, epsg), dtype=object)


def feature_rows(overlays: Sequence[Overlay], language: Language) -> list[dict[str, Any]]:
    """Give the legend's rows: one for each state that a layer has."""
    rows = []
    for i, overlay in enumerate(overlays):
        counts = overlay.features["state"].value_counts()
        rows += [
            {
                "look": {"dot": COLOURS[i % len(COLOURS)], "state": _STATES.index(state)},
                "text": i18n.text(
                    "legend.features", language, layer=overlay.title, state=i18n.text(f"map.state_{state}", language)
                ),
                "count": f"{int(counts[state]):,}",
            }
            for state in _STATES
            if state in counts.index
        ]
        rows += _cut_row(overlay, i, language)
    return rows


def _cut_row(overlay: Overlay, number: int, language: Language) -> list[dict[str, Any]]:
    if len(overlay.features) <= MAX_DRAWN:
        return []
    told = i18n.text("legend.features_cut", language, layer=overlay.title, n=f"{MAX_DRAWN:,}")
    return [{"look": {"dot": COLOURS[number % len(COLOURS)], "state": len(_STATES)}, "text": told}]


def hidden_rows(overlays: Sequence[Overlay], language: Language) -> list[dict[str, Any]]:
    """Give the legend's rows where the layers are switched off at first: how many there are, and which are cut."""
    many = sum(len(overlay.features) for overlay in overlays)
    told = i18n.text("legend.features_hidden", language, layers=f"{len(overlays):,}", n=f"{many:,}")
    rows = [{"look": {"dot": COLOURS[0], "state": len(_STATES)}, "text": told}]
    return rows + [row for i, overlay in enumerate(overlays) for row in _cut_row(overlay, i, language)]
