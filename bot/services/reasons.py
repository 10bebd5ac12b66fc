"""Reasons of an appointment in a structure: what may be booked, by whom, and with what notice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import CHANGE_NOTICE
from bot.domain.reasons import BookableBy
from bot.errors import SlotGone
from bot.storage.tables import Appointment, Reason


async def find(session: AsyncSession, structure_id: str, slug: str) -> Reason:
    """A reason that can be booked.

    Raises:
        SlotGone: the structure does not, or no longer, receive for it.
    """
    reason: Reason | None = await session.scalar(
        select(Reason).where(Reason.structure_id == structure_id, Reason.slug == slug, Reason.active)
    )
    if reason is None:
        raise SlotGone
    return reason


async def bookable(session: AsyncSession, structure_id: str, by: BookableBy) -> Sequence[Reason]:
    """What may be booked in a structure by a young person, an adviser or a partner, as the structure orders it."""
    rows = await session.scalars(
        select(Reason).where(Reason.structure_id == structure_id, Reason.active).order_by(Reason.id)
    )
    return [reason for reason in rows if by.value in reason.bookable_by]


async def change_notice(session: AsyncSession, appointment: Appointment) -> timedelta:
    """How long before an appointment it can still be moved or cancelled by the young person."""
    minutes = await session.scalar(
        select(Reason.change_notice_minutes).where(
            Reason.structure_id == appointment.structure_id, Reason.slug == appointment.reason
        )
    )
    return CHANGE_NOTICE if minutes is None else timedelta(minutes=minutes)
