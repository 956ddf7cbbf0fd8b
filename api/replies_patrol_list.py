"""What the API gives of the list of patrols."""

from datetime import datetime

from pydantic import Field

from api.replies import FromSumsOut, Out


class PatrolListOut(Out):
    """One grid to visit."""

    rank: int
    code: str
    name: str
    overdue: bool = Field(description="longer not seen than the norm of its class")
    hot: bool = Field(description="a hotspot of incidents (Getis-Ord Gi*)")
    never: bool = Field(description="nobody stayed in the window")
    days_since: float | None = Field(description="days since somebody stayed; null: nobody in the window")
    norm_days: float | None
    incidents: int
    unseen: float = Field(description="incidents expected since somebody looked")
    share: float = Field(description="of those of all grids")
    share_so_far: float
    reason: str


class PatrolListAnswer(Out):
    """Where to go tomorrow, what brings most first."""

    set: str
    version: int
    at: datetime
    start: datetime
    end: datetime
    from_sums: FromSumsOut | None = Field(description="null: all fixes of the window are there")
    listed: int
    due: int = Field(description="grids that are overdue, hot or never seen, listed or not")
    share: float = Field(description="of the incidents that nobody was there to see, that of the list")
    grids: list[PatrolListOut]
