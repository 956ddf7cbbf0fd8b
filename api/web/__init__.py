"""Our pages: static, in plain ES modules, with vendored assets; nothing comes from another machine."""

from pathlib import Path, PurePath

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ROOT = Path(__file__).resolve().parent

#: For our pages: scripts, styles and data only from ourselves, nothing inline, framed by nobody.
SHELL_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


#: What of this folder is for readers; its Python is not.
_SERVED = {"css", "js", "vendor", "mark.svg"}


class _Assets(StaticFiles):
    """Files with their caching: vendored ones carry their version in the path and never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if PurePath(path).parts[:1] == () or PurePath(path).parts[0] not in _SERVED:
            raise HTTPException(404)
        answer = await super().get_response(path, scope)
        vendored = PurePath(path).parts[0] == "vendor"
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if vendored else "no-cache"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def not_found() -> Response:
    """Give the page for an address that leads nowhere."""
    return _page("not-found.html", 404)


def _page(name: str, status: int = 200) -> FileResponse:
    return FileResponse(
        ROOT / name,
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": SHELL_POLICY, "Cache-Control": "no-cache"},
    )


def install(app: FastAPI) -> None:
    """Serve the pages, at ``/`` and ``/history``, and their files and the vendored assets under ``/assets/``."""
    app.mount("/assets", _Assets(directory=ROOT), name="assets")

    @app.get("/", include_in_schema=False)
    def front_page() -> FileResponse:
        return _page("index.html")

    @app.get("/history", include_in_schema=False)
    def history_page() -> FileResponse:
        return _page("history.html")
