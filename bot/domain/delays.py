"""How late someone says they will be."""

from __future__ import annotations

import re

from bot.domain.replies import plain

HOURS = re.compile(r"\b(\d{1,2}) ?(?:h|heures?)(?: ?(\d{2}))?\b|\b(une?) (?:h|heures?)\b")
MINUTES = re.compile(r"\b(\d{1,3}) ?(?:min|mins|minutes?|mn|m)\b")
WORDS = (
    (re.compile(r"\bquart d'heure\b"), 15),
    (re.compile(r"\bdemi(?:e)?[ -]heure\b"), 30),
    (re.compile(r"\bcinq minutes?\b"), 5),
    (re.compile(r"\bdix minutes?\b"), 10),
    (re.compile(r"\bvingt minutes?\b"), 20),
)


def minutes(text: str) -> int | None:
    """The delay a text speaks of, in minutes, 180 at most; None if it says none."""
    said = plain(text)
    for pattern, value in WORDS:
        if pattern.search(said):
            return value
    if found := MINUTES.search(said):
        return min(180, int(found[1]))
    if "retard" in said and (found := HOURS.search(said)):
        return min(180, int(found[1] or 1) * 60 + int(found[2] or 0))
    return None
