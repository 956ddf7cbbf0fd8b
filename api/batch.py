"""Many points in, columns out: the JSON of ``POST /api/v1/locate``, read and written without a loop over the points.

``read_points`` takes a body only where it is plainly what it seems; everything else, and every refusal, is the
validated route's. ``columns`` writes the answer for both.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from api.answers import to_json as to_text
from api.deps import Context, Moment
from api.errors import NotParsable
from api.requests import LocateBatch
from api.strict import parse_json
from gridmap.analysis.locator import METHODS
from gridmap.crs import Datum, to_wgs84
from gridmap.errors import TooLarge
from gridmap.services.grids import require_plausible
from gridmap.services.responsibility import Plan

Floats = npt.NDArray[np.float64]

_SPACE = b" \t\r\n"
_NUMBER = b"0123456789+-.eE"
#: Brackets become blanks: what is left is one flat list.
_FLAT = bytes.maketrans(b"[]", b"  ")
_DIGIT = bytes.maketrans(_NUMBER, b"0" * len(_NUMBER))
_PAIR = b"[,],"
#: Brackets around the points: those of the body, of the list and of a pair.
_DEPTH = 3


class Points(NamedTuple):
    """A batch as it was asked."""

    xy: Floats
    set_name: str | None
    at: Moment | None
    datum: Datum
    border: bool


def read_points(body: bytes, *, max_depth: int) -> Points | None:
    """Read the body of a batch; None where it is not plainly a list of pairs of numbers beside known fields."""
    first, last = body.find(b"["), body.rfind(b"]")
    if first < 0 or last < first or max_depth < _DEPTH:
        return None
    xy = _pairs(body[first : last + 1])
    if xy is None:
        return None
    try:
        # the same without its points: short, so it can be read with all the care there is
        rest = parse_json(body[:first] + b"null" + body[last + 1 :], max_depth=max_depth)
        if not isinstance(rest, dict) or [name for name, value in rest.items() if value is None] != ["points"]:
            return None
        read = LocateBatch.model_validate({**rest, "points": [[0.0, 0.0]]})
    except (NotParsable, ValidationError):
        return None
    return Points(xy, read.set, read.at, read.datum, read.border)


def _pairs(written: bytes) -> Floats | None:
    """Read ``[[x, y], ...]``; None where it is anything else, or a number is not finite."""
    frame = written.translate(None, _NUMBER + _SPACE)
    count = (len(frame) - 1) // len(_PAIR)
    if count < 1 or frame != b"[" + (_PAIR * count)[:-1] + b"]":
        return None
    dense = written.translate(_DIGIT, _SPACE)
    if b"0[" in dense or b"]0" in dense:  # a number outside its pair
        return None
    try:
        # commas part all numbers, so this fails where one is missing, doubled or badly written
        numbers = np.array(from_json(b"[" + written.translate(_FLAT) + b"]"), dtype=np.float64)
    except (ValueError, OverflowError):
        return None
    return numbers.reshape(-1, 2) if np.isfinite(numbers).all() else None


def columns(ctx: Context, points: Points) -> bytes:
    """Answer a batch.

    Raises
    ------
    TooLarge
        ``too_many_points``.
    GridmapError
        As ``Context.plan`` and ``require_plausible``.
    """
    limit = ctx.settings.max_batch_points
    if len(points.xy) > limit:
        raise TooLarge("too_many_points", limit=limit)
    plan = ctx.plan(points.set_name, points.at)
    x, y = np.ascontiguousarray(points.xy[:, 0]), np.ascontiguousarray(points.xy[:, 1])
    require_plausible(plan, x, y, ctx.island_deg)
    lon, lat = to_wgs84(x, y, points.datum)
    found = plan.locator.locate_many(lon, lat, nearest_within_m=ctx.settings.nearest_within_m, border=points.border)
    border_m = None if found.border_m is None else np.round(found.border_m, 2).tolist()
    codes = ctx.code_texts.get(plan.key, lambda: _code_texts(plan))
    return b'{"grid_code":[%b],"method":[%b],"border_m":%b,"set":%b,"version":%d}' % (
        b",".join(codes[found.owner].tolist()),
        b",".join(_METHOD_TEXTS[found.method].tolist()),
        to_json(border_m, inf_nan_mode="null"),
        to_text(plan.boundary_set.name).encode("utf-8"),
        plan.version.number,
    )


_METHOD_TEXTS = np.array([to_text(method.value).encode("utf-8") for method in METHODS], dtype=object)


def _code_texts(plan: Plan) -> npt.NDArray[np.object_]:
    """Give the codes as they are written, with ``null`` last, where -1 finds it."""
    return np.array([*(to_text(code).encode("utf-8") for code in plan.locator.codes), b"null"], dtype=object)
