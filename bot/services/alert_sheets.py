"""The sheet of an alert: what happened, when, to the second, and by whom; never a message's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.alerts import AlertEnd, SheetStep, ready_response
from bot.domain.conversations import Author, IncomingKind, Say
from bot.domain.handoffs import Step as HandoffStep
from bot.domain.helplines import Line
from bot.domain.outbox import OutboxState
from bot.domain.safety import Kind, Level
from bot.domain.team import NoticeKind, Role
from bot.services import alerts, desk, followups, thread
from bot.storage.tables import Adviser, Alert, Handoff, HandoffEvent, Message, Notice, OutboxRow, SecondLook

KEPT_IN_LIST = timedelta(days=365)
LOOKED_AT, MOST_SAID = 60, 5
UNREAD = (IncomingKind.VOICE, IncomingKind.PHOTO)
# What happens at the same moment, in the order it is told.
SEEN = tuple(SheetStep).index(SheetStep.ACKNOWLEDGED) + 1
ORDER = (*tuple(SheetStep)[:SEEN], *HandoffStep, *tuple(SheetStep)[SEEN:])


@dataclass(frozen=True)
class Step:
    """Something that happened, to the alert or to its conversation.

    `name` is who did it or was told, empty for the bot and the young person; `to` who has the conversation then.
    """

    step: SheetStep | HandoffStep
    at: datetime
    name: str = ""
    to: str = ""

    @property
    def of_conversation(self) -> bool:
        return isinstance(self.step, HandoffStep)


@dataclass(frozen=True)
class Sheet:
    """`first_word_after` is from the message to the first word of a human; None until there is one."""

    alert: Alert
    who: desk.Who
    kinds: tuple[str, ...]
    steps: tuple[Step, ...]
    first_word_after: timedelta | None
    done: str


async def read(session: AsyncSession, alert: Alert) -> Sheet:
    """Everything that is dated of an alert, in order."""
    names = {one.id: one.first_name for one in await session.scalars(select(Adviser))}
    written = await _written(session, alert)
    word = await _first_word(session, alert, names)
    task = await followups.of_alert(session, alert)
    steps = [Step(SheetStep.OPENED, alert.opened_at)]
    if written is not None:
        steps.append(Step(SheetStep.WRITTEN, written))
    if alert.raised_at != alert.opened_at:
        steps.append(Step(SheetStep.RAISED, alert.raised_at))
    if alert.answered_at is not None:
        steps.append(Step(SheetStep.ANSWERED, alert.answered_at))
    if alert.acknowledged_at is not None:
        steps.append(Step(SheetStep.ACKNOWLEDGED, alert.acknowledged_at, names.get(alert.acknowledged_by or 0, "")))
    if word is not None:
        steps.append(word)
    steps += await _told(session, alert)
    steps += await _handed(session, alert, names)
    steps += await _ends(session, alert, names)
    if task is not None and task.done_at is not None and alert.closed_as is not AlertEnd.FALSE_ALARM:
        steps.append(Step(SheetStep.FOLLOWED_UP, task.done_at, names.get(task.done_by or 0, "")))
    return Sheet(
        alert=alert,
        who=desk.who(alert.conversation),
        kinds=tuple(Kind(kind).label for kind in alert.kinds),
        steps=tuple(sorted(steps, key=lambda one: (one.at, ORDER.index(one.step), one.name))),
        first_word_after=word.at - (written or alert.opened_at) if word is not None else None,
        done=task.note if task is not None else "",
    )


@dataclass(frozen=True)
class FirstAid:
    """What who takes care of an alert needs at once: what was written, the lines of this hour, a text to send."""

    said: tuple[thread.Line, ...]
    lines: tuple[Line, ...]
    ready: Say


async def first_aid(session: AsyncSession, alert: Alert, now: datetime) -> FirstAid:
    return FirstAid(
        said=await _said(session, alert),
        lines=alerts.lines(alert, now),
        ready=Say(ready_response({Kind(kind) for kind in alert.kinds}, discreet=alert.conversation.discreet)),
    )


async def closed_by(session: AsyncSession, alert: Alert) -> str:
    """The first name of who closed it."""
    adviser = await session.get(Adviser, alert.closed_by) if alert.closed_by else None
    return adviser.first_name if adviser is not None else ""


async def _said(session: AsyncSession, alert: Alert) -> tuple[thread.Line, ...]:
    """The young person's message that raised it, and what they wrote since; read in the thread, kept nowhere else."""
    read = await thread.read(session, alert.conversation, LOOKED_AT)
    theirs = [line for line in read.lines if line.author is Author.YOUNG and (line.text or line.kind in UNREAD)]
    before = [line for line in theirs if line.at <= alert.raised_at][-1:]
    since = [line for line in theirs if line.at > alert.raised_at]
    return tuple([*before, *since][:MOST_SAID])


async def critical(session: AsyncSession, adviser: Adviser, now: datetime) -> Sequence[Alert]:
    """The alerts to life of a year that an adviser may read the sheet of, the last first."""
    rows = await session.scalars(
        select(Alert)
        .where(
            Alert.structure_id == adviser.structure_id,
            Alert.level == Level.CRITICAL,
            Alert.opened_at > now - KEPT_IN_LIST,
        )
        .order_by(Alert.opened_at.desc(), Alert.id.desc())
    )
    return [alert for alert in rows.all() if await may_read(session, alert, adviser)]


async def may_read(session: AsyncSession, alert: Alert, adviser: Adviser) -> bool:
    """A coordinator of the structure, or who took care of the alert."""
    if alert.structure_id != adviser.structure_id:
        return False
    if adviser.role is Role.COORDINATOR or alert.acknowledged_by == adviser.id:
        return True
    took = await session.scalar(
        select(HandoffEvent.id)
        .join(Handoff, HandoffEvent.handoff_id == Handoff.id)
        .where(_during(alert), HandoffEvent.to_adviser_id == adviser.id)
        .limit(1)
    )
    return took is not None


def _during(alert: Alert) -> ColumnElement[bool]:
    """What happened to the conversation from the alert to its end."""
    events = (Handoff.conversation_id == alert.conversation_id) & (HandoffEvent.at >= alert.opened_at)
    return events & (HandoffEvent.at <= alert.closed_at) if alert.closed_at is not None else events


async def _written(session: AsyncSession, alert: Alert) -> datetime | None:
    """When the young person wrote what opened it, by the channel's clock; None once it is erased."""
    return await session.scalar(
        select(func.max(Message.at)).where(
            Message.conversation_id == alert.conversation_id,
            Message.author == Author.YOUNG,
            Message.at <= alert.opened_at,
        )
    )


async def _first_word(session: AsyncSession, alert: Alert, names: dict[int, str]) -> Step | None:
    message = await session.scalar(
        select(Message)
        .where(
            Message.conversation_id == alert.conversation_id,
            Message.author == Author.ADVISER,
            Message.adviser_id.is_not(None),
            Message.at >= alert.opened_at,
        )
        .order_by(Message.at, Message.id)
        .limit(1)
    )
    return Step(SheetStep.FIRST_WORD, message.at, names.get(message.adviser_id or 0, "")) if message else None


async def _told(session: AsyncSession, alert: Alert) -> list[Step]:
    """The first time each of the team was told, and the first time it reached their phone."""
    rows = await session.execute(
        select(Adviser.first_name, func.min(Notice.at), func.min(OutboxRow.sent_at))
        .join(Adviser, Notice.adviser_id == Adviser.id)
        .outerjoin(OutboxRow, (Notice.outbox_id == OutboxRow.id) & (OutboxRow.state == OutboxState.SENT))
        .where(Notice.alert_id == alert.id, Notice.kind != NoticeKind.FALSE_ALARM)
        .group_by(Adviser.id, Adviser.first_name)
    )
    steps = []
    for name, at, sent in rows:
        steps.append(Step(SheetStep.SHOWN, at, name))
        if sent is not None:
            steps.append(Step(SheetStep.REACHED, sent, name))
    return steps


async def _handed(session: AsyncSession, alert: Alert, names: dict[int, str]) -> list[Step]:
    rows = await session.scalars(
        select(HandoffEvent)
        .join(Handoff, HandoffEvent.handoff_id == Handoff.id)
        .where(_during(alert), HandoffEvent.event != HandoffStep.ASKED)
        .order_by(HandoffEvent.id)
    )
    steps = []
    for row in rows:
        to = row.to_adviser_id if row.to_adviser_id != row.adviser_id else None
        steps.append(Step(row.event, row.at, names.get(row.adviser_id or 0, ""), names.get(to or 0, "")))
    return steps


async def _ends(session: AsyncSession, alert: Alert, names: dict[int, str]) -> list[Step]:
    """How it was closed, and read again."""
    steps = []
    looks = await session.scalars(select(SecondLook).where(SecondLook.alert_id == alert.id).order_by(SecondLook.id))
    for look in looks:
        step = SheetStep.CONFIRMED_FALSE if look.false_alarm else SheetStep.REOPENED
        if look.closed_at != alert.closed_at:
            steps.append(Step(SheetStep.FALSE_ALARM, look.closed_at, names.get(look.closed_by or 0, "")))
        steps.append(Step(step, look.at, names.get(look.adviser_id, "")))
    if alert.closed_at is not None:
        step = SheetStep.FALSE_ALARM if alert.closed_as is AlertEnd.FALSE_ALARM else SheetStep.OVER
        steps.append(Step(step, alert.closed_at, names.get(alert.closed_by or 0, "")))
    return steps
