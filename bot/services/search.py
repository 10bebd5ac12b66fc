"""Find a conversation by a name the team wrote, a note, or a message; in one's own structure only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import SearchTooShort
from bot.services import desk
from bot.services.desk import Who
from bot.storage.tables import Conversation, Message, Note, Structure

SHORTEST, LONGEST = 3, 80
MOST = 30
AROUND = 60


class Found(StrEnum):
    """Where the words were."""

    NICKNAME = "nickname"
    NOTE = "note"
    MESSAGE = "message"

    @property
    def label(self) -> str:
        return {"nickname": "Sur la fiche", "note": "Dans une note", "message": "Dans un message"}[self.value]


@dataclass(frozen=True)
class Hit:
    """One place where the words are: what comes before, the words, what comes after."""

    who: Who
    found: Found
    at: datetime | None
    before: str
    words: str
    after: str


@dataclass(frozen=True)
class Results:
    """At most 30 of each sort, the newest first; `more` when there are others."""

    hits: tuple[Hit, ...]
    more: bool


async def find(session: AsyncSession, structure: Structure, words: str) -> Results:
    """Where `words` are, in what the team of a structure may read; capitals do not matter.

    SQLite does not know that "É" is "é": there, an accented capital is found as it was written.

    Raises:
        SearchTooShort: fewer than 3 characters.
    """
    words = " ".join(words.split())[:LONGEST]
    if len(words) < SHORTEST:
        raise SearchTooShort(least=str(SHORTEST))
    ours = Conversation.structure_id == structure.id
    named = (
        await session.scalars(
            select(Conversation)
            .where(ours, Conversation.nickname.icontains(words, autoescape=True))
            .order_by(Conversation.id.desc())
            .limit(MOST + 1)
        )
    ).all()
    noted = (
        await session.execute(
            select(Conversation, Note.text, Note.at)
            .join(Note, Note.conversation_id == Conversation.id)
            .where(ours, Note.structure_id == structure.id, Note.text.icontains(words, autoescape=True))
            .order_by(Note.id.desc())
            .limit(MOST + 1)
        )
    ).all()
    said = (
        await session.execute(
            select(Conversation, Message.text, Message.at)
            .join(Message, Message.conversation_id == Conversation.id)
            .where(ours, Message.text.icontains(words, autoescape=True))
            .order_by(Message.id.desc())
            .limit(MOST + 1)
        )
    ).all()
    hits = [_hit(one, Found.NICKNAME, one.nickname or "", None, words) for one in named[:MOST]]
    hits += [_hit(one, Found.NOTE, text, at, words) for one, text, at in noted[:MOST]]
    hits += [_hit(one, Found.MESSAGE, text, at, words) for one, text, at in said[:MOST]]
    return Results(tuple(hits), more=max(len(named), len(noted), len(said)) > MOST)


def _hit(conversation: Conversation, found: Found, text: str, at: datetime | None, words: str) -> Hit:
    text = " ".join(text.split())
    start = max(text.lower().find(words.lower()), 0)
    end = start + len(words)
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return Hit(
        desk.who(conversation),
        found,
        at,
        f"…{before}" if start > AROUND else before,
        text[start:end],
        f"{after}…" if end + AROUND < len(text) else after,
    )
