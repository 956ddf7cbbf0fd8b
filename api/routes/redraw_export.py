"""A draft as a file to be taken away."""

import tempfile
from pathlib import Path

from fastapi import APIRouter, Response

from api.deps import Ctx
from api.redrawn import opened
from api.requests_redraw import ExportQuery
from api.rights import needs
from api.routes.common import DraftRef, Query, SetName
from api.routes.redraw import BASE
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput
from gridmap.files.exports import FORMS, safe_name, write_plan

router = APIRouter(route_class=StrictRoute, tags=["redraw"])

_DESCRIBED = {200: {"content": {kind.split(";")[0]: {} for _, kind in FORMS.values()}, "description": "the file"}}


@router.get(f"{BASE}/export", response_class=Response, responses=_DESCRIBED)  # type: ignore[arg-type]
@needs(Permission.DRAFTS_WRITE)
def export_draft(ctx: Ctx, q: Query[ExportQuery], set_name: SetName, draft: DraftRef) -> Response:
    """Give the areas of a draft as a file, as they are drawn now."""
    drawing = opened(ctx, set_name, draft)
    name, number = drawing.boundary_set.name, drawing.draft.number
    known = [level.name for level in drawing.boundary_set.levels]
    if q.level is not None and q.level not in known:
        raise InvalidInput("level_not_in_set", known=", ".join(known))
    with ctx.store.unit_of_work() as work:
        frame = work.redraw.export(name, number)
    if q.level is not None:
        frame = frame[frame["level"] == q.level].reset_index(drop=True)
    if not len(frame):
        raise InvalidInput("no_grids")
    stem = safe_name(name, str(number), str(drawing.revision), q.level or "")
    with tempfile.TemporaryDirectory(prefix="gridmap-export-") as folder:
        path = write_plan(frame, Path(folder), stem, q.format, one_level=q.level is not None)
        body = path.read_bytes()
    return Response(
        body,
        media_type=FORMS[q.format][1],
        headers={
            "Content-Disposition": f'attachment; filename="{path.name}"',
            "Cache-Control": "no-store",
            "ETag": f'"{drawing.revision}"',
        },
    )
