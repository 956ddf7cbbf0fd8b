"""A repair of a draft, told before it is made."""

from fastapi import APIRouter

from api.deps import Ctx
from api.redrawn import opened, seen_codes, shapes_out
from api.replies_redraw import RepairAnswer, RepairRowOut, TotalsOut
from api.requests_redraw import RepairQuery
from api.rights import needs
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE
from api.strict import StrictRoute
from gridmap.analysis.redraw.review import totals
from gridmap.domain.access import Permission
from gridmap.services.redraw.repairs import FREE_M2, largest_m2, proposed_repair

router = APIRouter(route_class=StrictRoute, tags=["redraw"])

_MEASURES = ("area_before_m2", "area_after_m2", "gained_m2", "lost_m2")


@router.get(f"{BASE}/repair")
@needs(Permission.DRAFTS_WRITE)
def get_repair(ctx: Ctx, q: Query[RepairQuery], set_name: SetName, draft: DraftRef) -> RepairAnswer:
    """Say what closing the holes and overlaps of a draft would do to each area; nothing is changed."""
    drawing = opened(ctx, set_name, draft)
    seen = seen_codes(ctx, drawing)
    repair, replaced = proposed_repair(drawing.tiling, gap_width_m=q.gap_width_m)
    changed = {*(g.code for g in replaced.areas), *replaced.gone}
    moved = repair.moved[repair.moved["code"].isin([c for c in changed if seen is None or c in seen])]
    order = (moved["gained_m2"] + moved["lost_m2"]).sort_values(ascending=False, kind="stable").index
    return RepairAnswer(
        revision=drawing.revision,
        gap_width_m=round(repair.gap_width_m, 3),
        rows=[
            RepairRowOut(
                code=str(row["code"]),
                name=drawing.tiling[str(row["code"])].name,
                **{name: round(float(row[name]), 3) for name in _MEASURES},
            )
            for row in moved.loc[order].head(ctx.settings.max_page).to_dict("records")
        ],
        gone=[c for c in replaced.gone if seen is None or c in seen],
        largest_m2=round(largest_m2(repair), 3),
        free_m2=FREE_M2,
        left=TotalsOut.of(totals(repair.report)),
        shapes=shapes_out(drawing, replaced.areas[: ctx.settings.max_page], seen),
    )
