"""Name the edges of a lineage by the components of the graph of common ground."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.domain.lineage import LineageKind

K = LineageKind

Flags = npt.NDArray[np.bool_]


def name_kinds(
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    main: Flags,
    n_old: int,
    n_new: int,
    *,
    same_code: Flags,
    same_ground: Flags,
    lives_on: Flags,
    lived_before: Flags,
) -> npt.NDArray[np.object_]:
    """Name each edge by the size of its component and, in components of several by several, by its ends.

    Parameters
    ----------
    first, second : array of int
        Positions of the old and the new grid of each edge.
    main : array of bool
        Edges that count; the others are borders that moved.
    n_old, n_new : int
        How many grids there are.
    same_code, same_ground : array of bool
        Whether both ends have one code, and the same ground.
    lives_on, lived_before : array of bool
        Whether the old code is also a new one, and the new code was also an old one.

    Returns
    -------
    array of str
        Values of ``LineageKind``.
    """
    a, b = first[main], second[main]
    n = n_old + n_new
    _, label = connected_components(coo_array((np.ones(len(a)), (a, n_old + b)), shape=(n, n)), directed=False)
    size_old = np.bincount(label[:n_old], minlength=n)[label[first]]
    size_new = np.bincount(label[n_old:], minlength=n)[label[n_old + second]]
    ways_out, ways_in = np.bincount(a, minlength=n_old)[first], np.bincount(b, minlength=n_new)[second]
    one_to_one = (size_old == 1) & (size_new == 1)
    table: list[tuple[Flags, LineageKind]] = [
        (~main & same_code, K.RESHAPED),
        (~main, K.TRANSFERRED),
        (one_to_one & same_code & same_ground, K.UNCHANGED),
        (one_to_one & same_code, K.RESHAPED),
        (one_to_one & same_ground, K.RECODED),
        (one_to_one, K.REDRAWN),
        (size_old == 1, K.SPLIT),
        (size_new == 1, K.MERGED),
        (same_code, K.RESHAPED),
        (~lived_before & (lives_on | (ways_in == 1)), K.SPLIT),
        (~lives_on & (lived_before | (ways_out == 1)), K.MERGED),
        (lives_on & lived_before, K.TRANSFERRED),
    ]
    return np.select([t[0] for t in table], [t[1].value for t in table], default=K.REDRAWN.value).astype(object)
