"""Reasons of an appointment (motifs): how long, how soon, how late, and who may book."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from bot.domain.appointments import CHANGE_NOTICE, LONGEST_NOTICE, SHORTEST_NOTICE

# Every structure has it; what a young person books when they ask for nothing in particular.
FIRST_MEETING = "first_meeting"
FIRST_MEETING_NAME = "Un premier rendez-vous"
SHORTEST_NOTICE_MINUTES = int(SHORTEST_NOTICE.total_seconds()) // 60
LONGEST_NOTICE_DAYS = LONGEST_NOTICE.days
CHANGE_NOTICE_MINUTES = int(CHANGE_NOTICE.total_seconds()) // 60


class BookableBy(StrEnum):
    """Who may book an appointment for a reason."""

    YOUNG = "young"
    ADVISER = "adviser"
    PARTNER = "partner"

    @property
    def label(self) -> str:
        return {"young": "Le jeune", "adviser": "L'équipe", "partner": "Un partenaire"}[self.value]


# How young people name what some structures receive for, whatever the structure calls it.
SAID = {
    "cv": re.compile(r"\b(?:mon |un |le )?(?:cv|curriculum|lettres? de motiv\w*)\b"),
    "housing": re.compile(r"\b(?:logement|appart\w*|hebergement|studio|loyer)\b"),
    "follow_up": re.compile(r"\b(?:de |un |mon )suivi\b"),
    "training": re.compile(r"\b(?:formation|alternance|apprentissage)\b"),
}
COMMON = frozenset(("premier", "rendez-vous", "pour", "avec"))


def read_reason(plain: str, offered: Iterable[tuple[str, str]]) -> str | None:
    """The slug of what an appointment is for, among the (slug, name) offered, if a plain text says it."""
    words = set(plain.split())
    for slug, name in offered:
        said = SAID.get(slug)
        if said is not None and said.search(plain):
            return slug
        named = {word for word in name.lower().replace("’", "'").split() if word not in COMMON and len(word) > 3}
        if said is None and slug != FIRST_MEETING and named and named <= words:
            return slug
    return None
