"""Store what comes in, before anything is told to the channel (law 1)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import safety
from bot.domain.conversations import Incoming, IncomingKind
from bot.domain.people import Channel
from bot.storage import changes
from bot.storage.queries import insert_new
from bot.storage.tables import ChannelIdentity, Conversation, InboxRow

CONVERSATION = (
    select(Conversation.id)
    .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
    .where(ChannelIdentity.channel == bindparam("channel"), ChannelIdentity.address == bindparam("address"))
)


async def store(session: AsyncSession, channel: Channel, update_id: int, incoming: Incoming, now: datetime) -> bool:
    """Keep an update, once for each (channel, address, update id); True if it is new.

    What may be danger is marked here, so that after an outage it is answered before the rest.
    """
    young = channel is not Channel.TEAM and incoming.kind is IncomingKind.TEXT
    urgent = young and safety.by_rules(incoming.text).level >= safety.Level.HIGH
    await _note(session, channel, incoming.address)
    return await insert_new(
        session,
        InboxRow,
        channel=channel,
        update_id=update_id,
        address=incoming.address,
        kind=incoming.kind,
        payload=asdict(incoming) | {"at": incoming.at.isoformat()},
        urgent=urgent,
        received_at=now,
    )


async def _note(session: AsyncSession, channel: Channel, address: str) -> None:
    """An adviser who has the conversation open sees the message now, not when its turn comes."""
    conversation_id = await session.scalar(CONVERSATION, {"channel": channel, "address": address})
    if conversation_id is not None:
        changes.note(session.sync_session, conversation_id)


async def set_aside(
    session: AsyncSession, channel: Channel, update_id: int, raw: dict[str, Any], why: str, now: datetime
) -> bool:
    """Keep an update that cannot be read, raw, for someone to look at; True if it is new."""
    return await insert_new(
        session,
        InboxRow,
        channel=channel,
        update_id=update_id,
        address="",
        payload=raw,
        set_aside=why[:120],
        urgent=False,
        received_at=now,
    )


def read(row: InboxRow) -> Incoming:
    """The update as it was stored."""
    data = dict(row.payload)
    return Incoming(**data | {"at": datetime.fromisoformat(data["at"]), "kind": IncomingKind(data["kind"])})
