"""The maps of effort and of recency: how much patrols did in each grid, and how long ago somebody stayed there.

The colour says how much or how long. The pattern says, as on the map of coverage, what is known: plain where somebody
stayed and something happened, dotted where somebody stayed and nothing is known to have happened, hatched where nobody
stayed (thick: with incidents). Where somebody only passed through, hatches are on the colour of effort.
"""

from collections.abc import Iterable
from typing import Any, Unpack

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap import i18n
from gridmap.analysis.frames import PATROLLED, require_columns
from gridmap.analysis.sight import sight_counts
from gridmap.domain.patrols import PatrolRules, RecencyStatus, Sight, packaged_patrol_rules
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.assembly import Around, assembled, begin, look_rows, paint
from gridmap.maps.cards import About, put_patrol_card

_UNSEEN: dict[str, dict[str, Any]] = {
    "unseen_found": {"fill": "#f5c9a6", "pattern": "hatch", "ink": "#a33b12", "opacity": 0.95, "line": "#7d3a1c"},
    "unseen_clear": {"fill": "#eeede9", "pattern": "thin", "ink": "#b3b0a8", "opacity": 0.95, "line": "#9aa1a7"},
}
#: Days over the norm from which on a grid is long overdue: this many norms.
LONG = 2.0


def _both(word: str, fill: str, pale: str, ink: str, line: str) -> dict[str, dict[str, Any]]:
    """Give the plain and the dotted look of a class."""
    return {
        f"{word}_found": {"fill": fill, "opacity": 0.95, "line": line},
        f"{word}_clear": {"fill": pale, "pattern": "dots", "ink": ink, "opacity": 0.95, "line": line},
    }


_EFFORT: dict[str, dict[str, Any]] = {
    **_UNSEEN,
    "passed_found": {"fill": "#e3edf2", "pattern": "hatch", "ink": "#c47a4e", "opacity": 0.95, "line": "#7d6a5c"},
    "passed_clear": {"fill": "#e3edf2", "pattern": "thin", "ink": "#6f9fbe", "opacity": 0.95, "line": "#7d97a8"},
    **_both("little", "#d3e1ea", "#e3edf2", "#2f6d92", "#5d7f95"),
    **_both("some", "#9cc0d8", "#b4d0e2", "#1f4f70", "#567f9e"),
    **_both("much", "#5b93b8", "#7ba9c9", "#12384f", "#3f6d8c"),
}
_RECENCY: dict[str, dict[str, Any]] = {
    **_UNSEEN,
    **_both("long", "#e9a36f", "#ecb083", "#7d3a1c", "#8a5a34"),
    **_both("late", "#f3e3c3", "#f7edd9", "#8a6a1e", "#8c7a4e"),
    # long ago and lately are one grey unless the blue is the darker
    **_both("fresh", "#5389b0", "#6c9bbe", "#12384f", "#3f6d8c"),
}


def effort_map(
    grids: gpd.GeoDataFrame,
    patrolled: pd.DataFrame,
    *,
    window: legend.Window,
    rules: PatrolRules | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw how many hours patrols spent in each grid.

    Parameters
    ----------
    grids, around
        As ``pages.grid_map``.
    patrolled : DataFrame
        frames.PATROLLED, one row a grid; one without a row has no data. Hours are told in thirds of the grids where
        somebody stayed.
    window : (datetime, datetime)
        Half-open time window of the fixes, aware.
    rules : PatrolRules, optional
        By which they were measured; those of the package without it.
    category : str, optional
        Name of the category of the incidents, for the legend; None for all.
    about : About, optional
        What the map cannot know of itself.
    """
    place, data, language = begin("effort", grids, around)
    rules, rows = rules or packaged_patrol_rules(), _rows(patrolled, place)
    stayed = rows["dwells"] > 0
    third = [float(v) for v in np.quantile(rows.loc[stayed, "hours"], [1 / 3, 2 / 3])] if stayed.any() else [0.0, 0.0]
    words = [_word(row, _amount(row, third), row.visits > 0) for row in _each(rows)]
    paint(data, _EFFORT, words)
    _tell(data, rows, [_effort_sentence(row, rules, language) for row in _each(rows)])
    low, high = (f"{v:,.1f}" for v in third)
    amounts = {
        "passed": i18n.text("legend.effort_passed", language),
        "little": i18n.text("legend.effort_little", language, high=low),
        "some": i18n.text("legend.effort_some", language, low=low, high=high),
        "much": i18n.text("legend.effort_much", language, low=high),
    }
    data["tips"] = [
        {"key": "hours", "digits": 1, "text": i18n.text("map.tip_hours", language, value="{value}")},
        {"key": "visits", "text": i18n.text("map.tip_visits", language, value="{value}")},
        _sight_tip(language),
    ]
    _legend("effort", place, data, language, rows, words, (_EFFORT, amounts), rules, (window, category))
    put_patrol_card(data, int(rows["incidents"].fillna(0).sum()), about, language)
    return assembled("effort", place, data, language)


def recency_map(
    grids: gpd.GeoDataFrame,
    patrolled: pd.DataFrame,
    *,
    window: legend.Window,
    rules: PatrolRules | None = None,
    category: str | None = None,
    about: About | None = None,
    **around: Unpack[Around],
) -> folium.Map:
    """Draw how long ago somebody stayed in each grid, against the norm of its class.

    Parameters
    ----------
    grids, patrolled, window, rules, category, about, around
        As ``effort_map``.
    """
    place, data, language = begin("recency", grids, around)
    rules, rows = rules or packaged_patrol_rules(), _rows(patrolled, place)
    words = [_word(row, _age(row), row.status != RecencyStatus.NEVER.value) for row in _each(rows)]
    paint(data, _RECENCY, words)
    _tell(data, rows, [_recency_sentence(row, rules, window, language) for row in _each(rows)])
    ages = {word: i18n.text(f"legend.recency_{word}", language, n=f"{LONG:g}") for word in ("long", "late", "fresh")}
    data["tips"] = [
        {
            "key": "days",
            "digits": 1,
            "text": i18n.text("map.tip_days", language, value="{value}"),
            "none": i18n.text("map.tip_not_stayed", language),
        },
        {"key": "norm_days", "digits": 1, "text": i18n.text("map.tip_norm", language, value="{value}")},
        _sight_tip(language),
    ]
    _legend("recency", place, data, language, rows, words, (_RECENCY, ages), rules, (window, category))
    put_patrol_card(data, int(rows["incidents"].fillna(0).sum()), about, language)
    return assembled("recency", place, data, language)


def _rows(patrolled: pd.DataFrame, place: drawing.Ground) -> pd.DataFrame:
    require_columns(patrolled, PATROLLED)
    return patrolled.set_index("code").reindex(place.grids["code"]).reset_index()


def _each(rows: pd.DataFrame) -> Iterable[Any]:
    """Give the rows with their columns by name."""
    return rows.itertuples()


def _word(row: Any, word: str, seen: bool) -> str:
    if pd.isna(row.visits):
        return "unknown"
    return f"{word if seen else 'unseen'}_{'found' if row.incidents > 0 else 'clear'}"


def _amount(row: Any, third: list[float]) -> str:
    hours = row.hours
    if not row.dwells:
        return "passed"
    return "much" if hours >= third[1] else "some" if hours >= third[0] else "little"


def _age(row: Any) -> str:
    if row.status == RecencyStatus.FRESH.value:
        return "fresh"
    return "long" if row.times > LONG else "late"


def _tell(data: dict[str, Any], rows: pd.DataFrame, sentences: list[str]) -> None:
    """Put figures and sentences of the grids into the data of a page."""
    sights = [s.value for s in Sight]
    grids, language = data["grids"], data["lang"]
    for name, digits in (("visits", 0), ("workers", 0), ("incidents", 0), ("hours", 1), ("km", 1), ("days", 1)):
        grids[name] = [None if pd.isna(v) else round(float(v), digits) if digits else int(v) for v in rows[name]]
    grids["norm_days"] = [None if pd.isna(v) else round(float(v), 2) for v in rows["norm_days"]]
    grids["seen_share"] = [None if pd.isna(v) else round(100 * float(v), 1) for v in rows["area_share"]]
    grids["sight"] = [sights.index(s) if s in sights else None for s in rows["sight"]]
    grids["last"] = [None if pd.isna(v) else int(v.timestamp()) for v in rows["last_at"]]
    grids["why"], data["why"] = list(range(len(rows))), sentences
    data["facts"] = [
        {"key": "visits", "label": i18n.text("map.fact_visits", language)},
        {"key": "workers", "label": i18n.text("map.fact_units", language)},
        {"key": "hours", "label": i18n.text("map.fact_hours", language), "digits": 1, "unit": "h"},
        {"key": "km", "label": i18n.text("map.fact_km", language), "digits": 1, "unit": "km"},
        {"key": "seen_share", "label": i18n.text("map.fact_seen_share", language), "digits": 1, "unit": "%"},
        {
            "key": "last",
            "kind": "time",
            "label": i18n.text("map.fact_stayed", language),
            "none": i18n.text("map.tip_not_stayed", language),
        },
        *data["facts"],
    ]


def _sight_tip(language: Language) -> dict[str, Any]:
    return {"key": "sight", "kind": "choice", "texts": [i18n.text(f"patrols.sight_{s.value}", language) for s in Sight]}


def _legend(
    kind: str,
    place: drawing.Ground,
    data: dict[str, Any],
    language: Language,
    rows: pd.DataFrame,
    words: list[str],
    classes: tuple[dict[str, dict[str, Any]], dict[str, str]],
    rules: PatrolRules,
    shown: tuple[legend.Window, str | None],
) -> None:
    looks, named = classes
    named = {**named, "unseen": i18n.text(f"legend.{kind}_unseen", language)}
    texts = [
        named[word.partition("_")[0]] + i18n.text(f"legend.and_{word.partition('_')[2]}", language) for word in looks
    ]
    counts = {word: f"{n:,}" for word, n in sight_counts(rows["sight"].dropna()).items()}
    told = {"n": f"{len(rows):,}", "minutes": f"{rules.dwell_s / 60:g}", **counts}
    data["legend"] = {
        "title": i18n.text(f"legend.{kind}_title", language),
        "note": legend.window_note(shown[0], None, language, data["timeZone"], shown[1]),
        "rows": [*look_rows(looks, words, texts, language), *legend.line_rows(place, language)],
        "foot": i18n.text(f"legend.{kind}_foot", language, norms=_norms(rules, language), **told),
    }
    if not rows["visits"].fillna(0).sum():
        data["notice"] = i18n.text("map.nothing_fixes", language)


def _norms(rules: PatrolRules, language: Language) -> str:
    told = (i18n.text("legend.norm", language, title=n.title[language], days=f"{n.days:g}") for n in rules.norms)
    return i18n.text("legend.joint", language).join(told)


def _effort_sentence(row: Any, rules: PatrolRules, language: Language) -> str:
    if pd.isna(row.visits):
        return i18n.text("map.why_unknown", language)
    parts = []
    if row.visits:
        known = not pd.isna(row.workers)
        parts.append(
            i18n.text(
                "map.why_effort" if known else "map.why_effort_sums", language,
                visits=f"{row.visits:,.0f}", dwells=f"{row.dwells:,.0f}",
                passes=f"{row.passes:,.0f}", workers=f"{row.workers:,.0f}" if known else "", hours=f"{row.hours:,.1f}",
                km=f"{row.km:,.1f}",
            )
        )  # fmt: skip
        if not pd.isna(row.area_share):
            share = f"{100 * row.area_share:.0f}"
            parts.append(i18n.text("map.why_share", language, share=share, reach=f"{rules.reach_m:g}"))
    if row.incidents and not pd.isna(row.per_hour):
        rates = {"rate": row.per_hour, "low": row.per_hour_low, "high": row.per_hour_high}
        told = {name: f"{value:,.2f}" for name, value in rates.items()}
        parts.append(i18n.text("map.why_rate", language, **_happened(row), **told))
    return "".join([*parts, _sight_sentence(row, language)])


def _recency_sentence(row: Any, rules: PatrolRules, window: legend.Window, language: Language) -> str:
    if pd.isna(row.visits):
        return i18n.text("map.why_unknown", language)
    title = next((n.title[language] for n in rules.norms if n.id == row.norm), str(row.norm))
    told = {"norm": title, "norm_days": f"{row.norm_days:g}"}
    if row.status == RecencyStatus.NEVER.value:
        length = (window[1] - window[0]).total_seconds() / 86_400
        return i18n.text("map.why_never", language, length=f"{length:.0f}", **told) + _sight_sentence(row, language)
    told |= {"days": f"{row.days:.1f}", "times": f"{row.times:.1f}"}
    return i18n.text(f"map.why_{row.status}", language, **told) + _sight_sentence(row, language)


def _happened(row: Any) -> dict[str, str]:
    return {"n": f"{row.incidents:,.0f}", "found": f"{row.patrol_found:,.0f}"}


def _sight_sentence(row: Any, language: Language) -> str:
    word = "not_seen_found" if row.sight == Sight.UNSEEN.value and row.incidents else row.sight
    return i18n.text(f"map.why_{word}", language, **_happened(row))
