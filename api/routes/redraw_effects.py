"""What a draft does: its grids before and after, and what changes hands."""

from fastapi import APIRouter

from api.deps import Ctx
from api.redrawn import opened, seen_codes
from api.replies_redraw import (
    BalanceOut,
    EffectOut,
    EffectsAnswer,
    HandedFacilityOut,
    HandedOut,
    LeavingOut,
    MeasuresOut,
)
from api.requests_redraw import EffectsQuery
from api.rights import needs
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.services.redraw.effects import Side, effects

router = APIRouter(route_class=StrictRoute, tags=["redraw"])


@router.get(f"{BASE}/effects")
@needs(Permission.DRAFTS_WRITE)
def list_effects(ctx: Ctx, q: Query[EffectsQuery], set_name: SetName, draft: DraftRef) -> EffectsAnswer:
    """Say what a draft does to the grids that it touched, or to some of them."""
    drawing = opened(ctx, set_name, draft)
    seen = seen_codes(ctx, drawing)
    with ctx.store.unit_of_work() as work:
        found = effects(work, drawing, q.codes, now=ctx.clock.now(), settings=ctx.settings)
    known = sorted({*found.before, *found.after})
    # what ended under an area that may be seen was to be seen, too
    ended = {c for c in found.before if c not in found.after and drawing.total.before[c].parent_code in (seen or ())}
    shown = [c for c in known if seen is None or c in seen or c in ended]
    handed = found.handed
    rows = [] if handed is None else handed.head(ctx.settings.max_page).itertuples()
    return EffectsAnswer(
        revision=drawing.revision,
        start=found.start,
        end=found.end,
        areas=[
            EffectOut(
                code=code,
                name=(found.after.get(code) or found.before[code]).name,
                before=_measures(found.before.get(code)),
                after=_measures(found.after.get(code)),
            )
            for code in shown
        ],
        handed=[
            HandedOut(
                incident_id=row.incident_id,
                category=row.category,
                occurred_at=row.occurred_at,
                lon=row.geometry.x,
                lat=row.geometry.y,
                from_code=_within(row.from_code, seen, ended),
                to_code=_within(row.to_code, seen, ended),
            )
            for row in rows
        ],
        handed_total=None if handed is None else len(handed),
        facilities=None
        if found.facilities is None
        else [
            HandedFacilityOut(
                layer=row.layer,
                code=row.code,
                name=row.name,
                state=row.state,
                lon=row.geometry.x,
                lat=row.geometry.y,
                from_code=_within(row.from_code, seen, ended),
                to_code=_within(row.to_code, seen, ended),
            )
            for row in found.facilities.head(ctx.settings.max_page).itertuples()
        ],
        staff=[
            LeavingOut(grid_code=m.grid_code, role=m.role, name=m.name, department=m.department) for m in found.staff
        ],
        balance=[
            BalanceOut(
                parent=b.parent,
                measure=b.measure,
                mean_before=round(b.mean_before, 3),
                mean_after=round(b.mean_after, 3),
                deviation_before=round(b.deviation_before, 6),
                deviation_after=round(b.deviation_after, 6),
            )
            for b in found.balance
            if seen is None or b.parent in seen
        ],
    )


def _within(code: str | None, seen: object, ended: set[str]) -> str | None:
    return code if seen is None or code in seen or code in ended else None  # type: ignore[operator]


def _measures(side: Side | None) -> MeasuresOut | None:
    if side is None:
        return None
    found = side.measures
    return MeasuresOut(
        area_m2=round(found.area_m2, 3),
        households=found.households,
        floating=None if found.floating is None else round(found.floating, 1),
        workers_required=side.workers_required,
        workers=side.workers,
        incidents=found.incidents,
        patrol_hours=None if found.patrol_hours is None else round(found.patrol_hours, 3),
        compactness=round(found.compactness, 4),
    )
