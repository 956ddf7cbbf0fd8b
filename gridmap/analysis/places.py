"""Lineage of leaves that are no ground: points and lines, known by code and place."""

from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.domain.lineage import LineageKind

_ALONE = (LineageKind.DISSOLVED.value, LineageKind.FOUNDED.value)


def match_places(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, level: str, edges: pd.DataFrame) -> pd.DataFrame:
    """Add the edges of rows that are no polygon to those of the polygons.

    Parameters
    ----------
    old, new : GeoDataFrame
        Rows of one level that are points, lines or empty; columns ``code``, ``households`` (NaN: not known).
    level : str
        Its name.
    edges : DataFrame
        frames.LINEAGE of its polygons, with a column ``shape``.

    Returns
    -------
    DataFrame
        The same columns. The same code at the same place is ``unchanged``, elsewhere ``reshaped``; another code at the
        same place is ``recoded`` where only one stood there before and one after. Areas are 0. A code that was a point
        and is now a polygon on ground that nobody had, or the other way round, is ``reshaped``.
    """
    table = edges
    was, now = _places(old), _places(new)
    pairs: list[tuple[str | None, str | None, LineageKind]] = []
    for code in sorted(was.keys() & now.keys()):
        same = was[code][0] is not None and was[code][0] == now[code][0]
        pairs.append((code, code, LineageKind.UNCHANGED if same else LineageKind.RESHAPED))
    gone = {c: v for c, v in was.items() if c not in now}
    come = {c: v for c, v in now.items() if c not in was}
    for code in sorted(gone.keys() | come.keys()):
        column = "new_code" if code in gone else "old_code"
        other = table["kind"].isin(_ALONE) & (table[column] == code)
        if other.any():
            pairs.append((code, code, LineageKind.RESHAPED))
            table = table[~other]
            (gone if code in gone else come).pop(code)
    crowd_was, crowd_now = (Counter(place for place, _ in side.values()) for side in (gone, come))
    there = {place: code for code, (place, _) in come.items() if place is not None and crowd_now[place] == 1}
    for code in sorted(gone):
        place = gone[code][0]
        if place in there and crowd_was[place] == 1:
            pairs.append((code, there[place], LineageKind.RECODED))
            come.pop(there[place])
        else:
            pairs.append((code, None, LineageKind.DISSOLVED))
    pairs += [(None, code, LineageKind.FOUNDED) for code in sorted(come)]
    if not pairs:
        return table
    households = [was[a][1] if a in was else now[b][1] if b in now else np.nan for a, b, _ in pairs]
    rows = pd.DataFrame(
        {
            "level": pd.array([level] * len(pairs), dtype="str"),
            "old_code": pd.array([a for a, _, _ in pairs], dtype="str"),
            "new_code": pd.array([b for _, b, _ in pairs], dtype="str"),
            "kind": pd.array([kind.value for *_, kind in pairs], dtype="str"),
            "area_m2": 0.0,
            "old_share": [0.0 if a is None else 1.0 for a, _, _ in pairs],
            "new_share": [0.0 if b is None else 1.0 for _, b, _ in pairs],
            "households": np.array(households, dtype=np.float64),
            "shape": pd.Series([None] * len(pairs), dtype=object),
        }
    )
    return pd.concat([table, rows], ignore_index=True)


def _places(frame: gpd.GeoDataFrame) -> dict[str, tuple[bytes | None, float]]:
    shapes = np.array(frame.geometry.array, dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    keys = shapely.to_wkb(shapely.normalize(shapely.force_2d(shapes)))
    rows = zip(frame["code"], keys, frame["households"], strict=True)
    return {str(code): (key, float(count)) for code, key, count in rows}
