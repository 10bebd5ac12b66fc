"""Who a conversation is for: the adviser they already know, then their wish, the place, the theme, and presence.

Routing proposes and never forbids: anyone of the structure may take anything that waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import communes
from bot.domain.calendar import day_bounds, gaps, in_paris
from bot.domain.handoffs import HELD_STATES, HandoffReason, HandoffState, Why
from bot.domain.team import Hole, NoticeKind
from bot.services import encounters, places, structures, team
from bot.storage.tables import (
    Adviser,
    Appointment,
    ChannelIdentity,
    Conversation,
    Handoff,
    HandoffEvent,
    Notice,
    Opening,
    Structure,
)


@dataclass(frozen=True)
class Queued:
    """Someone who waits, as one adviser sees it: `mine` when it is routed to them, and why."""

    handoff: Handoff
    mine: bool
    why: tuple[Why, ...]


@dataclass(frozen=True)
class _Team:
    """A structure's team at one moment: who is free, how many conversations each holds, where each receives."""

    free: tuple[Adviser, ...]
    held: Counter[int]
    limit: int
    receives: dict[int, frozenset[int]]

    def full(self, adviser: Adviser) -> bool:
        return self.held[adviser.id] >= self.limit


@dataclass(frozen=True)
class _Wanted:
    """What is known of whom a conversation is for."""

    wish: dict[str, object]
    known: int | None
    places: frozenset[int]

    def why(self, adviser: Adviser, receives: frozenset[int]) -> tuple[Why, ...]:
        found = {
            Why.WISHED: self.wish.get("adviser") == adviser.id,
            Why.KNOWN: self.known == adviser.id,
            Why.WOMAN_OR_MAN: "woman" in self.wish and self.wish["woman"] == adviser.woman,
            Why.PLACE: bool(self.places & receives),
            Why.THEME: self.wish.get("theme") in adviser.themes,
        }
        return tuple(why for why in Why if found[why])


async def known(session: AsyncSession, conversation: Conversation) -> Adviser | None:
    """The adviser the person knows in the structure: who last held one of their conversations, receives them, or gave
    them their code in the street."""
    person_id = conversation.identity.person_id
    theirs = (
        select(Conversation.id)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(ChannelIdentity.person_id == person_id)
    )
    here = (Adviser.structure_id == conversation.structure_id, Adviser.active)
    held = await session.scalar(
        select(Adviser)
        .join(Handoff, Handoff.adviser_id == Adviser.id)
        .where(Handoff.conversation_id.in_(theirs), *here)
        .order_by(Handoff.id.desc())
        .limit(1)
    )
    if held is not None:
        return held
    receives = await session.scalar(
        select(Adviser)
        .join(Appointment, Appointment.adviser_id == Adviser.id)
        .where(Appointment.person_id == person_id, *here)
        .order_by(Appointment.starts_at.desc())
        .limit(1)
    )
    return receives or await encounters.adviser_met(session, conversation)


async def knows(session: AsyncSession, adviser: Adviser, conversation: Conversation) -> bool:
    """Whether an adviser has had one of the person's conversations, an appointment with them, or met them."""
    person_id = conversation.identity.person_id
    had = (
        select(HandoffEvent.id)
        .join(Handoff, HandoffEvent.handoff_id == Handoff.id)
        .join(Conversation, Handoff.conversation_id == Conversation.id)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(ChannelIdentity.person_id == person_id, HandoffEvent.to_adviser_id == adviser.id)
    )
    met = select(Appointment.id).where(Appointment.person_id == person_id, Appointment.adviser_id == adviser.id)
    if await session.scalar(select(had.exists() | met.exists())):
        return True
    return await encounters.adviser_met(session, conversation) is adviser


async def order(session: AsyncSession, handoff: Handoff, now: datetime) -> list[Adviser]:
    """Who is there and free, whom it suits best first."""
    there, wanted = await _team(session, handoff.structure_id, now), await _wanted(session, handoff)
    return sorted(there.free, key=lambda one: (*_rank(handoff, one, there, wanted), there.held[one.id], one.id))


async def routed(session: AsyncSession, handoff: Handoff, now: datetime) -> list[Adviser]:
    """Those it is for, among who is there and free: all those it suits as well as the best."""
    there, wanted = await _team(session, handoff.structure_id, now), await _wanted(session, handoff)
    return _best(handoff, there, wanted)


async def for_adviser(session: AsyncSession, adviser: Adviser, now: datetime) -> list[Queued]:
    """The queue of an adviser: the most urgent first; then what is routed to them; then who waits longest."""
    there = await _team(session, adviser.structure_id, now)
    rows = await session.scalars(
        select(Handoff).where(Handoff.structure_id == adviser.structure_id, Handoff.state == HandoffState.ASKED)
    )
    queue = []
    for handoff in rows:
        wanted = await _wanted(session, handoff)
        mine = adviser.id in {one.id for one in _best(handoff, there, wanted)}
        queue.append(Queued(handoff, mine, wanted.why(adviser, there.receives.get(adviser.id, frozenset()))))
    return sorted(queue, key=lambda one: (one.handoff.priority, not one.mine, one.handoff.asked_at, one.handoff.id))


async def holes(session: AsyncSession, structure: Structure, now: datetime, days: int = 14) -> list[Hole]:
    """When nobody is present and nobody on call, from now to the end of the day `days` days from now."""
    _, end = day_bounds(in_paris(now).date() + timedelta(days=days))
    advisers = await team.advisers_of(session, structure.id)
    covered = [
        span
        for on_call in (False, True)
        for _, hours in await team.hours_of_each(session, advisers, on_call=on_call)
        for span in hours.spans(now, end)
    ]
    return [Hole(start, until) for start, until in gaps(covered, in_paris(now), end)]


async def tell(session: AsyncSession, handoff: Handoff, now: datetime) -> None:
    """Tell those it is routed to, once; an alert tells the team itself."""
    if handoff.reason is HandoffReason.SAFETY:
        handoff.told_at = handoff.told_all_at = now
        return
    there, wanted = await _team(session, handoff.structure_id, now), await _wanted(session, handoff)
    first = _best(handoff, there, wanted)
    if first:
        await team.tell(session, first, NoticeKind.HANDOFF, now, handoff=handoff)
        handoff.told_at = now
        handoff.told_all_at = now if len(first) == len(there.free) else None


async def tell_everyone(session: AsyncSession, handoff: Handoff, now: datetime) -> None:
    """Nobody it was routed to took it: everyone else who is there and free is told."""
    there = await _team(session, handoff.structure_id, now)
    told = set(
        await session.scalars(
            select(Notice.adviser_id).where(Notice.handoff_id == handoff.id, Notice.at >= handoff.told_at)
        )
    )
    others = [one for one in there.free if one.id not in told]
    await team.tell(session, others, NoticeKind.HANDOFF, now, handoff=handoff)
    handoff.told_all_at = now


def _best(handoff: Handoff, there: _Team, wanted: _Wanted) -> list[Adviser]:
    ranks = {one.id: _rank(handoff, one, there, wanted) for one in there.free}
    # Who chose to wait for someone is nobody else's until then.
    free = [one for one in there.free if wanted.wish.get("adviser") in (None, one.id)]
    best = min((ranks[one.id] for one in free), default=None)
    return [one for one in free if ranks[one.id] == best]


def _rank(handoff: Handoff, adviser: Adviser, there: _Team, wanted: _Wanted) -> tuple[bool, ...]:
    """The smaller, the better. Who has too many already comes last, unless someone may be in danger."""
    full = there.full(adviser) and handoff.reason is not HandoffReason.SAFETY
    why = wanted.why(adviser, there.receives.get(adviser.id, frozenset()))
    return (full, *(one not in why for one in Why))


async def _team(session: AsyncSession, structure_id: str, now: datetime) -> _Team:
    advisers = await team.advisers_of(session, structure_id)
    everyone = await team.hours_of_each(session, advisers)
    free = [adviser for adviser, hours in everyone if hours.is_open(now) and not hours.is_busy(now)]
    held = await session.execute(
        select(Handoff.adviser_id, func.count())
        .where(Handoff.structure_id == structure_id, Handoff.state.in_(HELD_STATES))
        .group_by(Handoff.adviser_id)
    )
    receives: dict[int, set[int]] = {}
    rows = await session.execute(
        select(Opening.adviser_id, Opening.place_id).where(
            Opening.adviser_id.in_([one.id for one in advisers]), Opening.active
        )
    )
    for adviser_id, place_id in rows:
        receives.setdefault(adviser_id or 0, set()).add(place_id)
    return _Team(
        tuple(free),
        Counter({number: count for number, count in held if number is not None}),
        (await structures.settings_of(session, structure_id)).load_limit,
        {number: frozenset(found) for number, found in receives.items()},
    )


async def _wanted(session: AsyncSession, handoff: Handoff) -> _Wanted:
    conversation = handoff.conversation
    # Who had it and left it unanswered is not asked before the others.
    who = await known(session, conversation) if handoff.adviser_id is None else None
    serving: Sequence[int] = ()
    if conversation.commune:
        all_places = await places.of_territory(session, conversation)
        found, _ = places.serving(all_places, communes.by_insee(conversation.commune))
        serving = [place.id for place in found]
    return _Wanted(handoff.wish or {}, who.id if who else None, frozenset(serving))
