"""An index on disk: plain NumPy files in one folder, mapped into memory, so that processes share one copy.

``index.json`` names what is there, with the length and check sum of each file; it is written last, and the folder gets
its name when all is there, so a folder of that name is whole.
"""

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gridmap.errors import InvalidInput

#: Raised whenever the meaning of the arrays changes: an index of another format is built anew.
FORMAT = 1

_HEAD = "index.json"
_BLOCK = 1 << 22

Arrays = Mapping[str, npt.NDArray[Any]]


def write(folder: Path, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Write arrays and what is known of them into a new folder; one that is there already stays as it is.

    Raises
    ------
    OSError
        If the disk refuses; then nothing stands under the name.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        sums = {}
        for name, array in arrays.items():
            flat = np.ascontiguousarray(array)
            np.save(temporary / f"{name}.npy", flat, allow_pickle=False)
            sums[name] = {"shape": list(flat.shape), "dtype": flat.dtype.str, "crc32": _sum(flat)}
        head = {"format": FORMAT, "arrays": sums, "about": dict(about)}
        (temporary / _HEAD).write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
        try:
            os.rename(temporary, folder)  # noqa: PTH104 - Path.rename would replace an empty folder silently as well
        except OSError:
            # another process was faster; its index says the same
            if not (folder / _HEAD).is_file():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read(folder: Path, *, verify: bool = True) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Map the arrays of a folder into memory, read-only.

    Raises
    ------
    InvalidInput
        ``index_unusable``: it is missing, damaged, or of another format.
    """
    try:
        head = json.loads((folder / _HEAD).read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise InvalidInput("index_unusable")
        arrays = {}
        for name, expected in head["arrays"].items():
            array = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            if list(array.shape) != expected["shape"] or array.dtype.str != expected["dtype"]:
                raise InvalidInput("index_unusable")
            # the loops over points trust the numbers in these arrays, so they must be the ones that were written
            if verify and _sum(array) != expected["crc32"]:
                raise InvalidInput("index_unusable")
            arrays[name] = array
        return arrays, head["about"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput("index_unusable") from error


def _sum(array: npt.NDArray[Any]) -> int:
    data = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
    total = 0
    for i in range(0, len(data), _BLOCK):
        total = zlib.crc32(data[i : i + _BLOCK], total)
    return total
