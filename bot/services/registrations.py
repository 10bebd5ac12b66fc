"""Registrations in a workshop: take a seat, wait in line for one, leave it to the next; be reminded.

A seat is a row with a number, unique in its workshop: the database has the last word (law 4).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from icalendar import Calendar, Event
from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import in_paris, say_day, say_time
from bot.domain.conversations import Say
from bot.domain.nudges import NudgeKind, NudgeState, reminder_times
from bot.domain.outbox import OutboxKind
from bot.domain.waiting import held_until
from bot.domain.workshops import OPEN, RegistrationState, may_offer
from bot.errors import AlreadyRegistered, NothingToDo, WorkshopFull
from bot.services import outbox, people, programme
from bot.storage.queries import lock
from bot.storage.tables import Conversation, Nudge, Registration, Workshop

# One reminder a day of a workshop, and as many again each time its dates change.
DAYS_PER_VERSION = 100


async def registration_of(session: AsyncSession, workshop: Workshop, conversation: Conversation) -> Registration | None:
    """What the person has in a workshop: a seat, one that is offered, or a place in the line."""
    found: Registration | None = await session.scalar(
        select(Registration).where(
            Registration.workshop_id == workshop.id,
            Registration.person_id == conversation.identity.person_id,
            Registration.state.in_(OPEN),
        )
    )
    return found


async def registered(session: AsyncSession, workshop: Workshop) -> Sequence[Registration]:
    """Who has a seat, in the order they took it."""
    rows = await session.scalars(
        select(Registration)
        .where(Registration.workshop_id == workshop.id, Registration.state == RegistrationState.REGISTERED)
        .order_by(Registration.id)
    )
    return rows.all()


async def waiting(session: AsyncSession, workshop: Workshop) -> Sequence[Registration]:
    """Who waits for a seat, or is offered one, in order."""
    in_line = (RegistrationState.WAITING, RegistrationState.OFFERED)
    rows = await session.scalars(
        select(Registration)
        .where(Registration.workshop_id == workshop.id, Registration.state.in_(in_line))
        .order_by(Registration.id)
    )
    return rows.all()


async def seats_left(session: AsyncSession, workshop: Workshop) -> int:
    """The seats a newcomer may have: none while somebody waits for one."""
    if await _line(session, workshop):
        return 0
    return max(0, workshop.seats - len(await _taken(session, workshop)))


async def _taken(session: AsyncSession, workshop: Workshop) -> set[int]:
    rows = await session.scalars(
        select(Registration.seat).where(Registration.workshop_id == workshop.id, Registration.seat.is_not(None))
    )
    return {seat for seat in rows if seat is not None}


async def _line(session: AsyncSession, workshop: Workshop) -> Sequence[Registration]:
    """Who waits for a seat, the first in line first."""
    rows = await session.scalars(
        select(Registration)
        .where(Registration.workshop_id == workshop.id, Registration.state == RegistrationState.WAITING)
        .order_by(Registration.id)
    )
    return rows.all()


# ── A seat ───────────────────────────────────────────────────────────────────────────────────


async def register(
    session: AsyncSession, conversation: Conversation, workshop: Workshop, now: datetime
) -> Registration:
    """Take a seat, for every half-day.

    Raises:
        WorkshopGone: it is cancelled, or it has begun.
        AlreadyRegistered: the person has a seat, or is in line.
        WorkshopFull: no seat is left, or others wait for one.
    """
    programme.must_be_to_come(workshop, now)
    if await registration_of(session, workshop, conversation) is not None:
        raise AlreadyRegistered(**programme.values(workshop, now))
    if await _line(session, workshop):
        raise WorkshopFull(**programme.values(workshop, now))
    taken = await _taken(session, workshop)
    for seat in range(workshop.seats):
        if seat in taken:
            continue
        try:
            async with session.begin_nested():
                registration = _new(workshop, conversation, RegistrationState.REGISTERED, now)
                registration.seat = seat
                session.add(registration)
        except IntegrityError:
            continue  # somebody was faster
        await plan_reminders(session, registration, now)
        return registration
    raise WorkshopFull(**programme.values(workshop, now))


async def wait(session: AsyncSession, conversation: Conversation, workshop: Workshop, now: datetime) -> Registration:
    """Wait in line for a seat.

    Raises:
        WorkshopGone: it is cancelled, or it has begun.
        AlreadyRegistered: the person has a seat, or is in line.
    """
    programme.must_be_to_come(workshop, now)
    try:
        async with session.begin_nested():
            registration = _new(workshop, conversation, RegistrationState.WAITING, now)
            session.add(registration)
    except IntegrityError:
        raise AlreadyRegistered(**programme.values(workshop, now)) from None
    # A seat may have been freed in between.
    await fill(session, workshop, now)
    return registration


async def leave(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """Give one's seat, or one's place in the line, to the next.

    Raises:
        NothingToDo: it is over already.
    """
    await lock(session, registration)
    if registration.state not in OPEN:
        raise NothingToDo
    await end(session, registration, RegistrationState.LEFT)
    await fill(session, registration.workshop, now)


async def leave_all(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Leave every workshop: the person is erased."""
    rows = await session.scalars(
        select(Registration).where(Registration.person_id == person_id, Registration.state.in_(OPEN))
    )
    for registration in rows.all():
        await leave(session, registration, now)


async def give(session: AsyncSession, giver_id: int, taker_id: int, here: Conversation) -> None:
    """Two persons become one: the registrations of `giver_id` go with them, one in each workshop at most.

    What is still to be said of theirs is said `here`.
    """
    theirs = select(Registration.workshop_id).where(Registration.person_id == taker_id, Registration.state.in_(OPEN))
    taken = (await session.scalars(theirs)).all()
    await session.execute(
        update(Registration)
        .where(
            Registration.person_id == giver_id,
            or_(Registration.state.not_in(OPEN), Registration.workshop_id.not_in(taken)),
        )
        .values(person_id=taker_id)
    )
    open_ones = select(Registration.id).where(Registration.person_id == taker_id, Registration.state.in_(OPEN))
    numbers = (await session.scalars(open_ones)).all()
    await session.execute(update(Registration).where(Registration.id.in_(numbers)).values(conversation_id=here.id))
    await session.execute(
        update(Nudge)
        .where(Nudge.about.in_(numbers), Nudge.kind == NudgeKind.WORKSHOP, Nudge.state == NudgeState.PLANNED)
        .values(conversation_id=here.id)
    )


def _new(workshop: Workshop, conversation: Conversation, state: RegistrationState, now: datetime) -> Registration:
    return Registration(
        workshop=workshop,
        person_id=conversation.identity.person_id,
        conversation_id=conversation.id,
        state=state,
        uid=f"{secrets.token_hex(12)}@promeneurs",
        at=now,
    )


async def end(session: AsyncSession, registration: Registration, state: RegistrationState) -> None:
    """A registration is over: its seat is free, and its reminders are dropped."""
    registration.state, registration.seat, registration.offered_until = state, None, None
    registration.sequence += 1
    await _drop_reminders(session, registration, state.value)
    await session.flush()


# ── The line ─────────────────────────────────────────────────────────────────────────────────


async def fill(session: AsyncSession, workshop: Workshop, now: datetime) -> int:
    """Offer the free seats to the first in line; at night, nothing: the tick does it at 9:00. Returns how many."""
    await lock(session, workshop)
    if workshop.cancelled_at is not None or not may_offer(now):
        return 0
    starts_at = workshop.sessions[0].starts_at
    if starts_at <= now:
        return 0
    taken = await _taken(session, workshop)
    free = [seat for seat in range(workshop.seats) if seat not in taken]
    offered = list(zip(await _line(session, workshop), free, strict=False))
    for registration, seat in offered:
        registration.state, registration.seat = RegistrationState.OFFERED, seat
        registration.offered_until = held_until(now, starts_at)
        about = programme.values(workshop, now) | {"until": _say_until(registration.offered_until, now)}
        await say(session, registration, [Say("utter_workshop_offered", about)], now)
    await session.flush()
    return len(offered)


async def take_offer(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """Take the seat that is kept for them.

    Raises:
        NothingToDo: it is not kept any more, or it was taken already.
    """
    await lock(session, registration)
    if registration.state is not RegistrationState.OFFERED:
        raise NothingToDo
    if registration.offered_until is not None and registration.offered_until <= now:
        raise NothingToDo
    registration.state, registration.offered_until = RegistrationState.REGISTERED, None
    await session.flush()
    await plan_reminders(session, registration, now)


async def tick(session: AsyncSession, now: datetime) -> int:
    """Give what nobody took to the next in line, and offer what was freed at night. Returns how many rows moved."""
    over = await session.scalars(
        select(Registration)
        .where(Registration.state == RegistrationState.OFFERED, Registration.offered_until <= now)
        .order_by(Registration.id)
    )
    moved = 0
    for registration in over.all():
        await lock(session, registration)
        if registration.state is not RegistrationState.OFFERED:
            continue
        await end(session, registration, RegistrationState.MISSED)
        await say(
            session, registration, [Say("utter_workshop_missed", programme.values(registration.workshop, now))], now
        )
        moved += 1
    if not may_offer(now):
        return moved
    seated = (
        select(func.count())
        .where(Registration.workshop_id == Workshop.id, Registration.seat.is_not(None))
        .scalar_subquery()
    )
    waits = exists().where(Registration.workshop_id == Workshop.id, Registration.state == RegistrationState.WAITING)
    for workshop in (await session.scalars(select(Workshop).where(waits, seated < Workshop.seats))).all():
        moved += await fill(session, workshop, now)
    return moved


# ── Reminders ────────────────────────────────────────────────────────────────────────────────


async def plan_reminders(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """The evening before each day; those of earlier dates are dropped."""
    await _drop_reminders(session, registration, "moved")
    for index, (_, half_days) in enumerate(programme.by_day(registration.workshop)):
        for kind, due_at, too_late_at in reminder_times(half_days[0].starts_at, now):
            if kind is NudgeKind.EVENING:
                session.add(
                    Nudge(
                        conversation_id=registration.conversation_id,
                        kind=NudgeKind.WORKSHOP,
                        about=registration.id,
                        version=registration.sequence * DAYS_PER_VERSION + index,
                        due_at=due_at,
                        too_late_at=too_late_at,
                    )
                )
    await session.flush()


async def _drop_reminders(session: AsyncSession, registration: Registration, why: str) -> None:
    await session.execute(
        update(Nudge)
        .where(Nudge.about == registration.id, Nudge.kind == NudgeKind.WORKSHOP, Nudge.state == NudgeState.PLANNED)
        .values(state=NudgeState.DROPPED, why=why)
    )


async def why_not_remind(session: AsyncSession, nudge: Nudge) -> str | None:
    """Asked when a reminder leaves: why it is not true any more, or None."""
    registration = await session.get_one(Registration, nudge.about)
    same = registration.sequence == nudge.version // DAYS_PER_VERSION
    return None if same and registration.state is RegistrationState.REGISTERED else "changed"


async def remind(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    """What is said the evening before a day of it; on a screen others may read, without its name."""
    workshop = (await session.get_one(Registration, nudge.about)).workshop
    days = programme.by_day(workshop)
    _, half_days = days[nudge.version % DAYS_PER_VERSION]
    neutral = conversation.discreet or await people.alert_is_open(session, conversation)
    response = "utter_workshop_reminder_neutral" if neutral else "utter_workshop_reminder"
    return [Say(response, programme.values(workshop, now, half_days[0]))]


# ── Saying it ────────────────────────────────────────────────────────────────────────────────


def _say_until(at: datetime, now: datetime) -> str:
    day = say_day(in_paris(at).date(), in_paris(now).date())
    return say_time(at) if day == "aujourd'hui" else f"{day} {say_time(at)}"


async def say(session: AsyncSession, registration: Registration, says: list[Say], now: datetime) -> None:
    """Say something at once, whatever `/stop` says: it is about a seat they asked for."""
    conversation = await session.get_one(Conversation, registration.conversation_id)
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)


async def file_of(session: AsyncSession, registration: Registration, now: datetime) -> tuple[str, str]:
    """The `.ics` file of a registration, as discreet as its conversation."""
    conversation = await session.get_one(Conversation, registration.conversation_id)
    return calendar_file(registration, conversation.discreet, now)


def calendar_file(registration: Registration, discreet: bool, now: datetime) -> tuple[str, str]:
    """The (name, content) of the `.ics` file: one event a half-day, with a stable UID; CANCEL when it ends.

    In discreet mode it holds only the place and the time.
    """
    workshop = registration.workshop
    ended = registration.state is not RegistrationState.REGISTERED
    file = Calendar()
    file.add("prodid", "-//Promeneurs//atelier//FR")
    file.add("version", "2.0")
    file.add("method", "CANCEL" if ended else "PUBLISH")
    for half_day in workshop.sessions:
        event = Event()
        event.add("uid", f"{half_day.id}-{registration.uid}")
        event.add("sequence", registration.sequence)
        event.add("dtstamp", now)
        event.add("dtstart", half_day.starts_at.astimezone(UTC))
        event.add("dtend", half_day.ends_at.astimezone(UTC))
        event.add("summary", "Rendez-vous" if discreet else workshop.title)
        event.add("location", programme.values(workshop, now)["place"])
        event.add("status", "CANCELLED" if ended else "CONFIRMED")
        file.add_component(event)
    return "atelier.ics", file.to_ical().decode()
