"""The state of a tracker as bytes, and back; damaged or foreign bytes are refused."""

import hashlib
import io
import json
from typing import Any

import numpy as np

from gridmap.analysis.tracking_kernels import UNIT
from gridmap.errors import FileError

_MAGIC = b"gridmap tracker 1\n"
_KINDS = {"state": UNIT, "counts": np.dtype("i8"), "unit": np.dtype("i8"), "at": np.dtype("i8")} | {
    "x": np.dtype("f8"),
    "y": np.dtype("f8"),
}


def pack(head: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """Give a head of plain values and named arrays as bytes, with a checksum."""
    body = io.BytesIO()
    text = json.dumps(head).encode()
    np.savez(body, head=np.frombuffer(text, dtype=np.uint8), **arrays)  # type: ignore[arg-type]
    return _MAGIC + hashlib.sha256(body.getvalue()).digest() + body.getvalue()


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Undo ``pack``.

    Raises
    ------
    FileError
        ``corrupt``: not such bytes, or not all of them.
    """
    start = len(_MAGIC) + hashlib.sha256().digest_size
    digest, body = data[len(_MAGIC) : start], data[start:]
    # the loops that use the state check no bounds, so nothing but what pack wrote may come through
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise FileError("corrupt")
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        head: dict[str, Any] = json.loads(file["head"].tobytes())
        arrays = {name: file[name] for name in _KINDS}
    if not _fits(head, arrays):
        raise FileError("corrupt")
    return head, arrays


def _fits(head: dict[str, Any], arrays: dict[str, np.ndarray]) -> bool:
    state, unit = arrays["state"], arrays["unit"]
    return bool(
        all(arrays[name].dtype == kind and arrays[name].ndim == 1 for name, kind in _KINDS.items())
        and len(state) == len(head["units"])
        and len(arrays["counts"]) == 5
        and all(len(arrays[name]) == len(unit) for name in ("at", "x", "y"))
        and ((unit >= 0) & (unit < len(state))).all()
        and ((state["grid"] >= -1) & (state["grid"] < len(head["codes"]))).all()
    )
