"""What each adviser has read of what young people sent."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import IncomingKind
from bot.storage import changes
from bot.storage.queries import insert_new
from bot.storage.tables import Adviser, ChannelIdentity, Conversation, InboxRow, ReadMark

# Whoever blocked the robot, pressed a button or put a thumb on a message has not written.
NOT_WRITTEN = (
    IncomingKind.EDIT,
    IncomingKind.REACTION,
    IncomingKind.BUTTON,
    IncomingKind.BLOCKED,
    IncomingKind.UNBLOCKED,
)
UNREAD_KINDS = tuple(kind for kind in IncomingKind if kind not in NOT_WRITTEN)


async def last_sent(session: AsyncSession, conversation: Conversation) -> int:
    """The last row of the inbox that a young person wrote in a conversation; 0 when there is none."""
    return (await last_of(session, [conversation.id])).get(conversation.id, 0)


async def last_of(session: AsyncSession, conversations: Collection[int]) -> dict[int, int]:
    """The same for several conversations at once."""
    rows = await session.execute(
        select(Conversation.id, func.max(InboxRow.id))
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .join(
            InboxRow,
            (InboxRow.channel == ChannelIdentity.channel) & (InboxRow.address == ChannelIdentity.address),
        )
        .where(Conversation.id.in_(conversations), InboxRow.kind.in_(UNREAD_KINDS))
        .group_by(Conversation.id)
    )
    return dict(rows.all())


async def readers(session: AsyncSession, conversations: Collection[int]) -> dict[int, frozenset[int]]:
    """By conversation, the advisers who have read all that the young person wrote."""
    newest = await last_of(session, conversations)
    marks = await session.execute(
        select(ReadMark.conversation_id, ReadMark.adviser_id, ReadMark.inbox_id).where(
            ReadMark.conversation_id.in_(conversations)
        )
    )
    found: dict[int, set[int]] = {number: set() for number in conversations}
    for conversation_id, adviser_id, inbox_id in marks:
        if inbox_id >= newest.get(conversation_id, 0):
            found[conversation_id].add(adviser_id)
    return {number: frozenset(advisers) for number, advisers in found.items()}


async def is_read(session: AsyncSession, conversation: Conversation, adviser: Adviser) -> bool:
    """Whether an adviser has read all of it."""
    mark = await session.get(ReadMark, (adviser.id, conversation.id))
    return mark is not None and mark.inbox_id >= await last_sent(session, conversation)


async def mark(session: AsyncSession, conversation: Conversation, adviser: Adviser, inbox_id: int) -> None:
    """An adviser has seen what came in up to a row of the inbox; a mark never goes back."""
    seen = min(inbox_id, await last_sent(session, conversation))
    fresh = await insert_new(session, ReadMark, adviser_id=adviser.id, conversation_id=conversation.id, inbox_id=seen)
    if not fresh:
        moved = await session.execute(
            update(ReadMark)
            .where(
                ReadMark.adviser_id == adviser.id,
                ReadMark.conversation_id == conversation.id,
                ReadMark.inbox_id < seen,
            )
            .values(inbox_id=seen)
        )
        assert isinstance(moved, CursorResult)
        if not moved.rowcount:
            return
    # Their other open pages lose the mark of what is unread.
    changes.note(session.sync_session, conversation.id)
