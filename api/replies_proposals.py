"""What proposals for a draft answer with."""

from typing import Literal

from pydantic import Field

from api.replies import Out


class FiguresOut(Out):
    """A division in figures."""

    grids: int
    worst_deviation: float = Field(description="largest distance of a grid from the mean of its area, share of it")
    least: float
    most: float
    moved_weight: float = Field(description="share of the weight that gets another grid than now")
    moved_ground: float
    cut_m: float = Field(description="metres of borders between grids")
    cut_edges: int = Field(description="pairs of neighbouring units in different grids")
    compactness: float = Field(description="mean of 4 pi area / perimeter squared")


class CandidateOut(Out):
    """One proposal."""

    number: int
    wish: Literal["least", "blend", "even", "compact"] = Field(description="what it puts first")
    changed: int = Field(description="grids that get another shape")
    founded: int
    gone: list[str]
    figures: FiguresOut


class ReasonOut(Out):
    """Why an area stays as it is, and which rule to relax."""

    code: str
    area: str
    message: str


class ProposalAnswer(Out):
    """A search as it stands."""

    proposal: str
    state: Literal["running", "done", "cancelled", "failed"]
    progress: float = Field(description="share that is done")
    revision: int = Field(description="of the draft that it was made of")
    today: FiguresOut | None
    candidates: list[CandidateOut]
    reasons: list[ReasonOut]
    error: str | None = Field(description="code of the error that ended it")
    message: str | None = Field(description="its text")
