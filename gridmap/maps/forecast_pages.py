"""The map of the next weeks: where incidents are expected, never without how good such forecasts were."""

from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap import i18n
from gridmap.analysis.bandwidths import Bandwidth
from gridmap.analysis.forecast import FOLLOWED, Forecast, say_forecast, say_scores
from gridmap.analysis.saying import say
from gridmap.errors import InvalidInput
from gridmap.maps import legend
from gridmap.maps.assembly import NO_DATA, Around, assembled, begin
from gridmap.maps.cards import About, put_card
from gridmap.maps.colours import SEQUENCE, quantile_classes
from gridmap.maps.hotspot_pages import put_sentences, shown_numbers
from gridmap.maps.looked import looked_of, say_looked

Floats = npt.NDArray[np.float64]


def forecast_map(
    grids: gpd.GeoDataFrame,
    found: Forecast,
    area_km2: npt.ArrayLike,
    *,
    foreseen: legend.Window,
    learnt: legend.Window,
    bandwidth: Bandwidth | None = None,
    patrolled: pd.DataFrame | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw where incidents are expected, and which grids are marked to be watched.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    found : Forecast
        Of ``forecast``, one place a grid, in their order. One without a score is not drawn: the page says why.
    area_km2 : array of float
        Of the grids.
    foreseen, learnt : (datetime, datetime)
        The weeks that are foreseen, and those of the records, half-open, aware.
    bandwidth : Bandwidth, optional
        Over which the methods with a kernel spread, and why.
    patrolled, category, about
        As ``pages.hotspot_map``; patrols are those of the last weeks.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    InvalidInput
        ``lengths_differ``: found or area_km2.
    """
    place, data, language = begin("forecast", grids, around)
    area = np.asarray(area_km2, dtype=np.float64)
    if len(found.places) != len(grids) or area.shape != (len(grids),):
        raise InvalidInput("lengths_differ", name="found, area_km2")
    note = legend.window_note(foreseen, None, language, data["timeZone"], category)
    looked = looked_of(patrolled, place)
    said = say_forecast(found)
    sections: list[Any] = []
    if found.chosen is None:
        data["styles"], data["grids"]["fill"] = [NO_DATA], [0] * len(grids)
        data["notice"] = said[0].text(language)
        rows, foot = legend.no_data_row(len(grids), language), said[0].text(language)
    else:
        expected, marked = _chosen(found)
        classes = quantile_classes(expected / area)
        count = len(classes.colours)
        unseen = np.zeros(len(grids), dtype=bool) if looked is None else looked.unseen
        # each class plain, marked, and hatched where nobody passed; a mark goes before a hatch
        kind = np.where(marked, 1, np.where(unseen, 2, 0))
        data["styles"] = [_look(colour, number) for number in range(3) for colour in classes.colours]
        data["grids"]["fill"] = (kind * count + classes.of(expected / area)).tolist()
        data["grids"]["expected"] = shown_numbers(expected, 1)
        data["grids"]["dense"] = shown_numbers(expected / area, 1)
        unit = i18n.text("map.per_km2", language)
        data["facts"] = [
            {"key": "expected", "label": i18n.text("map.fact_expected", language), "digits": 1},
            {"key": "dense", "label": i18n.text("map.fact_expected_dense", language), "digits": 1, "unit": unit},
            *data["facts"],
        ]
        data["tips"] = [
            {"key": "expected", "digits": 1, "text": i18n.text("map.tip_expected", language, value="{value}")},
        ]
        score = i18n.text("map.forecast_score", language, **_score(found))
        # every figure of a grid has the score beside it
        words = {watch: i18n.text(f"map.forecast_{'watch' if watch else 'rest'}", language) for watch in (True, False)}
        put_sentences(data, [f"{words[watch]} {score}" for watch in marked.tolist()])
        rows = [
            *legend.class_rows(classes.breaks, classes.colours, language, bool((expected > 0).any())),
            *_extra_rows(marked, unseen & ~marked, looked is not None, language),
        ]
        foot = " ".join(one.text(language) for one in said)
        sections = [("scale", [] if bandwidth is None else bandwidth.said)]
    data["legend"] = {
        "title": i18n.text("legend.forecast_title", language),
        "note": note,
        "rows": [*rows, *legend.line_rows(place, language)],
        "foot": foot,
    }
    past = legend.window_note(learnt, None, language, data["timeZone"], category)
    put_card(
        data,
        [
            ("counted", [i18n.text("mapcard.counted_forecast", language, steps=found.summary["steps"], window=past)]),
            ("test", [*said, *say_scores(found)]),
            *sections,
            ("cannot", [say("forecast_cannot")]),
            ("looked", say_looked(looked, asked=patrolled is not None)),
        ],
        about,
        language,
    )
    return assembled("forecast", place, data, language)


def _chosen(found: Forecast) -> tuple[Floats, npt.NDArray[np.bool_]]:
    assert found.chosen is not None
    expected = found.places[found.chosen].to_numpy(dtype=np.float64)
    return expected, found.places[f"{found.chosen}_marked"].to_numpy(dtype=bool)


def _score(found: Forecast) -> dict[str, str]:
    row = found.scores.set_index("method").loc[found.chosen]
    followed = found.scores.set_index("method").loc[FOLLOWED]
    return {
        "pai": f"{row['pai']:.1f}",
        "best": f"{row['best_pai']:.1f}",
        "pei": f"{100 * row['pei']:.0f}",
        "followed": f"{followed['pai']:.1f}",
    }


def _look(colour: str, number: int) -> dict[str, Any]:
    dark = colour in SEQUENCE[-2:]
    pattern: dict[str, Any] = {}
    if number:
        name, ink = (("up", "#111a22"), ("thin", "#55626f"))[number - 1]
        # what is dark already shows no dark mark, least of all on grey paper
        pattern = {"pattern": name, "ink": "#ffffff" if dark else ink}
    return {"fill": colour, **pattern, "opacity": 0.9, "line": "#111a22" if number == 1 else "#8a959f"}


def _extra_rows(marked: Any, unseen: Any, known: bool, language: Any) -> list[dict[str, Any]]:
    rows = [("up", "#111a22", "map.forecast_watch_short", int(marked.sum()))]
    if known:
        rows.append(("thin", "#55626f", "legend.unseen", int(unseen.sum())))
    return [
        {
            "look": {"fill": "#ffffff", "pattern": pattern, "ink": ink},
            "text": i18n.text(key, language),
            "count": f"{count:,}",
        }
        for pattern, ink, key, count in rows
    ]
