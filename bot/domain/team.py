"""The team: roles, and the notices that tell someone that a young person waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.calendar import say_moment


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

    def say(self, now: datetime) -> str:
        """ "demain à 17 h, jusqu'à vendredi 12 mars à 9 h"."""
        return f"{say_moment(self.start, now)}, jusqu'à {say_moment(self.end, now)}"


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
            "transferred": "Une conversation t'est transmise",
            "taken_over": "Une de tes conversations a été reprise",
            "woken": "Une conversation mise de côté revient",
        }[self.value]
