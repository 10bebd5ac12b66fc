"""Change a message an adviser sent, or take it back: on the young person's screen, not in the team's thread."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Author
from bot.domain.files import MAX_CAPTION
from bot.domain.handoffs import MAX_ANSWER
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.errors import AnswerTooLong, NothingToDo, NothingWritten, NotYourMessage, TooLateToTakeBack
from bot.services import outbox, wording
from bot.services.rights import DELETABLE
from bot.storage.queries import lock
from bot.storage.tables import Adviser, Message, OutboxRow

REACHES = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.SENT)


async def edit(session: AsyncSession, message: Message, adviser: Adviser, text: str, now: datetime) -> None:
    """Change what a message says; the team keeps what it said first.

    Raises:
        NotYourMessage: somebody else wrote it.
        NothingToDo: it never reached the young person, was taken back, or was erased.
        NothingWritten, AnswerTooLong: as for an answer.
    """
    row = await _carrier(session, message, adviser)
    text = text.replace("\r\n", "\n").strip()
    most = MAX_CAPTION if row.payload.get("file") else MAX_ANSWER
    if not text:
        raise NothingWritten
    if len(text) > most:
        raise AnswerTooLong(most=str(most), length=str(len(text)))
    signed = f"{await wording.signature(session, adviser)} : {text}"
    if signed == message.text:
        return
    message.text_before_edit = message.text_before_edit or message.text
    message.text, message.edited_at = signed, now
    row.payload = row.payload | {"text": signed, "version": row.payload.get("version", 0) + 1}
    captioned = bool(row.payload.get("file"))
    await _say_so(session, row, message, OutboxKind.EDIT, {"text": signed, "captioned": captioned}, now)


async def take_back(session: AsyncSession, message: Message, adviser: Adviser, now: datetime) -> None:
    """Have a message leave the young person's screen; the team still reads it.

    Raises:
        NotYourMessage, NothingToDo: as above.
        TooLateToTakeBack: it is more than 48 hours old.
    """
    row = await _carrier(session, message, adviser)
    if now - message.at > DELETABLE:
        raise TooLateToTakeBack
    message.withdrawn_at = now
    if row.state is OutboxState.WAITING:
        row.state, row.error = OutboxState.DROPPED, "taken back"
        return
    if row.channel is Channel.WEB:
        row.payload = row.payload | {"text": "", "buttons": [], "file": None, "gone": True, "version": -1}
    await _say_so(session, row, message, OutboxKind.DELETE, {}, now)


async def aim(session: AsyncSession, row: OutboxRow) -> str | None:
    """Say which message of the channel a change is for, once it has left; why there is none, if it never did."""
    if "of" not in row.payload or row.payload["references"]:
        return None
    reference = await session.scalar(select(Message.reference).where(Message.id == row.payload["of"]))
    if reference is None:
        return "never sent"
    row.payload = row.payload | {"references": [int(reference)]}
    return None


async def _carrier(session: AsyncSession, message: Message, adviser: Adviser) -> OutboxRow:
    """What carries a message of the adviser's to the young person; nobody else changes it meanwhile."""
    if message.author is not Author.ADVISER or message.adviser_id != adviser.id:
        raise NotYourMessage
    rows = await session.scalars(
        select(OutboxRow).where(
            OutboxRow.conversation_id == message.conversation_id,
            OutboxRow.kind == OutboxKind.ADVISER,
            OutboxRow.created_at == message.at,
        )
    )
    row = next((row for row in rows if row.payload.get("message") == message.id), None)
    if row is None or message.withdrawn_at is not None:
        raise NothingToDo
    await lock(session, row)
    if row.state not in REACHES:
        raise NothingToDo
    return row


async def _say_so(
    session: AsyncSession, row: OutboxRow, message: Message, kind: OutboxKind, about: dict[str, Any], now: datetime
) -> None:
    """Tell Telegram of a change. It leaves after the message itself, whose number there may not be known yet."""
    if row.channel is not Channel.TELEGRAM or row.state is OutboxState.WAITING:
        return
    payload = {"of": message.id, "references": [], "buttons": [], "attachment": None} | about
    queued = await outbox.queue(session, row.channel, row.address, kind, payload, now)
    queued.conversation_id = row.conversation_id
    await session.flush()
