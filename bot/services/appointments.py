"""Appointments: booking, moving, cancelling, marking. The database has the last word (law 4)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import delete, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import (
    ASK_UNMARKED_AGAIN_FROM,
    ASK_UNMARKED_FROM,
    CALL_AFTER_ABSENCES,
    AppointmentState,
    Mode,
    RemindBy,
    Slot,
)
from bot.domain.calendar import day_bounds, in_paris, moment, next_working_day, say_day, say_time
from bot.domain.conversations import Say
from bot.domain.outbox import OutboxKind
from bot.domain.people import MilestoneKind
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.domain.team import NoticeKind
from bot.domain.waiting import WaitingState
from bot.errors import AlreadyBooked, NoAppointment, NothingToDo, NotYourStructure, SlotGone, TooLateToChange
from bot.services import nudges, openings, outbox, people, reasons, team, waiting
from bot.storage.queries import lock
from bot.storage.tables import (
    Adviser,
    Appointment,
    BookingDraft,
    Conversation,
    Notice,
    Place,
    SlotSlice,
    Structure,
    Waiting,
)

# ── Booking and moving ───────────────────────────────────────────────────────────────────────


async def book(
    session: AsyncSession,
    conversation: Conversation,
    slot: Slot,
    now: datetime,
    *,
    reason: str = FIRST_MEETING,
    by: BookableBy = BookableBy.YOUNG,
    draft: BookingDraft | None = None,
    phone: str | None = None,
) -> Appointment:
    """Book a slot, and plan its reminders. Committed with the caller's unit of work.

    Raises:
        SlotTaken: somebody has it.
        SlotGone: it is not open any more, or too soon or too far for the reason.
        AlreadyBooked: the person has an appointment to come for this reason.
    """
    await _still_open(session, slot, reason, by, now, held=draft is not None)
    booked = await _book(session, conversation, slot, now, reason=reason, draft=draft, phone=phone)
    await waiting.withdraw_offer(session, booked, now)
    return booked


async def _still_open(
    session: AsyncSession, slot: Slot, reason: str, by: BookableBy, now: datetime, *, held: bool
) -> None:
    """An opening may be edited, or an absence said, while someone books in it.

    An adviser knows what they do: nothing is refused to them but what somebody has.

    Raises:
        SlotGone: see `openings.slot_at`.
    """
    if by is BookableBy.ADVISER:
        return
    there = await openings.slot_at(
        session, slot.opening_id, slot.starts_at, slot.mode, now, reason=reason, by=by, held=held
    )
    if there != slot._replace(seat=0):
        raise SlotGone  # it lasts longer, or someone else receives


async def _book(
    session: AsyncSession,
    conversation: Conversation,
    slot: Slot,
    now: datetime,
    *,
    reason: str,
    draft: BookingDraft | None = None,
    phone: str | None = None,
) -> Appointment:
    place = await session.get_one(Place, slot.place_id)
    appointment = Appointment(
        person_id=conversation.identity.person_id,
        conversation_id=conversation.id,
        structure_id=place.structure_id,
        place=place,
        opening_id=slot.opening_id,
        adviser=await session.get(Adviser, slot.adviser_id) if slot.adviser_id else None,
        second_adviser=await session.get(Adviser, slot.second_adviser_id) if slot.second_adviser_id else None,
        reason=reason,
        mode=slot.mode,
        phone=phone,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        uid=f"{secrets.token_hex(12)}@promeneurs",
        booked_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(appointment)
    except IntegrityError:
        raise AlreadyBooked(**describe(await upcoming(session, conversation, now, reason=reason), now)) from None
    if draft is not None:
        await openings.release(session, draft)
    await openings.occupy(session, slot, now, appointment_id=appointment.id)
    await nudges.plan_reminders(session, appointment, now)
    return appointment


async def move(
    session: AsyncSession,
    appointment: Appointment,
    slot: Slot,
    now: datetime,
    *,
    by: BookableBy = BookableBy.YOUNG,
    draft: BookingDraft | None = None,
) -> Appointment:
    """Move an appointment to another slot: the same row, the next sequence of its calendar file.

    The slot it leaves is offered to who is in line for it.

    Raises:
        SlotTaken: somebody has the new slot; the appointment stays where it was.
        SlotGone: it is not open any more, or too soon or too far for the reason.
        NothingToDo: the appointment is not to come any more.
    """
    await _still_open(session, slot, appointment.reason, by, now, held=draft is not None)
    await lock(session, appointment)
    left = await _move(session, appointment, slot, now, draft)
    await waiting.withdraw_offer(session, appointment, now)
    await waiting.offer_freed(session, appointment.structure_id, *left, now)
    return appointment


async def _move(
    session: AsyncSession, appointment: Appointment, slot: Slot, now: datetime, draft: BookingDraft | None = None
) -> tuple[int, datetime, datetime]:
    """Move a locked appointment. Gives back what it leaves: the opening, and from when to when."""
    if appointment.state is not AppointmentState.BOOKED:
        raise NothingToDo
    left = appointment.opening_id, appointment.starts_at, appointment.ends_at
    if draft is not None:
        await openings.release(session, draft)
    async with session.begin_nested():
        await session.execute(delete(SlotSlice).where(SlotSlice.appointment_id == appointment.id))
        await openings.occupy(session, slot, now, appointment_id=appointment.id)
    appointment.place = await session.get_one(Place, slot.place_id)
    appointment.structure_id = appointment.place.structure_id
    appointment.adviser = await session.get(Adviser, slot.adviser_id) if slot.adviser_id else None
    second = slot.second_adviser_id
    appointment.second_adviser = await session.get(Adviser, second) if second else None
    appointment.opening_id, appointment.mode = slot.opening_id, slot.mode
    appointment.starts_at, appointment.ends_at = slot.starts_at, slot.ends_at
    appointment.sequence += 1
    appointment.said_coming_at, appointment.late_minutes = None, None
    appointment.called_at, appointment.called_by = None, None
    await session.flush()
    await nudges.plan_reminders(session, appointment, now)
    return left


async def take_offer(session: AsyncSession, offered: Waiting, now: datetime) -> Appointment:
    """Accept the slot held for someone in line: their appointment moves there, or is booked.

    Raises:
        OfferGone: it is not held for them any more.
        SlotGone: it is not open any more.
    """
    await lock(session, offered)
    slot = waiting.offered_slot(offered, now)
    conversation = await session.get_one(Conversation, offered.conversation_id)
    await _still_open(session, slot, offered.reason, BookableBy.YOUNG, now, held=True)
    current = await waiting.current(session, offered, now)
    await openings.release(session, offered)
    offered.state, offered.offer, offered.held_until = WaitingState.TAKEN, None, None
    if current is None:
        return await _book(session, conversation, slot, now, reason=offered.reason, phone=offered.phone)
    await lock(session, current)
    left = await _move(session, current, slot, now)
    await waiting.offer_freed(session, current.structure_id, *left, now)
    return current


async def upcoming(
    session: AsyncSession, conversation: Conversation, now: datetime, *, reason: str | None = None
) -> Appointment:
    """The person's next appointment to come, or under way; for a reason, if one is given.

    Raises:
        NoAppointment: there is none.
    """
    found = await session.scalar(
        select(Appointment)
        .where(
            Appointment.person_id == conversation.identity.person_id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
            Appointment.reason == reason if reason is not None else true(),
        )
        .order_by(Appointment.starts_at)
        .limit(1)
    )
    if found is None:
        raise NoAppointment
    return found


async def changeable(session: AsyncSession, conversation: Conversation, now: datetime) -> Appointment:
    """The appointment to come, if it does not begin too soon to be changed here.

    Raises:
        NoAppointment: there is none.
        TooLateToChange: it begins within the notice that the structure asks for its reason.
    """
    appointment = await upcoming(session, conversation, now)
    await check_notice(session, appointment, now)
    return appointment


async def check_notice(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    """Whether an appointment may still be moved or cancelled by the young person.

    Raises:
        TooLateToChange: it begins within the notice that the structure asks for its reason.
    """
    if appointment.starts_at - now < await reasons.change_notice(session, appointment):
        raise TooLateToChange(**describe(appointment, now))


async def all_upcoming(session: AsyncSession, conversation: Conversation, now: datetime) -> Sequence[Appointment]:
    """The person's appointments to come or under way, the next first: one at most for each reason."""
    rows = await session.scalars(
        select(Appointment)
        .where(
            Appointment.person_id == conversation.identity.person_id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
        )
        .order_by(Appointment.starts_at)
    )
    return rows.all()


async def cancel(session: AsyncSession, appointment: Appointment, by: AppointmentState, now: datetime) -> Appointment:
    """Cancel an appointment and free its slot at once.

    What a young person gives up is offered to who is in line; what a structure cancels, it cannot keep.

    Raises:
        NothingToDo: it is not to come any more.
    """
    await lock(session, appointment)
    if appointment.state is not AppointmentState.BOOKED:
        raise NothingToDo
    appointment.state = by
    appointment.sequence += 1
    await session.execute(delete(SlotSlice).where(SlotSlice.appointment_id == appointment.id))
    await session.execute(update(BookingDraft).where(BookingDraft.moving_id == appointment.id).values(moving_id=None))
    await nudges.drop(session, appointment, "cancelled")
    await session.flush()
    if by is AppointmentState.CANCELLED_BY_YOUNG:
        await waiting.leave(session, appointment.person_id, now, reason=appointment.reason)
        await waiting.offer_freed(
            session, appointment.structure_id, appointment.opening_id, appointment.starts_at, appointment.ends_at, now
        )
    return appointment


# ── What an adviser does ─────────────────────────────────────────────────────────────────────


async def mark(
    session: AsyncSession, appointment: Appointment, state: AppointmentState, adviser: Adviser, now: datetime
) -> None:
    """Mark an appointment: présent, en retard, absent, excusé, annulé par le jeune, annulé par la structure.

    A structure's cancellation is told to the young person at once, whatever `/stop` says; an absence is
    followed the next day by a kind question, and from the second on the team is told that a call may help.

    Raises:
        NotYourStructure: the appointment belongs to another structure.
        NothingToDo: it is already marked, or it is marked present or absent before it begins.
    """
    if appointment.structure_id != adviser.structure_id:
        raise NotYourStructure
    await lock(session, appointment)
    if appointment.state is not AppointmentState.BOOKED or state is AppointmentState.BOOKED:
        raise NothingToDo
    if not state.is_cancelled and now < appointment.starts_at:
        raise NothingToDo
    appointment.marked_at, appointment.marked_by = now, adviser.id
    await session.execute(
        update(Notice)
        .where(Notice.conversation_id == appointment.conversation_id, Notice.kind == NoticeKind.UNMARKED)
        .values(seen_at=now)
    )
    conversation = await session.get_one(Conversation, appointment.conversation_id)
    if state.is_cancelled:
        await cancel(session, appointment, state, now)
        if state is AppointmentState.CANCELLED_BY_STRUCTURE:
            says = [
                Say(
                    "utter_cancelled_by_structure",
                    describe(appointment, now),
                    attachment=calendar_file(appointment, conversation.discreet, now),
                )
            ]
            await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)
        return
    appointment.state = state
    await nudges.drop(session, appointment, "marked")
    if state.came:
        await people.reach(session, appointment.person_id, MilestoneKind.FIRST_APPOINTMENT_HONOURED, now)
    elif state is AppointmentState.ABSENT:
        await nudges.plan_no_show(session, appointment, now)
        await _suggest_a_call(session, appointment, conversation, now)


async def _suggest_a_call(
    session: AsyncSession, appointment: Appointment, conversation: Conversation, now: datetime
) -> None:
    """Someone who did not come twice may be in trouble: a human calls, nobody is punished."""
    await session.flush()
    if await absences(session, appointment.person_id) < CALL_AFTER_ABSENCES:
        return
    advisers = (
        [appointment.adviser] if appointment.adviser else await team.advisers_of(session, appointment.structure_id)
    )
    await team.tell(session, advisers, NoticeKind.NO_SHOWS, now, conversation=conversation)


async def absences(session: AsyncSession, person_id: int) -> int:
    """How many times someone did not come, since they last did; an excuse does not count."""
    came = (
        select(func.max(Appointment.starts_at))
        .where(
            Appointment.person_id == person_id,
            Appointment.state.in_((AppointmentState.PRESENT, AppointmentState.LATE)),
        )
        .scalar_subquery()
    )
    counted = await session.scalar(
        select(func.count())
        .select_from(Appointment)
        .where(
            Appointment.person_id == person_id,
            Appointment.state == AppointmentState.ABSENT,
            or_(came.is_(None), Appointment.starts_at > came),
        )
    )
    return counted or 0


async def move_by_structure(
    session: AsyncSession, appointment: Appointment, slot: Slot, adviser: Adviser, now: datetime
) -> None:
    """Move an appointment for the young person, who is told at once.

    Raises:
        NotYourStructure: the appointment belongs to another structure.
        SlotTaken, NothingToDo: see `move`.
    """
    if appointment.structure_id != adviser.structure_id:
        raise NotYourStructure
    await move(session, appointment, slot, now, by=BookableBy.ADVISER)
    conversation = await session.get_one(Conversation, appointment.conversation_id)
    says = [
        Say(
            "utter_moved_by_structure",
            describe(appointment, now),
            attachment=calendar_file(appointment, conversation.discreet, now),
        )
    ]
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)


async def adviser_late(
    session: AsyncSession, appointment: Appointment, adviser: Adviser, minutes: int, now: datetime
) -> None:
    """Tell the young person at once that the adviser will be late.

    Raises:
        NotYourStructure: the appointment belongs to another structure.
        NothingToDo: it is not to come any more.
    """
    if appointment.structure_id != adviser.structure_id:
        raise NotYourStructure
    if appointment.state is not AppointmentState.BOOKED:
        raise NothingToDo
    conversation = await session.get_one(Conversation, appointment.conversation_id)
    says = [Say("utter_adviser_late", describe(appointment, now) | {"minutes": str(minutes)})]
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)


async def called(
    session: AsyncSession, appointment: Appointment, adviser: Adviser, now: datetime, *, done: bool = True
) -> None:
    """The young person was reminded by telephone; `done=False` takes a mark given by mistake away.

    Raises:
        NotYourStructure: the appointment belongs to another structure.
        NothingToDo: it is not to come any more, or nobody asked for a call.
    """
    if appointment.structure_id != adviser.structure_id:
        raise NotYourStructure
    if appointment.state is not AppointmentState.BOOKED or appointment.remind_by is not RemindBy.PHONE:
        raise NothingToDo
    appointment.called_at, appointment.called_by = (now, adviser.id) if done else (None, None)
    await session.flush()


async def unmarked(session: AsyncSession, now: datetime, structure_id: str | None = None) -> Sequence[Appointment]:
    """The appointments that are over and not marked: those of the days before, and from 17:00 those of the day."""
    today, _ = day_bounds(in_paris(now).date())
    asked = in_paris(now).time() >= ASK_UNMARKED_FROM
    rows = await session.scalars(
        select(Appointment)
        .where(
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at <= (now if asked else today),
            Appointment.structure_id == structure_id if structure_id is not None else true(),
        )
        .order_by(Appointment.starts_at)
    )
    return rows.all()


async def tick(session: AsyncSession, now: datetime) -> int:
    """Ask who receives, or the team, about the appointments not marked.

    From 17:00, once a day for each; and once from 9:00 on the next working day.
    """
    local = in_paris(now)
    evening = local.time() >= ASK_UNMARKED_FROM
    if local.time() < ASK_UNMARKED_AGAIN_FROM:
        return 0
    since = moment(local.date(), ASK_UNMARKED_FROM if evening else ASK_UNMARKED_AGAIN_FROM)
    asked = select(Notice.conversation_id).where(Notice.kind == NoticeKind.UNMARKED, Notice.at >= since)
    already = set((await session.scalars(asked)).all())
    new = [one for one in await unmarked(session, now) if one.conversation_id not in already]
    told = 0
    for appointment in new:
        structure = await session.get_one(Structure, appointment.structure_id)
        morning_after = next_working_day(in_paris(appointment.ends_at).date(), structure.territory.subdiv)
        if not evening and local.date() != morning_after:
            continue
        conversation = await session.get_one(Conversation, appointment.conversation_id)
        advisers = (
            [appointment.adviser] if appointment.adviser else await team.advisers_of(session, appointment.structure_id)
        )
        await team.tell(session, advisers, NoticeKind.UNMARKED, now, conversation=conversation)
        told += 1
    return told


# ── What a young person says of it ───────────────────────────────────────────────────────────


async def coming(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """They say they will come.

    Raises:
        NoAppointment: there is none to come.
    """
    appointment = await upcoming(session, conversation, now)
    appointment.said_coming_at = now
    return [Say("utter_attend_noted", describe(appointment, now))]


async def late(session: AsyncSession, conversation: Conversation, minutes: int | None, now: datetime) -> list[Say]:
    """They say they are late, or on their way; who receives them is told if present.

    Raises:
        NoAppointment: there is none to come.
    """
    appointment = await upcoming(session, conversation, now)
    if appointment.starts_at - now > timedelta(hours=12):
        return [Say("utter_coming_noted", describe(appointment, now))]
    appointment.late_minutes = minutes
    appointment.said_coming_at = now
    advisers: Sequence[Adviser] = (
        [appointment.adviser]
        if appointment.adviser
        else (await team.team_now(session, conversation.structure, now)).present
    )
    await team.tell(session, advisers, NoticeKind.LATE, now, conversation=conversation)
    if minutes is None:
        return [Say("utter_coming_noted", describe(appointment, now))]
    return [Say("utter_late_noted", describe(appointment, now) | {"minutes": str(minutes)})]


async def tell(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """When and where each appointment is.

    Raises:
        NoAppointment: there is none to come.
    """
    found = await all_upcoming(session, conversation, now)
    if not found:
        raise NoAppointment
    return [Say("utter_my_appointment", describe(appointment, now)) for appointment in found]


# ── Saying it ────────────────────────────────────────────────────────────────────────────────


def describe(appointment: Appointment, now: datetime) -> dict[str, str]:
    """The values texts may use: {day} {time} {place} {address} {mode} {with} {appointment}."""
    local = in_paris(appointment.starts_at)
    place = appointment.place
    return {
        "day": say_day(local.date(), in_paris(now).date()),
        "time": say_time(local),
        "place": where(appointment),
        "address": place.address or "",
        "mode": appointment.mode.label,
        "adviser": who_receives(appointment),
        "appointment": str(appointment.id),
    }


def who_receives(appointment: Appointment) -> str:
    """ "Sandra", "Karim et Sandra", or "l'équipe"."""
    advisers = (appointment.adviser, appointment.second_adviser)
    return " et ".join(adviser.first_name for adviser in advisers if adviser is not None) or "l'équipe"


def where(appointment: Appointment) -> str:
    """ "à Thionville" said as a place to go, "devant la gare" where the team comes, or "par téléphone"."""
    if appointment.mode is Mode.OUTSIDE:
        return appointment.meeting_point or appointment.mode.label
    if appointment.mode is not Mode.ON_SITE:
        return appointment.mode.label
    address = appointment.place.address
    return f"{appointment.place.name}, {address}" if address else appointment.place.name


def calendar_file(appointment: Appointment, discreet: bool, now: datetime) -> tuple[str, str]:
    """The (name, content) of the `.ics` file: a stable UID, SEQUENCE when it moves, CANCEL when it ends.

    In discreet mode it holds only the place and the time.
    """
    cancelled = appointment.state.is_cancelled
    file = Calendar()
    file.add("prodid", "-//Promeneurs//rendez-vous//FR")
    file.add("version", "2.0")
    file.add("method", "CANCEL" if cancelled else "PUBLISH")
    event = Event()
    event.add("uid", appointment.uid)
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    summary = "Rendez-vous" if discreet else f"Rendez-vous Mission Locale ({appointment.mode.label})"
    event.add("summary", summary)
    event.add("location", where(appointment))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    file.add_component(event)
    return "rendez-vous.ics", file.to_ical().decode()
