"""Opening hours in Paris, the hours when the bot keeps quiet, and how moments are said."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import (
    PARIS,
    Closure,
    Window,
    is_holiday,
    is_open,
    is_quiet,
    last_loud_evening,
    next_opening,
    say_day,
    say_moment,
    say_time,
)

WEEK = tuple(
    Window(day, start, end) for day in range(5) for start, end in ((time(9), time(12)), (time(13, 30), time(17)))
)
MOSELLE = "57"
MEUSE = None

moments = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def paris(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold)


@pytest.mark.parametrize(
    ("day", "moselle", "meuse"),
    [
        (date(2027, 3, 26), True, False),  # Good Friday
        (date(2027, 12, 26), True, False),
        (date(2027, 3, 29), True, True),  # Easter Monday
        (date(2027, 7, 14), True, True),
        (date(2027, 3, 30), False, False),
    ],
)
def test_moselle_has_two_holidays_more(day: date, moselle: bool, meuse: bool) -> None:
    assert is_holiday(day, MOSELLE) is moselle
    assert is_holiday(day, MEUSE) is meuse


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2027-03-25T08:59:59", False),
        ("2027-03-25T09:00", True),
        ("2027-03-25T11:59:59", True),
        ("2027-03-25T12:00", False),
        ("2027-03-25T13:30", True),
        ("2027-03-25T17:00", False),
        ("2027-03-26T10:00", False),  # Good Friday
        ("2027-03-27T10:00", False),  # Saturday
        ("2027-03-30T10:00", True),
    ],
)
def test_open_by_half_days(at: str, expected: bool) -> None:
    assert is_open(WEEK, [], MOSELLE, paris(at)) is expected


def test_thionville_reopens_on_tuesday_after_easter() -> None:
    thursday_evening = paris("2027-03-25T18:30")
    assert next_opening(WEEK, [], MOSELLE, thursday_evening) == paris("2027-03-30T09:00")
    assert next_opening(WEEK, [], MEUSE, thursday_evening) == paris("2027-03-26T09:00")


def test_next_opening_is_the_moment_itself_when_open() -> None:
    at = datetime(2027, 3, 25, 9, 15, tzinfo=UTC)
    opening = next_opening(WEEK, [], MOSELLE, at)
    assert opening == at
    assert opening is not None
    assert opening.utcoffset() == timedelta(hours=1)


def test_lunch_reopens_the_same_day() -> None:
    assert next_opening(WEEK, [], MOSELLE, paris("2027-03-25T12:10")) == paris("2027-03-25T13:30")


def test_a_closure_includes_its_two_ends() -> None:
    closures = [Closure(date(2027, 8, 2), date(2027, 8, 13))]
    assert not is_open(WEEK, closures, MOSELLE, paris("2027-08-02T10:00"))
    assert not is_open(WEEK, closures, MOSELLE, paris("2027-08-13T10:00"))
    assert next_opening(WEEK, closures, MOSELLE, paris("2027-07-30T17:30")) == paris("2027-08-16T09:00")


def test_nothing_opens_beyond_the_horizon() -> None:
    at = paris("2027-03-25T18:30")
    assert next_opening([], [], MOSELLE, at) is None
    assert next_opening(WEEK, [Closure(date(2027, 1, 1), date(2027, 12, 31))], MOSELLE, at) is None
    assert next_opening(WEEK, [], MOSELLE, at, horizon_days=4) is None
    assert next_opening(WEEK, [], MOSELLE, at, horizon_days=5) == paris("2027-03-30T09:00")


def test_clocks_go_forward_on_28_march() -> None:
    sunday = [Window(6, time(9), time(12))]
    opening = next_opening(sunday, [], MEUSE, paris("2027-03-28T01:30"))
    assert opening == datetime(2027, 3, 28, 7, 0, tzinfo=UTC)
    assert is_open(sunday, [], MEUSE, datetime(2027, 3, 28, 7, 0, tzinfo=UTC))
    assert not is_open(sunday, [], MEUSE, datetime(2027, 3, 28, 6, 59, tzinfo=UTC))


def test_an_hour_that_does_not_exist_becomes_the_one_on_the_clocks() -> None:
    night = [Window(6, time(2, 30), time(5))]
    opening = next_opening(night, [], MEUSE, paris("2027-03-28T01:00"))
    assert opening is not None
    assert (opening.hour, opening.minute) == (3, 30)
    assert is_open(night, [], MEUSE, opening)


def test_clocks_go_back_on_31_october() -> None:
    sunday = [Window(6, time(9), time(12))]
    assert next_opening(sunday, [], MEUSE, paris("2027-10-31T00:30")) == datetime(2027, 10, 31, 8, tzinfo=UTC)
    night = [Window(6, time(2, 15), time(2, 30))]
    # 2:20 comes twice, and the window is open both times.
    assert is_open(night, [], MEUSE, paris("2027-10-31T02:20", fold=0))
    assert is_open(night, [], MEUSE, paris("2027-10-31T02:20", fold=1))
    # 2:05 for the second time: the first 2:15 is past although the clock says it is to come.
    assert next_opening(night, [], MEUSE, paris("2027-10-31T02:05", fold=1)) == paris("2027-11-07T02:15")


@given(moments, st.sampled_from([MOSELLE, MEUSE]))
def test_the_next_opening_is_open_and_not_before(at: datetime, subdiv: str | None) -> None:
    opening = next_opening(WEEK, [], subdiv, at)
    assert opening is not None
    assert opening.astimezone(UTC) >= at
    assert is_open(WEEK, [], subdiv, opening)


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2027-03-25T07:59", True),
        ("2027-03-25T08:00", False),
        ("2027-03-25T20:59", False),
        ("2027-03-25T21:00", True),
        ("2027-03-27T18:00", False),  # Saturday
        ("2027-03-28T15:00", True),  # Sunday
    ],
)
def test_quiet_hours(at: str, quiet: bool) -> None:
    assert is_quiet(paris(at)) is quiet


@pytest.mark.parametrize(
    ("appointment", "day"),
    [
        ("2027-03-11T14:00", "2027-03-10"),
        ("2027-03-15T08:30", "2027-03-13"),  # Monday: recalled on Saturday
        ("2027-03-30T09:00", "2027-03-29"),
    ],
)
def test_the_last_loud_evening(appointment: str, day: str) -> None:
    assert last_loud_evening(paris(appointment)) == (paris(f"{day}T17:00"), paris(f"{day}T19:30"))


@given(moments)
def test_the_last_loud_evening_is_at_most_two_days_before(at: datetime) -> None:
    start, end = last_loud_evening(at)
    assert end < at
    assert at.astimezone(PARIS).date() - start.date() <= timedelta(days=2)
    assert start.weekday() != 6
    assert end - start == timedelta(hours=2, minutes=30)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2027, 3, 24), "hier"),
        (date(2027, 3, 25), "aujourd'hui"),
        (date(2027, 3, 26), "demain"),
        (date(2027, 3, 30), "mardi 30 mars"),
        (date(2027, 4, 1), "jeudi 1er avril"),
        (date(2027, 8, 18), "mercredi 18 août"),
    ],
)
def test_say_day(day: date, said: str) -> None:
    assert say_day(day, date(2027, 3, 25)) == said


def test_say_time() -> None:
    assert say_time(time(9)) == "9 h"
    assert say_time(time(14, 30)) == "14 h 30"
    assert say_time(time(9, 5)) == "9 h 05"
    assert say_time(datetime(2027, 7, 1, 12, 30, tzinfo=UTC)) == "14 h 30"


def test_say_moment_reads_both_clocks_in_paris() -> None:
    now = datetime(2027, 3, 25, 23, 30, tzinfo=UTC)  # Friday 0:30 in Paris
    assert say_moment(paris("2027-03-26T09:00"), now) == "aujourd'hui à 9 h"
    assert say_moment(paris("2027-03-27T09:00"), paris("2027-03-26T05:00")) == "demain à 9 h"
    assert say_moment(paris("2027-03-30T09:00"), now) == "mardi 30 mars à 9 h"


def test_at_night_tomorrow_has_its_name() -> None:
    sunday = paris("2027-03-14T02:00")
    assert say_moment(paris("2027-03-15T09:00"), sunday) == "lundi 15 mars à 9 h"
    assert say_moment(paris("2027-03-14T09:00"), sunday) == "aujourd'hui à 9 h"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        is_open(WEEK, [], MOSELLE, datetime(2027, 3, 25, 10))  # noqa: DTZ001
