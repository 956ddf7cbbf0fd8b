"""What is asked of tiles."""

from typing import Annotated, Literal

from pydantic import Field

from api.requests import Strict

#: A day, a time or an interval, as OGC API has them.
When = Annotated[str, Field(max_length=100)]
Version = Annotated[str, Field(max_length=64)]


class TileSetsQuery(Strict):
    """Lists and descriptions."""

    f: Literal["json"] | None = Field(None, description="form of the answer")


class OfDayQuery(TileSetsQuery):
    """What holds on a day."""

    datetime: When | None = Field(None, description="day, time, or interval with / that tiles are of; else today")


class TileSetQuery(Strict):
    """One tile set."""

    f: Literal["json", "tilejson"] | None = Field(None, description="form of the answer")
    datetime: When | None = Field(None, description="day, time, or interval with / that tiles are of; else today")


_COLLECTIONS = "names of collections, joined by commas; else all that the reader has"
Names = Annotated[str, Field(max_length=2_000)]


class DatasetQuery(OfDayQuery):
    """All collections, or some of them."""

    collections: Names | None = Field(None, description=_COLLECTIONS)


class DatasetSetQuery(TileSetQuery):
    """One tile set of them."""

    collections: Names | None = Field(None, description=_COLLECTIONS)


class ArchiveQuery(Strict):
    """An archive."""

    v: Version | None = Field(None, description="version of the content: such an answer stays")


class TileQuery(Strict):
    """One tile."""

    f: Literal["mvt"] | None = Field(None, description="form of the answer")
    datetime: When | None = Field(None, description="day, time, or interval with / that it is of; else today")
    v: Version | None = Field(
        None, description="version of the content, as the tile set names it: such an answer stays"
    )


class DatasetTileQuery(TileQuery):
    """One tile of them."""

    collections: Names | None = Field(None, description=_COLLECTIONS)
