"""Sets, versions and grids of the store in memory, by plain loops over plain values."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from gridmap.analysis import frames
from gridmap.domain.boundaries import BoundaryVersion, VersionState
from gridmap.errors import ColumnError, Conflict, NotFound, StaleVersion
from gridmap.store import columns as col
from gridmap.store.grids import GRID_COLUMNS, grid_frame, grid_values, tree_frame
from gridmap.store.lineage import EDGE_COLUMNS, edge_frame, edge_values
from gridmap.store.version_frames import count_frame, life_frame


class FakeBoundaries:
    def __init__(self, work: Any) -> None:
        self._work = work
        self._seen: dict[str, int] = {}

    def _look(self, name):
        found = self._work.read().sets.get(name)
        self._seen.setdefault(name, found.revision if found else 0)
        return found

    def list_sets(self):
        return [self._look(name) for name in sorted(self._work.read().sets)]

    def set_names(self):
        return sorted(self._work.read().sets)

    def find_set(self, name):
        return self._look(name)

    def put_set(self, boundary_set):
        state = self._work.write()
        names = {level.name for level in boundary_set.levels}
        col.require_storable("name", [boundary_set.name, boundary_set.title, *names])
        for (set_name, _), rows in state.grids.items():
            if set_name == boundary_set.name and any(row["level"] not in names for row in rows):
                raise Conflict("level_in_use")
        levels = tuple(sorted(boundary_set.levels, key=lambda level: level.order))
        old = state.sets.get(boundary_set.name)
        new = replace(boundary_set, levels=levels, revision=old.revision if old else 0)
        state.sets[new.name] = new
        if old is not None and old != new:
            self._move_on(new.name)

    def _move_on(self, name):
        state = self._work.write()
        before = state.sets[name].revision
        state.sets[name] = replace(state.sets[name], revision=before + 1)
        if self._seen.get(name) == before:
            self._seen[name] = before + 1
        return before + 1

    def hold(self, set_name):
        return self._write(set_name).sets[set_name].revision

    def _write(self, name):
        state = self._work.write()
        if name not in state.sets:
            raise NotFound("set_not_found")
        return state

    def list_versions(self, set_name):
        versions = list(self._work.read().versions.get(set_name, ()))
        if versions:
            self._look(set_name)
        return versions

    def find_version(self, set_name, number):
        return next((v for v in self.list_versions(set_name) if v.number == number), None)

    def _need(self, set_name, number, *, draft=True):
        found = self.find_version(set_name, number)
        if found is None:
            raise NotFound("version_unknown")
        if draft and found.state is not VersionState.DRAFT:
            raise Conflict("not_a_draft")
        return found

    def version_at(self, set_name, day):
        for version in self.list_versions(set_name):
            if version.state is VersionState.PUBLISHED and version.in_force_at(day):
                return version
        return None

    def _rows(self, boundary_set, frame):
        position = {level.name: level.order for level in boundary_set.levels}
        any_shape = {level.name for level in boundary_set.levels if level.shapes == "any"}
        columns, geometry = grid_values(frame, position, any_shape)
        columns["attributes"] = [json.loads(t) for t in col.json_texts(frame, "attributes")]
        columns["geometry"] = list(geometry)
        columns["position"] = [position[x] for x in columns["level"]]
        if any(h is not None and h < 0 for h in columns["households"]):
            raise Conflict("store_refused")
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        return sorted(rows, key=lambda r: (r["position"], r["code"]))

    def add_draft(self, set_name, frame, *, valid_from: date, content_hash, note="", based_on=None):
        frames.require(frame, frames.GRIDS)
        col.require_storable("note", [note, content_hash])
        state = self._write(set_name)
        number = state.numbers.get(set_name, 0) + 1
        rows = self._rows(state.sets[set_name], frame)
        state.numbers[set_name] = number
        draft = BoundaryVersion(set_name, number, VersionState.DRAFT, valid_from, None, content_hash, note, based_on)
        state.versions[set_name] = (*state.versions.get(set_name, ()), draft)
        state.grids[set_name, number] = rows
        return draft

    def _put(self, state, version):
        state.versions[version.set_name] = tuple(
            version if v.number == version.number else v for v in state.versions[version.set_name]
        )
        return version

    def replace_draft(self, set_name, number, frame, *, content_hash, expected_hash):
        frames.require(frame, frames.GRIDS)
        state = self._write(set_name)
        draft = self._need(set_name, number)
        if draft.content_hash != expected_hash:
            raise StaleVersion("draft_stale")
        state.grids[set_name, number] = self._rows(state.sets[set_name], frame)
        state.lineage.pop((set_name, number), None)
        return self._put(state, replace(draft, content_hash=content_hash))

    def discard_draft(self, set_name, number):
        state = self._write(set_name)
        self._need(set_name, number)
        state.versions[set_name] = tuple(v for v in state.versions[set_name] if v.number != number)
        state.grids.pop((set_name, number))
        state.redraw.pop((set_name, number), None)
        state.lineage.pop((set_name, number), None)

    def _fresh(self, state, set_name, expected):
        revision = state.sets[set_name].revision
        built = self._seen.get(set_name) if expected is None else expected
        if built is not None and built != revision:
            since = sorted((r, n) for (s, n), r in state.revisions.items() if s == set_name and r > built)
            numbers = ", ".join(str(n) for _, n in since)
            raise StaleVersion("version_stale", expected=built, revision=revision, meanwhile=numbers)

    def require_revision(self, set_name, expected):
        state = self._work.read()
        if set_name not in state.sets:
            raise NotFound("set_not_found")
        self._fresh(state, set_name, expected)

    def publish(self, set_name, number, *, valid_from, published_at: datetime, expected=None, note=None, rewrite=False,
                content_hash=None):  # fmt: skip
        state = self._write(set_name)
        self._fresh(state, set_name, expected)
        draft = self._need(set_name, number)
        for version in state.versions[set_name]:
            if version.state is VersionState.PUBLISHED and version.valid_from > valid_from and not rewrite:
                last = max(v.valid_from for v in state.versions[set_name] if v.state is VersionState.PUBLISHED)
                raise Conflict("history_rewritten", start=last.isoformat())
        for version in state.versions[set_name]:
            if version.state is not VersionState.PUBLISHED:
                continue
            if version.valid_from >= valid_from:
                self._put(state, replace(version, state=VersionState.RETIRED, valid_to=version.valid_from))
            elif version.valid_to is None or version.valid_to > valid_from:
                self._put(state, replace(version, valid_to=valid_from))
        state.revisions[set_name, number] = self._move_on(set_name)
        new = replace(draft, state=VersionState.PUBLISHED, valid_from=valid_from, published_at=published_at)
        new = new if content_hash is None else replace(new, content_hash=content_hash)
        return self._put(state, new if note is None else replace(new, note=note))

    def withdraw(self, set_name, number, *, expected=None):
        state = self._write(set_name)
        self._fresh(state, set_name, expected)
        version = self._need(set_name, number, draft=False)
        published = [v for v in state.versions[set_name] if v.state is VersionState.PUBLISHED]
        published.sort(key=lambda v: v.valid_from)
        if len(published) < 2 or published[-1] != version:
            raise Conflict("not_last_in_time")
        state.revisions[set_name, number] = self._move_on(set_name)
        self._put(state, replace(published[-2], valid_to=None))
        return self._put(state, replace(version, state=VersionState.RETIRED, valid_to=version.valid_from))

    def _frame(self, rows):
        shapes = np.empty(len(rows), dtype=object)
        shapes[:] = [row["geometry"] for row in rows]
        return grid_frame([tuple(r[n] for n in GRID_COLUMNS) for r in rows], shapes)

    def _of(self, version):
        return self._work.read().grids.get((version.set_name, version.number), [])

    def grids(self, version, level=None, *, codes=None):
        rows = self._of(version)
        return self._frame(
            [r for r in rows if (level is None or r["level"] == level) and (codes is None or r["code"] in codes)]
        )

    def tree(self, version):
        return tree_frame([(r["level"], r["code"], r["parent_code"]) for r in self._of(version)])

    def export(self, version, codes):
        return self.grids(version, codes=codes)

    def page_grids(self, version, *, level, limit, after_code=None, bbox=None, codes=None):
        rows = [
            r
            for r in self._of(version)
            if r["level"] == level
            and (after_code is None or r["code"] > after_code)
            and (bbox is None or meets(r["geometry"], bbox))
            and (codes is None or r["code"] in codes)
        ]
        return self._frame(rows[:limit])

    def former_grids(self, set_name, version):
        standing = {row["code"] for row in self._of(version)}
        last: dict[str, tuple[int, list[dict[str, Any]]]] = {}
        published = [v for v in self.list_versions(set_name) if v.ever_in_force]
        for old in sorted(published, key=lambda v: v.valid_from):
            for code in {row["code"] for row in self._of(old)} - standing:
                last[code] = (old.number, [row for row in self._of(old) if row["code"] == code])
        rows = [(row, number) for _, (number, found) in sorted(last.items()) for row in found]
        rows.sort(key=lambda pair: (pair[0]["code"], pair[0]["level"]))
        return self._frame([row for row, _ in rows]).assign(number=pd.array([n for _, n in rows], dtype="int64"))

    def add_lineage(self, set_name, number, edges):
        state = self._write(set_name)
        self._need(set_name, number)
        values = edge_values(edges)
        position = {level.name: level.order for level in state.sets[set_name].levels}
        if not set(values["level"]) <= set(position):
            raise ColumnError("row_level_unknown")
        rows = [dict(zip(EDGE_COLUMNS, row, strict=True)) for row in zip(*values.values(), strict=True)]
        rows.sort(key=lambda r: (position[r["level"]], r["old_code"] or "", r["new_code"] or ""))
        state.lineage[set_name, number] = rows
        return len(rows)

    def lineage(self, set_name, number):
        rows = self._work.read().lineage.get((set_name, number), [])
        return edge_frame([tuple(row[name] for name in EDGE_COLUMNS) for row in rows])

    def grid_counts(self, set_name):
        return count_frame(self._counted(set_name, self._work.read().grids, "level"), "level", "grids")

    def lineage_counts(self, set_name):
        rows = self._counted(set_name, self._work.read().lineage, "level", "kind")
        return count_frame(rows, "level", "kind", "edges")

    def _counted(self, set_name, table, *names):
        found = self._work.read().sets.get(set_name)
        order = {level.name: level.order for level in found.levels} if found else {}
        counts = Counter(
            (number, *(row[name] for name in names))
            for (name_of_set, number), rows in table.items()
            if name_of_set == set_name
            for row in rows
        )
        return [(*key, n) for key, n in sorted(counts.items(), key=lambda c: (c[0][0], order[c[0][1]], c[0][2:]))]

    def lives(self, set_name, code):
        published = [v for v in self.list_versions(set_name) if v.ever_in_force]
        return life_frame(
            [
                (row["level"], v.number, v.valid_from, v.valid_to)
                for v in sorted(published, key=lambda v: v.valid_from)
                for row in self._of(v)
                if row["code"] == code
            ]
        )


def meets(geometry, box) -> bool:
    x0, y0, x1, y1 = geometry.bounds
    return x0 <= box[2] and x1 >= box[0] and y0 <= box[3] and y1 >= box[1]
