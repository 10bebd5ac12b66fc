"""Three faces: asked once after a human answered, never of someone who was not well."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Say
from bot.domain.handoffs import OPEN_STATES
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.surveys import ASKED_WITHIN, NOT_ASKED_AFTER, REST, Face, may_be_asked, survey_time
from bot.services import structures, team
from bot.storage.queries import insert_new
from bot.storage.tables import Alert, ChannelIdentity, Conversation, Handoff, Nudge, SurveyAnswer

BATCH = 50
THANKS = {Face.GOOD: "utter_survey_good", Face.SO_SO: "utter_survey_so_so", Face.BAD: "utter_survey_bad"}


async def tick(session: AsyncSession, now: datetime) -> int:
    """Plan the question for each handoff that ended with a human's answer. Returns how many it planned."""
    planned = exists().where(Nudge.kind == NudgeKind.SURVEY, Nudge.about == Handoff.id)
    ended = (
        await session.execute(
            select(Handoff.id, Handoff.conversation_id, Handoff.ended_at)
            .where(Handoff.ended_at > now - ASKED_WITHIN, Handoff.first_answer_at.is_not(None), ~planned)
            .order_by(Handoff.ended_at)
            .limit(BATCH)
        )
    ).all()
    for number, conversation_id, ended_at in ended:
        assert ended_at is not None, "the query says so"
        due_at, too_late_at = survey_time(ended_at)
        await insert_new(
            session,
            Nudge,
            conversation_id=conversation_id,
            kind=NudgeKind.SURVEY,
            about=number,
            version=0,
            due_at=due_at,
            too_late_at=too_late_at,
            state=NudgeState.PLANNED,
        )
    return len(ended)


async def why_not(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> str | None:
    """Why the question must not be asked, or None."""
    handoff = await session.get_one(Handoff, nudge.about)
    person = conversation.identity.person
    if not (await structures.settings_of(session, handoff.structure_id)).surveys:
        return "not here"
    if person.nudges_stopped_at is not None:
        return "stopped"
    if conversation.discreet:
        return "discreet"
    if not may_be_asked(now):
        return "quiet"
    theirs = (
        select(Conversation.id)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(ChannelIdentity.person_id == person.id)
    )
    # Whenever it was, and however it ended: their answers were not a matter of being pleased.
    if handoff.reason in NOT_ASKED_AFTER or await session.scalar(
        select(Alert.id).where(Alert.conversation_id.in_(theirs)).limit(1)
    ):
        return "alert"
    if await session.scalar(
        select(Handoff.id).where(Handoff.conversation_id.in_(theirs), Handoff.state.in_(OPEN_STATES)).limit(1)
    ):
        return "a human has it"
    if await session.scalar(
        select(Nudge.id)
        .where(
            Nudge.conversation_id.in_(theirs),
            Nudge.kind == NudgeKind.SURVEY,
            Nudge.id != nudge.id,
            Nudge.state.in_((NudgeState.QUEUED, NudgeState.SENT, NudgeState.UNKNOWN)),
            Nudge.due_at > now - REST,
        )
        .limit(1)
    ):
        return "asked lately"
    return None


async def ask(session: AsyncSession, nudge: Nudge, conversation: Conversation, now: datetime) -> list[Say]:
    """The question, with the name of who answered last."""
    handoff = await session.get_one(Handoff, nudge.about)
    name = handoff.adviser.first_name if handoff.adviser else team.say_structure(conversation.structure)
    return [Say("utter_survey", {"name": name, "handoff": str(handoff.id)})]


async def answer(
    session: AsyncSession, conversation: Conversation, face: Face, number: int, now: datetime
) -> list[Say]:
    """Keep what they say of a handoff; said again, the last word counts.

    Raises:
        ValueError: this was never asked in this conversation.
    """
    asked = await session.scalar(
        select(Nudge.id).where(
            Nudge.kind == NudgeKind.SURVEY,
            Nudge.about == number,
            Nudge.conversation_id == conversation.id,
            Nudge.state.in_((NudgeState.QUEUED, NudgeState.SENT, NudgeState.UNKNOWN)),
        )
    )
    if asked is None:
        raise ValueError(number)
    kept = await session.get(SurveyAnswer, number)
    if kept is None:
        session.add(SurveyAnswer(handoff_id=number, face=face, at=now))
    else:
        kept.face, kept.at = face, now
    await session.flush()
    return [Say(THANKS[face])]
