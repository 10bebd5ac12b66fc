"""The waiting list: a slot that is freed is held for the first in line, then for the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, Slot
from bot.domain.calendar import in_paris, say_day, say_time
from bot.domain.conversations import Say
from bot.domain.outbox import OutboxKind
from bot.domain.reasons import FIRST_MEETING
from bot.domain.waiting import MOST_MISSED, WaitingState, held_until, is_late, told_at
from bot.errors import OfferGone, SlotGone, SlotTaken
from bot.services import openings, outbox, people, reasons
from bot.storage.queries import lock
from bot.storage.tables import Appointment, BookingDraft, Conversation, Place, Structure, Waiting

IN_LINE = (WaitingState.WAITING, WaitingState.OFFERED)


async def join(
    session: AsyncSession,
    conversation: Conversation,
    now: datetime,
    *,
    reason: str = FIRST_MEETING,
    place_id: int | None = None,
    mode: Mode | None = None,
    phone: str | None = None,
) -> Waiting:
    """Stand in line for an earlier appointment, or for any if there is none; `place_id` None is anywhere.

    Who is in line already keeps their turn, with the new wishes.
    """
    person_id = conversation.identity.person_id
    entry = await place_in_line(session, person_id, reason)
    if entry is None:
        entry = Waiting(person_id=person_id, reason=reason, joined_at=now)
        session.add(entry)
    entry.conversation_id, entry.place_id, entry.mode, entry.phone = conversation.id, place_id, mode, phone
    await session.flush()
    return entry


async def join_line(session: AsyncSession, conversation: Conversation, draft_id: int, now: datetime) -> list[Say]:
    """Stand in line with the wishes of a booking that found nothing free.

    Raises:
        SlotGone: the booking is not theirs.
    """
    draft = await session.get(BookingDraft, draft_id)
    if draft is None or draft.conversation_id != conversation.id:
        raise SlotGone
    entry = await join(
        session,
        conversation,
        now,
        reason=draft.reason or FIRST_MEETING,
        place_id=draft.place_id,
        mode=draft.mode,
        phone=draft.phone,
    )
    return [Say("utter_waiting_joined", {"waiting": str(entry.id)})]


async def place_in_line(session: AsyncSession, person_id: int, reason: str = FIRST_MEETING) -> Waiting | None:
    """Someone's place in line for a reason."""
    found: Waiting | None = await session.scalar(
        select(Waiting).where(Waiting.person_id == person_id, Waiting.reason == reason, Waiting.state.in_(IN_LINE))
    )
    return found


async def leave(session: AsyncSession, person_id: int, now: datetime, *, reason: str | None = None) -> bool:
    """Leave the line, for one reason or for all; what was held goes to the next. False if they were in none."""
    rows = await session.scalars(select(Waiting).where(Waiting.person_id == person_id, Waiting.state.in_(IN_LINE)))
    theirs = [entry for entry in rows if reason is None or entry.reason == reason]
    for entry in theirs:
        await _end_offer(session, entry, WaitingState.LEFT, now)
    return bool(theirs)


async def give_places(session: AsyncSession, giver_id: int, taker: Conversation) -> None:
    """Two persons become one, who is told in `taker`: of two places in line for a reason, the older stays."""
    person_id = taker.identity.person_id
    rows = await session.scalars(
        select(Waiting)
        .where(Waiting.person_id.in_((giver_id, person_id)), Waiting.state.in_(IN_LINE))
        .order_by(Waiting.joined_at, Waiting.id)
    )
    kept: dict[str, Waiting] = {}
    for entry in rows:
        if kept.setdefault(entry.reason, entry) is not entry:
            await openings.release(session, entry)
            entry.state, entry.offer, entry.held_until = WaitingState.LEFT, None, None
    await session.flush()
    for entry in kept.values():
        entry.person_id, entry.conversation_id = person_id, taker.id
    await session.flush()


async def current(session: AsyncSession, entry: Waiting, now: datetime) -> Appointment | None:
    """The appointment that someone in line would like earlier."""
    found: Appointment | None = await session.scalar(
        select(Appointment).where(
            Appointment.person_id == entry.person_id,
            Appointment.reason == entry.reason,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
        )
    )
    return found


def offered_slot(entry: Waiting, now: datetime) -> Slot:
    """The slot held for someone in line.

    Raises:
        OfferGone: there is none any more.
    """
    if entry.state is not WaitingState.OFFERED or not entry.offer or not entry.held_until or entry.held_until <= now:
        raise OfferGone
    return openings.slot_from(entry.offer)


# ── Offering ─────────────────────────────────────────────────────────────────────────────────


async def offer_freed(
    session: AsyncSession, structure_id: str, opening_id: int, start: datetime, end: datetime, now: datetime
) -> int:
    """Offer what is free in an opening, between two moments, to those in line. Returns how many were.

    Called when a slot is freed, and when an opening is added. The slot is held in the same unit of work, so that
    nobody can take it in between; at night it is told in the morning.
    """
    structure = await session.get_one(Structure, structure_id)
    told = told_at(now)
    offered = 0
    for entry in await _line(session, structure.territory_id):
        if await _wants_nothing(session, entry):
            continue
        slots = await openings.free_slots(
            session,
            structure.territory_id,
            now,
            reason=entry.reason,
            place_id=entry.place_id,
            mode=entry.mode,
            start=start,
            end=end,
            opening_ids=(opening_id,),
        )
        before = await current(session, entry, now)
        notice = timedelta(0)
        if slots:
            notice = timedelta(
                minutes=(await reasons.find(session, structure_id, entry.reason)).shortest_notice_minutes
            )
        for slot in slots:
            if _name(slot) in entry.seen or slot.starts_at < told + notice:
                continue
            if before is not None and slot.starts_at >= before.starts_at:
                break
            if await _hold(session, entry, slot, told, now):
                offered += 1
                break
    return offered


async def _line(session: AsyncSession, territory_id: str) -> Sequence[Waiting]:
    """Those in line in a territory to whom nothing is offered at the moment, the first to come first."""
    rows = await session.scalars(
        select(Waiting)
        .join(Conversation, Waiting.conversation_id == Conversation.id)
        .join(Structure, Conversation.structure_id == Structure.id)
        .where(Structure.territory_id == territory_id, Waiting.state == WaitingState.WAITING)
        .order_by(Waiting.joined_at, Waiting.id)
        .with_for_update(of=Waiting)
    )
    return rows.all()


async def _wants_nothing(session: AsyncSession, entry: Waiting) -> bool:
    """Whether it is no time to offer them anything: they cannot be reached, or someone looks after them."""
    conversation = await session.get_one(Conversation, entry.conversation_id)
    return conversation.identity.unreachable_at is not None or await people.alert_is_open(session, conversation)


async def _hold(session: AsyncSession, entry: Waiting, slot: Slot, told: datetime, now: datetime) -> bool:
    until = held_until(told, slot.starts_at)
    try:
        held = await openings.occupy(session, slot, now, waiting_id=entry.id, held_until=until)
    except SlotTaken:
        return False
    entry.state, entry.offer, entry.held_until = WaitingState.OFFERED, openings.slot_json(held), until
    entry.seen, entry.told_at = [*entry.seen, _name(held)], None
    await session.flush()
    if not is_late(now):
        await _tell(session, entry, now)
    return True


async def _tell(session: AsyncSession, entry: Waiting, now: datetime) -> None:
    """Say what is held, and until when."""
    assert entry.offer is not None
    assert entry.held_until is not None
    slot = openings.slot_from(entry.offer)
    conversation = await session.get_one(Conversation, entry.conversation_id)
    place = await session.get_one(Place, slot.place_id)
    entry.told_at = now
    today = in_paris(now).date()
    values = {
        "day": say_day(in_paris(slot.starts_at).date(), today),
        "time": say_time(slot.starts_at),
        "place": place.name if slot.mode is Mode.ON_SITE else slot.mode.label,
        "until": _say_until(in_paris(entry.held_until), today),
        "waiting": str(entry.id),
    }
    response = "utter_waiting_offer_neutral" if conversation.discreet else "utter_waiting_offer"
    await outbox.say(session, conversation, [Say(response, values)], now, kind=OutboxKind.SERVICE)


def _say_until(until: datetime, today: date) -> str:
    """ "11 h", or "demain 11 h"."""
    return say_time(until) if until.date() == today else f"{say_day(until.date(), today)} {say_time(until)}"


# ── Losing an offer ──────────────────────────────────────────────────────────────────────────


async def decline(session: AsyncSession, entry: Waiting, now: datetime) -> None:
    """They do not want this slot: it goes to the next, and they keep their turn.

    Raises:
        OfferGone: it is not held for them any more.
    """
    await lock(session, entry)
    offered_slot(entry, now)
    await _end_offer(session, entry, WaitingState.WAITING, now)


async def withdraw_offer(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    """Someone in line has just booked or moved by another way: what was held for them goes to the next."""
    entry = await place_in_line(session, appointment.person_id, appointment.reason)
    if entry is not None and entry.state is WaitingState.OFFERED:
        await _end_offer(session, entry, WaitingState.WAITING, now)


async def _end_offer(session: AsyncSession, entry: Waiting, state: WaitingState, now: datetime) -> None:
    """What was held for someone goes to the next in line."""
    offer = entry.offer
    await openings.release(session, entry)
    entry.state, entry.offer, entry.told_at, entry.held_until = state, None, None, None
    await session.flush()
    if offer is not None:
        slot = openings.slot_from(offer)
        place = await session.get_one(Place, slot.place_id)
        await offer_freed(session, place.structure_id, slot.opening_id, slot.starts_at, slot.ends_at, now)


async def tick(session: AsyncSession, now: datetime) -> int:
    """Tell in the morning what was held at night; pass on what was held too long. Returns how many rows it saw."""
    due = (
        await session.scalars(
            select(Waiting)
            .where(
                Waiting.state == WaitingState.OFFERED,
                (Waiting.held_until <= now) | Waiting.told_at.is_(None),
            )
            .order_by(Waiting.joined_at, Waiting.id)
            .with_for_update(skip_locked=True)
        )
    ).all()
    seen = 0
    for entry in due:
        if entry.held_until is not None and entry.held_until <= now:
            await _miss(session, entry, now)
        elif not is_late(now):
            await _tell(session, entry, now)
        else:
            continue
        seen += 1
    return seen


async def _miss(session: AsyncSession, entry: Waiting, now: datetime) -> None:
    """They did not answer in time. They keep their turn, until it has happened three times; not told at night."""
    told = entry.told_at is not None
    entry.missed += told
    over = entry.missed >= MOST_MISSED
    await _end_offer(session, entry, WaitingState.LEFT if over else WaitingState.WAITING, now)
    if told and not is_late(now):
        conversation = await session.get_one(Conversation, entry.conversation_id)
        response = "utter_waiting_missed_last" if over else "utter_waiting_missed"
        await outbox.say(session, conversation, [Say(response)], now, kind=OutboxKind.SERVICE)


def _name(slot: Slot) -> str:
    return f"{slot.opening_id}:{int(slot.starts_at.timestamp())}"
