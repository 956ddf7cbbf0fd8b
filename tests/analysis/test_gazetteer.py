"""From address text to places."""

import time
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analysis.gazetteer import LONGEST, Gazetteer
from gridmap.errors import ColumnError, CrsError, InvalidInput

NAMES: list[tuple[str, list[str]]] = [
    ("文三路259号", ["昌地火炬大厦"]),
    ("文三路258号", []),
    ("文二路259号", []),
    ("翠苑一区3幢", ["翠苑1区3号楼"]),
    ("翠苑一区4幢", []),
    ("翠苑一区", []),
    ("翠苑二区", []),
    ("翠苑农贸市场", ["翠苑菜场"]),
    ("浙江省立同德医院", ["同德医院"]),
    ("人民公园", []),
    ("国贸大厦A座", []),
    ("国贸大厦B座", []),
]


def places(rows: list[tuple[str, list[str]]] = NAMES) -> gpd.GeoDataFrame:
    held: dict[str, Any] = {
        "code": [f"P{i:03d}" for i in range(len(rows))],
        "name": [name for name, _ in rows],
        "kind": ["place"] * len(rows),
        "aliases": [aliases for _, aliases in rows],
    }
    points = shapely.points(120.1 + 0.001 * np.arange(len(rows)), 30.2)
    return gpd.GeoDataFrame(held, geometry=points, crs="EPSG:4326")


@pytest.fixture(scope="module")
def known() -> Gazetteer:
    return Gazetteer(places())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("文三路259号", "文三路259号"),
        ("西湖区文三路２５９號门口有人乱扔垃圾", "文三路259号"),
        ("文三路 258", "文三路258号"),
        ("文三路二百五十八号附近", "文三路258号"),
        ("文三路259号3楼302室", "文三路259号"),
        ("昌地火炬大廈", "文三路259号"),
        ("翠苑一区3号楼2单元501室", "翠苑一区3幢"),
        ("翠苑一区4-1-302", "翠苑一区4幢"),
        ("翠苑一区3号", "翠苑一区3幢"),
        ("翠苑一区", "翠苑一区"),
        ("翠苑二區停车难", "翠苑二区"),
        ("翠宛农贸市场", "翠苑农贸市场"),
        ("翠苑菜场", "翠苑农贸市场"),
        ("同德医院", "浙江省立同德医院"),
        ("国贸大厦b座", "国贸大厦B座"),
        ("在人民公园里面", "人民公园"),
    ],
)
def test_what_is_meant_comes_first(known: Gazetteer, text: str, name: str) -> None:
    found = known.search(text)
    assert found[0].name == name
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert len({c.code for c in found}) == len(found)


@pytest.mark.parametrize("text", ["", "  ", "zzz", "長春", "。。。"])
def test_what_nobody_knows_finds_nothing(known: Gazetteer, text: str) -> None:
    assert known.search(text) == []


def test_another_door_of_the_street_is_offered_but_below(known: Gazetteer) -> None:
    found = known.search("文三路260号")
    assert {c.name for c in found[:2]} == {"文三路259号", "文三路258号"}
    assert found[0].score < 0.7 < known.search("文三路259号")[0].score


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("西湖区文三路２５９號", "文三路259号"),
        ("文三路259号302室", "文三路259号"),
        ("人民公园", "人民公园"),
        ("文三路", None),
        ("文三路260号", None),
        ("国贸大厦", None),
        ("", None),
    ],
)
def test_what_is_beyond_doubt(known: Gazetteer, text: str, name: str | None) -> None:
    found = known.certain(text)
    assert (found.name if found else None) == name


def test_a_place_by_its_code(known: Gazetteer) -> None:
    assert known.by_code("P001") == pytest.approx((120.101, 30.2))
    assert known.by_code("P999") is None


def test_how_many_and_how_well(known: Gazetteer) -> None:
    assert len(known.search("翠苑一区", limit=2)) == 2
    assert all(c.score >= 0.9 for c in known.search("翠苑一区", least=0.9))
    with pytest.raises(InvalidInput):
        known.search("路" * (LONGEST + 1))


def test_frames_that_are_none() -> None:
    with pytest.raises(ColumnError):
        Gazetteer(places().drop(columns="name"))
    with pytest.raises(CrsError):
        Gazetteer(places().to_crs(4549))
    assert Gazetteer(places([])).search("翠苑") == []
    assert Gazetteer(places().drop(columns=["kind", "aliases"])).search("翠苑一区")[0].kind == ""


@given(
    st.lists(
        st.text(st.sampled_from("翠苑文三路人民公园东西"), min_size=2, max_size=6), min_size=1, max_size=30, unique=True
    )
)
def test_a_name_finds_itself_first(names: list[str]) -> None:
    index = Gazetteer(places([(name, []) for name in names]))
    for name in names:
        best = index.search(name)[0]
        assert (best.name, best.score) == (name, 1.0)


def test_a_hundred_doors_of_one_street_among_many() -> None:
    rows = [(f"{street}{n}号", []) for street in ("解放路", "解放街", "建设路", "和平大道") for n in range(1, 1001)]
    index = Gazetteer(places(rows))
    rng = np.random.default_rng(5)
    started = time.perf_counter()
    for i in rng.integers(0, len(rows), 40):
        assert index.search(f"本市{rows[i][0]}门口路灯不亮")[0].name == rows[i][0]
    assert time.perf_counter() - started < 4.0
