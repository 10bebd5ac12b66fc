"""The waiting list: when someone in line is told of a freed slot, and how long it is held for them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from bot.domain.calendar import QUIET_FROM, QUIET_UNTIL, in_paris, moment

# An offer is held two hours, counted while people are awake and about; twenty minutes when the slot is near.
HELD = timedelta(hours=2)
COUNTED_FROM, COUNTED_UNTIL = time(9), time(20)
NEAR = timedelta(hours=4)
HELD_WHEN_NEAR = timedelta(minutes=20)
# Whoever lets as many offers pass is not asked any more: rdv-service-public stops at three too.
MOST_MISSED = 3


class WaitingState(StrEnum):
    """A place in line for an earlier appointment."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LEFT = "left"

    @property
    def label(self) -> str:
        return {"waiting": "En attente", "offered": "Créneau proposé", "taken": "Obtenu", "left": "Sorti"}[self.value]


def is_late(at: datetime) -> bool:
    """Whether an offer must wait for the morning: from 21:00 to 8:00, Paris. It has been asked for, so not Sundays."""
    clock = in_paris(at).time()
    return clock >= QUIET_FROM or clock < QUIET_UNTIL


def told_at(now: datetime) -> datetime:
    """When someone is told of a slot freed at `now`: at once, or in the morning."""
    if not is_late(now):
        return now
    local = in_paris(now)
    day = local.date() if local.time() < QUIET_UNTIL else local.date() + timedelta(days=1)
    return moment(day, QUIET_UNTIL).astimezone(UTC)


def held_until(told: datetime, starts_at: datetime) -> datetime:
    """Until when a slot that begins at `starts_at` is held for someone told of it at `told`."""
    near = min(told + HELD_WHEN_NEAR, starts_at)
    if starts_at - told <= NEAR:
        return near
    return max(near, min(_counted(told, HELD), starts_at - NEAR))


def _counted(since: datetime, length: timedelta) -> datetime:
    """`length` after `since`, counting only from 9:00 to 20:00 in Paris."""
    left, at = length, since.astimezone(UTC)
    while True:
        day = in_paris(at).date()
        opens, closes = (moment(day, clock).astimezone(UTC) for clock in (COUNTED_FROM, COUNTED_UNTIL))
        begins = max(at, opens)
        if begins + left <= closes:
            return begins + left
        left -= max(closes - begins, timedelta(0))
        at = moment(day + timedelta(days=1), COUNTED_FROM).astimezone(UTC)
