"""Checks of objects and draws of samples, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa

from gridmap.domain.inspections import Check, CheckOutcome, Draw, RecordedDraw
from gridmap.errors import Conflict, NotFound
from gridmap.store import columns as col
from gridmap.store.inspection_tables import CheckRow, DrawRow
from gridmap.store.tables import FeatureLayerRow
from gridmap.store.unit_of_work import Work

_CHECK = (CheckRow.code, CheckRow.at, CheckRow.checked_on, CheckRow.outcome, CheckRow.note, CheckRow.account_id)


class Inspections:
    """Who looked at which object of a layer and what came of it, and the samples that were drawn."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def _layer_for_writing(self, name: str) -> int:
        """Begin to write and give the row of a layer, so that nobody else adds to it meanwhile."""
        self._work.begin_writing()
        rows = self._work.rows(sa.select(FeatureLayerRow.id).where(FeatureLayerRow.name == name).with_for_update())
        if not rows:
            known = self._work.rows(sa.select(FeatureLayerRow.name).order_by(FeatureLayerRow.name))
            raise NotFound("feature_layer_unknown", known=", ".join(row.name for row in known))
        return int(rows[0].id)

    def add_checks(self, layer: str, checks: Sequence[Check]) -> int:
        """Add checks; give how many are new."""
        col.require_storable("note", [text for check in checks for text in (check.code, check.note)])
        layer_id = self._layer_for_writing(layer)
        wanted = self._work.backend.one_of(CheckRow.code, sorted({check.code for check in checks}))
        query = sa.select(CheckRow.code, CheckRow.at, CheckRow.outcome, CheckRow.note)
        there = self._work.rows(query.where(CheckRow.layer_id == layer_id, wanted))
        new = unlike_known({(row[0], row[1]): (row[2], row[3]) for row in there}, checks)
        rows = [
            {
                "layer_id": layer_id,
                "code": check.code,
                "at": check.at,
                "checked_on": check.checked_on,
                "outcome": check.outcome.value,
                "note": check.note,
                "account_id": check.account_id,
            }
            for check in new
        ]
        if rows:
            self._work.write(sa.insert(CheckRow), rows)
        return len(rows)

    def newest(self, layer: str, day: date) -> list[Check]:
        """Give the newest check of each outcome of each object until the end of a day, by code and time."""
        place = sa.func.row_number().over(partition_by=(CheckRow.code, CheckRow.outcome), order_by=CheckRow.at.desc())
        found = (
            sa.select(*_CHECK, place.label("place"))
            .join(FeatureLayerRow, FeatureLayerRow.id == CheckRow.layer_id)
            .where(FeatureLayerRow.name == layer, CheckRow.checked_on <= day)
            .subquery()
        )
        query = sa.select(*(found.c[column.key] for column in _CHECK)).where(found.c.place == 1)
        rows = self._work.rows(query.order_by(found.c.code, found.c.at))
        return [Check(r.code, r.at, r.checked_on, CheckOutcome(r.outcome), r.note, r.account_id) for r in rows]

    def add_draw(self, layer: str, draw: RecordedDraw) -> RecordedDraw:
        """Put a draw on record; give it with its number."""
        col.require_storable("seed", [draw.held.seed, draw.author, *draw.ids])
        layer_id = self._layer_for_writing(layer)
        if self._work.rows(sa.select(DrawRow.id).where(DrawRow.layer_id == layer_id, DrawRow.seed == draw.held.seed)):
            raise Conflict("inspection_seed_used")
        values = {
            "layer_id": layer_id,
            "day": draw.day,
            "at": draw.at,
            "seed": draw.held.seed,
            "list_sha256": draw.held.list_sha256,
            "ids": list(draw.ids),
            "chosen": list(draw.held.chosen),
            "account_id": draw.account_id,
            "author": draw.author,
        }
        result = self._work.write(sa.insert(DrawRow), values)
        return replace(draw, number=int(result.inserted_primary_key[0]))  # type: ignore[index]

    def draws(self, layer: str) -> list[RecordedDraw]:
        """Give the draws of a layer, newest first."""
        rows = self._work.rows(
            sa.select(DrawRow.__table__)
            .join(FeatureLayerRow, FeatureLayerRow.id == DrawRow.layer_id)
            .where(FeatureLayerRow.name == layer)
            .order_by(DrawRow.id.desc())
        )
        return [
            RecordedDraw(
                r.day,
                r.at,
                tuple(r.ids),
                Draw(r.seed, r.list_sha256, len(r.ids), tuple(r.chosen)),
                r.account_id,
                r.author,
                r.id,
            )
            for r in rows
        ]


def unlike_known(known: dict[tuple[str, datetime], tuple[str, str]], checks: Sequence[Check]) -> list[Check]:
    """Give the checks that are not known yet, each once.

    Raises
    ------
    Conflict
        ``inspection_check_differs``.
    """
    seen, new = dict(known), []
    for check in checks:
        key, said = (check.code, check.at), (check.outcome.value, check.note)
        if key not in seen:
            seen[key] = said
            new.append(check)
        elif seen[key] != said:
            raise Conflict("inspection_check_differs")
    return new
