"""The agenda of a structure: what is open, booked and free, day by day, for an adviser, a place or everyone.

An adviser books and moves from here whatever the notices young people have to keep; a slot is still booked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, Slot
from bot.domain.calendar import day_bounds, holiday_name, in_paris
from bot.domain.conversations import Say
from bot.domain.openings import Away, slots
from bot.domain.outbox import OutboxKind
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.errors import AlreadyBooked, SomeoneBooked
from bot.services import appointments, desk, openings, outbox
from bot.services.desk import Entry, Who
from bot.storage.tables import (
    Absence,
    Adviser,
    Appointment,
    Conversation,
    Handoff,
    Opening,
    Place,
    Structure,
)

KNOWN = 40
SINCE = timedelta(days=365)
# Who receives: one adviser, or two together.
RECEIVE = (Appointment.adviser_id, Appointment.second_adviser_id)
RECEIVE_IN = (Opening.adviser_id, Opening.second_adviser_id)


@dataclass(frozen=True)
class View:
    """Whose agenda: an adviser's, a place's, or everyone's when both are None."""

    adviser: Adviser | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Band:
    """An opening on a day: `spans` are (start, end) minutes of Paris, `closed` is why nobody is received.

    `free` is for the reason `free_for`.
    """

    opening: Opening
    spans: tuple[tuple[int, int], ...]
    closed: str
    entries: tuple[Entry, ...]
    free_for: str
    free: tuple[Slot, ...]


@dataclass(frozen=True)
class AwayToday:
    """Who or what is away, why, and between which minutes (None for the whole day)."""

    name: str
    reason: str
    hours: tuple[int, int] | None


@dataclass(frozen=True)
class Day:
    """`others` are booked outside what is open that day: an opening was changed, or a place is another structure's."""

    date: date
    holiday: str
    away: tuple[AwayToday, ...]
    bands: tuple[Band, ...]
    others: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        found = [*(entry for band in self.bands for entry in band.entries), *self.others]
        return tuple(sorted(found, key=lambda entry: (entry.appointment.starts_at, entry.appointment.id)))


# ── Reading it ───────────────────────────────────────────────────────────────────────────────


async def days(
    session: AsyncSession, structure: Structure, view: View, first: date, last: date, now: datetime
) -> tuple[Day, ...]:
    """The days from `first` to `last`, both included."""
    open_then = await openings_of(session, structure, view)
    patterns = [(opening, openings.pattern_of(opening)) for opening in open_then]
    absences = await absences_of(session, structure)
    free = await _free(session, structure, open_then, first, last, now)
    entries = await _entries(session, structure, view, first, last, now)
    shown = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        of_day = [entry for entry in entries if in_paris(entry.appointment.starts_at).date() == day]
        bands = [
            Band(
                opening,
                pattern.spans,
                _closed(opening, day, absences),
                tuple(entry for entry in of_day if entry.appointment.opening_id == opening.id),
                reason_shown(opening),
                tuple(free.get((opening.id, day), ())),
            )
            for opening, pattern in patterns
            if pattern.holds_on(day)
        ]
        in_bands = {entry.appointment.id for band in bands for entry in band.entries}
        shown.append(
            Day(
                day,
                holiday_name(day, structure.territory.subdiv),
                tuple(_away_on(day, absences, view)),
                tuple(sorted(bands, key=lambda band: (band.spans[0], band.opening.id))),
                tuple(entry for entry in of_day if entry.appointment.id not in in_bands),
            )
        )
    return tuple(shown)


async def openings_of(
    session: AsyncSession, structure: Structure, view: View = View(), *, withdrawn: bool = False
) -> Sequence[Opening]:
    """The openings at the places of a structure, and those of its advisers elsewhere."""
    theirs = select(Adviser.id).where(Adviser.structure_id == structure.id)
    statement = (
        select(Opening)
        .join(Place, Opening.place_id == Place.id)
        .where(or_(Place.structure_id == structure.id, *(one.in_(theirs) for one in RECEIVE_IN)))
        .order_by(Opening.weekday, Opening.on_date, Opening.start_minute, Opening.id)
    )
    if not withdrawn:
        statement = statement.where(Opening.active)
    if view.adviser is not None:
        statement = statement.where(or_(*(one == view.adviser.id for one in RECEIVE_IN)))
    if view.place is not None:
        statement = statement.where(Opening.place_id == view.place.id)
    return (await session.scalars(statement)).all()


async def absences_of(session: AsyncSession, structure: Structure) -> Sequence[Absence]:
    """The absences of a structure, of its advisers and of its places, and those of who receives there."""
    theirs = select(Adviser.id).where(Adviser.structure_id == structure.id)
    places = select(Place.id).where(Place.structure_id == structure.id)
    guests = select(Opening.adviser_id).where(Opening.place_id.in_(places), Opening.adviser_id.is_not(None))
    rows = await session.scalars(
        select(Absence)
        .where(
            Absence.active,
            or_(
                Absence.structure_id == structure.id,
                Absence.adviser_id.in_(theirs),
                Absence.adviser_id.in_(guests),
                Absence.place_id.in_(places),
            ),
        )
        .order_by(Absence.first_date, Absence.id)
    )
    return rows.all()


def away_of(absence: Absence) -> Away:
    """When an absence holds."""
    return Away(absence.first_date, absence.last_date, absence.weekday, absence.start_minute, absence.end_minute)


def concerns(absence: Absence, opening: Opening) -> bool:
    """Whether an absence closes an opening: its adviser's, its place's, or the structure's the place is of."""
    return (
        (absence.adviser_id is not None and absence.adviser_id in (opening.adviser_id, opening.second_adviser_id))
        or (absence.place_id is not None and absence.place_id == opening.place_id)
        or (absence.structure_id is not None and absence.structure_id == opening.place.structure_id)
    )


def slots_on(opening: Opening, day: date, absences: Iterable[Absence]) -> list[tuple[datetime, datetime]]:
    """The (start, end) of what an opening offers on a day, booked or not; nothing on a holiday."""
    pattern = openings.pattern_of(opening)
    if not pattern.holds_on(day) or holiday_name(day, regime_of(opening.place)):
        return []
    away = [away_of(one) for one in absences if concerns(one, opening)]
    return slots(pattern, day, opening.slot_minutes, away)


def regime_of(place: Place) -> str | None:
    """The public holidays of a place."""
    return place.holidays or place.structure.territory.subdiv


async def free_slots(
    session: AsyncSession, structure: Structure, view: View, day: date, mode: Mode, reason: str, now: datetime
) -> list[Slot]:
    """What is free on a day for a reason, in time order; the notices are for young people, not for the team."""
    start, end = day_bounds(day)
    return await openings.free_slots(
        session,
        structure.territory_id,
        now,
        reason=reason,
        by=BookableBy.ADVISER,
        mode=mode,
        start=start,
        end=end,
        opening_ids=[one.id for one in await openings_of(session, structure, view)],
    )


async def _free(
    session: AsyncSession, structure: Structure, open_then: Sequence[Opening], first: date, last: date, now: datetime
) -> dict[tuple[int, date], list[Slot]]:
    """What is free by opening and day, for the reason each is shown for."""
    by_reason: dict[str, list[int]] = {}
    for opening in open_then:
        by_reason.setdefault(reason_shown(opening), []).append(opening.id)
    free: dict[tuple[int, date], list[Slot]] = {}
    for reason, numbers in by_reason.items():
        found = await openings.free_slots(
            session,
            structure.territory_id,
            now,
            reason=reason,
            by=BookableBy.ADVISER,
            start=day_bounds(first)[0],
            end=day_bounds(last)[1],
            opening_ids=numbers,
        )
        for slot in found:
            free.setdefault((slot.opening_id, in_paris(slot.starts_at).date()), []).append(slot)
    return free


def reason_shown(opening: Opening) -> str:
    """The reason whose free slots an opening shows: a first meeting, unless it is kept for others."""
    return FIRST_MEETING if not opening.reasons or FIRST_MEETING in opening.reasons else str(opening.reasons[0])


def _closed(opening: Opening, day: date, absences: Iterable[Absence]) -> str:
    """Why an opening does not hold on a day, all day long; empty if it does."""
    holiday = holiday_name(day, regime_of(opening.place))
    if holiday:
        return holiday
    for absence in absences:
        hours = away_of(absence).hours_on(day) if concerns(absence, opening) else None
        if hours is not None and hours[0] <= opening.start_minute and opening.end_minute <= hours[1]:
            return absence.reason or ("Absence" if absence.adviser_id else "Fermeture")
    return ""


async def _entries(
    session: AsyncSession, structure: Structure, view: View, first: date, last: date, now: datetime
) -> tuple[Entry, ...]:
    """Those of the structure, and those an adviser of it has at another structure's place, without who comes."""
    theirs = select(Adviser.id).where(Adviser.structure_id == structure.id)
    statement = (
        select(Appointment)
        .where(
            or_(Appointment.structure_id == structure.id, *(one.in_(theirs) for one in RECEIVE)),
            Appointment.starts_at >= day_bounds(first)[0],
            Appointment.starts_at < day_bounds(last)[1],
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if view.adviser is not None:
        statement = statement.where(or_(*(one == view.adviser.id for one in RECEIVE)))
    if view.place is not None:
        statement = statement.where(Appointment.place_id == view.place.id)
    return await desk.show(session, structure, (await session.scalars(statement)).all(), now)


def _away_on(day: date, absences: Iterable[Absence], view: View) -> Iterable[AwayToday]:
    for absence in absences:
        if view.adviser is not None and absence.adviser_id not in (None, view.adviser.id):
            continue
        if view.place is not None and absence.place_id not in (None, view.place.id):
            continue
        away = away_of(absence)
        hours = away.hours_on(day)
        if hours is not None:
            whole = absence.start_minute is None and absence.end_minute is None
            yield AwayToday(name_of(absence), absence.reason or "", None if whole else hours)


def name_of(absence: Absence) -> str:
    """Who or what is away."""
    if absence.adviser is not None:
        return absence.adviser.first_name
    return absence.place.name if absence.place is not None else "Toute la structure"


# ── Changing it ──────────────────────────────────────────────────────────────────────────────


async def known(session: AsyncSession, adviser: Adviser, now: datetime) -> tuple[Who, ...]:
    """The young people an adviser has answered or received in the last year, the last first."""
    held = select(Handoff.conversation_id).where(Handoff.adviser_id == adviser.id, Handoff.asked_at > now - SINCE)
    met = select(Appointment.conversation_id).where(
        or_(*(one == adviser.id for one in RECEIVE)), Appointment.starts_at > now - SINCE
    )
    rows = await session.scalars(
        select(Conversation)
        .where(
            or_(Conversation.id.in_(held), Conversation.id.in_(met)),
            Conversation.structure_id == adviser.structure_id,
        )
        .order_by(Conversation.id.desc())
        .limit(KNOWN)
    )
    return tuple(desk.who(one) for one in rows if one.identity.person.erased_at is None)


async def find(session: AsyncSession, adviser: Adviser, number: int) -> Conversation | None:
    """The conversation of "Jeune 12" in the adviser's structure, if there is one; the last, if they have several."""
    rows = await session.scalars(
        select(Conversation)
        .join(Conversation.identity)
        .where(Conversation.structure_id == adviser.structure_id, Conversation.identity.has(person_id=number))
        .order_by(Conversation.id.desc())
    )
    return next((one for one in rows if one.identity.person.erased_at is None), None)


async def add(
    session: AsyncSession,
    adviser: Adviser,
    conversation: Conversation,
    slot: Slot,
    reason: str,
    now: datetime,
    phone: str | None = None,
    meeting_point: str | None = None,
) -> Appointment:
    """Book for a young person, who is told at once.

    Raises:
        SlotTaken: somebody has it.
        SomeoneBooked: they have an appointment to come for this reason.
    """
    try:
        booked = await appointments.book(
            session, conversation, slot, now, reason=reason, by=BookableBy.ADVISER, phone=phone
        )
    except AlreadyBooked as refusal:
        raise SomeoneBooked(**refusal.values) from None
    booked.meeting_point = meeting_point
    attachment = appointments.calendar_file(booked, conversation.discreet, now)
    says = [Say("utter_booked_by_structure", say_values(booked, adviser, now), attachment=attachment)]
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)
    return booked


def say_values(appointment: Appointment, adviser: Adviser, now: datetime) -> dict[str, str]:
    """The values of what the young person reads when somebody books for them."""
    who = f"{adviser.first_name}, {adviser.structure.short_name}"
    return appointments.describe(appointment, now) | {"who": who}


async def as_if(
    session: AsyncSession, slot: Slot, appointment_id: int = 0, meeting_point: str | None = None
) -> Appointment:
    """An appointment that is not booked, to show the words that would be sent."""
    return Appointment(
        id=appointment_id,
        place=await session.get_one(Place, slot.place_id),
        adviser=await session.get(Adviser, slot.adviser_id) if slot.adviser_id else None,
        second_adviser=await session.get(Adviser, slot.second_adviser_id) if slot.second_adviser_id else None,
        mode=slot.mode,
        meeting_point=meeting_point,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        state=AppointmentState.BOOKED,
    )
