"""Young people: met on a channel, brought by a source, forgotten when they ask."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from bot.domain.appointments import AppointmentState
from bot.domain.calendar import in_paris
from bot.domain.conversations import IncomingKind
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel, MilestoneKind
from bot.errors import SettingsError
from bot.storage.queries import insert_new
from bot.storage.tables import (
    Alert,
    Appointment,
    BookingDraft,
    ChannelIdentity,
    Conversation,
    InboxRow,
    Message,
    Milestone,
    OldRasaKey,
    OutboxRow,
    Person,
    SendBudget,
    Source,
    SourceTouch,
    Structure,
    Turn,
    TurnEffect,
)

GONE = "erased:"
SAY_GOODBYE = timedelta(minutes=5)


async def meet(session: AsyncSession, channel: Channel, address: str, now: datetime) -> Conversation:
    """The conversation of an address; the first time, a person, an identity and a conversation are made."""
    found = await session.scalar(
        select(Conversation)
        .join(Conversation.identity)
        .where(ChannelIdentity.channel == channel, ChannelIdentity.address == address)
        .options(contains_eager(Conversation.identity))
    )
    if found is not None and found.identity.person.erased_at is None:
        return found
    if found is not None:
        await _forget_address(session, found.identity)
    structure = await session.scalar(select(Structure).order_by(Structure.position).limit(1))
    if structure is None:
        raise SettingsError("Aucun territoire chargé : lance « promeneurs territory load FICHIER ».")
    person = Person(created_at=now)
    session.add(person)
    await session.flush()
    identity = ChannelIdentity(person=person, channel=channel, address=address, created_at=now)
    conversation = Conversation(identity=identity, structure=structure, rasa_key=new_rasa_key())
    session.add_all([identity, conversation])
    await session.flush()
    await reach(session, person.id, MilestoneKind.FIRST_CONTACT, now)
    return conversation


def new_rasa_key() -> str:
    return secrets.token_urlsafe(18)


async def rotate_rasa_key(session: AsyncSession, conversation: Conversation, now: datetime) -> None:
    """Give Rasa a new key: it forgets, and a late answer to the old key changes nothing."""
    session.add(OldRasaKey(key=conversation.rasa_key, since=now))
    conversation.rasa_key = new_rasa_key()
    conversation.rasa_turns = 0


async def reach(session: AsyncSession, person_id: int, kind: MilestoneKind, now: datetime) -> None:
    """Keep the date of a milestone, the first time only."""
    await insert_new(session, Milestone, person_id=person_id, kind=kind, at=now)


async def brought_by(session: AsyncSession, conversation: Conversation, code: str, now: datetime) -> None:
    """Keep how a person came. An unknown code is kept as unknown; a known one may choose the structure."""
    code = code[:64]
    source = await session.get(Source, code)
    person_id = conversation.identity.person_id
    touch = await session.get(SourceTouch, person_id)
    if touch is None:
        known = source is not None
        session.add(
            SourceTouch(
                person_id=person_id,
                first_code=code,
                first_at=now,
                first_known=known,
                last_code=code,
                last_at=now,
                last_known=known,
            )
        )
        if source is not None and source.structure_id:
            conversation.structure = await session.get_one(Structure, source.structure_id)
            await session.flush()
    else:
        touch.last_code, touch.last_at, touch.last_known = code, now, source is not None


async def what_we_keep(session: AsyncSession, conversation: Conversation) -> dict[str, str]:
    """What `/mesdonnees` shows in the chat: counts and a date, no message text, nothing sensitive."""
    person = conversation.identity.person
    messages = await session.scalar(
        select(func.count()).select_from(Message).where(Message.conversation_id == conversation.id)
    )
    appointments = await session.scalar(
        select(func.count()).select_from(Appointment).where(Appointment.person_id == person.id)
    )
    since = in_paris(person.created_at)
    return {
        "since": f"{since:%d/%m/%Y}",
        "messages": str(messages),
        "appointments": str(appointments),
        "structure": conversation.structure.name,
    }


async def alert_is_open(session: AsyncSession, conversation: Conversation) -> bool:
    return (
        await session.scalar(
            select(Alert.id).where(Alert.conversation_id == conversation.id, Alert.closed_at.is_(None))
        )
    ) is not None


async def erase(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> None:
    """Erase what a person wrote and what ties them to their account. Milestones, which name nobody, stay.

    The caller has made sure that no alert is open and no appointment is to come. The address is kept a
    few minutes more, to say that it is done (see `forget_the_erased`).
    """
    await rotate_rasa_key(session, conversation, now)
    await session.execute(delete(Message).where(Message.conversation_id == conversation.id))
    turns = select(Turn.id).where(Turn.conversation_id == conversation.id)
    await session.execute(delete(TurnEffect).where(TurnEffect.turn_id.in_(turns), TurnEffect.turn_id != turn.id))
    await session.execute(update(Turn).where(Turn.id.in_(turns)).values(text=None, before=None))
    await session.execute(
        update(InboxRow)
        .where(
            InboxRow.channel == turn.channel,
            InboxRow.address == turn.address,
            # What came after the demand has not been read yet.
            or_(InboxRow.turn_id.is_not(None), InboxRow.set_aside.is_not(None)),
        )
        .values(payload={}, kind=IncomingKind.OTHER)
    )
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.conversation_id == conversation.id, OutboxRow.state != OutboxState.WAITING)
        .values(payload={})
    )
    await session.execute(
        update(Appointment)
        .where(Appointment.conversation_id == conversation.id, Appointment.state != AppointmentState.BOOKED)
        .values(phone=None)
    )
    await session.execute(
        update(BookingDraft).where(BookingDraft.conversation_id == conversation.id).values(phone=None)
    )
    touch = await session.get(SourceTouch, conversation.identity.person_id)
    conversation.pending, conversation.commune, conversation.discreet = None, None, False
    conversation.greeted_at, conversation.misunderstood = None, 0
    person = conversation.identity.person
    person.erased_at = now
    if touch is not None:
        await session.delete(touch)


async def forget_the_erased(session: AsyncSession, now: datetime) -> int:
    """Forget the addresses of those who were erased some minutes ago; returns how many."""
    identities = (
        await session.scalars(
            select(ChannelIdentity)
            .join(Person, ChannelIdentity.person_id == Person.id)
            .where(Person.erased_at < now - SAY_GOODBYE, ChannelIdentity.address.not_like(f"{GONE}%"))
        )
    ).all()
    for identity in identities:
        await _forget_address(session, identity)
    return len(identities)


async def _forget_address(session: AsyncSession, identity: ChannelIdentity) -> None:
    """The account and the person no longer meet: whoever writes from it again is someone new."""
    nobody = f"{GONE}{identity.id}"
    for table in (InboxRow, Turn, OutboxRow):
        await session.execute(
            update(table)
            .where(table.channel == identity.channel, table.address == identity.address)
            .values(address=nobody)
        )
    await session.execute(update(OutboxRow).where(OutboxRow.address == nobody).values(payload={}))
    await session.execute(delete(SendBudget).where(SendBudget.scope == f"{identity.channel.value}:{identity.address}"))
    identity.address = nobody
    await session.flush()


async def stop_nudges(conversation: Conversation, now: datetime) -> bool:
    """Stop every nudge; False if they were stopped already. A later message does not start them again."""
    person = conversation.identity.person
    already = person.nudges_stopped_at is not None
    person.nudges_stopped_at = person.nudges_stopped_at or now
    return not already


async def resume_nudges(conversation: Conversation) -> None:
    conversation.identity.person.nudges_stopped_at = None


def keep_pending(conversation: Conversation, kind: str, now: datetime, **about: Any) -> None:
    """Remember the question the next answer is for (a reminder's, a choice); Rasa does not hold it."""
    conversation.pending = {"kind": kind, "at": now.isoformat(), **about}
