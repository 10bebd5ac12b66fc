"""One person's web chat and Telegram become one person, by a link that works once; an adviser can part them again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, RemindBy
from bot.domain.conversations import Button, Say
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.people import Channel
from bot.errors import LinkGone, NothingToDo, TwoAppointments
from bot.services import appointments, people, registrations, waiting
from bot.storage.queries import lock
from bot.storage.tables import (
    Appointment,
    ChannelIdentity,
    Conversation,
    JoinLink,
    Milestone,
    Nudge,
    Person,
    SourceTouch,
)

# What follows /start in a link to Telegram, and cannot be the code of a poster.
PREFIX = "join-"
# A button of this payload opens the bot on Telegram; the channel that shows it knows the bot's name.
OPEN = "open:"
LINK_LIVES = timedelta(hours=24)
REMINDERS = (NudgeKind.EVENING, NudgeKind.TWO_HOURS)


async def offer(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    """Give a link that carries this person to Telegram, once, within a day. Only its digest is kept."""
    token = secrets.token_urlsafe(32)
    session.add(
        JoinLink(token_hash=digest(token), conversation_id=conversation.id, made_at=now, expires_at=now + LINK_LIVES)
    )
    await session.flush()
    return [Say("utter_remind_telegram", {}, (Button("Ouvrir Telegram", f"{OPEN}{PREFIX}{token}"),))]


async def join(session: AsyncSession, conversation: Conversation, code: str, now: datetime) -> list[Say]:
    """Make one person of who wrote here and who was given the link; their appointment is recalled here.

    Raises:
        LinkGone: the link was used, is too old, never was, or is opened elsewhere than on Telegram.
        TwoAppointments: each has an appointment to come; nothing changes, and the link still works.
    """
    link = await session.get(JoinLink, digest(code.removeprefix(PREFIX)), with_for_update=True)
    if link is None or conversation.identity.channel is not Channel.TELEGRAM:
        raise LinkGone
    origin = await session.get_one(Conversation, link.conversation_id)
    if link.used_at is not None:
        if origin.identity.person_id != conversation.identity.person_id:
            raise LinkGone
        return await _say_joined(session, conversation, now)  # the same link, touched twice
    if link.expires_at <= now or origin.identity.person.erased_at is not None:
        raise LinkGone
    await make_one(session, origin, conversation, now)
    link.used_at = now
    return await _say_joined(session, conversation, now)


async def part(session: AsyncSession, identity: ChannelIdentity, now: datetime) -> None:
    """Give an identity its former person back, with the appointments that were made in its conversation.

    Raises:
        NothingToDo: it was never joined to another.
    """
    await lock(session, identity)
    former, survivor = identity.person_before_id, identity.person_id
    if former is None:
        raise NothingToDo
    rows = await session.scalars(select(Appointment).where(Appointment.person_id == survivor).order_by(Appointment.id))
    for appointment in rows.all():
        home = await _home(session, appointment)
        if home.id != appointment.conversation_id:
            appointment.remind_by = None
            await _carry(session, appointment, home)
        if home.identity_id == identity.id:
            appointment.person_id = former
    identity.person = await session.get_one(Person, former)
    identity.person_before_id = None
    await session.flush()


def is_link(code: str) -> bool:
    """Whether what follows /start is a link's token, and not a source."""
    return code.startswith(PREFIX)


async def make_one(session: AsyncSession, origin: Conversation, here: Conversation, now: datetime) -> None:
    """One person stays, the one with the appointment or else the older; the other, with no identity left, is not
    counted any more. What is to come is said here from now on.

    Raises:
        TwoAppointments: each has one for the same reason.
    """
    first, second = sorted((origin.identity.person, here.identity.person), key=lambda one: (one.created_at, one.id))
    if first is not second:
        mine = {appointment.reason for appointment in await _to_come(session, first.id, now)}
        theirs = {appointment.reason for appointment in await _to_come(session, second.id, now)}
        if mine & theirs:
            raise TwoAppointments
        if theirs and not mine:
            first, second = second, first
        await _give_appointments(session, second, first)
        await registrations.give(session, second.id, first.id, here)
        identities = await session.scalars(select(ChannelIdentity).where(ChannelIdentity.person_id == second.id))
        for identity in identities.all():
            identity.person_before_id = identity.person_before_id or second.id
            identity.person = first
        # Who asked one of the two for silence asked for it.
        first.nudges_stopped_at = first.nudges_stopped_at or second.nudges_stopped_at
        await _keep_dates(session, first, second)
        await session.flush()
        await waiting.give_places(session, second.id, here)
    here.discreet = here.discreet or origin.discreet
    if here.greeted_at is None:
        here.structure, here.commune = origin.structure, here.commune or origin.commune
    await session.flush()
    for appointment in await _to_come(session, first.id, now):
        if appointment.conversation_id != here.id:
            appointment.remind_by, appointment.remind_phone = RemindBy.TELEGRAM, None
            await _carry(session, appointment, here)
            await session.flush()


async def _give_appointments(session: AsyncSession, giver: Person, taker: Person) -> None:
    """The past goes with the person; but of what nobody marked yet, a person has one at most for each reason."""
    unmarked = select(Appointment.reason).where(
        Appointment.person_id == taker.id, Appointment.state == AppointmentState.BOOKED
    )
    await session.execute(
        update(Appointment)
        .where(
            Appointment.person_id == giver.id,
            or_(
                Appointment.state != AppointmentState.BOOKED,
                Appointment.reason.not_in((await session.scalars(unmarked)).all()),
            ),
        )
        .values(person_id=taker.id)
    )


async def _to_come(session: AsyncSession, person_id: int, now: datetime) -> Sequence[Appointment]:
    found = await session.scalars(
        select(Appointment)
        .where(
            Appointment.person_id == person_id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
        )
        .order_by(Appointment.starts_at)
    )
    return found.all()


async def _keep_dates(session: AsyncSession, first: Person, second: Person) -> None:
    """The one who stays keeps the earliest date of each milestone, and how they came first and last."""
    for milestone in (await session.scalars(select(Milestone).where(Milestone.person_id == second.id))).all():
        await people.reach(session, first.id, milestone.kind, milestone.at)
        await session.execute(
            update(Milestone)
            .where(Milestone.person_id == first.id, Milestone.kind == milestone.kind, Milestone.at > milestone.at)
            .values(at=milestone.at)
        )
    mine, theirs = await session.get(SourceTouch, first.id), await session.get(SourceTouch, second.id)
    if theirs is None:
        return
    if mine is None:
        session.add(
            SourceTouch(
                person_id=first.id,
                first_code=theirs.first_code,
                first_at=theirs.first_at,
                first_known=theirs.first_known,
                last_code=theirs.last_code,
                last_at=theirs.last_at,
                last_known=theirs.last_known,
            )
        )
    elif theirs.last_at > mine.last_at:
        mine.last_code, mine.last_at, mine.last_known = theirs.last_code, theirs.last_at, theirs.last_known


async def _carry(session: AsyncSession, appointment: Appointment, there: Conversation) -> None:
    """What is still to be said of an appointment is said in another conversation."""
    appointment.conversation_id = there.id
    await session.execute(
        update(Nudge)
        .where(Nudge.about == appointment.id, Nudge.state == NudgeState.PLANNED, Nudge.kind.in_(REMINDERS))
        .values(conversation_id=there.id)
    )


async def _home(session: AsyncSession, appointment: Appointment) -> Conversation:
    """The conversation an appointment was made in: that of the first link that carried it, or its own."""
    home = await session.get_one(Conversation, appointment.conversation_id)
    if appointment.remind_by is not RemindBy.TELEGRAM:
        return home
    link = await session.scalar(
        select(JoinLink)
        .join(Conversation, JoinLink.conversation_id == Conversation.id)
        .join(ChannelIdentity, Conversation.identity_id == ChannelIdentity.id)
        .where(
            ChannelIdentity.person_id == appointment.person_id,
            JoinLink.used_at >= appointment.booked_at,
        )
        .order_by(JoinLink.used_at)
        .limit(1)
    )
    return await session.get_one(Conversation, link.conversation_id) if link is not None else home


async def _say_joined(session: AsyncSession, conversation: Conversation, now: datetime) -> list[Say]:
    to_come = await _to_come(session, conversation.identity.person_id, now)
    if not to_come:
        return [Say("utter_joined_no_appointment")]
    return [Say("utter_joined", appointments.describe(to_come[0], now))]


def digest(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()
