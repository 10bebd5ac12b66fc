"""The assistant that answers while Rasa is away: what needs no model still works."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import replies
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffReason
from bot.errors import Refusal
from bot.services import answers, appointments, asking, booking, drafts, places
from bot.storage.tables import Conversation, Turn

HUMAN = re.compile(r"\b(?:humain|quelqu'un|une personne|conseiller|conseillere|une vraie)\b")
MINE = re.compile(r"\b(?:mon|mes) rendez-vous\b")
BOOK = re.compile(r"\brendez-vous\b")
WHERE = re.compile(r"\b(?:ou|quand|horaires?|adresse|bus|camion|permanence)\b")


async def answer(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> list[Say]:
    """Booking, my appointment, a human, the places, read by a few words; else the menu."""
    text = turn.text or ""
    plain = replies.plain(text)
    try:
        pending = await answers.to_pending(session, conversation, turn, replies.yes_or_no(text), now)
        if pending is not None:
            return pending
        draft = await drafts.open_draft(session, conversation, now)
        if draft is not None:
            said = await booking.answer(session, conversation, draft, text, now)
            if said is not None:
                return said
        if HUMAN.search(plain):
            return await asking.ask_and_say(session, conversation, HandoffReason.ASKED, now)
        if MINE.search(plain):
            return await appointments.tell(session, conversation, now)
        if BOOK.search(plain):
            return await booking.start(session, conversation, text, now)
        if WHERE.search(plain) and (await places.find(session, conversation, text)).places:
            return await places.tell(session, conversation, text, now)
    except Refusal as refusal:
        return [Say(refusal.response, refusal.values)]
    return [Say("utter_rasa_away")]
