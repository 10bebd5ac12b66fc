"""What a text says that a booking can use: where, how, when, what for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import dates, replies
from bot.domain.appointments import Mode
from bot.domain.calendar import in_paris
from bot.domain.communes import Commune
from bot.domain.phones import read_phone
from bot.domain.reasons import BookableBy, read_reason
from bot.services import places, reasons
from bot.storage.tables import Conversation, Place

DAY_MINUTES = 24 * 60
MODE_WORDS = (
    (
        Mode.OUTSIDE,
        re.compile(
            r"\b(?:vers moi|me rejoindre|se voir dehors|dehors|pas dans un bureau|"
            r"(?:venir|venez|viens|vient|vienne|passer?|passez) "
            r"(?:me voir|chez moi|dans mon \w+|a ma \w+|pres de chez moi))\b"
        ),
    ),
    (Mode.PHONE, re.compile(r"\b(?:telephone|tel|phone|appel|appelle\w*|au bigo)\b")),
    (Mode.VIDEO, re.compile(r"\b(?:visio\w*|video|camera|zoom|teams|skype|en ligne)\b")),
    (Mode.ON_SITE, re.compile(r"\b(?:sur place|en vrai|en face|presentiel|physique)\b")),
)
Span = tuple[datetime, datetime]
Hours = tuple[int, int]
"""Minutes of any day, Paris time: from the first until before the second."""


@dataclass(frozen=True)
class Heard:
    """What a text says that a booking can use.

    `unsure` are the communes it may mean, and `said` how it was written. `hours` are of no day in particular.
    """

    places: tuple[Place, ...] = ()
    commune: Commune | None = None
    nearby: bool = False
    outside: Commune | None = None
    unsure: tuple[Commune, ...] = ()
    said: str = ""
    anywhere: bool = False
    mode: Mode | None = None
    phone: str | None = None
    wanted: tuple[Span, ...] = ()
    excluded: tuple[Span, ...] = ()
    hours: tuple[Hours, ...] = ()
    excluded_hours: tuple[Hours, ...] = ()
    soonest: bool = False
    reason: str | None = None
    refusal: str | None = None

    @property
    def anything_of_a_place(self) -> bool:
        return bool(self.places or self.commune or self.outside or self.unsure or self.anywhere)

    @property
    def anything(self) -> bool:
        return bool(
            self.anything_of_a_place
            or self.mode
            or self.phone
            or self.wanted
            or self.excluded
            or self.hours
            or self.excluded_hours
            or self.soonest
            or self.reason
            or self.refusal
        )


async def hear(
    session: AsyncSession, conversation: Conversation, text: str, now: datetime, *, asked: bool = False
) -> Heard:
    """Read places, mode, phone and dates in a text; `asked` tells that it answers the question where."""
    if not text.strip():
        return Heard()
    found = await places.find(session, conversation, text, asked=asked)
    reading = dates.read(text, now)
    refusal = None
    if reading.refused and not reading.candidates:
        impossible = reading.refused[0].reason is dates.RefusalReason.IMPOSSIBLE
        refusal = "utter_date_impossible" if impossible else "utter_date_past"
    return replace(
        heard_of(found),
        anywhere=replies.wants_anywhere(text),
        mode=read_mode(text),
        phone=read_phone(text),
        wanted=tuple((one.start, one.end) for one in reading.candidates if one.day_named),
        excluded=tuple((one.start, one.end) for one in reading.excluded if one.day_named),
        hours=tuple(_hours(one) for one in reading.candidates if not one.day_named),
        excluded_hours=tuple(_hours(one) for one in reading.excluded if not one.day_named),
        soonest=replies.wants_soonest(text),
        reason=await reason_said(session, conversation, text),
        refusal=refusal,
    )


def heard_of(found: places.Found) -> Heard:
    """What is heard where only a place was read."""
    return Heard(
        places=found.places,
        commune=found.commune,
        nearby=found.nearby,
        outside=found.outside,
        unsure=found.unsure,
        said=found.said,
    )


def _hours(candidate: dates.Candidate) -> Hours:
    """The minutes of the day of "le matin", said of no day in particular."""
    start, end = in_paris(candidate.start), in_paris(candidate.end)
    return start.hour * 60 + start.minute, DAY_MINUTES if end.date() > start.date() else end.hour * 60 + end.minute


def read_mode(text: str) -> Mode | None:
    """How they want to meet, if the text says it."""
    plain = replies.plain(text)
    return next((mode for mode, pattern in MODE_WORDS if pattern.search(plain)), None)


async def reason_said(session: AsyncSession, conversation: Conversation, text: str) -> str | None:
    """What the appointment is for, if the text says it and a young person may book for it."""
    offered = await reasons.bookable(session, conversation.structure_id, BookableBy.YOUNG)
    return read_reason(replies.plain(text), [(one.slug, one.name) for one in offered]) if text else None
