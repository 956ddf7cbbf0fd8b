"""What all maps share: what they take beside their subject, what their data begin with, and the page they become."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import folium
import geopandas as gpd
import pandas as pd
from folium.plugins import Fullscreen

from gridmap import i18n
from gridmap.i18n import Language
from gridmap.maps import drawing, legend
from gridmap.maps.elements import DrawnLayer, PageMap, Start
from gridmap.maps.safe import encode_text

Frames = Sequence[gpd.GeoDataFrame]
#: Fills by word, the order of which is that of the legend.
Looks = Mapping[str, dict[str, Any]]
#: What nothing is known of: a dotted outline.
NO_DATA = {"fill": "#ffffff", "opacity": 0.0, "line": "#6b7680", "dash": "2 4"}


class Around(TypedDict, total=False):
    """What every map takes beside its subject.

    upper : sequence of GeoDataFrame
        frames.GRIDS of the coarser levels, coarsest first, such as streets and management areas.
    context : GeoDataFrame, optional
        ``kind`` (water, green, road ...), ``name`` and geometry, drawn beneath.
    language : {"zh", "en"}
        Language of everything on the page except names; Chinese if left out.
    locate_url : str, optional
        Address on the same origin that answers ``?lon=&lat=`` with a responsibility; without it the card shows what
        the frames hold.
    grid_url : str, optional
        Address on the same origin, with ``{code}`` in it, that answers with the facts of one grid.
    time_zone : str
        Zone in which times are shown; Asia/Shanghai if left out.
    ground : Ground, optional
        ``drawing.ground(grids, upper)``, where several maps of the same grids are drawn.
    remark : str, optional
        What is to be known of the figures, at the end of the legend.
    """

    upper: Frames
    context: gpd.GeoDataFrame | None
    language: Language
    locate_url: str | None
    grid_url: str | None
    time_zone: str
    ground: drawing.Ground | None
    remark: str | None


def begin(kind: str, grids: gpd.GeoDataFrame, around: Around) -> tuple[drawing.Ground, dict[str, Any], Language]:
    """Give the ground of a map, what its data begin with, and its language.

    Raises
    ------
    GeometryError
        ``map_without_grids``.
    """
    language = around.get("language", "zh")
    place = around.get("ground") or drawing.ground(grids, around.get("upper", ()))
    data = drawing.page_data(place, language)
    data["kind"], data["remark"] = kind, around.get("remark")
    data["locate"], data["gridUrl"] = around.get("locate_url"), around.get("grid_url")
    data["timeZone"] = around.get("time_zone", "Asia/Shanghai")
    data["context"] = drawing.context_data(around.get("context"), place.origin)
    data["facts"] = [
        {"key": "households", "label": i18n.text("map.fact_households", language)},
        {"key": "area", "label": i18n.text("map.fact_area", language), "digits": 2, "unit": "km²"},
    ]
    return place, data, language


def paint(data: dict[str, Any], looks: Looks, words: Sequence[str]) -> list[int]:
    """Give each grid the look of its word; one that is none of them is drawn as having no data."""
    data["styles"] = [*looks.values(), NO_DATA]
    data["grids"]["fill"] = numbered(looks, words)
    fills: list[int] = data["grids"]["fill"]
    return fills


def numbered(looks: Looks, words: Sequence[str]) -> list[int]:
    """Give the number of the look of each word, after all of them where it is none."""
    order = {word: number for number, word in enumerate(looks)}
    return [order.get(word, len(order)) for word in words]


def ground_tips(data: dict[str, Any], language: Language) -> list[dict[str, Any]]:
    """Give the lines of a tooltip that say which grid it is, and its households where they are known."""
    tips = [{"key": "code", "kind": "plain", "text": i18n.text("map.tip_code", language, value="{value}")}]
    if any(v is not None for v in data["grids"]["households"]):
        tips.append({"key": "households", "text": i18n.text("map.tip_households", language, value="{value}")})
    return tips


def choice_tip(looks: Looks, prefix: str, nothing: str, language: Language) -> dict[str, Any]:
    """Give the line of a tooltip that says the word of a grid."""
    texts = [i18n.text(f"map.{prefix}_{word}", language) for word in (*looks, nothing)]
    return {"key": "fill", "kind": "choice", "texts": texts}


def look_rows(looks: Looks, words: Sequence[str], texts: Sequence[str], language: Language) -> list[dict[str, Any]]:
    """Give one row of the legend a look, with its text and how many grids have it."""
    counts = pd.Series(list(words), dtype=object).value_counts()
    rows = [
        {
            "look": {k: v for k, v in look.items() if k in ("fill", "pattern", "ink")},
            "text": text,
            "count": f"{int(counts.get(word, 0)):,}",
        }
        for (word, look), text in zip(looks.items(), texts, strict=True)
    ]
    return rows + legend.no_data_row(sum(word not in looks for word in words), language)


def word_rows(looks: Looks, words: Sequence[str], prefix: str, language: Language) -> list[dict[str, Any]]:
    """Give the rows of looks whose texts stand in the catalogue as ``legend.<prefix>_<word>``."""
    return look_rows(looks, words, [i18n.text(f"legend.{prefix}_{word}", language) for word in looks], language)


def assembled(
    kind: str,
    place: drawing.Ground,
    data: dict[str, Any],
    language: Language,
    overlays: Sequence[str] = (),
    *,
    overlays_on: bool = True,
) -> folium.Map:
    """Put the layers on the map from the ground up, then the controls, then the start."""
    drawn = PageMap(i18n.text(f"map.title_{kind}", language), i18n.text("map.card", language), language, data)
    if data["context"]:
        DrawnLayer("context", i18n.text("map.layer_context", language)).add_to(drawn)
    if kind == "hotspots":
        DrawnLayer("surface", i18n.text("map.layer_density", language)).add_to(drawn)
    # the grids take the mouse and carry the selection: always there
    DrawnLayer("grids", i18n.text("map.layer_grids", language), control=False).add_to(drawn)
    for number in reversed(range(len(place.upper))):
        DrawnLayer(f"level-{number}", drawing.level_title(place.upper[number], number, language)).add_to(drawn)
    for number, title in enumerate(overlays):
        DrawnLayer(f"features-{number}", title, show=overlays_on).add_to(drawn)
    DrawnLayer("labels", i18n.text("map.layer_labels", language)).add_to(drawn)
    Fullscreen(  # type: ignore[no-untyped-call]
        position="topleft",
        title=encode_text(i18n.text("map.fullscreen", language)),
        title_cancel=encode_text(i18n.text("map.fullscreen_end", language)),
    ).add_to(drawn)
    folium.LayerControl(position="topright", collapsed=True).add_to(drawn)
    Start().add_to(drawn)
    return drawn
