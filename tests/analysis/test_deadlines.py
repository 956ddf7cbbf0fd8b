"""Time limits: known days of the Chinese calendar, and three ways to count that must agree."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from watching import Watch

from gridmap.analysis.deadlines import WorkingTime, deadlines
from gridmap.domain.calendars import WorkCalendar, packaged_calendar, read_calendar
from gridmap.domain.deadlines import Limit, Pause, Unit, due
from gridmap.errors import InvalidInput

CN = packaged_calendar()
#: A small world: a zone with a change of clocks, an odd weekend, three stretches a day, holidays and shifted days.
ODD = WorkCalendar(
    "odd",
    "Europe/London",
    frozenset({5, 6}),
    ((time(7, 30), time(9)), (time(10), time(12, 15)), (time(13), time(17, 3))),
    frozenset({date(2026, 3, 25), date(2026, 3, 26), date(2026, 3, 30)}),
    frozenset({date(2026, 3, 28), date(2026, 4, 3)}),
    frozenset({2026}),
    {},
)


def local(text: str, calendar: WorkCalendar = CN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.tz)


def limit(amount: str, unit: str) -> Limit:
    return Limit(Decimal(amount), Unit(unit))


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        # a cover is missing in the middle of Spring Festival: the clock runs on
        ("2026-02-17 23:30", "2", "urgent_hour", "2026-02-18 01:30"),
        # over lunch, and over night
        ("2026-03-02 11:00", "2", "working_hour", "2026-03-02 15:00"),
        ("2026-03-02 17:00", "4", "working_hour", "2026-03-03 11:00"),
        # a limit that is up with the bell is up today, not tomorrow
        ("2026-03-02 14:00", "4", "working_hour", "2026-03-02 18:00"),
        ("2026-03-02 08:00", "1", "working_day", "2026-03-02 18:00"),
        ("2026-03-02 09:00", "1", "working_day", "2026-03-03 09:00"),
        # Friday the 13th; Saturday the 14th is shifted to work; then nine days off
        ("2026-02-13 15:00", "2", "working_day", "2026-02-24 15:00"),
        # National Day of 2026: Saturday 10 October is a working day
        ("2026-09-30 16:00", "1", "working_day", "2026-10-08 16:00"),
        ("2026-10-09 16:00", "1", "working_day", "2026-10-10 16:00"),
        # outside of hours the clock waits for the morning
        ("2026-03-07 12:00", "1", "working_hour", "2026-03-09 09:00"),
        ("2026-05-01 10:00", "3", "natural_day", "2026-05-04 10:00"),
        ("2026-03-02 08:00", "0.25", "working_hour", "2026-03-02 08:15"),
    ],
)
def test_known_days(start: str, amount: str, unit: str, end: str) -> None:
    found = due(local(start), limit(amount, unit), CN)
    assert found.at == local(end)
    assert not found.provisional
    many = deadlines(
        [np.datetime64(local(start).astimezone(UTC).replace(tzinfo=None))], [float(amount)], [Unit(unit)], CN
    )
    assert many[0] == np.datetime64(local(end).astimezone(UTC).replace(tzinfo=None))


def test_a_suspension_stops_the_clock_and_the_rest_of_the_limit_comes_after_it() -> None:
    start, one = local("2026-03-02 09:00"), limit("4", "working_hour")
    break_ = Pause(local("2026-03-02 10:00"), local("2026-03-04 16:30"))
    found = due(start, one, CN, [break_])
    assert found.at == local("2026-03-05 09:30")
    assert [(a.astimezone(CN.tz).hour, b - a) for a, b in found.counted] == [
        (9, timedelta(hours=1)),
        (16, timedelta(hours=1.5)),
        (8, timedelta(hours=1.5)),
    ]
    still = due(start, one, CN, [Pause(local("2026-03-02 10:00"))])
    assert still.at is None
    assert still.counted == ((start.astimezone(UTC), local("2026-03-02 10:00").astimezone(UTC)),)
    assert due(start, one, CN, [Pause(local("2026-03-03 10:00"))]).at == local("2026-03-02 15:00"), "it came too late"


def test_a_year_without_its_notice_is_counted_for_the_time_being() -> None:
    found = due(local("2026-12-31 17:00"), limit("1", "working_day"), CN)
    assert found.provisional
    assert found.at == local("2027-01-01 17:00"), "only weekends are off"
    assert not due(local("2026-12-31 17:00"), limit("1", "natural_day"), CN).provisional


def test_each_extension_adds_the_limit_once_more() -> None:
    once = limit("5", "working_day")
    assert due(local("2026-03-02 08:00"), once.times(2), CN).at == local("2026-03-13 18:00")


# --- three ways to count

_DAYS = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 6), timezones=st.just(UTC))
_MINUTES = _DAYS.map(lambda at: at.replace(second=0, microsecond=0))
_LIMITS = st.builds(Limit, st.integers(1, 60).map(lambda quarters: Decimal(quarters) / 4), st.sampled_from(list(Unit)))


@st.composite
def pauses(draw: st.DrawFn) -> list[Pause]:
    edges = sorted(set(draw(st.lists(_MINUTES, max_size=6))))
    found = [Pause(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2 and draw(st.booleans()):
        found.append(Pause(edges[-1]))
    return found


_MINUTE = timedelta(minutes=1)
_WATCH = Watch(datetime(2026, 3, 19, tzinfo=UTC), 120)


@given(_MINUTES, _LIMITS, pauses(), st.sampled_from([CN, ODD]))
def test_the_engines_agree_with_a_clock_that_is_watched(
    start: datetime, one: Limit, breaks: list[Pause], calendar: WorkCalendar
) -> None:
    found = due(start, one, calendar, breaks)
    assert found.at == _WATCH.up_at(start, one, calendar, breaks)
    ran = sum((b - a for a, b in found.counted), timedelta())
    assert (ran == one.length(calendar)) == (found.at is not None)
    assert all(a < b for a, b in found.counted)
    assert all(b <= c for (_, b), (c, _) in zip(found.counted, found.counted[1:], strict=False))


@st.composite
def many(draw: st.DrawFn) -> list[tuple[datetime, Limit, list[Pause]]]:
    return draw(st.lists(st.tuples(_DAYS, _LIMITS, pauses()), min_size=1, max_size=30))


def at_once(rows: list[tuple[datetime, Limit, list[Pause]]], calendar: WorkCalendar) -> list[datetime | None]:
    """Count by the engine for very many."""
    stops = [(i, p.start, p.end) for i, (_, _, breaks) in enumerate(rows) for p in breaks]
    table = pd.DataFrame(stops, columns=["row", "start", "end"])
    table["end"] = pd.to_datetime(table["end"], utc=True)
    starts = [np.datetime64(start.replace(tzinfo=None), "us") for start, _, _ in rows]
    up = deadlines(starts, [float(one.amount) for _, one, _ in rows], [one.unit for _, one, _ in rows], calendar, table)
    return [None if np.isnat(t) else t.item().replace(tzinfo=UTC) for t in up]


@given(many(), st.sampled_from([CN, ODD]))
def test_many_at_once_are_as_one_by_one(
    rows: list[tuple[datetime, Limit, list[Pause]]], calendar: WorkCalendar
) -> None:
    assert at_once(rows, calendar) == [due(start, one, calendar, breaks).at for start, one, breaks in rows]


def test_working_time_and_its_inverse() -> None:
    time_ = WorkingTime(CN, date(2026, 1, 1), date(2026, 12, 31))
    worked = np.arange(1, 2_000_000_000_000, 9_999_999_999, dtype=np.int64)
    assert (time_.worked(time_.reached(worked)) == worked).all()
    with pytest.raises(ValueError, match="outside"):
        time_.worked(np.array([0]))


def test_limits_of_nothing_are_refused() -> None:
    at = [np.datetime64("2026-03-02")]
    for amounts, units in (([0.0], [Unit.WORKING_DAY]), ([-1.0], [Unit.URGENT_HOUR])):
        with pytest.raises(ValueError, match="limit"):
            deadlines(at, amounts, units, CN)
    with pytest.raises(ValueError, match="offset"):
        due(datetime(2026, 3, 2), limit("1", "working_day"), CN)


# --- words of tables, and calendars


@pytest.mark.parametrize(
    ("words", "amount", "unit"),
    [
        ("2紧急工作时", "2", Unit.URGENT_HOUR),
        ("4工作时", "4", Unit.WORKING_HOUR),
        ("4工作小时", "4", Unit.WORKING_HOUR),
        ("1工作日", "1", Unit.WORKING_DAY),
        (" 5 个工作\n日 ", "5", Unit.WORKING_DAY),
        ("15自然日", "15", Unit.NATURAL_DAY),
        ("0.5 working_hour", "0.5", Unit.WORKING_HOUR),
    ],
)
def test_words_of_limits(words: str, amount: str, unit: Unit) -> None:
    assert Limit.read(words) == Limit(Decimal(amount), unit)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("1天", "limit_ambiguous"),
        ("3日", "limit_ambiguous"),
        ("4小时", "limit_ambiguous"),
        ("植树季节15", "limit_unreadable"),
        ("planting season", "limit_unreadable"),
        ("1紧急工作时制止", "limit_unreadable"),
        ("0工作日", "limit_unreadable"),
        ("-1工作日", "limit_unreadable"),
        ("", "limit_unreadable"),
        ("99999工作日", "limit_unreadable"),
        ("１工作日", "limit_unreadable"),
    ],
)
def test_what_is_no_limit(words: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Limit.read(words)
    assert refused.value.code == code


def test_the_chinese_calendar_is_whole() -> None:
    assert CN.day_length == timedelta(hours=8)
    assert CN.years == set(range(2020, 2027))
    assert not CN.off & CN.on
    for year in CN.years:
        days = [
            date(year, 1, 1) + timedelta(days=k) for k in range(366) if (date(year, 1, 1) + timedelta(k)).year == year
        ]
        assert 240 <= sum(map(CN.is_working, days)) <= 255
        assert all(day.isoweekday() in CN.weekend for day in CN.on)


GOOD = """
name = "city"
zone = "Asia/Shanghai"
weekend = [6, 7]
hours = [["09:00", "12:00"], ["13:00", "17:30"]]
[years.2026]
off = [2026-01-01]
on = [2026-01-04]
"""


def test_a_city_writes_its_own() -> None:
    city = read_calendar(GOOD)
    assert city.day_length == timedelta(hours=7.5)
    assert city.is_working(date(2026, 1, 4))
    assert not city.is_working(date(2026, 1, 1))
    assert due(local("2026-01-02 09:00"), limit("1", "working_day"), city).at == local("2026-01-02 17:30")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('zone = "Asia/Shanghai"', 'zone = "Mars/Olympus"', "zone"),
        ('zone = "Asia/Shanghai"', 'zone = "../../etc/passwd"', "zone"),
        ("[6, 7]", "[0, 7]", "weekend"),
        ("[6, 7]", "[1, 2, 3, 4, 5, 6, 7]", "weekend"),
        ('"09:00", "12:00"', '"12:00", "09:00"', "hours"),
        ('"13:00", "17:30"', '"11:00", "17:30"', "hours"),
        ("[2026-01-01]", "[2025-01-01]", "years.2026.off"),
        ("[2026-01-01]", '["New Year"]', "years.2026.off"),
        ("[2026-01-04]", "[2026-01-05]", "years"),
        ('name = "city"', "name = 7", "name"),
        ('name = "city"', 'name = "city"\nhour = 3', "hour"),
        ("[years.2026]", "[years.next]", "years.next"),
        ('name = "city"', "name =", "-"),
    ],
)
def test_a_calendar_that_is_none_says_where(old: str, new: str, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_calendar(GOOD.replace(old, new))
    assert (refused.value.code, refused.value.fields["key"]) == ("calendar_unreadable", key)
