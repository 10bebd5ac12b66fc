"""Does a message speak of danger? Read before the model, and whatever the model says."""

from bot.domain.safety.check import by_rules, check
from bot.domain.safety.classifier import gravest_part
from bot.domain.safety.meaning import Meaning
from bot.domain.safety.reading import (
    DISCREET_KINDS,
    NOTHING,
    Kind,
    Level,
    SafetyReading,
    Sure,
    When,
    Who,
)

__all__ = [
    "DISCREET_KINDS",
    "NOTHING",
    "Kind",
    "Level",
    "Meaning",
    "SafetyReading",
    "Sure",
    "When",
    "Who",
    "by_rules",
    "check",
    "gravest_part",
]
