"""A user's text is never code."""

import json

import city
import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.maps.safe import encode_json, encode_text

CODE = "&<>\"'{}`$\\"


@given(st.text())
def test_encoded_text_holds_no_character_of_code(text: str) -> None:
    encoded = encode_text(text)
    assert not set(encoded.replace("&", "")) & (set(CODE) - {"&"})
    # an ampersand only ever opens one of our own entities
    assert all(part.split(";")[0] in OWN for part in encoded.split("&")[1:])


OWN = {"amp", "lt", "gt", "quot", "#39", "#123", "#125", "#96", "#36", "#92"}


@pytest.mark.parametrize("text", city.CANARIES)
def test_encoded_text_survives_jinja_unchanged(text: str) -> None:
    encoded = encode_text(text)
    assert jinja2.Template(encoded).render() == encoded


@given(
    st.recursive(
        st.text() | st.integers() | st.none() | st.booleans(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_json_for_a_page_reads_back_as_it_was(value: object) -> None:
    assert json.loads(encode_json(value)) == value


@given(st.text())
def test_strings_in_json_for_a_page_hold_no_character_of_code(text: str) -> None:
    inside = encode_json(text)[1:-1]
    assert not set(inside) & set("&<>'{}`$\u2028\u2029")


def test_a_missing_number_becomes_null_and_an_infinite_one_is_refused() -> None:
    assert encode_json([float("nan"), 1.5]) == "[null,1.5]"
    with pytest.raises(ValueError, match="JSON compliant"):
        encode_json([float("inf")])
