"""Ask for a human; take a conversation over, answer in it, give it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import say_moment
from bot.domain.conversations import Author, Bubble, Say, Speaker
from bot.domain.handoffs import (
    DEFAULT_PRIORITY,
    HELD_STATES,
    LONGEST_NOTE,
    LONGEST_SNOOZE,
    MAX_ANSWER,
    OPEN_STATES,
    PRIORITY,
    RETURNED_PRIORITY,
    HandoffReason,
    HandoffState,
    Step,
)
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel, MilestoneKind
from bot.domain.team import NoticeKind, Role
from bot.errors import (
    AlreadyTaken,
    AnswerTooLong,
    BadMoment,
    NotAColleague,
    NoteTooLong,
    NothingToDo,
    NothingWritten,
    NotKnownYet,
    NotTheHolder,
    NotYourStructure,
    StillWaiting,
)
from bot.services import needs, outbox, people, routing, team, wording
from bot.storage.queries import lock
from bot.storage.tables import (
    Adviser,
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


# On PostgreSQL, who takes and who is about to answer for the bot wait for each other; SQLite has one writer.
ONE_SPEAKER = select(Conversation.id).where(Conversation.id == bindparam("conversation")).with_for_update()


async def open_handoff(session: AsyncSession, conversation: Conversation) -> Handoff | None:
    """The handoff that is asked or taken; the one row that says who speaks (law 2)."""
    # Mostly there is none: the row's id is asked first, not its six joined tables.
    number = await session.scalar(OPEN, {"conversation": conversation.id})
    return await session.get_one(Handoff, number) if number is not None else None


async def holder(session: AsyncSession, conversation: Conversation) -> Handoff | None:
    """The handoff of the adviser who holds the conversation, if one does."""
    handoff = await open_handoff(session, conversation)
    return handoff if handoff is not None and handoff.state in HELD_STATES else None


async def hear(session: AsyncSession, conversation: Conversation, now: datetime) -> Handoff | None:
    """The young person wrote: the handoff of who holds the conversation, woken if it was put aside.

    Nobody takes the conversation until the unit of work ends: what the bot says in it is before the human, and is
    withdrawn by who takes, or is not said.
    """
    await session.execute(ONE_SPEAKER, {"conversation": conversation.id})
    handoff = await holder(session, conversation)
    if handoff is not None and handoff.state is HandoffState.SNOOZED:
        await wake(session, handoff, now)
    return handoff


async def ask(
    session: AsyncSession,
    conversation: Conversation,
    reason: HandoffReason,
    now: datetime,
    detail: str | None = None,
    wish: dict[str, Any] | None = None,
) -> Handoff:
    """Ask for a human, once: a second demand raises the priority of the first. Those it is for are told.

    `wish`: {"woman": true}, {"adviser": id} or {"theme": name} (see routing).
    """
    handoff = await open_handoff(session, conversation)
    priority = PRIORITY.get(reason, DEFAULT_PRIORITY)
    if handoff is not None:
        if priority < handoff.priority:
            handoff.reason, handoff.priority = reason, priority
        handoff.detail = detail or handoff.detail
        handoff.wish = wish or handoff.wish
        if handoff.state is HandoffState.SNOOZED:
            await wake(session, handoff, now)
        return handoff
    handoff = Handoff(
        conversation_id=conversation.id,
        structure_id=conversation.structure_id,
        reason=reason,
        priority=priority,
        detail=detail,
        wish=wish,
        asked_at=now,
        theme=await needs.last(session, conversation, now),
        in_hours=(await team.team_now(session, conversation.structure, now)).open_now,
        conversation=conversation,
    )
    session.add(handoff)
    await session.flush()
    await _keep(session, handoff, Step.ASKED, now)
    await routing.tell(session, handoff, now)
    return handoff


async def waiting(session: AsyncSession, structure_id: str) -> Sequence[Handoff]:
    """Who waits in a structure: safety first, then who has waited longest."""
    rows = await session.scalars(
        select(Handoff)
        .where(Handoff.structure_id == structure_id, Handoff.state == HandoffState.ASKED)
        .order_by(Handoff.priority, Handoff.asked_at)
    )
    return rows.all()


async def take(
    session: AsyncSession, handoff: Handoff, adviser: Adviser, now: datetime, *, from_colleague: bool = False
) -> Handoff:
    """Give the conversation to `adviser`; the bot is silent until it is given back. It is announced.

    `from_colleague` takes it even from the colleague who holds it: it is recorded, and they are told.

    Raises:
        AlreadyTaken: another adviser took it first.
        NotYourStructure: the handoff belongs to a structure the adviser is not in.
        NothingToDo: it is over, or theirs already.
    """
    if handoff.structure_id != adviser.structure_id or adviser.role is Role.PARTNER:
        raise NotYourStructure
    await lock(session, handoff)
    before = handoff.adviser if handoff.state in HELD_STATES and handoff.adviser_id != adviser.id else None
    if before is not None and not from_colleague:
        raise AlreadyTaken(name=before.first_name)
    if handoff.state is HandoffState.SNOOZED and before is None:
        await wake(session, handoff, now, by=adviser)
        return handoff
    if handoff.state is not HandoffState.ASKED and before is None:
        raise NothingToDo
    _hold(handoff, adviser, now)
    if before is None:
        await _keep(session, handoff, Step.TAKEN, now, by=adviser)
        await _silence_bot(session, handoff)
        await _announce(session, handoff, "utter_taken", now)
    else:
        await _keep(session, handoff, Step.TAKEN_OVER, now, by=adviser, before=before)
        await _silence_bot(session, handoff)  # "Karim revient mardi" is not true any more
        await _announce(session, handoff, "utter_taken_over", now, before=before.first_name)
        await team.tell(session, [before], NoticeKind.TAKEN_OVER, now, handoff=handoff)
    return handoff


async def answer(
    session: AsyncSession, handoff: Handoff, adviser: Adviser, text: str, now: datetime, *, once: str | None = None
) -> OutboxRow | None:
    """Write to the young person, under the adviser's first name and structure; what leaves.

    `once` names this answer: sent again after a lost network, it is written once, and None leaves.

    Raises:
        NotTheHolder, StillWaiting: see `may_write`.
        NothingWritten, AnswerTooLong: the text is empty, or longer than 4,000 characters.
    """
    await lock(session, handoff)
    key = f"answer:{handoff.id}:{once}" if once else None
    if key and await session.scalar(select(OutboxRow.id).where(OutboxRow.once_key == f"{key}:0")):
        return None
    await may_write(session, handoff, adviser)
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NothingWritten
    if len(text) > MAX_ANSWER:
        raise AnswerTooLong(most=str(MAX_ANSWER), length=str(len(text)))
    if handoff.state is HandoffState.SNOOZED:
        await wake(session, handoff, now, by=adviser)
    row = await _write(session, handoff, adviser, text, now, once=key)
    handoff.last_human_at, handoff.promised_at = now, None
    return row


async def may_write(session: AsyncSession, handoff: Handoff, adviser: Adviser) -> None:
    """Whether an adviser may write in a conversation.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
        StillWaiting: the team wrote first, and the young person has not answered.
    """
    if handoff.state not in HELD_STATES or handoff.adviser_id != adviser.id:
        raise NotTheHolder
    if handoff.reason is HandoffReason.WROTE_FIRST and not await _wrote_since(session, handoff):
        raise StillWaiting


async def write_first(
    session: AsyncSession, conversation: Conversation, adviser: Adviser, text: str, now: datetime
) -> Handoff:
    """Write to someone the adviser knows, once until they answer; `/stop` is for the robot, not for a human.

    Raises:
        NotYourStructure: the conversation is another structure's.
        NotKnownYet: they never talked and have no appointment together, or nothing can reach the person.
        AlreadyTaken: a colleague holds the conversation.
        StillWaiting: the team wrote first already, and the young person has not answered.
        NothingWritten, AnswerTooLong: see `answer`.
    """
    if conversation.structure_id != adviser.structure_id or adviser.role is Role.PARTNER:
        raise NotYourStructure
    gone = conversation.identity.person.erased_at is not None or conversation.identity.channel is Channel.PARTNER
    if gone or not await routing.knows(session, adviser, conversation):
        raise NotKnownYet
    last = await session.scalar(
        select(Handoff).where(Handoff.conversation_id == conversation.id).order_by(Handoff.id.desc()).limit(1)
    )
    if last is not None and last.reason is HandoffReason.WROTE_FIRST and not await _wrote_since(session, last):
        raise StillWaiting
    handoff = await open_handoff(session, conversation)
    if handoff is None:
        handoff = Handoff(
            conversation_id=conversation.id,
            structure_id=conversation.structure_id,
            reason=HandoffReason.ASKED,
            priority=DEFAULT_PRIORITY,
            asked_at=now,
            told_at=now,
            told_all_at=now,
            conversation=conversation,
        )
        session.add(handoff)
        _hold(handoff, adviser, now)
        await session.flush()
        await _keep(session, handoff, Step.WROTE_FIRST, now, by=adviser)
        await _silence_bot(session, handoff)
        await answer(session, handoff, adviser, text, now)
        # Only now: who wrote first does not write again before an answer.
        handoff.reason = HandoffReason.WROTE_FIRST
        return handoff
    if handoff.state is HandoffState.ASKED or handoff.adviser_id != adviser.id:
        await take(session, handoff, adviser, now)
    await answer(session, handoff, adviser, text, now)
    return handoff


async def transfer(
    session: AsyncSession,
    handoff: Handoff,
    adviser: Adviser,
    to: Adviser,
    now: datetime,
    *,
    until: datetime | None = None,
    note: str = "",
) -> None:
    """Give the conversation to a colleague, for good or until a moment; a coordinator may do it for the holder.

    `note` is for the colleague (500 characters at most); the young person is told who answers now.

    Raises:
        NotTheHolder: the adviser neither holds the conversation nor coordinates.
        NotAColleague: `to` is not of the team, or has it already.
        BadMoment: `until` is over, or more than sixty days away.
        NoteTooLong: the note is too long.
    """
    await lock(session, handoff)
    coordinates = adviser.role is Role.COORDINATOR and adviser.structure_id == handoff.structure_id
    if handoff.state not in HELD_STATES or (handoff.adviser_id != adviser.id and not coordinates):
        raise NotTheHolder
    ours = to.structure_id == handoff.structure_id and to.role is not Role.PARTNER and to.active
    if not ours or to.id == handoff.adviser_id:
        raise NotAColleague
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise NoteTooLong(most=str(LONGEST_NOTE), length=str(len(note)))
    if until is not None:
        _check_moment(until, now)
    before = handoff.adviser
    assert before is not None, "a held conversation has a holder"
    _hold(handoff, to, now)
    if until is not None:
        handoff.return_to_id, handoff.return_at = before.id, until
    await _keep(session, handoff, Step.TRANSFERRED, now, by=adviser, before=before, note=note, until=until)
    await _silence_bot(session, handoff)
    await _announce(session, handoff, "utter_taken_over", now, before=before.first_name)
    await team.tell(session, [to], NoticeKind.TRANSFERRED, now, handoff=handoff)


async def end_transfer(session: AsyncSession, handoff: Handoff, now: datetime) -> None:
    """The time of a transfer is over: who had the conversation before has it again, if they still work there."""
    to = await session.get_one(Adviser, handoff.return_to_id)
    before, handoff.return_to_id, handoff.return_at = handoff.adviser, None, None
    if not to.active or to.structure_id != handoff.structure_id or before is None:
        return
    _hold(handoff, to, now)
    await _keep(session, handoff, Step.TRANSFER_OVER, now, before=before)
    await _announce(session, handoff, "utter_taken_over", now, before=before.first_name)
    await team.tell(session, [to], NoticeKind.TRANSFERRED, now, handoff=handoff)


async def snooze(session: AsyncSession, handoff: Handoff, adviser: Adviser, until: datetime, now: datetime) -> None:
    """Put the conversation aside until a moment, or until the young person writes. It stays the adviser's.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
        BadMoment: `until` is over, or more than sixty days away.
    """
    await _check_holder(session, handoff, adviser)
    _check_moment(until, now)
    handoff.state, handoff.snoozed_until = HandoffState.SNOOZED, until
    await _keep(session, handoff, Step.SNOOZED, now, by=adviser, before=adviser, until=until)


async def wake(session: AsyncSession, handoff: Handoff, now: datetime, *, by: Adviser | None = None) -> None:
    """What was put aside comes back to who put it there; they are told, unless they did it."""
    handoff.state, handoff.snoozed_until = HandoffState.TAKEN, None
    await _keep(session, handoff, Step.WOKEN, now, by=by, before=handoff.adviser)
    if by is None and handoff.adviser is not None:
        await team.tell(session, [handoff.adviser], NoticeKind.WOKEN, now, handoff=handoff)


async def promise(session: AsyncSession, handoff: Handoff, adviser: Adviser, at: datetime, now: datetime) -> None:
    """Tell the young person when they will be answered. Until then, the last message is not left unanswered.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
        BadMoment: `at` is over, or more than sixty days away.
    """
    await _check_holder(session, handoff, adviser)
    _check_moment(at, now)
    handoff.promised_at = at
    await _keep(session, handoff, Step.PROMISED, now, by=adviser, before=adviser, until=at)
    await _announce(session, handoff, "utter_promised", now, when=say_moment(at, now))


async def return_to_queue(session: AsyncSession, handoff: Handoff, step: Step, now: datetime) -> None:
    """Nobody answers: it is asked again, sooner than before. The name of who had it is kept, and all are told."""
    before = handoff.adviser
    handoff.state = HandoffState.ASKED
    handoff.priority = min(handoff.priority, RETURNED_PRIORITY)
    handoff.told_at = handoff.told_all_at = None
    handoff.late_told_at = now  # it is late, and they hear of it as it comes back
    handoff.promised_at = handoff.snoozed_until = handoff.return_at = handoff.return_to_id = None
    await _keep(session, handoff, step, now, before=before)


async def give_back(
    session: AsyncSession, handoff: Handoff, adviser: Adviser, now: datetime, summary: str = ""
) -> None:
    """Give the conversation back to the bot, and say so; `summary` is a last word to the young person.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
        AnswerTooLong: the summary is longer than an answer may be.
    """
    await _check_holder(session, handoff, adviser)
    await _end(session, handoff, adviser, HandoffState.GIVEN_BACK, Step.GIVEN_BACK, now, summary.strip())
    await _announce(session, handoff, "utter_given_back", now)


async def close(session: AsyncSession, handoff: Handoff, adviser: Adviser, now: datetime) -> None:
    """It is done: the young person is told that they may write again whenever they want.

    Raises:
        NotTheHolder: the adviser does not hold the conversation.
    """
    await _check_holder(session, handoff, adviser)
    await _end(session, handoff, adviser, HandoffState.CLOSED, Step.CLOSED, now)
    await _announce(session, handoff, "utter_handoff_closed", now)


async def keep_feedback(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> None:
    """Keep what was said of the service for the coordinator."""
    session.add(
        Feedback(structure_id=conversation.structure_id, conversation_id=conversation.id, turn_id=turn.id, at=now)
    )
    await session.flush()


def _hold(handoff: Handoff, adviser: Adviser, now: datetime) -> None:
    """Whoever has it from now on has it anew: what was said or set for another does not hold."""
    handoff.state, handoff.adviser, handoff.taken_at = HandoffState.TAKEN, adviser, now
    handoff.last_human_at = now
    handoff.snoozed_until = handoff.promised_at = handoff.off_duty_told_at = None
    handoff.return_to_id = handoff.return_at = None


async def _end(
    session: AsyncSession,
    handoff: Handoff,
    adviser: Adviser,
    state: HandoffState,
    step: Step,
    now: datetime,
    summary: str = "",
) -> None:
    if len(summary) > MAX_ANSWER:
        raise AnswerTooLong(most=str(MAX_ANSWER), length=str(len(summary)))
    if summary:
        await _write(session, handoff, adviser, summary, now)
    handoff.state, handoff.ended_at = state, now
    handoff.snoozed_until = handoff.promised_at = handoff.return_at = handoff.return_to_id = None
    handoff.conversation.misunderstood = 0
    handoff.conversation.greeted_at = handoff.conversation.greeted_at or now
    await _keep(session, handoff, step, now, by=adviser, before=adviser)


async def _write(
    session: AsyncSession, handoff: Handoff, adviser: Adviser, text: str, now: datetime, *, once: str | None = None
) -> OutboxRow:
    """A human's words, under their first name and structure; what leaves."""
    said = [Bubble(f"{await wording.signature(session, adviser)} : {text}")]
    rows = await outbox.say(session, handoff.conversation, said, now, kind=OutboxKind.ADVISER, once=once)
    message = await session.get_one(Message, rows[0].payload["message"])
    message.adviser_id = adviser.id
    handoff.first_answer_at = handoff.first_answer_at or now
    await people.reach(session, handoff.conversation.identity.person_id, MilestoneKind.FIRST_HUMAN_ANSWER, now)
    return rows[0]


async def _announce(session: AsyncSession, handoff: Handoff, response: str, now: datetime, **more: str) -> None:
    assert handoff.adviser is not None, "only a taken conversation is announced"
    values = {"name": handoff.adviser.first_name, "structure": handoff.adviser.structure.short_name, **more}
    await outbox.say(session, handoff.conversation, [Say(response, values)], now, kind=OutboxKind.ADVISER)


async def _check_holder(session: AsyncSession, handoff: Handoff, adviser: Adviser) -> None:
    await lock(session, handoff)
    if handoff.state not in HELD_STATES or handoff.adviser_id != adviser.id:
        raise NotTheHolder


def _check_moment(at: datetime, now: datetime) -> None:
    if not now < at <= now + LONGEST_SNOOZE:
        raise BadMoment


async def _wrote_since(session: AsyncSession, handoff: Handoff) -> bool:
    """Whether the young person wrote since it was asked. Telegram counts in seconds."""
    since = handoff.asked_at.replace(microsecond=0)
    wrote = select(Message.id).where(
        Message.conversation_id == handoff.conversation_id, Message.author == Author.YOUNG, Message.at >= since
    )
    return await session.scalar(wrote.limit(1)) is not None


async def _silence_bot(session: AsyncSession, handoff: Handoff) -> None:
    """What the bot had queued but not sent is withdrawn: the human speaks now.

    The answers to danger still leave, before the human's words: no help line is ever taken back.
    """
    await session.execute(ONE_SPEAKER, {"conversation": handoff.conversation_id})
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
            Nudge.kind.in_((NudgeKind.NO_SHOW, NudgeKind.UNFINISHED, NudgeKind.SURVEY)),
            Nudge.state == NudgeState.QUEUED,
        )
        .values(state=NudgeState.DROPPED, why="taken over")
    )


async def _keep(
    session: AsyncSession,
    handoff: Handoff,
    step: Step,
    now: datetime,
    *,
    by: Adviser | None = None,
    before: Adviser | None = None,
    note: str = "",
    until: datetime | None = None,
) -> None:
    """One row in the history: what happened, who did it, who had it before and who has it after."""
    await session.flush()
    session.add(
        HandoffEvent(
            handoff_id=handoff.id,
            state=handoff.state,
            event=step,
            adviser_id=by.id if by else None,
            from_adviser_id=before.id if before else None,
            to_adviser_id=handoff.adviser_id if handoff.state in HELD_STATES else None,
            note=note or None,
            until=until,
            at=now,
        )
    )
    await session.flush()
