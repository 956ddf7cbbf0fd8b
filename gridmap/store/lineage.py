"""Which grid came from which: the edges of a version."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from gridmap.errors import ColumnError
from gridmap.store import columns as col
from gridmap.store.tables import BoundarySetRow, LevelRow, LineageRow, VersionRow
from gridmap.store.unit_of_work import Work

#: A frame of edges that comes out of a store has these columns, in this order.
EDGE_COLUMNS = ("level", "old_code", "new_code", "kind", "area_m2", "old_share", "new_share", "households")

_TEXTS = EDGE_COLUMNS[:4]


class Lineage:
    """The edges of versions."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def replace(self, set_id: int, version_id: int, edges: pd.DataFrame) -> int:
        """Set the edges of a draft."""
        position = {
            row.name: row.position
            for row in self._work.rows(sa.select(LevelRow.name, LevelRow.position).where(LevelRow.set_id == set_id))
        }
        values = edge_values(edges)
        if not position.keys() >= set(values["level"]):
            raise ColumnError("row_level_unknown")
        self._work.write(sa.delete(LineageRow).where(LineageRow.version_id == version_id))
        rows = [dict(zip(EDGE_COLUMNS, row, strict=True)) for row in zip(*values.values(), strict=True)]
        if rows:
            self._work.write(
                sa.insert(LineageRow),
                [{**row, "version_id": version_id, "level_position": position[row["level"]]} for row in rows],
            )
        return len(rows)

    def of(self, set_name: str, number: int) -> pd.DataFrame:
        """Give the edges of a version, by level order, old code and new code; without a code first."""
        rows = self._work.rows(
            sa.select(*(getattr(LineageRow, name) for name in EDGE_COLUMNS))
            .join(VersionRow, VersionRow.id == LineageRow.version_id)
            .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
            .where(BoundarySetRow.name == set_name, VersionRow.number == number)
            .order_by(
                LineageRow.level_position,
                sa.func.coalesce(LineageRow.old_code, ""),
                sa.func.coalesce(LineageRow.new_code, ""),
            )
        )
        return edge_frame([tuple(row) for row in rows])


def edge_values(edges: pd.DataFrame) -> dict[str, list[Any]]:
    """Give the columns of a frame of edges as values."""
    values: dict[str, list[Any]] = {name: col.texts(edges, name, required=name in ("level", "kind")) for name in _TEXTS}
    values.update({name: col.floats(edges, name) for name in EDGE_COLUMNS[4:]})
    if None in values["area_m2"]:
        raise ColumnError("column_has_gaps", columns="area_m2")
    return values


def edge_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Make the frame of edges from rows in the order of EDGE_COLUMNS."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(EDGE_COLUMNS)
    return pd.DataFrame(
        {
            name: col.text_array(values) if name in _TEXTS else col.float_array(values)
            for name, values in zip(EDGE_COLUMNS, columns, strict=True)
        }
    )
