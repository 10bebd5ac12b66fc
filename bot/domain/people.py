"""Young people: the channels they write from, and the dates that matter in their path."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    TELEGRAM = "telegram"
    WEB = "web"
    TERMINAL = "terminal"
    PARTNER = "partner"  # a partner booked for them, and they have not come yet
    TEAM = "team"  # the team's own group: what is written there is nobody's conversation

    @property
    def label(self) -> str:
        return {
            "telegram": "Telegram",
            "web": "Messagerie du site",
            "terminal": "Terminal de démonstration",
            "partner": "Par un partenaire",
            "team": "Groupe de l'équipe",
        }[self.value]


class MilestoneKind(StrEnum):
    """Dates kept apart from the messages, so that figures outlive them."""

    FIRST_CONTACT = "first_contact"
    FIRST_HUMAN_ANSWER = "first_human_answer"
    FIRST_APPOINTMENT_HONOURED = "first_appointment_honoured"

    @property
    def label(self) -> str:
        return {
            "first_contact": "Premier contact",
            "first_human_answer": "Première réponse humaine",
            "first_appointment_honoured": "Premier rendez-vous honoré",
        }[self.value]
