"""What is said of base maps."""

from typing import Literal

from pydantic import Field

from api.replies import Out
from gridmap.i18n import Language


class PicturesAnswer(Out):
    """Tiles of a map server of the intranet, which the reader's browser asks for itself."""

    urls: list[str] = Field(description="templates of their addresses, drawn above each other")
    datum: Literal["wgs84", "cgcs2000", "gcj02"] = Field(description="what their degrees mean; gcj02 is shifted")
    matrix_set: Literal["WebMercatorQuad", "CGCS2000Quad"] = Field(description="where they lie")
    last: int = Field(description="last matrix of them; it is drawn on from there")
    attribution: str = Field(description="whose they are, as text")
    away: dict[Language, str] = Field(description="what to say where none of them comes")


class BasemapAnswer(Out):
    """The base map beneath the grids, an archive or tiles; all null: there is none."""

    url: str | None = Field(description="its archive (PMTiles), for requests with Range")
    max_zoom: int | None = Field(description="last matrix in it; it is drawn on from there")
    bounds: list[float] | None = Field(description="west, south, east, north")
    tiles: PicturesAnswer | None = Field(description="tiles of a map server, in place of an archive")
