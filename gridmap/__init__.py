"""gridmap: who is responsible for this point, what happens where, and what is nobody looking at."""

from gridmap.analysis.coverage import coverage_gaps
from gridmap.analysis.density import density
from gridmap.analysis.lattice import square_lattice
from gridmap.analysis.locator import Answers, Locator
from gridmap.analysis.responsibility import JoinSummary, join_points
from gridmap.crs import Datum

__version__ = "0.1.0"
__all__ = [
    "Answers",
    "Datum",
    "JoinSummary",
    "Locator",
    "__version__",
    "coverage_gaps",
    "density",
    "join_points",
    "square_lattice",
]
