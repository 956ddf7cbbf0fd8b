"""What became of each area when borders were redrawn: the edges of a graph from old codes to new ones."""

from dataclasses import dataclass
from enum import StrEnum


class LineageKind(StrEnum):
    """What happened on one edge. "Same ground" means: apart from slivers.

    ``unchanged``
        same code, same ground.
    ``reshaped``
        same code, other ground.
    ``recoded``
        another code on the same ground.
    ``split``
        one area became several, its own code perhaps among them; or ground of a living code went to a new one.
    ``merged``
        several areas became one, under one of their codes or a new one; or ground of a code that ended went to a
        living one.
    ``transferred``
        ground that passed from one living code to another; or, with the same code at both ends, a whole area that
        passed to another parent.
    ``redrawn``
        none of these fits: several old areas became several others, or one got another code and other ground at once.
    ``founded``
        a new code on ground that nobody had; no old code.
    ``dissolved``
        nobody has any of its ground now; no new code.
    ``extended``
        ground that nobody had, joined to a code that also has ground somebody had; no old code.
    ``reduced``
        ground that nobody has now, of a code that has successors; no new code.
    """

    UNCHANGED = "unchanged"
    RESHAPED = "reshaped"
    RECODED = "recoded"
    SPLIT = "split"
    MERGED = "merged"
    TRANSFERRED = "transferred"
    REDRAWN = "redrawn"
    FOUNDED = "founded"
    DISSOLVED = "dissolved"
    EXTENDED = "extended"
    REDUCED = "reduced"


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """Ground that passed from an old code to a new one.

    Attributes
    ----------
    level : str
        Name of the level both belong to.
    old_code, new_code : str or None
        None: nobody had, or nobody has, the ground.
    kind : LineageKind
    area_m2 : float
        The common ground; 0 for points.
    old_share, new_share : float
        Its share of the old and of the new area, 0-1; 0 where there is none.
    households : float or None
        Households of the old area that live on it: an estimate unless the whole area passes; those of the new area
        where it is ``founded``. None: not known.
    """

    level: str
    old_code: str | None
    new_code: str | None
    kind: LineageKind
    area_m2: float
    old_share: float
    new_share: float
    households: float | None = None
