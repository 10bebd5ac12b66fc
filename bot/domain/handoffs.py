"""Handoffs: a human is asked for, takes the conversation, gives it back."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class HandoffState(StrEnum):
    ASKED = "asked"
    TAKEN = "taken"
    SNOOZED = "snoozed"  # held, and put aside until a moment or until the young person writes
    GIVEN_BACK = "given_back"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return {
            "asked": "En attente",
            "taken": "Pris",
            "snoozed": "Mis de côté",
            "given_back": "Rendu au robot",
            "closed": "Terminé",
        }[self.value]


# What a human writes at once; signed, it fits in Telegram's 4,096 characters.
MAX_ANSWER = 4000

# The bot is silent, whatever else (law 2).
HELD_STATES = (HandoffState.TAKEN, HandoffState.SNOOZED)
OPEN_STATES = (HandoffState.ASKED, *HELD_STATES)

LONGEST_SNOOZE = timedelta(days=60)
LONGEST_NOTE = 500
# Those a conversation is routed to are told first; after this, everyone who is there.
ROUTED_FIRST = timedelta(minutes=5)


class Step(StrEnum):
    """What happened to a handoff: one row of its history for each."""

    ASKED = "asked"
    TAKEN = "taken"
    TAKEN_OVER = "taken_over"
    TRANSFERRED = "transferred"
    TRANSFER_OVER = "transfer_over"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    PROMISED = "promised"
    RETURNED = "returned"
    OFFERED = "offered"
    WROTE_FIRST = "wrote_first"
    GIVEN_BACK = "given_back"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return {
            "asked": "Demande",
            "taken": "Prise",
            "taken_over": "Reprise à un·e collègue",
            "transferred": "Transmise",
            "transfer_over": "Fin du transfert",
            "snoozed": "Mise de côté",
            "woken": "Revenue",
            "promised": "Réponse promise",
            "returned": "Sans réponse, revenue dans la file",
            "offered": "Proposée aux collègues",
            "wrote_first": "Premier message de l'équipe",
            "given_back": "Rendue au robot",
            "closed": "Terminée",
        }[self.value]


class Why(StrEnum):
    """Why a conversation is for an adviser, the strongest reason first."""

    WISHED = "wished"
    KNOWN = "known"
    WOMAN_OR_MAN = "woman_or_man"
    PLACE = "place"
    THEME = "theme"

    @property
    def label(self) -> str:
        return {
            "wished": "T'attend",
            "known": "Te connaît",
            "woman_or_man": "Ton profil est demandé",
            "place": "De ton secteur",
            "theme": "Sur un de tes thèmes",
        }[self.value]


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
    WROTE_FIRST = "wrote_first"

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
            "wrote_first": "L'équipe a écrit en premier",
        }[self.value]


# What the team reads without an answer being announced, or what an alert speaks of.
NO_ANSWER_PROMISED = (HandoffReason.SAFETY, HandoffReason.NEWS, HandoffReason.ERASURE, HandoffReason.WROTE_FIRST)

# Safety first, then who waits longest.
PRIORITY = {HandoffReason.SAFETY: 0, HandoffReason.WELLBEING: 1, HandoffReason.VOICE: 1}
# Who was let down once waits less the second time.
RETURNED_PRIORITY = 1
DEFAULT_PRIORITY = 2
