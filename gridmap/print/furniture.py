"""What sheets and plans have in common: head, foot, and the note about characters that cannot be set."""

from collections.abc import Sequence

from gridmap.domain.boundaries import ALWAYS, Grid
from gridmap.domain.incidents import GridRef
from gridmap.domain.sheets import Source
from gridmap.i18n import Language, text
from gridmap.print import letters
from gridmap.print.paper import INK, MAGENTA, SOFT, Furniture, Paper


def furniture(source: Source, title: str, language: Language) -> Furniture:
    """Give what stands on every page of a sheet."""
    at = f"{source.at:%Y-%m-%d %H:%M}"
    foot = (
        text("print.foot_by", language, by=source.by or text("print.nobody", language), at=at),
        text("print.foot_source", language, edition=edition(source, language), set=source.set_name),
    )
    return Furniture(title, foot, source.draft, source.at)


def edition(source: Source, language: Language) -> str:
    """Say which version or draft it is."""
    if source.draft:
        key = "print.draft" if source.revision is None else "print.draft_revision"
        return text(key, language, number=source.number, revision=source.revision)
    if source.valid_from == ALWAYS:
        return text("print.version_always", language, number=source.number)
    return text("print.version", language, number=source.number, day=source.valid_from)


def heading(paper: Paper, title: str, source: Source) -> float:
    """Draw the head of a page; gives where the content begins."""
    language, y = paper.language, paper.margin
    paper.text(paper.margin, y + 6, title, 19, bold=True)
    left = paper.margin + letters.width_mm(title, 19) + 8
    room = paper.width - paper.margin - left
    name, size = letters.fitted(paper.clean(source.set_title or source.set_name), 10, room, least=7)
    paper.text(paper.width - paper.margin, y + 2.6, name, size, anchor="right", bold=True)
    said = text("print.head_day", language, edition=edition(source, language), day=f"{source.at:%Y-%m-%d}")
    said, size = letters.fitted(said, 8.5, room, least=6)
    paper.text(paper.width - paper.margin, y + 7.2, said, size, colour=SOFT, anchor="right")
    paper.line(paper.margin, y + 10, paper.width - paper.margin, y + 10, colour=INK, width=0.5)
    return y + 12


def named(paper: Paper, grid: Grid, chain: Sequence[GridRef], y: float) -> float:
    """Write code, name and chain of what a sheet is about; gives where the next may begin."""
    code, size = letters.fitted(paper.clean(grid.code), 22, paper.inner * 0.62, least=9)
    paper.text(paper.margin, y + 8.5, code, size, colour=MAGENTA, bold=True)
    start = paper.margin + letters.width_mm(code, size) + 4
    name = paper.clean(grid.name)
    if name and name != code:
        shown = letters.lines(name, 11, paper.width - paper.margin - start, 2)
        for n, line in enumerate(shown):
            paper.text(start, y + 8.5 - 5 * (len(shown) - 1 - n), line, 11)
    y += 11
    above = text("print.chain_joint", paper.language).join(r.name or r.code for r in chain)
    if above:
        y = paper.block(paper.margin, y, paper.inner, above, 9, most=2, colour=SOFT)
    return y + 3


def section(paper: Paper, x: float, y: float, width: float, title: str) -> float:
    """Draw the title of a part of a page over a line; gives where it begins."""
    paper.text(x, y + 3.6, letters.cut(title, 9.5, width), 9.5, bold=True)
    paper.line(x, y + 5, x + width, y + 5, colour=INK, width=0.3)
    return y + 5.4


def note_of_missing(paper: Paper) -> None:
    """Say at the end what a box in the place of a character means, if there is one."""
    if paper.missing:
        note = text("print.missing", paper.language, box=letters.BOX)
        paper.text(paper.margin, paper.bottom - 0.2, letters.cut(note, 6.5, paper.inner), 6.5, colour=SOFT)
