"""What the redraw of a draft takes: one edit in one body, named by its verb."""

from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import Field

from api.fields import BoxText, Free, Name, Names, QueryInteger, QueryNumber, Short
from api.requests import Strict
from gridmap.analysis.proposals.fishnet import CELL_M, SLIVER_SHARE
from gridmap.domain.proposals import TOLERANCE
from gridmap.domain.redraw import Ground
from gridmap.i18n import Language
from gridmap.services.redraw.repairs import FREE_M2

Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
#: A vertex: longitude, latitude.
PlaceIn = tuple[Lon, Lat]
Line = Annotated[list[PlaceIn], Len(2, 10_000)]
Ring = Annotated[list[PlaceIn], Len(3, 10_000)]
Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Households = Annotated[int, Field(ge=0, le=10_000_000)]


GapWidth = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]


class MoveVertexIn(Strict):
    """Move a vertex; every area that has it follows."""

    verb: Literal["move_vertex"]
    at: PlaceIn
    to: PlaceIn


class InsertVertexIn(Strict):
    """Put a vertex between two of a border; it may lie beside the straight line."""

    verb: Literal["insert_vertex"]
    between: tuple[PlaceIn, PlaceIn]
    at: PlaceIn


class RemoveVertexIn(Strict):
    """Take a vertex away where a border bends."""

    verb: Literal["remove_vertex"]
    at: PlaceIn


class SplitIn(Strict):
    """Cut an area in two; the larger piece keeps the code."""

    verb: Literal["split"]
    code: Name
    line: Line
    name: Short | None = None


class MergeIn(Strict):
    """Make one area of neighbours; ``into`` keeps its code."""

    verb: Literal["merge"]
    codes: Annotated[list[Name], Len(2, 1_000)]
    into: Name
    multipart: bool = False


class AssignIn(Strict):
    """Give the ground in a ring, or that of features of a layer, to an area."""

    verb: Literal["assign"]
    to: Name
    ring: Ring | None = None
    layer: Name | None = Field(None, description="layer of the units")
    units: Annotated[list[Name], Len(1, 1_000)] | None = Field(None, description="codes of features of the layer")
    givers: Annotated[list[Name], Len(1, 1_000)] | None = Field(None, description="who gives; everybody if left out")
    ground: Ground = Ground.TAKEN
    multipart: bool = False


class DrawIn(Strict):
    """Draw a new area on ground of nobody, or with ``take`` on that of others."""

    verb: Literal["draw"]
    ring: Ring
    name: Name
    parent: Name | None = None
    take: bool = False


class FillIn(Strict):
    """Give the hole around a place to an area, or make one of it."""

    verb: Literal["fill"]
    at: PlaceIn
    to: Name | None = None
    name: Name | None = None
    parent: Name | None = None


class AttributesIn(Strict):
    """Change what is written of an area."""

    verb: Literal["attributes"]
    code: Name
    name: Name | None = None
    households: Households | None = None
    parent: Name | None = None


class RepairIn(Strict):
    """Close holes and overlaps, as ``GET .../repair`` proposes."""

    verb: Literal["repair"]
    gap_width_m: GapWidth | None = Field(None, description="close holes up to this width; left out: by size of areas")
    accept_m2: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        FREE_M2, description="ground that one area may gain or lose"
    )


EditIn = Annotated[
    MoveVertexIn
    | InsertVertexIn
    | RemoveVertexIn
    | SplitIn
    | MergeIn
    | AssignIn
    | DrawIn
    | FillIn
    | AttributesIn
    | RepairIn,
    Field(discriminator="verb"),
]


class AreasQuery(Strict):
    """Areas of a draft."""

    level: Name | None = Field(None, description="level of the areas; the edited one if left out")
    bbox: BoxText | None = None


class EditsQuery(Strict):
    """What happened since."""

    after: Annotated[QueryInteger, Field(ge=0)] = Field(0, description="revision that was seen")


class EffectsQuery(Strict):
    """Which areas."""

    codes: Names | None = Field(None, description="codes joined by commas; all that were touched if left out")


class CompareQuery(Strict):
    """With what."""

    with_: Annotated[QueryInteger, Field(ge=1, lt=2**31)] = Field(
        alias="with", description="number of another draft or version"
    )


class RepairQuery(Strict):
    """How wide a hole is closed."""

    gap_width_m: Annotated[QueryNumber, Field(gt=0, le=1_000)] | None = Field(
        None, description="close holes up to this width; left out: by size of areas"
    )


class ExportQuery(Strict):
    """In which form."""

    format: Literal["geojson", "gpkg", "shp", "csv"]
    level: Name | None = Field(None, description="level of the areas; all levels if left out")


class PrintDraftQuery(Strict):
    """In which language a sheet is printed."""

    lang: Language | None = Field(None, description="language of the sheet; else by Accept-Language")


class PrintDraftPlanQuery(PrintDraftQuery):
    """Of which area a plan is printed."""

    code: Name = Field(description="code of a street, community or another area above grids")


class LockIn(Strict):
    """What is to be locked."""

    kind: Literal["grid", "edge", "area"]
    code: Name | None = None
    edge: tuple[PlaceIn, PlaceIn] | None = None


class CommentIn(Strict):
    """A comment on a place."""

    at: PlaceIn
    text: Annotated[Free, Len(1, 2_000)]
    code: Name | None = Field(None, description="area that it is about")


class WaiverIn(Strict):
    """What somebody signs for."""

    rule: Name
    codes: Annotated[list[Name], Len(1, 20)] = Field(description="areas that the finding names")
    reason: Annotated[Free, Len(1, 2_000)]


class ProposalIn(Strict):
    """Which grids are to be redrawn, and what they should be like."""

    areas: Annotated[list[Name], Len(1, 1_000)] | None = Field(
        None, description="codes of areas above the grids; all within reach if left out"
    )
    grids: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="how many, locked ones left out; as many as today if left out"
    )
    floor: Weight | None = Field(None, description="least weight of a grid")
    ceiling: Weight | None = Field(None, description="most weight of a grid")
    tolerance: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        TOLERANCE, description="share of the mean that a grid may be off it, where neither is given"
    )
    weight: Literal["households", "incidents", "ground"] = "households"
    layer: Name | None = Field(None, description="layer whose features are the units; a fishnet if left out")
    cell_m: Annotated[float, Field(allow_inf_nan=False)] = Field(CELL_M, description="side of a unit grid, metres")
    sliver_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        SLIVER_SHARE, description="a piece smaller than this share of a unit joins its neighbour"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(0, description="another number gives other candidates")


class StepIn(Strict):
    """Where a draft goes on its way."""

    to: Literal["open", "submitted", "approved"]
    reason: Annotated[Free, Len(0, 2_000)] = ""


Body = dict[str, Any]
