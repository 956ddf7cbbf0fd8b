"""The life of a version: drafted, checked, published, withdrawn, returned to."""

from datetime import date, datetime

import geopandas as gpd

from gridmap.analysis.content import content_hash
from gridmap.domain.boundaries import BoundaryVersion
from gridmap.services.ports import UnitOfWork


def publish_frame(
    work: UnitOfWork,
    set_name: str,
    frame: gpd.GeoDataFrame,
    *,
    valid_from: date,
    published_at: datetime,
    note: str = "",
    based_on: int | None = None,
    expected: int | None = None,
) -> BoundaryVersion:
    """Draft a frame of all levels and publish it in one unit of work; see ``BoundaryRepository.publish``."""
    draft = work.boundaries.add_draft(
        set_name, frame, valid_from=valid_from, content_hash=content_hash(frame), note=note, based_on=based_on
    )
    return work.boundaries.publish(
        set_name, draft.number, valid_from=valid_from, published_at=published_at, expected=expected
    )
