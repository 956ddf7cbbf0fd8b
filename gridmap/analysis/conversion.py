"""Carry counts from the codes of one version to those of another."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gridmap.analysis import frames
from gridmap.errors import ColumnError, InvalidInput


@dataclass(frozen=True, slots=True)
class Converted:
    """Counts by new codes, and what could not be carried over.

    Attributes
    ----------
    counts : DataFrame
        ``grid_code`` (new codes, ascending) and the columns of the counts, as fractions of numbers.
    without_successor : DataFrame
        ``grid_code`` (old codes, ascending) and the same columns: what fell on ground that nobody has now, or stands
        under a code that the lineage does not know.
    """

    counts: pd.DataFrame
    without_successor: pd.DataFrame


def convert_counts(
    counts: pd.DataFrame,
    edges: pd.DataFrame,
    weight: Literal["area", "households"] = "area",
    *,
    level: str | None = None,
) -> Converted:
    """Convert counts by old codes to counts by new codes.

    Parameters
    ----------
    counts : DataFrame
        ``grid_code``, one row a code, and any number of columns of numbers.
    edges : DataFrame
        frames.LINEAGE.
    weight : {"area", "households"}
        Share a count out by ground or by households. Where the households of any edge of a code are not known, or all
        of them are 0, that code goes by ground.
    level : str, optional
        Level of the counts; needed where a code stands in several levels.

    Returns
    -------
    Converted
        Over both tables, every column sums to what it summed to before. Ground lost in slivers weighs nothing.

    Raises
    ------
    ColumnError
        ``column_missing``, ``code_duplicate``, ``counts_not_numbers``.
    InvalidInput
        ``weight_unknown``, ``level_needed``.

    Notes
    -----
    Shares assume that what was counted lies evenly over the ground, or over the households. Where the points
    themselves are at hand, join them to the new grids instead.
    """
    names = _number_columns(counts)
    frames.require_columns(edges, frames.LINEAGE)
    if weight not in ("area", "households"):
        raise InvalidInput("weight_unknown", known="area, households")
    edges = (
        edges[edges["old_code"].notna()]
        if level is None
        else edges[edges["level"].eq(level) & edges["old_code"].notna()]
    )
    if level is None and (edges.groupby("old_code")["level"].nunique() > 1).any():
        raise InvalidInput("level_needed", levels=", ".join(sorted(set(edges["level"]))))
    table = counts.assign(grid_code=counts["grid_code"].astype(str)).merge(
        edges.assign(weight=_weights(edges, weight))[["old_code", "new_code", "weight"]],
        left_on="grid_code",
        right_on="old_code",
        how="left",
    )
    table["weight"] = table["weight"].fillna(1.0)
    table[names] = table[names].mul(table["weight"], axis=0)
    lost = table["new_code"].isna()
    return Converted(
        _sums(table[~lost].assign(grid_code=table.loc[~lost, "new_code"]), names), _sums(table[lost], names)
    )


def _number_columns(counts: pd.DataFrame) -> list[str]:
    if "grid_code" not in counts.columns:
        raise ColumnError("column_missing", contract="counts", columns="grid_code")
    doubled = int(counts["grid_code"].duplicated().sum())
    if doubled:
        raise ColumnError("code_duplicate", count=doubled)
    names = [str(c) for c in counts.columns if c != "grid_code"]
    bad = [
        c
        for c in names
        if not (pd.api.types.is_numeric_dtype(counts[c]) and np.isfinite(counts[c].astype(float)).all())
    ]
    if bad:
        raise ColumnError("counts_not_numbers", columns=", ".join(bad))
    return names


def _weights(edges: pd.DataFrame, weight: str) -> pd.Series:
    """Give the edges of each old code weights that sum to one."""
    by = edges["old_code"]
    value = edges["old_share"]
    if weight == "households":
        households = edges["households"]
        told = households.isna().groupby(by).transform("sum").eq(0) & households.groupby(by).transform("sum").gt(0)
        value = households.where(told, value)
    return value / value.groupby(by).transform("sum")


def _sums(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return table.groupby("grid_code", sort=True)[names].sum().astype("float64").reset_index()
