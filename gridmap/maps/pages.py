"""The three maps, as folium maps from frames: who is responsible, what happens where, what nobody looks at.

The same functions serve a notebook and the service; the service adds ``locate_url``, from which a click asks for the
people responsible. People are never part of a page.
"""

from collections.abc import Sequence
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from folium.plugins import Fullscreen

from gridmap import crs, i18n
from gridmap.analysis.frames import COVERAGE, DENSITY, require
from gridmap.analysis.sight import sight_counts
from gridmap.domain.patrols import Sight
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.colours import TINTS, quantile_classes
from gridmap.maps.elements import DrawnLayer, PageMap, Start
from gridmap.maps.features import COLOURS, Overlay, feature_rows, hidden_rows, overlay_data
from gridmap.maps.geometry import pack
from gridmap.maps.safe import encode_text

Frames = Sequence[gpd.GeoDataFrame]

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
    upper: Frames = (),
    context: gpd.GeoDataFrame | None = None,
    language: Language = "zh",
    locate_url: str | None = None,
    grid_url: str | None = None,
    time_zone: str = "Asia/Shanghai",
    ground: drawing.Ground | None = None,
    overlays: Sequence[Overlay] = (),
) -> folium.Map:
    """Draw the grids and the areas above them; a click says who is responsible.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS of the finest level, WGS 84.
    upper : sequence of GeoDataFrame
        frames.GRIDS of the coarser levels, coarsest first, such as streets and management areas.
    context : GeoDataFrame, optional
        ``kind`` (water, green, road ...), ``name`` and geometry, drawn beneath.
    language : {"zh", "en"}
        Language of everything on the page except names.
    locate_url : str, optional
        Address on the same origin that answers ``?lon=&lat=`` with a responsibility; without it the card shows what
        the frames hold.
    grid_url : str, optional
        Address on the same origin, with ``{code}`` in it, that answers with the facts of one grid.
    time_zone : str
        Zone in which times are shown.
    ground : Ground, optional
        ``drawing.ground(grids, upper)``, where several maps of the same grids are drawn.
    overlays : sequence of Overlay
        Facilities and thematic zones, drawn over the grids; each can be switched off. Where there are more than
        colours to tell them apart, the map begins without them and says how many can be switched on.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    """
    place = ground or drawing.ground(grids, upper)
    data = base_data("grids", place, context, language, (locate_url, grid_url), time_zone)
    fill = [0] * len(grids)
    if place.upper:
        tints = np.array([*place.tints, 0])
        fill = tints[place.ancestors[0]].tolist()
    data["styles"] = [{"fill": tint, "opacity": 0.58, "line": "#8a959f"} for tint in TINTS]
    data["grids"]["fill"] = fill
    data["tips"] = _ground_tips(data, language)
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
        "foot": i18n.text("legend.grids_foot", language) if locate_url else None,
    }
    return assembled("grids", place, data, language, [overlay.title for overlay in overlays], overlays_on=shown)


def hotspot_map(
    grids: gpd.GeoDataFrame,
    density: gpd.GeoDataFrame,
    *,
    incidents_shown: int,
    window: legend.Window,
    bandwidth_m: float,
    context: gpd.GeoDataFrame | None = None,
    language: Language = "zh",
    upper: Frames = (),
    locate_url: str | None = None,
    grid_url: str | None = None,
    time_zone: str = "Asia/Shanghai",
    category: str | None = None,
    ground: drawing.Ground | None = None,
) -> folium.Map:
    """Draw where incidents are dense, under the grids.

    Parameters
    ----------
    grids, upper, context, language, locate_url, grid_url, time_zone, ground
        As ``grid_map``.
    density : GeoDataFrame
        frames.DENSITY: one row a cell, in any CRS; cells without incidents near them may be left out.
    incidents_shown : int
        How many incidents the density counts: the denominator of the page.
    window : (datetime, datetime)
        Half-open time window of the incidents, aware.
    bandwidth_m : float
        Radius of the kernel, for the legend.
    category : str, optional
        Name of the category shown, for the legend; None for all.
    """
    place = ground or drawing.ground(grids, upper)
    data = base_data("hotspots", place, context, language, (locate_url, grid_url), time_zone)
    cells = crs.frame_to_wgs84(require(density, DENSITY))
    cells = cells[cells["density_per_km2"] > 0]
    values = cells["density_per_km2"].to_numpy(dtype=float)
    classes = quantile_classes(values)
    merged = drawing.surface_shapes(np.asarray(cells.geometry.array), classes.of(values), len(classes.colours))
    data["surface"] = [
        {"fill": colour, "geom": pack(np.array([shape], dtype=object), place.origin)[0]}
        for shape, colour in zip(merged, classes.colours, strict=True)
        if shape is not None
    ]
    data["styles"] = [{"fill": "#ffffff", "opacity": 0.0, "line": "#7c8893"}]
    data["grids"]["fill"] = [0] * len(grids)
    data["grids"]["peak"] = _peaks(place.grids, cells)
    data["tips"] = [
        *_ground_tips(data, language)[:1],
        {
            "key": "peak",
            "digits": 1,
            "text": i18n.text("map.tip_peak", language, value="{value}"),
            "none": i18n.text("map.tip_no_density", language),
        },
        _fixed_tip(i18n.text("map.tip_total", language, n=f"{incidents_shown:,}")),
    ]
    data["facts"] = [
        {"key": "peak", "label": i18n.text("map.fact_peak", language), "digits": 1, "unit": _per_km2(language)},
        *data["facts"],
    ]
    data["legend"] = {
        "title": i18n.text("legend.hotspots_title", language),
        "note": legend.window_note(window, bandwidth_m, language, time_zone, category),
        "rows": [
            *legend.class_rows(classes.breaks, classes.colours, language, bool(len(values))),
            *legend.line_rows(place, language),
        ],
        "foot": i18n.text("legend.hotspots_foot", language, n=f"{incidents_shown:,}"),
    }
    if not incidents_shown:
        data["notice"] = i18n.text("map.nothing_incidents", language)
    return assembled("hotspots", place, data, language)


def coverage_map(
    grids: gpd.GeoDataFrame,
    coverage: gpd.GeoDataFrame,
    *,
    window: legend.Window,
    context: gpd.GeoDataFrame | None = None,
    language: Language = "zh",
    upper: Frames = (),
    locate_url: str | None = None,
    grid_url: str | None = None,
    time_zone: str = "Asia/Shanghai",
    category: str | None = None,
    ground: drawing.Ground | None = None,
) -> folium.Map:
    """Draw which grids have few or no patrol fixes in a window, against their incidents.

    Parameters
    ----------
    grids, upper, context, language, locate_url, grid_url, time_zone, ground
        As ``grid_map``.
    coverage : GeoDataFrame
        frames.COVERAGE, one row a grid: ``status`` is covered, low, gap (no or almost no fixes although there were
        incidents) or quiet (neither); ``sight`` tells whether something was found where somebody
        looked. A grid without a row is drawn as having no data: a dotted outline.
    window, category
        As ``hotspot_map``.
    """
    place = ground or drawing.ground(grids, upper)
    data = base_data("coverage", place, context, language, (locate_url, grid_url), time_zone)
    rows = require(coverage, COVERAGE).set_index("code").reindex(place.grids["code"]).reset_index()
    states = list(_STATUS)
    words = [f"{s}{_SEEN.get(c, '')}" for s, c in zip(rows["status"], rows["sight"], strict=True)]
    status = [states.index(s) if s in _STATUS else len(states) for s in words]
    data["styles"] = [*_STATUS.values(), {"fill": "#ffffff", "opacity": 0.0, "line": "#6b7680", "dash": "2 4"}]
    data["grids"]["fill"] = status
    data["grids"]["why"] = status
    data["why"] = [i18n.text(f"map.why_{s}", language) for s in (*states, "unknown")]
    for name in ("incidents", "fixes", "units"):
        data["grids"][name] = drawing.numbers_of(rows, name)
    data["grids"]["last"] = drawing.seconds_of(rows, "last_fix_at")
    data["grids"]["ratio"] = drawing.numbers_of(rows, "fixes_per_incident", digits=1)
    never = i18n.text("map.never", language)
    data["tips"] = [
        {
            "key": "fill",
            "kind": "choice",
            "texts": [i18n.text(f"map.status_{s}", language) for s in (*states, "unknown")],
        },
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
    counts = pd.Series(status).value_counts()
    data["legend"] = {
        "title": i18n.text("legend.coverage_title", language),
        "note": legend.window_note(window, None, language, time_zone, category),
        "rows": [
            *(
                {
                    "look": {k: v for k, v in _STATUS[s].items() if k in ("fill", "pattern", "ink")},
                    "text": i18n.text(f"legend.status_{s}", language),
                    "count": f"{int(counts.get(i, 0)):,}",
                }
                for i, s in enumerate(states)
            ),
            *legend.no_data_row(int(counts.get(len(states), 0)), language),
            *legend.line_rows(place, language),
        ],
        "foot": i18n.text(
            "legend.coverage_foot",
            language,
            n=f"{len(grids):,}",
            **{word: f"{n:,}" for word, n in sight_counts(rows["sight"].dropna()).items()},
        ),
    }
    if not rows["fixes"].fillna(0).sum():
        data["notice"] = i18n.text("map.nothing_fixes", language)
    return assembled("coverage", place, data, language)


def base_data(
    kind: str,
    place: drawing.Ground,
    context: gpd.GeoDataFrame | None,
    language: Language,
    urls: tuple[str | None, str | None],
    time_zone: str,
) -> dict[str, Any]:
    """Give what the data of every kind of map begin with; ``urls``: of a place, and of a grid."""
    data = drawing.page_data(place, language)
    data["kind"] = kind
    data["locate"], data["gridUrl"] = urls
    data["timeZone"] = time_zone
    data["context"] = drawing.context_data(context, place.origin)
    data["facts"] = [
        {"key": "households", "label": i18n.text("map.fact_households", language)},
        {"key": "area", "label": i18n.text("map.fact_area", language), "digits": 2, "unit": "km²"},
    ]
    return data


def assembled(
    kind: str,
    place: drawing.Ground,
    data: dict[str, Any],
    language: Language,
    overlays: Sequence[str] = (),
    *,
    overlays_on: bool = True,
) -> folium.Map:
    """Put the layers on the map from the ground up, then the controls, then the start."""
    drawn = PageMap(i18n.text(f"map.title_{kind}", language), i18n.text("map.card", language), language, data)
    if data["context"]:
        DrawnLayer("context", i18n.text("map.layer_context", language)).add_to(drawn)
    if kind == "hotspots":
        DrawnLayer("surface", i18n.text("map.layer_density", language)).add_to(drawn)
    # the grids take the mouse and carry the selection: always there
    DrawnLayer("grids", i18n.text("map.layer_grids", language), control=False).add_to(drawn)
    for number in reversed(range(len(place.upper))):
        DrawnLayer(f"level-{number}", drawing.level_title(place.upper[number], number, language)).add_to(drawn)
    for number, title in enumerate(overlays):
        DrawnLayer(f"features-{number}", title, show=overlays_on).add_to(drawn)
    DrawnLayer("labels", i18n.text("map.layer_labels", language)).add_to(drawn)
    Fullscreen(  # type: ignore[no-untyped-call]
        position="topleft",
        title=encode_text(i18n.text("map.fullscreen", language)),
        title_cancel=encode_text(i18n.text("map.fullscreen_end", language)),
    ).add_to(drawn)
    folium.LayerControl(position="topright", collapsed=True).add_to(drawn)
    Start().add_to(drawn)
    return drawn


def _ground_tips(data: dict[str, Any], language: Language) -> list[dict[str, Any]]:
    tips = [{"key": "code", "kind": "plain", "text": i18n.text("map.tip_code", language, value="{value}")}]
    if any(v is not None for v in data["grids"]["households"]):
        tips.append({"key": "households", "text": i18n.text("map.tip_households", language, value="{value}")})
    return tips


def _fixed_tip(text: str) -> dict[str, Any]:
    return {"key": "code", "kind": "fixed", "text": text}


def _peaks(grids: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> list[float | None]:
    """Highest density among the cells whose middle lies in each grid; None where there is none."""
    if cells.empty:
        return [None] * len(grids)
    middles = gpd.GeoDataFrame(
        {"density_per_km2": cells["density_per_km2"].to_numpy()}, geometry=shapely.centroid(cells.geometry.array)
    )
    here = gpd.GeoDataFrame(geometry=crs.frame_to_wgs84(grids).geometry.array)
    middles = middles.set_crs(here.crs, allow_override=True)
    joined = gpd.sjoin(middles, here, predicate="intersects")
    peaks = joined.groupby("index_right")["density_per_km2"].max()
    return [None if row not in peaks.index else round(float(peaks[row]), 1) for row in range(len(grids))]


def _per_km2(language: Language) -> str:
    return i18n.text("map.per_km2", language)
