"""After an alert, a human comes back to it on the next working day: a task with a name on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import in_paris, next_working_day
from bot.domain.team import Role
from bot.errors import NothingToDo, NotYourStructure
from bot.services import team
from bot.storage.queries import lock
from bot.storage.tables import Adviser, Alert, FollowUp, Structure

LONGEST_NOTE = 400


async def plan(session: AsyncSession, alert: Alert, adviser: Adviser | None, now: datetime) -> FollowUp:
    """The task of an alert, in the name of who takes care of it; nobody yet: a coordinator's.

    It is due on the first day the structure works after the one it was made on, holidays and closures counted.
    """
    found = await of_alert(session, alert)
    if found is not None:
        if adviser is not None and found.done_at is None:
            found.adviser = adviser
            await session.flush()
        return found
    structure = await session.get_one(Structure, alert.structure_id)
    closures = await team.closures_of(session, structure.id)
    made = FollowUp(
        alert_id=alert.id,
        alert=alert,
        structure_id=structure.id,
        adviser=adviser or next(iter(await team.coordinators_of(session, structure.id)), None),
        due_date=next_working_day(in_paris(now).date(), structure.territory.subdiv, closures),
        made_at=now,
    )
    session.add(made)
    await session.flush()
    return made


async def of_alert(session: AsyncSession, alert: Alert) -> FollowUp | None:
    return await session.scalar(select(FollowUp).where(FollowUp.alert_id == alert.id))


async def finish(session: AsyncSession, followup: FollowUp, adviser: Adviser, now: datetime, note: str = "") -> None:
    """The human follow-up was done: by who has it, or by a coordinator.

    Raises:
        NotYourStructure: it is another structure's.
        NothingToDo: it is done already, or now has another name on it.
    """
    await lock(session, followup)
    if followup.structure_id != adviser.structure_id:
        raise NotYourStructure
    theirs = followup.adviser_id == adviser.id or adviser.role is Role.COORDINATOR
    if followup.done_at is not None or not theirs:
        raise NothingToDo
    followup.done_at, followup.done_by = now, adviser.id
    followup.note = " ".join(note.split())[:LONGEST_NOTE]
    await session.flush()


async def drop(session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime) -> None:
    """A false alarm needs no follow-up."""
    found = await of_alert(session, alert)
    if found is not None and found.done_at is None:
        found.done_at, found.done_by = now, adviser.id
        await session.flush()


async def reopen(session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime) -> None:
    """The alert was no false alarm: its task is to do again, by who says so until someone takes care of it."""
    found = await plan(session, alert, adviser, now)
    found.done_at = found.done_by = None
    found.adviser = adviser
    await session.flush()


async def assign(session: AsyncSession, followup: FollowUp, to: Adviser) -> None:
    """A coordinator gives the task to someone of the structure.

    Raises:
        NotYourStructure: they are of another one, or not of the team any more.
        NothingToDo: it is done already.
    """
    await lock(session, followup)
    if to.structure_id != followup.structure_id or to.role is Role.PARTNER or not to.active:
        raise NotYourStructure
    if followup.done_at is not None:
        raise NothingToDo
    followup.adviser = to
    await session.flush()


async def to_do(session: AsyncSession, structure_id: str) -> Sequence[FollowUp]:
    """What is to be done in a structure, by the day it is due."""
    rows = await session.scalars(
        select(FollowUp)
        .where(FollowUp.structure_id == structure_id, FollowUp.done_at.is_(None))
        .order_by(FollowUp.due_date, FollowUp.id)
    )
    return rows.all()


def is_for(followup: FollowUp, adviser: Adviser) -> bool:
    """Whether it is in an adviser's list: theirs, or nobody's, which is the coordinators'."""
    if followup.adviser_id is None:
        return adviser.role is Role.COORDINATOR
    return followup.adviser_id == adviser.id
