"""Buttons: what each payload does. They work whoever holds the conversation, and without Rasa."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, RemindBy
from bot.domain.conversations import Button, Say
from bot.domain.handoffs import HandoffReason
from bot.domain.surveys import Face
from bot.errors import NoAppointment, OfferGone, Refusal
from bot.services import (
    appointments,
    asking,
    booking,
    bus,
    hearing,
    people,
    places,
    reminding,
    rights,
    surveys,
    titles,
    waiting,
    workshops,
)
from bot.storage.tables import Appointment, Conversation, Place, Turn, Waiting

BOOKING_VERBS = frozenset(
    ("book", "resume", "place", "near", "reason", "anywhere", "mode", "slot", "more", "elsewhere", "take", "other")
)


WORDS = {
    "menu": "utter_menu",
    "about": "utter_about_service",
    "documents": "utter_documents",
    "who_reads": "utter_privacy",
    "what_is_kept": "utter_privacy_kept",
}
# The bus and the workshops: one number in the payload.
GROUP = workshops.BUTTONS | bus.BUTTONS


@dataclass(frozen=True)
class Press:
    """A button pressed in a conversation, with what its payload carries."""

    session: AsyncSession
    conversation: Conversation
    turn: Turn
    arguments: list[str]
    now: datetime


async def press(
    session: AsyncSession, conversation: Conversation, turn: Turn, payload: str, now: datetime
) -> list[Say]:
    """Do what a button says. One that is old, forged or unreadable gets a clear sentence."""
    verb, *arguments = payload.split(":")
    try:
        if verb in BOOKING_VERBS:
            conversation.pending = None
            return await booking.press(session, conversation, verb, arguments, now)
        if verb in VERBS:
            return await VERBS[verb](Press(session, conversation, turn, arguments, now))
        if verb in GROUP:
            conversation.pending = None
            return await GROUP[verb](session, conversation, int(arguments[0]) if arguments else 0, now)
        if verb in WORDS:
            return [Say(WORDS[verb])]
    except Refusal as refusal:
        return [Say(refusal.response, refusal.values)]
    except (ValueError, IndexError, OverflowError, OSError):
        pass  # forged: its arguments are not what we wrote
    return [Say("utter_old_button")]


async def _later(p: Press) -> list[Say]:
    p.conversation.pending = None
    return [Say("utter_later_ok")]


async def _human(p: Press) -> list[Say]:
    return await asking.ask_and_say(p.session, p.conversation, HandoffReason.ASKED, p.now)


async def _wait_for_adviser(p: Press) -> list[Say]:
    return await asking.wait_for(p.session, p.conversation, int(p.arguments[0]), p.now)


async def _someone_else(p: Press) -> list[Say]:
    return await asking.someone_else(p.session, p.conversation, p.now)


async def _callback(p: Press) -> list[Say]:
    people.keep_pending(p.conversation, "callback", p.now)
    return [Say("utter_callback_ask_number")]


async def _where(p: Press) -> list[Say]:
    if not p.arguments:
        return await places.tell_all(p.session, p.conversation)
    place = await p.session.get(Place, int(p.arguments[0]))
    if place is None or place.structure.territory_id != p.conversation.structure.territory_id:
        return await places.tell_all(p.session, p.conversation)
    return [await places.describe(p.session, place, p.now)]


async def _my_appointment(p: Press) -> list[Say]:
    return await appointments.tell(p.session, p.conversation, p.now)


async def _attend(p: Press) -> list[Say]:
    appointment = await _theirs(p.session, p.conversation, p.arguments[1], p.now)
    p.conversation.pending = None
    if p.arguments[0] == "yes":
        return await appointments.coming(p.session, p.conversation, p.now)
    return await ask_change(p.session, p.conversation, appointment, p.now)


async def ask_change(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, now: datetime
) -> list[Say]:
    """They cannot come: move, or cancel?"""
    people.keep_pending(conversation, "change", now, appointment=appointment.id)
    return [Say("utter_reminder_answer_no", appointments.describe(appointment, now))]


async def _move(p: Press) -> list[Say]:
    p.conversation.pending = None
    if not p.arguments:
        return await start_move(p.session, p.conversation, "", p.now)
    appointment = await _theirs(p.session, p.conversation, p.arguments[0], p.now)
    return await _start_move(p.session, p.conversation, appointment, "", p.now)


async def start_move(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """Begin to move the appointment to come; which one is asked, if there are several.

    Raises:
        NoAppointment, TooLateToChange: see `appointments.changeable`.
    """
    found = await _one_or_ask(session, conversation, text, "move", now)
    return found if isinstance(found, list) else await _start_move(session, conversation, found, text, now)


async def _one_or_ask(
    session: AsyncSession, conversation: Conversation, text: str, verb: str, now: datetime
) -> Appointment | list[Say]:
    """The only appointment to come, the one whose reason the text says, or the question which.

    Raises:
        NoAppointment: there is none.
    """
    found = await appointments.all_upcoming(session, conversation, now)
    if not found:
        raise NoAppointment
    said = await hearing.reason_said(session, conversation, text)
    named = [one for one in found if one.reason == said]
    if len(found) == 1 or named:
        return (named or found)[0]
    buttons = tuple(Button(titles.title_of(one), f"{verb}:{one.id}") for one in found)
    return [Say("utter_which_appointment", {}, buttons)]


async def _start_move(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, text: str, now: datetime
) -> list[Say]:
    await appointments.check_notice(session, appointment, now)
    says = await booking.start(session, conversation, text, now, moving=appointment)
    return [Say("utter_move_which_day", appointments.describe(appointment, now)), *says]


async def _cancel(p: Press) -> list[Say]:
    if not p.arguments:
        return await ask_cancel(p.session, p.conversation, "", p.now)
    appointment = await _theirs(p.session, p.conversation, p.arguments[0], p.now)
    return await _ask_cancel(p.session, p.conversation, appointment, p.now)


async def ask_cancel(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """Ask before cancelling: one word never cancels.

    Raises:
        NoAppointment, TooLateToChange: see `appointments.changeable`.
    """
    found = await _one_or_ask(session, conversation, text, "cancel", now)
    return found if isinstance(found, list) else await _ask_cancel(session, conversation, found, now)


async def _ask_cancel(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, now: datetime
) -> list[Say]:
    await appointments.check_notice(session, appointment, now)
    people.keep_pending(conversation, "cancel", now, appointment=appointment.id)
    return [Say("utter_cancel_confirm", appointments.describe(appointment, now))]


async def _cancel_yes(p: Press) -> list[Say]:
    appointment = await _theirs(p.session, p.conversation, p.arguments[0], p.now)
    return await cancel(p.session, p.conversation, appointment, p.now)


async def cancel(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, now: datetime
) -> list[Say]:
    """Cancel for the young person, with the calendar file that says so.

    Raises:
        TooLateToChange: it begins within the notice of its reason.
    """
    conversation.pending = None
    await appointments.check_notice(session, appointment, now)
    values = appointments.describe(appointment, now)
    await appointments.cancel(session, appointment, AppointmentState.CANCELLED_BY_YOUNG, now)
    file = appointments.calendar_file(appointment, conversation.discreet, now)
    return [Say("utter_cancelled", values, attachment=file)]


async def _abandon(p: Press) -> list[Say]:
    p.conversation.pending = None
    return await booking.leave(p.session, p.conversation, p.now)


async def _stop_nudges(p: Press) -> list[Say]:
    return await rights.stop_nudges(p.conversation, p.now)


async def _resume_nudges(p: Press) -> list[Say]:
    return await rights.resume_nudges(p.conversation)


async def _my_data(p: Press) -> list[Say]:
    return await rights.tell_my_data(p.session, p.conversation)


async def _erase(p: Press) -> list[Say]:
    if p.arguments == ["yes"]:
        return await rights.erase(p.session, p.conversation, p.turn, p.now)
    return await rights.ask_erase(p.session, p.conversation, p.now)


async def _hide(p: Press) -> list[Say]:
    return await rights.hide(p.session, p.conversation, p.now)


async def _remind(p: Press) -> list[Say]:
    """Where to be reminded: `remind:phone:12`."""
    appointment = await _theirs(p.session, p.conversation, p.arguments[1], p.now)
    if appointment.conversation_id != p.conversation.id:
        raise NoAppointment  # it is recalled elsewhere already
    return await reminding.choose(p.session, p.conversation, appointment, RemindBy(p.arguments[0]), p.now)


async def _survey(p: Press) -> list[Say]:
    """What they say of an exchange with a human: `survey:good:12`."""
    return await surveys.answer(p.session, p.conversation, Face(p.arguments[0]), int(p.arguments[1]), p.now)


async def _theirs(session: AsyncSession, conversation: Conversation, number: str, now: datetime) -> Appointment:
    """The appointment of a button, if it is theirs and still to come.

    Raises:
        NoAppointment: it is neither.
    """
    appointment = await session.get(Appointment, int(number))
    if appointment is None or appointment not in await appointments.all_upcoming(session, conversation, now):
        raise NoAppointment
    return appointment


# ── The waiting list ─────────────────────────────────────────────────────────────────────────


async def _wait(p: Press) -> list[Say]:
    """`wait:join:draft`; `wait:take`, `wait:pass` and `wait:leave` with the place in line."""
    verb, number = p.arguments[0], int(p.arguments[1])
    if verb == "join":
        return await waiting.join_line(p.session, p.conversation, number, p.now)
    entry = await p.session.get(Waiting, number)
    if entry is None or entry.person_id != p.conversation.identity.person_id:
        raise OfferGone
    if verb == "leave":
        await waiting.leave(p.session, entry.person_id, p.now, reason=entry.reason)
        return [Say("utter_waiting_left")]
    if verb == "pass":
        await waiting.decline(p.session, entry, p.now)
        return [Say("utter_waiting_passed", {"waiting": str(entry.id)})]
    if verb == "take":
        return await booking.take_offer(p.session, p.conversation, entry, p.now)
    raise ValueError(verb)


async def wait_for_earlier(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """Stand in line for earlier than the appointment to come.

    Raises:
        NoAppointment: there is none.
    """
    found = await _one_or_ask(session, conversation, text, "sooner", now)
    return found if isinstance(found, list) else await _wait_for(session, conversation, found, now)


async def _sooner(p: Press) -> list[Say]:
    appointment = await _theirs(p.session, p.conversation, p.arguments[0], p.now)
    return await _wait_for(p.session, p.conversation, appointment, p.now)


async def _wait_for(
    session: AsyncSession, conversation: Conversation, appointment: Appointment, now: datetime
) -> list[Say]:
    entry = await waiting.join(
        session,
        conversation,
        now,
        reason=appointment.reason,
        place_id=appointment.place_id if appointment.mode is Mode.ON_SITE else None,
        mode=appointment.mode,
        phone=appointment.phone,
    )
    return [Say("utter_waiting_list", appointments.describe(appointment, now) | {"waiting": str(entry.id)})]


VERBS: dict[str, Callable[[Press], Awaitable[list[Say]]]] = {
    "later": _later,
    "human": _human,
    "wait_for": _wait_for_adviser,
    "someone_else": _someone_else,
    "callback": _callback,
    "where": _where,
    "my_appointment": _my_appointment,
    "attend": _attend,
    "move": _move,
    "cancel": _cancel,
    "cancel_yes": _cancel_yes,
    "abandon": _abandon,
    "stop_nudges": _stop_nudges,
    "resume_nudges": _resume_nudges,
    "my_data": _my_data,
    "erase": _erase,
    "hide": _hide,
    "remind": _remind,
    "wait": _wait,
    "sooner": _sooner,
    "survey": _survey,
}
