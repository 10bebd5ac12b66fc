"""Where someone who wrote in the web chat wants to be reminded of their appointment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import RemindBy
from bot.domain.calendar import in_paris
from bot.domain.conversations import Say
from bot.domain.phones import read_phone, say_phone
from bot.services import appointments, joining, people, team
from bot.storage.tables import Appointment, Conversation, Structure


async def ask(session: AsyncSession, appointment: Appointment, now: datetime) -> Say:
    """The question; a call is only proposed when someone can make it."""
    can_call = await _can_call(session, appointment, now)
    response = "utter_remind_where" if can_call else "utter_remind_where_no_call"
    return Say(response, {"appointment": str(appointment.id)})


async def choose(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, how: RemindBy, now: datetime
) -> list[Say]:
    """Keep the choice. Telegram is only chosen when the link is opened there."""
    if how is RemindBy.TELEGRAM:
        return await joining.offer(session, conversation, now)
    if how is RemindBy.PHONE:
        return await _by_phone(session, conversation, appointment, appointment.phone, now)
    appointment.remind_by, appointment.remind_phone = how, None
    if how is RemindBy.CALENDAR:
        return [Say("utter_remind_calendar")]
    return [Say("utter_remind_nowhere", appointments.describe(appointment, now))]


async def take_phone(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, text: str, now: datetime
) -> list[Say]:
    """Take a text as the number to call."""
    phone = read_phone(text)
    if phone is None:
        return [Say("utter_callback_bad_number")]
    return await _by_phone(session, conversation, appointment, phone, now)


async def _by_phone(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, phone: str | None, now: datetime
) -> list[Say]:
    conversation.pending = None
    if not await _can_call(session, appointment, now):
        return [Say("utter_remind_no_call"), await ask(session, appointment, now)]
    if phone is None:
        people.keep_pending(conversation, "remind_phone", now, appointment=appointment.id)
        return [Say("utter_remind_ask_phone")]
    appointment.remind_by, appointment.remind_phone = RemindBy.PHONE, phone
    return [Say("utter_remind_phone", {"number": say_phone(phone)})]


async def _can_call(session: AsyncSession, appointment: Appointment, now: datetime) -> bool:
    """Whether the team is there at least once before the day of the appointment."""
    structure = await session.get_one(Structure, appointment.structure_id)
    there = await team.team_now(session, structure, now)
    day = in_paris(appointment.starts_at).date()
    next_there = now if there.open_now else there.reopens_at
    return next_there is not None and in_paris(next_there).date() < day
