"""Times as written to aware UTC. Nothing is guessed: day-month orders and bare numbers are not times."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gridmap.errors import InvalidInput

_FORM = (
    r"^(?P<year>[0-9]{4})(?P<mark>[-/])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    r"(?:[T ](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}(?:\.[0-9]{1,9})?))?)?"
    r" ?(?P<offset>Z|z|[+-][0-9]{2}:?[0-9]{2})?$"
)
# The usual full forms, which Arrow reads by itself; all others take the long way, with the same answers.
_WHOLE = r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_NAIVE, _ZONED = _WHOLE + "$", _WHOLE + r"(Z|[+-][01][0-9]:?[0-5][0-9])$"
_UTC: Any = "datetime64[us, UTC]"


def to_utc(column: pa.ChunkedArray, time_zone: str) -> tuple[pd.Series, dict[int, str]]:
    """Read a column of times.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Texts (ISO 8601, or ``2025-03-01``, ``2025/3/1 8:30``, ``2025-03-01 08:30:00``), timestamps or dates.
    time_zone : str
        Zone of times without offset, such as ``Asia/Shanghai``; a bare date is its midnight.

    Returns
    -------
    Series of datetime64[us, UTC]
        NaT in bad rows.
    dict of int to str
        Row to ``time_missing``, ``time_unreadable`` or ``time_ambiguous`` (the zone skips or repeats that hour).

    Examples
    --------
    >>> import pyarrow as pa
    >>> times, bad = to_utc(pa.chunked_array([["2025-03-01 08:30", "soon"]]), "Asia/Shanghai")
    >>> str(times[0]), bad
    ('2025-03-01 00:30:00+00:00', {1: 'time_unreadable'})
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInput("time_zone_unknown") from None
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        stamps = column.cast(pa.timestamp("us", kind.tz if pa.types.is_timestamp(kind) else None), safe=False)
        values = pd.Series(stamps.to_pandas())
        missing = values.isna()
        made = _localised(values, zone) if values.dt.tz is None else values.dt.tz_convert("UTC").astype(_UTC)
        bad = {int(i): "time_missing" for i in missing[missing].index}
        bad |= {int(i): "time_ambiguous" for i in made[made.isna() & ~missing].index}
        return made, dict(sorted(bad.items()))
    return _from_texts(column.cast(pa.string()), zone)


def _from_texts(column: pa.ChunkedArray, zone: ZoneInfo) -> tuple[pd.Series, dict[int, str]]:
    micros = np.full(len(column), np.datetime64("NaT", "us"))
    left = np.ones(len(column), dtype=bool)
    bad: dict[int, str] = {}
    for form, kind in ((_NAIVE, pa.timestamp("us")), (_ZONED, pa.timestamp("us", "UTC"))):
        fits = pc.fill_null(pc.match_substring_regex(column, form), False)
        try:
            stamps = column.filter(fits).cast(kind)
        except pa.ArrowInvalid:  # a day or an hour that is none: which one, the long way finds out
            continue
        rows = np.flatnonzero(fits.to_numpy())
        if len(rows):
            moments = pd.Series(stamps.to_pandas())
            made = moments if kind.tz else _localised(moments, zone)
            micros[rows] = made.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
            bad |= {int(row): "time_ambiguous" for row in rows[made.isna().to_numpy()]}
            left[rows] = False
    rows = np.flatnonzero(left)
    if len(rows):
        texts = pd.Series(column.take(pa.array(rows)).to_pylist(), dtype=object).fillna("").astype(str).str.strip()
        made, reasons = _read(texts, zone)
        micros[rows] = made.dt.tz_localize(None).to_numpy("datetime64[us]")
        bad |= {int(rows[row]): reason for row, reason in reasons.items()}
    return pd.Series(micros).dt.tz_localize("UTC").astype(_UTC), dict(sorted(bad.items()))


def _read(texts: pd.Series, zone: ZoneInfo) -> tuple[pd.Series, dict[int, str]]:
    parts = texts.str.extract(_FORM)
    two = {name: parts[name].fillna("0").str.zfill(2) for name in ("month", "day", "hour", "minute")}
    second = parts["second"].fillna("00")
    # Built anew in one strict form: a parser left to itself would read month 13 as a day.
    strict = parts["year"] + "-" + two["month"] + "-" + two["day"]
    strict = strict + "T" + two["hour"] + ":" + two["minute"] + ":" + second
    naive = pd.to_datetime(strict, format="ISO8601", errors="coerce")
    naive = naive.astype("datetime64[us]")
    offset = parts["offset"]
    fixed = offset.notna()
    made = _localised(naive.where(~fixed), zone)
    if fixed.any():
        sign = offset.str[0].map({"+": 1, "-": -1}).fillna(0)
        digits = offset.str.replace(":", "").str[1:]
        minutes = pd.to_numeric(digits.str[:2], errors="coerce") * 60 + pd.to_numeric(digits.str[2:], errors="coerce")
        ahead = pd.to_timedelta((sign * minutes.fillna(0)).where(fixed, 0), unit="min")
        made = made.where(~fixed, (naive - ahead).dt.tz_localize("UTC").astype(_UTC))
    bad: dict[int, str] = {}
    for row in made[made.isna()].index:
        if texts[row] == "":
            bad[int(row)] = "time_missing"
        elif pd.isna(naive[row]):
            bad[int(row)] = "time_unreadable"
        else:
            bad[int(row)] = "time_ambiguous"
    return made.astype(_UTC), bad


def _localised(values: pd.Series, zone: ZoneInfo) -> pd.Series:
    placed: pd.Series = values.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    utc: pd.Series = placed.dt.tz_convert("UTC").astype(_UTC)
    return utc
