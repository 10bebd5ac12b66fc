"""Buckets of what may still be done, shared by all processes: sending, writing, logging in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.outbox import Limit, refill
from bot.storage.queries import insert_new
from bot.storage.tables import SendBudget

IDLE = timedelta(days=1)
BUDGETS = (
    select(SendBudget)
    .where(SendBudget.scope.in_(bindparam("scopes", expanding=True)))
    .order_by(SendBudget.scope)
    .with_for_update()
    .execution_options(populate_existing=True)
)


async def spend(session: AsyncSession, limits: Mapping[str, Limit], now: datetime) -> timedelta | None:
    """Take one token from the bucket of each scope; if one is empty take none, and say how long to wait."""
    budgets = await _find(session, limits)
    missing = limits.keys() - budgets.keys()
    for scope in missing:
        await insert_new(session, SendBudget, scope=scope, tokens=limits[scope].burst, at=now)
    if missing:
        budgets = await _find(session, limits)
    left = {}
    for scope, limit in limits.items():
        left[scope] = refill(budgets[scope].tokens, budgets[scope].at, now, limit)
        if left[scope] < 1:
            return timedelta(seconds=(1 - left[scope]) / limit.per_second)
    for scope, tokens in left.items():
        budgets[scope].tokens, budgets[scope].at = tokens - 1, now
    return None


async def hold(session: AsyncSession, scope: str, limit: Limit, seconds: float, now: datetime) -> None:
    """The channel asked to wait `seconds`: the bucket gives nothing until then, to anyone."""
    budgets = await _find(session, {scope: limit})
    if scope in budgets:
        budgets[scope].tokens, budgets[scope].at = min(1.0, 1 - seconds * limit.per_second), now


async def throw_old_away(session: AsyncSession, now: datetime) -> None:
    """Forget the buckets nobody used for a day: they are full again."""
    await session.execute(delete(SendBudget).where(SendBudget.at < now - IDLE))


async def _find(session: AsyncSession, limits: Mapping[str, Limit]) -> dict[str, SendBudget]:
    # In one order for everyone: two senders that want the same two rows must not wait on each other.
    rows = await session.scalars(BUDGETS, {"scopes": list(limits)})
    return {row.scope: row for row in rows}
