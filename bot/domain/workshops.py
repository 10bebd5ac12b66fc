"""Workshops and *chantiers jeunes*: what is done in a group, over one or several half-days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.calendar import in_paris
from bot.domain.replies import plain
from bot.domain.waiting import COUNTED_FROM, COUNTED_UNTIL

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
    return COUNTED_FROM <= in_paris(at).time() < COUNTED_UNTIL


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
