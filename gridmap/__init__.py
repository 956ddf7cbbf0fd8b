"""gridmap: who is responsible for this point, what happens where, and what is nobody looking at."""

from gridmap.analysis.locator import Answers, Locator
from gridmap.analysis.responsibility import JoinSummary, join_points
from gridmap.crs import Datum

__version__ = "0.1.0"
__all__ = ["Answers", "Datum", "JoinSummary", "Locator", "__version__", "join_points"]
