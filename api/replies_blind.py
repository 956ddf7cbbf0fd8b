"""What the API gives of blind spots."""

from datetime import datetime

from pydantic import Field

from api.replies import FromSumsOut, Out
from gridmap.domain.patrols import Watched


class GridWatchedOut(Out):
    """Who looks at one grid."""

    code: str
    name: str
    watched: Watched = Field(description="patrol: somebody stayed; camera: cameras alone see enough; blind: nobody")
    camera_share: float = Field(description="share of its ground within reach of a camera")
    incidents: int


class BlindAnswer(Out):
    """Grids that neither a patrol nor a camera looks at, and those that one does."""

    set: str
    version: int
    at: datetime
    start: datetime
    end: datetime
    from_sums: FromSumsOut | None = Field(description="null: all fixes of the window are there")
    layers: list[str] = Field(description="layers of cameras that are there; none: nothing is known of cameras")
    cameras: int = Field(description="open ones on the day")
    camera_reach_m: float
    camera_share: float = Field(description="from this share of its ground on cameras look at a grid")
    watched: dict[str, int] = Field(description="how many grids patrols, cameras alone, and nobody look at")
    grids: list[GridWatchedOut]
