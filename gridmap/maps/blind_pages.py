"""The map of blind spots: who looks at each grid, told apart by pattern as well as by colour.

Plain where patrols stayed, dotted where cameras alone look, hatched where nobody does (thick: with incidents).
"""

from typing import Any, Unpack

import folium
import geopandas as gpd
import pandas as pd

from gridmap import i18n
from gridmap.domain.patrols import PatrolRules, Watched, packaged_patrol_rules
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, look_rows, paint

_LOOKS: dict[str, dict[str, Any]] = {
    "blind_found": {"fill": "#f5c9a6", "pattern": "hatch", "ink": "#a33b12", "opacity": 0.95, "line": "#7d3a1c"},
    "blind_clear": {"fill": "#eeede9", "pattern": "thin", "ink": "#b3b0a8", "opacity": 0.95, "line": "#9aa1a7"},
    "camera": {"fill": "#dbe7d3", "pattern": "dots", "ink": "#4e7a3e", "opacity": 0.95, "line": "#6d8a62"},
    "patrol": {"fill": "#9cc0d8", "opacity": 0.95, "line": "#567f9e"},
}


def blind_map(
    grids: gpd.GeoDataFrame,
    watched: pd.DataFrame,
    *,
    window: legend.Window,
    cameras: int,
    rules: PatrolRules | None = None,
    category: str | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw which grids patrols, cameras alone, and nobody look at.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    watched : DataFrame
        Of ``blind_spots``, with ``incidents``, one row a grid; one without a row has no data.
    window : (datetime, datetime)
        Half-open time window of the fixes, aware.
    cameras : int
        How many there are; of none the legend says so.
    rules : PatrolRules, optional
        By which they were measured; those of the package without it.
    category : str, optional
        Name of the category of the incidents, for the legend; None for all.
    """
    place, data, language = begin("blind", grids, around)
    rules = rules or packaged_patrol_rules()
    rows = watched.set_index("code").reindex(place.grids["code"]).reset_index()
    words = [_word(row) for row in rows.itertuples()]
    paint(data, _LOOKS, words)
    data["grids"]["camera_share"] = [None if pd.isna(v) else round(100 * float(v), 1) for v in rows["camera_share"]]
    data["grids"]["incidents"] = drawing.numbers_of(rows, "incidents")
    data["grids"]["why"] = data["grids"]["fill"]
    figures = {"share": "{camera_share}", "n": "{incidents}", "reach": f"{rules.camera_reach_m:g}"}
    data["why"] = [i18n.text(f"map.why_watched_{word}", language, **figures) for word in _LOOKS]
    data["why"].append(i18n.text("map.why_unknown", language))
    texts = [i18n.text(f"legend.watched_{word}", language) for word in _LOOKS]
    data["tips"] = [
        {"key": "fill", "kind": "choice", "texts": [*texts, i18n.text("legend.status_unknown", language)]},
        {"key": "camera_share", "digits": 1, "text": i18n.text("map.tip_camera_share", language, value="{value}")},
        {"key": "incidents", "text": i18n.text("map.tip_incidents_in", language, value="{value}")},
    ]
    data["facts"] = [
        {"key": "incidents", "label": i18n.text("map.fact_incidents", language)},
        {"key": "camera_share", "label": i18n.text("map.fact_camera_share", language), "digits": 1, "unit": "%"},
        *data["facts"],
    ]
    counts = {word.value: f"{int((rows['watched'] == word.value).sum()):,}" for word in Watched}
    told = {"reach": f"{rules.camera_reach_m:g}", "share": f"{100 * rules.camera_share:g}", "cameras": f"{cameras:,}"}
    data["legend"] = {
        "title": i18n.text("legend.blind_title", language),
        "note": legend.window_note(window, None, language, data["timeZone"], category),
        "rows": [*look_rows(_LOOKS, words, texts, language), *legend.line_rows(place, language)],
        "foot": i18n.text(
            "legend.blind_foot" if cameras else "legend.blind_no_camera", language,
            minutes=f"{rules.dwell_s / 60:g}", **counts, **told,
        ),
    }  # fmt: skip
    return assembled("blind", place, data, language)


def _word(row: Any) -> str:
    if pd.isna(row.watched):
        return "unknown"
    if row.watched != Watched.BLIND.value:
        return str(row.watched)
    return "blind_found" if row.incidents > 0 else "blind_clear"
