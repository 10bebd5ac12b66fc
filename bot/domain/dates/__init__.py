"""Dates and times as young people write them in French: one call, `read`."""

from bot.domain.dates.model import (
    PARIS,
    PART_HOURS,
    Candidate,
    Grain,
    Part,
    PartHours,
    Reading,
    Refusal,
    RefusalReason,
)
from bot.domain.dates.reading import read

__all__ = [
    "PARIS",
    "PART_HOURS",
    "Candidate",
    "Grain",
    "Part",
    "PartHours",
    "Reading",
    "Refusal",
    "RefusalReason",
    "read",
]
