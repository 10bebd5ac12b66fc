"""The queue: who is told that someone waits, and what comes back to it because nobody answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.handoffs import HELD_STATES, ROUTED_FIRST, HandoffState
from bot.services import handoffs, routing
from bot.storage.tables import Handoff

BATCH = 50


async def tick(session: AsyncSession, now: datetime) -> int:
    """Do what time alone brings about. Returns how many handoffs it changed."""
    return (
        await _tell(session, now)
        + await _tell_everyone(session, now)
        + await _wake(session, now)
        + await _end_transfers(session, now)
    )


async def _tell(session: AsyncSession, now: datetime) -> int:
    """Tell the team, at its opening or after its meeting, who asked meanwhile."""
    untold = (
        await session.scalars(
            select(Handoff)
            .where(Handoff.state == HandoffState.ASKED, Handoff.told_at.is_(None))
            .order_by(Handoff.priority, Handoff.asked_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Handoff)
        )
    ).all()
    for handoff in untold:
        await routing.tell(session, handoff, now)
    return len([handoff for handoff in untold if handoff.told_at is not None])


async def _tell_everyone(session: AsyncSession, now: datetime) -> int:
    """Those it was routed to had their five minutes."""
    due = (
        await session.scalars(
            select(Handoff)
            .where(
                Handoff.state == HandoffState.ASKED,
                Handoff.told_at <= now - ROUTED_FIRST,
                Handoff.told_all_at.is_(None),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Handoff)
        )
    ).all()
    for handoff in due:
        await routing.tell_everyone(session, handoff, now)
    return len(due)


async def _wake(session: AsyncSession, now: datetime) -> int:
    due = (
        await session.scalars(
            select(Handoff)
            .where(Handoff.state == HandoffState.SNOOZED, Handoff.snoozed_until <= now)
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Handoff)
        )
    ).all()
    for handoff in due:
        await handoffs.wake(session, handoff, now)
    return len(due)


async def _end_transfers(session: AsyncSession, now: datetime) -> int:
    due = (
        await session.scalars(
            select(Handoff)
            .where(Handoff.state.in_(HELD_STATES), Handoff.return_at <= now)
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Handoff)
        )
    ).all()
    for handoff in due:
        await handoffs.end_transfer(session, handoff, now)
    return len(due)
