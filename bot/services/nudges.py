"""Reminders and nudges: planned once, checked again when they leave (law 5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, DraftState, Mode, RemindBy
from bot.domain.calendar import in_paris, is_quiet, say_day, say_time
from bot.domain.conversations import Say
from bot.domain.handoffs import OPEN_STATES
from bot.domain.nudges import NudgeKind, NudgeState, next_loud_day, reminder_times
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.domain.team import NoticeKind
from bot.services import outbox, people, registrations, surveys, team
from bot.storage.tables import (
    Alert,
    Appointment,
    BookingDraft,
    Conversation,
    Handoff,
    Nudge,
    OutboxRow,
)

BATCH = 50


async def plan_reminders(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    """Plan the reminders of an appointment; those of an earlier date of it are dropped."""
    await drop(session, appointment, "moved")
    for kind, due_at, too_late_at in reminder_times(appointment.starts_at, now):
        session.add(
            Nudge(
                conversation_id=appointment.conversation_id,
                kind=kind,
                about=appointment.id,
                version=appointment.sequence,
                due_at=due_at,
                too_late_at=too_late_at,
            )
        )
    await session.flush()


async def plan_no_show(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    """The day after an absence an adviser marked, ask kindly whether they want another day."""
    await _plan_next_day(
        session, appointment.conversation_id, NudgeKind.NO_SHOW, appointment.id, appointment.starts_at, now
    )


async def plan_unfinished(session: AsyncSession, draft: BookingDraft, now: datetime) -> None:
    """The day after a booking was left unfinished, ask once. Planned when it begins, checked when it leaves."""
    await _plan_next_day(session, draft.conversation_id, NudgeKind.UNFINISHED, draft.id, now, now)


async def _plan_next_day(
    session: AsyncSession, conversation_id: int, kind: NudgeKind, about: int, after: datetime, now: datetime
) -> None:
    due_at, too_late_at = next_loud_day(max(after, now - timedelta(days=1)))
    while too_late_at < now:
        due_at, too_late_at = next_loud_day(due_at)
    session.add(Nudge(conversation_id=conversation_id, kind=kind, about=about, due_at=due_at, too_late_at=too_late_at))
    await session.flush()


async def drop(session: AsyncSession, appointment: Appointment, why: str) -> None:
    """Drop the reminders of an appointment that have not left."""
    await session.execute(
        update(Nudge)
        .where(
            Nudge.about == appointment.id,
            Nudge.kind.in_((NudgeKind.EVENING, NudgeKind.TWO_HOURS)),
            Nudge.state == NudgeState.PLANNED,
        )
        .values(state=NudgeState.DROPPED, why=why)
    )


async def tick(session: AsyncSession, now: datetime) -> int:
    """Queue what is due; drop what is too late or no longer true. Returns how many rows it looked at."""
    due = (
        await session.scalars(
            select(Nudge)
            .where(Nudge.state == NudgeState.PLANNED, Nudge.due_at <= now)
            .order_by(Nudge.due_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for nudge in due:
        why = await _why_not(session, nudge, now)
        if why:
            nudge.state, nudge.why = NudgeState.DROPPED, why
            continue
        conversation = await session.get_one(Conversation, nudge.conversation_id)
        kind = OutboxKind.REMINDER if nudge.kind.is_reminder else OutboxKind.NUDGE
        says = await WORDS[nudge.kind](session, nudge, conversation, now)
        nudge.state = NudgeState.QUEUED
        await outbox.say(session, conversation, says, now, kind=kind, once=_once(nudge))
    return len(due)


async def why_not_any_more(session: AsyncSession, row: OutboxRow, now: datetime) -> str | None:
    """Asked again when a row leaves: why it must not be sent any more, or None."""
    nudge = await _nudge_of(session, row)
    if nudge is None:
        return None
    why = await _why_not(session, nudge, now)
    if why:
        nudge.state, nudge.why = NudgeState.DROPPED, why
    return why


async def sent(session: AsyncSession, row: OutboxRow) -> None:
    nudge = await _nudge_of(session, row)
    if nudge is not None:
        nudge.state = NudgeState.SENT


async def sending_failed(session: AsyncSession, row: OutboxRow) -> None:
    nudge = await _nudge_of(session, row)
    if nudge is not None:
        nudge.state, nudge.why = NudgeState.DROPPED, "failed"


async def sending_unknown(session: AsyncSession, row: OutboxRow, now: datetime) -> None:
    """A crash left a nudge between two states: it is not sent again, and a human is shown it (law 6)."""
    nudge = await _nudge_of(session, row)
    if nudge is None:
        return
    nudge.state, nudge.why = NudgeState.UNKNOWN, "crash"
    conversation = await session.get_one(Conversation, nudge.conversation_id)
    advisers = await team.advisers_of(session, conversation.structure_id)
    await team.tell(session, advisers, NoticeKind.UNKNOWN_SEND, now, conversation=conversation)


def _once(nudge: Nudge) -> str:
    return f"nudge:{nudge.id}"


async def _nudge_of(session: AsyncSession, row: OutboxRow) -> Nudge | None:
    if row.once_key is None or not row.once_key.startswith("nudge:"):
        return None
    return await session.get(Nudge, int(row.once_key.split(":")[1]))


async def _why_not(session: AsyncSession, nudge: Nudge, now: datetime) -> str | None:
    if now > nudge.too_late_at:
        return "too late"
    conversation = await session.get_one(Conversation, nudge.conversation_id)
    identity = conversation.identity
    if identity.person.erased_at is not None and not nudge.kind.is_reminder:
        return "erased"
    if identity.unreachable_at is not None:
        return "unreachable"
    if identity.channel is Channel.PARTNER:
        return "not come yet"
    if nudge.kind is NudgeKind.WORKSHOP:
        return await registrations.why_not_remind(session, nudge)
    if nudge.kind.is_reminder:
        appointment = await session.get_one(Appointment, nudge.about)
        if appointment.state is not AppointmentState.BOOKED or appointment.sequence != nudge.version:
            return "changed"
        if appointment.remind_by in (RemindBy.PHONE, RemindBy.CALENDAR, RemindBy.NOWHERE):
            return "not here"  # as they chose
        return None
    if nudge.kind is NudgeKind.SURVEY:
        return await surveys.why_not(session, nudge, conversation, now)
    return await _why_not_nudge(session, nudge, conversation, now)


async def _why_not_nudge(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> str | None:
    if conversation.identity.person.nudges_stopped_at is not None:
        return "stopped"
    if conversation.discreet:
        return "discreet"
    if is_quiet(now):
        return "quiet"
    if await people.alert_is_open(session, conversation):
        return "alert"
    held = await session.scalar(
        select(Handoff.id).where(Handoff.conversation_id == conversation.id, Handoff.state.in_(OPEN_STATES))
    )
    if held is not None:
        return "a human has it"
    booked = await session.scalar(
        select(Appointment.id).where(
            Appointment.person_id == conversation.identity.person_id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
        )
    )
    if booked is not None:
        return "booked"
    if nudge.kind is NudgeKind.UNFINISHED:
        draft = await session.get_one(BookingDraft, nudge.about)
        if draft.state is not DraftState.OPEN:
            return "finished"
    return None


# ── Words ────────────────────────────────────────────────────────────────────────────────────


async def _evening(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    return await _reminder(session, nudge, conversation, now, "utter_reminder_evening")


async def _two_hours(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    return await _reminder(session, nudge, conversation, now, "utter_reminder_two_hours")


async def _reminder(
    session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime, response: str
) -> list[Say]:
    appointment = await session.get_one(Appointment, nudge.about)
    alert = (
        await session.scalars(select(Alert).where(Alert.conversation_id == conversation.id, Alert.closed_at.is_(None)))
    ).first()
    if conversation.discreet or alert is not None:
        response = "utter_reminder_evening_neutral"
    local = in_paris(appointment.starts_at)
    values = {
        "day": say_day(local.date(), in_paris(now).date()),
        "time": say_time(local),
        "place": appointment.place.name
        if appointment.mode is Mode.ON_SITE
        else appointment.meeting_point or appointment.mode.label,
        "mode": appointment.mode.label,
        "appointment": str(appointment.id),
    }
    people.keep_pending(conversation, "reminder", now, appointment=appointment.id)
    return [Say(response, values)]


async def _no_show(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    appointment = await session.get_one(Appointment, nudge.about)
    day = say_day(in_paris(appointment.starts_at).date(), in_paris(now).date())
    people.keep_pending(conversation, "rebook", now)
    return [Say("utter_no_show", {"day": day})]


async def _workshop(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    return await registrations.remind(session, nudge, conversation, now)


async def _unfinished(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    people.keep_pending(conversation, "rebook", now)
    return [Say("utter_unfinished_booking")]


Words = Callable[[AsyncSession, Nudge, Conversation, datetime], Awaitable[list[Say]]]
WORDS: dict[NudgeKind, Words] = {
    NudgeKind.EVENING: _evening,
    NudgeKind.TWO_HOURS: _two_hours,
    NudgeKind.NO_SHOW: _no_show,
    NudgeKind.UNFINISHED: _unfinished,
    NudgeKind.WORKSHOP: _workshop,
    NudgeKind.SURVEY: surveys.ask,
}
