"""Figures that say what is true, and nothing of one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil
from statistics import median
from typing import TypeVar

# Fewer people than that, and someone who knows the place could tell who.
FEWEST = 5
LONGEST_PERIOD = timedelta(days=366)
PERIODS = (7, 30, 90, 365)

Key = TypeVar("Key")


def middle(delays: Sequence[timedelta]) -> timedelta | None:
    """The median; None for fewer than five, of which it would say little."""
    if len(delays) < FEWEST:
        return None
    return timedelta(seconds=median(delay.total_seconds() for delay in delays))


def nine_in_ten(delays: Sequence[timedelta]) -> timedelta | None:
    """The delay that nine in ten do not exceed (nearest rank); None for fewer than five."""
    return sorted(delays)[ceil(0.9 * len(delays)) - 1] if len(delays) >= FEWEST else None


def hide_small(counts: Mapping[Key, int], people: Mapping[Key, int]) -> dict[Key, int | None]:
    """The counts, with None for those of fewer than five people.

    One hidden count alone is what is missing from the total: the smallest of the others is then hidden with it.
    """
    hidden = {key for key in counts if 0 < people[key] < FEWEST}
    shown = [key for key in counts if counts[key] and key not in hidden]
    if len(hidden) == 1 and shown:
        hidden.add(min(shown, key=lambda key: counts[key]))
    return {key: None if key in hidden else count for key, count in counts.items()}


def steps_of(since: date, until: date, *, days: int) -> list[tuple[date, date]]:
    """The period day by day if it has `days` of them at most, by weeks from Monday up to six months, else by months.

    Both ends of each step are included.
    """
    long = (until - since).days + 1
    steps = []
    start = since
    while start <= until:
        if long <= days:
            end = start
        elif long <= 186:
            end = start + timedelta(days=6 - start.weekday())
        else:
            end = (start.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        steps.append((start, min(end, until)))
        start = end + timedelta(days=1)
    return steps
