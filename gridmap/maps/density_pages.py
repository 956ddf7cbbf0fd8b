"""The map of density: where incidents are dense, or dense for what they are counted against, with a slider."""

from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs, i18n
from gridmap.analysis.bandwidths import Bandwidth, Scales
from gridmap.analysis.density import PER
from gridmap.analysis.density_steps import DensitySteps
from gridmap.analysis.frames import DENSITY, require
from gridmap.analysis.saying import say
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, ground_tips
from gridmap.maps.cards import About, density_sections, put_card
from gridmap.maps.colours import Classes, quantile_classes
from gridmap.maps.geometry import pack
from gridmap.maps.lattice_surface import PARTS, lattice_knots, lattice_surface
from gridmap.maps.looked import Looked, looked_of, say_looked
from gridmap.maps.steps import StepLook, step_data

#: Share of a cell that must be ground for it to be drawn in a part of the window.
_MOSTLY = 0.5
#: Hatches over a surface that shows through: nobody stayed there.
_UNSEEN_ABOVE: dict[str, Any] = {"fill": None, "pattern": "thin", "ink": "#55626f", "opacity": 0.75, "line": "#7c8893"}


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
    steps: DensitySteps | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw where incidents are dense, under the grids.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
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
    steps : DensitySteps, optional
        Of ``density_steps``: a slider goes through the parts of the window, in the classes of the whole of it. A map of
        a ratio has none.
    category : str, optional
        Name of the category shown, for the legend; None for all.
    about : About, optional
        What the map cannot know of itself.
    """
    place, data, language = begin("hotspots", grids, around)
    ratio = "ratio" in density.columns
    name = "ratio" if ratio else "density_per_km2"
    summary = {"cell_m": None, **density.attrs.get("summary", {})}
    cells = crs.frame_to_wgs84(density if ratio else require(density, DENSITY))
    if ratio:
        # by thousands of households: hundredths of an incident cannot be read
        cells = cells.assign(ratio=cells["ratio"] * PER[summary["denominator"]])
    cells = cells[cells[name] > 0]
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
        *ground_tips(data, language)[:1],
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
    if steps is not None and len(steps.periods) > 1 and not ratio:
        data["steps"] = step_data(_steps(steps, classes, place, language), data["timeZone"], category, language)
        data["lattice"] = {"parts": PARTS, "knots": lattice_knots(steps.raster)}
        data["lattice"] |= {"rows": steps.raster.rows, "columns": steps.raster.columns}
    if not incidents_shown:
        data["notice"] = i18n.text("map.nothing_incidents", language)
    return assembled("hotspots", place, data, language)


def _steps(steps: DensitySteps, classes: Classes, place: drawing.Ground, language: Language) -> list[StepLook]:
    """Draw each period by whole cells; those that are mostly beyond the border are left out."""
    row, column = (steps.cells[name].to_numpy(dtype=np.int64) for name in ("row", "column"))
    near = steps.cells["ground"].to_numpy() >= _MOSTLY
    grid, cell = _held(place.grids, crs.from_metric(steps.raster.boxes(row, column), steps.raster.epsg))
    looks = []
    for one in steps.periods:
        some = near & (one.per_km2 > 0)
        surface = lattice_surface(row[some], column[some], classes.of(one.per_km2[some]), classes.colours)
        peaks = _highest(len(place.grids), grid, one.per_km2[cell])
        key = "legend.hotspots_foot" if one.incidents else "map.nothing_incidents"
        foot = i18n.text(key, language, **({"n": f"{one.incidents:,}"} if one.incidents else {}))
        looks.append(StepLook((one.start, one.end), {"peak": peaks}, foot, surface))
    return looks


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
    per = PER[summary["denominator"]]
    overall = "–" if summary["overall"] is None else f"{summary['overall'] * per:,.3g}"
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


def _fixed_tip(text: str) -> dict[str, Any]:
    return {"key": "code", "kind": "fixed", "text": text}


def _peaks(grids: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, name: str) -> list[float | None]:
    """Give the highest figure among the cells whose middle lies in each grid; None where there is none."""
    grid, cell = _held(grids, np.asarray(cells.geometry.array))
    return _highest(len(grids), grid, cells[name].to_numpy(dtype=np.float64)[cell])


def _held(grids: gpd.GeoDataFrame, cells: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give the pairs of a grid and a cell whose middle lies in it, by their numbers; cells in WGS 84."""
    tree = shapely.STRtree(np.asarray(shapely.centroid(cells), dtype=object))
    grid, cell = tree.query(np.asarray(crs.frame_to_wgs84(grids).geometry.array), predicate="intersects")
    return grid, cell


def _highest(grids: int, grid: npt.NDArray[np.intp], values: npt.NDArray[np.float64]) -> list[float | None]:
    found = np.zeros(grids)
    np.maximum.at(found, grid, values)
    return [round(value, 1) if value > 0 else None for value in found.tolist()]
