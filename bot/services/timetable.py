"""Change when a structure receives: its openings and absences, and what becomes of the appointments they hit.

Nothing is saved unseen: `hit_by_…` says which appointments would no longer fit, and who saves chooses for each to keep
or to cancel it. What was edited here is no longer changed by the territory file.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState
from bot.domain.calendar import day_bounds, holiday_name, in_paris
from bot.domain.openings import Away, Pattern
from bot.services import agenda, appointments, openings, waiting
from bot.storage.tables import Absence, Adviser, Appointment, Opening, Place

SHOWN_DAYS = 6
LOOK_AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class Wanted:
    """An opening as it should be; several `patterns` when it is on several weekdays or dates."""

    place: Place
    adviser: Adviser | None
    patterns: tuple[Pattern, ...]
    slot_minutes: int
    seats: int
    modes: tuple[str, ...]
    reasons: tuple[str, ...]
    label: str | None


@dataclass(frozen=True)
class WantedAbsence:
    """An absence as it should be: one of the three is away."""

    structure_id: str | None
    place: Place | None
    adviser: Adviser | None
    away: Away
    reason: str | None


@dataclass(frozen=True)
class Coming:
    """A day an opening will hold; `holiday` when it is one, and nobody is received."""

    date: date
    holiday: str


def coming(wanted: Wanted, now: datetime) -> list[Coming]:
    """The next days an opening will hold, holidays said."""
    today = in_paris(now).date()
    regime = agenda.regime_of(wanted.place)
    held = {day for pattern in wanted.patterns for day in pattern.days(today, today + LOOK_AHEAD)}
    return [Coming(day, holiday_name(day, regime)) for day in sorted(held)[:SHOWN_DAYS]]


async def beside(session: AsyncSession, wanted: Wanted, now: datetime, editing: Opening | None = None) -> list[Opening]:
    """The other openings of the same adviser at the same hours, on one of the days to come."""
    if wanted.adviser is None:
        return []
    today = in_paris(now).date()
    rows = await session.scalars(
        select(Opening).where(Opening.adviser_id == wanted.adviser.id, Opening.active).order_by(Opening.id)
    )
    return [
        other
        for other in rows
        if (editing is None or other.id != editing.id)
        and any(_overlap(openings.pattern_of(other), pattern, today) for pattern in wanted.patterns)
    ]


def _overlap(one: Pattern, other: Pattern, today: date) -> bool:
    if not any(start < until and since < end for start, end in one.spans for since, until in other.spans):
        return False
    return any(other.holds_on(day) for day in one.days(today, today + LOOK_AHEAD))


# ── Appointments that are hit ────────────────────────────────────────────────────────────────


async def hit_by_change(
    session: AsyncSession, opening: Opening, wanted: Wanted | None, now: datetime
) -> Sequence[Appointment]:
    """The appointments to come of an opening that would no longer fit; all of them if it is withdrawn."""
    rows = await session.scalars(
        select(Appointment)
        .where(
            Appointment.opening_id == opening.id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.starts_at > now,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [row for row in rows if wanted is None or not _fits(row, wanted)]


def _fits(appointment: Appointment, wanted: Wanted) -> bool:
    if appointment.place_id != wanted.place.id or appointment.mode.value not in wanted.modes:
        return False
    if appointment.adviser_id != (wanted.adviser.id if wanted.adviser else None):
        return False
    day, start, end = _clock_of(appointment)
    return any(
        pattern.holds_on(day) and any(since <= start and end <= until for since, until in pattern.spans)
        for pattern in wanted.patterns
    )


async def hit_by_absence(session: AsyncSession, wanted: WantedAbsence, now: datetime) -> Sequence[Appointment]:
    """The appointments to come that fall in an absence."""
    if wanted.adviser is not None:
        theirs = Appointment.adviser_id == wanted.adviser.id
    elif wanted.place is not None:
        theirs = Appointment.place_id == wanted.place.id
    else:
        theirs = Appointment.structure_id == wanted.structure_id
    rows = await session.scalars(
        select(Appointment)
        .where(theirs, Appointment.state == AppointmentState.BOOKED, Appointment.starts_at > now)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [row for row in rows if _is_away(row, wanted.away)]


def _is_away(appointment: Appointment, away: Away) -> bool:
    day, start, end = _clock_of(appointment)
    hours = away.hours_on(day)
    return hours is not None and start < hours[1] and hours[0] < end


def _clock_of(appointment: Appointment) -> tuple[date, int, int]:
    """The day of an appointment and its minutes, on the clock of Paris."""
    starts, ends = in_paris(appointment.starts_at), in_paris(appointment.ends_at)
    start = starts.hour * 60 + starts.minute
    return starts.date(), start, start + int((ends - starts) / timedelta(minutes=1))


async def _cancel(
    session: AsyncSession, hit: Iterable[Appointment], chosen: Collection[int], adviser: Adviser, now: datetime
) -> None:
    for appointment in hit:
        if appointment.id in chosen and appointment.structure_id == adviser.structure_id:
            await appointments.mark(session, appointment, AppointmentState.CANCELLED_BY_STRUCTURE, adviser, now)


# ── Saving ───────────────────────────────────────────────────────────────────────────────────


async def add(session: AsyncSession, wanted: Wanted, now: datetime) -> None:
    """Open: one row for each weekday or date. Who waits for an earlier appointment is offered one."""
    for pattern in wanted.patterns:
        opening = Opening(key=f"console:{secrets.token_hex(12)}", active=True)
        _write(opening, wanted, pattern, now)
        session.add(opening)
        await session.flush()
        await _offer(session, opening, now, now + LOOK_AHEAD, now)


async def change(
    session: AsyncSession,
    opening: Opening,
    wanted: Wanted,
    cancelled: Collection[int],
    adviser: Adviser,
    now: datetime,
) -> None:
    """Change an opening. Of the appointments that no longer fit, those `cancelled` are, and the young people told."""
    hit = await hit_by_change(session, opening, wanted, now)
    _write(opening, wanted, wanted.patterns[0], now)
    await session.flush()
    await _cancel(session, hit, cancelled, adviser, now)


async def withdraw(
    session: AsyncSession, opening: Opening, cancelled: Collection[int], adviser: Adviser, now: datetime
) -> None:
    """Take an opening away: it is not offered any more, and what is booked there is kept unless `cancelled`."""
    hit = await hit_by_change(session, opening, None, now)
    opening.active, opening.edited_at = False, now
    await session.flush()
    await _cancel(session, hit, cancelled, adviser, now)


async def save_absence(
    session: AsyncSession,
    absence: Absence | None,
    wanted: WantedAbsence,
    cancelled: Collection[int],
    adviser: Adviser,
    now: datetime,
) -> None:
    """Add an absence, or change one."""
    hit = await hit_by_absence(session, wanted, now)
    if absence is None:
        absence = Absence(active=True)
        session.add(absence)
    absence.structure_id = wanted.structure_id
    absence.place, absence.adviser = wanted.place, wanted.adviser
    absence.first_date, absence.last_date = wanted.away.first_date, wanted.away.last_date
    absence.weekday = wanted.away.weekday
    absence.start_minute, absence.end_minute = wanted.away.start_minute, wanted.away.end_minute
    absence.reason, absence.edited_at = wanted.reason, now
    await session.flush()
    await _cancel(session, hit, cancelled, adviser, now)


async def withdraw_absence(session: AsyncSession, absence: Absence, now: datetime) -> None:
    """Take an absence away: what is open then can be booked again, and is offered to who waits."""
    absence.active, absence.edited_at = False, now
    await session.flush()
    end = day_bounds(absence.last_date)[1]
    rows = await session.scalars(select(Opening).where(Opening.active).order_by(Opening.id))
    for opening in [one for one in rows if agenda.concerns(absence, one)]:
        await _offer(session, opening, max(now, day_bounds(absence.first_date)[0]), end, now)


async def _offer(session: AsyncSession, opening: Opening, start: datetime, end: datetime, now: datetime) -> None:
    await waiting.offer_freed(session, opening.place.structure_id, opening.id, start, end, now)


def _write(opening: Opening, wanted: Wanted, pattern: Pattern, now: datetime) -> None:
    if opening.adviser_id != (wanted.adviser.id if wanted.adviser else None):
        opening.second_adviser = None  # they received together
    opening.place, opening.adviser = wanted.place, wanted.adviser
    opening.weekday, opening.on_date = pattern.weekday, pattern.on_date
    opening.first_date, opening.last_date = pattern.first_date, pattern.last_date
    opening.every_weeks, opening.nth = pattern.every_weeks, pattern.nth
    opening.start_minute, opening.end_minute = pattern.start_minute, pattern.end_minute
    opening.break_start_minute, opening.break_end_minute = pattern.break_start_minute, pattern.break_end_minute
    opening.slot_minutes, opening.seats = wanted.slot_minutes, wanted.seats
    opening.modes, opening.reasons, opening.label = list(wanted.modes), list(wanted.reasons), wanted.label
    opening.edited_at = now
