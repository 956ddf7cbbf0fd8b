"""What the API takes about the list of patrols."""

from typing import Annotated

from pydantic import Field

from api.fields import Names, QueryInteger
from api.requests import SetAtQuery, WindowQuery
from gridmap.i18n import Language


class PatrolListQuery(SetAtQuery, WindowQuery):
    """Which plan, the window that is looked back on, and how many grids."""

    category: Annotated[Names | None, Field(description="incidents that count; effort is for all of them")] = None
    count: Annotated[QueryInteger, Field(ge=1, le=500)] = Field(20, description="grids in the list")
    lang: Language | None = Field(None, description="language of the reasons; else by Accept-Language")
