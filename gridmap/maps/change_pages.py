"""Maps of change: what became of hotspots over many periods, and two periods side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap import i18n
from gridmap.analysis.emerging import Emerging, Pattern, say_changes, say_emerging
from gridmap.analysis.hotspot_words import say_finds, say_hotspots, say_places
from gridmap.analysis.saying import say, texts
from gridmap.errors import InvalidInput
from gridmap.i18n import Language
from gridmap.maps import legend
from gridmap.maps.assembly import NO_DATA, Around, assembled, begin, choice_tip, numbered, paint
from gridmap.maps.cards import About, put_card
from gridmap.maps.colours import PATTERNS
from gridmap.maps.hotspot_pages import (
    JUDGED_LOOKS,
    judged_rows,
    judged_words,
    put_sentences,
    require_rows,
    shown_numbers,
)
from gridmap.maps.looked import Looked, looked_of, say_looked, with_sight
from gridmap.maps.steps import StepLook, step_data, step_label

_NAMED = [pattern.value for pattern in list(Pattern)[:8]]
#: Words of the map of change: hot ones plain, cold ones pointing down, then what was said of single periods.
CHANGE_LOOKS: dict[str, dict[str, Any]] = {
    **{f"hot_{name}": {"fill": PATTERNS[name], "opacity": 0.95, "line": "#5b5b55"} for name in _NAMED},
    **{
        f"cold_{name}": {
            "fill": PATTERNS[name], "pattern": "down", "ink": "#ffffff" if name in ("intensifying", "oscillating") else
            "#111a22", "opacity": 0.95, "line": "#5b5b55",
        }
        for name in _NAMED
    },
    "none": JUDGED_LOOKS["usual"],
    "unseen": JUDGED_LOOKS["unseen"],
    "not_judged": JUDGED_LOOKS["not_judged"],
}  # fmt: skip
#: What is said of a single period; patrols are those of the whole window, so no period is hatched.
_PERIOD_LOOKS = {word: JUDGED_LOOKS[word] for word in ("hot", "cold", "usual", "not_judged")}


@dataclass(frozen=True)
class Side:
    """One of two maps side by side: what ``getis_ord`` found in a window, and frames.PATROLLED of it, if known."""

    found: pd.DataFrame
    window: legend.Window
    patrolled: pd.DataFrame | None = None


def emerging_map(
    grids: gpd.GeoDataFrame,
    found: Emerging,
    counts: npt.ArrayLike,
    *,
    periods: Sequence[legend.Window],
    recorded: Sequence[bool] | None = None,
    patrolled: pd.DataFrame | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw what became of each grid, with a slider through the periods.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    found : Emerging
        Of ``emerging_hotspots``, one row a grid, in their order.
    counts : array, shape (n, steps)
        What was judged.
    periods : sequence of (datetime, datetime)
        The periods, half-open, aware, the oldest first.
    recorded : sequence of bool, optional
        As ``emerging_hotspots``: a period without records is shown as having no data.
    patrolled, category, about
        As ``hotspot_pages.judged_map``; patrols are those of all periods together.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    InvalidInput
        ``lengths_differ``: found, counts, periods or recorded.
    """
    place, data, language = begin("emerging", grids, around)
    x = np.asarray(counts, dtype=np.float64)
    require_rows(found.places, place)
    there = np.ones(len(periods), dtype=bool) if recorded is None else np.asarray(recorded, dtype=bool)
    for name, shape, wanted in (
        ("counts", x.shape, found.judged.shape), ("periods", (len(periods),), found.judged.shape[1:]),
        ("recorded", there.shape, (len(periods),)),
    ):  # fmt: skip
        if shape != wanted:
            raise InvalidInput("lengths_differ", name=name)
    looked = looked_of(patrolled, place)
    words = _change_words(found, looked)
    looks = {**CHANGE_LOOKS, **{f"period_{word}": look for word, look in _PERIOD_LOOKS.items()}}
    paint(data, looks, words)
    totals = np.nansum(x[:, there], axis=1)
    data["grids"]["value"] = totals.round().astype(int).tolist()
    put_sentences(data, with_sight(texts(say_emerging(found), language), looked, language))
    _put_facts(data, found, looked, language)
    data["tips"] = [
        choice_tip(looks, "change", "unknown", language),
        {"key": "value", "text": i18n.text("mapcard.tip_count", language, value="{value}")},
    ]
    window = (periods[0][0], periods[-1][1]) if len(periods) else None
    note = "–" if window is None else legend.window_note(window, None, language, data["timeZone"], category)
    data["legend"] = {
        "title": i18n.text("legend.emerging_title", language),
        "note": note,
        "rows": [*_change_rows(looks, words, language), *legend.line_rows(place, language)],
        "foot": i18n.text("legend.emerging_foot", language, periods=f"{int(there.sum()):,}"),
    }
    if len(periods) > 1:
        data["steps"] = _slider(data, looks, found, x, (periods, there), category, language)
    counted = i18n.text(
        "mapcard.counted_periods", language, n=f"{totals.sum():,.0f}", grids=f"{len(found.places):,}",
        periods=f"{len(periods):,}", window=note,
    )  # fmt: skip
    back = found.places.attrs["summary"]["back"]
    put_card(
        data,
        [
            ("counted", [counted]),
            ("test", [*say_changes(found), say("class_by_draws", **_test(found))]),
            ("scales", [say("class_scales", back=back)]),
            ("looked", say_looked(looked, asked=patrolled is not None)),
        ],
        about,
        language,
    )
    if not totals.sum():
        data["notice"] = i18n.text("map.nothing_incidents", language)
    return assembled("emerging", place, data, language)


def compare_map(
    grids: gpd.GeoDataFrame,
    before: Side,
    after: Side,
    *,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw the hotspots of two periods side by side, in the same classes; both maps move together.

    Parameters
    ----------
    grids, category, about, around
        As ``hotspot_pages.judged_map``. Both periods are counted by the same grids: where borders were redrawn in
        between, that is what makes them comparable.
    before, after : Side
        The left and the right map.

    Raises
    ------
    As ``hotspot_pages.judged_map``.
    """
    place, data, language = begin("compare", grids, around)
    sides = []
    for side in (before, after):
        require_rows(side.found, place)
        looked = looked_of(side.patrolled, place)
        words = judged_words(side.found, looked)
        sides.append((side, looked, words, with_sight(texts(say_places(side.found), language), looked, language)))
    zone = data["timeZone"]
    notes = [legend.window_note(side.window, None, language, zone, category) for side in (before, after)]
    paint(data, JUDGED_LOOKS, sides[0][2])
    names = [i18n.text(f"mapcard.side_{name}", language) for name in ("left", "right")]
    joint = "" if language == "zh" else " "
    put_sentences(
        data,
        [
            joint.join(f"{name}{said}" for name, said in zip(names, both, strict=True))
            for both in zip(sides[0][3], sides[1][3], strict=True)
        ],
    )
    facts = []
    for number, (side, looked, _, _) in enumerate(sides):
        key = "value" if number == 0 else "value_after"
        data["grids"][key] = shown_numbers(side.found["value"], 2)
        label = i18n.text("mapcard.fact_side", language, side=names[number])
        facts.append({"key": key, "label": label, "digits": 2})
        if looked is not None:
            data["grids"][f"hours_{number}"] = looked.columns()["hours"]
            hours = i18n.text("mapcard.fact_side_hours", language, side=names[number])
            facts.append({"key": f"hours_{number}", "label": hours, "digits": 1, "unit": "h"})
    data["facts"] = [*facts, *data["facts"]]
    tip = i18n.text("mapcard.tip_count", language, value="{value}")
    data["tips"] = [
        choice_tip(JUDGED_LOOKS, "judged", "unknown", language),
        {"key": "value", "digits": 2, "text": tip},
    ]
    data["pane"] = {
        "titles": [
            name + step_label(side.window, zone, language) for name, (side, *_) in zip(names, sides, strict=True)
        ],
        "grids": {"fill": numbered(JUDGED_LOOKS, sides[1][2]), "value": data["grids"]["value_after"]},
    }
    changed = sum(a != b for a, b in zip(sides[0][2], sides[1][2], strict=True))
    rows = [
        left | {"count": f"{left['count']} | {right['count']}"} if "count" in left else left
        for left, right in zip(*(_all_rows(words, language) for _, _, words, _ in sides), strict=True)
    ]
    data["legend"] = {
        "title": i18n.text("legend.compare_title", language),
        "note": category or i18n.text("legend.all_categories", language),
        "rows": [*rows, *legend.line_rows(place, language)],
        "foot": i18n.text("legend.compare_foot", language, changed=f"{changed:,}"),
    }
    counted = [
        i18n.text(
            "mapcard.counted_side", language, side=names[number], n=f"{float(np.nansum(side.found['value'])):,.0f}",
            window=notes[number],
        )
        for number, (side, *_) in enumerate(sides)
    ]  # fmt: skip
    tested = [
        f"{names[number]}{one}" for number, (side, *_) in enumerate(sides) for one in texts(_finds(side), language)
    ]
    seen = [
        f"{names[number]}{one}"
        for number, (side, looked, *_) in enumerate(sides)
        for one in texts(say_looked(looked, asked=side.patrolled is not None), language)
    ]
    put_card(
        data,
        [
            ("counted", counted),
            ("test", [*tested, *say_hotspots(after.found)[-1:]]),
            ("cannot", [i18n.text("mapcard.compare_cannot", language)]),
            ("looked", seen),
        ],
        about,
        language,
    )
    return assembled("compare", place, data, language)


def _finds(side: Side) -> list[Any]:
    # which test it was is the same for both, and said once
    return say_finds(side.found)


def _all_rows(words: list[str], language: Language) -> list[dict[str, Any]]:
    """Give a row for each look and for grids without data, so that two lists match."""
    known = judged_rows([word for word in words if word in JUDGED_LOOKS], language)
    unknown = sum(word not in JUDGED_LOOKS for word in words)
    row = {"look": {"line": NO_DATA["line"], "width": 1.5, "dash": "dotted"}}
    return [*known, row | {"text": i18n.text("legend.status_unknown", language), "count": f"{unknown:,}"}]


def _test(found: Emerging) -> dict[str, Any]:
    summary = found.places.attrs["summary"]
    return {"draws": f"{summary['draws']:,}", "seed": summary["seed"], "back": summary["back"]}


def _change_words(found: Emerging, looked: Looked | None) -> list[str]:
    words = []
    unseen = np.zeros(len(found.places), dtype=bool) if looked is None else looked.unseen
    for pattern, side, nobody in zip(found.places["pattern"], found.places["side"], unseen.tolist(), strict=True):
        word = str(pattern) if pattern in (Pattern.NONE.value, Pattern.NOT_JUDGED.value) else f"{side}_{pattern}"
        # few records may only mean that nobody looked: cold is not claimed there
        words.append("unseen" if nobody and (word == "none" or side == "cold") else word)
    return words


def _put_facts(data: dict[str, Any], found: Emerging, looked: Looked | None, language: Language) -> None:
    grids, places = data["grids"], found.places
    for name in ("hot", "cold", "periods"):
        grids[name] = places[name].astype(int).tolist()
    facts = [
        {"key": "value", "label": i18n.text("map.fact_incidents", language)},
        *(
            {"key": name, "label": i18n.text(f"mapcard.fact_{name}", language)}
            for name in ("hot", "cold", "periods")
        ),
    ]  # fmt: skip
    if looked is not None:
        grids |= looked.columns()
        facts += looked.facts(language)
    data["facts"] = [*facts, *data["facts"]]


def _change_rows(looks: dict[str, dict[str, Any]], words: list[str], language: Language) -> list[dict[str, Any]]:
    """Give the rows of patterns that there are, shown with the whole, and those of single periods."""
    rows = []
    for number, (word, look) in enumerate(looks.items()):
        single = word.startswith("period_")
        count = words.count(word)
        # of sixteen patterns most maps show a few; "none" is told even where there is none
        if single or count or word == "none":
            rows.append({
                "look": {k: v for k, v in look.items() if k in ("fill", "pattern", "ink")},
                "text": i18n.text(f"map.change_{word}", language), "count": f"{count:,}", "style": number,
                "when": "step" if single else "whole",
            })  # fmt: skip
    look = {"line": NO_DATA["line"], "width": 1.5, "dash": "dotted"}
    text, unknown = i18n.text("legend.no_records", language), sum(word not in looks for word in words)
    return [*rows, {"look": look, "text": text, "count": f"{unknown:,}", "style": len(looks), "when": "step"}]


def _slider(
    data: dict[str, Any],
    looks: dict[str, dict[str, Any]],
    found: Emerging,
    counts: npt.NDArray[np.float64],
    when: tuple[Sequence[legend.Window], npt.NDArray[np.bool_]],
    category: str | None,
    language: Language,
) -> dict[str, Any]:
    periods, there = when
    order = {word.removeprefix("period_"): n for n, word in enumerate(looks) if word.startswith("period_")}
    fills = np.array([order[word] for word in found.judged.ravel()], dtype=int).reshape(found.judged.shape)
    numbers = np.where(np.isfinite(counts), counts, 0).round().astype(int)
    steps = []
    for k, window in enumerate(periods):
        fill = fills[:, k].tolist() if there[k] else [len(looks)] * len(fills)
        value: list[int | None] = numbers[:, k].tolist() if there[k] else [None] * len(fills)
        told = "step_foot" if there[k] else "step_no_records"
        foot = i18n.text(f"mapcard.{told}", language, n=f"{int(numbers[:, k].sum()):,}")
        steps.append(StepLook(window, {"fill": fill, "value": value}, foot))
    made = step_data(steps, data["timeZone"], category, language)
    made["whole"] = i18n.text("mapcard.steps_whole", language)
    # one sentence a look does for all periods: their figures stand beside it
    words = [i18n.text(f"map.change_{word}", language) for word in looks]
    made["why"] = [*words, i18n.text("legend.no_records", language)]
    return made
