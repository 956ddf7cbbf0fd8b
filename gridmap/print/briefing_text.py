"""A briefing in the words of a language: what stands on paper and on a page alike."""

from itertools import pairwise

from gridmap.analysis.briefing import Briefing, Effort, Number, PlaceLine, TypeLine
from gridmap.analysis.saying import rounded
from gridmap.domain.alerts import Grade
from gridmap.domain.taxonomy import categories
from gridmap.i18n import Language, text
from gridmap.print.tables import UNKNOWN

#: Of the signs of change one that is read aloud as such.
_MINUS = "−"


def title_of(found: Briefing, language: Language) -> str:
    """Name the report: daily, monthly, or of a span."""
    return text(f"report.title_{found.period.kind}", language)


def place_of(found: Briefing, language: Language) -> str:
    """Name what it is about."""
    whole = found.source.set_title or found.source.set_name
    return whole if found.place is None else text("report.place", language, name=found.place[0], code=found.place[1])


def period_of(found: Briefing, language: Language) -> str:
    """Say which days, and what they are compared with."""
    one = found.period
    if one.kind == "day":
        weekday = text(f"say.weekday_{one.first.isoweekday()}", language)
        return text("report.period_day", language, first=one.first, weekday=weekday, before=one.before)
    return text(
        "report.period", language, first=one.first, last=one.last, days=one.days, before=one.before, until=one.until,
        days_before=one.days_before,
    )  # fmt: skip


def as_of(found: Briefing, language: Language) -> str:
    """Say from which moment is told what is due."""
    return text("report.as_of", language, at=f"{found.at:%Y-%m-%d %H:%M}")


# -- key numbers ------------------------------------------------------------------------------------------------------


def number_title(one: Number, language: Language) -> str:
    """Name a key number."""
    return text("lead.reported" if one.name == "reported" else f"indicator.{one.name}.name", language)


def number_value(one: Number, language: Language) -> str:
    """Write a key number in its unit."""
    if one.value is None:
        return text("report.no_data", language)
    if one.unit == "cases":
        return text("report.value_cases", language, value=f"{one.value:,.0f}")
    return text(
        "report.value_percent" if one.unit == "%" else "report.value_hours", language, value=f"{one.value:,.1f}"
    )


def number_source(one: Number, language: Language) -> str:
    """Say what it comes from; nothing for a plain count."""
    if one.unit == "cases":
        return ""
    if one.unit == "h":
        return text("report.mean_of", language, of=f"{one.below:,}")
    return text("report.of", language, n=f"{one.above:,.0f}", of=f"{one.below:,}")


def number_change(one: Number, language: Language) -> str:
    """Say how it moved, and whether that is good."""
    if one.change is None:
        return text("report.no_before", language)
    if abs(one.change) < (1 if one.unit == "cases" else 0.05):
        return text("report.same", language)
    sign = "+" if one.change > 0 else _MINUS
    digits = 0 if one.unit == "cases" else 1
    key = {"%": "points", "h": "hours", "cases": "cases"}[one.unit]
    change = text(f"report.change_{key}", language, change=f"{sign}{abs(one.change):,.{digits}f}")
    if one.better == "neither":
        return change
    judged = "better" if (one.better == "more") == (one.change > 0) else "worse"
    return text("report.change_judged", language, change=change, judged=text(f"report.{judged}", language))


def number_target(one: Number, language: Language) -> str:
    """Say whether a target is met; nothing where there is none."""
    if one.target is None or one.value is None:
        return ""
    if one.value >= one.target:
        return text("report.target_met", language, target=f"{one.target:g}")
    by = f"{one.target - one.value:,.1f}"
    return text("report.target_missed", language, target=f"{one.target:g}", by=by)


def alert_lines(found: Briefing, language: Language) -> list[tuple[Grade, str]]:
    """Say what asks for attention: each rule with how much of it there is, then the most pressing of it."""
    lines = []
    for one in found.alerts:
        first = [told[language] for told in one.first]
        if one.count == 1:
            lines.append((one.grade, text("report.alert_one", language, title=one.title[language], text=first[0])))
            continue
        said = text("report.alert_join", language).join(first)
        key = "report.alert_some" if one.count > len(first) else "report.alert_all"
        lines.append((one.grade, text(key, language, title=one.title[language], count=f"{one.count:,}", text=said)))
    return lines


# -- tables -----------------------------------------------------------------------------------------------------------


_PLACE = ("rank", "place", "reported", "on_time", "hours", "reworks")


def place_heads(effort: bool, language: Language) -> list[str]:
    """Give the heads of the ranking."""
    heads = [
        text(f"page.lead_col_{name}", language) for name in ("rank", "place", "reported", "on_time", "hours", "reworks")
    ]
    return heads + [text(f"report.col_{name}", language) for name in ("patrol", "per_hour", "unseen")] * effort


def place_cells(one: PlaceLine, effort: bool, language: Language) -> list[str]:
    """Give the cells of a place."""
    cells = [
        UNKNOWN if one.rank is None else str(one.rank),
        text("lead.no_place", language) if one.code is None else one.name,
        f"{one.reported:,}", _share(one.on_time, one.due), UNKNOWN if one.hours is None else f"{one.hours:,.1f}",
        f"{one.reworks:,}/{one.handled:,}",
    ]  # fmt: skip
    return cells + _effort_cells(one.effort, language) * effort


def _effort_cells(one: Effort | None, language: Language) -> list[str]:
    if one is None:
        return [UNKNOWN] * 3
    if one.per_hour is None:
        rate = UNKNOWN
    else:
        rate, low, high = (rounded(value) for value in one.per_hour)
        rate = text("report.interval", language, rate=rate, low=low, high=high)
    return [f"{one.hours:,.1f}", rate, text("report.unseen_of", language, n=f"{one.unseen:,}", of=f"{one.grids:,}")]


def type_heads(language: Language) -> list[str]:
    """Give the heads of the table of types."""
    return [text(f"page.lead_col_{name}", language) for name in ("type", "reported", "before", "on_time")]


def type_cells(one: TypeLine, language: Language) -> list[str]:
    """Give the cells of a type."""
    return [category(one.category, language), f"{one.reported:,}", f"{one.before:,}", _share(one.on_time, one.due)]


def category(code: str, language: Language) -> str:
    """Name a type; one that the taxonomy does not have is its code."""
    return text(f"category.{code}", language) if code in categories() else code


def _share(n: int, of: int) -> str:
    return f"{100 * n / of:,.1f}% ({n:,}/{of:,})" if of else UNKNOWN


def unseen_rows(found: Briefing) -> list[list[str]]:
    """Give code, name and incidents of the grids that nobody looked at and that have some, most first."""
    if found.seen is None or not found.seen.recorded:
        return []
    frame = found.seen.of("not_seen")
    frame = frame[frame["incidents"] > 0].sort_values(["incidents", "code"], ascending=[False, True])
    return [
        [str(c), str(n), f"{i:,}"] for c, n, i in zip(frame["code"], frame["name"], frame["incidents"], strict=True)
    ]


def heat_classes(breaks: tuple[float, ...], language: Language) -> list[str]:
    """Name the classes of density, from light to dark."""
    if not breaks:
        return [text("report.heat_over", language, low="0")]
    ends = [rounded(b) for b in breaks]
    between = [text("report.heat_between", language, low=a, high=b) for a, b in pairwise(ends)]
    return [
        text("report.heat_less", language, high=ends[0]), *between, text("report.heat_over", language, low=ends[-1])
    ]  # fmt: skip
