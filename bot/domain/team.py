"""The team: roles, and the notices that tell someone that a young person waits."""

from __future__ import annotations

from datetime import timedelta
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
