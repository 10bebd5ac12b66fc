"""Where young people ask to be received, and where nobody comes: for coordinators, without a word on who asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import communes
from bot.domain.calendar import day_bounds, in_paris
from bot.domain.communes import Commune
from bot.domain.openings import Pattern
from bot.services import agenda, openings
from bot.storage.queries import insert_new
from bot.storage.tables import Appointment, Conversation, Opening, Structure, Unserved


@dataclass(frozen=True)
class Used:
    """What an opening offered in a period, as it is now, and what was made of it; cancelled ones are not counted."""

    opening: Opening
    pattern: Pattern
    offered: int
    booked: int
    came: int


@dataclass(frozen=True)
class Asked:
    """A commune that no place serves, and how many times it was asked for."""

    commune: Commune
    times: int


async def note_unserved(session: AsyncSession, conversation: Conversation, commune: Commune, now: datetime) -> None:
    """Count one more demand for a commune that no place serves."""
    key = {"structure_id": conversation.structure_id, "insee": commune.insee, "day": in_paris(now).date()}
    if await insert_new(session, Unserved, **key, asked=1):
        return
    row = [getattr(Unserved, name) == value for name, value in key.items()]
    await session.execute(update(Unserved).where(*row).values(asked=Unserved.asked + 1))


async def unserved(session: AsyncSession, structure: Structure, now: datetime, days: int) -> Sequence[Asked]:
    """The communes asked for and not served in the last `days` days, the most asked for first."""
    rows = await session.execute(
        select(Unserved.insee, func.sum(Unserved.asked))
        .where(
            Unserved.structure_id == structure.id,
            Unserved.day > in_paris(now).date() - timedelta(days=days),
        )
        .group_by(Unserved.insee)
    )
    asked = [Asked(communes.by_insee(insee), int(times)) for insee, times in rows]
    return sorted(asked, key=lambda one: (-one.times, one.commune.name))


async def used(session: AsyncSession, structure: Structure, now: datetime, days: int) -> Sequence[Used]:
    """The openings of the last `days` days before today, the least booked first."""
    today = in_paris(now).date()
    first = today - timedelta(days=days)
    absences = await agenda.absences_of(session, structure)
    rows = await session.execute(
        select(Appointment.opening_id, Appointment.state, func.count())
        .where(
            Appointment.starts_at >= day_bounds(first)[0],
            Appointment.starts_at < day_bounds(today)[0],
        )
        .group_by(Appointment.opening_id, Appointment.state)
    )
    booked: Counter[int] = Counter()
    came: Counter[int] = Counter()
    for opening_id, state, count in rows:
        booked[opening_id] += 0 if state.is_cancelled else count
        came[opening_id] += count if state.came else 0
    found = []
    for opening in await agenda.openings_of(session, structure):
        seats = 1 if opening.adviser_id is not None else opening.seats
        held = (len(agenda.slots_on(opening, first + timedelta(days=number), absences)) for number in range(days))
        offered = seats * sum(held)
        if offered:
            found.append(Used(opening, openings.pattern_of(opening), offered, booked[opening.id], came[opening.id]))
    return sorted(found, key=lambda one: (one.booked / one.offered, -one.offered, one.opening.id))
