"""Who and what the tests are about, made with the services themselves. Times without a zone are Paris's."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import Mode, Slot
from bot.domain.calendar import PARIS
from bot.domain.conversations import Incoming, IncomingKind
from bot.domain.handoffs import HandoffReason
from bot.domain.people import Channel
from bot.services import appointments, handoffs, inbox, openings, people
from bot.storage.tables import Adviser, Appointment, Conversation, Handoff, Opening, Place, Structure, Turn


def paris(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=PARIS)


NOW = paris("2027-03-10T10:00")  # a Wednesday; the whole team is there
_addresses = itertools.count(5000)
_updates = itertools.count(1)


async def young_person(
    session: AsyncSession,
    *,
    with_appointment: str | None = None,
    at_place: str = "thionville",
    structure: str | None = None,
    now: datetime = NOW,
) -> Conversation:
    """Someone who has written on Telegram; `with_appointment` is when they come, with whom receives there."""
    conversation = await people.meet(session, Channel.TELEGRAM, str(next(_addresses)), now)
    if structure:
        conversation.structure = await session.get_one(Structure, structure)
        await session.flush()
    if with_appointment:
        await appointments.book(session, conversation, await slot(session, with_appointment, at_place), now)
    return conversation


async def appointment_of(session: AsyncSession, conversation: Conversation) -> Appointment:
    """Their last appointment, whatever became of it."""
    found = await session.scalar(
        select(Appointment)
        .where(Appointment.person_id == conversation.identity.person_id)
        .order_by(Appointment.id.desc())
        .limit(1)
    )
    assert found is not None
    return found


async def slot(session: AsyncSession, starts: str, at_place: str = "thionville", mode: Mode = Mode.ON_SITE) -> Slot:
    """The slot of a place at a time, free or not."""
    starts_at = paris(starts)
    rows = await session.scalars(
        select(Opening).join(Place, Opening.place_id == Place.id).where(Place.slug == at_place).order_by(Opening.id)
    )
    for opening in rows.all():
        minute = starts_at.hour * 60 + starts_at.minute
        on_day = openings.pattern_of(opening).holds_on(starts_at.date()) and not opening.reasons
        if on_day and opening.start_minute <= minute < opening.end_minute:
            return await openings.slot_at(session, opening.id, starts_at, mode, starts_at - timedelta(days=1))
    raise AssertionError(f"{at_place} does not receive on {starts}")


async def adviser(session: AsyncSession, slug: str, *, telegram: str | None = None) -> Adviser:
    """One of the demo team; `telegram` links their phone."""
    found = (await session.scalars(select(Adviser).where(Adviser.slug == slug))).one()
    found.telegram_chat = telegram or found.telegram_chat
    await session.flush()
    return found


async def handoff(
    session: AsyncSession,
    conversation: Conversation,
    *,
    taken_by: str | None = None,
    reason: HandoffReason = HandoffReason.ASKED,
    now: datetime = NOW,
) -> Handoff:
    asked = await handoffs.ask(session, conversation, reason, now)
    if taken_by:
        return await handoffs.take(session, asked, await adviser(session, taken_by), now)
    return asked


async def writes(
    session: AsyncSession,
    address: str,
    text: str = "",
    *,
    kind: IncomingKind = IncomingKind.TEXT,
    argument: str = "",
    update_id: int | None = None,
    now: datetime = NOW,
) -> bool:
    """Something a young person sends, as the channel stores it; True if it is new."""
    number = update_id if update_id is not None else next(_updates)
    incoming = Incoming(kind, address, now, text=text, argument=argument, reference=str(number))
    return await inbox.store(session, Channel.TELEGRAM, number, incoming, now)


async def open_turn(session: AsyncSession, conversation: Conversation, *, now: datetime = NOW) -> Turn:
    """A turn the assistant is thinking about."""
    turn = Turn(
        channel=conversation.identity.channel,
        address=conversation.identity.address,
        conversation_id=conversation.id,
        opened_at=now,
        lease_until=now + timedelta(minutes=1),
        text="je voudrais un rendez-vous",
    )
    session.add(turn)
    await session.flush()
    return turn
