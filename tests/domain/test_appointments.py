"""Which three slots are proposed."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.appointments import Mode, Slot, pick_three
from tests.factories import paris


def slots(*starts: str) -> list[Slot]:
    return [Slot(1, 1, 1, Mode.ON_SITE, paris(start), paris(start) + timedelta(minutes=30)) for start in sorted(starts)]


def picked(free: list[Slot], *wanted: tuple[str, str]) -> list[str]:
    spans = [(paris(start), paris(end)) for start, end in wanted]
    return [f"{slot.starts_at:%d %Hh%M}" for slot in pick_three(free, spans)]


TUESDAY = ("2027-03-09T14:00", "2027-03-09T15:00", "2027-03-09T16:00")
THURSDAY = ("2027-03-11T09:00", "2027-03-11T09:30", "2027-03-11T10:00")


def test_a_day_with_nothing_free_gives_the_nearest_on_both_sides() -> None:
    free = slots(*TUESDAY, *THURSDAY, "2027-03-16T09:00")
    assert picked(free, ("2027-03-10T00:00", "2027-03-11T00:00")) == ["09 16h00", "11 09h00", "16 09h00"]


def test_an_hour_that_is_taken_gives_the_nearest_hours_first() -> None:
    free = slots("2027-03-10T09:00", "2027-03-10T13:30", "2027-03-10T15:00", *THURSDAY)
    assert picked(free, ("2027-03-10T14:00", "2027-03-10T14:30")) == ["10 13h30", "10 15h00", "11 09h00"]


def test_with_little_left_the_same_day_is_proposed_again() -> None:
    assert picked(slots(*THURSDAY), ("2027-03-10T00:00", "2027-03-11T00:00")) == ["11 09h00", "11 09h30", "11 10h00"]


def test_the_same_hour_of_two_openings_is_proposed_once() -> None:
    free = [*slots("2027-03-11T09:00"), *slots("2027-03-11T09:00")]
    assert picked(free, ("2027-03-10T00:00", "2027-03-11T00:00")) == ["11 09h00"]
