"""Young people: met on a channel, brought by a source, forgotten when they ask."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from bot.domain.appointments import AppointmentState
from bot.domain.calendar import in_paris
from bot.domain.conversations import IncomingKind
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel, MilestoneKind
from bot.errors import SettingsError
from bot.services import misunderstood
from bot.storage import changes
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
    Note,
    OldRasaKey,
    OutboxRow,
    PartnerBooking,
    Person,
    SealedContent,
    SendBudget,
    Source,
    SourceTouch,
    StoredFile,
    Structure,
    Turn,
    TurnEffect,
    WebSession,
)

GONE = "erased:"
SAY_GOODBYE = timedelta(minutes=5)


MET = (
    select(Conversation)
    .join(Conversation.identity)
    .where(ChannelIdentity.channel == bindparam("channel"), ChannelIdentity.address == bindparam("address"))
    .options(contains_eager(Conversation.identity))
)


async def meet(session: AsyncSession, channel: Channel, address: str, now: datetime) -> Conversation:
    """The conversation of an address; the first time, a person, an identity and a conversation are made."""
    found = await session.scalar(MET, {"channel": channel, "address": address})
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
            conversation.nickname = None  # what another team wrote
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
    """Whether an alert is open on the person, wherever they wrote from."""
    theirs = select(Conversation.id).join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
    return (
        await session.scalar(
            select(Alert.id).where(
                Alert.conversation_id.in_(theirs.where(ChannelIdentity.person_id == conversation.identity.person_id)),
                Alert.closed_at.is_(None),
            )
        )
    ) is not None


async def conversations_of(session: AsyncSession, person_id: int) -> Sequence[Conversation]:
    """One for each of the channels the person writes from."""
    found = await session.scalars(
        select(Conversation)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(ChannelIdentity.person_id == person_id)
        .order_by(Conversation.id)
    )
    return found.all()


async def erase(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> None:
    """Erase what a person wrote, on every channel, and what ties them to their accounts. Milestones, which name
    nobody, stay.

    The caller has made sure that no alert is open and no appointment is to come. The address is kept a
    few minutes more, to say that it is done (see `forget_the_erased`).
    """
    person = conversation.identity.person
    erased = {person.id}
    for theirs in await conversations_of(session, person.id):
        await _erase_conversation(session, theirs, turn, now)
        if theirs.identity.person_before_id is not None:
            erased.add(theirs.identity.person_before_id)
    await session.execute(update(Person).where(Person.id.in_(erased)).values(erased_at=now))
    await session.execute(delete(SourceTouch).where(SourceTouch.person_id.in_(erased)))


async def _erase_conversation(session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime) -> None:
    await rotate_rasa_key(session, conversation, now)
    files = select(StoredFile.id).where(StoredFile.conversation_id == conversation.id)
    await session.execute(delete(SealedContent).where(SealedContent.file_id.in_(files)))
    await session.execute(delete(StoredFile).where(StoredFile.conversation_id == conversation.id))
    await session.execute(delete(Message).where(Message.conversation_id == conversation.id))
    # What the team wrote of them is about them too.
    await session.execute(delete(Note).where(Note.conversation_id == conversation.id))
    turns = select(Turn.id).where(Turn.conversation_id == conversation.id)
    await session.execute(delete(TurnEffect).where(TurnEffect.turn_id.in_(turns), TurnEffect.turn_id != turn.id))
    await session.execute(update(Turn).where(Turn.id.in_(turns)).values(text=None, before=None))
    await session.execute(
        update(InboxRow)
        .where(
            InboxRow.channel == conversation.identity.channel,
            InboxRow.address == conversation.identity.address,
            _was_read(),
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
        .values(phone=None, remind_phone=None, meeting_point=None)
    )
    await session.execute(
        update(BookingDraft)
        .where(BookingDraft.conversation_id == conversation.id)
        .values(phone=None, meeting_point=None, communes=[])
    )
    # What a partner still sees of them has their first name.
    await session.execute(delete(PartnerBooking).where(PartnerBooking.conversation_id == conversation.id))
    conversation.pending, conversation.commune, conversation.discreet = None, None, False
    conversation.nickname = None
    conversation.greeted_at, conversation.misunderstood = None, 0
    await misunderstood.forget(session, conversation)
    # A page that shows it must clear itself.
    changes.note(session.sync_session, conversation.id)


def _was_read() -> ColumnElement[bool]:
    """What came after the demand to erase has not been read yet, and is answered to someone new."""
    return or_(InboxRow.turn_id.is_not(None), InboxRow.set_aside.is_not(None))


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
        if identity.channel is Channel.WEB:
            await session.execute(delete(WebSession).where(WebSession.address == identity.address))
        await _forget_address(session, identity)
    return len(identities)


async def _forget_address(session: AsyncSession, identity: ChannelIdentity) -> None:
    """The account and the person no longer meet: whoever writes from it again is someone new."""
    nobody = f"{GONE}{identity.id}"
    for table, of_them in ((InboxRow, _was_read()), (Turn, true()), (OutboxRow, true())):
        await session.execute(
            update(table)
            .where(table.channel == identity.channel, table.address == identity.address, of_them)
            .values(address=nobody)
        )
    await session.execute(update(OutboxRow).where(OutboxRow.address == nobody).values(payload={}))
    await session.execute(delete(SendBudget).where(SendBudget.scope == f"{identity.channel.value}:{identity.address}"))
    identity.address = nobody
    await session.flush()
    for theirs in await session.scalars(select(Conversation.id).where(Conversation.identity_id == identity.id)):
        changes.note(session.sync_session, theirs)


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
