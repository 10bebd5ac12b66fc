"""Workshops and *chantiers jeunes*: what is done in a group, over one or several half-days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.calendar import in_paris
from bot.domain.replies import plain

# How long a seat that is freed is kept for the first in line; the hours of the night do not count (Paris).
OFFER = timedelta(hours=2)
OFFER_HOURS = (time(9), time(20))
# When it begins soon, the line goes faster.
SOON, OFFER_SOON = timedelta(hours=4), timedelta(minutes=20)
# Words that name no workshop in particular.
COMMON = frozenset(
    [
        "atelier",
        "ateliers",
        "chantier",
        "chantiers",
        "sortie",
        "groupe",
        "jeune",
        "jeunes",
        "info",
        "visite",
        "pour",
        "avec",
        "dans",
    ]
)


class WorkshopKind(StrEnum):
    ATELIER = "atelier"
    CHANTIER = "chantier"

    @property
    def label(self) -> str:
        return {"atelier": "Atelier", "chantier": "Chantier jeunes"}[self.value]


class RegistrationState(StrEnum):
    REGISTERED = "registered"
    WAITING = "waiting"
    OFFERED = "offered"
    LEFT = "left"
    MISSED = "missed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return {
            "registered": "Une place",
            "waiting": "Liste d'attente",
            "offered": "Place proposée",
            "left": "Ne vient plus",
            "missed": "N'a pas pris la place",
            "cancelled": "Annulé par la structure",
        }[self.value]


OPEN = (RegistrationState.REGISTERED, RegistrationState.WAITING, RegistrationState.OFFERED)


class Attendance(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    EXCUSED = "excused"

    @property
    def label(self) -> str:
        return {"present": "Présent", "absent": "Absent", "excused": "Excusé"}[self.value]


def may_offer(at: datetime) -> bool:
    """Whether a seat may be offered at `at`: nobody is woken up for one."""
    start, end = OFFER_HOURS
    return start <= in_paris(at).time() < end


def offer_ends(at: datetime, starts_at: datetime) -> datetime:
    """Until when a seat offered at `at` is kept: two hours of the day, twenty minutes if it starts within four.

    What is left of the two hours at 20:00 goes on the next day from 9:00.
    """
    if starts_at - at <= SOON:
        return min(at + OFFER_SOON, starts_at)
    start, end = OFFER_HOURS
    local = in_paris(at)
    tonight = local.replace(hour=end.hour, minute=0, second=0, microsecond=0)
    left = tonight - local
    if left >= OFFER:
        return min(at + OFFER, starts_at)
    tomorrow = (local + timedelta(days=1)).replace(hour=start.hour, minute=0, second=0, microsecond=0)
    return min(tomorrow + (OFFER - max(left, timedelta())), starts_at)


class Titled(Protocol):
    @property
    def title(self) -> str: ...

    @property
    def kind(self) -> WorkshopKind: ...


T = TypeVar("T", bound=Titled)


def asked_for(text: str, offered: Iterable[T]) -> Sequence[T]:
    """Those a text speaks of: by a word of the title ("cv"), else by the kind ("un chantier"), else all."""
    offered = list(offered)
    said = _words(text)
    by_title = [one for one in offered if (_words(one.title) - COMMON) & said]
    by_kind = [one for one in offered if {one.kind.value, f"{one.kind.value}s"} & said]
    return by_title or by_kind or offered


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", plain(text)) if len(word) > 1}
