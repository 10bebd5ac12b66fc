"""One handoff told step by step: what happened, who, how long each step took. No message's text is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Author
from bot.domain.nudges import NudgeKind, NudgeState
from bot.storage.tables import (
    Adviser,
    Alert,
    Handoff,
    HandoffEvent,
    Message,
    Nudge,
    ReviewMark,
    SurveyAnswer,
)


@dataclass(frozen=True)
class Step:
    """One step. `lasted` is until the next one, or until now while the handoff is open; None after its end."""

    at: datetime
    what: str
    who: str = ""
    note: str = ""
    grave: bool = False
    lasted: timedelta | None = None


@dataclass(frozen=True)
class Story:
    """`written` counts the messages of the handoff by author; those that were erased are not there any more."""

    steps: tuple[Step, ...]
    written: dict[Author, int]
    survey: SurveyAnswer | None
    survey_state: str
    mark: ReviewMark | None
    marked_by: str


async def read(session: AsyncSession, handoff: Handoff, now: datetime) -> Story:
    """The steps of a handoff, oldest first, with the alerts of its time."""
    names = {
        one.id: one.first_name
        for one in await session.scalars(select(Adviser).where(Adviser.structure_id == handoff.structure_id))
    }
    end = handoff.ended_at or now
    steps = [
        *await _events(session, handoff, names),
        *await _first_words(session, handoff, names, end),
        *await _alerts(session, handoff, names, end),
    ]
    steps.sort(key=lambda step: step.at)
    survey = await session.get(SurveyAnswer, handoff.id)
    asked = await session.scalar(select(Nudge).where(Nudge.kind == NudgeKind.SURVEY, Nudge.about == handoff.id))
    mark = await session.get(ReviewMark, handoff.id)
    return Story(
        _timed(steps, handoff, now),
        await _written(session, handoff, end),
        survey,
        _say_survey(survey, asked),
        mark,
        names.get(mark.marked_by, "") if mark else "",
    )


async def _events(session: AsyncSession, handoff: Handoff, names: dict[int, str]) -> list[Step]:
    rows = await session.scalars(
        select(HandoffEvent).where(HandoffEvent.handoff_id == handoff.id).order_by(HandoffEvent.id)
    )
    return [Step(row.at, row.event.label, _who(row, names), note=row.note or "") for row in rows]


def _who(row: HandoffEvent, names: dict[int, str]) -> str:
    """ "Claire", "de Karim à Sandra": who did it, or between whom it went."""
    before, after = names.get(row.from_adviser_id or 0, ""), names.get(row.to_adviser_id or 0, "")
    if before and after and before != after:
        return f"de {before} à {after}"
    return names.get(row.adviser_id or 0, "") or before


async def _first_words(session: AsyncSession, handoff: Handoff, names: dict[int, str], end: datetime) -> list[Step]:
    if handoff.first_answer_at is None:
        return []
    who = await session.scalar(
        select(Message.adviser_id)
        .where(
            Message.conversation_id == handoff.conversation_id,
            Message.adviser_id.is_not(None),
            Message.at >= handoff.asked_at,
            Message.at <= end,
        )
        .order_by(Message.id)
        .limit(1)
    )
    return [Step(handoff.first_answer_at, "Première réponse écrite", names.get(who or 0, ""))]


async def _alerts(session: AsyncSession, handoff: Handoff, names: dict[int, str], end: datetime) -> list[Step]:
    rows = await session.scalars(
        select(Alert)
        .where(
            Alert.conversation_id == handoff.conversation_id,
            Alert.opened_at >= handoff.asked_at,
            Alert.opened_at <= end,
        )
        .order_by(Alert.id)
    )
    steps = []
    for alert in rows:
        steps.append(Step(alert.opened_at, f"Alerte, niveau {alert.level.label}", grave=True))
        if alert.acknowledged_at is not None:
            steps.append(Step(alert.acknowledged_at, "Alerte vue", names.get(alert.acknowledged_by or 0, "")))
        if alert.closed_at is not None and alert.closed_as is not None:
            ended = f"Alerte : {alert.closed_as.label.lower()}"
            steps.append(Step(alert.closed_at, ended, names.get(alert.closed_by or 0, "")))
    return steps


def _timed(steps: Sequence[Step], handoff: Handoff, now: datetime) -> tuple[Step, ...]:
    ends: list[datetime | None] = [step.at for step in steps[1:]]
    ends.append(now if handoff.ended_at is None else None)
    return tuple(
        replace(step, lasted=end - step.at if end is not None else None) for step, end in zip(steps, ends, strict=True)
    )


async def _written(session: AsyncSession, handoff: Handoff, end: datetime) -> dict[Author, int]:
    # "Sandra a pris la conversation" is the service's, though it is said for Sandra.
    author = case(
        (and_(Message.author == Author.ADVISER, Message.adviser_id.is_(None)), Author.BOT.value), else_=Message.author
    )
    rows = await session.execute(
        select(author, func.count())
        .where(
            Message.conversation_id == handoff.conversation_id,
            Message.at >= handoff.asked_at,
            Message.at <= end,
        )
        .group_by(author)
    )
    counted = {author: count for author, count in rows}  # noqa: C416 - mypy does not take rows for pairs
    return {author: counted.get(author, 0) for author in Author}


def _say_survey(survey: SurveyAnswer | None, asked: Nudge | None) -> str:
    if survey is not None:
        return survey.face.label
    if asked is None or asked.state is NudgeState.DROPPED:
        return "On ne lui a rien demandé."
    if asked.state is NudgeState.PLANNED:
        return "La question part bientôt."
    return "Pas de réponse."
