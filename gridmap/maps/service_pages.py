"""The maps of services and of staff: what no facility reaches, and which grids are short of people."""

from collections.abc import Sequence
from typing import Any, Unpack

import folium
import geopandas as gpd
import pandas as pd

from gridmap import i18n
from gridmap.analysis.frames import SERVICE_COVERAGE, STAFFING, require, require_columns
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, choice_tip, paint, word_rows
from gridmap.maps.features import Overlay, feature_rows, overlay_data

#: Fill and pattern by covered ground; what is not reached is hatched, never pale.
_SERVICE: dict[str, dict[str, Any]] = {
    "gap": {"fill": "#f5c9a6", "pattern": "hatch", "ink": "#a33b12", "opacity": 0.95, "line": "#7d3a1c"},
    "less": {"fill": "#f3e3c3", "pattern": "thin", "ink": "#b98a2e", "opacity": 0.95, "line": "#8c7a4e"},
    "more": {"fill": "#e3edf2", "pattern": "dots", "ink": "#2f6d92", "opacity": 0.95, "line": "#5d7f95"},
    "covered": {"fill": "#7ba9c9", "opacity": 0.9, "line": "#567f9e"},
}
_STAFF: dict[str, dict[str, Any]] = {
    "under": {"fill": "#f5c9a6", "pattern": "hatch", "ink": "#a33b12", "opacity": 0.95, "line": "#7d3a1c"},
    "enough": {"fill": "#7ba9c9", "opacity": 0.9, "line": "#567f9e"},
    "over": {"fill": "#e3edf2", "pattern": "dots", "ink": "#2f6d92", "opacity": 0.95, "line": "#5d7f95"},
    "unknown": {"fill": "#eeede9", "pattern": "thin", "ink": "#b3b0a8", "opacity": 0.95, "line": "#9aa1a7"},
}
#: Share of the ground from which on a grid is covered for the greater part.
HALF = 0.5
_SUMS = ("workers_needed", "heads_short", "workers_short", "workers_spare")
#: Gaps that are drawn, the largest ones.
MAX_GAPS = 400


def service_map(
    grids: gpd.GeoDataFrame,
    coverage: gpd.GeoDataFrame,
    *,
    layer: Overlay,
    reach: str,
    gaps: gpd.GeoDataFrame,
    places: Overlay | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw how much of each grid has a facility within reach, and the facilities.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    coverage : GeoDataFrame
        frames.SERVICE_COVERAGE, one row a grid; one without a row has no data.
    layer : Overlay
        The facilities that were counted.
    reach : str
        How far they reach, in words.
    gaps : GeoDataFrame
        frames.SERVICE_GAPS: the ground out of reach, largest first.
    places : Overlay, optional
        Suggested new places, as ``place_overlay`` gives them.
    """
    place, data, language = begin("services", grids, around)
    rows = require(coverage, SERVICE_COVERAGE).set_index("code").reindex(place.grids["code"]).reset_index()
    status = [_class(row.status, row.area_share) for row in rows.itertuples()]
    paint(data, _SERVICE, status)
    data["grids"]["share"] = _percent(rows["area_share"])
    data["grids"]["reached"] = _percent(rows["household_share"])
    data["grids"]["nearest"] = drawing.numbers_of(rows, "nearest_m")
    data["grids"]["posts"] = drawing.numbers_of(rows, "facilities")
    data["grids"]["why"] = list(range(len(rows)))
    data["why"] = [_service_sentence(row, reach, language) for row in rows.itertuples()]
    data["tips"] = [
        choice_tip(_SERVICE, "service", "unknown", language),
        {"key": "share", "digits": 1, "text": i18n.text("map.tip_service", language, value="{value}")},
        {
            "key": "nearest",
            "text": i18n.text("map.tip_nearest", language, value="{value}"),
            "none": i18n.text("map.tip_no_facility", language),
        },
    ]
    data["facts"] = [
        {"key": "share", "label": i18n.text("map.fact_ground_share", language), "digits": 1, "unit": "%"},
        {"key": "reached", "label": i18n.text("map.fact_household_share", language), "digits": 1, "unit": "%"},
        {"key": "posts", "label": i18n.text("map.fact_posts", language)},
        {"key": "nearest", "label": i18n.text("map.fact_nearest", language), "unit": "m"},
        *data["facts"],
    ]
    told = _gap_texts(gaps, coverage, language)
    first = {code: number for number, codes in reversed(list(enumerate(gaps["grids"]))) for code in codes}
    data["grids"]["gap"] = [first.get(code) for code in place.grids["code"]]
    data["tips"].append({"key": "gap", "kind": "choice", "texts": [" · ".join(words) for words in told]})
    drawn = gaps.iloc[:MAX_GAPS]
    outline = drawn.assign(code=drawn["gap"].astype(str), name=[size for size, _ in told[:MAX_GAPS]], state="open")
    ground_out = Overlay(
        i18n.text("map.layer_gaps", language), outline, tuple(homes for _, homes in told[:MAX_GAPS]), "gap"
    )
    facilities = [layer] if len(layer.features) else []
    new = [] if places is None or not len(places.features) else [places]
    overlays = [*facilities, *([ground_out] if len(drawn) else []), *new]
    data["features"] = overlay_data(overlays, place.origin)
    data["legend"] = {
        "title": i18n.text("legend.services_title", language, layer=layer.title),
        "note": i18n.text("legend.services_note", language, reach=reach, n=f"{len(layer.features):,}"),
        "rows": [
            *word_rows(_SERVICE, status, "service", language),
            *feature_rows(facilities, language),
            *_gap_row(len(gaps), language),
            *([{"look": {"number": True}, "text": i18n.text("legend.places", language)}] if new else []),
            *legend.line_rows(place, language),
        ],
        "foot": i18n.text("legend.services_foot", language, n=f"{len(grids):,}", gaps=f"{len(gaps):,}"),
    }
    if not len(layer.features):
        data["notice"] = i18n.text("map.nothing_facilities", language)
    return assembled("services", place, data, language, [overlay.title for overlay in overlays])


def place_overlay(chosen: gpd.GeoDataFrame, reasons: Sequence[str], language: Language) -> Overlay:
    """Give suggested places (``code``, ``name`` and geometry, the best first) as a layer, each with its reason."""
    frame = chosen.assign(name=chosen["name"].where(chosen["name"] != "", chosen["code"]), state="planned")
    return Overlay(i18n.text("map.layer_places", language), frame, tuple(reasons), "number")


def _gap_texts(gaps: gpd.GeoDataFrame, coverage: gpd.GeoDataFrame, language: Language) -> list[tuple[str, str]]:
    """Give size and households of each gap in words, both with what they are a part of."""
    ground, homes = float(coverage["area_m2"].sum()), coverage["households"].sum(min_count=1)
    of_all = "–" if pd.isna(homes) else f"{homes:,.0f}"
    return [
        (
            i18n.text(
                "map.gap_tip", language, n=f"{row.gap}", area=f"{row.area_m2 / 1e4:,.1f}",
                share=f"{100 * row.area_m2 / ground:.1f}",
            ),
            i18n.text("map.gap_homes", language, homes=f"{row.households:,.0f}", all=of_all),
        )
        for row in gaps.itertuples()
    ]  # fmt: skip


def _gap_row(count: int, language: Language) -> list[dict[str, Any]]:
    if not count:
        return []
    key = "legend.gaps" if count <= MAX_GAPS else "legend.gaps_drawn"
    text = i18n.text(key, language, n=f"{count:,}", drawn=f"{MAX_GAPS:,}")
    return [{"look": {"line": "#7d1f0a", "dash": "dashed", "width": 1.5}, "text": text}]


def _class(status: Any, share: Any) -> str:
    if status == "partly":
        return "more" if share >= HALF else "less"
    return status if status in _SERVICE else "unknown"


def _percent(shares: Any) -> list[float | None]:
    return [None if pd.isna(share) else round(100 * float(share), 1) for share in shares]


def _service_sentence(row: Any, reach: str, language: Language) -> str:
    if pd.isna(row.area_share):
        return i18n.text("map.why_unknown", language)
    told = {"share": f"{100 * row.area_share:.1f}", "reach": reach}
    parts = [i18n.text("map.why_service", language, **told)]
    if not pd.isna(row.households):
        reached, all_of = f"{row.covered_households:,.0f}", f"{row.households:,.0f}"
        parts.append(i18n.text("map.why_service_households", language, reached=reached, all=all_of))
    if not pd.isna(row.nearest_m):
        parts.append(i18n.text("map.why_service_nearest", language, metres=f"{row.nearest_m:,.0f}"))
    return "".join(parts)


def staffing_map(
    grids: gpd.GeoDataFrame,
    staffing: pd.DataFrame,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw which grids are short of heads and workers, and which have more than they need.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    staffing : DataFrame
        frames.STAFFING, one row a grid; one without a row has no data.
    """
    place, data, language = begin("staffing", grids, around)
    require_columns(staffing, STAFFING)
    rows = staffing.set_index("code").reindex(place.grids["code"]).reset_index()
    status = [s if s in _STAFF else "none" for s in rows["status"]]
    paint(data, _STAFF, status)
    for name in ("heads", "workers", "workers_needed"):
        data["grids"][name] = _whole(rows[name])
    data["grids"]["load"] = [None if pd.isna(v) or v == float("inf") else round(float(v), 1) for v in rows["load"]]
    data["grids"]["why"] = list(range(len(rows)))
    data["why"] = [_staff_sentence(row, language) for row in rows.itertuples()]
    data["tips"] = [
        choice_tip(_STAFF, "staff", "none", language),
        {
            "key": "workers",
            "of": "workers_needed",
            "text": i18n.text("map.tip_workers", language, value="{value}", of="{of}"),
        },
    ]
    data["facts"] = [
        {"key": "heads", "label": i18n.text("map.fact_heads", language)},
        {"key": "workers", "label": i18n.text("map.fact_workers", language)},
        {"key": "workers_needed", "label": i18n.text("map.fact_workers_needed", language)},
        {"key": "load", "label": i18n.text("map.fact_load", language), "digits": 1},
        *data["facts"],
    ]
    sums = {name: int(rows[name].fillna(0).sum()) for name in _SUMS}
    # of grids whose households are known, for a load counts them alone
    known = rows["households"].notna()
    present = int(rows.loc[known, "workers"].fillna(0).sum())
    homes = int(rows.loc[known, "households"].sum())
    data["legend"] = {
        "title": i18n.text("legend.staffing_title", language),
        "note": i18n.text(
            "legend.staffing_note",
            language,
            needed=f"{sums['workers_needed']:,}",
            workers=f"{present:,}",
            load=f"{homes / present:,.1f}" if present else "–",
            heads=f"{sums['heads_short']:,}",
            short=f"{sums['workers_short']:,}",
            spare=f"{sums['workers_spare']:,}",
        ),
        "rows": [*word_rows(_STAFF, status, "staff", language), *legend.line_rows(place, language)],
        "foot": i18n.text("legend.staffing_foot", language, n=f"{len(grids):,}"),
    }
    return assembled("staffing", place, data, language)


def _staff_sentence(row: Any, language: Language) -> str:
    if pd.isna(row.heads):
        return i18n.text("map.why_unknown", language)
    told = {"heads": f"{int(row.heads)}", "workers": f"{int(row.workers)}"}
    if pd.isna(row.workers_needed):
        first = i18n.text("map.why_staff_unknown", language, **told)
    else:
        needed, homes = f"{int(row.workers_needed)}", f"{int(row.households):,}"
        first = i18n.text(f"map.why_staff_{row.status}", language, needed=needed, households=homes, **told)
        if row.load == float("inf"):
            first += i18n.text("map.why_staff_alone", language)
        elif row.load > 0:
            first += i18n.text("map.why_staff_load", language, load=f"{row.load:,.1f}")
    return first + (
        i18n.text("map.why_station", language, n=f"{int(row.floating_residents):,}") if row.station_short else ""
    )


def _whole(values: Any) -> list[int | None]:
    return [None if pd.isna(value) else int(value) for value in values]
