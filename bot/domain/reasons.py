"""Reasons of an appointment (motifs): how long, how soon, how late, and who may book."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.appointments import CHANGE_NOTICE, LONGEST_NOTICE, SHORTEST_NOTICE

# Every structure has it; what a young person books when they ask for nothing in particular.
FIRST_MEETING = "first_meeting"
FIRST_MEETING_NAME = "Un premier rendez-vous"
SHORTEST_NOTICE_MINUTES = int(SHORTEST_NOTICE.total_seconds()) // 60
LONGEST_NOTICE_DAYS = LONGEST_NOTICE.days
CHANGE_NOTICE_MINUTES = int(CHANGE_NOTICE.total_seconds()) // 60


class BookableBy(StrEnum):
    """Who may book an appointment for a reason."""

    YOUNG = "young"
    ADVISER = "adviser"
    PARTNER = "partner"

    @property
    def label(self) -> str:
        return {"young": "Le jeune", "adviser": "L'équipe", "partner": "Un partenaire"}[self.value]
