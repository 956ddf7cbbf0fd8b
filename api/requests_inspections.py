"""What the API takes about inspections."""

from typing import Annotated

from annotated_types import Len
from pydantic import Field

from api.fields import Name, QueryInteger, Time
from api.requests import SetAtQuery, Strict
from gridmap.domain.inspections import CheckOutcome
from gridmap.i18n import Language

#: Checks of one request: each is looked up by itself.
MOST_CHECKS = 200


class InspectionsQuery(SetAtQuery):
    """Which objects, on which day."""

    layer: Name | None = Field(None, description="of this layer alone; of all with a plan if left out")


class InspectionsFileQuery(InspectionsQuery):
    """The same, as a file."""

    lang: Language | None = Field(None, description="language of the table; else by Accept-Language")


class CheckIn(Strict):
    """One look at one object."""

    code: Name = Field(description="of the object in its layer")
    at: Time
    outcome: CheckOutcome = Field(
        description="seen: somebody was there; complete: and told all items; finding: and something was wrong"
    )
    note: Name | None = Field(None, description="what a finding says: a code of the plan")


class ChecksIn(Strict):
    """Checks of objects of one layer, all or none."""

    layer: Name
    checks: Annotated[list[CheckIn], Len(1, MOST_CHECKS)]


class SamplesQuery(Strict):
    """Whose draws, and how many."""

    layer: Name
    count: Annotated[QueryInteger, Field(ge=1, le=100)] = Field(20, description="newest draws")


class SampleIn(Strict):
    """A sample to check again: so many objects, or a share of them."""

    layer: Name
    count: Annotated[int, Field(ge=1, le=100_000)] | None = Field(None, description="so many objects")
    share: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="this share of them, rounded up")
    seed: Name | None = Field(
        None, description="told before or drawn in public, new for each draw; the service draws one if left out"
    )
    among_all: bool = Field(
        False, description="among all objects; else among those with a complete check in the cycle that runs"
    )
