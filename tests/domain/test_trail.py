"""The chain of the trail: whole as written, and whatever is done to it is named."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain import trail
from gridmap.domain.trail import NOTHING, UNREADABLE, Act, Anchor, Entry, Outcome, canonical, faults, hash_of

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
#: What an act says; the events that come with it are kept in a table of their own.
FIELDS = [f.name for f in fields(Act) if f.compare]
ACTS = st.builds(
    Act,
    at=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    action=TEXT,
    outcome=st.sampled_from(Outcome),
    actor_id=st.none() | TEXT,
    actor=TEXT,
    subject=TEXT,
    request_id=TEXT,
    detail=st.dictionaries(TEXT, PLAIN, max_size=3),
)
SOME = [Act(datetime(2026, 3, 1, k, tzinfo=UTC), f"act.{k}", subject=str(k), detail={"n": k}) for k in range(8)]


def chain(acts):
    found, before = [], NOTHING
    for number, act in enumerate(acts, 1):
        before = hash_of(number, act, before)
        found.append(Entry(number, act, before))
    return found


def look(entries, head=None, anchors=()):
    """The rule and the numbers of each finding."""
    head = head or ((entries[-1].number, entries[-1].hash) if entries else (0, NOTHING))
    return [(f.rule, f.fields["first"], f.fields["last"]) for f in faults(entries, lambda: head, anchors)]


END = (8, chain(SOME)[-1].hash)


@given(st.lists(ACTS, max_size=8))
def test_a_chain_of_any_acts_is_whole(acts):
    entries = chain(acts)
    assert look(entries) == []
    assert look(entries, anchors=[Anchor(0, NOTHING), *(Anchor(e.number, e.hash) for e in entries)]) == []


@given(st.lists(ACTS, min_size=1, max_size=6), st.data())
def test_an_act_in_the_place_of_another_is_named_and_no_other(acts, data):
    entries = chain(acts)
    at = data.draw(st.integers(0, len(acts) - 1))
    name = data.draw(st.sampled_from(FIELDS))
    other = replace(acts[at], **{name: getattr(data.draw(ACTS), name)})
    same = canonical([str(getattr(other, name))]) == canonical([str(getattr(acts[at], name))])
    entries[at] = replace(entries[at], act=other)
    assert look(entries) == ([] if same else [("trail_changed", at + 1, at + 1)])


@pytest.mark.parametrize("name", FIELDS)
def test_a_hash_that_leaves_a_field_out_would_be_found(name, monkeypatch):
    """Negative control: were a field not hashed, the change of it would pass."""
    whole = trail.hash_of

    def partial(number, act, before):
        return whole(number, replace(act, **{name: getattr(SOME[0], name)}), before)

    other = {
        "at": SOME[0].at + timedelta(microseconds=1), "outcome": Outcome.DENIED, "actor_id": "", "detail": {"n": 3.0},
    }.get(name, "other")  # fmt: skip
    entries = chain(SOME)
    entries[3] = replace(entries[3], act=replace(SOME[3], **{name: other}))
    assert look(entries) == [("trail_changed", 4, 4)]
    monkeypatch.setattr(trail, "hash_of", partial)
    before = NOTHING
    blind = []
    for number, act in enumerate(SOME, 1):
        before = partial(number, act, before)
        blind.append(Entry(number, act, before))
    blind[3] = replace(blind[3], act=replace(SOME[3], **{name: other}))
    assert look(blind) == []


@pytest.mark.parametrize("gone", range(8))
def test_a_missing_entry_is_named(gone):
    entries = chain(SOME)
    entries.pop(gone)
    assert look(entries, END) == [("trail_cut" if gone == 7 else "trail_missing", gone + 1, gone + 1)]


def test_many_missing_entries_are_one_finding():
    entries = chain(SOME)
    assert look(entries[:2] + entries[5:], END) == [("trail_missing", 3, 5)]
    assert look(entries[:2], END) == [("trail_cut", 3, 8)]
    assert look([], END) == [("trail_cut", 1, 8)]


@pytest.mark.parametrize(("one", "two"), [(0, 1), (2, 6), (6, 7)])
def test_entries_that_changed_places_are_both_named(one, two):
    entries = chain(SOME)
    first, second = entries[one], entries[two]
    entries[one], entries[two] = replace(second, number=one + 1), replace(first, number=two + 1)
    assert {first for _, first, _ in look(entries, END)} >= {one + 1, two + 1}


def test_entries_that_closed_a_gap_are_named():
    entries = chain(SOME)
    moved = [*entries[:3], *(replace(e, number=e.number - 1) for e in entries[4:])]
    assert [first for rule, first, _ in look(moved, END) if rule == "trail_changed"] == [4, 5, 6, 7]


def test_an_entry_behind_the_end_is_named_even_where_its_hash_fits():
    entries = chain([*SOME, SOME[0]])
    assert look(entries, END) == [("trail_added", 9, 9)]


def test_a_number_that_comes_twice_is_named():
    entries = chain(SOME)
    assert look([*entries[:4], entries[3], *entries[4:]], END) == [("trail_changed", 4, 4)]


def test_a_changed_hash_blames_its_own_entry_alone():
    entries = chain(SOME)
    entries[4] = replace(entries[4], hash="0" * 64)
    assert look(entries, END) == [("trail_changed", 5, 5)]
    entries[7] = replace(entries[7], hash="0" * 64)
    assert look(entries, END) == [("trail_changed", 5, 5), ("trail_changed", 8, 8), ("trail_head_differs", 8, 8)]


def test_nothing_fits_an_act_that_cannot_be_read():
    entries = chain([SOME[0], UNREADABLE, SOME[1]])
    assert look(entries) == [("trail_changed", 2, 2)]


def test_a_trail_made_anew_is_whole_in_itself_and_only_anchors_tell():
    honest = chain(SOME)
    anchors = [Anchor(e.number, e.hash) for e in (honest[1], honest[5])]
    forged = chain([*SOME[:3], replace(SOME[3], actor="somebody"), *SOME[4:]])
    assert look(forged) == []
    assert look(forged, anchors=anchors) == [("trail_anchor_differs", 6, 6)]
    assert look(honest, anchors=anchors) == []
    assert look(forged[:4], anchors=anchors) == [("trail_anchor_differs", 6, 6)]
    assert look([], anchors=[Anchor(0, "1" * 64)]) == [("trail_anchor_differs", 0, 0)]


@pytest.mark.parametrize(
    "value", [{"x": float("nan")}, {"x": float("inf")}, {"x": {1}}, {1: 2, "1": 3}, {"x": datetime(2026, 1, 1)}, b"x"]
)
def test_what_json_does_not_have_is_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        canonical(value)


def test_times_are_hashed_as_utc():
    here = datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    there = datetime(2026, 3, 1, 0, tzinfo=UTC)
    assert hash_of(1, Act(here, "x"), NOTHING) == hash_of(1, Act(there, "x"), NOTHING)
    with pytest.raises(ValueError, match="UTC"):
        hash_of(1, Act(datetime(2026, 3, 1), "x"), NOTHING)
