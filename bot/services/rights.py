"""A person's rights: stop the nudges, see, erase, hide."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffReason
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.errors import NoAppointment
from bot.services import appointments, booking, handoffs, outbox, people, registrations, waiting, web_sessions
from bot.storage.tables import Conversation, InboxRow, Message, OutboxRow, Turn

# Telegram's own limit on deleting messages in a private chat.
# https://core.telegram.org/bots/api#deletemessages
DELETABLE = timedelta(hours=48)
DELETE_AT_ONCE = 100


async def stop_nudges(conversation: Conversation, now: datetime) -> list[Say]:
    """Stop every nudge, and say what still comes."""
    stopped = await people.stop_nudges(conversation, now)
    return [Say("utter_nudges_stopped" if stopped else "utter_nudges_already_stopped")]


async def resume_nudges(conversation: Conversation) -> list[Say]:
    await people.resume_nudges(conversation)
    return [Say("utter_nudges_resumed")]


async def tell_my_data(session: AsyncSession, conversation: Conversation) -> list[Say]:
    return [Say("utter_my_data", await people.what_we_keep(session, conversation))]


async def ask_erase(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Ask before erasing: one word never erases. While an alert is open, a human looks first."""
    if await people.alert_is_open(session, conversation):
        await handoffs.ask(session, conversation, HandoffReason.ERASURE, now)
        return [Say("utter_erase_alert_pending")]
    people.keep_pending(conversation, "erase", now)
    return [Say("utter_erase_confirm")]


async def erase(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> list[Say]:
    """Erase what the person wrote; their appointment to come is cancelled with the rest."""
    if await people.alert_is_open(session, conversation):
        await handoffs.ask(session, conversation, HandoffReason.ERASURE, now)
        return [Say("utter_erase_alert_pending")]
    for theirs in await people.conversations_of(session, conversation.identity.person_id):
        await booking.leave(session, theirs, now)
    try:
        appointment = await appointments.upcoming(session, conversation, now)
        await appointments.cancel(session, appointment, AppointmentState.CANCELLED_BY_YOUNG, now)
    except NoAppointment:
        pass
    await registrations.leave_all(session, conversation.identity.person_id, now)
    await waiting.leave(session, conversation.identity.person_id, now)
    await people.erase(session, conversation, turn, now)
    return [Say("utter_erased_web" if turn.channel is Channel.WEB else "utter_erased")]


async def hide(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Delete both sides' messages from the screen, at once; from Telegram's, those of the last 48 hours. The team
    keeps its copy."""
    conversation.discreet = True
    identity = conversation.identity
    if identity.channel is Channel.WEB:
        await web_sessions.hide(session, identity.address, now)
        return [Say("utter_hidden_web")]
    if identity.channel is not Channel.TELEGRAM:
        return [Say("utter_hide_unavailable")]
    references = await session.scalars(
        select(Message.reference).where(
            Message.conversation_id == conversation.id,
            Message.reference.is_not(None),
            Message.at > now - DELETABLE,
        )
    )
    service_rows = await session.scalars(
        select(OutboxRow.reference).where(
            OutboxRow.conversation_id == conversation.id,
            OutboxRow.state == OutboxState.SENT,
            OutboxRow.reference.is_not(None),
            OutboxRow.sent_at > now - DELETABLE,
        )
    )
    # Commands are not in the thread, but they are on the phone.
    came = await session.scalars(
        select(InboxRow.payload).where(
            InboxRow.channel == identity.channel,
            InboxRow.address == identity.address,
            InboxRow.received_at > now - DELETABLE,
        )
    )
    sent = [payload.get("reference") for payload in came]
    found = sorted({int(reference) for reference in [*references, *service_rows, *sent] if reference})
    for first in range(0, len(found), DELETE_AT_ONCE):
        await outbox.queue(
            session,
            identity.channel,
            identity.address,
            OutboxKind.DELETE,
            {"references": found[first : first + DELETE_AT_ONCE]},
            now,
        )
    return [Say("utter_hidden")]
