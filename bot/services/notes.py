"""What the team writes to itself about a young person: notes in the thread, and the name on the card. Never sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import AnswerTooLong, NothingWritten, NotYourStructure
from bot.services import people
from bot.storage.tables import Adviser, Conversation, Note

MAX_NOTE = 2000
MAX_NICKNAME = 40


async def write(session: AsyncSession, conversation: Conversation, adviser: Adviser, text: str, now: datetime) -> Note:
    """Keep a note in the thread. Whoever is in the structure reads it; the young person never does.

    Raises:
        NotYourStructure: the conversation belongs to a structure the adviser is not in.
        NothingWritten, AnswerTooLong: the text is empty, or longer than 2,000 characters.
    """
    if conversation.structure_id != adviser.structure_id:
        raise NotYourStructure
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NothingWritten
    if len(text) > MAX_NOTE:
        raise AnswerTooLong(most=str(MAX_NOTE), length=str(len(text)))
    note = Note(
        conversation_id=conversation.id,
        structure_id=conversation.structure_id,
        adviser_id=adviser.id,
        text=text,
        at=now,
    )
    session.add(note)
    await session.flush()
    return note


async def name(session: AsyncSession, conversation: Conversation, adviser: Adviser, nickname: str) -> None:
    """Keep how the team calls a young person, in all of their conversations with the structure; empty forgets it.

    Raises:
        NotYourStructure: the conversation belongs to a structure the adviser is not in.
    """
    if conversation.structure_id != adviser.structure_id:
        raise NotYourStructure
    said = " ".join(nickname.split())[:MAX_NICKNAME].strip() or None
    for theirs in await people.conversations_of(session, conversation.identity.person_id):
        if theirs.structure_id == conversation.structure_id:
            theirs.nickname = said
