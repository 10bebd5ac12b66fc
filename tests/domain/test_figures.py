"""Figures that say what is true, and nothing of one person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.figures import FEWEST, hide_small, middle, nine_in_ten, steps_of


def minutes(*values: int) -> list[timedelta]:
    return [timedelta(minutes=value) for value in values]


def test_a_median_and_nine_in_ten_want_five_answers() -> None:
    assert middle(minutes(1, 2, 3, 4)) is None
    assert nine_in_ten(minutes(1, 2, 3, 4)) is None
    assert middle(minutes(50, 2, 8, 4, 6)) == timedelta(minutes=6)
    assert nine_in_ten(minutes(50, 2, 8, 4, 6)) == timedelta(minutes=50)
    assert nine_in_ten(minutes(*range(1, 101))) == timedelta(minutes=90)


def test_what_a_subtraction_would_tell_is_hidden_too() -> None:
    assert hide_small({"a": 20, "b": 9, "c": 3}, {"a": 20, "b": 8, "c": 2}) == {"a": 20, "b": None, "c": None}
    # Two hidden: their sum tells neither.
    assert hide_small({"a": 20, "b": 3, "c": 3}, {"a": 20, "b": 3, "c": 2}) == {"a": 20, "b": None, "c": None}
    # One person who asked nine times is one person.
    assert hide_small({"a": 20, "b": 9, "c": 9}, {"a": 20, "b": 1, "c": 7}) == {"a": 20, "b": None, "c": None}
    assert hide_small({"a": 6}, {"a": 6}) == {"a": 6}
    assert hide_small({"a": 2}, {"a": 2}) == {"a": None}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 30)))
def test_nobody_can_be_told_from_the_total(people: dict[str, int]) -> None:
    shown = hide_small(people, people)
    hidden = [key for key, count in shown.items() if count is None]
    assert all(people[key] >= FEWEST for key, count in shown.items() if count is not None)
    assert len(hidden) != 1 or len(people) == 1


@pytest.mark.parametrize(
    ("since", "until", "steps"),
    [
        ("2027-03-01", "2027-03-31", 31),
        ("2027-03-01", "2027-04-01", 5),  # weeks, the first from a Monday
        ("2027-01-01", "2027-12-31", 12),
        ("2027-03-10", "2027-03-10", 1),
    ],
)
def test_the_steps_of_a_period(since: str, until: str, steps: int) -> None:
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    found = steps_of(first, last, days=31)
    assert len(found) == steps
    assert (found[0][0], found[-1][1]) == (first, last)
    days = [start + timedelta(days=number) for start, end in found for number in range((end - start).days + 1)]
    assert days == [first + timedelta(days=number) for number in range((last - first).days + 1)]
