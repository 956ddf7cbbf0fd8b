"""Make a folium page load nothing from elsewhere, and say so to the browser.

``localise`` points every script and style sheet at the copies in ``api/web/vendor`` (made by ``scripts/vendor.py``);
``secure`` adds a nonce and gives the matching Content-Security-Policy; ``standalone`` puts everything into one file.
"""

import base64
import json
import mimetypes
import re
import secrets
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import folium

#: Where a source tree and an installed wheel keep the vendored files: beside this package, in ``api``.
VENDOR = Path(__file__).resolve().parents[2] / "api" / "web" / "vendor"

_REMOTE = re.compile(
    r'(<script\b[^>]*?\bsrc\s*=\s*|<link\b[^>]*?\bhref\s*=\s*)(["\'])((?:https?:)?//[^"\']+)\2', re.IGNORECASE
)
_SCRIPT_FILE = re.compile(r'<script src="([^"]+)"></script>')
_STYLE_FILE = re.compile(r'<link rel="stylesheet" href="([^"]+)"\s*/?>')
_CSS_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)[\"']?\s*\)")
_TAG = re.compile(r"<(script|style)\b(?![^>]*\bnonce=)", re.IGNORECASE)


@cache
def replacements() -> dict[str, str]:
    """Read the manifest: ending of a remote address to the path of its vendored file."""
    manifest = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    return {
        ending: f"{package['folder']}/{file['path']}"
        for package in manifest["packages"]
        for file in package["files"]
        for ending in file.get("replaces", ())
    }


def vendored(url: str) -> str:
    """Give the vendored path for a remote script or style sheet.

    Raises
    ------
    LookupError
        If nothing vendored stands in for it: add it to ``scripts/vendor.py``, or leave the plug-in out.
    """
    for ending, path in replacements().items():
        if url.split("?")[0].endswith(ending):
            return path
    raise LookupError(f"no vendored file stands in for {url}; add it to scripts/vendor.py")


def localise(html: str, base: str = "/assets/vendor/") -> str:
    """Point every remote script and style sheet of a page at its vendored copy.

    Parameters
    ----------
    html : str
        A rendered folium page.
    base : str
        Address under which the vendored folder is served.

    Raises
    ------
    LookupError
        For a script or style sheet that is not vendored, so that a new plug-in fails a test instead of calling out.
    """

    def local(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{base}{vendored(found[3])}{found[2]}"

    return _REMOTE.sub(local, html)


def secure(html: str, images: Iterable[str] = ()) -> tuple[str, str]:
    """Give every script and style of a page a fresh nonce, and the policy that lets only these run.

    Parameters
    ----------
    html : str
    images : iterable of str
        Origins whose pictures it may show beside its own.

    Returns
    -------
    html, policy : str
        The page, and the value of its ``Content-Security-Policy`` header. Inline handlers, ``eval``, foreign hosts,
        frames, plug-ins and forms are all refused; only pages of the same origin may frame it.
    """
    nonce = secrets.token_urlsafe(18)
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            # Leaflet moves things by style attributes, which only 'unsafe-inline' admits; styles run no code
            "style-src 'self' 'unsafe-inline'",
            " ".join(("img-src 'self' data:", *images)),
            "font-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "form-action 'none'",
        )
    )
    return _TAG.sub(rf'<\1 nonce="{nonce}"', html), policy


def page(drawn: "folium.Map", base: str = "/assets/vendor/") -> tuple[str, str]:
    """Render a map for the service: its HTML with vendored assets, and its Content-Security-Policy."""
    return secure(localise(drawn.get_root().render(), base))


def standalone(drawn: "folium.Map") -> str:
    """Render a map as one HTML text with every asset inside, for a notebook, an e-mail or an intranet share.

    Raises
    ------
    LookupError
        As ``localise``.
    """
    html = localise(drawn.get_root().render(), "")
    html = _SCRIPT_FILE.sub(lambda m: f"<script>{_script(m[1])}</script>", html)
    return _STYLE_FILE.sub(lambda m: f"<style>{_style(m[1])}</style>", html)


def _script(path: str) -> str:
    code = (VENDOR / path).read_text(encoding="utf-8")
    # the map file of a minified script would be asked for by the browser's tools
    code = re.sub(r"(?m)^//# sourceMappingURL=.*$", "", code)
    return code.replace("</script", "<\\/script")


def _style(path: str) -> str:
    folder = PurePosixPath(path).parent

    def inline(found: re.Match[str]) -> str:
        if found[1].startswith(("data:", "#")):
            return found[0]
        file = VENDOR / folder / found[1]
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return f"url(data:{kind};base64,{base64.b64encode(file.read_bytes()).decode('ascii')})"

    return _CSS_URL.sub(inline, (VENDOR / path).read_text(encoding="utf-8"))
