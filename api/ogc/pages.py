"""Pages of OGC API for people: plain HTML made here, a map where there are shapes; nothing comes from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from api.ogc.answering import BASE
from gridmap.i18n import LANGUAGES, Language, text

_PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · gridmap</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
{alternates}<link rel="stylesheet" href="/assets/vendor/leaflet@1.9.4/dist/leaflet.css">
<link rel="stylesheet" href="/assets/css/tokens.css">
<link rel="stylesheet" href="/assets/css/shell.css">
<link rel="stylesheet" href="/assets/css/ogc.css">
<script src="/assets/vendor/leaflet@1.9.4/dist/leaflet.js" defer></script>
<script type="module" src="/assets/js/ogc/map.js"></script>
</head>
<body class="ogc">
<a class="skip" href="#main">{skip}</a>
<header class="bar">
<a class="brand" href="/?lang={short}">
<img src="/assets/mark.svg" alt="" width="26" height="26"><span>{product}</span>
</a>
<nav class="trail" aria-label="{where}">{trail}</nav>
<div class="languages" role="group" aria-label="{language}">{languages}</div>
</header>
<main id="main" tabindex="-1">
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


class Raw(str):
    """HTML that was made here."""


def page(
    request: Request,
    language: Language,
    title: str,
    content: Iterable[str],
    trail: Sequence[tuple[str, str]] = (),
    alternates: Sequence[tuple[str, str]] = (),
) -> str:
    """Make a page: its content, the way that leads to it, and its other forms (type and path)."""
    steps = [(text("ogc.title", language), BASE), *trail]
    return _PAGE.format(
        lang="zh-CN" if language == "zh" else "en",
        short=language,
        title=escape(title),
        skip=escape(text("ogc.skip", language)),
        product=escape(text("page.product", language)),
        where=escape(text("ogc.where", language)),
        language=escape(text("page.language", language)),
        languages="".join(_language(request, one, language) for one in LANGUAGES),
        trail=" <span aria-hidden='true'>/</span> ".join(link(label, path, language) for label, path in steps),
        alternates="".join(
            f'<link rel="alternate" type="{escape(kind)}" href="{escape(path)}">\n' for kind, path in alternates
        ),
        content="\n".join(content),
    )


def _language(request: Request, one: Language, chosen: Language) -> str:
    query = [(k, v) for k, v in request.query_params.items() if k not in ("lang", "f")] + [("lang", one), ("f", "html")]
    mark = ' aria-current="true"' if one == chosen else ""
    label = "中" if one == "zh" else "EN"
    return f'<a href="?{escape(urlencode(query))}" lang="{one}"{mark}>{label}</a>'


def link(label: str, path: str, language: Language, kind: str = "html") -> str:
    """Make a link to a page of ours, in the reader's language."""
    query = {"f": kind, "lang": language} if kind == "html" else {"f": kind}
    joint = "&" if "?" in path else "?"
    return f'<a href="{escape(path + joint + urlencode(query))}">{escape(label)}</a>'


def paragraph(said: str) -> str:
    """Make a paragraph."""
    return f"<p>{escape(said)}</p>"


def cards(entries: Iterable[tuple[str, str]]) -> str:
    """Make a list of links with what they lead to, both made here or escaped before."""
    return '<ul class="cards">' + "".join(f"<li>{head}<p>{escape(said)}</p></li>" for head, said in entries) + "</ul>"


def facts(entries: Iterable[tuple[str, Any]]) -> str:
    """Make a list of what is known."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{_cell(value)}</dd></div>" for name, value in entries)
    return f'<dl class="facts">{rows}</dl>'


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Make a table; of a page as wide as a telephone it is scrolled by itself."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, Raw):
        return value
    return "" if value is None else escape(f"{value:,}" if isinstance(value, float) else str(value))


def drawn_map(path: str, label: str) -> str:
    """Make room for a map that draws what an address of ours answers."""
    return f'<div id="map" role="img" aria-label="{escape(label)}" data-from="{escape(path)}"></div>'
