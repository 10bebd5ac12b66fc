"""Short answers: to the question that is pending, or to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain import replies, wants
from bot.domain.calendar import say_moment
from bot.domain.conversations import Button, Say
from bot.domain.handoffs import HandoffReason
from bot.domain.misunderstandings import Cause
from bot.domain.outbox import OutboxKind
from bot.domain.phones import read_phone, say_phone
from bot.errors import NoAppointment
from bot.services import (
    appointments,
    asking,
    booking,
    buttons,
    handoffs,
    misunderstood,
    people,
    reminding,
    rights,
    team,
)
from bot.storage.tables import Conversation, OutboxRow, Turn

PENDING_LIVES = timedelta(hours=36)
NOT_UNDERSTOOD_BEFORE_HUMAN = 2
CANCEL = "utter_cancel_ambiguous"


async def to_pending(
    session: AsyncSession, conversation: Conversation, turn: Turn, yes: bool | None, now: datetime
) -> list[Say] | None:
    """Take a yes, a no or a bare fact as the answer to the question that is pending; None if none is.

    The question lives in our table, so "oui" hours after a reminder is still its answer.

    Raises:
        Refusal: what was asked cannot be done any more.
    """
    pending = conversation.pending
    if pending is None or now - datetime.fromisoformat(pending["at"]) > PENDING_LIVES:
        conversation.pending = None
        return None
    kind = pending["kind"]
    if kind == "callback":
        return await _callback(session, conversation, turn, now)
    if kind == "remind_phone":
        return await _remind_phone(session, conversation, turn, pending["appointment"], now)
    if kind in ("change", "cancel") and replies.ambiguous(turn.text or "") == CANCEL:
        # Alone, "annule" is not clear; it is when it answers "on annule ?".
        if kind == "change":
            return await buttons.ask_cancel(session, conversation, "", now)
        yes = True
    if yes is None:
        return None
    conversation.pending = None
    if kind in ("reminder", "change", "cancel"):
        appointment = await appointments.upcoming(session, conversation, now)
        if appointment.id != pending["appointment"]:
            raise NoAppointment
        if kind == "reminder" and yes:
            return await appointments.coming(session, conversation, now)
        if kind == "reminder":
            return await buttons.ask_change(session, conversation, appointment, now)
        if kind == "change" and yes:
            return await buttons.start_move(session, conversation, turn.text or "", now)
        if kind == "cancel" and yes:
            return await buttons.cancel(session, conversation, appointment, now)
        return await appointments.coming(session, conversation, now)
    if kind == "rebook":
        return await booking.start(session, conversation, "", now) if yes else [Say("utter_later_ok")]
    if kind == "erase":
        return await rights.erase(session, conversation, turn, now) if yes else [Say("utter_later_ok")]
    if kind == "human":
        if yes:
            return await asking.ask_and_say(session, conversation, HandoffReason(pending["reason"]), now)
        return [Say("utter_later_ok")]
    return None


def gives_phone(conversation: Conversation, text: str) -> bool:
    """Whether a number was asked for, and the text has one."""
    asked = conversation.pending is not None and conversation.pending["kind"] in ("callback", "remind_phone")
    return asked and read_phone(text) is not None


async def yes_or_no(
    session: AsyncSession, conversation: Conversation, turn: Turn, yes: bool, now: datetime
) -> list[Say]:
    """A yes or a no: to what is pending, to what was just offered; to nothing, the menu."""
    said = await to_pending(session, conversation, turn, yes, now)
    if said is not None:
        return said
    payload = await _offered(session, conversation, now) if yes else None
    if payload is not None:
        return await buttons.press(session, conversation, turn, payload, now)
    return [Say("utter_affirm_nothing_pending" if yes else "utter_deny_nothing_pending")]


async def _offered(session: AsyncSession, conversation: Conversation, now: datetime) -> str | None:
    """The button that a yes to the last thing said presses, as its text marks it; None if none is marked."""
    ours = (OutboxRow.conversation_id == conversation.id, OutboxRow.kind.in_((OutboxKind.REPLY, OutboxKind.SERVICE)))
    last = await session.scalar(select(func.max(OutboxRow.created_at)).where(*ours))
    if last is None or now - last > PENDING_LIVES:
        return None
    rows = await session.scalars(
        select(OutboxRow).where(*ours, OutboxRow.created_at == last).order_by(OutboxRow.id.desc())
    )
    return next((row.payload["yes"] for row in rows if row.payload.get("yes")), None)


async def bare_fact(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> list[Say]:
    """A place, a day, an age alone: an answer to what is pending, else asked what for. Never a misunderstanding."""
    text = turn.text or ""
    said = await to_pending(session, conversation, turn, replies.yes_or_no(text), now)
    return said if said is not None else [Say("utter_inform_nothing_pending")]


async def not_understood(
    session: AsyncSession, conversation: Conversation, turn: Turn, first: str, now: datetime
) -> list[Say]:
    """`first` the first time, with three things it can do; the second time in a row, a human is offered."""
    said = await to_pending(session, conversation, turn, replies.yes_or_no(turn.text or ""), now)
    if said is not None:
        return said
    conversation.misunderstood += 1
    if conversation.misunderstood < NOT_UNDERSTOOD_BEFORE_HUMAN:
        return [Say(first)]
    people.keep_pending(conversation, "human", now, reason=HandoffReason.NOT_UNDERSTOOD)
    return [Say("utter_not_understood_twice")]


async def not_sure(
    session: AsyncSession, conversation: Conversation, turn: Turn, ranking: Sequence[tuple[str, float]], now: datetime
) -> list[Say]:
    """Two close meanings are asked about with a button each; else it is not understood."""
    said = await to_pending(session, conversation, turn, replies.yes_or_no(turn.text or ""), now)
    if said is not None:
        return said
    close = wants.close_meanings(ranking)
    cause = Cause.HESITATED if close else Cause.NOT_UNDERSTOOD
    await misunderstood.keep(session, conversation, turn, cause, now)
    if close is None:
        return await not_understood(session, conversation, turn, "utter_not_understood", now)
    labels = texts.labels()
    return [Say("utter_two_meanings", buttons=tuple(Button(labels[one], f"mean:{turn.id}:{one}") for one in close))]


async def start_callback(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> list[Say]:
    """They want to be called: the number is asked for, unless it is there already."""
    conversation.pending = {"kind": "callback", "at": now.isoformat()}
    if read_phone(turn.text or "") is None:
        return [Say("utter_callback_ask_number")]
    return await _callback(session, conversation, turn, now)


async def _remind_phone(
    session: AsyncSession, conversation: Conversation, turn: Turn, number: int, now: datetime
) -> list[Say] | None:
    """The number to call before the appointment; None if the text is about something else."""
    text = turn.text or ""
    if replies.leaves(text) or replies.yes_or_no(text) is False:
        conversation.pending = None
        return [Say("utter_later_ok")]
    if not any(character.isdigit() for character in text):
        return None
    appointment = await appointments.upcoming(session, conversation, now)
    if appointment.id != number:
        raise NoAppointment
    return await reminding.take_phone(session, conversation, appointment, text, now)


async def _callback(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> list[Say]:
    text = turn.text or ""
    if replies.leaves(text) or replies.yes_or_no(text) is False:
        conversation.pending = None
        return [Say("utter_later_ok")]
    phone = read_phone(text)
    if phone is None:
        if not any(character.isdigit() for character in text):
            return [Say("utter_callback_ask_number")]
        return [Say("utter_callback_bad_number")]
    conversation.pending = None
    await handoffs.ask(session, conversation, HandoffReason.CALLBACK, now, detail=phone)
    there = await team.team_now(session, conversation.structure, now)
    number = say_phone(phone)
    if there.open_now:
        return [Say("utter_callback_noted_today", {"number": number})]
    if there.reopens_at is None:
        return [Say("utter_callback_noted_no_hours", {"number": number})]
    return [Say("utter_callback_noted", {"number": number, "when": say_moment(there.reopens_at, now)})]
