"""Features as texts: what is written fast, all at once, reads back as what was there, by another reader."""

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely.geometry import mapping

from gridmap.analysis.collected import Table, column_of, objects
from gridmap.analysis.cql2.judging import Kind
from gridmap.files.geojson import feature_texts

SHAPES = {
    "points": ["POINT (120.1 36.2)", "POINT (-0.30000000000000004 5e-324)"],
    "rings": ["POLYGON ((0 0, 1 0, 1 1, 0 0))", "POLYGON ((2 0, 3 0, 3.1 1, 2.5 2, 2 0))"],
    "holes": ["POLYGON ((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1))", "POLYGON ((0 0, 1 0, 1 1, 0 0))"],
    "lines": ["LINESTRING (0 0, 1 1, 2 0.1)", "LINESTRING (5 5, 6 6)"],
    "many": ["MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((3 3, 4 3, 4 4, 3 3), (3.5 3.2, 3.6 3.2, 3.6 3.3, 3.5 3.2)))"] * 2,
    "mixed": ["POINT (1 2)", "POLYGON ((0 0, 1 0, 1 1, 0 0))", "GEOMETRYCOLLECTION (POINT (1 1))"],
    "with none": ["POLYGON ((0 0, 1 0, 1 1, 0 0))", "POLYGON EMPTY"],
    "high": ["POINT Z (1 2 3)", "POINT Z (4 5 6)"],
    "none at all": [],
}
#: What would end a text, or a list of texts, if it were taken as it is.
WORDS = ['","', '"', "\\", '\\","', '%s%"', "\n\t\x00\x1f\x7f", "第1网格", "😀", "", ",", "]}", '"],["']


def table(shapes: Any, words: list[str]) -> Table:
    rows = range(len(shapes))
    columns = {
        "text": column_of(Kind.TEXT, [words[n % len(words)] if n % 3 != 2 else None for n in rows]),
        'a "%s" key': column_of(Kind.NUMBER, np.array([[1.5, np.nan, -0.1][n % 3] for n in rows], dtype=float)),
        "whole": column_of(Kind.INTEGER, np.array([[7.0, np.nan, 1e300][n % 3] for n in rows], dtype=float)),
        "flag": column_of(Kind.FLAG, np.array([n % 2 == 0 for n in rows], dtype=bool)),
    }
    ids = [f"{words[n % len(words)]}{n}" for n in rows]
    return Table(objects(ids), columns, objects(list(shapes)))


def expected(made: Table, names: tuple[str, ...], row: int) -> dict[str, Any]:
    def plain(name: str) -> Any:
        value = made.columns[name].values[row]
        if value is None or value != value:
            return None
        return int(value) if name == "whole" else value if isinstance(value, str) else value.item()

    shape = made.shapes[row]
    return {
        "type": "Feature",
        "id": made.ids[row],
        "geometry": None if shape.is_empty else json.loads(json.dumps(mapping(shape))),
        "properties": {name: plain(name) for name in names},
    }


@pytest.mark.parametrize("sort", SHAPES)
def test_features_read_back_as_they_are(sort: str) -> None:
    made = table(shapely.from_wkt(SHAPES[sort]), WORDS)
    for names in (tuple(made.columns), ("text",), ()):
        texts = feature_texts(made, names)
        assert [json.loads(text) for text in texts] == [expected(made, names, n) for n in range(len(made))]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6))
@example(WORDS)
def test_any_text_stays_in_its_place(words: list[str]) -> None:
    made = table(shapely.points(np.arange(len(words)), np.zeros(len(words))), words)
    found = [json.loads(text) for text in feature_texts(made, tuple(made.columns))]
    assert found == [expected(made, tuple(made.columns), n) for n in range(len(made))]
