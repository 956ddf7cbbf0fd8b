"""How indicators moved: against the period before (环比), and against the same period of the year before (同比)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from gridmap.analysis.indicators.figures import Figures
from gridmap.analysis.indicators.groups import PERIODS, before, year_before
from gridmap.errors import InvalidInput


def month_on_month(figures: Figures) -> pd.DataFrame:
    """Compare each group with the same one of the period before (环比); for days, weeks and quarters as well.

    Returns
    -------
    DataFrame
        One row a group, in their order: ``keys``; ``against``, the period compared with; and for each indicator
        ``<name>``, ``<name>_before`` and ``<name>_change`` in its own unit (percentage points, hours). NaN: no data
        then or now.

    Raises
    ------
    InvalidInput
        ``indicator_period``: the groups have no period, or two.
    """
    period = _period(figures)
    return _against(figures, period, lambda label: before(label, period))


def year_on_year(figures: Figures) -> pd.DataFrame:
    """Compare each group with the same one of the same period a year before (同比); else as ``month_on_month``."""
    return _against(figures, _period(figures), year_before)


def _period(figures: Figures) -> str:
    found = [name for name in figures.by if name in PERIODS]
    if len(found) != 1:
        raise InvalidInput("indicator_period", known=", ".join(PERIODS))
    return found[0]


def _against(figures: Figures, period: str, other: Callable[[str], str | None]) -> pd.DataFrame:
    keys = figures.keys
    named = {label: None if label is None else other(label) for label in keys[period].unique()}
    against = keys[period].map(named)
    place = {key: n for n, key in enumerate(keys.itertuples(index=False, name=None))}
    then = keys.assign(**{period: against})
    found = np.array([place.get(key, -1) for key in then.itertuples(index=False, name=None)], dtype=np.int64)
    # a case without a time is in no period, and so in none before
    found[against.isna().to_numpy(dtype=np.bool_)] = -1
    columns = {}
    for name in figures.names:
        now = figures.values(name)
        was = np.append(now, np.nan)[found]
        columns[name], columns[f"{name}_before"], columns[f"{name}_change"] = now, was, now - was
    return pd.concat([keys, against.rename("against"), pd.DataFrame(columns, index=keys.index)], axis=1)
