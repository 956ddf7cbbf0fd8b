"""The three colours: seen and something found, seen and nothing found, not seen; one place says which."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.domain.patrols import Sight

SIGHTS = tuple(s.value for s in Sight)


def sights(looked: npt.ArrayLike, found: npt.ArrayLike) -> pd.api.extensions.ExtensionArray:
    """Say what is known of grids: a word of ``Sight`` each.

    Parameters
    ----------
    looked : bool array
        Whether anybody looked.
    found : number array
        How much is known to have happened. Where nobody looked it is not asked: reports of others do not make a grid
        seen.
    """
    seen, much = np.asarray(looked, dtype=bool), np.asarray(found) > 0
    words = np.select([~seen, much], [Sight.UNSEEN.value, Sight.FOUND.value], default=Sight.CLEAR.value)
    return pd.array(words, dtype="str")


def sight_counts(words: npt.ArrayLike | pd.Series) -> dict[str, int]:
    """Count each of the three, also those that are none."""
    counts = pd.Series(words, dtype="str").value_counts()
    return {word: int(counts.get(word, 0)) for word in SIGHTS}
