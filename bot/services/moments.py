"""Moments proposed in one tap: to promise an answer at, to put a conversation aside until."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.calendar import PARIS, day_bounds, in_paris
from bot.services.team import Hours

SOONEST = timedelta(minutes=20)
PROPOSED = 3


def to_answer(hours: Hours, now: datetime) -> list[datetime]:
    """The next full hours of the day at which an adviser is there, then their next opening; three in all."""
    local = in_paris(now)
    first = (local + SOONEST).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    rest = [first.replace(hour=hour) for hour in range(first.hour, 24)] if first.date() == local.date() else []
    today = [one for one in rest if hours.is_open(one)]
    return [*today[: PROPOSED - 1], *_openings(hours, now)][:PROPOSED]


def to_come_back(hours: Hours, now: datetime) -> list[datetime]:
    """In an hour, at a round quarter, and at the openings of the next days."""
    later = in_paris(now).replace(second=0, microsecond=0) + timedelta(hours=1)
    return [later + timedelta(minutes=-later.minute % 15), *_openings(hours, now)][:PROPOSED]


def _openings(hours: Hours, now: datetime) -> list[datetime]:
    """When the adviser opens on the next two days they are there."""
    found: list[datetime] = []
    after = day_bounds(in_paris(now).date())[1]
    while len(found) < PROPOSED - 1 and (opening := hours.next_opening(after)) is not None:
        found.append(opening.astimezone(PARIS))
        after = day_bounds(in_paris(opening).date())[1]
    return found
