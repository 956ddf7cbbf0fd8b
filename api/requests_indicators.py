"""What the API takes about indicators, evaluations and alerts of cases."""

from typing import Annotated, Literal

from pydantic import Field

from api.fields import Name, Names, QueryInteger, Time
from api.requests import PageQuery, Strict, WindowQuery
from api.requests_cases import Kind
from gridmap.i18n import Language


class CasesAskedQuery(WindowQuery):
    """Which cases; ``start`` and ``end`` are about the report."""

    at: Time | None = Field(None, description="from when it is seen what is due; now if left out")
    level: Name | None = Field(None, description="level of the areas, where they are told apart by area")
    category: Names | None = Field(None, description="classes or types, joined by commas")
    grid: Name | None = Field(None, description="code of the grid that was responsible")
    unit: Name | None = Field(None, description="whom it was sent to last")
    channel: Name | None = None
    kind: Kind | None = None
    emergency: Literal["true", "false"] | None = None


class FiguresQuery(CasesAskedQuery):
    """Which indicators, of which groups."""

    by: Names | None = Field(None, description="dimensions joined by commas, as grid,month; one group if left out")
    indicator: Names | None = Field(None, description="indicators joined by commas; all if left out")


class IndicatorsQuery(FiguresQuery):
    """Which indicators, of which groups, and compared with what."""

    compare: Literal["before", "year"] | None = Field(
        None, description="with the period before, or the same one a year before; by has to name a period"
    )


class IndicatorFileQuery(FiguresQuery):
    """Which indicators, of which groups, in which language."""

    lang: Language | None = Field(None, description="language of heads and notes; that of the reader if left out")


class BehindQuery(CasesAskedQuery, PageQuery):
    """Which number."""

    by: Names | None = Field(None, description="as of the number")
    indicator: Name = Field(description="name of the indicator")
    group: Name | None = Field(None, description="name of the group, from the answer; left out: the one of all")
    part: Literal["numerator", "denominator"] = "numerator"


class EvaluationQuery(CasesAskedQuery):
    """Which table, and of which cases."""

    table: Name | None = Field(None, description="a table of the package; that of the city if left out")


class EvaluationFileQuery(EvaluationQuery):
    """Which table, of which cases, in which language."""

    lang: Language | None = Field(None, description="language of heads and notes; that of the reader if left out")


class AlertsQuery(Strict):
    """Which alerts."""

    grade: Literal["urgent", "warning", "note"] | None = None
    kind: Literal["overdue", "cluster", "rate", "head", "station"] | None = None
    limit: Annotated[QueryInteger, Field(ge=1, le=1_000)] = Field(
        1_000, description="so many are told, the most pressing first; ``counts`` are those of all"
    )
    held: Literal["true", "false"] = Field(
        "false", description="they may be some seconds old, as the leader's numbers are: then they are there at once"
    )
