"""Compare two plans over one ground: which grids of one agree with, contain or cross which of the other."""

from enum import StrEnum

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.overlay import common_ground, left_over
from gridmap.analysis.topology import SLIVER_WIDTH_M


class Relation(StrEnum):
    """How a grid of plan a lies to one of plan b, slivers aside.

    ``agree``: the same ground. ``contains``: all of b's grid lies in a's. ``within``: all of a's lies in b's.
    ``crosses``: each has ground that the other has not. ``only_a``, ``only_b``: ground that the other plan does not
    cover.
    """

    AGREE = "agree"
    CONTAINS = "contains"
    WITHIN = "within"
    CROSSES = "crosses"
    ONLY_A = "only_a"
    ONLY_B = "only_b"


def crosswalk(
    a: gpd.GeoDataFrame, b: gpd.GeoDataFrame, *, sliver_width_m: float = SLIVER_WIDTH_M, shapes: bool = False
) -> pd.DataFrame:
    """List the ground that two plans share, grid by grid, and how the grids lie to each other.

    Parameters
    ----------
    a, b : GeoDataFrame
        frames.GRIDS of one level each, of two sets or two versions; CRS: WGS 84.
    sliver_width_m : float
        As in ``overlay``: borders nearer than this are the same border.
    shapes : bool
        Give the common ground as well: the answer is then a GeoDataFrame in WGS 84.

    Returns
    -------
    DataFrame
        ``a_code``, ``b_code`` (missing in ground of one plan alone), ``relation`` (values of ``Relation``),
        ``area_m2``, ``a_share``, ``b_share`` (0-1); by a's code, then b's, missing ones last. ``attrs["summary"]``:
        ``a`` and ``b`` (grids), ``pairs`` (relation to rows), ``m2`` (relation to area), ``a_agreeing`` (grids of a
        that agree with one of b), ``epsg``.

    Raises
    ------
    ColumnError, CrsError, InvalidInput
        As ``overlay``.
    """
    common = common_ground(a, b, sliver_width_m=sliver_width_m)
    first, second = common.first, common.second
    relation = np.select(
        [common.old_covered & common.new_covered, common.new_covered, common.old_covered],
        [Relation.AGREE.value, Relation.CONTAINS.value, Relation.WITHIN.value],
        default=Relation.CROSSES.value,
    )
    tables = [
        pd.DataFrame(
            {
                "a_code": common.old.codes[first],
                "b_code": common.new.codes[second],
                "relation": relation,
                "area_m2": common.area_m2,
                "a_share": common.old_share(),
                "b_share": common.new_share(),
                "geometry": common.shapes,
            }
        )
    ]
    for of_b, plane in ((False, common.old), (True, common.new)):
        at, rest, area = left_over(common, of_new=of_b)
        share = np.minimum(area / shapely.area(plane.shapes[at]), 1.0)
        tables.append(
            pd.DataFrame(
                {
                    "a_code": np.full(len(at), None, dtype=object) if of_b else plane.codes[at],
                    "b_code": plane.codes[at] if of_b else np.full(len(at), None, dtype=object),
                    "relation": (Relation.ONLY_B if of_b else Relation.ONLY_A).value,
                    "area_m2": area,
                    "a_share": np.zeros(len(at)) if of_b else share,
                    "b_share": share if of_b else np.zeros(len(at)),
                    "geometry": rest,
                }
            )
        )
    table = pd.concat(tables, ignore_index=True).astype(dict.fromkeys(("a_code", "b_code", "relation"), "str"))
    table = table.astype(dict.fromkeys(("area_m2", "a_share", "b_share"), "float64"))
    table = table.sort_values(["a_code", "b_code"], kind="stable", na_position="last", ignore_index=True)
    summary = _summary(table, len(common.old), len(common.new), common.old.epsg)
    if not shapes:
        table = table.drop(columns="geometry")
    else:
        back = common.old.all_to_wgs84(table["geometry"].to_numpy(dtype=object))
        table = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=back, crs="EPSG:4326")
    table.attrs["summary"] = summary
    return table


def _summary(table: pd.DataFrame, n_a: int, n_b: int, epsg: int) -> dict[str, object]:
    groups = table.groupby("relation")["area_m2"]
    pairs, area = groups.size(), groups.sum()
    return {
        "a": n_a,
        "b": n_b,
        "pairs": {r.value: int(pairs.get(r.value, 0)) for r in Relation},
        "m2": {r.value: round(float(area.get(r.value, 0.0)), 3) for r in Relation},
        "a_agreeing": int(table.loc[table["relation"] == Relation.AGREE.value, "a_code"].nunique()),
        "epsg": epsg,
    }
