"""Invented names of streets, management areas, people and roads."""

# ruff: noqa: SIM905  (lists of words read better as words)
import numpy as np

_STREETS = (
    "海湾路 望海路 老码头 滨河 澜江 中心广场 银滩 星海 云帆 东港 长堤 渔人湾 学府路 创智 北苑 青竹 石桥 柳溪 "
    "西河 临港 金沙滩 铁山 松岭 白鹭 沙河口 月亮湾 泉岭 龙潭 锦绣 朝阳 虹桥 和平"
).split()
_FIRST = "望 听 观 揽 云 金 银 碧 翠 锦 清 澄 长 永 新 安 和 康 福 瑞 文 明 东 西 南 北 青 白 松 柳".split()
_SECOND = "潮 涛 澜 帆 沙 滩 湾 溪 泉 河 桥 堤 岭 林 园 苑 庄 渡 浦 屿".split()
_SURNAMES = "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧".split()
_GIVEN = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 桂英 建国 志强 海燕 晓东 文静 雪梅 春华 "
    "家豪 雨桐 子涵 思远 立新 永康 秀兰 振华 玉珍 国栋 佳怡 浩然 慧敏 丽娟 新宇 梦琪 俊杰 凤英 建平 红梅"
).split()
_ROADS = "海 湾 滨 港 潮 帆 星 澜 松 柏 泉 云 锦 华 虹 宁 兴 泰 康 文".split()


def street_names(count: int, rng: np.random.Generator) -> list[str]:
    """Give names of streets such as 海湾路街道."""
    return [f"{_STREETS[i]}街道" for i in rng.permutation(len(_STREETS))[:count]]


def area_names(count: int, rng: np.random.Generator) -> list[str]:
    """Give names of management areas such as 望潮管区, all different."""
    stems = [a + b for a in _FIRST for b in _SECOND]
    return [f"{stems[i]}管区" for i in rng.permutation(len(stems))[:count]]


def people_names(count: int, rng: np.random.Generator) -> list[str]:
    """Give names of people; some share a name, as in life."""
    first, second = rng.integers(len(_SURNAMES), size=count), rng.integers(len(_GIVEN), size=count)
    return [_SURNAMES[a] + _GIVEN[b] for a, b in zip(first, second, strict=True)]


def road_names(count: int, rng: np.random.Generator) -> list[str]:
    """Give names of main roads."""
    stems = [a + b + "路" for a in _ROADS for b in _ROADS if a != b]
    return [stems[i] for i in rng.permutation(len(stems))[:count]]
