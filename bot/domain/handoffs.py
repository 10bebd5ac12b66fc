"""Handoffs: a human is asked for, takes the conversation, gives it back."""

from __future__ import annotations

from enum import StrEnum


class HandoffState(StrEnum):
    ASKED = "asked"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return {
            "asked": "En attente",
            "taken": "Pris",
            "given_back": "Rendu au robot",
            "closed": "Terminé",
        }[self.value]


# What a human writes at once; signed, it fits in Telegram's 4,096 characters.
MAX_ANSWER = 4000

OPEN_STATES = (HandoffState.ASKED, HandoffState.TAKEN)


class HandoffReason(StrEnum):
    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    VOICE = "voice"
    CALLBACK = "callback"
    WELLBEING = "wellbeing"
    SAFETY = "safety"
    FOR_SOMEONE_ELSE = "for_someone_else"
    NEWS = "news"
    TOO_LATE_TO_CHANGE = "too_late_to_change"
    NO_SLOT = "no_slot"
    WORKSHOP = "workshop"
    UNREADABLE = "unreadable"
    ERASURE = "erasure"

    @property
    def label(self) -> str:
        return {
            "asked": "Veut parler à quelqu'un",
            "not_understood": "Le robot n'a pas compris deux fois",
            "voice": "Un vocal à écouter",
            "callback": "Veut être rappelé",
            "wellbeing": "Ne va pas bien",
            "safety": "Peut-être en danger",
            "for_someone_else": "Écrit pour quelqu'un d'autre",
            "news": "Donne des nouvelles de sa situation",
            "too_late_to_change": "Veut changer un rendez-vous trop proche",
            "no_slot": "Ne trouve pas de créneau",
            "workshop": "Veut un atelier ou un chantier",
            "unreadable": "A envoyé quelque chose que le robot ne lit pas",
            "erasure": "Demande l'effacement pendant une alerte",
        }[self.value]


# Safety first, then who waits longest.
PRIORITY = {HandoffReason.SAFETY: 0, HandoffReason.WELLBEING: 1, HandoffReason.VOICE: 1}
DEFAULT_PRIORITY = 2
