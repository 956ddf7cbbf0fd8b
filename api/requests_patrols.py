"""What the API takes about what patrols saw."""

from typing import Annotated

from pydantic import Field

from api.fields import Name, Names
from api.requests import SetAtQuery, WindowQuery
from gridmap.i18n import Language

_FILE = Field(None, description="language of the heads; else by Accept-Language")


class PatrolsQuery(SetAtQuery, WindowQuery):
    """Which plan, and the window; without ends it is the month up to the newest record."""

    category: Annotated[Names | None, Field(description="incidents that count; effort is for all of them")] = None


class ReadyQuery(SetAtQuery, WindowQuery):
    """Which plan, and the window."""


class EffortQuery(PatrolsQuery):
    """What is measured beside."""

    shares: bool = Field(
        True, description="false: shares of ground and streets are not measured and are null, which is much faster"
    )


class EffortFileQuery(EffortQuery):
    """The same as a file."""

    lang: Language | None = _FILE


class OverdueFileQuery(PatrolsQuery):
    """The same as a file."""

    lang: Language | None = _FILE


class HoursQuery(SetAtQuery, WindowQuery):
    """Which plan, the window, and of which grid."""

    grid: Name | None = Field(None, description="code of one grid; all together if left out")


class HoursFileQuery(HoursQuery):
    """The same as a file."""

    lang: Language | None = _FILE
