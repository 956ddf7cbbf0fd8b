"""A briefing as one HTML file: everything inside, no script; it opens from a disk without a network, and prints."""

from collections.abc import Iterable, Sequence
from html import escape

from gridmap.analysis.briefing import Briefing
from gridmap.domain.alerts import Grade
from gridmap.i18n import Language, text
from gridmap.print import briefing_text as words
from gridmap.print.briefing_head import tiles_of
from gridmap.print.briefing_maps import Place, draw_heat, draw_seen, heat_signs, seen_signs
from gridmap.print.charts import draw_course
from gridmap.print.furniture import edition
from gridmap.print.legends import draw_legend, legend_height
from gridmap.print.picture import Picture

_WIDE, _MAP, _COURSE = 182.0, 140.0, 42.0
#: Nothing may be fetched or run, whatever a name in it says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE = """
:root{color-scheme:light;--ink:#17212b;--soft:#5b6875;--line:#c5ced6;--faint:#eef2f5;--good:#1d6b3c;--bad:#a3261e}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px;max-width:900px;color:var(--ink);background:#fff;overflow-wrap:anywhere;
font:15px/1.55 "Noto Sans SC","Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Source Han Sans SC",sans-serif}
article+article{margin-top:48px;border-top:4px solid var(--ink);padding-top:24px}
h1{font-size:28px;line-height:1.2;margin:0}
h2{font-size:18px;margin:28px 0 8px;padding-bottom:4px;border-bottom:1px solid var(--ink)}
p{margin:4px 0}.place{font-size:18px}.soft{color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:10px;margin:18px 0;padding:0;
list-style:none}
.tiles li{background:var(--faint);padding:10px 12px;display:flex;flex-direction:column;font-size:13px}
.tiles b{font-size:26px;line-height:1.25}.good{color:var(--good)}.bad{color:var(--bad)}
ul{margin:6px 0;padding-left:20px}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:4px 6px;border-bottom:1px solid var(--line);vertical-align:top}
th{background:var(--faint);font-weight:normal;color:var(--soft)}
th.l,td.l{text-align:left}
.wide{overflow-x:auto}figure{margin:10px 0}svg{width:100%;height:auto;display:block}
svg text{font-family:inherit}
@media print{@page{size:A4;margin:14mm}body{padding:0;max-width:none;font-size:10pt}
h2{break-after:avoid}tr,figure,.tiles li{break-inside:avoid}thead{display:table-header-group}
article+article{break-before:page;border:0;margin:0;padding:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def briefing_html(found: Briefing, languages: Sequence[Language]) -> str:
    """Write a briefing as a page, in each language one after the other; the same text for the same briefing."""
    first = languages[0]
    articles = "".join(_article(found, language) for language in languages)
    return (
        f'<!DOCTYPE html>\n<html lang="{_tag(first)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{_text(words.title_of(found, first))} {_text(words.place_of(found, first))}</title>"
        f"<style>{_STYLE}</style></head><body>{articles}</body></html>\n"
    )


def _tag(language: Language) -> str:
    return "zh-CN" if language == "zh" else "en"


def _text(value: str) -> str:
    """Write a text so that it stays text."""
    return escape(value)


def _article(found: Briefing, language: Language) -> str:
    effort = any(p.effort is not None for p in found.places)
    note = text("report.places_note" if effort else "report.places_short", language)
    parts = [
        f"<h1>{_text(words.title_of(found, language))}</h1>",
        f'<p class="place">{_text(words.place_of(found, language))}</p>',
        f'<p class="soft">{_text(words.period_of(found, language))}</p>',
        f'<p class="soft">{_text(words.as_of(found, language))}</p>',
        _tiles(found, language),
        _part("summary", language, _list(s.text(language) for s in found.said)),
        f"<h2>{_text(text('report.alerts', language, at=f'{found.at:%Y-%m-%d %H:%M}'))}</h2>",
        _alerts(found, language),
        _part("course", language, _course(found, language)),
        _heat(found, language),
        _seen(found, language),
        _part("places", language, f'<p class="soft">{_text(note)}</p>' + _table(
            words.place_heads(effort, language), [words.place_cells(p, effort, language) for p in found.places], (1,)
        )),
        _part("types", language, _table(
            words.type_heads(language), [words.type_cells(t, language) for t in found.types], (0,)
        )),
        _part("missing", language, _list(s.text(language) for s in found.missing)),
        _part("made", language, _list(s.text(language) for s in found.made)),
        _foot(found, language),
    ]  # fmt: skip
    return f'<article lang="{_tag(language)}">{"".join(parts)}</article>'


def _part(name: str, language: Language, inside: str) -> str:
    return f"<h2>{_text(text(f'report.{name}', language))}</h2>{inside}"


def _foot(found: Briefing, language: Language) -> str:
    by = found.source.by or text("print.nobody", language)
    at = f"{found.source.at:%Y-%m-%d %H:%M}"
    source = edition(found.source, language)
    said = (
        text("print.foot_by", language, by=by, at=at),
        text("print.foot_source", language, edition=source, set=found.source.set_name),
    )
    return "".join(f'<p class="soft">{_text(line)}</p>' for line in said)


def _tiles(found: Briefing, language: Language) -> str:
    items = []
    for title, value, lines in tiles_of(found, language):
        beneath = "".join(
            f'<span class="{"soft" if good is None else "good" if good else "bad"}">{_text(line)}</span>'
            for line, good in lines
        )
        items.append(f'<li><span class="soft">{_text(title)}</span><b>{_text(value)}</b>{beneath}</li>')
    return f'<ul class="tiles">{"".join(items)}</ul>'


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"


def _alerts(found: Briefing, language: Language) -> str:
    if not found.alerts:
        return f"<p>{_text(text('report.alerts_none', language))}</p>"
    lines = words.alert_lines(found, language)
    marks = {Grade.URGENT: ' class="bad"'}
    items = (f"<li{marks.get(grade, '')}>{_text(line)}</li>" for grade, line in lines)
    return f"<ul>{''.join(items)}</ul>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: tuple[int, ...]) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        marks = (' class="l"' if n in left else "" for n in range(len(row)))
        scope = ' scope="col"' if tag == "th" else ""
        return "".join(f"<{tag}{mark}{scope}>{_text(cell)}</{tag}>" for mark, cell in zip(marks, row, strict=True))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{cells(heads, "th")}</tr></thead><tbody>{body}</tbody></table></div>'


def _course(found: Briefing, language: Language) -> str:
    period = text(f"page.lead_period_{found.board.period}", language)
    picture = Picture(_WIDE, _COURSE, language, named=text("report.course_alt", language, period=period), key="course")
    draw_course(picture, found, 0, 0, _WIDE, _COURSE)
    return f"<figure>{picture.svg()}</figure>"


def _heat(found: Briefing, language: Language) -> str:
    title = "heat_day" if found.period.kind == "day" else "heat"
    if found.heat is None:
        return _part(title, language, f"<p>{_text(text('report.heat_hidden', language))}</p>")
    signs = heat_signs(found, language)
    high = legend_height(signs, _WIDE)
    named = text("report.heat_alt", language, count=f"{found.heat.incidents:,}", hot=len(found.heat.hot))
    picture = Picture(_WIDE, _MAP + high + 1, language, named=named, key=f"heat-{language}")
    place: Place = (0.2, 0.2, _WIDE - 0.4, _MAP - 0.4)
    draw_heat(picture, found, place)
    draw_legend(picture, signs, 0, _MAP + 1, _WIDE)
    rows = [[code, name, f"{count:,}", said.text(language)] for code, name, count, _, said in found.heat.hot]
    heads = [text("report.col_code", language), text("page.lead_col_place", language)]
    heads += [text(f"report.col_{name}", language) for name in ("incidents", "said")]
    said = _list(s.text(language) for s in found.heat.said)
    return _part(
        title, language, f"<figure>{picture.svg()}</figure>{said}" + (_table(heads, rows, (0, 1, 3)) if rows else "")
    )


def _seen(found: Briefing, language: Language) -> str:
    if found.seen is None:
        return _part("seen", language, f"<p>{_text(text('report.seen_hidden', language))}</p>")
    signs = seen_signs(found, language)
    named = text("report.seen_alt", language, unseen=f"{len(found.seen.of('not_seen')):,}")
    picture = Picture(_WIDE, _MAP + legend_height(signs, _WIDE) + 1, language, named=named, key=f"seen-{language}")
    draw_seen(picture, found, (0.2, 0.2, _WIDE - 0.4, _MAP - 0.4))
    draw_legend(picture, signs, 0, _MAP + 1, _WIDE)
    said = _list(s.text(language) for s in found.seen.said)
    rows = words.unseen_rows(found)
    table = ""
    if rows:
        heads = [text("report.col_code", language), text("page.lead_col_place", language)]
        heads.append(text("report.col_incidents", language))
        table = f"<p>{_text(text('report.unseen_table', language))}</p>" + _table(heads, rows, (0, 1))
    return _part("seen", language, f"<figure>{picture.svg()}</figure>{said}{table}")
