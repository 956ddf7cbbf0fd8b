"""What the maps and the answers about hotspots take."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from api.fields import DayOrTime, Name, Names, QueryNumber
from api.requests import MapQuery, SetAtQuery, Strict, WindowQuery
from gridmap.i18n import Language
from gridmap.services.forecasting import WEEKS, Weeks
from gridmap.services.hotspots import By, Side

_ByField = Annotated[
    By, Field(description="what is judged: counts, or rates by households, kilometres of street or patrol hours")
]
_SideField = Annotated[Side, Field(description="what is looked for: hot grids, cold ones, or either")]

_WEEKS: Mapping[str, Weeks] = {str(weeks): weeks for weeks in WEEKS}
_WeeksField = Annotated[Literal["1", "2", "4"], Field(description="weeks that are foreseen, and tested, together")]


class FileQuery(MapQuery):
    """What a map shows, and how it leaves."""

    file: Literal["true", "false"] = Field("false", description="true: one file with everything inside, to be kept")


class DensityMapQuery(FileQuery):
    """What the map of density shows."""

    by: By = Field(
        "count", description="count: by km2 and 30 days; else by 1,000 households, kilometres of street or patrol hours"
    )
    bandwidth_m: Annotated[QueryNumber, Field(ge=1, le=100_000)] | None = Field(
        None, description="metres; the one that best foresees each incident from all others if left out"
    )


class SignificantMapQuery(FileQuery):
    """What the map of Gi* shows."""

    by: _ByField = "count"
    side: _SideField = "both"


class CompareMapQuery(FileQuery):
    """Which two windows lie side by side."""

    side: _SideField = "both"
    before_start: DayOrTime | None = Field(
        None, description="first day or time of the window on the left; the one before, as long, if left out"
    )
    before_end: DayOrTime | None = Field(None, description="first day or time after it")


class ForecastMapQuery(FileQuery):
    """What is foreseen."""

    weeks: _WeeksField = "1"


class ForecastQuery(SetAtQuery):
    """Which plan, up to when is learnt, and what is foreseen."""

    end: DayOrTime | None = Field(
        None, description="first day or time that is foreseen; after the newest record if left out"
    )
    category: Annotated[Names | None, Field(description="incidents that count; all if left out")] = None
    weeks: _WeeksField = "1"
    lang: Language | None = Field(None, description="language of the sentences; else by Accept-Language")


def weeks_of(q: ForecastMapQuery | ForecastQuery) -> Weeks:
    """Give how many weeks are foreseen together."""
    return _WEEKS[q.weeks]


class HotspotsQuery(SetAtQuery, WindowQuery):
    """Which plan, the window, and what is judged; without ends it is the month up to the newest record."""

    category: Annotated[Names | None, Field(description="incidents that count; all if left out")] = None
    by: _ByField = "count"
    side: _SideField = "both"
    lang: Language | None = Field(None, description="language of the sentences; else by Accept-Language")


class EmergingQuery(SetAtQuery, WindowQuery):
    """Which plan, and the window that is cut into periods."""

    category: Annotated[Names | None, Field(description="incidents that count; all if left out")] = None
    lang: Language | None = Field(None, description="language of the sentences; else by Accept-Language")


class SuddenQuery(SetAtQuery):
    """Which plan, and up to when; without an end up to the newest record."""

    end: DayOrTime | None = Field(None, description="first day or time after the weeks that are looked at")
    lang: Language | None = Field(None, description="language of the sentences; else by Accept-Language")


class PublicQuery(Strict):
    """Which released month."""

    month: Name | None = Field(None, description="2026-10; the last that was released if left out")
    lang: Language | None = Field(None, description="language of the sentences; else by Accept-Language")


class PublicMapQuery(PublicQuery):
    """Which released month is drawn, and how it leaves."""

    file: Literal["true", "false"] = Field("false", description="true: one file with everything inside, to be kept")
