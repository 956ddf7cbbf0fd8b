"""Boundary sets and their levels; each keeps a revision that every change of it moves on."""

import json
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.rulebook import Rulebook, rulebook_of
from gridmap.errors import Conflict, NotFound, StaleVersion
from gridmap.store import columns as col
from gridmap.store.tables import BoundarySetRow, GridRow, LevelRow, VersionRow
from gridmap.store.unit_of_work import Work


class BoundarySets:
    """Sets with their levels and rules, as this unit of work saw them first."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._seen: dict[str, int] = {}  # revision of a set when this unit of work first looked

    def list_sets(self) -> list[BoundarySet]:
        """Give all sets by name."""
        sets = self._work.catalogued("sets", self._read_sets)
        for found in sets:
            self._seen.setdefault(found.name, found.revision)
        return list(sets)

    def _read_sets(self) -> list[BoundarySet]:
        levels: dict[int, list[Level]] = {}
        for row in self._work.rows(sa.select(LevelRow.__table__).order_by(LevelRow.position)):
            levels.setdefault(row.set_id, []).append(
                Level(row.name, row.position, row.tiles_parent, row.shapes, row.contiguous, tuple(row.required))
            )
        return [
            BoundarySet(
                row.name, tuple(levels.get(row.id, ())), row.title, row.code_scheme, row.revision, _rules(row.rules)
            )
            for row in self._work.rows(sa.select(BoundarySetRow.__table__).order_by(BoundarySetRow.name))
        ]

    def set_names(self) -> list[str]:
        """Give the names of all sets, sorted."""
        query = sa.select(BoundarySetRow.name).order_by(BoundarySetRow.name)
        return list(self._work.catalogued("names", lambda: [str(row.name) for row in self._work.rows(query)]))

    def find_set(self, name: str) -> BoundarySet | None:
        """Give the set of this name, if there is one."""
        found = next((s for s in self.list_sets() if s.name == name), None)
        if found is None:
            self._seen.setdefault(name, 0)
        return found

    def put_set(self, boundary_set: BoundarySet) -> None:
        """Add a set, or replace title, levels and code scheme of the one with this name; its revision moves on.

        Raises
        ------
        Conflict
            ``level_in_use``: a level is left out that grids of a version stand in.
        """
        names = [level.name for level in boundary_set.levels]
        texts = [boundary_set.name, boundary_set.title, boundary_set.code_scheme or "", *names]
        col.require_storable("name", texts)
        self._work.begin_writing()
        row = self._locked(boundary_set.name)
        rules = None if boundary_set.rules is None else json.dumps(boundary_set.rules.to_json())
        values = {"title": boundary_set.title, "code_scheme": boundary_set.code_scheme, "rules": rules}
        if row is None:
            result = self._work.write(sa.insert(BoundarySetRow), {"name": boundary_set.name, "revision": 0, **values})
            set_id = result.inserted_primary_key[0]  # type: ignore[index]
        else:
            if next(s for s in self.list_sets() if s.name == boundary_set.name) == _ordered(boundary_set):
                return
            set_id = row.id
            in_use = self._work.rows(
                sa.select(GridRow.level)
                .join(VersionRow, VersionRow.id == GridRow.version_id)
                .where(VersionRow.set_id == set_id, GridRow.level.not_in(names))
                .limit(1)
            )
            if in_use:
                raise Conflict("level_in_use")
            self._work.write(sa.update(BoundarySetRow).where(BoundarySetRow.id == set_id).values(**values))
            self._work.write(sa.delete(LevelRow).where(LevelRow.set_id == set_id))
            self._move_on(boundary_set.name, set_id, row.revision)
        if boundary_set.levels:
            self._work.write(
                sa.insert(LevelRow),
                [
                    {
                        "set_id": set_id,
                        "name": x.name,
                        "position": x.order,
                        "tiles_parent": x.tiles_parent,
                        "shapes": x.shapes,
                        "contiguous": x.contiguous,
                        "required": list(x.required),
                    }
                    for x in boundary_set.levels
                ],
            )

    def _locked(self, name: str) -> Any | None:
        """Give the row of a set and keep others from changing it until the end of this transaction."""
        rows = self._work.rows(
            sa.select(BoundarySetRow.id, BoundarySetRow.revision, BoundarySetRow.next_number)
            .where(BoundarySetRow.name == name)
            .with_for_update()
        )
        return rows[0] if rows else None

    def hold(self, set_name: str) -> int:
        """Keep others from publishing until this unit of work is over; give the revision of the set."""
        self._work.begin_writing()
        rows = self._work.rows(
            sa.select(BoundarySetRow.revision).where(BoundarySetRow.name == set_name).with_for_update(read=True)
        )
        if not rows:
            raise NotFound("set_not_found")
        return int(rows[0].revision)

    def _require_locked(self, name: str) -> Any:
        self._work.begin_writing()
        row = self._locked(name)
        if row is None:
            raise NotFound("set_not_found")
        return row

    def _move_on(self, name: str, set_id: int, revision: int) -> int:
        """Count a change of a set; who had seen the state before it goes on from here."""
        self._work.write(sa.update(BoundarySetRow).where(BoundarySetRow.id == set_id).values(revision=revision + 1))
        if self._seen.get(name) == revision:
            self._seen[name] = revision + 1
        return revision + 1

    def require_revision(self, set_name: str, expected: int) -> None:
        """Check that a set is as it was at a revision; see ``services.ports``."""
        rows = self._work.rows(
            sa.select(BoundarySetRow.id, BoundarySetRow.revision).where(BoundarySetRow.name == set_name)
        )
        if not rows:
            raise NotFound("set_not_found")
        self._require_fresh(set_name, rows[0], expected)

    def _require_fresh(self, set_name: str, row: Any, expected: int | None) -> None:
        built_upon = self._seen.get(set_name) if expected is None else expected
        if built_upon is None or built_upon == row.revision:
            return
        since = self._work.rows(
            sa.select(VersionRow.number)
            .where(VersionRow.set_id == row.id, VersionRow.revision > built_upon)
            .order_by(VersionRow.revision)
        )
        raise StaleVersion(
            "version_stale",
            expected=built_upon,
            revision=row.revision,
            meanwhile=", ".join(str(r.number) for r in since),
        )


def _ordered(boundary_set: BoundarySet) -> BoundarySet:
    return replace(boundary_set, levels=tuple(sorted(boundary_set.levels, key=lambda level: level.order)))


def _rules(written: str | None) -> Rulebook | None:
    return None if written is None else rulebook_of(json.loads(written))
