"""Openings (plages d'ouverture): on which days they hold, and where their slots begin.

Times of day are minutes on the clock of Paris; slots are counted in five-minute slices since 1970 (UTC), so that
two of them compare without a time zone, through both nights of the year when the clock changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from bot.domain.appointments import SLICE
from bot.domain.calendar import PARIS

SLICE_MINUTES = int(SLICE.total_seconds()) // 60
DAY_MINUTES = 24 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_OF_MONTH = -1


@dataclass(frozen=True)
class Pattern:
    """When an opening holds: `weekday` every `every_weeks` weeks, the `nth` of the month, or `on_date` alone.

    Weeks are counted from that of `first_date`. `nth` is 1 to 4, or -1 for the last of the month.
    """

    start_minute: int
    end_minute: int
    weekday: int | None = None
    on_date: date | None = None
    first_date: date | None = None
    last_date: date | None = None
    every_weeks: int = 1
    nth: int | None = None
    break_start_minute: int | None = None
    break_end_minute: int | None = None

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The hours of a day, (start, end) minutes: one span, or two around the break."""
        if self.break_start_minute is None or self.break_end_minute is None:
            return ((self.start_minute, self.end_minute),)
        return ((self.start_minute, self.break_start_minute), (self.break_end_minute, self.end_minute))

    def holds_on(self, day: date) -> bool:
        """Whether it takes place on `day`, absences and holidays aside."""
        return any(True for _ in self.days(day, day))

    def days(self, first: date, last: date) -> Iterator[date]:
        """The days it holds from `first` to `last`, both included."""
        if self.on_date is not None:
            if first <= self.on_date <= last:
                yield self.on_date
            return
        if self.weekday is None:
            return
        first = max(first, self.first_date or first)
        last = min(last, self.last_date or last)
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7)
        if self.every_weeks > 1 and self.first_date is not None:
            day += timedelta(weeks=-_weeks_between(self.first_date, day) % self.every_weeks)
        step = timedelta(weeks=self.every_weeks)
        while day <= last:
            if self.nth is None or _is_nth(day, self.nth):
                yield day
            day += step


@dataclass(frozen=True)
class Away:
    """When someone or somewhere is closed, both dates included.

    With `weekday`, only that day of each week; with minutes, only those hours.
    """

    first_date: date
    last_date: date
    weekday: int | None = None
    start_minute: int | None = None
    end_minute: int | None = None

    def hours_on(self, day: date) -> tuple[int, int] | None:
        """The (start, end) minutes that are closed on `day`; None if it is not."""
        if not self.first_date <= day <= self.last_date or self.weekday not in (None, day.weekday()):
            return None
        return self.start_minute or 0, DAY_MINUTES if self.end_minute is None else self.end_minute


def starts(pattern: Pattern, day: date, minutes: int, away: Iterable[Away] = ()) -> list[int]:
    """The slices at which the slots of `minutes` begin on a day it holds, without those an absence touches.

    Each span is cut from its beginning. Where the clock changes, a span lasts as long as it really does.
    """
    length = minutes // SLICE_MINUTES
    found = [start for opens, closes in pattern.spans for start in _cut(day, opens, closes, length)]
    for one in away:
        hours = one.hours_on(day)
        if hours is not None:
            since, until = (slice_at(day, minute) for minute in hours)
            found = [start for start in found if until <= start or start + length <= since]
    return found


@lru_cache(maxsize=8192)
def _cut(day: date, opens: int, closes: int, length: int) -> range:
    """Where the slots of a span begin. Kept, for most openings share their hours."""
    return range(slice_at(day, opens), slice_at(day, closes) - length + 1, length)


def slots(pattern: Pattern, day: date, minutes: int, away: Iterable[Away] = ()) -> list[tuple[datetime, datetime]]:
    """`starts`, as (start, end) pairs in UTC."""
    return [(instant(one), instant(one) + timedelta(minutes=minutes)) for one in starts(pattern, day, minutes, away)]


def slice_at(day: date, minute: int) -> int:
    """The slice that begins when the clock of Paris shows `minute` on `day`; 1440 is the next midnight.

    An hour that March skips is the one after it; of an hour that October repeats, the first is meant.
    """
    offset = _steady_offset(day)
    if offset is not None:
        return ((day.toordinal() - EPOCH.toordinal()) * DAY_MINUTES + minute - offset) // SLICE_MINUTES
    shown = datetime.combine(day + timedelta(days=minute // DAY_MINUTES), _clock(minute), PARIS)
    return int(shown.timestamp()) // int(SLICE.total_seconds())


@lru_cache(maxsize=16384)
def instant(slice_number: int) -> datetime:
    """When a slice begins, UTC."""
    return EPOCH + slice_number * SLICE


@lru_cache(maxsize=1024)
def _steady_offset(day: date) -> int | None:
    """Minutes Paris is ahead of UTC all that day; None when the clock changes."""
    morning, evening = (datetime.combine(day, time(hour), PARIS).utcoffset() for hour in (0, 12))
    assert morning is not None
    return int(morning.total_seconds()) // 60 if morning == evening else None


def _clock(minute: int) -> time:
    return time(minute % DAY_MINUTES // 60, minute % 60)


def _weeks_between(first: date, day: date) -> int:
    """Whole weeks from the Monday of one to the Monday of the other."""
    return ((day.toordinal() - day.weekday()) - (first.toordinal() - first.weekday())) // 7


def _is_nth(day: date, nth: int) -> bool:
    if nth == LAST_OF_MONTH:
        return (day + timedelta(weeks=1)).month != day.month
    return (day.day - 1) // 7 + 1 == nth
