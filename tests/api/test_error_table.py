"""One table from error class to status, and nothing raised that has no text."""

import pytest

from api.errors import STATUS, problem, status_of
from gridmap.errors import GridmapError, NotPublishable
from gridmap.i18n import LANGUAGES, Language, text
from scripts.docs import error_classes, raised_codes


@pytest.mark.parametrize("kind", error_classes(), ids=lambda c: c.__name__)
def test_every_error_class_stands_in_the_table(kind: type[GridmapError]) -> None:
    # InvalidRequest is only InvalidInput with a list; all others say their status themselves
    assert kind in STATUS or kind.__name__ == "InvalidRequest"


def test_the_search_for_raised_codes_finds_them_with_their_status() -> None:
    found = raised_codes()
    assert found["not_json"] == {400}
    assert found["set_unknown"] == {404}
    assert found["body_too_large"] == {413}


@pytest.mark.parametrize("status", sorted({*STATUS.values()}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_has_a_title(status: int, language: Language) -> None:
    assert text(f"title.{status}", language)


def test_a_class_without_its_own_line_would_take_that_of_its_parent() -> None:
    class Special(NotPublishable):
        pass

    assert status_of(Special("no_grids")) == 422
    assert problem(Special("no_grids"), request_id="x", language="en").status_code == 422
