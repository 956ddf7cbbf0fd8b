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
import shapely

from gridmap import crs, i18n
from gridmap.analysis.bandwidths import Bandwidth, Scales
from gridmap.analysis.frames import COVERAGE, DENSITY, require
from gridmap.analysis.saying import say
from gridmap.analysis.sight import sight_counts
from gridmap.domain.patrols import Sight
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, choice_tip, numbered, paint, word_rows
from gridmap.maps.cards import About, density_sections, put_card, put_patrol_card
from gridmap.maps.colours import TINTS, quantile_classes
from gridmap.maps.features import COLOURS, Overlay, feature_rows, hidden_rows, overlay_data
from gridmap.maps.geometry import pack
from gridmap.maps.looked import Looked, looked_of, say_looked
from gridmap.maps.steps import CoverageStep, StepLook, step_data

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
#: Hatches over a surface that shows through: nobody stayed there.
_UNSEEN_ABOVE: dict[str, Any] = {"fill": None, "pattern": "thin", "ink": "#55626f", "opacity": 0.75, "line": "#7c8893"}
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
        "foot": i18n.text("legend.grids_foot", language) if data["locate"] else None,
    }
    return assembled("grids", place, data, language, [overlay.title for overlay in overlays], overlays_on=shown)


def hotspot_map(
    grids: gpd.GeoDataFrame,
    density: gpd.GeoDataFrame,
    *,
    incidents_shown: int,
    window: legend.Window,
    bandwidth_m: float | None = None,
    bandwidth: Bandwidth | None = None,
    scales: Scales | None = None,
    patrolled: pd.DataFrame | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw where incidents are dense, under the grids.

    Parameters
    ----------
    grids, around
        As ``grid_map``.
    density : GeoDataFrame
        frames.DENSITY, or what ``density_by`` gives: one row a cell, in any CRS; cells without incidents near them may
        be left out. Its ``summary``, where it has one, says how it was made.
    incidents_shown : int
        How many incidents the density counts: the denominator of the page.
    window : (datetime, datetime)
        Half-open time window of the incidents, aware.
    bandwidth_m : float, optional
        Radius of the kernel; where the frame does not say.
    bandwidth : Bandwidth, optional
        Of ``choose_bandwidth``: the card gives its reasons.
    scales : Scales, optional
        Of ``other_scales``: what stays at half and double the bandwidth.
    patrolled : DataFrame, optional
        frames.PATROLLED of the same window, or ``code`` and ``fixes`` alone: grids where nobody stayed, or passed, are
        hatched.
    category : str, optional
        Name of the category shown, for the legend; None for all.
    about : About, optional
        What the map cannot know of itself.
    """
    place, data, language = begin("hotspots", grids, around)
    ratio = "ratio" in density.columns
    name = "ratio" if ratio else "density_per_km2"
    cells = crs.frame_to_wgs84(density if ratio else require(density, DENSITY))
    cells = cells[cells[name] > 0]
    summary = {"cell_m": None, **density.attrs.get("summary", {})}
    if bandwidth_m is not None or "bandwidth_m" not in summary:
        summary["bandwidth_m"] = bandwidth_m if bandwidth is None else bandwidth.bandwidth_m
    values = cells[name].to_numpy(dtype=float)
    classes = quantile_classes(values)
    merged = drawing.surface_shapes(np.asarray(cells.geometry.array), classes.of(values), len(classes.colours))
    data["surface"] = [
        {"fill": colour, "geom": pack(np.array([shape], dtype=object), place.origin)[0]}
        for shape, colour in zip(merged, classes.colours, strict=True)
        if shape is not None
    ]
    looked = looked_of(patrolled, place)
    data["styles"] = [{"fill": "#ffffff", "opacity": 0.0, "line": "#7c8893"}, _UNSEEN_ABOVE]
    data["grids"]["fill"] = [0] * len(grids) if looked is None else looked.unseen.astype(int).tolist()
    data["grids"]["peak"] = _peaks(place.grids, cells, name)
    unit = _unit(summary, ratio, language)
    data["tips"] = [
        *_ground_tips(data, language)[:1],
        {
            "key": "peak",
            "digits": 1,
            "text": i18n.text("mapcard.tip_peak", language, value="{value}", unit=unit),
            "none": i18n.text("map.tip_no_density", language),
        },
        _fixed_tip(i18n.text("map.tip_total", language, n=f"{incidents_shown:,}")),
    ]
    facts = [{"key": "peak", "label": i18n.text("map.fact_peak", language), "digits": 1, "unit": unit}]
    if looked is not None:
        data["grids"] |= looked.columns()
        facts += looked.facts(language)
        data["grids"]["why"] = looked.unseen.astype(int).tolist()
        data["why"] = ["", say("place_unseen").text(language)]
    data["facts"] = [*facts, *data["facts"]]
    title, foot = _density_words(summary, ratio, incidents_shown, unit, language)
    metres = summary["bandwidth_m"]
    note = legend.window_note(window, metres, language, data["timeZone"], category)
    data["legend"] = {
        "title": title,
        "note": note,
        "rows": [
            *legend.class_rows(classes.breaks, classes.colours, language, bool(len(values))),
            *_unseen_row(looked, language),
            *legend.line_rows(place, language),
        ],
        "foot": foot,
    }
    if metres is not None and summary["cell_m"] is not None:
        counted = {"n": f"{incidents_shown:,}", "window": note, "unit": unit}
        put_card(
            data,
            [
                *density_sections(
                    summary, i18n.text("mapcard.counted_density", language, **counted), bandwidth, scales
                ),
                ("looked", say_looked(looked, asked=patrolled is not None)),
            ],
            about,
            language,
        )
    if not incidents_shown:
        data["notice"] = i18n.text("map.nothing_incidents", language)
    return assembled("hotspots", place, data, language)


def _unit(summary: dict[str, Any], ratio: bool, language: Language) -> str:
    """Name what the density is counted by: the ground, the ground and days, or a denominator."""
    if ratio:
        return i18n.text(f"say.denominator_{summary['denominator']}", language)
    per_days = summary.get("per_days")
    per_km2 = i18n.text("map.per_km2", language)
    return per_km2 if per_days is None else i18n.text("mapcard.per_days", language, unit=per_km2, days=f"{per_days:g}")


def _density_words(
    summary: dict[str, Any], ratio: bool, incidents: int, unit: str, language: Language
) -> tuple[str, str]:
    """Give title and foot of the legend."""
    n = f"{incidents:,}"
    if not ratio:
        days = summary.get("per_days")
        title = i18n.text("legend.hotspots_title", language)
        if days is not None:
            title = i18n.text("legend.hotspots_title_days", language, days=f"{days:g}")
        return title, i18n.text("legend.hotspots_foot", language, n=n)
    overall = "–" if summary["overall"] is None else f"{summary['overall']:,.3g}"
    return (
        i18n.text("legend.ratio_title", language, denominator=unit),
        i18n.text("legend.ratio_foot", language, denominator=unit, n=n, overall=overall),
    )


def _unseen_row(looked: Looked | None, language: Language) -> list[dict[str, Any]]:
    if looked is None:
        return []
    look = {"fill": "#ffffff", "pattern": "thin", "ink": _UNSEEN_ABOVE["ink"]}
    text = i18n.text("legend.unseen", language)
    return [{"look": look, "text": text, "count": f"{int(looked.unseen.sum()):,}"}]


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


def _ground_tips(data: dict[str, Any], language: Language) -> list[dict[str, Any]]:
    tips = [{"key": "code", "kind": "plain", "text": i18n.text("map.tip_code", language, value="{value}")}]
    if any(v is not None for v in data["grids"]["households"]):
        tips.append({"key": "households", "text": i18n.text("map.tip_households", language, value="{value}")})
    return tips


def _fixed_tip(text: str) -> dict[str, Any]:
    return {"key": "code", "kind": "fixed", "text": text}


def _peaks(grids: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, name: str) -> list[float | None]:
    """Highest density among the cells whose middle lies in each grid; None where there is none."""
    if cells.empty:
        return [None] * len(grids)
    middles = gpd.GeoDataFrame({name: cells[name].to_numpy()}, geometry=shapely.centroid(cells.geometry.array))
    here = gpd.GeoDataFrame(geometry=crs.frame_to_wgs84(grids).geometry.array)
    middles = middles.set_crs(here.crs, allow_override=True)
    joined = gpd.sjoin(middles, here, predicate="intersects")
    peaks = joined.groupby("index_right")[name].max()
    return [None if row not in peaks.index else round(float(peaks[row]), 1) for row in range(len(grids))]
