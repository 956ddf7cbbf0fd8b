"""Facilities and thematic zones: layers of features that live in time and lie in a grid."""

from dataclasses import dataclass
from enum import StrEnum


class FeatureState(StrEnum):
    """How far a facility or zone is."""

    PLANNED = "planned"
    BUILT = "built"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class FeatureLayer:
    """A named kind of facilities or zones: hydrants, stations, scenic areas; points, lines and areas may mix."""

    name: str
    title: str = ""
