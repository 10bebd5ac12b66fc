"""Ask for a human; take a conversation over, answer in it, give it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import say_moment, say_time
from bot.domain.conversations import Bubble, Say, Speaker
from bot.domain.handoffs import DEFAULT_PRIORITY, MAX_ANSWER, OPEN_STATES, PRIORITY, HandoffReason, HandoffState
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import MilestoneKind
from bot.domain.team import LONGEST_MEETING, NoticeKind
from bot.errors import AlreadyTaken, AnswerTooLong, NothingToDo, NothingWritten, NotTheHolder, NotYourStructure
from bot.services import outbox, people, team, wording
from bot.storage.queries import lock
from bot.storage.tables import (
    Adviser,
    Appointment,
    Conversation,
    Feedback,
    Handoff,
    HandoffEvent,
    Message,
    Nudge,
    OutboxRow,
    Turn,
)

OPEN = select(Handoff.id).where(Handoff.conversation_id == bindparam("conversation"), Handoff.state.in_(OPEN_STATES))


async def open_handoff(session: AsyncSession, conversation: Conversation) -> Handoff | None:
    """The handoff that is asked or taken; the one row that says who speaks (law 2)."""
    # Mostly there is none: the row's id is asked first, not its six joined tables.
    number = await session.scalar(OPEN, {"conversation": conversation.id})
    return await session.get_one(Handoff, number) if number is not None else None


async def holder(session: AsyncSession, conversation: Conversation) -> Handoff | None:
    """The handoff of the adviser who holds the conversation, if one does."""
    handoff = await open_handoff(session, conversation)
    return handoff if handoff is not None and handoff.state is HandoffState.TAKEN else None


async def ask(
    session: AsyncSession,
    conversation: Conversation,
    reason: HandoffReason,
    now: datetime,
    detail: str | None = None,
) -> Handoff:
    """Ask for a human, once: a second demand raises the priority of the first. Those present are told."""
    handoff = await open_handoff(session, conversation)
    priority = PRIORITY.get(reason, DEFAULT_PRIORITY)
    if handoff is not None:
        if priority < handoff.priority:
            handoff.reason, handoff.priority = reason, priority
        handoff.detail = detail or handoff.detail
        return handoff
    handoff = Handoff(
        conversation_id=conversation.id,
        structure_id=conversation.structure_id,
        reason=reason,
        priority=priority,
        detail=detail,
        asked_at=now,
        conversation=conversation,
    )
    session.add(handoff)
    await session.flush()
    await _keep(session, handoff, now)
    await _tell(session, handoff, now)
    return handoff


async def tick(session: AsyncSession, now: datetime) -> int:
    """Tell the team, at its opening or after its meeting, who asked meanwhile."""
    untold = (
        await session.scalars(
            select(Handoff)
            .where(Handoff.state == HandoffState.ASKED, Handoff.told_at.is_(None))
            .order_by(Handoff.priority, Handoff.asked_at)
            .limit(50)
            .with_for_update(skip_locked=True, of=Handoff)
        )
    ).all()
    for handoff in untold:
        await _tell(session, handoff, now)
    return len([handoff for handoff in untold if handoff.told_at is not None])


async def _tell(session: AsyncSession, handoff: Handoff, now: datetime) -> None:
    """Tell who is present and not in a meeting; an alert tells the team itself."""
    if handoff.reason is HandoffReason.SAFETY:
        handoff.told_at = now
        return
    there = await team.team_now(session, handoff.conversation.structure, now)
    if there.free:
        await team.tell(session, there.free, NoticeKind.HANDOFF, now, handoff=handoff)
        handoff.told_at = now


async def ask_and_say(
    session: AsyncSession,
    conversation: Conversation,
    reason: HandoffReason,
    now: datetime,
    detail: str | None = None,
) -> list[Say]:
    """Ask for a human, and say what is true: who is there, or when someone will answer."""
    waiting = await open_handoff(session, conversation)
    already = waiting is not None and waiting.state is HandoffState.ASKED
    since = waiting.asked_at if waiting else now
    await ask(session, conversation, reason, now, detail)
    there = await team.team_now(session, conversation.structure, now)
    says = []
    if already and now - since > timedelta(minutes=1):
        says.append(Say("utter_human_already_asked", {"since": say_moment(since, now)}))
    if there.open_now:
        if not says:
            says.append(_told(there, team.say_team(conversation.structure), now))
    elif (reopens := there.say_reopens(now)) is not None:
        says.append(Say("utter_human_closed", {"reopens": reopens}))
    elif conversation.structure.phone:
        says.append(Say("utter_human_unknown_hours", {"phone": conversation.structure.phone}))
    else:
        says.append(Say("utter_human_no_hours"))
    return says


def _told(there: team.TeamNow, name: str, now: datetime) -> Say:
    """What is true of a team that is there: it answers, or it is in a meeting and answers afterwards."""
    if there.all_busy:
        if there.free_again is not None and there.free_again - now > LONGEST_MEETING:
            return Say("utter_human_busy_then_closed", {"team": name, "when": say_moment(there.free_again, now)})
        return Say("utter_human_busy", {"team": name})
    if there.until is None:
        return Say("utter_human_told", {"team": name})
    return Say("utter_human_told_open", {"team": name, "until": say_time(there.until)})


async def waiting(session: AsyncSession, structure_id: str) -> Sequence[Handoff]:
    """Who waits in a structure: safety first, then who has waited longest."""
    rows = await session.scalars(
        select(Handoff)
        .where(Handoff.structure_id == structure_id, Handoff.state == HandoffState.ASKED)
        .order_by(Handoff.priority, Handoff.asked_at)
    )
    return rows.all()


async def take(session: AsyncSession, handoff: Handoff, adviser: Adviser, now: datetime) -> Handoff:
    """Give the conversation to `adviser`; the bot is silent until it is given back. It is announced.

    Raises:
        AlreadyTaken: another adviser took it first.
        NotYourStructure: the handoff belongs to a structure the adviser is not in.
        NothingToDo: it is over, or theirs already.
    """
    if handoff.structure_id != adviser.structure_id:
        raise NotYourStructure
    await lock(session, handoff)
    if handoff.state is HandoffState.TAKEN and handoff.adviser_id != adviser.id:
        raise AlreadyTaken(name=handoff.adviser.first_name if handoff.adviser else "")
    if handoff.state is not HandoffState.ASKED:
        raise NothingToDo
    handoff.state, handoff.adviser, handoff.taken_at = HandoffState.TAKEN, adviser, now
    handoff.last_human_at = now
    await _keep(session, handoff, now)
    await _silence_bot(session, handoff)
    await _announce(session, handoff, "utter_taken", now)
    return handoff


async def answer(
    session: AsyncSession, handoff: Handoff, adviser: Adviser, text: str, now: datetime, *, once: str | None = None
) -> None:
    """Write to the young person, under the adviser's first name and structure.

    `once` names this answer: sent again after a lost network, it is written once.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
        NothingWritten, AnswerTooLong: the text is empty, or longer than 4,000 characters.
    """
    await lock(session, handoff)
    key = f"answer:{handoff.id}:{once}" if once else None
    if key and await session.scalar(select(OutboxRow.id).where(OutboxRow.once_key == f"{key}:0")):
        return
    if handoff.state is not HandoffState.TAKEN or handoff.adviser_id != adviser.id:
        raise NotTheHolder
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NothingWritten
    if len(text) > MAX_ANSWER:
        raise AnswerTooLong(most=str(MAX_ANSWER), length=str(len(text)))
    signed = f"{await wording.signature(session, adviser)} : {text}"
    rows = await outbox.say(session, handoff.conversation, [Bubble(signed)], now, kind=OutboxKind.ADVISER, once=key)
    message = await session.get_one(Message, rows[0].payload["message"])
    message.adviser_id = adviser.id
    handoff.last_human_at = now
    await people.reach(session, handoff.conversation.identity.person_id, MilestoneKind.FIRST_HUMAN_ANSWER, now)


async def give_back(session: AsyncSession, handoff: Handoff, adviser: Adviser, now: datetime) -> None:
    """Give the conversation back to the bot, and say so.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
    """
    if handoff.state is not HandoffState.TAKEN or handoff.adviser_id != adviser.id:
        raise NotTheHolder
    handoff.state, handoff.ended_at = HandoffState.GIVEN_BACK, now
    handoff.conversation.misunderstood = 0
    handoff.conversation.greeted_at = handoff.conversation.greeted_at or now
    await _keep(session, handoff, now)
    await _announce(session, handoff, "utter_given_back", now)


async def say_holder_off_duty(session: AsyncSession, handoff: Handoff, now: datetime) -> list[Say]:
    """ "Karim revient mardi à 9 h", once, when who holds the conversation is not there to read."""
    if handoff.off_duty_told_at is not None or handoff.adviser is None:
        return []
    hours = await team.hours_of(session, handoff.adviser)
    if hours.is_open(now) or (returns := hours.next_opening(now)) is None:
        return []
    handoff.off_duty_told_at = now
    return [
        Say(
            "utter_holder_off_duty",
            {"name": handoff.adviser.first_name, "returns": say_moment(returns, now)},
        )
    ]


async def tell_adviser(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Who follows them: who last had the conversation, or receives them at their appointment."""
    name = await session.scalar(
        select(Adviser.first_name)
        .join(Handoff, Handoff.adviser_id == Adviser.id)
        .where(Handoff.conversation_id == conversation.id)
        .order_by(Handoff.id.desc())
        .limit(1)
    ) or await session.scalar(
        select(Adviser.first_name)
        .join(Appointment, Appointment.adviser_id == Adviser.id)
        .where(Appointment.conversation_id == conversation.id)
        .order_by(Appointment.starts_at.desc())
        .limit(1)
    )
    return [Say("utter_my_adviser", {"name": name})] if name else [Say("utter_my_adviser_unknown")]


async def keep_feedback(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> None:
    """Keep what was said of the service for the coordinator."""
    session.add(
        Feedback(structure_id=conversation.structure_id, conversation_id=conversation.id, turn_id=turn.id, at=now)
    )
    await session.flush()


async def _announce(session: AsyncSession, handoff: Handoff, response: str, now: datetime) -> None:
    assert handoff.adviser is not None, "only a taken conversation is announced"
    values = {"name": handoff.adviser.first_name, "structure": handoff.adviser.structure.short_name}
    await outbox.say(session, handoff.conversation, [Say(response, values)], now, kind=OutboxKind.ADVISER)


async def _silence_bot(session: AsyncSession, handoff: Handoff) -> None:
    """What the bot had queued but not sent is withdrawn: the human speaks now.

    The answers to danger still leave, before the human's words: no help line is ever taken back.
    """
    to_danger = select(Turn.id).where(Turn.conversation_id == handoff.conversation_id, Turn.speaker == Speaker.SAFETY)
    await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.conversation_id == handoff.conversation_id,
            OutboxRow.kind.in_((OutboxKind.REPLY, OutboxKind.NUDGE)),
            OutboxRow.state == OutboxState.WAITING,
            or_(OutboxRow.turn_id.is_(None), OutboxRow.turn_id.not_in(to_danger)),
            or_(OutboxRow.once_key.is_(None), OutboxRow.once_key.not_like("alert:%")),
        )
        .values(state=OutboxState.DROPPED, error="taken over")
    )
    await session.execute(
        update(Nudge)
        .where(
            Nudge.conversation_id == handoff.conversation_id,
            Nudge.kind.in_((NudgeKind.NO_SHOW, NudgeKind.UNFINISHED)),
            Nudge.state == NudgeState.QUEUED,
        )
        .values(state=NudgeState.DROPPED, why="taken over")
    )


async def _keep(session: AsyncSession, handoff: Handoff, now: datetime) -> None:
    session.add(HandoffEvent(handoff_id=handoff.id, state=handoff.state, adviser_id=handoff.adviser_id, at=now))
    await session.flush()
