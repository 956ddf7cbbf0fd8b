"""What the API gives about standard places."""

from pydantic import Field

from api.replies import Out


class PlaceOut(Out):
    """A place that an address text may mean."""

    code: str
    name: str
    kind: str
    lon: float
    lat: float
    score: float = Field(description="from 0 to 1")
    matched: str = Field(description="the name or alias that fits")


class PlacesAnswer(Out):
    """Places, the likeliest first."""

    places: list[PlaceOut]
