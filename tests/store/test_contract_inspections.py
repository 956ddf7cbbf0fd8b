"""Checks of objects and draws of samples: the same on the store in memory, the embedded one and the server."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from store_frames import at

from gridmap.domain.features import FeatureLayer
from gridmap.domain.inspections import Check, CheckOutcome, RecordedDraw, draw, verify
from gridmap.errors import Conflict, NotFound, TextError

DAY = date(2026, 3, 1)
SEEN = Check("p", at(1), DAY, CheckOutcome.SEEN)
FOUND = Check("p", at(2), DAY, CheckOutcome.FINDING, "damaged", "a-1")
LATER = Check("p", at(2) + timedelta(days=3, microseconds=1), DAY + timedelta(days=3), CheckOutcome.SEEN)
OTHER = Check("Q", at(1), DAY, CheckOutcome.COMPLETE)


def founded(store):
    with store.unit_of_work() as work:
        for name in ("relics", "parks"):
            work.features.put_layer(FeatureLayer(name))
        work.commit()


def test_checks_are_added_once_and_the_newest_of_each_outcome_are_told(store):
    founded(store)
    with store.unit_of_work() as work:
        assert work.inspections.add_checks("relics", [FOUND, SEEN, OTHER, SEEN]) == 3
        assert work.inspections.add_checks("parks", [replace(SEEN, note="x")]) == 1
        work.commit()
    with store.unit_of_work() as work:
        # who reports it again is no other content
        again = [replace(FOUND, account_id="a-2"), replace(SEEN, at=at(0.5)), LATER]
        assert work.inspections.add_checks("relics", again) == 2
        assert work.inspections.newest("relics", DAY) == [OTHER, SEEN, FOUND]
        assert work.inspections.newest("relics", LATER.checked_on) == [OTHER, FOUND, LATER]
        assert work.inspections.newest("relics", DAY - timedelta(days=1)) == []
        assert work.inspections.newest("nowhere", DAY) == []
    with store.unit_of_work() as work:  # nothing of it was committed
        assert work.inspections.newest("relics", LATER.checked_on) == [OTHER, SEEN, FOUND]
        for wrong in ([replace(SEEN, note="damaged")], [LATER, replace(LATER, outcome=CheckOutcome.COMPLETE)]):
            with pytest.raises(Conflict) as refused:
                work.inspections.add_checks("relics", wrong)
            assert refused.value.code == "inspection_check_differs"
        assert work.inspections.newest("relics", LATER.checked_on) == [OTHER, SEEN, FOUND]
        assert work.inspections.add_checks("relics", []) == 0
        with pytest.raises(TextError):
            work.inspections.add_checks("relics", [replace(SEEN, code="\x00")])
        with pytest.raises(NotFound):
            work.inspections.add_checks("nowhere", [SEEN])


def test_draws_are_kept_with_their_list_and_a_seed_is_used_once(store):
    founded(store)
    ids = ("A", "b", "“\\N”")
    first = RecordedDraw(DAY, at(3), ids, draw(ids, "七 1", count=2), "a-1", "王")
    second = RecordedDraw(DAY, at(4), ids[:1], draw(ids[:1], "2", share=1.0))
    with store.unit_of_work() as work:
        numbers = [work.inspections.add_draw("relics", one).number for one in (first, second)]
        work.inspections.add_draw("parks", first)
        work.commit()
    with store.unit_of_work() as work:
        kept = work.inspections.draws("relics")
        assert kept == [replace(second, number=numbers[1]), replace(first, number=numbers[0])]
        assert numbers[1] > numbers[0] > 0
        assert all(verify(one.held, one.ids) for one in kept)
        assert len(work.inspections.draws("parks")) == 1
        assert work.inspections.draws("nowhere") == []
        with pytest.raises(Conflict) as refused:
            work.inspections.add_draw("relics", replace(second, held=replace(second.held, seed="七 1")))
        assert refused.value.code == "inspection_seed_used"
        with pytest.raises(NotFound):
            work.inspections.add_draw("nowhere", first)
