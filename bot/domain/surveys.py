"""What a young person says of a human's answers: three faces, asked once, at a decent hour."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum

from bot.domain.calendar import in_paris, is_quiet, moment
from bot.domain.handoffs import HandoffReason

# Nobody who was not well is asked to judge how they were answered (safeguarding: never after an alert).
NOT_ASKED_AFTER = (HandoffReason.SAFETY, HandoffReason.WELLBEING, HandoffReason.ERASURE)
ASKED_AFTER = timedelta(minutes=15)
ASKED_WITHIN = timedelta(hours=48)
# Someone who was asked is left in peace.
REST = timedelta(days=7)
ASKED_FROM, ASKED_UNTIL = time(9), time(20)


class Face(StrEnum):
    GOOD = "good"
    SO_SO = "so_so"
    BAD = "bad"

    @property
    def label(self) -> str:
        return {"good": "Bien", "so_so": "Bof", "bad": "Pas bien"}[self.value]


def may_be_asked(at: datetime) -> bool:
    """Whether `at` is a decent hour for a question nobody waits for: from 9:00 to 20:00, not on a Sunday."""
    return ASKED_FROM <= in_paris(at).time() < ASKED_UNTIL and not is_quiet(at)


def survey_time(ended_at: datetime) -> tuple[datetime, datetime]:
    """(due, too late): a quarter of an hour after the end, or at the next 9:00; 48 hours later it is too late."""
    due = ended_at + ASKED_AFTER
    day = in_paris(due).date()
    while not may_be_asked(due):
        if (morning := moment(day, ASKED_FROM)) > due:
            due = morning
        day += timedelta(days=1)
    return due, ended_at + ASKED_WITHIN
