"""When a freed slot is told, and how long it is held."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.domain.waiting import held_until, told_at
from tests.factories import paris


@pytest.mark.parametrize(
    ("told", "starts", "until"),
    [
        ("2027-03-10T10:00", "2027-03-12T10:00", "2027-03-10T12:00"),  # two hours
        ("2027-03-10T19:30", "2027-03-12T10:00", "2027-03-11T10:30"),  # thirty minutes, then the morning's
        ("2027-03-10T08:15", "2027-03-12T10:00", "2027-03-10T11:00"),  # nobody is asked to answer before nine
        ("2027-03-10T10:00", "2027-03-10T14:00", "2027-03-10T10:20"),  # within four hours
        ("2027-03-10T10:00", "2027-03-10T15:00", "2027-03-10T11:00"),  # it comes near meanwhile
        ("2027-03-10T10:00", "2027-03-10T10:10", "2027-03-10T10:10"),
        ("2027-03-27T19:00", "2027-03-29T10:00", "2027-03-28T10:00"),  # the night the clock changes
    ],
)
def test_how_long_an_offer_is_held(told: str, starts: str, until: str) -> None:
    assert held_until(paris(told), paris(starts)) == paris(until)


@pytest.mark.parametrize(
    ("freed", "told"),
    [
        ("2027-03-10T20:59", "2027-03-10T20:59"),
        ("2027-03-10T21:00", "2027-03-11T08:00"),
        ("2027-03-11T07:59", "2027-03-11T08:00"),
        ("2027-03-14T10:00", "2027-03-14T10:00"),  # a Sunday: they asked for it
        ("2027-03-27T23:00", "2027-03-28T08:00"),
    ],
)
def test_nobody_is_told_at_night(freed: str, told: str) -> None:
    at: datetime = told_at(paris(freed))
    assert at == paris(told)
