"""What is said of base maps."""

from pydantic import Field

from api.replies import Out


class BasemapAnswer(Out):
    """The base map beneath the grids; all null: there is none."""

    url: str | None = Field(description="its archive (PMTiles), for requests with Range")
    max_zoom: int | None = Field(description="last matrix in it; it is drawn on from there")
    bounds: list[float] | None = Field(description="west, south, east, north")
