"""Where somebody looked: what maps of incidents owe to patrols, so that "nobody looked" is never shown as "quiet"."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap import i18n
from gridmap.analysis.frames import PATROLLED, require_columns
from gridmap.analysis.saying import Statement, say
from gridmap.domain.patrols import Sight
from gridmap.i18n import Language
from gridmap.maps import drawing

#: Nobody stayed there: hatched, whatever the records say.
UNSEEN: dict[str, Any] = {"fill": "#eeede9", "pattern": "thin", "ink": "#8f8c83", "opacity": 0.95, "line": "#9aa1a7"}


@dataclass(frozen=True)
class Looked:
    """What patrols did in the grids of a map, in their order.

    ``unseen``: nobody stayed there, or nobody so much as passed. ``rows``: frames.PATROLLED; None where only fixes were
    counted.
    """

    unseen: npt.NDArray[np.bool_]
    rows: pd.DataFrame | None

    def columns(self) -> dict[str, list[Any]]:
        """Give effort and rates as columns of the grids of a page, where they were measured."""
        if self.rows is None:
            return {}
        hours = [None if pd.isna(v) else round(float(v), 1) for v in self.rows["hours"]]
        rates = [
            None if pd.isna(rate) else f"{rate:,.2f} ({low:,.2f} – {high:,.2f})"
            for rate, low, high in zip(
                *(self.rows[name] for name in ("per_hour", "per_hour_low", "per_hour_high")), strict=True
            )
        ]
        found = [None if pd.isna(v) else int(v) for v in self.rows["patrol_found"]]
        return {"hours": hours, "rate": rates, "patrol_found": found}

    def facts(self, language: Language) -> list[dict[str, Any]]:
        """Give the lines of the card of a grid: the raw count has its effort beside it."""
        if self.rows is None:
            return []
        never = i18n.text("map.tip_not_stayed", language)
        return [
            {"key": "patrol_found", "label": i18n.text("mapcard.fact_patrol_found", language)},
            {"key": "hours", "label": i18n.text("map.fact_hours", language), "digits": 1, "unit": "h"},
            {"key": "rate", "kind": "text", "label": i18n.text("mapcard.fact_rate", language), "none": never},
        ]


def looked_of(patrolled: pd.DataFrame | None, place: drawing.Ground) -> Looked | None:
    """Bring frames.PATROLLED, or ``code`` and ``fixes`` alone, to the grids of a map; None: no patrol is known at all.

    A grid without a row of effort counts as looked at: nothing is claimed of it.
    """
    if patrolled is None:
        return None
    if "visits" not in patrolled.columns:
        fixes = patrolled.set_index("code")["fixes"].reindex(place.grids["code"]).fillna(0).to_numpy()
        return Looked(fixes == 0, None) if fixes.any() else None
    require_columns(patrolled, PATROLLED)
    rows = patrolled.set_index("code").reindex(place.grids["code"]).reset_index()
    if not rows["visits"].fillna(0).sum():
        return None
    return Looked((rows["sight"] == Sight.UNSEEN.value).to_numpy(dtype=bool), rows)


def say_looked(looked: Looked | None, *, asked: bool) -> list[Statement]:
    """Say in how many grids somebody looked, or why that is not known."""
    if looked is None:
        return [say("looked_no_patrols" if asked else "looked_not_asked")]
    unseen = int(looked.unseen.sum())
    word = "looked_passed" if looked.rows is None else "looked"
    return [say(word, seen=len(looked.unseen) - unseen, grids=len(looked.unseen), unseen=unseen)]


def with_sight(sentences: list[str], looked: Looked | None, language: Language) -> list[str]:
    """Add to the sentences of grids that nobody looked there."""
    if looked is None:
        return sentences
    joint = "" if language == "zh" else " "
    added = joint + say("place_unseen").text(language)
    return [text + added if unseen else text for text, unseen in zip(sentences, looked.unseen, strict=True)]
