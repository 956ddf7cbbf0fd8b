"""Chinese address text in one form: what its words are, and what its numbers stand for."""

import re
import unicodedata
from dataclasses import dataclass

_TRADITIONAL = (
    "號棟單樓東區陽興華國門橋場園莊農學醫院幢龍鳳馬鐵廠車觀藝術體館會廣縣鎮鄉灣島嶺濱豐寶聖靈廟衛業產貿銀電訊報"
    "軍運動邊廳層間戶頭環線韓趙錢孫鄭馮陳蔣楊許呂張嚴魏蘇盧賀鄧蘭齊賓樂書萬義壩澤溫漢濟滬浙開關長慶歷麗紅綠藍黃"
)
_SIMPLIFIED = (
    "号栋单楼东区阳兴华国门桥场园庄农学医院幢龙凤马铁厂车观艺术体馆会广县镇乡湾岛岭滨丰宝圣灵庙卫业产贸银电讯报"
    "军运动边厅层间户头环线韩赵钱孙郑冯陈蒋杨许吕张严魏苏卢贺邓兰齐宾乐书万义坝泽温汉济沪浙开关长庆历丽红绿蓝黄"
)
_FOLD = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}

#: What words for a number's kind stand for, the longest first in a search.
_KINDS = {
    "号楼": "building",
    "号院": "yard",
    "号": "door",
    "弄": "lane",
    "栋": "building",
    "幢": "building",
    "座": "building",
    "#": "building",
    "单元": "unit",
    "层": "floor",
    "楼": "floor",
    "室": "room",
    "房": "room",
}
#: From the whole to the part.
KINDS = ("lane", "yard", "door", "building", "unit", "floor", "room")

_WORD = "|".join(sorted(map(re.escape, _KINDS), key=len, reverse=True))
#: A number before such a word; not where that word goes on as a name, as in 一号线 or 五号路.
_NUMBERED = re.compile(rf"([0-9]{{1,6}}[a-z]?|[a-z](?=座|栋|幢|号楼))({_WORD})(?![线路街桥港台])")
_CHINESE = re.compile(rf"[零〇一二两三四五六七八九十百]{{1,7}}(?=(?:{_WORD})(?![线路街桥港台]))")
_DASHED = re.compile(r"(?<![0-9])([0-9]{1,4})-(?:([0-9]{1,3})-)?([0-9]{1,5})$")
_LAST = re.compile(r"(?<=[^0-9a-z])([0-9]{1,5})$")
_NOISE = re.compile(r"[^\w#]+|_")
#: Province and city in front of something smaller; 市场, 市民, 市政 and 城市 are no city.
_PROVINCE = re.compile(r"^(?:\w{2,7}?(?:省|自治区))?(?:\w{2,5}?(?<!城)市(?![场集民政]))?(?=\w+?[区县镇乡村路街巷苑])")


@dataclass(frozen=True, slots=True)
class Address:
    """An address text: its words without numbers, and its numbers by kind (``KINDS``)."""

    words: str
    numbers: tuple[tuple[str, str], ...]


def read_address(text: str) -> Address:
    """Bring an address to one form.

    Full width becomes half, common traditional characters simplified, 幢, 座 and 号楼 the same as 栋, 三号 the same as
    3号, and ``3-2-401`` building, unit and room. Province and city in front go away.

    Examples
    --------
    >>> read_address("浙江省杭州市翠苑一區　３幢二單元")
    Address(words='翠苑一区', numbers=(('building', '3'), ('unit', '2')))
    """
    plain = unicodedata.normalize("NFKC", text).lower().translate(_FOLD)
    plain = re.sub(r"[‐-―−~至]", "-", plain)
    plain = re.sub(r"\s+", "", plain)
    plain = _CHINESE.sub(lambda found: str(_number(found[0])), plain)
    numbers: dict[str, str] = {}

    def take(found: re.Match[str]) -> str:
        kind = _KINDS[found[2]]
        if kind in numbers:  # two doors, or a second floor: it stays a word
            return found[0]
        numbers[kind] = found[1].lstrip("0") or "0"
        return " "

    rest = _NUMBERED.sub(take, plain)
    rest = _take_dashed(rest.strip(), numbers)
    words = _NOISE.sub("", rest)
    if not numbers.keys() & {"door", "building"} and (found := _LAST.search(words)):
        numbers["door"] = found[1].lstrip("0") or "0"
        words = words[: found.start()]
    if len(words) > 4:
        words = _PROVINCE.sub("", words, count=1)
    return Address(words, tuple((kind, numbers[kind]) for kind in KINDS if kind in numbers))


def _take_dashed(rest: str, numbers: dict[str, str]) -> str:
    """Take ``3-2-401`` at the end as building, unit and room, ``3-401`` as building and room."""
    found = _DASHED.search(rest)
    if found is None or numbers.keys() & {"building", "unit", "room"}:
        return rest
    for kind, value in zip(("building", "unit", "room"), found.groups(), strict=True):
        if value is not None:
            numbers[kind] = value.lstrip("0") or "0"
    return rest[: found.start()]


def _number(words: str) -> int:
    """Read a Chinese number under a thousand: 三, 十二, 二十, 一百零五, 二〇三."""
    if not set(words) & {"十", "百"}:
        return int("".join(str(_DIGITS[c]) for c in words))
    total, digit = 0, None
    for c in words:
        if c in "十百":
            total += (1 if digit is None else digit) * (10 if c == "十" else 100)
            digit = None
        else:
            digit = _DIGITS[c]
    return total + (digit or 0)
