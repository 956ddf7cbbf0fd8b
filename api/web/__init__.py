"""Our pages: static, in plain ES modules, with vendored assets; nothing comes from another machine."""

import html
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gridmap.i18n import LANGUAGES, Language, text

ROOT = Path(__file__).resolve().parent


def shell_policy(images: Iterable[str] = ()) -> str:
    """Give the policy of our pages: scripts, styles and data only from ourselves, nothing inline, framed by nobody.

    Pages with maps may also show pictures of the origins that the settings name.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            " ".join(("img-src 'self' data:", *images)),
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
    return _page("not-found.html", shell_policy(), 404)


def _page(name: str, policy: str, status: int = 200) -> FileResponse:
    return FileResponse(
        ROOT / name,
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"},
    )


def with_banner(page: str, language: Language, *, hidden: bool = False) -> str:
    """Say at the top of a page that nobody needs to sign in; hidden: a script of the page may show it."""
    said = html.escape(text("page.open_access", language))
    banner = f'<p id="open-access" class="gm-open" role="note"{" hidden" if hidden else ""}>{said}</p>'
    return page.replace("<body>", f"<body>{banner}", 1)


def to_sign_in(scope: Scope) -> Response:
    """Lead a reader to the page of signing in, and from there back to where they wanted to go."""
    wanted = scope["path"] + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
    lang = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    query = {"next": wanted, **({"lang": lang} if lang in LANGUAGES else {})}
    return RedirectResponse("/sign-in?" + urlencode(query), 303, {"Cache-Control": "no-store"})


#: Pages by address; those of the second kind are for who signed in.
_FOR_ALL = {"/sign-in": "sign-in.html", "/sign-in/return": "sign-in.html", "/set-up": "set-up.html"}
_FOR_MEMBERS = {
    "/": "index.html",
    "/history": "history.html",
    "/plan": "plan.html",
    "/dispatch": "dispatch.html",
    "/lead": "lead.html",
    "/account": "account.html",
    "/accounts": "accounts.html",
    "/trail": "trail.html",
}


def install(app: FastAPI, *, is_member: Callable[[Scope], bool], images: Iterable[str] = ()) -> None:
    """Serve the pages, and their files and the vendored assets under ``/assets/``.

    Parameters
    ----------
    app : FastAPI
    is_member : Callable
        Tells whether somebody signed in, or nobody needs to; others are led to the page of signing in.
    images : iterable of str
        Origins whose pictures may lie beneath the maps of the pages for members.
    """
    for_all, for_members = shell_policy(), shell_policy(images)
    app.mount("/assets", _Assets(directory=ROOT), name="assets")

    def serve(path: str, name: str, members: bool) -> None:
        def page(request: Request) -> Response:
            if members and not is_member(request.scope):
                return to_sign_in(request.scope)
            return _page(name, for_members if members else for_all)

        app.add_api_route(path, page, include_in_schema=False, response_model=None)

    for path, name in _FOR_ALL.items():
        serve(path, name, members=False)
    for path, name in _FOR_MEMBERS.items():
        serve(path, name, members=True)
