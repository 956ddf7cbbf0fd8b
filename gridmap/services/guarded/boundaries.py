"""Sets, versions and grids, cut down to a reach."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.errors import NotAllowed, NotFound
from gridmap.services.guarded.guard import Guard
from gridmap.services.guarded.parts import merged_draft, require_own_draft
from gridmap.services.ports import Box

_SEE = Permission.GRIDS_READ
_DRAFT = Permission.DRAFTS_WRITE


class CutBoundaries:
    """``BoundaryRepository`` for who does not have everything.

    Of a set of which only a part is within reach, the note of a version is left out: it may speak of other parts.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.boundaries

    def list_sets(self) -> list[BoundarySet]:
        """Give the sets of which something is within reach."""
        return [found for found in self._raw.list_sets() if self._guard.sees(_SEE, found.name)]

    def find_set(self, name: str) -> BoundarySet | None:
        """Give a set of which something is within reach."""
        found = self._raw.find_set(name)
        return found if self._guard.sees(_SEE, name) else None

    def put_set(self, boundary_set: BoundarySet) -> None:
        """Put a set that is within reach as a whole."""
        self._guard.require_whole(Permission.SETS_DEFINE, boundary_set.name)
        self._raw.put_set(boundary_set)

    def _shown(self, version: BoundaryVersion) -> BoundaryVersion:
        whole = self._guard.reach(_SEE).whole(version.set_name)
        return version if whole else replace(version, note="")

    def list_versions(self, set_name: str) -> list[BoundaryVersion]:
        """Give the versions of a set of which something is within reach."""
        if not self._guard.sees(_SEE, set_name):
            return []
        return [self._shown(version) for version in self._raw.list_versions(set_name)]

    def find_version(self, set_name: str, number: int) -> BoundaryVersion | None:
        """Give a version of a set of which something is within reach."""
        found = self._raw.find_version(set_name, number) if self._guard.sees(_SEE, set_name) else None
        return None if found is None else self._shown(found)

    def version_at(self, set_name: str, day: date) -> BoundaryVersion | None:
        """Give the version of a day of a set of which something is within reach."""
        found = self._raw.version_at(set_name, day) if self._guard.sees(_SEE, set_name) else None
        return None if found is None else self._shown(found)

    def _require_seen(self, set_name: str) -> None:
        if not self._guard.sees(_SEE, set_name):
            raise NotFound("set_not_found")

    def require_revision(self, set_name: str, expected: int) -> None:
        """Check the revision of a set of which something is within reach."""
        self._require_seen(set_name)
        self._raw.require_revision(set_name, expected)

    def hold(self, set_name: str) -> int:
        """Hold a set of which something is within reach."""
        self._require_seen(set_name)
        return self._raw.hold(set_name)

    # -- drafts and versions ----------------------------------------------------------------------------------------

    def add_draft(
        self,
        set_name: str,
        frame: gpd.GeoDataFrame,
        *,
        valid_from: date,
        content_hash: str,
        note: str = "",
        based_on: int | None = None,
    ) -> BoundaryVersion:
        """Add a draft; who has a part of the set gives that part, and the rest stays as it is in ``based_on``."""
        codes = self._guard.codes(_DRAFT, set_name)
        if codes is not None:
            base = None if based_on is None else self._raw.find_version(set_name, based_on)
            if not codes or base is None:
                raise NotAllowed("outside_reach")
            frame, content_hash = merged_draft(self._guard, base, frame)
        return self._raw.add_draft(
            set_name, frame, valid_from=valid_from, content_hash=content_hash, note=note, based_on=based_on
        )

    def replace_draft(
        self, set_name: str, number: int, frame: gpd.GeoDataFrame, *, content_hash: str, expected_hash: str
    ) -> BoundaryVersion:
        """Put another frame into a draft; who has a part of the set changes that part, and the rest stays."""
        codes = self._guard.codes(_DRAFT, set_name)
        if codes is not None:
            draft = self._raw.find_version(set_name, number)
            if not codes or draft is None:
                raise NotAllowed("outside_reach")
            frame, content_hash = merged_draft(self._guard, draft, frame, expected_hash=expected_hash)
        changed = self._raw.replace_draft(
            set_name, number, frame, content_hash=content_hash, expected_hash=expected_hash
        )
        return self._shown(changed)

    def discard_draft(self, set_name: str, number: int) -> None:
        """Take a draft away in which nothing but what is within reach was changed."""
        codes = self._guard.codes(_DRAFT, set_name)
        if codes is not None:
            if not codes:
                raise NotAllowed("outside_reach")
            require_own_draft(self._guard, set_name, number)
        self._raw.discard_draft(set_name, number)

    def publish(self, set_name: str, number: int, **terms: Any) -> BoundaryVersion:
        """Publish a draft of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.PUBLISH, set_name)
        return self._raw.publish(set_name, number, **terms)

    def withdraw(self, set_name: str, number: int, *, expected: int | None = None) -> BoundaryVersion:
        """Retire a version of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.PUBLISH, set_name)
        return self._raw.withdraw(set_name, number, expected=expected)

    def add_lineage(self, set_name: str, number: int, edges: pd.DataFrame) -> int:
        """Set the lineage of a draft of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.PUBLISH, set_name)
        return self._raw.add_lineage(set_name, number, edges)

    # -- grids and their history ------------------------------------------------------------------------------------

    def lineage(self, set_name: str, number: int) -> pd.DataFrame:
        """Give the edges of which both ends are within reach, or are nobody."""
        edges = self._raw.lineage(set_name, number)
        version = self._raw.find_version(set_name, number)
        codes = frozenset[str]() if version is None else self._guard.codes_of(_SEE, version)
        if codes is None:
            return edges
        kept = pd.Series(True, index=edges.index)
        for name in ("old_code", "new_code"):
            kept &= edges[name].isna() | edges[name].isin(codes)
        return edges[kept].reset_index(drop=True)

    def grid_counts(self, set_name: str) -> pd.DataFrame:
        """Count what is within reach, by version and level."""
        if self._guard.reach(_SEE).whole(set_name):
            return self._raw.grid_counts(set_name)
        trees = [self.tree(v).assign(number=v.number) for v in self._raw.list_versions(set_name)]
        return _counted(trees, self._levels(set_name), ["number", "level"], "grids")

    def lineage_counts(self, set_name: str) -> pd.DataFrame:
        """Count the edges within reach, by version, level and kind."""
        if self._guard.reach(_SEE).whole(set_name):
            return self._raw.lineage_counts(set_name)
        edges = [self.lineage(set_name, v.number).assign(number=v.number) for v in self._raw.list_versions(set_name)]
        return _counted(edges, self._levels(set_name), ["number", "level", "kind"], "edges")

    def _levels(self, set_name: str) -> dict[str, int]:
        found = self._raw.find_set(set_name)
        return {} if found is None else {level.name: level.order for level in found.levels}

    def lives(self, set_name: str, code: str) -> pd.DataFrame:
        """Give the lives of a code within reach; none of another, as of one that never was."""
        found = self._raw.lives(set_name, code)
        codes = self._guard.codes(_SEE, set_name)
        return found if codes is None or code in codes else found.iloc[:0]

    def former_grids(self, set_name: str, version: BoundaryVersion) -> gpd.GeoDataFrame:
        """Give the last shapes of former codes within reach."""
        found = self._raw.former_grids(set_name, version)
        codes = self._guard.codes(_SEE, set_name)
        return found if codes is None else found[found["code"].isin(codes)].reset_index(drop=True)

    def _kept(self, version: BoundaryVersion, codes: Collection[str] | None) -> list[str] | None:
        reach = self._guard.codes_of(_SEE, version)
        if reach is None:
            return None if codes is None else sorted(codes)
        return sorted(reach if codes is None else reach.intersection(codes))

    def grids(
        self, version: BoundaryVersion, level: str | None = None, *, codes: Sequence[str] | None = None
    ) -> gpd.GeoDataFrame:
        """Give the grids of a version within reach."""
        return self._raw.grids(version, level, codes=self._kept(version, codes))

    def export(self, version: BoundaryVersion, codes: Sequence[str]) -> gpd.GeoDataFrame:
        """Give some areas within reach to be taken away."""
        return self._raw.export(version, self._kept(version, codes) or [])

    def tree(self, version: BoundaryVersion) -> pd.DataFrame:
        """Give the codes of a version within reach; a parent beyond it is named."""
        found = self._raw.tree(version)
        codes = self._guard.codes_of(_SEE, version)
        return found if codes is None else found[found["code"].isin(codes)].reset_index(drop=True)

    def page_grids(
        self,
        version: BoundaryVersion,
        *,
        level: str,
        limit: int,
        after_code: str | None = None,
        bbox: Box | None = None,
        codes: Collection[str] | None = None,
    ) -> gpd.GeoDataFrame:
        """Give a page of the grids of a version within reach."""
        kept = self._kept(version, codes)
        return self._raw.page_grids(version, level=level, limit=limit, after_code=after_code, bbox=bbox, codes=kept)


def _counted(parts: Sequence[pd.DataFrame], order: dict[str, int], keys: list[str], name: str) -> pd.DataFrame:
    """Count rows by keys, in the order of numbers and levels."""
    columns = [*keys, name]
    rows = pd.concat([part[keys] for part in parts], ignore_index=True) if parts else pd.DataFrame(columns=keys)
    counts = rows.groupby(keys, sort=True).size().rename(name).reset_index()
    place = counts["level"].map(order)
    ranked = counts.assign(_place=place).sort_values(["number", "_place", *keys[2:]], kind="stable", ignore_index=True)
    return ranked[columns].astype({"number": "int64", name: "int64"})
