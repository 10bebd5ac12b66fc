"""The figures of a structure's handoffs: how many, how fast, when, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, String, func, literal, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.calendar import day_bounds
from bot.domain.figures import FEWEST, hide_small, middle, nine_in_ten, steps_of
from bot.domain.handoffs import HandoffReason
from bot.domain.handoffs import Step as HandoffStep
from bot.domain.surveys import Face
from bot.storage.queries import seconds_between
from bot.storage.tables import ChannelIdentity, Conversation, Handoff, HandoffEvent, Structure, SurveyAnswer
from bot.storage.types import Instant


@dataclass(frozen=True)
class Delays:
    """Times to the first words of a human. None: fewer than five, of which they would say little."""

    answered: int
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True)
class Step:
    """How many in a day, a week or a month, both days included; `unknown` where nobody noted the hours."""

    first: date
    last: date
    in_hours: int
    out_of_hours: int
    unknown: int

    @property
    def total(self) -> int:
        return self.in_hours + self.out_of_hours + self.unknown


@dataclass(frozen=True)
class Wait:
    """How long it took in a step; by weeks where days would have too few answers to tell."""

    first: date
    last: date
    delays: Delays


@dataclass(frozen=True)
class Figures:
    """`returned` are those that went back to the queue. A None count is of fewer than five people."""

    since: date
    until: date
    total: int
    people: int
    steps: tuple[Step, ...]
    waits: tuple[Wait, ...]
    delays: Delays
    in_hours: Delays
    out_of_hours: Delays
    returned: int
    reasons: tuple[tuple[HandoffReason, int | None], ...]
    faces: dict[Face, int] | None


async def of(session: AsyncSession, structure: Structure, since: date, until: date) -> Figures:
    """The figures of the handoffs asked for between two days, both included, in a structure.

    The team's hours are those of the moment it was asked. Delays count the nights and the week-ends: they are what
    the young person waited.
    """
    asked = (
        Handoff.structure_id == structure.id,
        Handoff.asked_at >= day_bounds(since)[0],
        Handoff.asked_at < day_bounds(until)[1],
        # Nobody asked, and nobody waited.
        Handoff.reason != HandoffReason.WROTE_FIRST,
    )
    # In seconds, worked out by the database: reading forty thousand dates took most of a second.
    began = day_bounds(since)[0]
    rows = (
        await session.execute(
            select(
                seconds_between(literal(began, Instant()), Handoff.asked_at),
                seconds_between(Handoff.asked_at, Handoff.first_answer_at),
                Handoff.in_hours,
                type_coerce(Handoff.reason, String),
                ChannelIdentity.person_id,
            )
            .join(Conversation, Handoff.conversation_id == Conversation.id)
            .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
            .where(*asked)
        )
    ).all()
    spans, wait_spans = steps_of(since, until, days=31), steps_of(since, until, days=14)
    starts, wait_starts = (
        [(day_bounds(first)[0] - began).total_seconds() for first, _ in some] for some in (spans, wait_spans)
    )
    counts: list[Counter[bool | None]] = [Counter() for _ in spans]
    waits: list[list[int]] = [[] for _ in wait_spans]
    by_hours: dict[bool | None, list[int]] = defaultdict(list)
    by_reason: dict[str, list[int]] = defaultdict(list)
    for at, wait, in_hours, reason, person_id in rows:
        counts[bisect_right(starts, at) - 1][in_hours] += 1
        by_reason[reason].append(person_id)
        if wait is not None:
            waits[bisect_right(wait_starts, at) - 1].append(round(wait))
            by_hours[in_hours].append(round(wait))
    reasons = {HandoffReason(reason): len(theirs) for reason, theirs in by_reason.items()}
    people = {HandoffReason(reason): len(set(theirs)) for reason, theirs in by_reason.items()}
    shown = hide_small(reasons, people)
    return Figures(
        since=since,
        until=until,
        total=len(rows),
        people=len({person_id for *_, person_id in rows}),
        steps=tuple(
            Step(first, last, count[True], count[False], count[None])
            for (first, last), count in zip(spans, counts, strict=True)
        ),
        waits=tuple(Wait(first, last, _delays(some)) for (first, last), some in zip(wait_spans, waits, strict=True)),
        delays=_delays([wait for some in by_hours.values() for wait in some]),
        in_hours=_delays(by_hours[True]),
        out_of_hours=_delays(by_hours[False]),
        returned=await _returned(session, *asked),
        # The hidden ones come last, in no order that would tell.
        reasons=tuple(
            sorted(
                ((reason, shown[reason]) for reason in HandoffReason if reason in shown),
                key=lambda one: -(one[1] or 0),
            )
        ),
        faces=await _faces(session, *asked),
    )


def _delays(seconds: list[int]) -> Delays:
    waits = [timedelta(seconds=wait) for wait in seconds]
    return Delays(len(waits), middle(waits), nine_in_ten(waits))


async def _returned(session: AsyncSession, *asked: ColumnElement[bool]) -> int:
    """How many went back to the queue, because whoever had them did not answer."""
    counted = (
        select(func.count(HandoffEvent.handoff_id.distinct()))
        .join(Handoff, HandoffEvent.handoff_id == Handoff.id)
        .where(*asked, HandoffEvent.event == HandoffStep.RETURNED)
    )
    return await session.scalar(counted) or 0


async def _faces(session: AsyncSession, *asked: ColumnElement[bool]) -> dict[Face, int] | None:
    """What the young people said; None when fewer than five did."""
    rows = await session.execute(
        select(SurveyAnswer.face, ChannelIdentity.person_id)
        .join(Handoff, SurveyAnswer.handoff_id == Handoff.id)
        .join(Conversation, Handoff.conversation_id == Conversation.id)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(*asked)
    )
    said = [(face, person_id) for face, person_id in rows]
    if len({person_id for _, person_id in said}) < FEWEST:
        return None
    counted = Counter(face for face, _ in said)
    return {face: counted[face] for face in Face}
