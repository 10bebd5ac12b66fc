"""The programme: the workshops that are coming, and how each is said, with its days, its hours and its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import in_paris, say_day, say_time
from bot.domain.conversations import first_that_fits
from bot.errors import WorkshopGone
from bot.storage.tables import Structure, Workshop, WorkshopSession


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


def must_be_to_come(workshop: Workshop, now: datetime) -> None:
    """Refuse what is not on the programme any more.

    Raises:
        WorkshopGone: it is cancelled, or it has begun.
    """
    if workshop.cancelled_at is not None or not workshop.sessions or workshop.sessions[0].starts_at <= now:
        raise WorkshopGone


# ── Saying it ────────────────────────────────────────────────────────────────────────────────


def values(workshop: Workshop, now: datetime, half_day: WorkshopSession | None = None) -> dict[str, str]:
    """The values texts may use: {title} {place} {day} {time} {end} {days} {workshop}; the day is the first one."""
    first = half_day or workshop.sessions[0]
    local, today = in_paris(first.starts_at), in_paris(now).date()
    lines = [
        f"{say_day(day, today).capitalize()} : {' et '.join(_hours(one) for one in half_days)}"
        for day, half_days in by_day(workshop)
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


def by_day(workshop: Workshop) -> list[tuple[date, list[WorkshopSession]]]:
    """The days of a workshop in order, each with its half-days."""
    in_order = sorted(workshop.sessions, key=lambda one: one.starts_at)
    return [(day, list(group)) for day, group in groupby(in_order, key=lambda one: in_paris(one.starts_at).date())]


def _hours(half_day: WorkshopSession) -> str:
    return f"{say_time(half_day.starts_at)}-{say_time(half_day.ends_at)}"


def title(workshop: Workshop) -> str:
    """Its title on a button, with its first day where there is room."""
    local = in_paris(workshop.sessions[0].starts_at)
    date_ = f"{local.day}/{local.month:02}"
    return first_that_fits(f"{workshop.title}, le {date_}", f"{workshop.title} {date_}", workshop.title)
