"""Reading handoffs again: where a coordinator is with one, and how they are sorted."""

from __future__ import annotations

from enum import StrEnum

MAX_TAG = 24
MAX_TAGS = 8
MAX_COMMENT = 1000


class Mark(StrEnum):
    DONE = "done"
    TO_DISCUSS = "to_discuss"

    @property
    def label(self) -> str:
        return {"done": "Traité", "to_discuss": "À discuter"}[self.value]


class Outcome(StrEnum):
    """How a handoff ended, or where it is."""

    WAITING = "waiting"
    HELD = "held"
    GIVEN_BACK = "given_back"
    CLOSED = "closed"
    UNANSWERED = "unanswered"

    @property
    def label(self) -> str:
        return {
            "waiting": "En attente",
            "held": "En cours",
            "given_back": "Rendu au robot",
            "closed": "Terminé",
            "unanswered": "Fini sans réponse écrite",
        }[self.value]


class Delay(StrEnum):
    """How long until a human wrote, in the steps a coordinator looks for."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"
    LONGER = "longer"
    NEVER = "never"

    @property
    def label(self) -> str:
        return {
            "quarter": "15 min au plus",
            "hour": "de 15 min à 1 h",
            "day": "de 1 h à 24 h",
            "longer": "plus de 24 h",
            "never": "personne n'a écrit",
        }[self.value]

    @property
    def seconds(self) -> tuple[int, int] | None:
        """More than the first, up to the second; None where nobody wrote."""
        return {
            "quarter": (-1, 900),
            "hour": (900, 3600),
            "day": (3600, 86_400),
            "longer": (86_400, 2**31),
            "never": None,
        }[self.value]


class Order(StrEnum):
    NEWEST = "newest"
    LONGEST = "longest"
    SHORTEST = "shortest"

    @property
    def label(self) -> str:
        return {
            "newest": "les plus récents",
            "longest": "l'attente la plus longue",
            "shortest": "l'attente la plus courte",
        }[self.value]
