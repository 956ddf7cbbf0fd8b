"""What the pages talk to in their tests: the real front page, assets and maps, and answers written down here."""

from dataclasses import dataclass, field
from typing import Any

import city
import geopandas as gpd
import numpy as np
import shapely
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse

from api import web
from gridmap import i18n
from gridmap.maps import localise, pages

CATEGORIES = [
    {"code": "litter", "zh": "暴露垃圾", "en": "Litter"},
    {"code": "parking", "zh": "机动车乱停放", "en": "Parking offence"},
]


@dataclass
class Service:
    """The app, where it listens, and what it was asked."""

    app: FastAPI
    url: str
    city: city.City
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    empty: bool = False


def build(url: str) -> Service:
    """Build the service over the small city."""
    app = FastAPI()
    made = Service(app, url, city.build())
    web.install(app)
    drawn: dict[tuple[str, str], str] = {}

    @app.middleware("http")
    async def note(request: Request, go_on):
        made.asked.append(request.url.path + ("?" + request.url.query if request.url.query else ""))
        for part in made.broken:
            if part in request.url.path:
                problem = {"title": "away", "status": 503, "detail": "数据库暂时无法连接，请稍后重试。"}
                return JSONResponse(problem, 503, media_type="application/problem+json")
        return await go_on(request)

    @app.get("/api/v1/texts")
    def texts(lang: i18n.Language = "zh") -> dict[str, str]:
        subjects = ("page", "legend", "map")
        return {f"{s}.{k}": v for s in subjects for k, v in i18n.subset(s, lang).items()}

    @app.get("/api/v1/overview")
    def overview() -> dict[str, Any]:
        levels = [{"name": n, "order": i} for i, n in enumerate(("street", "area", "grid"))]
        own = {"name": "demo", "title": "青屿区网格", "levels": levels, "version": 1, "valid_from": "2026-01-01"}
        sets = [] if made.empty else [{**own, "grids": len(made.city.grids)}]
        span = {"first": "2025-11-01T00:12:00Z", "last": "2026-10-30T15:59:30Z"}
        return {
            "sets": sets,
            "incidents": {**span, "count": 48_211, "categories": CATEGORIES},
            "fixes": {"first": "2026-10-23T22:00:00Z", "last": "2026-10-30T11:30:00Z", "count": 210_034},
            "time_zone": "Asia/Shanghai",
            "center": list(city.CENTRE),
            "bounds": made.city.grids.total_bounds.tolist(),
        }

    @app.get("/api/v1/locate")
    def locate(lon: float, lat: float, set: str = "demo") -> dict[str, Any]:
        return answer(made.city, lon, lat)

    @app.get("/api/v1/grids/{code}")
    def card(code: str) -> dict[str, Any]:
        needs = {"heads_needed": 1, "workers_needed": 4, "heads": 1, "workers": 5}
        seen = {"incidents": 12, "fixes": 340, "units": 3, "last_fix_at": "2026-10-30T08:30:00Z"}
        return {"grid": {"code": code}, "staffing": needs, "activity": seen}

    @app.get("/maps/{kind}")
    def draw(kind: str, lang: i18n.Language = "zh") -> HTMLResponse:
        if (kind, lang) not in drawn:
            drawn[kind, lang] = draw_map(made.city, kind, lang).get_root().render()
        html, policy = localise.secure(localise.localise(drawn[kind, lang]))
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    return made


def draw_map(town: city.City, kind: str, language: i18n.Language = "zh", grids: gpd.GeoDataFrame | None = None):
    """Draw one of the three maps of a city as the service does."""
    ground = town.grids if grids is None else grids
    common: dict[str, Any] = {
        "upper": (town.streets, town.areas),
        "context": town.context,
        "language": language,
        "locate_url": "/api/v1/locate?set=demo",
        "grid_url": "/api/v1/grids/{code}?set=demo",
    }
    if kind == "grids":
        return pages.grid_map(ground, **common)
    common["window"] = city.WINDOW
    if kind == "hotspots":
        return pages.hotspot_map(ground, town.density, incidents_shown=town.incidents, bandwidth_m=250, **common)
    return pages.coverage_map(ground, town.coverage, **common)


def answer(town: city.City, lon: float, lat: float) -> dict[str, Any]:
    """Say who is responsible, in the form of GET /api/v1/locate."""
    found = np.flatnonzero(shapely.intersects_xy(np.asarray(town.grids.geometry.array), lon, lat))
    base = {"candidates": [], "desk": None, "set": "demo", "version": 1}
    if not len(found):
        return {**base, "grid": None, "chain": [], "method": "none", "border_m": None, "staff": []}
    row = town.grids.iloc[int(found[0])]
    area = town.areas.set_index("code").loc[row["parent_code"]]
    street = town.streets.set_index("code").loc[area["parent_code"]]
    grid = {"code": row["code"], "name": row["name"], "level": "grid"}
    chain = [
        {"code": area["parent_code"], "name": street["name"], "level": "street"},
        {"code": row["parent_code"], "name": area["name"], "level": "area"},
        grid,
    ]
    staff = [{"role": "head", "name": "王海燕", "phone": "139 0000 0001", "department": "网格化服务中心"}]
    staff += [
        {"role": "worker", "name": f"李网格{i}", "phone": f"139 0000 01{i:02d}", "department": ""} for i in range(5)
    ]
    return {**base, "grid": grid, "chain": chain, "method": "inside", "border_m": 41.6, "staff": staff}
