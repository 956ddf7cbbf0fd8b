"""The interface described: OpenAPI, and a page to read and try it. Its assets are ours; nothing comes from a CDN."""

import html
import secrets
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from api.deps import ReaderLanguage
from api.requests import NoQuery
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from api.web import with_banner
from gridmap.domain.access import Permission
from gridmap.i18n import Language

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

VENDOR = Path(__file__).resolve().parents[1] / "web" / "vendor"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
#open-access {{ margin: 0; padding: 8px 16px; background: #fdf1e7; color: #8a3b12; font: 13px/1.4 sans-serif; }}
</style>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/vendor/{folder}/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script nonce="{nonce}" src="/assets/vendor/{folder}/swagger-ui-bundle.js"></script>
<script nonce="{nonce}">
SwaggerUIBundle({{url: "{address}", dom_id: "#docs", deepLinking: true, validatorUrl: null}});
</script>
</body>
</html>
"""


@router.get("/openapi.json")
@needs(Permission.GRIDS_READ)
def openapi(request: Request, q: Query[NoQuery]) -> JSONResponse:
    """Give the OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
@needs(Permission.GRIDS_READ)
def docs(request: Request, q: Query[NoQuery], language: ReaderLanguage) -> HTMLResponse:
    """Show the OpenAPI document."""
    return docs_page(request, language, "/openapi.json")


def docs_page(request: Request, language: Language, address: str) -> HTMLResponse:
    """Give the page that shows the OpenAPI document of an address of ours."""
    nonce = secrets.token_urlsafe(18)
    folder = next(VENDOR.glob("swagger-ui-dist@*")).name
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    page = _PAGE.format(title=html.escape(request.app.title), folder=folder, nonce=nonce, address=address)
    if request.app.state.settings.access == "open":
        page = with_banner(page, language)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})
