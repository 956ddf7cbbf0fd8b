"""The three maps, as folium maps from frames: who is responsible, what happens where, what nobody looks at.

The same functions serve a notebook and the service; the service adds ``locate_url``, from which a click asks for the
people responsible. People are never part of a page.
"""

from collections.abc import Sequence
from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap import i18n
from gridmap.analysis.frames import COVERAGE, require
from gridmap.analysis.sight import sight_counts
from gridmap.domain.patrols import Sight
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, choice_tip, ground_tips, numbered, paint, word_rows
from gridmap.maps.cards import About, put_patrol_card
from gridmap.maps.colours import TINTS
from gridmap.maps.density_pages import hotspot_map
from gridmap.maps.features import COLOURS, Overlay, feature_rows, hidden_rows, overlay_data
from gridmap.maps.steps import CoverageStep, StepLook, step_data

__all__ = ["coverage_map", "grid_map", "hotspot_map"]

#: Order, fill and pattern of what is known of a grid. The pattern tells the three colours apart without the colour:
#: seen and something found is plain, seen and nothing found dotted, not seen hatched, never pale. Pale: few patrols.
_STATUS: dict[str, dict[str, Any]] = {
    "gap": {"fill": "#f5c9a6", "pattern": "hatch", "ink": "#a33b12", "opacity": 0.95, "line": "#7d3a1c"},
    "quiet": {"fill": "#eeede9", "pattern": "thin", "ink": "#b3b0a8", "opacity": 0.95, "line": "#9aa1a7"},
    "low_found": {"fill": "#d3e1ea", "opacity": 0.95, "line": "#5d7f95"},
    "low_clear": {"fill": "#e3edf2", "pattern": "dots", "ink": "#2f6d92", "opacity": 0.95, "line": "#5d7f95"},
    "covered_found": {"fill": "#7ba9c9", "opacity": 0.9, "line": "#567f9e"},
    "covered_clear": {"fill": "#9cc0d8", "pattern": "dots", "ink": "#1f4f70", "opacity": 0.95, "line": "#567f9e"},
}
_SEEN = {Sight.FOUND.value: "_found", Sight.CLEAR.value: "_clear"}


def grid_map(
    grids: gpd.GeoDataFrame,
    *,
    overlays: Sequence[Overlay] = (),
    **around: Unpack[Around],
) -> folium.Map:
    """Draw the grids and the areas above them; a click says who is responsible.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS of the finest level, WGS 84.
    overlays : sequence of Overlay
        Facilities and thematic zones, drawn over the grids; each can be switched off. Where there are more than
        colours to tell them apart, the map begins without them and says how many can be switched on.
    around : Around

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    """
    place, data, language = begin("grids", grids, around)
    fill = [0] * len(grids)
    if place.upper:
        tints = np.array([*place.tints, 0])
        fill = tints[place.ancestors[0]].tolist()
    data["styles"] = [{"fill": tint, "opacity": 0.58, "line": "#8a959f"} for tint in TINTS]
    data["grids"]["fill"] = fill
    data["tips"] = ground_tips(data, language)
    data["features"] = overlay_data(overlays, place.origin)
    shown = len(overlays) <= len(COLOURS)
    data["legend"] = {
        "title": i18n.text("legend.grids_title", language),
        "note": i18n.text("legend.grids_note", language, n=f"{len(grids):,}"),
        "rows": [
            *(feature_rows if shown else hidden_rows)(overlays, language),
            *legend.line_rows(place, language),
            *legend.context_rows(data, language),
        ],
        "foot": i18n.text("legend.grids_foot", language) if data["locate"] else None,
    }
    return assembled("grids", place, data, language, [overlay.title for overlay in overlays], overlays_on=shown)


def coverage_map(
    grids: gpd.GeoDataFrame,
    coverage: gpd.GeoDataFrame,
    *,
    window: legend.Window,
    category: str | None = None,
    steps: Sequence[CoverageStep] = (),
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw which grids have few or no patrol fixes in a window, against their incidents.

    Parameters
    ----------
    grids, around
        As ``grid_map``.
    coverage : GeoDataFrame
        frames.COVERAGE, one row a grid: ``status`` is covered, low, gap (no or almost no fixes although there were
        incidents) or quiet (neither); ``sight`` tells whether something was found where somebody
        looked. A grid without a row is drawn as having no data: a dotted outline.
    window, category
        As ``hotspot_map``.
    steps : sequence of CoverageStep
        Parts of the window, earliest first, such as its days: a slider goes through them.
    about : About, optional
        As ``hotspot_map``.
    """
    place, data, language = begin("coverage", grids, around)
    rows = require(coverage, COVERAGE).set_index("code").reindex(place.grids["code"]).reset_index()
    states, words = list(_STATUS), _words(rows)
    data["grids"]["why"] = paint(data, _STATUS, words)
    figures = {name: f"{{{name}}}" for name in ("incidents", "fixes", "units")}
    data["why"] = [i18n.text(f"map.why_{s}", language, **figures) for s in (*states, "unknown")]
    data["grids"] |= _looked(rows)
    never = i18n.text("map.never", language)
    data["tips"] = [
        choice_tip(_STATUS, "status", "unknown", language),
        {"key": "fixes", "of": "incidents", "text": i18n.text("map.tip_fixes", language, value="{value}", of="{of}")},
        {
            "key": "last",
            "kind": "time",
            "text": i18n.text("map.tip_last", language, value="{value}"),
            "none": i18n.text("map.tip_never", language),
        },
    ]
    data["facts"] = [
        {"key": "incidents", "label": i18n.text("map.fact_incidents", language)},
        {"key": "fixes", "label": i18n.text("map.fact_fixes", language)},
        {"key": "units", "label": i18n.text("map.fact_units", language)},
        {"key": "last", "kind": "time", "label": i18n.text("map.fact_last", language), "none": never},
        *data["facts"],
    ]
    data["legend"] = {
        "title": i18n.text("legend.coverage_title", language),
        "note": legend.window_note(window, None, language, data["timeZone"], category),
        "rows": [*word_rows(_STATUS, words, "status", language), *legend.line_rows(place, language)],
        "foot": _coverage_foot(rows, language),
    }
    if len(steps) > 1:
        looks = [_step(step, place, language) for step in steps]
        data["steps"] = step_data(looks, data["timeZone"], category, language)
    put_patrol_card(data, int(rows["incidents"].fillna(0).sum()), about, language)
    if not rows["fixes"].fillna(0).sum():
        data["notice"] = i18n.text("map.nothing_fixes", language)
    return assembled("coverage", place, data, language)


def _words(rows: pd.DataFrame) -> list[str]:
    """Give the look of each grid of frames.COVERAGE."""
    return [f"{s}{_SEEN.get(c, '')}" for s, c in zip(rows["status"], rows["sight"], strict=True)]


def _looked(rows: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """Give the figures of each grid that its card and its tooltip tell."""
    figures: dict[str, list[Any]] = {name: drawing.numbers_of(rows, name) for name in ("incidents", "fixes", "units")}
    figures["last"] = drawing.seconds_of(rows, "last_fix_at")
    figures["ratio"] = drawing.numbers_of(rows, "fixes_per_incident", digits=1)
    return figures


def _coverage_foot(rows: pd.DataFrame, language: Language) -> str:
    counts = {word: f"{n:,}" for word, n in sight_counts(rows["sight"].dropna()).items()}
    return i18n.text("legend.coverage_foot", language, n=f"{len(rows):,}", **counts)


def _step(step: CoverageStep, place: drawing.Ground, language: Language) -> StepLook:
    rows = step.coverage.set_index("code").reindex(place.grids["code"]).reset_index()
    fill = numbered(_STATUS, _words(rows))
    foot = _coverage_foot(rows, language) if rows["fixes"].sum() else i18n.text("map.nothing_fixes", language)
    return StepLook((step.start, step.end), {"fill": fill, "why": fill, **_looked(rows)}, foot)
