"""Fixtures that every part of the suite shares."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_data_folder() -> Path:
    """Where the real sample files lie: beside the project, or where GRIDMAP_SHARED_DATA says."""
    return Path(os.environ.get("GRIDMAP_SHARED_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real sample files; a test that asks for it is marked real_data."""
    folder = shared_data_folder()
    if not folder.is_dir():
        pytest.skip(f"real sample files not found beside the project ({folder.name}/ is missing)")
    return folder
