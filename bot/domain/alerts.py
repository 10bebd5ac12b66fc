"""Alerts: how a human ends one, what is done of it, and what may be written first."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bot.domain.safety import Kind


class AlertEnd(StrEnum):
    OVER = "over"
    FALSE_ALARM = "false_alarm"

    @property
    def label(self) -> str:
        return {"over": "Close", "false_alarm": "Fausse alerte"}[self.value]


class SheetStep(StrEnum):
    """What a sheet dates, to the second, besides the steps of the handoff."""

    WRITTEN = "written"
    OPENED = "opened"
    RAISED = "raised"
    ANSWERED = "answered"
    SHOWN = "shown"
    REACHED = "reached"
    ACKNOWLEDGED = "acknowledged"
    FIRST_WORD = "first_word"
    OVER = "over"
    FALSE_ALARM = "false_alarm"
    CONFIRMED_FALSE = "confirmed_false"
    REOPENED = "reopened"
    FOLLOWED_UP = "followed_up"

    @property
    def label(self) -> str:
        return {
            "written": "Message écrit",
            "opened": "Alerte ouverte",
            "raised": "Niveau monté",
            "answered": "Numéros d'aide donnés par le robot",
            "shown": "Annoncée dans la console",
            "reached": "Reçue sur le téléphone",
            "acknowledged": "Vue",
            "first_word": "Premier mot d'un humain",
            "over": "Alerte close",
            "false_alarm": "Close comme fausse alerte",
            "confirmed_false": "Relue : fausse alerte",
            "reopened": "Relue : rouverte",
            "followed_up": "Suivi fait",
        }[self.value]


_VIOLENCE = {
    Kind.VIOLENCE,
    Kind.SEXUAL_VIOLENCE,
    Kind.CHILD_IN_DANGER,
    Kind.EXPLOITATION,
    Kind.FORCED_MARRIAGE,
    Kind.HARASSMENT,
}


def ready_response(kinds: Collection[Kind], *, discreet: bool) -> str:
    """The response an adviser may send first, as it is or changed.

    Where someone else may read the phone it names nothing (the safeguarding protocol's discreet mode).
    """
    if discreet:
        return "utter_ready_discreet"
    if {Kind.EMERGENCY, Kind.OVERDOSE} & set(kinds):
        return "utter_ready_emergency"
    if {Kind.SUICIDE, Kind.SELF_HARM} & set(kinds):
        return "utter_ready_suicide"
    if _VIOLENCE & set(kinds):
        return "utter_ready_violence"
    if Kind.HOMELESS_TONIGHT in kinds or Kind.RUNAWAY in kinds:
        return "utter_ready_shelter"
    return "utter_ready"
