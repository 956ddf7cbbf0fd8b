"""Two drafts, or a draft and a version, side by side, with one sentence for each area that differs."""

from gridmap.analysis.redraw.comparison import Compared, Differs, compared
from gridmap.i18n import Language, text
from gridmap.services.drafts import require_set, require_version
from gridmap.services.ports import Store


def compare_with(store: Store, set_name: str, number: int, other: int) -> Compared:
    """Compare a draft with another draft or version of its set: what is otherwise in the draft, as far as is in reach.

    Raises
    ------
    NotFound
        ``set_not_found``, ``version_unknown``.
    InvalidInput
        ``redraw_codes_repeat``.
    """
    with store.unit_of_work() as work:
        boundary_set = require_set(work, set_name)
        before, after = (work.boundaries.grids(require_version(work, set_name, n)) for n in (other, number))
    levels = [level.name for level in sorted(boundary_set.levels, key=lambda level: level.order)]
    return compared(before, after, levels)


def sentence(row: Differs, language: Language) -> str:
    """Say in one sentence what is otherwise with an area."""
    before, after = row.before, row.after
    named = {"name": row.grid.name or row.grid.code, "code": row.grid.code}
    if before is None:
        return text("redraw.compare.founded", language, **named, m2=_m2(row.area_after_m2))
    if after is None:
        return text("redraw.compare.gone", language, **named, m2=_m2(row.area_before_m2))
    parts: list[str] = []
    if row.gained_m2:
        parts.append(text("redraw.compare.gained", language, m2=_m2(row.gained_m2)))
    if row.lost_m2:
        parts.append(text("redraw.compare.lost", language, m2=_m2(row.lost_m2)))
    if before.name != after.name:
        parts.append(text("redraw.compare.renamed", language, old=before.name))
    if before.households != after.households:
        known = [text("redraw.compare.unknown", language) if n is None else f"{n:,}" for n in _households(row)]
        parts.append(text("redraw.compare.households", language, old=known[0], new=known[1]))
    if before.parent_code != after.parent_code:
        parents = [g.parent_code or text("redraw.compare.nobody", language) for g in (before, after)]
        parts.append(text("redraw.compare.parent", language, old=parents[0], new=parents[1]))
    if not parts:
        parts.append(text("redraw.compare.attributes", language))
    return text("redraw.compare.changed", language, **named, what=text("redraw.compare.join", language).join(parts))


def _households(row: Differs) -> list[int | None]:
    return [None if g is None else g.households for g in (row.before, row.after)]


def _m2(area: float) -> str:
    return f"{area:,.0f}" if area >= 1 else f"{area:.3f}"
