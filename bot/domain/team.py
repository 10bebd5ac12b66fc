"""The team: roles, and the notices that tell someone that a young person waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Role(StrEnum):
    ADVISER = "adviser"
    COORDINATOR = "coordinator"
    PARTNER = "partner"  # books for young people, sees what they booked, and is not of the team

    @property
    def label(self) -> str:
        return {"adviser": "Conseiller·ère", "coordinator": "Coordinateur·rice", "partner": "Partenaire"}[self.value]


class PresenceSaid(StrEnum):
    """What an adviser says of their own presence, for a while, whatever their hours."""

    HERE = "here"
    AWAY = "away"
    BUSY = "busy"

    @property
    def label(self) -> str:
        return {"here": "Je réponds", "away": "Je ne réponds pas", "busy": "Je suis en entretien"}[self.value]


@dataclass(frozen=True)
class Hole:
    """A stretch of time in which nobody of a structure is present, and nobody on call."""

    start: datetime
    end: datetime

    @property
    def length(self) -> str:
        """ "2 j 16 h", "16 h", "1 h 30", "30 min"."""
        minutes = int((self.end.astimezone(UTC) - self.start.astimezone(UTC)).total_seconds()) // 60
        days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
        if days:
            return f"{days} j {hours} h" if hours else f"{days} j"
        if not hours:
            return f"{rest} min"
        return f"{hours} h {rest:02}" if rest else f"{hours} h"


def say_delay(waited: timedelta) -> str:
    """How long an alert has been open, as a notice says it: "à l'instant", "depuis 10 min", "depuis 3 h"."""
    minutes = int(waited.total_seconds()) // 60
    if minutes < 1:
        return "à l'instant"
    return f"depuis {minutes} min" if minutes < 120 else f"depuis {minutes // 60} h"


LONGEST_MEETING = timedelta(hours=1)
LONGEST_AWAY = timedelta(days=60)


class NoticeKind(StrEnum):
    HANDOFF = "handoff"
    ALERT_CRITICAL = "alert_critical"
    ALERT_HIGH = "alert_high"
    UNREACHABLE = "unreachable"
    UNKNOWN_SEND = "unknown_send"
    LATE = "late"
    UNMARKED = "unmarked"
    NO_SHOWS = "no_shows"
    FALSE_ALARM = "false_alarm"
    REVIEWED = "reviewed"
    TRANSFERRED = "transferred"
    TAKEN_OVER = "taken_over"
    WOKEN = "woken"

    @property
    def label(self) -> str:
        return {
            "handoff": "Quelqu'un attend une réponse",
            "alert_critical": "Alerte, niveau critique",
            "alert_high": "Alerte, niveau élevé",
            "unreachable": "Quelqu'un a bloqué le robot",
            "unknown_send": "Une relance est peut-être partie",
            "late": "Quelqu'un sera en retard",
            "unmarked": "Un rendez-vous passé n'est pas marqué",
            "no_shows": "Deux absences : un appel peut aider",
            "false_alarm": "Une alerte vitale a été close comme fausse : à relire",
            "reviewed": "La coordination t'a écrit, voir Mon compte",
            "transferred": "Une conversation t'est transmise",
            "taken_over": "Une de tes conversations a été reprise",
            "woken": "Une conversation mise de côté revient",
        }[self.value]
