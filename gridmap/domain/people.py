"""What is known of a grid's people over time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GridProfile:
    """What is known of one grid in some days.

    Attributes
    ----------
    grid_code : str
    households : int or None
        None: not known here; the version of the grid may know.
    floating_residents : int or None
        People who live here and are registered elsewhere; None: not known.
    department, phone : str
        Who answers for the grid, and where; empty: not known.
    """

    grid_code: str
    households: int | None = None
    floating_residents: int | None = None
    department: str = ""
    phone: str = ""
