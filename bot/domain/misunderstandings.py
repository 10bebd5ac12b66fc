"""What the bot misunderstood: why a message is shown to a coordinator, and what became of it."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from rapidfuzz import fuzz

from bot.domain.conversations import MAX_TO_ASSISTANT
from nlu.langue import fold

KEPT = timedelta(days=30)
# "c'est pas ça" is about what was said just before.
ABOUT_LAST = timedelta(minutes=10)
NEARLY_SAME = 90  # of rapidfuzz's ratio, 0 to 100
SHORTEST = 2
# The part of a longer message, copied as it is, is still somebody's words; below, everyone writes the same.
OWN_WORDS = 5
# Rasa reads these as marks of its own.
SIGNS = re.compile(r"[\[\]{}()|<>\\]")


class Cause(StrEnum):
    HESITATED = "hesitated"
    NOT_UNDERSTOOD = "not_understood"
    CORRECTED = "corrected"
    DISLIKED = "disliked"

    @property
    def label(self) -> str:
        return {
            "hesitated": "Le robot hésitait",
            "not_understood": "Pas compris",
            "corrected": "Corrigé par le jeune",
            "disliked": "Réponse à côté, dit le jeune",
        }[self.value]


class MisreadState(StrEnum):
    WAITING = "waiting"
    CORRECTED = "corrected"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"


BESIDE_THE_POINT = re.compile(
    r"^👎|^(?:non )?(?:"
    r"(?:tu |t')(?:n')?(?:as|a) (?:rien|pas|mal) (?:compris|capte|suivi)"
    r"|tu (?:ne )?comprends? (?:rien|pas|mal)|tu reponds? (?:completement |totalement )?(?:a cote|mal)"
    r"|c'est pas (?:ca|ce) que j'ai (?:dit|demande|ecrit)|c'est pas ma question|(?:ca n'a )?rien a voir"
    r"|(?:(?:t'es|tu es) )?a cote de la plaque|mauvaise reponse)\b"
)


def dislikes(plain: str, text: str) -> bool:
    """Whether a message, alone, says that the last answer was beside the point; `plain` is it without accents."""
    return bool(BESIDE_THE_POINT.match(text.strip()) or BESIDE_THE_POINT.match(plain))


def one_line(sentence: str) -> str:
    return re.sub(r"\s+", " ", sentence).strip()


def is_fair(sentence: str) -> bool:
    """Whether it has the length of a message that the model reads."""
    return SHORTEST <= len(sentence) <= MAX_TO_ASSISTANT


def is_theirs(sentence: str, original: str) -> bool:
    """Whether a rewritten sentence is still the young person's own, or nearly."""
    mine, theirs = _letters(sentence), _letters(original)
    if fuzz.ratio(mine, theirs) >= NEARLY_SAME:
        return True
    return len(mine.split()) >= OWN_WORDS and len(mine) <= len(theirs) and fuzz.partial_ratio(mine, theirs) >= 95


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", fold(text.lower())))
