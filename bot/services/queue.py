"""The queue: who is told that someone waits, and what comes back to it because nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.domain.calendar import is_quiet, say_moment
from bot.domain.conversations import Author, Say
from bot.domain.handoffs import HELD_STATES, NO_ANSWER_PROMISED, ROUTED_FIRST, HandoffState, Step
from bot.services import alerts, asking, handoffs, outbox, people, routing, structures, team
from bot.storage.tables import Conversation, Handoff, Message, StructureSetting

BATCH = 50


async def tick(session: AsyncSession, now: datetime) -> int:
    """Do what time alone brings about. Returns how many handoffs it changed."""
    return (
        await _tell(session, now)
        + await _tell_everyone(session, now)
        + await _wake(session, now)
        + await _end_transfers(session, now)
        + await _say_late(session, now)
        + await _return(session, now)
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
    due = await _due(
        session,
        Handoff.state == HandoffState.ASKED,
        Handoff.told_at <= now - ROUTED_FIRST,
        Handoff.told_all_at.is_(None),
    )
    for handoff in due:
        await routing.tell_everyone(session, handoff, now)
    return len(due)


async def _wake(session: AsyncSession, now: datetime) -> int:
    due = await _due(session, Handoff.state == HandoffState.SNOOZED, Handoff.snoozed_until <= now)
    for handoff in due:
        await handoffs.wake(session, handoff, now)
    return len(due)


async def _end_transfers(session: AsyncSession, now: datetime) -> int:
    due = await _due(session, Handoff.state.in_(HELD_STATES), Handoff.return_at <= now)
    for handoff in due:
        await handoffs.end_transfer(session, handoff, now)
    return len(due)


async def _due(session: AsyncSession, *conditions: ColumnElement[bool]) -> Sequence[Handoff]:
    """The next handoffs that fulfil some conditions, ours until the unit of work ends."""
    rows = await session.scalars(
        select(Handoff).where(*conditions).limit(BATCH).with_for_update(skip_locked=True, of=Handoff)
    )
    return rows.all()


async def _say_late(session: AsyncSession, now: datetime) -> int:
    """The team is there and nobody took it: the young person is told, once. Nothing is said over an alert."""
    rows = await session.scalars(
        select(Handoff)
        .join(Conversation, Handoff.conversation_id == Conversation.id)
        .where(
            Handoff.state == HandoffState.ASKED,
            Handoff.late_told_at.is_(None),
            Handoff.reason.not_in(NO_ANSWER_PROMISED),
            Conversation.discreet.is_(False),
        )
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Handoff)
    )
    late = 0
    for handoff in rows.all():
        delay = (await structures.settings_of(session, handoff.structure_id)).tell_late_minutes
        if "adviser" in (handoff.wish or {}) or now - handoff.asked_at < timedelta(minutes=delay):
            continue
        everyone = await team.hours_of_each(session, await team.advisers_of(session, handoff.structure_id))
        waited = max(
            (hours.time_there(handoff.asked_at, now) for _, hours in everyone if hours.is_open(now)),
            default=timedelta(),
        )
        if waited < timedelta(minutes=delay):
            continue
        handoff.late_told_at = now
        structure = handoff.conversation.structure
        await _say(session, handoff, Say("utter_human_late", {"team": team.say_team(structure)}), now)
        late += 1
    return late


async def _return(session: AsyncSession, now: datetime) -> int:
    """What its holder leaves without an answer comes back: while they are there, or once they are gone."""
    moved = 0
    for handoff, wrote_at in await _unanswered(session):
        holder = handoff.adviser
        assert holder is not None, "a held conversation has a holder"
        delays = await structures.settings_of(session, handoff.structure_id)
        since = max(moment for moment in (wrote_at, handoff.taken_at, handoff.promised_at) if moment)
        hours = await team.hours_of(session, holder)
        if hours.is_open(now):
            there = hours.time_there(since, now)
            if not hours.is_busy(now) and there >= timedelta(minutes=delays.unanswered_minutes):
                await handoffs.return_to_queue(session, handoff, Step.RETURNED, now)
                await alerts.left_unanswered(session, handoff.conversation, now)
                values = {"name": holder.first_name, "team": team.say_team(handoff.conversation.structure)}
                await _say(session, handoff, Say("utter_returned", values), now)
                moved += 1
        elif handoff.off_duty_told_at is None and since <= now and not is_quiet(now):
            for say in await asking.say_holder_off_duty(session, handoff, now):
                await _say(session, handoff, say, now)
                moved += 1
        elif await _is_to_offer(session, handoff, max(since, handoff.off_duty_told_at or since), delays, now):
            await handoffs.return_to_queue(session, handoff, Step.OFFERED, now)
            await alerts.left_unanswered(session, handoff.conversation, now)
            if (returns := hours.next_opening(now)) is not None:
                values = {"name": holder.first_name, "returns": say_moment(returns, now)}
                await _say(session, handoff, Say("utter_offered", values), now)
            moved += 1
    return moved


async def _unanswered(session: AsyncSession) -> list[tuple[Handoff, datetime]]:
    """The held conversations whose last word is the young person's, and when it was written."""
    later = aliased(Message)
    humans = select(later.id).where(
        later.conversation_id == Handoff.conversation_id,
        later.id > Message.id,
        or_(later.author == Author.YOUNG, later.adviser_id.is_not(None)),
    )
    rows = await session.execute(
        select(Handoff, Message.at)
        .join(Message, Message.conversation_id == Handoff.conversation_id)
        .where(Handoff.state == HandoffState.TAKEN, Message.author == Author.YOUNG, ~humans.exists())
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Handoff)
    )
    return [(handoff, at) for handoff, at in rows]


async def _is_to_offer(
    session: AsyncSession, handoff: Handoff, since: datetime, delays: StructureSetting, now: datetime
) -> bool:
    """Whether someone else may answer meanwhile, and the young person did not choose to wait."""
    if (handoff.wish or {}).get("adviser") == handoff.adviser_id:
        return False
    if now - since < timedelta(minutes=delays.offer_back_minutes):
        return False
    return bool((await team.team_now(session, handoff.conversation.structure, now)).free)


async def _say(session: AsyncSession, handoff: Handoff, say: Say, now: datetime) -> None:
    """Nothing is said by itself where an alert is open, or where someone else may be reading."""
    if handoff.conversation.discreet or await people.alert_is_open(session, handoff.conversation):
        return
    await outbox.say(session, handoff.conversation, [say], now)
