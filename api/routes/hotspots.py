"""Hotspots as data: what was judged of each grid, with p and q, and in a sentence why."""

from typing import Any

import pandas as pd
import shapely
from fastapi import APIRouter

from api.deps import Context, Ctx, ReaderLanguage
from api.mapped import asked_of
from api.replies_hotspots import (
    EmergingAnswer,
    ForecastAnswer,
    GridChangedOut,
    GridExpectedOut,
    GridJudgedOut,
    HotspotsAnswer,
    MethodScoreOut,
    PeriodOut,
    SuddenAnswer,
    SuddenOut,
)
from api.requests_maps import EmergingQuery, ForecastQuery, HotspotsQuery, SuddenQuery, weeks_of
from api.rights import needs
from api.routes.common import Query
from api.routes.services import known
from api.strict import StrictRoute
from gridmap import i18n
from gridmap.analysis.emerging import say_changes, say_emerging
from gridmap.analysis.forecast import say_forecast
from gridmap.analysis.hotspot_words import say_hotspots, say_places
from gridmap.analysis.saying import texts
from gridmap.analysis.sudden_kinds import say_cluster, say_sudden
from gridmap.atlas.asked import MapAsked, category_name
from gridmap.atlas.hotspots import forecast_of
from gridmap.domain.access import Permission
from gridmap.i18n import Language
from gridmap.services.hotspots import judge_changes, judge_hotspots
from gridmap.services.ports import PointFilter
from gridmap.services.sudden import look_for_sudden, weeks_before

router = APIRouter(route_class=StrictRoute, tags=["hotspots"])

BASE = "/api/v1/hotspots"
_FOUND = ("value", "beside", "around", "expected", "more", "z", "p", "q", "judged")
_LOOKED = ("sight", "hours", "per_hour", "per_hour_low", "per_hour_high")


def _asked(ctx: Context, q: HotspotsQuery | EmergingQuery, language: Language) -> MapAsked:
    where = ctx.closed_window(ctx.window(q.start, q.end, q.category))
    return asked_of(ctx, ctx.plan(q.set, q.at), ctx.day(q.at), where, q.lang or language)


def _head(asked: MapAsked) -> dict[str, Any]:
    start, end = asked.window
    plan = asked.plan
    return {"set": plan.boundary_set.name, "version": plan.version.number, "start": start, "end": end}


def _names(frame: pd.DataFrame) -> list[str]:
    return ["" if pd.isna(name) else str(name) for name in frame["name"]]


@router.get(BASE)
@needs(Permission.INCIDENTS_READ)
def get_hotspots(ctx: Ctx, q: Query[HotspotsQuery], language: ReaderLanguage) -> HotspotsAnswer:
    """Judge every grid by Gi*: more or less than expected by how much, how likely by chance, and did anybody look."""
    asked = _asked(ctx, q, language)
    seen, (patrolled, _) = asked.observed(), asked.patrolled()
    found = judge_hotspots(asked.store, seen, asked.keep, by=q.by, side=q.side, day=asked.day, patrolled=patrolled)
    table, summary = found.table, found.table.attrs["summary"]
    alone = table if "peak" in table else table.assign(peak=False, usual=None)
    rows = alone[[*_FOUND, "peak", "usual"]].to_dict("records")
    base = table["base"] if "base" in table else [None] * len(table)
    looked: list[dict[Any, Any]] = [dict.fromkeys(_LOOKED)] * len(table)
    if patrolled is not None and patrolled["visits"].sum():
        looked = patrolled.set_index("code").reindex(pd.Index(seen.codes))[list(_LOOKED)].to_dict("records")
    columns = zip(
        seen.codes, _names(seen.base.grids), rows, seen.counts().tolist(), base, looked, say_places(table), strict=True
    )
    return HotspotsAnswer(
        **_head(asked),
        by=q.by,
        side=q.side,
        rate=summary["rate"],
        draws=summary["draws"],
        seed=summary["seed"],
        hot=summary["hot"],
        cold=summary["cold"],
        peaks=summary.get("peaks", 0),
        total=summary["judged"],
        said=texts((*say_hotspots(table), *seen.said), asked.language),
        grids=[
            GridJudgedOut.model_validate(
                {name: known(value) for name, value in (row | sight).items()}
                | {
                    "code": code,
                    "name": name,
                    "incidents": int(count),
                    "base": known(against),
                    "sentence": sentence.text(asked.language),
                }
            )
            for code, name, row, count, against, sight, sentence in columns
        ],
    )


@router.get(f"{BASE}/emerging")
@needs(Permission.INCIDENTS_READ)
def get_emerging(ctx: Ctx, q: Query[EmergingQuery], language: ReaderLanguage) -> EmergingAnswer:
    """Say what became of every grid over the periods of the window: new, persistent, over, and so on."""
    asked = _asked(ctx, q, language)
    seen = asked.observed()
    changed = judge_changes(seen, *asked.window, asked.keep, time_zone=ctx.settings.time_zone)
    places, summary = changed.found.places, changed.found.places.attrs["summary"]
    columns = zip(
        seen.codes,
        _names(seen.base.grids),
        places.to_dict("records"),
        changed.counts.tolist(),
        changed.found.judged.tolist(),
        say_emerging(changed.found),
        strict=True,
    )
    return EmergingAnswer(
        **_head(asked),
        rate=summary["rate"],
        draws=summary["draws"],
        seed=summary["seed"],
        periods=[
            PeriodOut(start=start, end=end, recorded=bool(there))
            for (start, end), there in zip(changed.periods, changed.recorded, strict=True)
        ],
        said=texts((*say_changes(changed.found), *seen.said), asked.language),
        grids=[
            GridChangedOut.model_validate(
                {field: known(row[field]) for field in ("pattern", "side", "hot", "cold", "periods")}
                | {field: known(row[field]) for field in ("trend_z", "trend_p")}
                | {
                    "code": code,
                    "name": name,
                    "counts": [int(n) if there else None for n, there in zip(counts, changed.recorded, strict=True)],
                    "judged": judged,
                    "sentence": sentence.text(asked.language),
                }
            )
            for code, name, row, counts, judged, sentence in columns
        ],
    )


@router.get(f"{BASE}/forecast")
@needs(Permission.INCIDENTS_READ)
def get_forecast(ctx: Ctx, q: Query[ForecastQuery], language: ReaderLanguage) -> ForecastAnswer:
    """Say where incidents are expected in the next weeks, by which method, and how good each was on the past."""
    where = ctx.closed_window(ctx.window(None, q.end, q.category))
    asked = asked_of(ctx, ctx.plan(q.set, q.at), ctx.day(q.at), where, q.lang or language)
    told, seen = forecast_of(asked, weeks=weeks_of(q))
    found = told.found
    head = _head(asked) | {"start": told.start, "end": told.end}
    expected: list[Any] = [None] * len(seen.codes)
    marked = [False] * len(seen.codes)
    if found.chosen is not None:
        expected, marked = found.places[found.chosen].tolist(), found.places[f"{found.chosen}_marked"].tolist()
    return ForecastAnswer(
        **head,
        weeks=weeks_of(q),
        periods=found.summary["steps"],
        tests=found.summary["tests"],
        area_share=found.summary["area_share"],
        chosen=found.chosen,
        left_out=found.summary["left_out"],
        scores=[
            MethodScoreOut.model_validate(
                row | {"title": i18n.text(f"say.forecast_by_{row['method']}", asked.language)}
            )
            for row in found.scores.to_dict("records")
        ],
        said=texts((*say_forecast(found), *seen.said), asked.language),
        grids=[
            GridExpectedOut(code=code, name=name, expected=known(value), marked=watch)
            for code, name, value, watch in zip(seen.codes, _names(seen.base.grids), expected, marked, strict=True)
        ],
    )


@router.get(f"{BASE}/sudden")
@needs(Permission.INCIDENTS_READ)
def get_sudden(ctx: Ctx, q: Query[SuddenQuery], language: ReaderLanguage) -> SuddenAnswer:
    """Say of which kinds clusters began in the last four weeks, where, and how often chance alone shows one."""
    told, plan = q.lang or language, ctx.plan(q.set, q.at)
    end = ctx.closed_window(ctx.window(None, q.end)).end
    assert end is not None
    where = PointFilter(weeks_before(end), end)
    asked = asked_of(ctx, plan, ctx.day(q.at), where, told)
    seen = asked.observed()
    found = look_for_sudden(seen, end, asked.keep)
    grids, summary = seen.base.grids, found.summary
    names = _names(grids)
    middles = shapely.get_coordinates(shapely.point_on_surface(grids.geometry.to_numpy())).round(6).tolist()
    return SuddenAnswer(
        **_head(asked),
        weeks=summary["weeks"],
        rate=summary["rate"],
        kinds=summary["kinds"],
        silent=summary["silent"],
        said=texts((*say_sudden(found), *seen.said), told),
        clusters=[
            SuddenOut(
                category=kind,
                title=category_name(kind, told),
                since=since,
                observed=one.observed,
                expected=round(one.expected, 1),
                p=one.p,
                radius_m=round(one.radius_m),
                code=seen.codes[one.places[0]],
                name=names[one.places[0]],
                lon=middles[one.places[0]][0],
                lat=middles[one.places[0]][1],
                grids=[seen.codes[k] for k in one.places],
                sentence=say_cluster(one).text(told),
            )
            for kind, one, since in found.clusters
        ],
    )
