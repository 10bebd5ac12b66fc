"""The texts a structure may put in its own words: where they stand, and what a text must keep."""

from __future__ import annotations

from enum import StrEnum


class WordingState(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return {
            "proposed": "Proposé, à valider",
            "in_force": "Utilisé",
            "replaced": "Remplacé",
            "refused": "Refusé",
        }[self.value]
