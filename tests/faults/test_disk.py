"""A disk that is full or takes no writes: reports are refused with a code of their own, reading goes on, and when there
is room again nobody has to do anything. The disk is a small tmpfs in a mount namespace of the test's own."""

from pathlib import Path
from typing import Any

import pytest
from faults.disk import namespace
from faults.disk import run as outcome_of
from faults.disk import seen_by_child as run


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if namespace() is None:
        pytest.skip("this machine lets nobody mount a small disk: neither user namespaces nor root with mounts")


def require_kept(found: dict[str, Any]) -> None:
    """Check that exactly what was acknowledged is there."""
    assert found["stored"] == found["acknowledged"]


def test_a_full_disk_refuses_reports_answers_questions_and_recovers(tmp_path: Path) -> None:
    found = run(tmp_path, "full")
    assert found["acknowledged"] > 0
    for refused in (found["refused"], found["refused_again"]):
        assert (refused["status"], refused["code"]) == (503, "store_full")
        assert int(refused["retry_after"]) > 0
    require_kept(found)
    assert set(found["reads"].values()) == {200}, found["reads"]
    assert found["mode"] == "full"
    assert (found["afterwards"]["status"], found["afterwards"]["accepted"]) == (200, 20)
    assert found["stored_afterwards"] == found["acknowledged"] + 20
    assert found["mode_afterwards"] == "writable"
    assert found["integrity"] == "ok"


def test_one_who_acknowledges_what_was_not_written_is_found_out(tmp_path: Path) -> None:
    """The check can fail."""
    found = run(tmp_path, "full", "careless")
    with pytest.raises(AssertionError):
        require_kept(found)


@pytest.mark.slow
def test_one_who_acknowledges_on_a_read_only_disk_is_found_out() -> None:
    """The check can fail."""
    assert outcome_of("read_only", careless=True).broken > 0


@pytest.mark.slow
@pytest.mark.postgis
def test_a_full_disk_of_the_server_refuses_reports_answers_questions_and_recovers() -> None:
    outcome = outcome_of("server")
    assert outcome.broken == 0, outcome
    assert outcome.tried == 0 or outcome_of("server", careless=True).broken > 0


def test_a_read_only_disk_refuses_reports_and_answers_questions(tmp_path: Path) -> None:
    found = run(tmp_path, "read_only")
    assert set(found["reads"].values()) == {200}, found["reads"]
    assert found["mode"] == "read_only"
    assert (found["refused"]["status"], found["refused"]["code"]) == (503, "store_read_only")
    assert int(found["refused"]["retry_after"]) > 0
    assert found["stored"] == 0
    assert (found["afterwards"]["status"], found["afterwards"]["accepted"]) == (200, 20)
    assert found["stored_afterwards"] == 20
    assert found["mode_afterwards"] == "writable"
