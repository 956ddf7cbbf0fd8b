"""What the API takes about the leader's page."""

from pydantic import Field

from api.fields import Name
from api.requests import WindowQuery


class LeadQuery(WindowQuery):
    """Which period, of the report; the last 30 days up to the newest report if left out. And which area."""

    area: Name | None = Field(None, description="code of an area or grid; everything if left out")
    level: Name | None = Field(None, description="level of the places that are compared; the one below if left out")
