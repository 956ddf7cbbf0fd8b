"""A locator from a boundary file."""

from pathlib import Path

from gridmap.analysis.locator import Locator
from gridmap.crs import Datum
from gridmap.files.boundaries import read_boundaries
from gridmap.settings import Settings


def read_locator(
    path: str | Path,
    *,
    code_column: str | None = None,
    layer: str | None = None,
    crs: str | None = None,
    datum: Datum | None = None,
    strict: bool = False,
    settings: Settings | None = None,
) -> Locator:
    """Read a boundary file of any format that gridmap reads, and index its grids.

    Parameters
    ----------
    path : path
    code_column, layer, crs, datum
        As in ``read_boundaries``.
    strict : bool
        Refuse grids that overlap.
    settings : Settings, optional
        Limits for the file; else those of the environment.

    Raises
    ------
    GridmapError
        As ``read_boundaries`` and ``Locator.from_frame``.
    """
    read = read_boundaries(
        Path(path), settings=settings or Settings(), code_column=code_column, layer=layer, crs=crs, datum=datum
    )
    return Locator.from_frame(read.frame, strict=strict)
