"""Does a message speak of danger? Read before the model, and whatever the model says."""

from bot.domain.safety.check import check
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

__all__ = ["DISCREET_KINDS", "NOTHING", "Kind", "Level", "SafetyReading", "Sure", "When", "Who", "check"]
