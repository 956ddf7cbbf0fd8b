"""Workers share the index of a version by a folder, and answer without it as well."""

from pathlib import Path

import numpy as np
import pytest
from builders import tiling

from gridmap.analysis.locator import Locator
from gridmap.services.responsibility import shared_locator

FRAME = tiling("AAB\nACB\nCC.", cell=2.0**-8, origin=(120.0, 36.0))
X, Y = (np.random.default_rng(5).uniform(low, low + 0.012, 500) for low in (120.0, 36.0))


def test_the_second_worker_opens_what_the_first_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Locator.from_frame(FRAME).owners(X, Y)
    first = shared_locator(FRAME, "hash", points=False, folder=tmp_path)
    monkeypatch.setattr(Locator, "build", lambda self: pytest.fail("built again"))
    second = shared_locator(FRAME, "hash", points=False, folder=tmp_path)
    for locator in (first, second):
        assert locator.owners(X, Y).tolist() == wanted.tolist()


def test_another_content_has_another_index(tmp_path: Path) -> None:
    shared_locator(FRAME, "hash", points=False, folder=tmp_path)
    other = FRAME.assign(code=FRAME["code"].map({"A": "Z", "B": "B", "C": "C"}))
    assert shared_locator(other, "other", points=False, folder=tmp_path).codes == ("B", "C", "Z")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_or_impossible_folder_is_no_reason_not_to_answer(tmp_path: Path) -> None:
    shared_locator(FRAME, "hash", points=False, folder=tmp_path)
    for file in tmp_path.rglob("*.npy"):
        file.write_bytes(b"damaged")
    wanted = Locator.from_frame(FRAME).owners(X, Y).tolist()
    assert shared_locator(FRAME, "hash", points=False, folder=tmp_path).owners(X, Y).tolist() == wanted
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert shared_locator(FRAME, "hash", points=False, folder=blocked).owners(X, Y).tolist() == wanted
