"""The contract of every store: logs of drafts, and what is pinned to them."""

from dataclasses import replace
from datetime import date

import pytest
import shapely
from store_frames import CITY, at, grids, publish

from gridmap.analysis.content import content_hash
from gridmap.analysis.redraw.tiling import grids_of
from gridmap.domain.redraw import (
    Assign,
    Change,
    Draw,
    Entry,
    Fill,
    Ground,
    InsertVertex,
    Merge,
    MoveVertex,
    RemoveVertex,
    Replace,
    SetAttributes,
    Split,
    TakeBack,
)
from gridmap.domain.waivers import Waiver
from gridmap.errors import Conflict, NotFound, StaleVersion, TextError
from gridmap.services.ports import Mark, Step

SQUARE = shapely.box(120, 30, 120.1, 30.1)
PARTS = shapely.MultiPolygon([SQUARE, shapely.box(121, 30, 121.3, 30.1 + 0.2)])


@pytest.fixture
def draft(store) -> int:
    with store.unit_of_work() as work:
        work.boundaries.put_set(CITY)
        publish(work, grids())
        made = work.boundaries.add_draft(
            "city", grids(), valid_from=date(2027, 1, 1), content_hash=content_hash(grids()), based_on=1
        )
        work.commit()
    return made.number


def entry_of(store, number, code="a", *, shape=SQUARE, position=1, **more) -> Entry:
    """Give an entry that puts another shape into an area."""
    with store.unit_of_work() as work:
        (grid,) = [g for g in grids_of(work.redraw.ground("city", number)) if g.code == code]
    change = Change({code: grid}, {code: replace(grid, geometry=shape, name="改名\\N\t“”")})
    edit = MoveVertex((120.1, 30.2), (120.3, 0.1 + 0.2))
    return Entry(position, "规划员甲", at(1.5), "move_vertex", edit, change, **more)


def append(store, number, entry, author_id="p-1"):
    with store.unit_of_work() as work:
        changed = work.redraw.append("city", number, entry, author_id=author_id)
        work.commit()
    return changed


def test_an_untouched_draft_has_no_log(store, draft):
    with store.unit_of_work() as work:
        assert work.redraw.head("city", draft) == 0
        assert work.redraw.entries("city", draft) == work.redraw.lines("city", draft) == []
        assert work.redraw.marks("city", draft) == work.redraw.steps("city", draft) == []
        assert content_hash(work.redraw.ground("city", draft)) == content_hash(grids())
        with pytest.raises(NotFound, match="version"):
            work.redraw.ground("city", 99)


def test_an_entry_is_kept_and_changes_the_draft(store, draft):
    entry = entry_of(store, draft, shape=PARTS)
    changed = append(store, draft, entry)
    with store.unit_of_work() as work:
        assert work.redraw.entries("city", draft) == [entry]
        assert work.redraw.changes("city", draft) == [(1, entry.change)]
        (line,) = work.redraw.lines("city", draft)
        assert (line.number, line.author_id, line.author, line.codes) == (1, "p-1", "规划员甲", ("a",))
        assert work.boundaries.find_version("city", draft) == changed
        assert changed.content_hash != content_hash(grids())
        held = {g.code: g for g in grids_of(work.boundaries.grids(changed))}
        assert held["a"] == entry.change.after["a"]
        assert len(held) == len(grids())
        hits = work.boundaries.page_grids(changed, level="grid", limit=9, bbox=(121.2, 30.2, 121.25, 30.25))
        assert list(hits["code"]) == ["a"]


def test_entries_follow_each_other(store, draft):
    first = entry_of(store, draft)
    append(store, draft, first)
    with pytest.raises(StaleVersion) as stale:
        append(store, draft, first)
    assert stale.value.code == "redraw_stale"
    back = replace(first, number=2, edit=TakeBack(1), verb="take_back", change=first.change.inverted(), undoes=1)
    append(store, draft, back, None)
    with store.unit_of_work() as work:
        assert work.redraw.head("city", draft) == 2
        assert [e.number for e in work.redraw.entries("city", draft, after=1)] == [2]
        assert content_hash(work.redraw.ground("city", draft)) == content_hash(grids())


@pytest.mark.parametrize(
    "edit",
    [
        InsertVertex(((1.5, 2.5), (0.1, -0.2)), (1 / 3, 2 / 3)),
        RemoveVertex((-0.0, 5e-324)),
        Split("a", ((1.0, 2.0), (3.0, 4.0), (5.0, 6.1)), None, "a-2"),
        Merge(("a", "中"), "a", multipart=True),
        Assign(PARTS, "a", None, Ground.BOTH),
        Assign(SQUARE, "a", ("b", "C"), Ground.FREE, True),
        Draw(SQUARE, "名", "S", True, "x"),
        Fill((1.0, 2.0), "a"),
        SetAttributes("a", households=0),
    ],
)
def test_every_edit_comes_back_as_it_was(store, draft, edit):
    entry = replace(entry_of(store, draft), edit=edit)
    append(store, draft, entry)
    with store.unit_of_work() as work:
        assert work.redraw.entries("city", draft) == [entry]


def test_areas_come_and_go(store, draft):
    entry = entry_of(store, draft)
    was = entry.change.before["a"]
    new = replace(
        was, code="新", kind="小区", households=None, parent_code=None, attributes={"k": [1, None, {"z": "\\"}]}
    )
    entry = replace(entry, edit=Replace((new,), ("a",), "repair"), change=Change({"a": was}, {"新": new}))
    append(store, draft, entry)
    with store.unit_of_work() as work:
        assert work.redraw.entries("city", draft) == [entry]
        codes = {g.code for g in grids_of(work.redraw.ground("city", draft))}
        assert "新" in codes
        assert "a" not in codes


def test_what_is_published_has_its_log_and_takes_no_more(store, draft):
    append(store, draft, entry_of(store, draft))
    with store.unit_of_work() as work:
        work.boundaries.publish("city", draft, valid_from=date(2027, 1, 1), published_at=at(2), content_hash="f" * 64)
        work.commit()
    with store.unit_of_work() as work:
        assert work.redraw.head("city", draft) == 1
        assert work.boundaries.find_version("city", draft).content_hash == "f" * 64
    with pytest.raises(Conflict) as refused:
        append(store, draft, entry_of(store, draft, position=2))
    assert refused.value.code == "not_a_draft"


def test_a_draft_takes_its_log_with_it(store, draft):
    append(store, draft, entry_of(store, draft))
    with store.unit_of_work() as work:
        work.redraw.add_mark("city", draft, Mark(0, "grid", "p-1", "甲", at(1), "a"))
        work.redraw.add_step("city", draft, Step("submitted", "p-1", "甲", at(1), 1))
        work.commit()
    with store.unit_of_work() as work:
        work.boundaries.discard_draft("city", draft)
        work.commit()
    with store.unit_of_work() as work:
        assert work.redraw.head("city", draft) == 0
        assert work.redraw.marks("city", draft) == work.redraw.steps("city", draft) == []
        with pytest.raises(NotFound):
            work.redraw.append("city", draft, Entry(1, "", at(0), "fill", Fill((0, 0)), Change()), author_id=None)


def test_locks_and_comments_are_pinned_and_taken_away(store, draft):
    edge = ((120.1, 30.1), (1 / 3, 2 / 3))
    marks = [
        Mark(0, "edge", None, "", at(1), None, edge),
        Mark(0, "comment", "p-1", "甲", at(2), "a", ((120.5, 30.5),), "这里有河，界线应沿河\n“第二行”"),
        Mark(0, "area", "p-2", "乙", at(3), "S"),
    ]
    with store.unit_of_work() as work:
        made = [work.redraw.add_mark("city", draft, mark) for mark in marks]
        work.commit()
    assert len({m.number for m in made}) == 3
    assert [replace(m, number=0) for m in made] == marks
    with store.unit_of_work() as work:
        assert work.redraw.marks("city", draft) == made
        assert work.redraw.locks("city", draft) == [m for m in made if m.kind != "comment"]
        assert work.redraw.remove_mark("city", draft, made[1].number) == made[1]
        with pytest.raises(NotFound) as gone:
            work.redraw.remove_mark("city", draft, made[1].number)
        assert gone.value.code == "redraw_mark_unknown"
        work.commit()
    with store.unit_of_work() as work:
        assert work.redraw.marks("city", draft) == [made[0], made[2]]
        with pytest.raises(TextError):
            work.redraw.add_mark("city", draft, replace(marks[1], text="\0"))


def test_waivers_are_only_added_and_stay_with_their_version(store, draft):
    first = Waiver(0, "city_area", ("a", "b\t中"), "5" * 64, "p-1", "甲", at(1), "老旧小区，\n“整改中”")
    back = replace(first, author_id=None, author="", at=at(2), signed=False)
    with store.unit_of_work() as work:
        made = [work.redraw.add_waiver("city", draft, waiver) for waiver in (first, back)]
        work.commit()
    assert made[0].number < made[1].number
    assert [replace(w, number=0) for w in made] == [first, back]
    with store.unit_of_work() as work:
        assert work.redraw.waivers("city", draft) == made
        assert work.redraw.waivers("city", draft + 9) == []
        with pytest.raises(TextError):
            work.redraw.add_waiver("city", draft, replace(first, reason="\0"))
    with store.unit_of_work() as work:
        published = next(v for v in work.boundaries.list_versions("city") if v.number != draft)
        with pytest.raises(Conflict) as refused:
            work.redraw.add_waiver("city", published.number, first)
        assert refused.value.code == "not_a_draft"


def test_a_draft_goes_its_way_only_as_it_was_seen(store, draft):
    steps = [Step("submitted", "p-1", "甲", at(1), 0, "请审核"), Step("approved", "p-2", "乙", at(2), 0)]
    with store.unit_of_work() as work:
        for step in steps:
            work.redraw.add_step("city", draft, step)
        work.commit()
    append(store, draft, entry_of(store, draft))
    with store.unit_of_work() as work:
        assert work.redraw.steps("city", draft) == steps
        with pytest.raises(StaleVersion) as stale:
            work.redraw.add_step("city", draft, replace(steps[0], revision=0))
        assert stale.value.code == "redraw_stale"
