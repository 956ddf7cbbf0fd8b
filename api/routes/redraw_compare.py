"""A draft beside another draft or version."""

import json
from typing import Any

import shapely
from fastapi import APIRouter

from api.answers import plain
from api.deps import Ctx, ReaderLanguage
from api.redrawn import opened
from api.replies import Feature
from api.replies_redraw import CompareAnswer, CompareRowOut, ShapesOut
from api.requests_redraw import CompareQuery
from api.rights import needs
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE
from api.strict import StrictRoute
from gridmap.analysis.redraw.comparison import Compared, Differs
from gridmap.domain.access import Permission
from gridmap.i18n import Language
from gridmap.services.redraw.comparing import compare_with, sentence

router = APIRouter(route_class=StrictRoute, tags=["redraw"])


@router.get(f"{BASE}/compare")
@needs(Permission.DRAFTS_WRITE)
def compare_drafts(
    ctx: Ctx, q: Query[CompareQuery], set_name: SetName, draft: DraftRef, language: ReaderLanguage
) -> CompareAnswer:
    """Say what is otherwise in a draft than in another draft or version: a row and a sentence for each area."""
    drawing = opened(ctx, set_name, draft)
    name, number = drawing.boundary_set.name, drawing.draft.number
    found = compare_with(ctx.store, name, number, q.with_)
    shown = found.rows[: ctx.settings.max_page]
    return CompareAnswer(
        set=name,
        draft=number,
        revision=drawing.revision,
        other=q.with_,
        rows=[_row(row, language) for row in shown],
        total=len(found.rows),
        truncated=len(shown) < len(found.rows),
        pieces=_pieces(found, ctx.settings.max_page),
    )


def _row(row: Differs, language: Language) -> CompareRowOut:
    before, after = row.before, row.after
    return CompareRowOut(
        level=row.grid.level,
        code=row.grid.code,
        change="founded" if before is None else "gone" if after is None else "changed",
        name_before=None if before is None else before.name,
        name_after=None if after is None else after.name,
        parent_before=None if before is None else before.parent_code,
        parent_after=None if after is None else after.parent_code,
        households_before=None if before is None else before.households,
        households_after=None if after is None else after.households,
        area_before_m2=round(row.area_before_m2, 3),
        area_after_m2=round(row.area_after_m2, 3),
        gained_m2=round(row.gained_m2, 3),
        lost_m2=round(row.lost_m2, 3),
        sentence=sentence(row, language),
    )


def _pieces(found: Compared, limit: int) -> ShapesOut:
    features: list[Feature] = []
    for n, piece in enumerate(found.pieces.head(limit).itertuples(index=False), 1):
        values: dict[str, Any] = {name: plain(getattr(piece, name)) for name in ("level", "old_code", "new_code")}
        made = {
            "type": "Feature",
            "id": str(n),
            "geometry": json.loads(shapely.to_geojson(piece.geometry)),
            "properties": {**values, "area_m2": round(float(piece.area_m2), 3)},
        }
        features.append(Feature.model_validate(made))
    return ShapesOut(features=features)
