"""Sets, versions, grids and lineage, as the use cases ask for them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

import geopandas as gpd
import pandas as pd

from gridmap.domain.boundaries import BoundarySet, BoundaryVersion

Box = tuple[float, float, float, float]


class BoundaryRepository(Protocol):
    """Sets, their versions and drafts, the grids in them, and which grid came from which."""

    def list_sets(self) -> list[BoundarySet]: ...
    def set_names(self) -> list[str]:
        """Give the names of all sets, sorted: for telling which one owns points, not for showing."""
        ...

    def find_set(self, name: str) -> BoundarySet | None: ...

    def put_set(self, boundary_set: BoundarySet) -> None:
        """Add a set, or replace title, levels and code scheme of the one with this name; its revision moves on."""
        ...

    def list_versions(self, set_name: str) -> list[BoundaryVersion]:
        """Give the versions and drafts by number, oldest first."""
        ...

    def find_version(self, set_name: str, number: int) -> BoundaryVersion | None: ...

    def version_at(self, set_name: str, day: date) -> BoundaryVersion | None:
        """Give the published version in force on a day, past, present or to come."""
        ...

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
        """Add a draft from a frame of all levels (GRIDS with ``level``); it gets a number that no other has or had.

        Raises
        ------
        NotFound
            ``set_not_found``.
        Conflict
            ``code_not_unique``.
        ColumnError
            ``row_level_unknown`` and others.
        """
        ...

    def replace_draft(
        self, set_name: str, number: int, frame: gpd.GeoDataFrame, *, content_hash: str, expected_hash: str
    ) -> BoundaryVersion:
        """Put another frame of all levels into a draft whose content still is what the caller read.

        Raises
        ------
        NotFound
            ``version_unknown``.
        StaleVersion
            ``draft_stale``: somebody else has changed the draft.
        Conflict
            ``not_a_draft``.
        """
        ...

    def discard_draft(self, set_name: str, number: int) -> None:
        """Take a draft away; its number is never given again.

        Raises
        ------
        NotFound, Conflict
            ``version_unknown``, ``not_a_draft``.
        """
        ...

    def publish(
        self,
        set_name: str,
        number: int,
        *,
        valid_from: date,
        published_at: datetime,
        expected: int | None = None,
        note: str | None = None,
        rewrite: bool = False,
        content_hash: str | None = None,
    ) -> BoundaryVersion:
        """Publish a draft; the version before it in time ends at its start.

        One that starts on the same day is left with an empty validity, and retired. ``expected`` is the revision of the
        set that the caller built upon. Without it, that is the revision when this unit of work first read the set or
        its versions; if it read none, any will do. ``rewrite`` lets it take the place of later versions, too.
        ``content_hash``, where given, takes the place of the draft's.

        Raises
        ------
        StaleVersion
            ``version_stale``: somebody else has published since; fields ``expected``, ``revision`` and ``meanwhile``.
        NotFound
            ``set_not_found``, ``version_unknown``.
        Conflict
            ``not_a_draft``; ``history_rewritten``: a version starts later than this one.
        """
        ...

    def require_revision(self, set_name: str, expected: int) -> None:
        """Check that a set is as it was at a revision, before long work is built upon it.

        Raises
        ------
        StaleVersion, NotFound
            As for ``publish``.
        """
        ...

    def withdraw(self, set_name: str, number: int, *, expected: int | None = None) -> BoundaryVersion:
        """Retire the last version in time as if it had never been; its predecessor is open-ended again.

        Raises
        ------
        StaleVersion
            As for ``publish``.
        NotFound, Conflict
            ``version_unknown``; ``not_last_in_time``: it is not published, not the last one, or the only one.
        """
        ...

    def hold(self, set_name: str) -> int:
        """Keep others from publishing until this unit of work is over; give the revision of the set.

        Raises
        ------
        NotFound
            ``set_not_found``.
        """
        ...

    def add_lineage(self, set_name: str, number: int, edges: pd.DataFrame) -> int:
        """Set which grids of a draft came from which (LINEAGE); give the number of edges."""
        ...

    def lineage(self, set_name: str, number: int) -> pd.DataFrame:
        """Give the edges into a version (LINEAGE), by level order, old code and new code."""
        ...

    def grid_counts(self, set_name: str) -> pd.DataFrame:
        """Give ``number, level, grids`` of every version and draft of a set, by number and level order."""
        ...

    def lineage_counts(self, set_name: str) -> pd.DataFrame:
        """Give ``number, level, kind, edges`` of the edges into every version, by number, level order and kind."""
        ...

    def lives(self, set_name: str, code: str) -> pd.DataFrame:
        """Give the published versions in which a code stands (``level, number, valid_from, valid_to``), by time."""
        ...

    def former_grids(self, set_name: str, version: BoundaryVersion) -> gpd.GeoDataFrame:
        """Give the last shape (GRIDS, and ``number``) of each code that was published, but not in this version."""
        ...

    def grids(
        self, version: BoundaryVersion, level: str | None = None, *, codes: Sequence[str] | None = None
    ) -> gpd.GeoDataFrame:
        """Give the grids of a version (GRIDS with every optional column), ordered by level order, then code.

        ``level`` and ``codes`` narrow them; None: all.
        """
        ...

    def export(self, version: BoundaryVersion, codes: Sequence[str]) -> gpd.GeoDataFrame:
        """Give some areas of a version or draft, as ``grids``, to be taken away on paper; that is told."""
        ...

    def tree(self, version: BoundaryVersion) -> pd.DataFrame:
        """Give ``level, code, parent_code`` of the areas of a version in the order of ``grids``, without shapes."""
        ...

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
        """Give up to ``limit`` grids of a level whose code comes after ``after_code``, by code, in a box.

        ``codes`` narrows them to these.
        """
        ...
