"""What the API gives about the making of versions, and the counts by grid."""

from typing import Any, Literal

from pydantic import Field

from api.replies import FindingOut, Out, VersionOut
from api.replies_history import ChangeOut


class DraftAnswer(Out):
    """A draft as it is now."""

    set: str
    draft: VersionOut


class DiscardAnswer(Out):
    """A draft that is no more."""

    set: str
    discarded: int


class ReportFindingOut(FindingOut):
    """A finding with its shape."""

    blocking: bool = Field(description="it stands in the way of publishing")
    geometry: dict[str, Any] | None = Field(description="GeoJSON geometry")


class ReportSummary(Out):
    """All findings in numbers, also those beyond the limit."""

    findings: int
    by_rule: dict[str, int]
    by_severity: dict[str, int]
    grids: int


class ReportAnswer(Out):
    """What the gate says of a version or draft."""

    set: str
    version: int
    against: int | None = Field(description="version that it follows in time; null for the first")
    blocking: int = Field(description="findings that stand in the way of publishing")
    acceptable: int = Field(description="those of them that may be accepted with a reason")
    findings: list[ReportFindingOut] = Field(description="worst first")
    truncated: bool = Field(description="there are more findings than these")
    summary: ReportSummary


class PublicationAnswer(Out):
    """What publishing did, or would do."""

    set: str
    revision: int = Field(description="of the set, afterwards")
    version: VersionOut | None = Field(description="null in a dry run")
    dry_run: bool
    lineage: list[ChangeOut] = Field(description="edges into the version by level and kind")
    findings: dict[str, int] = Field(description="how many of each rule did not stand in the way")
    incidents: int | None = Field(description="stored ones that have another owner now; null in a dry run")
    fixes: int | None


class WithdrawalAnswer(Out):
    """A version that was taken back."""

    set: str
    revision: int
    version: VersionOut
    incidents: int = Field(description="stored ones that have another owner now")
    fixes: int


class CountOut(Out):
    """Incidents of one grid."""

    version: int = Field(description="whose grid it is")
    grid_code: str
    incidents: int


class CountsAnswer(Out):
    """Incidents of a window by grid; what no grid owns is counted apart."""

    set: str
    owner: Literal["now", "then"]
    version: int | None = Field(description="with owner now: the version of the day asked for")
    incidents: int = Field(description="all in the window")
    without_owner: int
    counts: list[CountOut] = Field(description="by version and code")
