"""What became of cases, as numbers that open: each one with its numerator, its denominator, and the cases of both."""

from gridmap.analysis.indicators.change import month_on_month, year_on_year
from gridmap.analysis.indicators.figures import Figures, indicators
from gridmap.analysis.indicators.formulas import INDICATORS, PROACTIVE, Indicator, Terms
from gridmap.analysis.indicators.groups import DIMENSIONS, PERIODS

__all__ = [
    "DIMENSIONS",
    "INDICATORS",
    "PERIODS",
    "PROACTIVE",
    "Figures",
    "Indicator",
    "Terms",
    "indicators",
    "month_on_month",
    "year_on_year",
]
