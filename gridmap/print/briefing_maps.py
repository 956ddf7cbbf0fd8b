"""The two maps of a briefing as drawings: where incidents are dense, and where nobody looked."""

from collections.abc import Sequence

import numpy as np
import shapely
from reportlab.lib.colors import HexColor
from shapely.geometry.base import BaseGeometry

from gridmap.analysis.briefing import Briefing
from gridmap.i18n import Language, text
from gridmap.print import letters
from gridmap.print.briefing_text import heat_classes
from gridmap.print.drawing import Drawing
from gridmap.print.hatching import hatching
from gridmap.print.labels import corners, label_of, placed
from gridmap.print.legends import Sign, circle
from gridmap.print.maps import Frame, Shapes, borders, draw_backdrop, draw_frame, draw_shapes, frame_for
from gridmap.print.paper import INK, MM, SOFT

Place = tuple[float, float, float, float]

_GROUND = HexColor("#f7f6f2")
_BORDER = HexColor("#4a5561")
_HOT = HexColor("#111111")
_DOT = HexColor("#b3261e")
_FOUND, _CLEAR, _HATCH = HexColor("#8fb3cc"), HexColor("#e3edf3"), HexColor("#37424d")
#: Names on a map; more could not be read.
_MOST_NAMES = 60
#: Up to so many mm wide a map is a small one.
_SMALL = 120.0


def draw_heat(on: Drawing, found: Briefing, place: Place) -> None:
    """Draw where incidents are dense, hot grids outlined; of one day, each incident as a dot."""
    assert found.heat is not None
    frame = _frame(found, place)
    with on.clipped(*place):
        _ground(on, frame, found)
        layers = _ready(frame, found.heat.layers)
        for shape, colour in zip(layers, found.heat.colours, strict=True):
            draw_shapes(on, frame, [shape], fill=HexColor(colour))
        _places(on, frame, found)
        hot = _ready(frame, [one[3] for one in found.heat.hot])
        draw_shapes(on, frame, hot, stroke=HexColor("#ffffff"), width=1.5)
        draw_shapes(on, frame, hot, stroke=_HOT, width=0.7)
        _names(on, frame, found)
        if found.heat.dots:
            _dots(on, frame, _ready(frame, found.heat.dots))
    draw_frame(on, frame)


def draw_seen(on: Drawing, found: Briefing, place: Place) -> None:
    """Draw where somebody looked; where nobody did is hatched, and dotted where no track was recorded at all."""
    assert found.seen is not None
    frame = _frame(found, place)
    with on.clipped(*place):
        _ground(on, frame, found)
        for sight, fill in (("seen_found", _FOUND), ("seen_clear", _CLEAR)):
            shapes = found.seen.of(sight).geometry.to_numpy()
            if len(shapes):
                # one shape a class: single grids would show hair lines between them
                draw_shapes(on, frame, frame.ready([shapely.union_all(shapes)]), fill=fill)
        unseen = _ready(frame, found.seen.of("not_seen").geometry.tolist())
        if not found.seen.recorded:
            draw_shapes(on, frame, borders(unseen), stroke=SOFT, width=0.25, dash=(0.1, 1.0))
        elif len(unseen):
            draw_shapes(on, frame, hatching(frame, unseen), stroke=_HATCH, width=0.22)
            draw_shapes(on, frame, borders(unseen), stroke=_HATCH, width=0.3)
        _places(on, frame, found)
        _names(on, frame, found)
    draw_frame(on, frame)


def _ready(frame: Frame, shapes: Sequence[BaseGeometry]) -> Shapes:
    """As ``Frame.ready``, for none as well."""
    return frame.ready(np.array(shapes, dtype=object)) if len(shapes) else np.zeros(0, dtype=object)


def _frame(found: Briefing, place: Place) -> Frame:
    return frame_for([found.outline], place, found.epsg, room=0.03)


def _ground(on: Drawing, frame: Frame, found: Briefing) -> None:
    draw_backdrop(on, frame, found.backdrop)
    draw_shapes(on, frame, frame.ready([found.outline]), fill=_GROUND)


def _places(on: Drawing, frame: Frame, found: Briefing) -> None:
    shapes = _ready(frame, [shape for _, shape in found.shapes])
    draw_shapes(on, frame, borders(shapes), stroke=_BORDER, width=0.3)
    draw_shapes(on, frame, borders(frame.ready([found.outline])), stroke=INK, width=0.6)


def _names(on: Drawing, frame: Frame, found: Briefing) -> None:
    if len(found.shapes) > _MOST_NAMES:
        return
    ready = _ready(frame, [shape for _, shape in found.shapes])
    size = 8.0 if frame.width > _SMALL else 6.0
    wanted = [
        label_of(frame, shape, letters.cut(on.clean(name), size, 34), size, min(size, 6.0))
        for (name, _), shape in zip(found.shapes, ready, strict=True)
    ]
    known = [label for label in wanted if label is not None]
    for spot in placed(frame, known, corners(frame)):
        on.text(spot.x, spot.y, spot.value, spot.size, colour=INK, anchor="middle", halo=True)


def _dots(on: Drawing, frame: Frame, points: Shapes) -> None:
    path = on.path()
    for x, y in frame.to_page(shapely.get_coordinates(points)).tolist():
        circle(path, x * MM, (on.height - y) * MM, 0.75 * MM)
    on.draw(path, fill=_DOT, stroke=HexColor("#ffffff"), width=0.12)


def heat_signs(found: Briefing, language: Language) -> list[Sign]:
    """Give the signs of the map of incidents."""
    assert found.heat is not None
    heat = found.heat
    signs: list[Sign] = []
    if heat.dots:
        signs.append((None, _DOT, "dot", text("report.heat_dot", language, count=f"{heat.incidents:,}")))
    elif heat.incidents:
        words = heat_classes(heat.breaks, language)
        signs.append((None, None, "", text("report.heat_unit", language)))
        signs += [(HexColor(c), None, "", w) for c, w in zip(heat.colours, words, strict=True)]
    else:
        signs.append((None, None, "", text("report.heat_none", language)))
    if heat.incidents and (heat.hot or not heat.dots):
        signs.append((None, _HOT, "", text("report.heat_hot", language, count=len(heat.hot))))
    return [*signs, (None, _BORDER, "line", text("report.street_border", language))]


def seen_signs(found: Briefing, language: Language) -> list[Sign]:
    """Give the signs of the map of patrols, each with the number of grids."""
    assert found.seen is not None
    count = {word: f"{len(found.seen.of(word)):,}" for word in ("seen_found", "seen_clear", "not_seen")}
    border: Sign = (None, _BORDER, "line", text("report.street_border", language))
    if not found.seen.recorded:
        return [(None, SOFT, "dotted", text("report.seen_unknown", language, count=count["not_seen"])), border]
    return [
        (None, _HATCH, "hatch", text("report.seen_not", language, count=count["not_seen"])),
        (_FOUND, None, "", text("report.seen_found", language, count=count["seen_found"])),
        (_CLEAR, None, "", text("report.seen_clear", language, count=count["seen_clear"])),
        border,
    ]
