"""The card of a map: what was counted, how it was judged, what it cannot claim, whose it is.

A map without it is a picture: nobody can say later what it showed, and how sure it was.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import pandas as pd

from gridmap import i18n
from gridmap.analysis.bandwidths import Bandwidth, Scales, say_scales
from gridmap.analysis.saying import Statement, say
from gridmap.i18n import Language

#: Heads of the card in their order, each with what is said beneath.
Section = tuple[str, Sequence[Statement | str]]


class About(TypedDict, total=False):
    """What a map cannot know of itself.

    source : str
        Where the records come from.
    readers : str
        Who may see the map.
    made_at : datetime
        When it was made, aware.
    records : sequence of Statement
        ``say_records``: gaps and kinds that changed their name. Left out: nobody looked for any, and the card says so.
    save_url : str
        Address on the same origin that gives the map as one file.
    """

    source: str
    readers: str
    made_at: datetime
    records: Sequence[Statement]
    save_url: str


def put_card(data: dict[str, Any], sections: Sequence[Section], about: About | None, language: Language) -> None:
    """Put the card into the data of a page: the sections that say something, then records, date, source, readers."""
    about = about or {}
    records = about.get("records")
    made = about.get("made_at")
    zone = ZoneInfo(data["timeZone"])
    known: Sequence[Statement] = [say("records_unchecked")] if records is None else (records or [say("records_whole")])
    whose: list[Section] = [
        ("records", [*known, data["remark"]] if data.get("remark") else known),
        ("made", [] if made is None else [f"{pd.Timestamp(made).tz_convert(zone):%Y-%m-%d %H:%M}"]),
        ("source", [about.get("source", "")]),
        ("readers", [about.get("readers") or say("readers_unknown")]),
    ]
    rows = []
    for head, said in (*sections, *whose):
        told = [one if isinstance(one, str) else one.text(language) for one in said]
        if any(told):
            rows.append({"head": i18n.text(f"mapcard.{head}", language), "said": [text for text in told if text]})
    data["about"] = {
        "title": i18n.text("mapcard.title", language),
        "rows": rows,
        "save": about.get("save_url"),
        "save_text": i18n.text("mapcard.save", language),
    }


def put_patrol_card(data: dict[str, Any], incidents: int, about: About | None, language: Language) -> None:
    """Put the card of a map of patrols; its legend, which is there already, names window and rules."""
    legend = data["legend"]
    counted = i18n.text("mapcard.counted_patrols", language, n=f"{incidents:,}", window=legend["note"])
    cannot = i18n.text("mapcard.patrols_cannot", language)
    put_card(data, [("counted", [counted]), ("rules", [legend["foot"]]), ("cannot", [cannot])], about, language)


def density_sections(
    summary: dict[str, Any], counted: str, bandwidth: Bandwidth | None, scales: Scales | None
) -> list[Section]:
    """Give the sections of a map of density; ``summary`` is that of ``density`` or ``density_by``."""
    metres = float(summary["bandwidth_m"])
    said: list[Statement] = [say("map_kernel", metres=f"{metres:,.0f}", cell=f"{summary['cell_m']:,.0f}")]
    if bandwidth is not None:
        said = [*bandwidth.said, *said]
    if summary.get("denominator"):
        edges = say("map_edges_ratio")
    else:
        edges = say("map_edges" if summary.get("edges") else "map_no_edges")
    return [
        ("counted", [counted]),
        ("scale", [*said, edges]),
        ("test", [say("map_density_untested")]),
        ("scales", [say("scales_unchecked")] if scales is None else say_scales(scales, metres)),
    ]
