"""The agenda of a structure: what is open, booked and free, day by day, for an adviser, a place or everyone.

An adviser books and moves from here whatever the notices young people have to keep; a slot is still booked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, Slot, slices
from bot.domain.calendar import day_bounds, holiday_name, in_paris
from bot.domain.conversations import Say
from bot.domain.openings import Away, Pattern, slice_at, slots
from bot.domain.outbox import OutboxKind
from bot.errors import AlreadyBooked, SlotGone, SomeoneBooked
from bot.services import appointments, desk, outbox
from bot.services.desk import Entry, Who
from bot.storage.tables import (
    Absence,
    Adviser,
    Appointment,
    Conversation,
    Handoff,
    Opening,
    Place,
    Reason,
    SlotSlice,
    Structure,
)

KNOWN = 40
SINCE = timedelta(days=365)


@dataclass(frozen=True)
class View:
    """Whose agenda: an adviser's, a place's, or everyone's when both are None."""

    adviser: Adviser | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Band:
    """An opening on a day: `spans` are (start, end) minutes of Paris, `closed` is why nobody is received."""

    opening: Opening
    spans: tuple[tuple[int, int], ...]
    closed: str
    entries: tuple[Entry, ...]
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
    absences = await absences_of(session, structure)
    taken = await _taken(session, first, last, now)
    entries = await _entries(session, structure, view, first, last, now)
    shown = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        of_day = [entry for entry in entries if in_paris(entry.appointment.starts_at).date() == day]
        bands = []
        for opening in open_then:
            if pattern_of(opening).holds_on(day):
                bands.append(_band(opening, day, absences, taken, of_day, now))
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
    statement = (
        select(Opening)
        .join(Place, Opening.place_id == Place.id)
        .outerjoin(Adviser, Opening.adviser_id == Adviser.id)
        .where(or_(Place.structure_id == structure.id, Adviser.structure_id == structure.id))
        .order_by(Opening.weekday, Opening.on_date, Opening.start_minute, Opening.id)
    )
    if not withdrawn:
        statement = statement.where(Opening.active)
    if view.adviser is not None:
        statement = statement.where(Opening.adviser_id == view.adviser.id)
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


def pattern_of(opening: Opening) -> Pattern:
    """When an opening holds."""
    return Pattern(
        start_minute=opening.start_minute,
        end_minute=opening.end_minute,
        weekday=opening.weekday,
        on_date=opening.on_date,
        first_date=opening.first_date,
        last_date=opening.last_date,
        every_weeks=opening.every_weeks,
        nth=opening.nth,
        break_start_minute=opening.break_start_minute,
        break_end_minute=opening.break_end_minute,
    )


def away_of(absence: Absence) -> Away:
    """When an absence holds."""
    return Away(absence.first_date, absence.last_date, absence.weekday, absence.start_minute, absence.end_minute)


def concerns(absence: Absence, opening: Opening) -> bool:
    """Whether an absence closes an opening: its adviser's, its place's, or the structure's the place is of."""
    return (
        (absence.adviser_id is not None and absence.adviser_id == opening.adviser_id)
        or (absence.place_id is not None and absence.place_id == opening.place_id)
        or (absence.structure_id is not None and absence.structure_id == opening.place.structure_id)
    )


def slots_on(
    opening: Opening, day: date, absences: Iterable[Absence], minutes: int | None = None
) -> list[tuple[datetime, datetime]]:
    """The (start, end) of what an opening offers on a day, booked or not; nothing on a holiday."""
    pattern = pattern_of(opening)
    if not pattern.holds_on(day) or holiday_name(day, regime_of(opening.place)):
        return []
    away = [away_of(one) for one in absences if concerns(one, opening)]
    return slots(pattern, day, minutes or opening.slot_minutes, away)


def regime_of(place: Place) -> str | None:
    """The public holidays of a place."""
    return place.holidays or place.structure.territory.subdiv


async def free_slots(
    session: AsyncSession, structure: Structure, view: View, day: date, mode: Mode, reason: Reason, now: datetime
) -> list[Slot]:
    """What is free on a day for a reason, in time order; the notices are for young people, not for the team."""
    absences = await absences_of(session, structure)
    taken = await _taken(session, day, day, now)
    found = [
        slot
        for opening in await openings_of(session, structure, view)
        if mode.value in opening.modes and (not opening.reasons or reason.slug in opening.reasons)
        for slot in _free(opening, day, absences, taken, now, mode, reason.minutes)
    ]
    return sorted(found, key=lambda slot: (slot.starts_at, slot.opening_id))


def _band(
    opening: Opening,
    day: date,
    absences: Iterable[Absence],
    taken: set[tuple[str, int]],
    entries: Iterable[Entry],
    now: datetime,
) -> Band:
    pattern = pattern_of(opening)
    inside = [entry for entry in entries if entry.appointment.opening_id == opening.id]
    free = _free(opening, day, absences, taken, now, Mode(opening.modes[0]), None)
    return Band(opening, pattern.spans, _closed(opening, day, absences), tuple(inside), tuple(free))


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


def _free(
    opening: Opening,
    day: date,
    absences: Iterable[Absence],
    taken: set[tuple[str, int]],
    now: datetime,
    mode: Mode,
    minutes: int | None,
) -> list[Slot]:
    found = []
    for starts_at, ends_at in slots_on(opening, day, absences, minutes):
        if starts_at <= now:
            continue
        for seat in range(1 if opening.adviser_id is not None else opening.seats):
            slot = Slot(opening.id, opening.place_id, opening.adviser_id, mode, starts_at, ends_at, seat)
            if not any(
                (resource, number) in taken for resource in slot.resources for number in slices(starts_at, ends_at)
            ):
                found.append(slot)
                break
    return found


async def _taken(session: AsyncSession, first: date, last: date, now: datetime) -> set[tuple[str, int]]:
    rows = await session.execute(
        select(SlotSlice.resource, SlotSlice.slice).where(
            SlotSlice.slice >= slice_at(first, 0),
            SlotSlice.slice < slice_at(last, 24 * 60),
            or_(SlotSlice.held_until.is_(None), SlotSlice.held_until > now),
        )
    )
    return {(resource, number) for resource, number in rows}


async def _entries(
    session: AsyncSession, structure: Structure, view: View, first: date, last: date, now: datetime
) -> tuple[Entry, ...]:
    """Those of the structure, and those an adviser of it has at another structure's place, without who comes."""
    theirs = select(Adviser.id).where(Adviser.structure_id == structure.id)
    statement = (
        select(Appointment)
        .where(
            or_(Appointment.structure_id == structure.id, Appointment.adviser_id.in_(theirs)),
            Appointment.starts_at >= day_bounds(first)[0],
            Appointment.starts_at < day_bounds(last)[1],
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if view.adviser is not None:
        statement = statement.where(Appointment.adviser_id == view.adviser.id)
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
        Appointment.adviser_id == adviser.id, Appointment.starts_at > now - SINCE
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


async def slot_for(
    session: AsyncSession, opening: Opening, starts_at: datetime, mode: Mode, reason: Reason, now: datetime
) -> Slot:
    """The slot of an opening at a time, free or not.

    Raises:
        SlotGone: the opening has no such slot, or it is over.
    """
    pattern, day = pattern_of(opening), in_paris(starts_at).date()
    minutes = reason.minutes or opening.slot_minutes
    if not opening.active or starts_at <= now or mode.value not in opening.modes or not pattern.holds_on(day):
        raise SlotGone
    for begin, end in slots(pattern, day, minutes):
        if begin == starts_at:
            return Slot(opening.id, opening.place_id, opening.adviser_id, mode, begin, end)
    raise SlotGone


async def add(
    session: AsyncSession,
    adviser: Adviser,
    conversation: Conversation,
    slot: Slot,
    reason: Reason,
    now: datetime,
    phone: str | None = None,
) -> Appointment:
    """Book for a young person, who is told at once.

    Raises:
        SlotTaken: somebody has it.
        SomeoneBooked: they have an appointment to come for this reason.
    """
    try:
        booked = await appointments.book(session, conversation, slot, now, reason=reason.slug, phone=phone)
    except AlreadyBooked as refusal:
        raise SomeoneBooked(**refusal.values) from None
    attachment = appointments.calendar_file(booked, conversation.discreet, now)
    says = [Say("utter_booked_by_structure", say_values(booked, adviser, now), attachment=attachment)]
    await outbox.say(session, conversation, says, now, kind=OutboxKind.SERVICE)
    return booked


def say_values(appointment: Appointment, adviser: Adviser, now: datetime) -> dict[str, str]:
    """The values of what the young person reads when somebody books for them."""
    who = f"{adviser.first_name}, {adviser.structure.short_name}"
    return appointments.describe(appointment, now) | {"who": who}


async def as_if(session: AsyncSession, slot: Slot, appointment_id: int = 0) -> Appointment:
    """An appointment that is not booked, to show the words that would be sent."""
    return Appointment(
        id=appointment_id,
        place=await session.get_one(Place, slot.place_id),
        adviser=await session.get(Adviser, slot.adviser_id) if slot.adviser_id else None,
        mode=slot.mode,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        state=AppointmentState.BOOKED,
    )
