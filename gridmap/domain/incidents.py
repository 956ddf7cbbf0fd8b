"""What happens on the ground, who passes by, and who is responsible."""

from dataclasses import dataclass
from enum import StrEnum

from gridmap.domain.people import GridProfile


class Method(StrEnum):
    """How a point came to its grid.

    ``inside``: strictly inside the owner. ``border``: on the border of at least one grid that holds it; the lowest code
    owns it. ``nearest``: outside every grid, the nearest one within the set distance. ``none``: nobody on the map; the
    duty desk of the smallest area that holds it, else the unassigned queue, takes it.
    """

    INSIDE = "inside"
    BORDER = "border"
    NEAREST = "nearest"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class GridRef:
    """A grid or area by code, name and level: one link of the chain of responsibility."""

    code: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody on duty for a grid. ``role`` is ``head`` or ``worker``."""

    grid_code: str
    role: str
    name: str
    phone: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Responsibility:
    """The answer to "who is responsible for this point".

    Attributes
    ----------
    grid : GridRef or None
        The one owner; None when ``method`` is ``none``.
    chain : tuple of GridRef
        From the coarsest area down to, and with, the grid.
    method : Method
    border_m : float or None
        Metres from the point to the owner's nearest border; for ``nearest``, how far outside it lies.
    candidates : tuple of GridRef
        Every grid that holds the point, lowest code first, when there is more than one; the owner is among them.
    desk : GridRef or None
        With method ``none``: the smallest area that holds the point, whose duty desk takes it; None: unassigned queue.
    staff : tuple of StaffMember
        The people on duty on the day asked for, heads first, if known.
    profile : GridProfile or None
        What is known of the people of the grid on that day.
    set_name, version_number
        Where the answer was read.
    """

    grid: GridRef | None
    chain: tuple[GridRef, ...]
    method: Method
    border_m: float | None
    candidates: tuple[GridRef, ...] = ()
    desk: GridRef | None = None
    staff: tuple[StaffMember, ...] = ()
    profile: GridProfile | None = None
    set_name: str = ""
    version_number: int | None = None
