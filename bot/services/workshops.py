"""Workshops and *chantiers*: set up, change, cancel, mark who came; list and describe them, and their buttons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import say_time
from bot.domain.conversations import Button, Say
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.people import Channel
from bot.domain.workshops import OPEN, Attendance, RegistrationState, WorkshopKind, asked_for
from bot.errors import NothingToDo, NotYourStructure, WorkshopGone
from bot.services import programme, registrations
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
    told = await registrations.registered(session, workshop) if _where_and_when(workshop) != before else []
    if workshop.sessions[-1].ends_at > now:
        for registration in told:
            registration.sequence += 1
            registration.said_coming_at = None
            await registrations.plan_reminders(session, registration, now)
            says = [
                Say(
                    "utter_workshop_changed",
                    programme.values(workshop, now),
                    attachment=await registrations.file_of(session, registration, now),
                )
            ]
            await registrations.say(session, registration, says, now)
    await registrations.fill(session, workshop, now)
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
        await registrations.end(session, registration, RegistrationState.CANCELLED)
        if over:
            continue
        file = await registrations.file_of(session, registration, now) if had_a_seat else None
        await registrations.say(
            session,
            registration,
            [Say("utter_workshop_cancelled", programme.values(workshop, now), attachment=file)],
            now,
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


async def attendance(session: AsyncSession, workshop: Workshop) -> dict[tuple[int, int], Attendance]:
    """What is marked of a workshop, by (registration, half-day)."""
    rows = await session.scalars(
        select(WorkshopAttendance)
        .join(Registration, WorkshopAttendance.registration_id == Registration.id)
        .where(Registration.workshop_id == workshop.id)
    )
    return {(row.registration_id, row.session_id): row.state for row in rows}


async def _write(session: AsyncSession, workshop: Workshop, plan: Plan) -> None:
    workshop.kind, workshop.title, workshop.seats, workshop.reason = plan.kind, plan.title, plan.seats, plan.reason
    workshop.place = await session.get_one(Place, plan.place_id)
    workshop.documents, workshop.minor_papers = list(plan.documents), list(plan.minor_papers)
    workshop.pickup, workshop.pickup_minute = plan.pickup, plan.pickup_minute


def _where_and_when(workshop: Workshop) -> object:
    times = tuple((one.starts_at, one.ends_at) for one in workshop.sessions)
    return workshop.place.id, times, workshop.pickup, workshop.pickup_minute


# ── What a young person is told ──────────────────────────────────────────────────────────────


async def tell(session: AsyncSession, conversation: Conversation, text: str, now: datetime) -> list[Say]:
    """The coming workshops a text asks for, as buttons; one alone is described at once. Empty if none is coming."""
    offered = await programme.coming(session, conversation.structure.territory_id, now)
    found = asked_for(text, offered)
    if len(found) == 1 and text:
        return await describe(session, conversation, found[0], now)
    buttons = tuple(Button(programme.title(one), f"workshop:{one.id}") for one in found[:MAX_LISTED])
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
        Say("utter_workshop_mine", programme.values(one.workshop, now))
        for one in rows.all()
        if one.workshop.sessions[-1].ends_at > now
    ]


async def describe(session: AsyncSession, conversation: Conversation, workshop: Workshop, now: datetime) -> list[Say]:
    """A workshop, and what the person may do of it.

    Raises:
        WorkshopGone: it is cancelled, or it has begun.
    """
    programme.must_be_to_come(workshop, now)
    about = programme.values(workshop, now)
    says = [Say("utter_workshop_days" if len(workshop.sessions) > 1 else "utter_workshop_one", about)]
    own = await registrations.registration_of(session, workshop, conversation)
    if own is not None:
        return [*says, Say(f"utter_workshop_own_{own.state.value}", about)]
    left = await registrations.seats_left(session, workshop)
    if not left:
        return [*says, Say("utter_workshop_full", about)]
    return [*says, Say("utter_workshop_join", about | {"left": f"{left} places" if left > 1 else "une place"})]


async def _say_registered(
    session: AsyncSession, conversation: Conversation, registration: Registration, now: datetime
) -> list[Say]:
    workshop = registration.workshop
    about = programme.values(workshop, now)
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
    return [*says, Say(response, {}, attachment=registrations.calendar_file(registration, conversation.discreet, now))]


# ── Buttons ──────────────────────────────────────────────────────────────────────────────────


async def _list(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    return await tell(session, conversation, "", now) or [Say("utter_workshop_none")]


async def _show(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    return await describe(session, conversation, await _of_button(session, conversation, number), now)


async def _register(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    workshop = await _of_button(session, conversation, number)
    return await _say_registered(
        session, conversation, await registrations.register(session, conversation, workshop, now), now
    )


async def _wait(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    workshop = await _of_button(session, conversation, number)
    registration = await registrations.wait(session, conversation, workshop, now)
    if registration.state is RegistrationState.OFFERED:
        return []  # a seat was free after all: it has just been offered
    return [Say("utter_workshop_in_line", programme.values(workshop, now))]


async def _ask_leave(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    workshop = (await _theirs(session, conversation, number)).workshop
    return [Say("utter_workshop_leave_confirm", programme.values(workshop, now))]


async def _leave(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    registration = await _theirs(session, conversation, number)
    had_a_seat = registration.state is RegistrationState.REGISTERED
    await registrations.leave(session, registration, now)
    file = registrations.calendar_file(registration, conversation.discreet, now) if had_a_seat else None
    return [Say("utter_workshop_left", programme.values(registration.workshop, now), attachment=file)]


async def _take(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    registration = await _theirs(session, conversation, number)
    await registrations.take_offer(session, registration, now)
    return await _say_registered(session, conversation, registration, now)


async def _coming(session: AsyncSession, conversation: Conversation, number: int, now: datetime) -> list[Say]:
    registration = await _theirs(session, conversation, number)
    registration.said_coming_at = now
    return [Say("utter_workshop_coming", programme.values(registration.workshop, now))]


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
    found = await registrations.registration_of(session, await _of_button(session, conversation, number), conversation)
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
