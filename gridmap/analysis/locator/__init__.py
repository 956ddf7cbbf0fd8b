"""Which grid owns a point.

``locator`` is the door, ``part`` a door to some of the grids; ``segments`` takes shapes apart, ``raster`` and ``index``
build the index, ``kernels`` asks it, ``predicates`` decides sides exactly, ``shapes`` asks the shapes themselves,
``measure`` counts metres, ``saved`` keeps an index on disk.
"""

from gridmap.analysis.locator.answers import METHODS, Answers, Located, Tally
from gridmap.analysis.locator.index import IndexReport
from gridmap.analysis.locator.locator import Locator
from gridmap.analysis.locator.part import LocatorPart

__all__ = ["METHODS", "Answers", "IndexReport", "Located", "Locator", "LocatorPart", "Tally"]
