"""What the API takes about facilities."""

from typing import Annotated, Literal

from pydantic import Field

from api.fields import Name, QueryInteger, QueryNumber, States
from api.requests import AtQuery, SetAtQuery
from gridmap.analysis.siting import Model
from gridmap.i18n import Language

_Metres = Annotated[QueryNumber, Field(ge=1, le=100_000)]


class ReachQuery(SetAtQuery):
    """Which facilities, and how far they reach."""

    layer: Name = Field(description="layer of facilities")
    radius_m: _Metres | None = Field(
        None, description="metres in a straight line; by the book of services if left out, else 300"
    )
    minutes: Annotated[QueryNumber, Field(ge=1, le=240)] | None = Field(None, description="time on foot instead")
    m_per_min: Annotated[QueryNumber, Field(ge=1, le=1_000)] | None = Field(
        None, description="speed on foot; 80 if left out"
    )
    roads: Name | None = Field(
        None, description="layer of lines to walk on; the roads of the context and the ways of the book if left out"
    )


class ServiceQuery(ReachQuery):
    """What facilities cover."""

    dwellings: Name | None = Field(
        None, description="layer of places where households live; else they are spread over the ground of their grid"
    )
    state: States | None = Field(None, description="facilities that count; open if left out")


class ServiceFileQuery(ServiceQuery):
    """The same as a file."""

    lang: Language | None = Field(None, description="language of the heads; else by Accept-Language")


class StaffingQuery(SetAtQuery):
    """Which plan."""


class StaffingFileQuery(SetAtQuery):
    """The same as a file."""

    lang: Language | None = Field(None, description="language of the heads; else by Accept-Language")


class ProvisionQuery(SetAtQuery):
    """Which plan, and which features count."""

    state: States | None = Field(None, description="features that count; open if left out")


class ProvisionFileQuery(ProvisionQuery):
    """The same as a file."""

    lang: Language | None = Field(None, description="language of the heads; else by Accept-Language")


class BookQuery(AtQuery):
    """The book of services of a day."""

    lang: Language | None = Field(None, description="language of the titles; else by Accept-Language")


class PlacesQuery(ReachQuery):
    """What new facilities are looked for; the open ones of the layer are there already."""

    model: Model = Field(
        "cover_most",
        description="cover_most: as many households as so many posts can reach; cover_all: the fewest posts that reach "
        "all of them; shortest_ways: the shortest ways to the nearest post, however long: radius and time say alone "
        "whether they are straight or on foot",
    )
    count: Annotated[QueryInteger, Field(ge=1, le=500)] | None = Field(
        None, description="new posts; 5 if left out; cover_all finds how many it takes"
    )
    planned: Literal["true", "false"] = Field(
        "false", description="true: only where the layer has planned or built features; else in any grid"
    )
    capacity: Annotated[QueryNumber, Field(gt=0, le=1e9)] | None = Field(
        None, description="households that each post can serve; any number if left out"
    )
    area: Name | None = Field(None, description="only households and places of this grid or area")
    dwellings: Name | None = Field(
        None, description="layer of places where households live; else they are in the middle of their grid"
    )
    lang: Language | None = Field(None, description="language of the reasons; else by Accept-Language")
