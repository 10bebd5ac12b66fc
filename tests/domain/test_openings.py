"""Openings: the days they hold, the slots of a day, and both nights when the clock changes."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import PARIS, in_paris, is_holiday
from bot.domain.openings import SLICE_MINUTES, Away, Pattern, slice_at, slots, starts

MORNING = Pattern(9 * 60, 12 * 60, weekday=1)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
days = st.dates(date(2026, 1, 1), date(2029, 12, 31))
fives = st.integers(0, 24 * 12).map(lambda number: number * 5)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    start, break_start, break_end, end = sorted(draw(st.lists(fives, min_size=4, max_size=4, unique=True)))
    paused = draw(st.booleans())
    return Pattern(
        start,
        end,
        weekday=draw(st.integers(0, 6)),
        break_start_minute=break_start if paused else None,
        break_end_minute=break_end if paused else None,
    )


@pytest.mark.parametrize(
    ("pattern", "held"),
    [
        (Pattern(540, 720, weekday=1), ["03-02", "03-09", "03-16", "03-23", "03-30"]),
        (Pattern(540, 720, weekday=1, nth=1), ["03-02"]),
        (Pattern(540, 720, weekday=1, nth=-1), ["03-30"]),
        (Pattern(540, 720, weekday=3, nth=4), ["03-25"]),
        (Pattern(540, 720, weekday=1, every_weeks=2, first_date=date(2027, 2, 23)), ["03-09", "03-23"]),
        (Pattern(540, 720, weekday=0, every_weeks=3, first_date=date(2027, 2, 25)), ["03-15"]),
        (Pattern(540, 720, weekday=1, first_date=date(2027, 3, 10), last_date=date(2027, 3, 23)), ["03-16", "03-23"]),
        (Pattern(540, 720, on_date=date(2027, 3, 14)), ["03-14"]),
        (Pattern(540, 720, on_date=date(2027, 4, 14)), []),
    ],
)
def test_the_days_of_march(pattern: Pattern, held: list[str]) -> None:
    found = list(pattern.days(date(2027, 3, 1), date(2027, 3, 31)))
    assert [f"{day:%m-%d}" for day in found] == held
    assert all(pattern.holds_on(day) for day in found)


@given(
    days, st.integers(0, 60), st.integers(1, 6), st.none() | st.sampled_from([-1, 1, 2, 3, 4]), st.integers(0, 6), days
)
def test_a_span_of_days_is_the_days_one_by_one(
    first: date, length: int, every: int, nth: int | None, weekday: int, anchor: date
) -> None:
    pattern = Pattern(540, 720, weekday=weekday, first_date=anchor, every_weeks=1 if nth else every, nth=nth)
    span = [first + timedelta(days=number) for number in range(length)]
    assert list(pattern.days(first, first + timedelta(days=length - 1))) == [d for d in span if pattern.holds_on(d)]


@given(st.integers(0, 6), st.integers(1, 6), days)
def test_weeks_are_counted_from_the_first(weekday: int, every: int, anchor: date) -> None:
    pattern = Pattern(540, 720, weekday=weekday, first_date=anchor, every_weeks=every)
    held = list(pattern.days(anchor, anchor + timedelta(weeks=30)))
    assert {later - earlier for earlier, later in itertools.pairwise(held)} <= {timedelta(weeks=every)}
    monday = anchor - timedelta(days=anchor.weekday())
    assert all((day - monday).days // 7 % every == 0 and day.weekday() == weekday for day in held)


@given(patterns(), days, st.integers(1, 24).map(lambda number: number * 5))
def test_slots_fit_in_the_hours_and_never_overlap(pattern: Pattern, day: date, minutes: int) -> None:
    found = slots(pattern, day, minutes)
    spans = [(slice_at(day, start), slice_at(day, end)) for start, end in pattern.spans]
    for start in starts(pattern, day, minutes):
        assert any(opens <= start and start + minutes // SLICE_MINUTES <= closes for opens, closes in spans)
    assert all(end <= later for (_, end), (later, _) in itertools.pairwise(found))
    assert all(end - start == timedelta(minutes=minutes) for start, end in found)


@given(patterns(), days, fives, fives)
def test_an_absence_takes_the_slots_it_touches_and_no_other(pattern: Pattern, day: date, one: int, other: int) -> None:
    away = Away(day, day, start_minute=min(one, other), end_minute=max(one, other))
    since, until = slice_at(day, min(one, other)), slice_at(day, max(one, other))
    everything, left = starts(pattern, day, 30), starts(pattern, day, 30, [away])
    assert left == [start for start in everything if start + 6 <= since or start >= until]
    assert starts(pattern, day, 30, [Away(day, day)]) == []
    assert starts(pattern, day, 30, [Away(day - timedelta(days=9), day - timedelta(days=1))]) == everything
    weekly = Away(day - timedelta(days=30), day + timedelta(days=30), weekday=(day.weekday() + 1) % 7)
    assert starts(pattern, day, 30, [weekly]) == everything


def test_the_lunch_break_is_cut_out() -> None:
    pattern = Pattern(9 * 60, 17 * 60, weekday=3, break_start_minute=12 * 60, break_end_minute=13 * 60 + 30)
    said = [f"{in_paris(start):%H:%M}" for start, _ in slots(pattern, date(2027, 3, 4), 45)]
    assert said == ["09:00", "09:45", "10:30", "11:15", "13:30", "14:15", "15:00", "15:45"]


def test_the_night_march_loses_an_hour() -> None:
    night = Pattern(60, 4 * 60, weekday=6)
    found = [start for start, _ in slots(night, SPRING, 30)]
    assert [f"{in_paris(start):%H:%M}" for start in found] == ["01:00", "01:30", "03:00", "03:30"]
    assert found == [datetime(2027, 3, 28, hour, minute, tzinfo=UTC) for hour in (0, 1) for minute in (0, 30)]


def test_the_night_october_has_an_hour_twice() -> None:
    night = Pattern(60, 4 * 60, weekday=6)
    found = [in_paris(start) for start, _ in slots(night, AUTUMN, 30)]
    assert [f"{start:%H:%M}" for start in found] == [
        "01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30",
    ]  # fmt: skip
    assert len({start.astimezone(UTC) for start in found}) == 8


@pytest.mark.parametrize("day", [SPRING, AUTUMN, date(2027, 6, 1), date(2027, 12, 1)])
def test_an_hour_of_the_day_is_the_one_the_clock_shows(day: date) -> None:
    nine = datetime(day.year, day.month, day.day, 9, tzinfo=PARIS)
    assert slice_at(day, 9 * 60) * 300 == nine.timestamp()
    tomorrow = datetime(day.year, day.month, day.day, tzinfo=PARIS).date() + timedelta(days=1)
    assert slice_at(day, 24 * 60) == slice_at(tomorrow, 0)


def test_holidays_by_place() -> None:
    good_friday, boxing_day, may = date(2027, 3, 26), date(2027, 12, 26), date(2027, 5, 1)
    assert [is_holiday(day, "57") for day in (good_friday, boxing_day, may)] == [True, True, True]
    assert [is_holiday(day, "57-sans-vendredi-saint") for day in (good_friday, boxing_day, may)] == [False, True, True]
    assert [is_holiday(day, "france") for day in (good_friday, boxing_day, may)] == [False, False, True]
    assert [is_holiday(day, None) for day in (good_friday, boxing_day, may)] == [False, False, True]
