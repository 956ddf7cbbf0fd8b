"""Check how the rows of a plan hang together: levels, parents, cycles, codes over all levels, needed attributes."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.plane import as_code, labels_of
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.codes import scheme
from gridmap.domain.rules import Finding, Severity

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The rows of a plan of all levels, and who is whose parent.

    Attributes
    ----------
    labels : array of str
        The code of each row, or ``#n`` for row n, from 1, of one without.
    codes : list of str or None
    level : array of int
        Position in ``levels``; -1 for a level that the set does not have.
    levels : tuple of Level
        From the coarsest to the leaf.
    parent_codes : list of str or None
    parent : array of int
        Row of the parent; -1 for none, or none that can be right.
    above : tuple of int
        For each level the nearest one above it that has rows; -1 for none.
    named : array of bool
        For each level whether any of its rows names a parent; where none does, parents are found by place.
    """

    labels: npt.NDArray[np.object_]
    codes: list[str | None]
    level: Rows
    levels: tuple[Level, ...]
    parent_codes: list[str | None]
    parent: Rows
    above: tuple[int, ...]
    named: npt.NDArray[np.bool_]

    def rows_of(self, level: int) -> Rows:
        """Give the rows of a level."""
        return np.flatnonzero(self.level == level)


def read_hierarchy(frame: gpd.GeoDataFrame, boundary_set: BoundarySet) -> tuple[list[Finding], Hierarchy]:
    """Place every row in its level and find its parent.

    Returns
    -------
    list of Finding, Hierarchy
        Rules ``level_unknown``, ``level_missing``, ``parent_missing``, ``parent_wrong_level``, ``parent_cycle``,
        ``code_in_other_level``.
    """
    levels = tuple(sorted(boundary_set.levels, key=lambda x: x.order))
    place = {x.name: i for i, x in enumerate(levels)}
    codes = [as_code(v) for v in frame["code"].to_numpy(object)]
    labels = labels_of(codes, np.arange(len(codes)))
    level = np.array(
        [place.get(v, -1) if isinstance(v, str) else -1 for v in frame["level"].to_numpy(object)], dtype=np.intp
    )
    parent_codes: list[str | None] = [None] * len(codes)
    if "parent_code" in frame.columns:
        parent_codes = [as_code(v) for v in frame["parent_code"].to_numpy(object)]
    present = np.bincount(level[level >= 0], minlength=len(levels)) > 0
    above = tuple(max(np.flatnonzero(present[:i]).tolist(), default=-1) for i in range(len(levels)))
    has_parent = np.array([c is not None for c in parent_codes], dtype=bool)
    named = np.array([bool(has_parent[level == i].any()) for i in range(len(levels))])

    findings = [
        Finding("level_unknown", Severity.ERROR, (labels[row],), fields={"row": int(row) + 1})
        for row in np.flatnonzero(level < 0)
    ]
    findings += [
        Finding("level_missing", Severity.ERROR, fields={"kind": "empty", "level": levels[i].name})
        for i in range(len(levels))
        if not present[i] and above[i] >= 0 and present[i:].any()
    ]
    in_levels: dict[str, set[int]] = {}
    for code, at in zip(codes, level.tolist(), strict=True):
        if code is not None and at >= 0:
            in_levels.setdefault(code, set()).add(at)
    findings += [
        Finding("code_in_other_level", Severity.ERROR, (code,)) for code, where in in_levels.items() if len(where) > 1
    ]
    tree = Hierarchy(labels, codes, level, levels, parent_codes, np.full(len(codes), -1, np.intp), above, named)
    findings += _parents(tree)
    return findings, tree


def _parents(tree: Hierarchy) -> Iterator[Finding]:
    """Fill in the parents; yield what is wrong with them."""
    # the first row wins where a code is doubled, in each level by itself
    at: dict[tuple[int, str], int] = {}
    anywhere: dict[str, int] = {}
    for row, (code, level) in enumerate(zip(tree.codes, tree.level.tolist(), strict=True)):
        if code is not None and level >= 0:
            at.setdefault((level, code), row)
            anywhere.setdefault(code, row)
    wrong: dict[int, int] = {}
    for row, (level, code) in enumerate(zip(tree.level.tolist(), tree.parent_codes, strict=True)):
        if level < 0 or (code is None and not tree.named[level]):
            continue
        above = tree.above[level]
        other = anywhere.get(code, -1) if code is not None else -1
        if code is not None and above >= 0 and (above, code) in at:
            tree.parent[row] = at[above, code]
        elif other >= 0:
            wrong[row] = other
        elif above >= 0:
            # a parent outside the plan is right for the top level alone
            fields = {"level": tree.levels[above].name}
            yield Finding("parent_missing", Severity.ERROR, (tree.labels[row],), fields=fields)
    cycles = _cycles(tree, wrong)
    for cycle in cycles:
        yield Finding("parent_cycle", Severity.ERROR, tuple(tree.labels[row] for row in cycle))
        tree.parent[list(cycle)] = -1
    for row in sorted(wrong.keys() - {row for cycle in cycles for row in cycle}):
        other, level = wrong[row], tree.level[row]
        codes = (tree.labels[row], tree.labels[other])
        if tree.level[other] < level:
            wanted = tree.levels[tree.above[level]].name
            yield Finding("level_missing", Severity.ERROR, codes, fields={"kind": "skipped", "level": wanted})
        else:
            yield Finding("parent_wrong_level", Severity.ERROR, codes, fields={"level": tree.levels[level].name})


def _cycles(tree: Hierarchy, wrong: Mapping[int, int]) -> list[tuple[int, ...]]:
    """Find the rings of parents. Each holds a row whose parent is not above it, so only those are starts."""
    found: list[tuple[int, ...]] = []
    done: set[int] = set()
    for start in wrong:
        path: dict[int, int] = {}
        row = start
        while row >= 0 and row not in path and row not in done:
            path[row] = len(path)
            row = wrong.get(row, int(tree.parent[row]))
        if row in path:
            ring = list(path)[path[row] :]
            first = min(range(len(ring)), key=lambda i: str(tree.labels[ring[i]]))
            found.append((*ring[first:], *ring[:first]))
        done |= path.keys()
    return found


def attribute_findings(frame: gpd.GeoDataFrame, tree: Hierarchy) -> Iterator[Finding]:
    """Yield ``attribute_missing`` for every row that lacks what its level requires; one finding a row."""
    for i, level in enumerate(tree.levels):
        rows = tree.rows_of(i)
        lacking: dict[int, list[str]] = {}
        for name in level.required:
            values = values_of(frame, name, rows)
            for row, value in zip(rows.tolist(), values, strict=True):
                if as_code(value) is None:
                    lacking.setdefault(row, []).append(name)
        for row, names in lacking.items():
            fields = {"attributes": ", ".join(names), "level": level.name}
            yield Finding("attribute_missing", Severity.ERROR, (tree.labels[row],), fields=fields)


def values_of(frame: gpd.GeoDataFrame, name: str, rows: Rows) -> list[Any]:
    if name in frame.columns and name != "attributes":
        return [v if pd.api.types.is_scalar(v) else str(v) for v in frame[name].to_numpy(object)[rows]]
    if "attributes" not in frame.columns:
        return [None] * len(rows)
    held = [v.get(name) if isinstance(v, Mapping) else None for v in frame["attributes"].to_numpy(object)[rows]]
    return [v if pd.api.types.is_scalar(v) else str(v) for v in held]


def head_findings(tree: Hierarchy, headed: Collection[str]) -> Iterator[Finding]:
    """Yield ``grid_without_head`` for every leaf whose code is not among those that have a grid head."""
    known = frozenset(headed)
    for row in tree.rows_of(len(tree.levels) - 1):
        code = tree.codes[row]
        if code is not None and code not in known:
            yield Finding("grid_without_head", Severity.WARNING, (code,))


def scheme_findings(tree: Hierarchy, boundary_set: BoundarySet) -> Iterator[Finding]:
    """Yield ``code_scheme`` for codes that break the set's scheme, or do not begin with the code of their parent.

    Raises
    ------
    InvalidInput
        ``code_scheme_unknown``.
    """
    if boundary_set.code_scheme is None:
        return
    known = scheme(boundary_set.code_scheme)
    rules = [known.at(depth) for depth in reversed(range(len(tree.levels)))]
    sound = np.zeros(len(tree.codes), dtype=bool)
    for row, (code, level) in enumerate(zip(tree.codes, tree.level.tolist(), strict=True)):
        rule = rules[level] if level >= 0 else None
        if code is None or rule is None:
            continue
        fault = rule.fault(code)
        sound[row] = fault is None
        if fault:
            name = tree.levels[level].name
            fields = {"kind": fault, "scheme": rule.scheme, "digits": rule.digits, "level": name}
            yield Finding("code_scheme", Severity.ERROR, (code,), fields=fields)
    for row in np.flatnonzero(sound & (tree.parent >= 0)).tolist():
        over = int(tree.parent[row])
        mine, theirs = rules[tree.level[row]], rules[tree.level[over]]
        if mine is None or theirs is None or not sound[over]:
            continue
        codes = (str(tree.labels[row]), str(tree.labels[over]))
        if not mine.area_of(codes[0]).startswith(theirs.significant(codes[1])):
            fields = {"kind": "prefix", "scheme": mine.scheme}
            yield Finding("code_scheme", Severity.ERROR, codes, fields=fields)
