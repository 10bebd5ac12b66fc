"""Alerts: someone may be in danger. They are answered at once, and a human is told (law 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import distress
from bot.domain.alerts import AlertEnd
from bot.domain.calendar import say_moment
from bot.domain.conversations import Author, Say
from bot.domain.distress import Script, TeamStatus
from bot.domain.handoffs import HELD_STATES, HandoffReason
from bot.domain.helplines import Line, lines_for
from bot.domain.safety import Kind, Level, SafetyReading, Sure, When, Who
from bot.domain.team import NoticeKind, Role
from bot.errors import NothingToDo, NotYourStructure
from bot.services import followups, handoffs, outbox, team
from bot.storage.queries import lock
from bot.storage.tables import Adviser, Alert, Conversation, Handoff, Message, Notice, OutboxRow

REPEAT = {Level.CRITICAL: timedelta(minutes=5), Level.HIGH: timedelta(minutes=30)}
HUMAN_IS_THERE = timedelta(minutes=5)
HUMAN_MAY_ANSWER = timedelta(minutes=2)
NOTICES = {Level.CRITICAL: NoticeKind.ALERT_CRITICAL, Level.HIGH: NoticeKind.ALERT_HIGH}
LATE = timedelta(minutes=2)
REACHED = "utter_safety_status_reached"
CANNOT_SPEAK = "utter_safety_cannot_speak"
IN_DANGER_NOW = "utter_safety_danger_yes"


OPEN = select(Alert.id).where(Alert.conversation_id == bindparam("conversation"), Alert.closed_at.is_(None))


async def open_alert(session: AsyncSession, conversation: Conversation) -> Alert | None:
    number = await session.scalar(OPEN, {"conversation": conversation.id})
    return await session.get_one(Alert, number) if number is not None else None


async def are_open(session: AsyncSession, adviser: Adviser) -> bool:
    """Whether someone may be in danger in a structure: it is the first screen of its team."""
    if adviser.role is Role.PARTNER:
        return False
    waiting = select(Alert.id).where(Alert.structure_id == adviser.structure_id, Alert.closed_at.is_(None))
    return await session.scalar(waiting.limit(1)) is not None


async def heard(
    session: AsyncSession,
    conversation: Conversation,
    alert: Alert | None,
    holder: Handoff | None,
    text: str,
    reading: SafetyReading,
    now: datetime,
    *,
    late: bool = False,
) -> list[Say]:
    """A message that may be danger: open or raise the alert, tell the team, and answer.

    With a human who wrote in the last five minutes the bot lets them answer; it speaks only if they have
    not within two minutes (see `tick`).
    """
    if reading.discreet:
        conversation.discreet = True
    rises = alert is None or reading.level > alert.level
    if alert is None:
        alert = await _open(session, conversation, reading, now)
    else:
        _raise(alert, reading, now)
    if rises:
        await _tell_team(session, alert, now)
    if holder is not None and holder.last_human_at and now - holder.last_human_at < HUMAN_IS_THERE:
        if alert.answered_at is None:
            alert.speak_after = now + HUMAN_MAY_ANSWER
        return []
    if alert.answered_at is None or rises:
        return await _first_answer(session, alert, reading, now, late=late)
    if holder is not None:
        return []
    return await go_on(session, alert, text, reading, now)


async def go_on(session: AsyncSession, alert: Alert, text: str, reading: SafetyReading, now: datetime) -> list[Say]:
    """A turn of the fixed script that owns the conversation while the alert is open."""
    if alert.answered_at is None:
        return await _first_answer(session, alert, reading, now)
    before = Script.from_json(alert.script)
    says, script = distress.next_answer(
        text, reading, _lines(alert, before, now), await _status(session, alert, now), before
    )
    alert.script = script.to_json()
    in_danger_now = any(one.response == IN_DANGER_NOW for one in says)
    if in_danger_now and alert.level is not Level.CRITICAL:
        alert.level, alert.raised_at = Level.CRITICAL, now
        await _tell_team(session, alert, now)
    return _say(says)


async def acknowledge(session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime) -> None:
    """An adviser has seen it. Without a human message in the delay of its level, it comes back.

    Raises:
        NotYourStructure: it belongs to another structure.
        NothingToDo: it is closed.
    """
    if alert.structure_id != adviser.structure_id:
        raise NotYourStructure
    await lock(session, alert)
    if alert.closed_at is not None:
        raise NothingToDo
    alert.acknowledged_at, alert.acknowledged_by = now, adviser.id
    alert.notify_at = now + REPEAT[alert.level]
    await followups.plan(session, alert, adviser, now)


async def take_care(session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime) -> None:
    """ "Je m'en occupe": the adviser has seen the alert, and the conversation is theirs from now on.

    Raises:
        AlreadyTaken: a colleague holds the conversation, and takes care of it.
        NotYourStructure, NothingToDo: see `acknowledge`.
    """
    await acknowledge(session, alert, adviser, now)
    handoff = await handoffs.ask(session, alert.conversation, HandoffReason.SAFETY, now)
    if handoff.state not in HELD_STATES or handoff.adviser_id != adviser.id:
        await handoffs.take(session, handoff, adviser, now)


async def answer(
    session: AsyncSession, alert: Alert, adviser: Adviser, text: str, now: datetime, *, once: str | None = None
) -> None:
    """Take care of an alert and write the first word of a human.

    Raises:
        AlreadyTaken, NotYourStructure, NothingToDo: see `take_care`.
        NothingWritten, AnswerTooLong: see `handoffs.answer`; nothing is taken then.
    """
    await take_care(session, alert, adviser, now)
    handoff = await handoffs.ask(session, alert.conversation, HandoffReason.SAFETY, now)
    await handoffs.answer(session, handoff, adviser, text, now, once=once)


async def take(
    session: AsyncSession, handoff: Handoff, adviser: Adviser, now: datetime, *, from_colleague: bool = False
) -> None:
    """Take a conversation from the desk: an alert that is open in it is acknowledged.

    Raises:
        AlreadyTaken, NotYourStructure, NothingToDo: see `handoffs.take`.
    """
    await handoffs.take(session, handoff, adviser, now, from_colleague=from_colleague)
    alert = await open_alert(session, handoff.conversation)
    if alert is not None:
        await acknowledge(session, alert, adviser, now)


async def close(
    session: AsyncSession, alert: Alert, adviser: Adviser, now: datetime, end: AlertEnd = AlertEnd.OVER
) -> None:
    """A human ends the alert; only a human can. A critical one closed as false is read again by a coordinator.

    Raises:
        NotYourStructure: it belongs to another structure.
        NothingToDo: it is closed already.
    """
    if alert.structure_id != adviser.structure_id:
        raise NotYourStructure
    await lock(session, alert)
    if alert.closed_at is not None:
        raise NothingToDo
    await followups.plan(session, alert, adviser if alert.acknowledged_by is None else None, now)
    if end is AlertEnd.FALSE_ALARM:
        await followups.drop(session, alert, adviser, now)
    alert.closed_at, alert.closed_by, alert.closed_as, alert.notify_at = now, adviser.id, end, None
    if alert.level is Level.CRITICAL and end is AlertEnd.FALSE_ALARM:
        others = [one for one in await team.coordinators_of(session, alert.structure_id) if one.id != adviser.id]
        await team.tell(session, others, NoticeKind.FALSE_ALARM, now, alert=alert, conversation=alert.conversation)


def lines(alert: Alert, now: datetime) -> tuple[Line, ...]:
    """The help lines that answer at this hour, for whoever takes care of the alert."""
    return _lines(alert, Script.from_json(alert.script), now)


async def notice_reached(session: AsyncSession, row: OutboxRow, now: datetime) -> None:
    """A notice arrived on someone's phone: now, and only now, the young person may be told that they know."""
    notice = await session.scalar(select(Notice).where(Notice.outbox_id == row.id))
    if notice is None or notice.alert_id is None:
        return
    alert = await session.get_one(Alert, notice.alert_id)
    if alert.reached is not None or alert.closed_at is not None:
        return
    adviser = await session.get_one(Adviser, notice.adviser_id)
    alert.reached = adviser.first_name
    if alert.answered_at is None:
        return
    script = Script.from_json(alert.script)
    if REACHED in script.said or (alert.conversation.discreet and await _is_late(session, alert, now)):
        return  # who shares the phone must not read of an alert; it is said at their next message
    alert.script = replace(script, said=(*script.said, REACHED)).to_json()
    says = [Say(REACHED, {"name": adviser.first_name})]
    await outbox.say(session, alert.conversation, says, now, once=f"alert:{alert.id}:reached")


async def tick(session: AsyncSession, now: datetime) -> int:
    """Repeat what was not acknowledged; speak where a human was expected and did not answer."""
    due = (
        await session.scalars(
            select(Alert)
            .where(
                Alert.closed_at.is_(None),
                or_(Alert.notify_at <= now, Alert.speak_after <= now),
            )
            .order_by(Alert.id)
            .limit(50)
            .with_for_update(skip_locked=True, of=Alert)
        )
    ).all()
    for alert in due:
        if alert.speak_after is not None and alert.speak_after <= now:
            await _speak_if_silent(session, alert, now)
        if alert.notify_at is not None and alert.notify_at <= now:
            if await _human_wrote_since(session, alert, alert.raised_at):
                alert.notify_at = None
            else:
                await _tell_team(session, alert, now)
    return len(due)


async def _open(session: AsyncSession, conversation: Conversation, reading: SafetyReading, now: datetime) -> Alert:
    alert = Alert(
        conversation_id=conversation.id,
        conversation=conversation,
        structure_id=conversation.structure_id,
        level=reading.level,
        kinds=[kind.value for kind in reading.kinds],
        who=reading.who.value,
        happens=reading.when.value,
        sure=reading.sure.value,
        script=Script().to_json(),
        opened_at=now,
        raised_at=now,
    )
    session.add(alert)
    await session.flush()
    await handoffs.ask(session, conversation, HandoffReason.SAFETY, now)
    await followups.plan(session, alert, None, now)
    return alert


def _raise(alert: Alert, reading: SafetyReading, now: datetime) -> None:
    """A level only rises by itself; a human alone lowers it."""
    if reading.level > alert.level:
        alert.level, alert.raised_at = reading.level, now
    fresh = [kind.value for kind in reading.kinds]
    alert.kinds = [*fresh, *(kind for kind in alert.kinds if kind not in fresh)]


async def _tell_team(session: AsyncSession, alert: Alert, now: datetime) -> None:
    """Tell who may be told now: present or on call; from the second time, the coordinators too.

    Outside everyone's hours nobody is disturbed: it is told at the opening. A high alert is told once, then
    again after its delay to the coordinator; a critical one every five
    minutes until it is acknowledged and a human has written.
    """
    reachable = await team.reachable(session, alert.structure_id, now)
    if not reachable:
        opening = await team.next_reachable(session, alert.structure_id, now)
        alert.notify_at = opening or now + REPEAT[alert.level]
        return
    if alert.level is Level.HIGH and alert.notified >= 1:
        reachable = await team.coordinators(session, alert.structure_id, now) or reachable
    await team.tell(session, reachable, NOTICES[alert.level], now, alert=alert)
    alert.notified += 1
    alert.notify_at = now + REPEAT[alert.level]


async def _first_answer(
    session: AsyncSession, alert: Alert, reading: SafetyReading, now: datetime, *, late: bool = False
) -> list[Say]:
    script = Script.from_json(alert.script)
    status = await _status(session, alert, now)
    says, script = distress.first_answer(reading, _lines(alert, script, now), status, script, late=late)
    alert.script, alert.answered_at, alert.speak_after = script.to_json(), now, None
    return _say(says)


async def _speak_if_silent(session: AsyncSession, alert: Alert, now: datetime) -> None:
    """Two minutes passed with a human in the conversation: the lines are given if they said nothing."""
    assert alert.speak_after is not None, "only called when it is due"
    since = alert.speak_after - HUMAN_MAY_ANSWER
    alert.speak_after = None
    if alert.answered_at is not None or await _human_wrote_since(session, alert, since):
        return
    kinds = tuple(Kind(kind) for kind in alert.kinds)
    discreet = alert.conversation.discreet
    reading = SafetyReading(alert.level, kinds, Who(alert.who), When(alert.happens), Sure(alert.sure), discreet)
    says = await _first_answer(session, alert, reading, now, late=True)
    await outbox.say(session, alert.conversation, says, now, once=f"alert:{alert.id}:first")


async def _is_late(session: AsyncSession, alert: Alert, now: datetime) -> bool:
    """Whether the young person's last message is more than two minutes old."""
    wrote = await session.scalar(
        select(func.max(Message.at)).where(
            Message.conversation_id == alert.conversation_id, Message.author == Author.YOUNG
        )
    )
    return wrote is None or now - wrote > LATE


async def _human_wrote_since(session: AsyncSession, alert: Alert, since: datetime) -> bool:
    written = await session.scalar(
        select(Message.id)
        .where(
            Message.conversation_id == alert.conversation_id,
            Message.author == Author.ADVISER,
            Message.adviser_id.is_not(None),
            Message.at >= since,
        )
        .limit(1)
    )
    return written is not None


async def _status(session: AsyncSession, alert: Alert, now: datetime) -> TeamStatus:
    """What is true of the team at this moment; never assumed."""
    there = await team.team_now(session, alert.conversation.structure, now)
    reopens = say_moment(there.reopens_at, now) if there.reopens_at and not there.open_now else None
    return TeamStatus(reached=alert.reached, open_now=there.open_now, reopens=reopens)


def _lines(alert: Alert, script: Script, now: datetime) -> tuple[Line, ...]:
    kinds = [Kind(kind) for kind in alert.kinds]
    return lines_for(
        kinds[0] if kinds else None,
        alert.level,
        now,
        can_speak=CANNOT_SPEAK not in script.said,
        age=None,
        ongoing=alert.level is Level.CRITICAL,
    )


def _say(says: list[distress.Say]) -> list[Say]:
    return [Say(one.response, one.values) for one in says]
