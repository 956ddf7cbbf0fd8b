"""The provision matrix: what each area must have, has, and lacks."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

from gridmap.analysis import frames
from gridmap.domain.provision import Need, ProvisionBook
from gridmap.errors import ColumnError


def provision_matrix(
    areas: pd.DataFrame,
    features: pd.DataFrame,
    book: ProvisionBook,
    *,
    states: Collection[str] = ("open",),
) -> pd.DataFrame:
    """Say of every area and need what is asked for, what is there, and what is missing.

    Parameters
    ----------
    areas : DataFrame
        ``code``, ``level``, ``households`` (missing: not known), ``name``: areas of all levels.
    features : DataFrame
        ``layer``, ``state``, ``attributes`` (mapping or missing) and ``area_codes``: the codes of all areas that hold
        the feature, from the coarsest down to its grid.
    book : ProvisionBook
    states : collection of str
        Features in these states count.

    Returns
    -------
    DataFrame
        frames.PROVISION, by area in their order and need in the order of the book: ``required`` (missing where it
        hangs on households not known), ``present``, ``lacking``, as ``Decimal``; ``status``: ``met``, ``lacking`` or
        ``unknown``. What is there exactly as asked for is met.

    Raises
    ------
    ColumnError
        ``column_missing``, ``code_duplicate``.
    """
    for name, frame, columns in (
        ("areas", areas, ("code", "level")),
        ("features", features, ("layer", "state", "area_codes")),
    ):
        missing = [c for c in columns if c not in frame.columns]
        if missing:
            raise ColumnError("column_missing", contract=name, columns=", ".join(missing))
    if areas["code"].duplicated().any():
        raise ColumnError("code_duplicate", count=int(areas["code"].duplicated().sum()))
    present = {need.id: _present(need, features, set(states)) for need in book.needs}
    households = areas["households"] if "households" in areas else pd.Series(None, index=areas.index, dtype=object)
    names = areas["name"].fillna("") if "name" in areas else pd.Series("", index=areas.index)
    rows: list[tuple[Any, ...]] = []
    for code, level, title, count in zip(areas["code"], areas["level"], names, households, strict=True):
        for need in book.needs:
            if level in need.at:
                asked = need.required(None if pd.isna(count) else float(count))
                there = present[need.id].get(str(code), Decimal(0))
                lacking = None if asked is None else max(Decimal(0), asked - there)
                status = "unknown" if lacking is None else "lacking" if lacking else "met"
                rows.append((str(code), title, level, need.id, asked, there, lacking, status))
    made = pd.DataFrame(rows, columns=list(frames.PROVISION.required), dtype=object)
    made.attrs["summary"] = {
        need.id: {s: int(((made["need"] == need.id) & (made["status"] == s)).sum()) for s in _STATUS}
        for need in book.needs
    }
    return made


_STATUS = ("met", "lacking", "unknown")


def _present(need: Need, features: pd.DataFrame, states: set[str]) -> dict[str, Decimal]:
    """Count or add up, by area, what meets a need."""
    found: dict[str, Decimal] = {}
    mine = features[features["layer"].isin(need.layers) & features["state"].isin(states)]
    attributes = mine["attributes"] if "attributes" in mine else pd.Series(None, index=mine.index, dtype=object)
    for codes, held in zip(mine["area_codes"], attributes, strict=True):
        amount = _amount(need, held if isinstance(held, Mapping) else {})
        for code in set(codes):
            found[str(code)] = found.get(str(code), Decimal(0)) + amount
    return found


def _amount(need: Need, held: Mapping[str, Any]) -> Decimal:
    """Give what one feature brings: 1, or its number; nothing where the number cannot be read."""
    if not need.attribute:
        return Decimal(1)
    try:
        number = Decimal(str(held.get(need.attribute)).strip())
    except InvalidOperation:
        return Decimal(0)
    if not number.is_finite() or number < 0:
        return Decimal(0)
    if need.least is None:
        return number
    return Decimal(1) if number >= need.least else Decimal(0)
