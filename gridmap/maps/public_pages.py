"""The map for everybody: incidents by fixed cells, with what is hidden drawn as hidden, never as quiet."""

from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np

from gridmap import crs, i18n
from gridmap.analysis.disclosure import Release, say_release
from gridmap.maps import legend
from gridmap.maps.assembly import Around, assembled, begin
from gridmap.maps.cards import About, put_card
from gridmap.maps.colours import quantile_classes

#: Fewer than may be shown, or hidden so that those cannot be told: hatched, for pale would mean quiet.
_HIDDEN: dict[str, Any] = {"fill": "#f1efe9", "pattern": "thin", "ink": "#a9a59a", "opacity": 0.9, "line": "#b5b1a6"}


def public_map(
    grids: gpd.GeoDataFrame,
    release: Release,
    *,
    window: legend.Window,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw what everybody may see: incidents by fixed cells, none below the least that may be shown.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS of a level whose borders are drawn over the cells; they have no figure of their own.
    release : Release
        Of ``public_cells``.
    window, about, around
        As ``judged_map``; ``upper`` is not drawn.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    """
    cells = crs.frame_to_wgs84(release.cells).rename(columns={"cell": "code"})
    shown = cells["shown"].to_numpy(dtype=bool)
    frame = cells[["code", "geometry"]].assign(level="cell")
    place, data, language = begin("public", frame, {**around, "upper": (grids,), "ground": None})
    data["unnamed"] = True  # squares have a number, which says nothing to a reader of the map
    counts = cells["incidents"].fillna(0).to_numpy(dtype=np.int64)
    classes = quantile_classes(counts[shown].astype(float))
    looks = [{"fill": colour, "opacity": 0.9, "line": "#8a959f"} for colour in classes.colours]
    data["styles"] = [*looks, _HIDDEN]
    hidden = len(looks)
    data["grids"]["fill"] = np.where(shown, classes.of(counts.astype(float)), hidden).tolist()
    data["grids"]["value"] = [int(n) if there else None for n, there in zip(counts, shown, strict=True)]
    nothing = i18n.text("map.public_hidden", language, least=f"{release.least:,}")
    label = i18n.text("map.fact_incidents", language)
    data["facts"] = [{"key": "value", "label": label, "none": nothing}]
    data["tips"] = [
        {"key": "value", "text": i18n.text("mapcard.tip_count", language, value="{value}"), "none": nothing}
    ]
    note = legend.window_note(window, None, language, data["timeZone"], i18n.text("legend.public_kinds", language))
    row = {
        "look": {key: _HIDDEN[key] for key in ("fill", "pattern", "ink")},
        "text": nothing,
        "count": f"{int((~shown).sum()):,}",
    }
    lines = legend.line_rows(place, language)
    figures = legend.class_rows(classes.breaks, classes.colours, language, bool(shown.any()))
    if classes.breaks:
        # nothing below the least is shown, so the lowest class begins there
        ends = {"low": f"{release.least:,}", "high": f"{classes.breaks[0]:,.0f}"}
        figures[-1]["text"] = i18n.text("legend.class_between", language, **ends)
    data["legend"] = {
        "title": i18n.text("legend.public_title", language, side=f"{release.cell_m:,.0f}"),
        "note": note,
        "rows": [
            *figures,
            row,
            # the squares are no areas of anybody
            *lines[:-1],
        ],
        "foot": i18n.text("legend.public_foot", language, least=f"{release.least:,}"),
    }
    total = "–" if release.total is None else f"{release.total:,}"
    put_card(
        data,
        [
            ("counted", [i18n.text("mapcard.counted_public", language, n=total, window=note)]),
            ("hidden", say_release(release)),
            ("looked", [i18n.text("mapcard.public_looked", language)]),
        ],
        about,
        language,
    )
    return assembled("public", place, data, language)
