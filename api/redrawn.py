"""Edits of a draft, between what the API takes and gives and what the desk works with."""

import json
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from api.deps import Context
from api.extensions import finding_json
from api.replies import Feature
from api.replies_redraw import EditOut, RedrawFindingOut, ShapesOut, StackOut, TotalsOut, WaiverOut
from api.requests_redraw import (
    AssignIn,
    AttributesIn,
    DrawIn,
    FillIn,
    InsertVertexIn,
    MergeIn,
    MoveVertexIn,
    RemoveVertexIn,
    RepairIn,
    SplitIn,
)
from api.routes.common import draft_number
from gridmap.analysis.redraw.review import totals
from gridmap.domain import redraw
from gridmap.domain.access import Principal
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Entry
from gridmap.domain.rules import Finding
from gridmap.domain.waivers import Waiver, unsigned
from gridmap.errors import GridmapError, InvalidInput
from gridmap.i18n import Language, text
from gridmap.services.ports import FeatureFilter, LogLine
from gridmap.services.redraw.desk import Desk
from gridmap.services.redraw.drawings import Drawing
from gridmap.services.redraw.repairs import proposed_repair, require_accepted
from gridmap.services.redraw.waivers import with_waivers


def opened(ctx: Context, set_name: str, draft: str) -> Drawing:
    """Give the draft that a path names as it is now."""
    boundary_set = ctx.plans.resolve_set(set_name)
    return Desk(ctx.drawings).open(ctx.store, boundary_set.name, draft_number(draft))


def seen_codes(ctx: Context, drawing: Drawing) -> Collection[str] | None:
    """Give the codes of a draft that the reader may see; None: all."""
    if getattr(ctx.store, "reading", None) is None:
        return None
    with ctx.store.unit_of_work() as work:
        draft = work.boundaries.find_version(drawing.boundary_set.name, drawing.draft.number)
        return frozenset() if draft is None else frozenset(map(str, work.boundaries.tree(draft)["code"]))


def edit_of(body: Any, ctx: Context, drawing: Drawing) -> redraw.Edit:
    """Make the edit that a body asks for."""
    match body:
        case MoveVertexIn():
            return redraw.MoveVertex(body.at, body.to)
        case InsertVertexIn():
            return redraw.InsertVertex(body.between, body.at)
        case RemoveVertexIn():
            return redraw.RemoveVertex(body.at)
        case SplitIn():
            return redraw.Split(body.code, tuple(body.line), body.name)
        case MergeIn():
            return redraw.Merge(tuple(body.codes), body.into, body.multipart)
        case AssignIn():
            givers = None if body.givers is None else tuple(body.givers)
            return redraw.Assign(_region(body, ctx), body.to, givers, body.ground, body.multipart)
        case DrawIn():
            return redraw.Draw(_polygon(body.ring), body.name, body.parent, body.take)
        case FillIn():
            return redraw.Fill(body.at, body.to, body.name, body.parent)
        case AttributesIn():
            return redraw.SetAttributes(body.code, body.name, body.households, body.parent)
        case RepairIn():
            repair, replaced = proposed_repair(drawing.tiling, gap_width_m=body.gap_width_m)
            require_accepted(repair, body.accept_m2)
            return replaced
        case _:
            raise InvalidInput("redraw_unknown_verb")


def _polygon(ring: list[tuple[float, float]]) -> Polygon:
    if len(set(ring)) < 3:
        raise InvalidInput("redraw_too_few_vertices")
    return Polygon(ring)


def _region(body: AssignIn, ctx: Context) -> Polygon | shapely.MultiPolygon:
    if (body.ring is None) == (body.units is None) or (body.units is None) != (body.layer is None):
        raise InvalidInput("redraw_ring_or_units")
    if body.ring is not None:
        return _polygon(body.ring)
    with ctx.store.unit_of_work() as work:
        found = work.features.frame(FeatureFilter(str(body.layer), ctx.day(None)))
    units = found[found["code"].isin(body.units or ())]
    shapes = np.asarray(units.geometry.array, dtype=object)
    if len(units) < len(set(body.units or ())) or not np.isin(shapely.get_type_id(shapes), (3, 6)).all():
        raise InvalidInput("redraw_units_unknown")
    whole = shapely.union_all(shapes)
    if not isinstance(whole, Polygon | shapely.MultiPolygon):
        raise InvalidInput("redraw_units_unknown")
    return whole


def shapes_out(drawing: Drawing, grids: Iterable[Grid], seen: Collection[str] | None) -> ShapesOut:
    """Give areas as features."""
    shown = [g for g in grids if seen is None or g.code in seen]
    return ShapesOut(features=[Feature.model_validate(feature(drawing, g)) for g in shown])


def feature(drawing: Drawing, grid: Grid) -> dict[str, Any]:
    """Give an area as a GeoJSON feature; ``drawn``: it is not as in the version that the draft was made of."""
    return {
        "type": "Feature",
        "id": grid.code,
        "geometry": json.loads(shapely.to_geojson(grid.geometry)),
        "properties": properties(drawing, grid),
    }


def properties(drawing: Drawing, grid: Grid) -> dict[str, Any]:
    """Give what is shown of an area."""
    total = drawing.total
    return {
        "code": grid.code,
        "name": grid.name,
        "level": grid.level,
        "parent_code": grid.parent_code,
        "households": grid.households,
        "drawn": grid.code in total.before or grid.code in total.after,
    }


def edit_out(line: LogLine | Entry, mine: bool, language: Language, seen: Collection[str] | None) -> EditOut:
    """Give an entry of the log."""
    codes = line.codes if isinstance(line, LogLine) else line.change.codes
    shown = [c for c in codes if seen is None or c in seen]
    return EditOut(
        number=line.number,
        verb=line.verb,
        by=line.author,
        mine=mine,
        at=line.at,
        codes=shown,
        undoes=line.undoes,
        summary=text(f"redraw.did.{line.verb}", language, count=len(shown), number=line.undoes or 0),
    )


def stack_out(numbers: tuple[int, ...]) -> StackOut:
    """Say what can be taken back, or made again."""
    return StackOut(count=len(numbers), number=numbers[-1] if numbers else None)


def totals_out(drawing: Drawing) -> TotalsOut:
    """Give the findings of a draft in figures."""
    return TotalsOut.of(totals(drawing.findings))


def waiver_out(waiver: Waiver, by: Principal, *, holds: bool = True) -> WaiverOut:
    """Give a waiver."""
    return WaiverOut(
        number=waiver.number,
        rule=waiver.rule,
        codes=list(waiver.codes),
        by=waiver.author,
        mine=waiver.author_id == by.account_id,
        at=waiver.at,
        reason=waiver.reason,
        holds=holds,
    )


def findings_out(
    ctx: Context,
    drawing: Drawing,
    found: Iterable[Finding],
    by: Principal,
    language: Language,
    seen: Collection[str] | None,
) -> list[RedrawFindingOut]:
    """Give findings with their shapes and waivers; of those about an area beyond reach none."""
    shown = [f for f in found if seen is None or set(f.codes) <= set(seen)]
    return [
        RedrawFindingOut.model_validate(
            {
                **finding_json(f, language),
                "blocking": f.severity == "error" or unsigned(f),
                "waiver": None if f.waiver is None else waiver_out(f.waiver, by),
                "geometry": None if f.geometry is None else json.loads(shapely.to_geojson(f.geometry)),
            }
        )
        for f in with_waivers(ctx.store, drawing, shown)
    ]


def withheld(error: GridmapError, seen: Collection[str] | None) -> GridmapError:
    """Take the codes beyond reach out of an error."""
    if seen is None:
        return error
    fields = dict(error.fields)
    for name in ("area", "other"):
        if name in fields and fields[name] not in seen:
            fields[name] = "…"
    if "codes" in fields:
        fields["codes"] = [c for c in fields["codes"] if c in seen]
    made = type(error)(error.code, **fields)
    made.__cause__ = error.__cause__
    return made
