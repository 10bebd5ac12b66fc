"""Deliver the outbox: in order for each address, within the channel's limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.clock import Clock
from bot.domain.outbox import (
    MAX_ATTEMPTS,
    OVERALL,
    Limit,
    OutboxKind,
    OutboxState,
    chat_of,
    limit_of,
    retry_delay,
)
from bot.domain.people import Channel
from bot.services import alerts, budgets, nudges, rewriting, team, topic_sending
from bot.services.ports import Blocked, Messenger, Parcel, SendFailed, SendLater, SendRefused
from bot.storage.database import Database
from bot.storage.tables import ChannelIdentity, Conversation, Message, OutboxRow

log = structlog.get_logger(__name__)

# A file of ten megabytes takes its time: nobody must send it a second time meanwhile.
FILE_LEASE = timedelta(seconds=90)
# Built once: they are asked many times a second.
_DUE = and_(
    OutboxRow.channel.in_(bindparam("channels", expanding=True)),
    or_(
        and_(OutboxRow.state == OutboxState.WAITING, OutboxRow.not_before <= bindparam("now")),
        and_(OutboxRow.state == OutboxState.SENDING, OutboxRow.lease_until < bindparam("now")),
    ),
)
_earlier = aliased(OutboxRow)
NEXT = (
    select(OutboxRow)
    .where(
        _DUE,
        ~exists().where(
            _earlier.channel == OutboxRow.channel,
            _earlier.address == OutboxRow.address,
            _earlier.id < OutboxRow.id,
            _earlier.state.in_((OutboxState.WAITING, OutboxState.SENDING)),
        ),
    )
    .order_by(OutboxRow.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
NEXT_OF_ADDRESS = NEXT.where(OutboxRow.address == bindparam("address"))
SENT = select(OutboxRow).where(OutboxRow.id == bindparam("row")).with_for_update()
SOMETHING_IS_DUE = select(select(OutboxRow.id).where(_DUE).exists())


async def deliver(database: Database, messengers: Mapping[Channel, Messenger], clock: Clock, lease: timedelta) -> bool:
    """Send what is due at one address, in order, then at the next one; False if nothing is due anywhere any more.

    The claim, the sending and its result are three steps: nothing is open during the network call. The result
    of a row is kept in the same unit of work as the claim of the next one.
    """
    everywhere = list(messengers)
    async with database.unit_of_work() as session:
        row = await _claim(session, everywhere, clock.now(), lease)
    while row is not None and row.state is OutboxState.SENDING:
        sent = await _send(messengers[row.channel], row)
        async with database.unit_of_work() as session:
            now = clock.now()
            await _record(session, row.id, sent, now)
            row = await _claim(session, [row.channel], now, lease, row.address)
            row = row or await _claim(session, everywhere, now, lease)
    return row is not None


async def something_is_due(session: AsyncSession, channels: list[Channel], now: datetime) -> bool:
    """Whether a row may be sent; only looks, and may be wrong for a moment."""
    return bool(await session.scalar(SOMETHING_IS_DUE, {"channels": channels, "now": now}))


async def _claim(
    session: AsyncSession, channels: list[Channel], now: datetime, lease: timedelta, address: str | None = None
) -> OutboxRow | None:
    """The next row to send, leased; one that must not be sent any more is closed and given back closed."""
    values: dict[str, Any] = {"channels": channels, "now": now}
    if address is not None:
        values["address"] = address
    row = await session.scalar(NEXT if address is None else NEXT_OF_ADDRESS, values)
    if row is None:
        return None
    if row.state is OutboxState.SENDING and row.kind.at_most_once:
        row.state = OutboxState.UNKNOWN
        await nudges.sending_unknown(session, row, now)
        return row
    dropped = await _why_not_any_more(session, row, now) or await rewriting.aim(session, row)
    if dropped:
        row.state, row.error = OutboxState.DROPPED, dropped
        return row
    wait = await budgets.spend(session, limits, now) if (limits := _limits(row)) else None
    if wait:
        row.not_before, row.error = now + wait, "limit"
        return row
    row.state = OutboxState.SENDING
    row.attempts += 1
    row.lease_until = now + (max(lease, FILE_LEASE) if row.payload.get("file") else lease)
    return row


async def _why_not_any_more(session: AsyncSession, row: OutboxRow, now: datetime) -> str | None:
    if row.kind is OutboxKind.TOPIC:
        return await topic_sending.prepare(session, row, now)
    return await nudges.why_not_any_more(session, row, now)


def _limits(row: OutboxRow) -> dict[str, Limit]:
    """The channel's own limits: Telegram's, for all and for the chat."""
    if row.channel is not Channel.TELEGRAM or row.kind is OutboxKind.PRESS:
        return {}
    chat = chat_of(row.address)
    return {row.channel.value: OVERALL, f"{row.channel.value}:{chat}": limit_of(chat)}


async def _send(messenger: Messenger, row: OutboxRow) -> str | SendFailed | None:
    """The channel's reference of the message, or why it was not sent."""
    try:
        return await messenger.send(Parcel(row.address, row.payload | {"kind": row.kind.value}))
    except SendFailed as failed:
        return failed


async def _record(session: AsyncSession, row_id: int, sent: str | SendFailed | None, now: datetime) -> None:
    row = (await session.scalars(SENT, {"row": row_id})).one()
    if isinstance(sent, SendFailed):
        await _failed(session, row, sent, now)
    else:
        await _sent(session, row, sent, now)


async def _sent(session: AsyncSession, row: OutboxRow, reference: str | None, now: datetime) -> None:
    row.state, row.sent_at, row.reference, row.error = OutboxState.SENT, now, reference, None
    if reference and (message_id := row.payload.get("message")):
        await session.execute(update(Message).where(Message.id == message_id).values(reference=reference))
    if row.kind is OutboxKind.TOPIC:
        await topic_sending.sent(session, row)
        return
    await nudges.sent(session, row)
    if row.kind is OutboxKind.NOTICE:
        await alerts.notice_reached(session, row, now)


async def _failed(session: AsyncSession, row: OutboxRow, error: SendFailed, now: datetime) -> None:
    row.error = str(error)[:120]
    if row.kind is OutboxKind.TOPIC:
        await topic_sending.failed(session, row, error, now)
        return
    log.info("send failed", outbox=row.id, kind=row.kind, attempts=row.attempts, error=type(error).__name__)
    if isinstance(error, Blocked):
        row.state = OutboxState.FAILED
        await nudges.sending_failed(session, row)
        await _mark_unreachable(session, row, now)
    elif isinstance(error, SendRefused) or row.attempts >= MAX_ATTEMPTS:
        row.state = OutboxState.FAILED
        await nudges.sending_failed(session, row)
    elif isinstance(error, SendLater):
        # The channel counts for itself: waiting is not a failed attempt.
        row.state, row.attempts = OutboxState.WAITING, row.attempts - 1
        row.not_before = now + timedelta(seconds=error.seconds)
    elif error.unknown and row.kind.at_most_once:
        row.state = OutboxState.UNKNOWN
        await nudges.sending_unknown(session, row, now)
    else:
        row.state, row.not_before = OutboxState.WAITING, now + retry_delay(row.attempts)


async def _mark_unreachable(session: AsyncSession, row: OutboxRow, now: datetime) -> None:
    """The person blocked the bot: the rest of what waits for them is not tried, and the team is told."""
    if row.kind is OutboxKind.NOTICE:
        return
    identity = await session.scalar(
        select(ChannelIdentity).where(ChannelIdentity.channel == row.channel, ChannelIdentity.address == row.address)
    )
    if identity is None or identity.unreachable_at:
        return
    identity.unreachable_at = now
    # Reminders and nudges are asked again whether they should leave, and answer for themselves.
    await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.channel == row.channel,
            OutboxRow.address == row.address,
            OutboxRow.state == OutboxState.WAITING,
            OutboxRow.kind.not_in((OutboxKind.REMINDER, OutboxKind.NUDGE)),
        )
        .values(state=OutboxState.DROPPED, error="unreachable")
    )
    conversation = await session.scalar(select(Conversation).where(Conversation.identity_id == identity.id))
    if conversation is not None:
        await team.tell_unreachable(session, conversation, now)
