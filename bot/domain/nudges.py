"""What is sent without being asked: reminders of appointments, and nudges, which are rarer and can be stopped."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.calendar import EVENING, PARIS, QUIET_UNTIL, in_paris, is_quiet, last_loud_evening


class NudgeKind(StrEnum):
    EVENING = "evening"
    TWO_HOURS = "two_hours"
    NO_SHOW = "no_show"
    UNFINISHED = "unfinished"
    WORKSHOP = "workshop"
    SURVEY = "survey"

    @property
    def is_reminder(self) -> bool:
        """A reminder of what they asked for is not a nudge: `/stop` does not stop it (law 5)."""
        return self in (NudgeKind.EVENING, NudgeKind.TWO_HOURS, NudgeKind.WORKSHOP)

    @property
    def label(self) -> str:
        return {
            "evening": "Rappel de la veille",
            "two_hours": "Rappel deux heures avant",
            "no_show": "Relance après une absence",
            "unfinished": "Relance d'une réservation commencée",
            "workshop": "Rappel d'un atelier, la veille",
            "survey": "Avis demandé après un échange",
        }[self.value]


class NudgeState(StrEnum):
    PLANNED = "planned"
    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return {
            "planned": "Prévue",
            "queued": "En cours d'envoi",
            "sent": "Envoyée",
            "dropped": "Abandonnée",
            "unknown": "Envoi incertain",
        }[self.value]


def reminder_times(starts_at: datetime, booked_at: datetime) -> list[tuple[NudgeKind, datetime, datetime]]:
    """When to remind of an appointment: (kind, due, too late) triples, aware, in time order.

    The evening before, between 17:00 and 19:30 of the last day that is not quiet, and two hours before,
    unless that falls in quiet hours. An appointment booked a day ahead always has at least one: where
    neither fits, the last good moment before it (see `_last_moment`).
    """
    times = []
    evening_from, evening_until = last_loud_evening(starts_at)
    if booked_at < evening_until - timedelta(minutes=15):
        times.append((NudgeKind.EVENING, max(evening_from, booked_at + timedelta(minutes=10)), evening_until))
    two_hours = starts_at - timedelta(hours=2)
    if not is_quiet(two_hours) and two_hours > booked_at + timedelta(hours=1):
        times.append((NudgeKind.TWO_HOURS, two_hours, starts_at - timedelta(minutes=30)))
    if not times and starts_at - booked_at >= timedelta(hours=24):
        times.append((NudgeKind.EVENING, *_last_moment(starts_at, booked_at)))
    return times


def _last_moment(starts_at: datetime, booked_at: datetime) -> tuple[datetime, datetime]:
    """(due, too late): the last moment that is not quiet, half an hour before the appointment or earlier.

    Booked on a Sunday for the next morning, there may be none: then the end of the quiet hours, if it comes first;
    else the Sunday evening, since a reminder is due all the same (law 5) and Sunday is the lesser wrong.
    """
    quarter = timedelta(minutes=15)
    due = starts_at - 2 * quarter
    while is_quiet(due) and due > booked_at + quarter:
        due -= quarter
    if not is_quiet(due):
        return due, starts_at
    morning = in_paris(starts_at).replace(hour=QUIET_UNTIL.hour, minute=0, second=0, microsecond=0)
    if morning < starts_at:
        return morning, starts_at
    evening_from, evening_until = (datetime.combine(morning - timedelta(days=1), at, PARIS) for at in EVENING)
    return evening_from, evening_until


def next_loud_day(after: datetime, hour: int = 10) -> tuple[datetime, datetime]:
    """The window (from, until) of the next day on which a nudge may be sent, from `hour` to 20:00, Paris."""
    day = after.astimezone(PARIS)
    while True:
        day = (day + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)
        if not is_quiet(day):
            return day, day.replace(hour=20)
