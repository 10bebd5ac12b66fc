"""Workshops and *chantiers*: list, register, wait for a seat, leave; change, cancel, mark who came.

A seat is a row with a number, unique in its workshop: the database has the last word (law 4).
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby

from icalendar import Calendar, Event
from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import in_paris, say_day, say_time
from bot.domain.conversations import Button, Say, first_that_fits
from bot.domain.nudges import NudgeKind, NudgeState, reminder_times
from bot.domain.outbox import OutboxKind
from bot.domain.people import Channel
from bot.domain.waiting import held_until
from bot.domain.workshops import (
    OPEN,
    Attendance,
    RegistrationState,
    WorkshopKind,
    asked_for,
    may_offer,
)
from bot.errors import AlreadyRegistered, NothingToDo, NotYourStructure, WorkshopFull, WorkshopGone
from bot.services import outbox, people
from bot.storage.queries import lock
from bot.storage.tables import (
    Adviser,
    Conversation,
    Nudge,
    Place,
    Registration,
    Structure,
    Workshop,
    WorkshopAttendance,
    WorkshopSession,
)

MAX_LISTED = 6
# One reminder a day of a workshop, and as many again each time its dates change.
DAYS_PER_VERSION = 100


@dataclass(frozen=True)
class Plan:
    """What a workshop is, as a file or a form says it; `sessions` are (start, end) pairs, aware, in time order."""

    kind: WorkshopKind
    title: str
    place_id: int
    seats: int
    sessions: tuple[tuple[datetime, datetime], ...]
    reason: str | None = None
    documents: tuple[str, ...] = ()
    minor_papers: tuple[str, ...] = ()
    pickup: str | None = None
    pickup_minute: int | None = None


# ── What is coming ───────────────────────────────────────────────────────────────────────────


async def coming(session: AsyncSession, territory_id: str, now: datetime) -> Sequence[Workshop]:
    """The workshops of a territory that have not begun, the soonest first."""
    first = select(func.min(WorkshopSession.starts_at)).where(WorkshopSession.workshop_id == Workshop.id)
    begins = first.scalar_subquery()
    rows = await session.scalars(
        select(Workshop)
        .join(Structure, Workshop.structure_id == Structure.id)
        .where(Structure.territory_id == territory_id, Workshop.cancelled_at.is_(None), begins > now)
        .order_by(begins, Workshop.id)
    )
    return rows.all()


async def tell(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """The coming workshops a text asks for, as buttons; one alone is described at once. Empty if none is coming."""
    offered = await coming(session, conversation.structure.territory_id, now)
    found = asked_for(text, offered)
    if len(found) == 1 and text:
        return await describe(session, conversation, found[0], now)
    buttons = tuple(Button(_title(one), f"workshop:{one.id}") for one in found[:MAX_LISTED])
    return [Say("utter_workshop_list", {}, buttons)] if buttons else []


async def mine(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """The workshops the person has a seat in, each in a few words."""
    rows = await session.scalars(
        select(Registration).where(
            Registration.person_id == conversation.identity.person_id,
            Registration.state == RegistrationState.REGISTERED,
        )
    )
    return [
        Say("utter_workshop_mine", values(one.workshop, now))
        for one in rows.all()
        if one.workshop.sessions[-1].ends_at > now
    ]


async def describe(session: AsyncSession, conversation: Conversation, workshop: Workshop, now: datetime) -> list[Say]:
    """A workshop, and what the person may do of it.

    Raises:
        WorkshopGone: it is cancelled, or it has begun.
    """
    _must_be_to_come(workshop, now)
    about = values(workshop, now)
    says = [Say("utter_workshop_days" if len(workshop.sessions) > 1 else "utter_workshop_one", about)]
    own = await registration_of(session, workshop, conversation)
    if own is not None:
        return [*says, Say(f"utter_workshop_own_{own.state.value}", about)]
    left = await seats_left(session, workshop)
    if not left:
        return [*says, Say("utter_workshop_full", about)]
    return [*says, Say("utter_workshop_join", about | {"left": f"{left} places" if left > 1 else "une place"})]


async def seats_left(session: AsyncSession, workshop: Workshop) -> int:
    """The seats a newcomer may have: none while somebody waits for one."""
    if await _line(session, workshop):
        return 0
    return max(0, workshop.seats - len(await _taken(session, workshop)))


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


def _must_be_to_come(workshop: Workshop, now: datetime) -> None:
    if workshop.cancelled_at is not None or not workshop.sessions or workshop.sessions[0].starts_at <= now:
        raise WorkshopGone


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
    _must_be_to_come(workshop, now)
    if await registration_of(session, workshop, conversation) is not None:
        raise AlreadyRegistered(**values(workshop, now))
    if await _line(session, workshop):
        raise WorkshopFull(**values(workshop, now))
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
        await _plan_reminders(session, registration, now)
        return registration
    raise WorkshopFull(**values(workshop, now))


async def wait(session: AsyncSession, conversation: Conversation, workshop: Workshop, now: datetime) -> Registration:
    """Wait in line for a seat.

    Raises:
        WorkshopGone: it is cancelled, or it has begun.
        AlreadyRegistered: the person has a seat, or is in line.
    """
    _must_be_to_come(workshop, now)
    try:
        async with session.begin_nested():
            registration = _new(workshop, conversation, RegistrationState.WAITING, now)
            session.add(registration)
    except IntegrityError:
        raise AlreadyRegistered(**values(workshop, now)) from None
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
    await _end(session, registration, RegistrationState.LEFT)
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


async def _end(session: AsyncSession, registration: Registration, state: RegistrationState) -> None:
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
        about = values(workshop, now) | {"until": _say_until(registration.offered_until, now)}
        await _say(session, registration, [Say("utter_workshop_offered", about)], now)
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
    await _plan_reminders(session, registration, now)


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
        await _end(session, registration, RegistrationState.MISSED)
        await _say(session, registration, [Say("utter_workshop_missed", values(registration.workshop, now))], now)
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


# ── What the team does ───────────────────────────────────────────────────────────────────────


async def set_up(
    session: AsyncSession, key: str, structure_id: str, plan: Plan, now: datetime, *, by_hand: bool = False
) -> Workshop:
    """Add a workshop. `by_hand`: in the console, so that the territory file leaves it alone."""
    workshop = Workshop(
        key=key,
        structure_id=structure_id,
        sessions=[WorkshopSession(starts_at=start, ends_at=end) for start, end in plan.sessions],
        edited_at=now if by_hand else None,
    )
    await _write(session, workshop, plan)
    session.add(workshop)
    await session.flush()
    return workshop


async def change(session: AsyncSession, workshop: Workshop, plan: Plan, now: datetime, *, by_hand: bool = False) -> int:
    """Change a workshop. When it is not where or when it was, whoever has a seat is told at once.

    Fewer seats put nobody out: those who have one keep it. Returns how many were told.

    Raises:
        NothingToDo: it is cancelled.
    """
    await lock(session, workshop)
    if workshop.cancelled_at is not None:
        raise NothingToDo
    before = _where_and_when(workshop)
    await _write(session, workshop, plan)
    if by_hand:
        workshop.edited_at = now
    known = list(workshop.sessions)
    for half_day, (start, end) in zip(known, plan.sessions, strict=False):
        half_day.starts_at, half_day.ends_at = start, end
    workshop.sessions.extend(
        WorkshopSession(starts_at=start, ends_at=end) for start, end in plan.sessions[len(known) :]
    )
    for half_day in known[len(plan.sessions) :]:
        await session.execute(delete(WorkshopAttendance).where(WorkshopAttendance.session_id == half_day.id))
        workshop.sessions.remove(half_day)
    await session.flush()
    told = await registered(session, workshop) if _where_and_when(workshop) != before else []
    if workshop.sessions[-1].ends_at > now:
        for registration in told:
            registration.sequence += 1
            registration.said_coming_at = None
            await _plan_reminders(session, registration, now)
            says = [
                Say("utter_workshop_changed", values(workshop, now), attachment=await _file(session, registration, now))
            ]
            await _say(session, registration, says, now)
    await fill(session, workshop, now)
    return len(told)


async def cancel(session: AsyncSession, workshop: Workshop, now: datetime, *, by_hand: bool = False) -> int:
    """Cancel a workshop; whoever has a seat or waits for one is told at once. Returns how many were told.

    Raises:
        NothingToDo: it is cancelled already.
    """
    await lock(session, workshop)
    if workshop.cancelled_at is not None:
        raise NothingToDo
    workshop.cancelled_at = now
    if by_hand:
        workshop.edited_at = now
    over = not workshop.sessions or workshop.sessions[-1].ends_at <= now
    rows = (
        await session.scalars(
            select(Registration).where(Registration.workshop_id == workshop.id, Registration.state.in_(OPEN))
        )
    ).all()
    for registration in rows:
        had_a_seat = registration.state is RegistrationState.REGISTERED
        await _end(session, registration, RegistrationState.CANCELLED)
        if over:
            continue
        file = await _file(session, registration, now) if had_a_seat else None
        await _say(
            session, registration, [Say("utter_workshop_cancelled", values(workshop, now), attachment=file)], now
        )
    await session.flush()
    return 0 if over else len(rows)


async def mark(
    session: AsyncSession,
    registration: Registration,
    half_day: WorkshopSession,
    state: Attendance | None,
    adviser: Adviser,
    now: datetime,
) -> None:
    """Mark who came to a half-day; None takes a mark given by mistake away.

    Raises:
        NotYourStructure: the workshop belongs to another structure.
        NothingToDo: the half-day has not begun, or is not of this workshop, or the person has no seat.
    """
    if registration.workshop.structure_id != adviser.structure_id:
        raise NotYourStructure
    theirs = half_day.workshop_id == registration.workshop_id
    if not theirs or half_day.starts_at > now or registration.state is not RegistrationState.REGISTERED:
        raise NothingToDo
    known = await session.get(WorkshopAttendance, (registration.id, half_day.id))
    if state is None:
        if known is not None:
            await session.delete(known)
    elif known is None:
        session.add(
            WorkshopAttendance(
                registration_id=registration.id,
                session_id=half_day.id,
                state=state,
                marked_at=now,
                marked_by=adviser.id,
            )
        )
    else:
        known.state, known.marked_at, known.marked_by = state, now, adviser.id
    await session.flush()


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


async def attendance(session: AsyncSession, workshop: Workshop) -> dict[tuple[int, int], Attendance]:
    """What is marked of a workshop, by (registration, half-day)."""
    rows = await session.scalars(
        select(WorkshopAttendance)
        .join(Registration, WorkshopAttendance.registration_id == Registration.id)
        .where(Registration.workshop_id == workshop.id)
    )
    return {(row.registration_id, row.session_id): row.state for row in rows}


async def of_structure(session: AsyncSession, structure_id: str, since: datetime) -> Sequence[Workshop]:
    """The workshops of a structure that are not over at `since`, the soonest first."""
    ends = select(func.max(WorkshopSession.ends_at)).where(WorkshopSession.workshop_id == Workshop.id)
    begins = select(func.min(WorkshopSession.starts_at)).where(WorkshopSession.workshop_id == Workshop.id)
    rows = await session.scalars(
        select(Workshop)
        .where(and_(Workshop.structure_id == structure_id, ends.scalar_subquery() > since))
        .order_by(begins.scalar_subquery(), Workshop.id)
    )
    return rows.all()


async def _write(session: AsyncSession, workshop: Workshop, plan: Plan) -> None:
    workshop.kind, workshop.title, workshop.seats, workshop.reason = plan.kind, plan.title, plan.seats, plan.reason
    workshop.place = await session.get_one(Place, plan.place_id)
    workshop.documents, workshop.minor_papers = list(plan.documents), list(plan.minor_papers)
    workshop.pickup, workshop.pickup_minute = plan.pickup, plan.pickup_minute


def _where_and_when(workshop: Workshop) -> object:
    times = tuple((one.starts_at, one.ends_at) for one in workshop.sessions)
    return workshop.place.id, times, workshop.pickup, workshop.pickup_minute


# ── Reminders ────────────────────────────────────────────────────────────────────────────────


async def _plan_reminders(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """The evening before each day; those of earlier dates are dropped."""
    await _drop_reminders(session, registration, "moved")
    for index, (_, half_days) in enumerate(_by_day(registration.workshop)):
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
    days = _by_day(workshop)
    _, half_days = days[nudge.version % DAYS_PER_VERSION]
    neutral = conversation.discreet or await people.alert_is_open(session, conversation)
    response = "utter_workshop_reminder_neutral" if neutral else "utter_workshop_reminder"
    return [Say(response, values(workshop, now, half_days[0]))]


# ── Saying it ────────────────────────────────────────────────────────────────────────────────


def values(workshop: Workshop, now: datetime, half_day: WorkshopSession | None = None) -> dict[str, str]:
    """The values texts may use: {title} {place} {day} {time} {end} {days} {workshop}; the day is the first one."""
    first = half_day or workshop.sessions[0]
    local, today = in_paris(first.starts_at), in_paris(now).date()
    lines = [
        f"{say_day(day, today).capitalize()} : {' et '.join(_hours(one) for one in half_days)}"
        for day, half_days in _by_day(workshop)
    ]
    address = workshop.place.address
    return {
        "title": workshop.title,
        "place": f"{workshop.place.name}, {address}" if address else workshop.place.name,
        "day": say_day(local.date(), today),
        "time": say_time(local),
        "end": say_time(in_paris(first.ends_at)),
        "days": "\n".join(lines),
        "workshop": str(workshop.id),
    }


def _by_day(workshop: Workshop) -> list[tuple[date, list[WorkshopSession]]]:
    in_order = sorted(workshop.sessions, key=lambda one: one.starts_at)
    return [(day, list(group)) for day, group in groupby(in_order, key=lambda one: in_paris(one.starts_at).date())]


def _hours(half_day: WorkshopSession) -> str:
    return f"{say_time(half_day.starts_at)}-{say_time(half_day.ends_at)}"


def _title(workshop: Workshop) -> str:
    local = in_paris(workshop.sessions[0].starts_at)
    date_ = f"{local.day}/{local.month:02}"
    return first_that_fits(f"{workshop.title}, le {date_}", f"{workshop.title} {date_}", workshop.title)


def _say_until(at: datetime, now: datetime) -> str:
    day = say_day(in_paris(at).date(), in_paris(now).date())
    return say_time(at) if day == "aujourd'hui" else f"{day} {say_time(at)}"


async def _say(session: AsyncSession, registration: Registration, says: list[Say], now: datetime) -> None:
    """Say something at once, whatever `/stop` says: it is about a seat they asked for."""
    conversation = await session.get_one(Conversation, registration.conversation_id)
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)


async def _file(session: AsyncSession, registration: Registration, now: datetime) -> tuple[str, str]:
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
        event.add("location", values(workshop, now)["place"])
        event.add("status", "CANCELLED" if ended else "CONFIRMED")
        file.add_component(event)
    return "atelier.ics", file.to_ical().decode()


async def _say_registered(
    session: AsyncSession, conversation: Conversation, registration: Registration, now: datetime
) -> list[Say]:
    workshop = registration.workshop
    about = values(workshop, now)
    says = [Say("utter_workshop_registered_days" if len(workshop.sessions) > 1 else "utter_workshop_registered", about)]
    if workshop.pickup is not None and workshop.pickup_minute is not None:
        clock = say_time(time(workshop.pickup_minute // 60, workshop.pickup_minute % 60))
        says.append(Say("utter_workshop_pickup", {"pickup": workshop.pickup, "clock": clock}))
    if workshop.documents:
        says.append(Say("utter_workshop_bring", {"documents": " et ".join(workshop.documents)}))
    if workshop.minor_papers:
        says.append(Say("utter_workshop_minor_papers", {"papers": " et ".join(workshop.minor_papers)}))
    reminded = await session.scalar(
        select(Nudge.id)
        .where(Nudge.about == registration.id, Nudge.kind == NudgeKind.WORKSHOP, Nudge.state == NudgeState.PLANNED)
        .limit(1)
    )
    response = "utter_booked_no_reminder" if reminded is None else "utter_booked_reminder_evening"
    if conversation.identity.channel is Channel.WEB and reminded is not None:
        response = "utter_booked_file"  # a browser may be closed by then
    return [*says, Say(response, {}, attachment=calendar_file(registration, conversation.discreet, now))]


# ── Buttons ──────────────────────────────────────────────────────────────────────────────────


async def _list(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    return await tell(session, conversation, "", now) or [Say("utter_workshop_none")]


async def _show(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    return await describe(session, conversation, await _of_button(session, conversation, number), now)


async def _register(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    workshop = await _of_button(session, conversation, number)
    return await _say_registered(session, conversation, await register(session, conversation, workshop, now), now)


async def _wait(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    workshop = await _of_button(session, conversation, number)
    registration = await wait(session, conversation, workshop, now)
    if registration.state is RegistrationState.OFFERED:
        return []  # a seat was free after all: it has just been offered
    return [Say("utter_workshop_in_line", values(workshop, now))]


async def _ask_leave(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    workshop = (await _theirs(session, conversation, number)).workshop
    return [Say("utter_workshop_leave_confirm", values(workshop, now))]


async def _leave(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    registration = await _theirs(session, conversation, number)
    had_a_seat = registration.state is RegistrationState.REGISTERED
    await leave(session, registration, now)
    file = calendar_file(registration, conversation.discreet, now) if had_a_seat else None
    return [Say("utter_workshop_left", values(registration.workshop, now), attachment=file)]


async def _take(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    registration = await _theirs(session, conversation, number)
    await take_offer(session, registration, now)
    return await _say_registered(session, conversation, registration, now)


async def _coming(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    registration = await _theirs(session, conversation, number)
    registration.said_coming_at = now
    return [Say("utter_workshop_coming", values(registration.workshop, now))]


async def _of_button(session: AsyncSession, conversation: Conversation, number: int) -> Workshop:
    """The workshop of a button.

    Raises:
        WorkshopGone: it does not exist, or is of another territory.
    """
    found = await session.get(Workshop, number)
    if found is None:
        raise WorkshopGone
    structure = await session.get_one(Structure, found.structure_id)
    if structure.territory_id != conversation.structure.territory_id:
        raise WorkshopGone
    return found


async def _theirs(session: AsyncSession, conversation: Conversation, number: int) -> Registration:
    """What the person has in the workshop of a button.

    Raises:
        WorkshopGone: nothing any more.
    """
    found = await registration_of(session, await _of_button(session, conversation, number), conversation)
    if found is None:
        raise WorkshopGone
    return found


Answer = Callable[[AsyncSession, Conversation, int, datetime], Awaitable[list[Say]]]
# The number in the payload is the workshop's.
BUTTONS: dict[str, Answer] = {
    "workshops": _list,
    "workshop": _show,
    "workshop_in": _register,
    "workshop_line": _wait,
    "workshop_out": _ask_leave,
    "workshop_out_yes": _leave,
    "workshop_seat": _take,
    "workshop_pass": _leave,
    "workshop_yes": _coming,
}
