"""Chinese address text in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.addresses import KINDS, Address, read_address


@pytest.mark.parametrize(
    ("text", "words", "numbers"),
    [
        ("文三路259号", "文三路", {"door": "259"}),
        ("文三路 259", "文三路", {"door": "259"}),
        ("文三路０２５９號", "文三路", {"door": "259"}),
        ("文三路二百五十九号", "文三路", {"door": "259"}),
        ("浙江省杭州市西湖区翠苑一區 ３幢二單元", "西湖区翠苑一区", {"building": "3", "unit": "2"}),
        ("翠苑一区3-2-401", "翠苑一区", {"building": "3", "unit": "2", "room": "401"}),
        ("翠苑一区3－401", "翠苑一区", {"building": "3", "room": "401"}),
        ("和平里七区十号楼", "和平里七区", {"building": "10"}),
        ("和平里七区10栋", "和平里七区", {"building": "10"}),
        ("中山路12号院3号楼五层", "中山路", {"yard": "12", "building": "3", "floor": "5"}),
        ("国贸A座1501室", "国贸", {"building": "a", "room": "1501"}),
        ("地铁一号线翠苑站", "地铁一号线翠苑站", {}),
        ("翠苑农贸市场", "翠苑农贸市场", {}),
        ("大城市花园路5号", "大城市花园路", {"door": "5"}),
        ("十二号", "", {"door": "12"}),
        ("一百零五室", "", {"room": "105"}),
        ("二〇三室", "", {"room": "203"}),
        ("某路8号、10号", "某路10号", {"door": "8"}),
        ("", "", {}),
        (" ，。", "", {}),
    ],
)
def test_one_form(text: str, words: str, numbers: dict[str, str]) -> None:
    found = read_address(text)
    assert (found.words, dict(found.numbers)) == (words, numbers)


@given(st.text(max_size=40) | st.text(st.sampled_from("文三路一十百零号栋单元室-0123a座市省区 #"), max_size=20))
def test_any_text_has_a_form(text: str) -> None:
    found = read_address(text)
    assert isinstance(found, Address)
    kinds = [kind for kind, _ in found.numbers]
    assert kinds == [k for k in KINDS if k in kinds]
