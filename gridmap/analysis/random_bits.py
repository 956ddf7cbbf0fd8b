"""Random numbers inside compiled loops: SplitMix64, one stream an item of work, the same with any number of threads."""

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, inline="always")
def stream(seed: int, number: int) -> Any:
    """Start a stream of its own for an item of work."""
    state = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    return (state ^ (state >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)


@numba.njit(cache=True, nogil=True, inline="always")
def advance(state: Any) -> Any:
    """Move a stream on."""
    return state + np.uint64(0x9E3779B97F4A7C15)


@numba.njit(cache=True, nogil=True, inline="always")
def below(state: Any, n: int) -> Any:
    """Give a number of 0 to n - 1, even to 1 in 2^32 / n, of a stream that was moved on."""
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(((z >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))
