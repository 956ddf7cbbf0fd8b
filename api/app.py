"""The app: settings in, FastAPI out. Nothing happens at import."""

import gc
import secrets
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.types import Receive, Scope, Send

from api import arrow, errors, web
from api.access import Desk
from api.cursor import Cursors
from api.deps import Context
from api.doors import Doors
from api.edge import Edge, Front
from api.events.feed import Feed
from api.lean import LOCATE, WORTH_PACKING, Lean
from api.oidc.provider import Provider
from api.once import UnderWay
from api.openapi import openapi_of
from api.rights import is_member
from api.routes import (
    accounts,
    basemaps,
    blind,
    case_feed,
    case_indicators,
    cases,
    cases_asking,
    counts,
    docs,
    duty,
    events,
    georeport,
    grids,
    history,
    hotspots,
    incidents,
    inspections,
    layers,
    lead,
    locate,
    maps,
    ogc,
    ogc_edits,
    ogc_items,
    operations,
    overview,
    patrol_list,
    patrolled,
    patrols,
    places,
    prints,
    public_heat,
    redraw,
    redraw_compare,
    redraw_effects,
    redraw_export,
    redraw_marks,
    redraw_proposals,
    redraw_repair,
    redraw_review,
    redraw_waivers,
    reports,
    services,
    session,
    sets,
    siting,
    sso,
    tiles,
    trail,
    versions,
)
from api.telemetry import Telemetry
from api.tiles.kept import TileFiles, own_folder
from gridmap import __version__, logs
from gridmap.processes import end_with_parent
from gridmap.services.access import Access
from gridmap.services.clock import SystemClock
from gridmap.services.intake import Desk as IntakeDesk
from gridmap.services.intake import Intake
from gridmap.services.lately import Lately
from gridmap.services.patrol_parts import PatrolParts
from gridmap.services.ports import Clock, Store
from gridmap.services.proposals import Proposals, folder_for
from gridmap.services.public_heat import Releases
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: Seconds after the start at which the ground of the maps is drawn in the background.
_WARM_AFTER_S = 1.0

#: The numbers of the leader's page are read again meanwhile until they are so many times as old as they may be.
_STALE = 20

#: Seconds for which a thread goes on while the loop waits for its turn; Python's own 5 ms add up with each look-up.
_SWITCH_S = 0.0005

#: A path is looked for from the top, 0.16 ms to the last route: what devices and desks ask all day stands first.
ROUTERS = (
    locate.router,
    patrols.router,
    incidents.router,
    overview.router,
    ogc_items.router,
    tiles.router,
    sets.router,
    grids.router,
    layers.router,
    services.router,
    siting.router,
    history.router,
    hotspots.router,
    public_heat.router,
    versions.router,
    redraw.router,
    redraw_compare.router,
    redraw_export.router,
    redraw_marks.router,
    redraw_proposals.router,
    redraw_repair.router,
    redraw_waivers.router,
    redraw_review.router,
    redraw_effects.router,
    prints.router,
    counts.router,
    cases_asking.router,
    case_indicators.router,
    lead.router,
    reports.router,
    case_feed.router,
    cases.router,
    georeport.router,
    patrolled.router,
    blind.router,
    patrol_list.router,
    inspections.router,
    duty.router,
    places.router,
    maps.router,
    basemaps.router,
    session.router,
    sso.router,
    accounts.router,
    trail.router,
    events.router,
    docs.router,
    operations.router,
    ogc.router,
    ogc_edits.router,
)


class Service(FastAPI):
    """The app, with the lean road before it."""

    front: Front | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the app."""
        if scope["type"] == "http" and scope["path"] == LOCATE and scope["method"] == "GET":
            lean: Lean | None = self.state.lean
            if lean is not None and self.front is not None and await self.front.serve(scope, send, lean):
                return
        await super().__call__(scope, receive, send)


def create_app(settings: Settings, store: Store | None = None, clock: Clock | None = None) -> FastAPI:
    """Build the app.

    Parameters
    ----------
    settings : Settings
    store : Store, optional
        Used as it is, and left open at the end. Without it the store of ``settings.database_url`` is opened when the
        app starts and closed when it stops.
    clock : Clock, optional
        Where the present comes from; else the machine's clock.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if store is not None:
            yield
            given.close()
            app.state.intake.close()
            app.state.feed.close()
            app.state.context.close()
            doors.close()
            return
        from gridmap.store import open_store

        own = open_store(settings.database_url)
        try:
            if settings.durability == "required":
                own.require_durable()
            watching = furnish(own)
            # a moment later: the work would hold up the first page, which does not need it
            warming = threading.Timer(_WARM_AFTER_S, app.state.context.warm)
            warming.start()
            yield
            warming.cancel()
            app.state.context.stopping.set()
            warming.join()
            watching.close()
            app.state.intake.close()
            app.state.feed.close()
            app.state.context.close()
        finally:
            doors.close()
            own.close()

    app = Service(
        title="gridmap",
        version=__version__,
        summary="Who is responsible for this point, what happens where, and what is nobody looking at.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )

    def furnish(opened: Store) -> Lean:
        """Put over an open store what requests ask; give the lean road, which must be closed."""
        context = app.state.context = _context(settings, opened, clock)
        access = Access.over(opened, context.clock, settings)
        provider = Provider(settings, context.clock) if settings.oidc_issuer else None
        app.state.desk = Desk(settings, opened, context.clock, access, provider)
        doors.open(opened, access.sessions.find_principal)
        app.state.intake = Intake(IntakeDesk(opened, context.clock, settings))
        app.state.feed = Feed(opened, context.clock)
        lean = app.state.lean = Lean(context)
        return lean

    app.state.settings = settings
    app.state.lean = None
    app.state.under_way = UnderWay()
    app.state.telemetry = counted = Telemetry(__version__)
    doors = app.state.doors = Doors(settings)
    app.front = Front(settings, doors, counted)
    if store is not None:
        given = furnish(store)
    app.state.api_routes = [route for router in ROUTERS for route in router.routes]
    # as they are, not by include_router: that makes each route anew for each app, 0.1 s at its first request
    app.router.routes.extend(app.state.api_routes)
    web.install(app, is_member=is_member, images=settings.image_origins)
    errors.install(app)
    plain = (*DEFAULT_EXCLUDED_CONTENT_TYPES, arrow.MEDIA_TYPE, basemaps.MEDIA_TYPE)
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_PACKING, compresslevel=5, exclude_content_types=plain)
    app.add_middleware(Edge, settings=settings, doors=doors, telemetry=counted)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def app_from_env() -> FastAPI:
    """Build the app from the environment: the factory that a server with several workers calls in each."""
    end_with_parent()
    settings = Settings()
    logs.configure(settings)
    sys.setswitchinterval(_SWITCH_S)
    app = create_app(settings)
    # what is loaded stays until the end: each full round of the collector would look through it for 0.14 s
    gc.freeze()
    gc.enable()
    return app


def _context(settings: Settings, store: Store, clock: Clock | None) -> Context:
    key = secrets.token_bytes(32) if settings.cursor_key is None else settings.cursor_key.get_secret_value().encode()
    plans = Plans(store, index_dir=settings.index_dir)
    return Context(
        settings,
        store,
        plans,
        clock or SystemClock(),
        Cursors(key),
        __version__,
        PatrolParts(store, settings, plans),
        Releases(store),
        cases_held=Lately(settings.lead_fresh_s, _STALE * settings.lead_fresh_s),
        alerts_held=Lately(settings.lead_fresh_s, _STALE * settings.lead_fresh_s),
        proposals=Proposals(folder_for(Path(tempfile.gettempdir()), settings.database_url)),
        tile_files=TileFiles(settings.tile_dir or own_folder("tiles", settings.database_url), settings.tile_mb * 10**6),
    )
