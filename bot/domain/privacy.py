"""Which question of privacy a text asks: the police, the parents, what is kept, or who reads."""

from __future__ import annotations

import re

from bot.domain.replies import plain

QUESTIONS = (
    (
        re.compile(r"\b(?:police|flics?|keufs?|condes?|gendarmes?|prefecture|schmitts?|juges?|caf)\b"),
        "utter_privacy_police",
    ),
    (
        re.compile(r"\b(?:parents?|daron\w*|mere|pere|maman|papa|reum|reup|renps|famille|tuteur)\b"),
        "utter_privacy_parents",
    ),
    (
        re.compile(r"\b(?:garde\w*|conserve\w*|stocke\w*|enregistre\w*|combien de temps|efface\w*|donnees)\b"),
        "utter_privacy_kept",
    ),
)


def response_to(text: str) -> str:
    """The response that answers it."""
    said = plain(text)
    return next((response for pattern, response in QUESTIONS if pattern.search(said)), "utter_privacy")
