"""Appointments: free slots, booking, moving, cancelling, marking. The database has the last word (law 4)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event
from sqlalchemy import delete, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import (
    ASK_UNMARKED_FROM,
    CHANGE_NOTICE,
    HOLD,
    LONGEST_NOTICE,
    SHORTEST_NOTICE,
    AppointmentState,
    Mode,
    RemindBy,
    Slot,
    slices,
)
from bot.domain.calendar import PARIS, day_bounds, in_paris, is_holiday, say_day, say_time
from bot.domain.conversations import Say
from bot.domain.outbox import OutboxKind
from bot.domain.people import MilestoneKind
from bot.domain.reasons import FIRST_MEETING
from bot.domain.team import NoticeKind
from bot.errors import (
    AlreadyBooked,
    NoAppointment,
    NothingToDo,
    NotYourStructure,
    SlotGone,
    SlotTaken,
    TooLateToChange,
)
from bot.services import nudges, outbox, people, team
from bot.storage.queries import lock
from bot.storage.tables import (
    Adviser,
    Appointment,
    BookingDraft,
    Conversation,
    Notice,
    Opening,
    Place,
    SlotSlice,
    Structure,
)

# ── Free slots ───────────────────────────────────────────────────────────────────────────────


async def free_slots(
    session: AsyncSession,
    territory_id: str,
    now: datetime,
    *,
    place_id: int | None = None,
    mode: Mode | None = None,
    days: timedelta = LONGEST_NOTICE,
    draft_id: int | None = None,
) -> list[Slot]:
    """The slots that can be booked at `now`, in time order: open, not closed, not taken, not too soon.

    What the draft `draft_id` holds counts as free for it.
    """
    openings = await session.scalars(
        select(Opening)
        .join(Place, Opening.place_id == Place.id)
        .join(Structure, Place.structure_id == Structure.id)
        .where(
            Structure.territory_id == territory_id,
            Opening.active,
            Opening.place_id == place_id if place_id is not None else true(),
        )
    )
    earliest, latest = now + SHORTEST_NOTICE, now + days
    taken = await _taken(session, earliest, latest, now, draft_id)
    found = []
    for opening in openings:
        if mode is not None and mode.value not in opening.modes:
            continue
        closures = await team.closures_of(session, opening.place.structure_id, opening.adviser_id, opening.place_id)
        slot_mode = mode or Mode(opening.modes[0])
        subdiv = opening.place.structure.territory.subdiv
        for day in _days(opening, in_paris(earliest).date(), in_paris(latest).date()):
            if is_holiday(day, subdiv) or any(closure.start <= day <= closure.end for closure in closures):
                continue
            for starts_at, ends_at in _times(opening, day):
                if not earliest <= starts_at < latest:
                    continue
                slot = _first_free_seat(opening, slot_mode, starts_at, ends_at, taken)
                if slot is not None:
                    found.append(slot)
    return sorted(found, key=lambda slot: (slot.starts_at, slot.opening_id))


async def _taken(
    session: AsyncSession, earliest: datetime, latest: datetime, now: datetime, draft_id: int | None
) -> set[tuple[str, int]]:
    rows = await session.execute(
        select(SlotSlice.resource, SlotSlice.slice).where(
            SlotSlice.slice >= next(slices(earliest, earliest + timedelta(seconds=1))),
            SlotSlice.slice <= next(slices(latest, latest + timedelta(seconds=1))),
            or_(SlotSlice.held_until.is_(None), SlotSlice.held_until > now),
            or_(SlotSlice.draft_id.is_(None), SlotSlice.draft_id != draft_id) if draft_id else true(),
        )
    )
    return {(resource, number) for resource, number in rows}


def _first_free_seat(
    opening: Opening, mode: Mode, starts_at: datetime, ends_at: datetime, taken: set[tuple[str, int]]
) -> Slot | None:
    for seat in range(1 if opening.adviser_id is not None else opening.seats):
        slot = Slot(opening.id, opening.place_id, opening.adviser_id, mode, starts_at, ends_at, seat)
        if not any((resource, number) in taken for resource in slot.resources for number in slices(starts_at, ends_at)):
            return slot
    return None


def _days(opening: Opening, first: date, last: date) -> Iterable[date]:
    if opening.on_date is not None:
        return [opening.on_date] if first <= opening.on_date <= last else []
    first = max(first, opening.first_date or first)
    last = min(last, opening.last_date or last)
    return (
        day
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
        if day.weekday() == opening.weekday
    )


def _times(opening: Opening, day: date) -> Iterable[tuple[datetime, datetime]]:
    step = timedelta(minutes=opening.slot_minutes)
    for minute in range(opening.start_minute, opening.end_minute - opening.slot_minutes + 1, opening.slot_minutes):
        local = datetime.combine(day, time(minute // 60, minute % 60), PARIS)
        starts_at = local.astimezone(UTC)
        yield starts_at, starts_at + step


async def slot_at(session: AsyncSession, opening_id: int, starts_at: datetime, mode: Mode, now: datetime) -> Slot:
    """The slot of an opening at a given time, free or not.

    Raises:
        SlotGone: the opening does not exist any more, has no such slot, or it is over.
    """
    opening = await session.get(Opening, opening_id)
    if opening is None or not opening.active or starts_at <= now or mode.value not in opening.modes:
        raise SlotGone
    day = in_paris(starts_at).date()
    for begin, end in _times(opening, day) if day in _days(opening, day, day) else ():
        if begin == starts_at:
            return Slot(opening.id, opening.place_id, opening.adviser_id, mode, begin, end)
    raise SlotGone


# ── Holding and booking ──────────────────────────────────────────────────────────────────────


async def hold(session: AsyncSession, draft: BookingDraft, slot: Slot, now: datetime) -> Slot:
    """Keep a slot for ten minutes while it is being confirmed; a draft holds one slot at a time.

    Raises:
        SlotTaken: somebody has it.
    """
    await release(session, draft)
    return await _occupy(session, slot, now, draft_id=draft.id, held_until=now + HOLD)


async def release(session: AsyncSession, draft: BookingDraft) -> None:
    await session.execute(delete(SlotSlice).where(SlotSlice.draft_id == draft.id))


async def _occupy(
    session: AsyncSession,
    slot: Slot,
    now: datetime,
    *,
    draft_id: int | None = None,
    held_until: datetime | None = None,
    appointment_id: int | None = None,
) -> Slot:
    """Write the slices of a slot, on the first seat that is free.

    Raises:
        SlotTaken: no seat is.
    """
    opening = await session.get_one(Opening, slot.opening_id)
    seats = 1 if slot.adviser_id is not None else opening.seats
    for seat in range(seats):
        tried = Slot(slot.opening_id, slot.place_id, slot.adviser_id, slot.mode, slot.starts_at, slot.ends_at, seat)
        numbers = list(slices(slot.starts_at, slot.ends_at))
        await session.execute(
            delete(SlotSlice).where(
                SlotSlice.resource.in_(tried.resources),
                SlotSlice.slice.in_(numbers),
                SlotSlice.held_until <= now,
            )
        )
        try:
            async with session.begin_nested():
                session.add_all(
                    SlotSlice(
                        resource=resource,
                        slice=number,
                        draft_id=draft_id,
                        held_until=held_until,
                        appointment_id=appointment_id,
                    )
                    for resource in tried.resources
                    for number in numbers
                )
        except IntegrityError:
            continue
        return tried
    raise SlotTaken


async def book(
    session: AsyncSession,
    conversation: Conversation,
    slot: Slot,
    now: datetime,
    *,
    draft: BookingDraft | None = None,
    phone: str | None = None,
    reason: str = FIRST_MEETING,
) -> Appointment:
    """Book a slot, and plan its reminders. Committed with the caller's unit of work.

    Raises:
        SlotTaken: somebody has it.
        AlreadyBooked: the person has an appointment to come.
    """
    person_id = conversation.identity.person_id
    place = await session.get_one(Place, slot.place_id)
    appointment = Appointment(
        person_id=person_id,
        conversation_id=conversation.id,
        structure_id=place.structure_id,
        place=place,
        opening_id=slot.opening_id,
        adviser=await session.get(Adviser, slot.adviser_id) if slot.adviser_id else None,
        mode=slot.mode,
        reason=reason,
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
        raise AlreadyBooked(**describe(await upcoming(session, conversation, now), now)) from None
    if draft is not None:
        await release(session, draft)
    await _occupy(session, slot, now, appointment_id=appointment.id)
    await nudges.plan_reminders(session, appointment, now)
    return appointment


async def move(
    session: AsyncSession,
    appointment: Appointment,
    slot: Slot,
    now: datetime,
    *,
    draft: BookingDraft | None = None,
) -> Appointment:
    """Move an appointment to another slot: the same row, the next sequence of its calendar file.

    Raises:
        SlotTaken: somebody has the new slot; the appointment stays where it was.
        NothingToDo: the appointment is not to come any more.
    """
    await lock(session, appointment)
    if appointment.state is not AppointmentState.BOOKED:
        raise NothingToDo
    if draft is not None:
        await release(session, draft)
    async with session.begin_nested():
        await session.execute(delete(SlotSlice).where(SlotSlice.appointment_id == appointment.id))
        await _occupy(session, slot, now, appointment_id=appointment.id)
    appointment.place = await session.get_one(Place, slot.place_id)
    appointment.structure_id = appointment.place.structure_id
    appointment.adviser = await session.get(Adviser, slot.adviser_id) if slot.adviser_id else None
    appointment.opening_id, appointment.mode = slot.opening_id, slot.mode
    appointment.starts_at, appointment.ends_at = slot.starts_at, slot.ends_at
    appointment.sequence += 1
    appointment.said_coming_at, appointment.late_minutes = None, None
    appointment.called_at, appointment.called_by = None, None
    await session.flush()
    await nudges.plan_reminders(session, appointment, now)
    return appointment


async def upcoming(session: AsyncSession, conversation: Conversation, now: datetime) -> Appointment:
    """The person's appointment to come, or under way.

    Raises:
        NoAppointment: there is none.
    """
    found = await session.scalar(
        select(Appointment)
        .where(
            Appointment.person_id == conversation.identity.person_id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
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
        TooLateToChange: it begins within the hour.
    """
    appointment = await upcoming(session, conversation, now)
    if appointment.starts_at - now < CHANGE_NOTICE:
        raise TooLateToChange(**describe(appointment, now))
    return appointment


async def cancel(session: AsyncSession, appointment: Appointment, by: AppointmentState, now: datetime) -> Appointment:
    """Cancel an appointment and free its slot at once.

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
    return appointment


# ── What an adviser does ─────────────────────────────────────────────────────────────────────


async def mark(
    session: AsyncSession, appointment: Appointment, state: AppointmentState, adviser: Adviser, now: datetime
) -> None:
    """Mark an appointment: présent, absent, annulé par le jeune, annulé par la structure.

    A structure's cancellation is told to the young person at once, whatever `/stop` says; an absence is
    followed the next day by a kind question.

    Raises:
        NotYourStructure: the appointment belongs to another structure.
        NothingToDo: it is already marked, or it is marked present or absent before it begins.
    """
    if appointment.structure_id != adviser.structure_id:
        raise NotYourStructure
    await lock(session, appointment)
    if appointment.state is not AppointmentState.BOOKED or state is AppointmentState.BOOKED:
        raise NothingToDo
    if state in (AppointmentState.PRESENT, AppointmentState.ABSENT) and now < appointment.starts_at:
        raise NothingToDo
    appointment.marked_at, appointment.marked_by = now, adviser.id
    await session.execute(
        update(Notice)
        .where(Notice.conversation_id == appointment.conversation_id, Notice.kind == NoticeKind.UNMARKED)
        .values(seen_at=now)
    )
    conversation = await session.get_one(Conversation, appointment.conversation_id)
    if state in (AppointmentState.CANCELLED_BY_STRUCTURE, AppointmentState.CANCELLED_BY_YOUNG):
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
    if state is AppointmentState.PRESENT:
        await people.reach(session, appointment.person_id, MilestoneKind.FIRST_APPOINTMENT_HONOURED, now)
    else:
        await nudges.plan_no_show(session, appointment, now)


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
    await move(session, appointment, slot, now)
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
    """From 17:00, ask who receives, or the team, about the appointments not marked: once a day for each."""
    local = in_paris(now)
    if local.time() < ASK_UNMARKED_FROM:
        return 0
    today, _ = day_bounds(local.date())
    asked = select(Notice.conversation_id).where(Notice.kind == NoticeKind.UNMARKED, Notice.at >= today)
    # A person has one appointment to come at a time, so the conversation says which it is.
    already = set((await session.scalars(asked)).all())
    new = [one for one in await unmarked(session, now) if one.conversation_id not in already]
    for appointment in new:
        conversation = await session.get_one(Conversation, appointment.conversation_id)
        advisers = (
            [appointment.adviser] if appointment.adviser else await team.advisers_of(session, appointment.structure_id)
        )
        await team.tell(session, advisers, NoticeKind.UNMARKED, now, conversation=conversation)
    return len(new)


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
    """When and where the appointment is.

    Raises:
        NoAppointment: there is none to come.
    """
    appointment = await upcoming(session, conversation, now)
    return [Say("utter_my_appointment", describe(appointment, now))]


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
        "adviser": appointment.adviser.first_name if appointment.adviser else "l'équipe",
        "appointment": str(appointment.id),
    }


def where(appointment: Appointment) -> str:
    """ "à Thionville" said as a place to go, or "par téléphone"."""
    if appointment.mode is not Mode.ON_SITE:
        return appointment.mode.label
    address = appointment.place.address
    return f"{appointment.place.name}, {address}" if address else appointment.place.name


def calendar_file(appointment: Appointment, discreet: bool, now: datetime) -> tuple[str, str]:
    """The (name, content) of the `.ics` file: a stable UID, SEQUENCE when it moves, CANCEL when it ends.

    In discreet mode it holds only the place and the time.
    """
    cancelled = appointment.state in (
        AppointmentState.CANCELLED_BY_STRUCTURE,
        AppointmentState.CANCELLED_BY_YOUNG,
    )
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
