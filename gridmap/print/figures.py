"""Numbers as a reader of either language expects them on paper."""

from gridmap.i18n import Language, text
from gridmap.print.tables import UNKNOWN


def whole(value: int | None) -> str:
    """Write a number of things."""
    return UNKNOWN if value is None else f"{value:,}"


def area(value: float, language: Language) -> str:
    """Write an area: m2, from a square kilometre on also as km2."""
    m2 = text("print.m2", language, value=f"{value:,.0f}")
    return m2 if value < 1_000_000 else text("print.m2_km2", language, m2=m2, km2=f"{value / 1e6:,.2f}")


def length(value: float, language: Language) -> str:
    """Write a length in m."""
    return text("print.metres", language, value=f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:,.1f}")
