"""An alert to life closed as false is read again, by a coordinator who did not close it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.alerts import AlertEnd
from bot.domain.handoffs import HandoffReason
from bot.domain.safety import Level
from bot.domain.team import Role
from bot.errors import NeedsAnotherCoordinator, NothingToDo, NotYourStructure
from bot.services import alerts, followups, handoffs
from bot.storage.queries import lock
from bot.storage.tables import Adviser, Alert, SecondLook


async def waiting(session: AsyncSession, structure_id: str) -> Sequence[Alert]:
    """The alerts to read again, the oldest first."""
    looked = select(SecondLook.id).where(SecondLook.alert_id == Alert.id, SecondLook.closed_at == Alert.closed_at)
    rows = await session.scalars(
        select(Alert)
        .where(
            Alert.structure_id == structure_id,
            Alert.level == Level.CRITICAL,
            Alert.closed_as == AlertEnd.FALSE_ALARM,
            ~looked.exists(),
        )
        .order_by(Alert.closed_at, Alert.id)
    )
    return rows.all()


async def look(session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime, *, false_alarm: bool) -> None:
    """A coordinator has read it again. If it was no false alarm, it is open again and the team is told.

    Raises:
        NotYourStructure: who asks does not coordinate this structure.
        NeedsAnotherCoordinator: they closed it themselves.
        NothingToDo: it is not closed as false, or was read again already.
    """
    if alert.structure_id != adviser.structure_id or adviser.role is not Role.COORDINATOR:
        raise NotYourStructure
    await lock(session, alert)
    if alert.closed_at is None or alert not in await waiting(session, alert.structure_id):
        raise NothingToDo
    if alert.closed_by == adviser.id:
        raise NeedsAnotherCoordinator
    session.add(
        SecondLook(
            alert_id=alert.id,
            closed_at=alert.closed_at,
            closed_by=alert.closed_by,
            adviser_id=adviser.id,
            at=now,
            false_alarm=false_alarm,
        )
    )
    if not false_alarm:
        await _reopen(session, alert, adviser, now)
    await session.flush()


async def _reopen(session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime) -> None:
    """Open it as it was; the next tick tells the team. One that opened since is enough for the conversation."""
    await followups.reopen(session, alert, adviser, now)
    if await alerts.open_alert(session, alert.conversation) is not None:
        return
    alert.closed_at = alert.closed_by = alert.closed_as = None
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.raised_at = alert.notify_at = now
    await session.flush()
    await handoffs.ask(session, alert.conversation, HandoffReason.SAFETY, now)
