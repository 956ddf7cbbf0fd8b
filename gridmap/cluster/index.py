"""Bring one index to every executor, where all Python processes map the same file into their memory."""

import functools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from gridmap.analysis.locator import Locator

if TYPE_CHECKING:
    from pyspark import SparkContext


@dataclass(frozen=True, slots=True)
class SharedIndex:
    """Where an executor finds the index.

    Attributes
    ----------
    name : str
        Folder that Spark brought with the job; or, where ``shared``, an absolute folder that every machine sees.
    shared : bool
    """

    name: str
    shared: bool

    def open(self) -> Locator:
        """Open the index in this process; once, for the next batch and task find it open."""
        if self.shared:
            return _opened(self.name)
        from pyspark import SparkFiles

        return _opened(str(Path(SparkFiles.getRootDirectory()) / self.name))


@contextmanager
def shared_index(
    context: "SparkContext", locator: Locator, scratch: Path, *, travels: bool = False
) -> Iterator[SharedIndex]:
    """Save the index and give a handle that travels with tasks.

    Parameters
    ----------
    context : SparkContext
    locator : Locator
        The grids.
    scratch : Path
        A folder of the driver; on a master of this machine alone the executors read from here, else Spark copies the
        index to every machine once, whatever the number of its processes and tasks.
    travels : bool
        Let Spark copy the index even so.
    """
    name = f"gridmap-index-{uuid4().hex}"
    folder = scratch / name
    locator.save(folder)
    if not travels and str(context.master).startswith("local"):
        yield SharedIndex(str(folder), shared=True)
        return
    # stored, not packed: it is read by memory map, and packing a quarter of a gigabyte takes longer than sending it
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    context.addArchive(f"{archive}#{name}")
    yield SharedIndex(name, shared=False)


@functools.lru_cache(maxsize=2)
def _opened(folder: str) -> Locator:
    return Locator.open(folder, verify=False)
