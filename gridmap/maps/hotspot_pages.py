"""Maps of what was judged: significant hotspots (Gi*), places among their like (local Moran).

A grid where nobody patrolled is hatched and never called cold: few records may only mean that nobody looked. A hot one
stays hot there, under a hatch of its own, for others reported it.
"""

from collections.abc import Sequence
from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap import i18n
from gridmap.analysis.density import PER
from gridmap.analysis.hotspot_words import alone, say_finds, say_hotspots, say_places
from gridmap.analysis.hotspots import Judged
from gridmap.analysis.moran import Gathering, Kind
from gridmap.analysis.moran_words import say_gathering, say_kinds
from gridmap.analysis.wider_reach import WiderReach, say_wider
from gridmap.errors import InvalidInput
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, choice_tip, look_rows, paint
from gridmap.maps.cards import About, put_card
from gridmap.maps.colours import JUDGED, MARKS
from gridmap.maps.looked import UNSEEN, Looked, looked_of, say_looked, with_sight


def _look(word: str, line: str, ink: str = "#ffffff") -> dict[str, Any]:
    marked = {"pattern": MARKS[word], "ink": ink} if word in MARKS else {}
    return {"fill": JUDGED[word], **marked, "opacity": 0.92, "line": line}


#: High by itself: the same on the map of Gi* and on that of local Moran.
PEAK: dict[str, Any] = {"fill": "#f4b183", "pattern": "up", "ink": "#7f1d17", "opacity": 0.92, "line": "#a35a2c"}
#: Words of the map of Gi*, in the order of its legend.
JUDGED_LOOKS: dict[str, dict[str, Any]] = {
    "hot": _look("hot", "#7f1d17"),
    "hot_unseen": {"fill": JUDGED["hot"], "pattern": "hatch", "ink": "#f6c9c2", "opacity": 0.92, "line": "#7f1d17"},
    "peak": PEAK,
    "cold": _look("cold", "#123f6b"),
    "usual": _look("usual", "#9aa1a7"),
    "unseen": UNSEEN,
    "not_judged": {"fill": JUDGED["not_judged"], "opacity": 0.92, "line": "#8a867c"},
}
#: Words of the map of local Moran; marks point the way the place itself stands out.
MORAN_LOOKS: dict[str, dict[str, Any]] = {
    "high_high": _look("hot", "#7f1d17"),
    "high_low": PEAK,
    "low_low": _look("cold", "#123f6b"),
    "low_high": {"fill": "#a9d0ea", "pattern": "down", "ink": "#123f6b", "opacity": 0.92, "line": "#4a7fa5"},
    "none": _look("usual", "#9aa1a7"),
    "unseen": UNSEEN,
    "not_judged": {"fill": JUDGED["not_judged"], "opacity": 0.92, "line": "#8a867c"},
}
_LOW = frozenset({Kind.LOW_LOW.value, Kind.LOW_HIGH.value, Kind.NONE.value})


def judged_map(
    grids: gpd.GeoDataFrame,
    found: pd.DataFrame,
    *,
    window: legend.Window,
    patrolled: pd.DataFrame | None = None,
    wider: WiderReach | None = None,
    denominator: str | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw which grids are hot or cold, more than chance explains.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    found : DataFrame
        Of ``getis_ord`` or ``rate_hotspots``, one row a grid, in their order; ``with_peaks`` also those that stand out
        by themselves.
    window : (datetime, datetime)
        Half-open time window of what was counted, aware.
    patrolled : DataFrame, optional
        frames.PATROLLED of the same window: grids where nobody stayed are hatched, and the card of a grid has hours and
        findings by hour beside its count. Without it, or without any patrol in it, the card says that this is not
        known.
    wider : WiderReach, optional
        ``wider_reach`` of the same: what changes at the double scale.
    denominator : "households" | "street_km" | "patrol_hours", optional
        What rates were judged by: the legend names it, and figures are told by as many as it says.
    category : str, optional
        Name of what was counted, for the legend; None for all.
    about : About, optional
        What the map cannot know of itself.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    InvalidInput
        ``lengths_differ``: found.
    """
    place, data, language = begin("judged", grids, around)
    require_rows(found, place)
    looked = looked_of(patrolled, place)
    words = judged_words(found, looked)
    title = i18n.text("legend.judged_title", language)
    if denominator is not None:
        unit = i18n.text(f"say.denominator_{denominator}", language)
        title = i18n.text("legend.judged_title_by", language, unit=unit)
    paint(data, JUDGED_LOOKS, words)
    sentences = with_sight([one.text(language) for one in say_places(found)], looked, language)
    put_sentences(data, sentences)
    put_figures(data, _told_by(found, denominator), looked, language)
    by = "rate" if "raw" in found.columns else "count"
    data["tips"] = [
        choice_tip(JUDGED_LOOKS, "judged", "unknown", language),
        {"key": "value", "digits": 2, "text": i18n.text(f"mapcard.tip_{by}", language, value="{value}")},
    ]
    total = i18n.text(
        f"mapcard.counted_{by}", language, n=f"{_total(found):,.0f}", grids=f"{len(found):,}",
        window=legend.window_note(window, None, language, data["timeZone"], category),
    )  # fmt: skip
    data["legend"] = {
        "title": title,
        "note": legend.window_note(window, None, language, data["timeZone"], category),
        "rows": [*judged_rows(words, language), *legend.line_rows(place, language)],
        "foot": " ".join(one.text(language) for one in say_finds(found)),
    }
    put_card(
        data,
        [
            ("counted", [total]),
            ("test", say_hotspots(found)),
            ("scales", [say_wider(wider)]),
            ("looked", say_looked(looked, asked=patrolled is not None)),
        ],
        about,
        language,
    )
    if not _total(found):
        data["notice"] = i18n.text("map.nothing_incidents", language)
    return assembled("judged", place, data, language)


def moran_map(
    grids: gpd.GeoDataFrame,
    found: pd.DataFrame,
    *,
    window: legend.Window,
    gathering: Gathering | None = None,
    patrolled: pd.DataFrame | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw which grids are among their like and which stand out from those around them.

    Parameters
    ----------
    grids, window, patrolled, category, about, around
        As ``judged_map``.
    found : DataFrame
        Of ``local_moran``, one row a grid, in their order.
    gathering : Gathering, optional
        ``moran`` of the same figures: whether they gather at all.

    Raises
    ------
    As ``judged_map``.
    """
    place, data, language = begin("moran", grids, around)
    require_rows(found, place)
    looked = looked_of(patrolled, place)
    words = _moran_words(found, looked)
    paint(data, MORAN_LOOKS, words)
    put_sentences(data, with_sight([one.text(language) for one in say_kinds(found)], looked, language))
    put_figures(data, found, looked, language)
    data["tips"] = [
        choice_tip(MORAN_LOOKS, "moran", "unknown", language),
        {"key": "value", "digits": 2, "text": i18n.text("mapcard.tip_count", language, value="{value}")},
    ]
    note = legend.window_note(window, None, language, data["timeZone"], category)
    counted = i18n.text(
        "mapcard.counted_count", language, n=f"{_total(found):,.0f}", grids=f"{len(found):,}", window=note
    )
    gathered = say_gathering(gathering)
    data["legend"] = {
        "title": i18n.text("legend.moran_title", language),
        "note": note,
        "rows": [
            *look_rows(
                MORAN_LOOKS, words, [i18n.text(f"map.moran_{word}", language) for word in MORAN_LOOKS], language
            ),
            *legend.line_rows(place, language),
        ],
        "foot": gathered.text(language),
    }
    put_card(
        data,
        [
            ("counted", [counted]),
            ("test", [gathered, *(i18n.text(f"mapcard.{key}", language) for key in ("moran_test", "moran_false"))]),
            ("looked", say_looked(looked, asked=patrolled is not None)),
        ],
        about,
        language,
    )
    if not _total(found):
        data["notice"] = i18n.text("map.nothing_incidents", language)
    return assembled("moran", place, data, language)


def require_rows(found: pd.DataFrame, place: drawing.Ground) -> None:
    """Check that what was found has one row a grid.

    Raises
    ------
    InvalidInput
        ``lengths_differ``.
    """
    if len(found) != len(place.grids):
        raise InvalidInput("lengths_differ", name="found")


def judged_words(found: pd.DataFrame, looked: Looked | None) -> list[str]:
    """Give the look of each grid: what was judged of it, and whether anybody looked; ``unknown`` without a figure."""
    words = found["judged"].to_numpy(dtype=object).copy()
    if looked is not None:
        quiet = np.isin(words, [Judged.COLD.value, Judged.USUAL.value])
        words[looked.unseen & quiet] = "unseen"
        words[looked.unseen & (words == Judged.HOT.value)] = "hot_unseen"
    if "peak" in found.columns:
        words[alone(found)] = "peak"
    words[np.isnan(found["value"].to_numpy(dtype=np.float64))] = "unknown"
    return [str(word) for word in words]


def _moran_words(found: pd.DataFrame, looked: Looked | None) -> list[str]:
    words = found["kind"].to_numpy(dtype=object).copy()
    if looked is not None:
        words[looked.unseen & np.isin(words, list(_LOW))] = "unseen"
    words[np.isnan(found["value"].to_numpy(dtype=np.float64))] = "unknown"
    return [str(word) for word in words]


def judged_rows(words: Sequence[str], language: Language) -> list[dict[str, Any]]:
    """Give the rows of the legend of what was judged."""
    texts = [i18n.text(f"map.judged_{word}", language) for word in JUDGED_LOOKS]
    return look_rows(JUDGED_LOOKS, words, texts, language)


def put_sentences(data: dict[str, Any], sentences: list[str]) -> None:
    """Say of each grid why it looks as it does; the same sentence is sent once."""
    codes, unique = pd.factorize(pd.Series(sentences, dtype=object))
    data["grids"]["why"], data["why"] = codes.tolist(), [str(text) for text in unique]


def put_figures(data: dict[str, Any], found: pd.DataFrame, looked: Looked | None, language: Language) -> None:
    """Put counts, what was expected, and what patrols did, into the grids and their card."""
    grids = data["grids"]
    grids["value"] = shown_numbers(found["value"], 2)
    facts = [{"key": "value", "label": i18n.text("mapcard.fact_value", language), "digits": 2}]
    if "raw" in found.columns:
        grids["events"] = shown_numbers(found["events"], 0)
        grids["base"] = shown_numbers(found["base"], 1)
        facts = [
            {"key": "events", "label": i18n.text("map.fact_incidents", language)},
            {"key": "base", "label": i18n.text("mapcard.fact_base", language), "digits": 1},
            {"key": "value", "label": i18n.text("mapcard.fact_rate_value", language), "digits": 2},
        ]
    for name, digits in (("around", 1), ("expected", 1), ("z", 2)):
        if name in found.columns:
            grids[name] = shown_numbers(found[name], digits)
            facts.append({"key": name, "label": i18n.text(f"mapcard.fact_{name}", language), "digits": digits})
    if looked is not None:
        grids |= looked.columns()
        facts += looked.facts(language)
    data["facts"] = [*facts, *data["facts"]]


def shown_numbers(values: Any, digits: int) -> list[float | int | None]:
    """Give a column of a page: None for what is not known, whole numbers where all are whole."""
    numbers: npt.NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    kept = np.isfinite(numbers)
    whole = bool(digits == 0 or (numbers[kept] == np.rint(numbers[kept])).all())
    return [
        None if not known else round(value) if whole else round(value, digits)
        for value, known in zip(numbers.tolist(), kept.tolist(), strict=True)
    ]


def _told_by(found: pd.DataFrame, denominator: str | None) -> pd.DataFrame:
    """Give rates by as many of a base as the legend names: by 1,000 households, by one kilometre."""
    per = 1 if denominator is None else PER[denominator]
    return found.assign(**{name: found[name] * per for name in ("value", "around", "expected")})


def _total(found: pd.DataFrame) -> float:
    return float(np.nansum(found["events" if "raw" in found.columns else "value"].to_numpy(dtype=np.float64)))
