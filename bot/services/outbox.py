"""Queue what goes out. See delivery.py for how it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.conversations import Author, Bubble, IncomingKind, Say
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.services import wording
from bot.storage.tables import Conversation, Message, OutboxRow


async def say(
    session: AsyncSession,
    conversation: Conversation,
    parts: Sequence[Say | Bubble],
    now: datetime,
    *,
    kind: OutboxKind = OutboxKind.REPLY,
    turn_id: int | None = None,
    once: str | None = None,
) -> list[OutboxRow]:
    """Queue something to say in a conversation, and keep it in its thread."""
    identity = conversation.identity
    seed = turn_id if turn_id is not None else conversation.id + int(now.timestamp()) // 86400
    own = await wording.own(
        session, conversation.structure_id, [part.response for part in parts if isinstance(part, Say)]
    )
    bubbles = [
        bubble for part in parts for bubble in ([part] if isinstance(part, Bubble) else texts.render(part, seed, own))
    ]
    messages = [
        Message(
            conversation_id=conversation.id,
            turn_id=turn_id,
            author=Author.ADVISER if kind is OutboxKind.ADVISER else Author.BOT,
            kind=IncomingKind.TEXT,
            text=bubble.text,
            at=now,
        )
        for bubble in bubbles
    ]
    session.add_all(messages)
    await session.flush()
    if identity.channel is Channel.PARTNER:
        return []  # nobody reads there yet
    rows = [
        OutboxRow(
            channel=identity.channel,
            address=identity.address,
            conversation_id=conversation.id,
            turn_id=turn_id,
            kind=kind,
            once_key=f"{once}:{index}" if once else None,
            payload={
                "text": bubble.text,
                "buttons": [[button.title, button.payload] for button in bubble.buttons],
                "yes": bubble.yes,
                "attachment": list(bubble.attachment) if bubble.attachment else None,
                "message": message.id,
            },
            not_before=now,
            created_at=now,
        )
        for index, (bubble, message) in enumerate(zip(bubbles, messages, strict=True))
    ]
    session.add_all(rows)
    await session.flush()
    return rows


async def queue(
    session: AsyncSession,
    channel: Channel,
    address: str,
    kind: OutboxKind,
    payload: dict[str, Any],
    now: datetime,
) -> OutboxRow:
    """Queue something that is not said in a conversation: a notice, a deletion, a button's receipt."""
    row = OutboxRow(channel=channel, address=address, kind=kind, payload=payload, not_before=now, created_at=now)
    session.add(row)
    await session.flush()
    return row
