"""An adviser's appointments in their own calendar: a private address, that they can take back at any time.

A calendar is read on phones and screens that others see: a number, a reason, a mode and a place; no telephone, no
name, no word of what was said.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import accounts, appointments
from bot.storage.tables import Adviser, AgendaFeed, Appointment, Reason

# What a calendar shows of the past; all that is to come is there.
BACK = timedelta(days=30)
READ_AGAIN = "PT15M"


async def of_adviser(session: AsyncSession, adviser: Adviser) -> AgendaFeed | None:
    """The address an adviser has made, if any; the address itself was shown once."""
    return await session.get(AgendaFeed, adviser.id)


async def make(session: AsyncSession, adviser: Adviser, now: datetime) -> str:
    """The token of a new address; the address before it stops working."""
    token = secrets.token_urlsafe(32)
    await revoke(session, adviser)
    session.add(AgendaFeed(adviser_id=adviser.id, token_hash=accounts.digest(token), made_at=now))
    await session.flush()
    return token


async def revoke(session: AsyncSession, adviser: Adviser) -> None:
    await session.execute(delete(AgendaFeed).where(AgendaFeed.adviser_id == adviser.id))


async def read(session: AsyncSession, token: str, now: datetime) -> bytes | None:
    """The calendar at an address; None if nobody has it, or if its adviser is no longer in the team."""
    adviser = await session.scalar(
        select(Adviser)
        .join(AgendaFeed, AgendaFeed.adviser_id == Adviser.id)
        .where(AgendaFeed.token_hash == accounts.digest(token), Adviser.active)
    )
    if adviser is None:
        return None
    rows = await session.execute(
        select(Appointment, Reason.name)
        .outerjoin(Reason, (Reason.structure_id == Appointment.structure_id) & (Reason.slug == Appointment.reason))
        .where(
            or_(Appointment.adviser_id == adviser.id, Appointment.second_adviser_id == adviser.id),
            Appointment.starts_at > now - BACK,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    file = Calendar()
    file.add("prodid", "-//Promeneurs//agenda//FR")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", f"Promeneurs, {adviser.first_name}")
    file.add("x-published-ttl", READ_AGAIN)
    for appointment, reason in rows:
        file.add_component(_event(appointment, reason, now))
    return bytes(file.to_ical())


def _event(appointment: Appointment, reason: str | None, now: datetime) -> Event:
    event = Event()
    event.add("uid", appointment.uid)
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("summary", f"Jeune {appointment.person_id}, {reason or 'rendez-vous'} ({appointment.mode.label})")
    event.add("location", appointments.where(appointment))
    event.add("status", "CANCELLED" if appointment.state.is_cancelled else "CONFIRMED")
    return event
