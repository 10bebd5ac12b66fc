"""Partners (prescripteurs) book for a young person, with their agreement; a link then ties it to the young person.

Until the link is opened, the appointment is in a conversation that nobody reads: its reminders wait, and what happens
to it shows on the partner's page.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, RemindBy, Slot
from bot.domain.conversations import Say
from bot.domain.people import Channel
from bot.domain.phones import read_phone
from bot.domain.reasons import FIRST_MEETING, BookableBy
from bot.domain.team import Role
from bot.errors import LinkGone, NeedsAgreement, NotYourStructure, NoWayToCall, SlotGone
from bot.services import appointments, joining, people, reminding
from bot.storage.tables import (
    Adviser,
    ChannelIdentity,
    Conversation,
    JoinLink,
    PartnerBooking,
    Person,
    Place,
    Source,
    Structure,
)

# What follows /start, or ?s= on the site, in the link of an appointment that a partner booked.
PREFIX = "rdv-"
LONGEST_NAME = 40


@dataclass(frozen=True)
class Booked:
    """`code` is in the link for the young person; it is kept nowhere."""

    booking: PartnerBooking
    code: str


# ── Accounts ─────────────────────────────────────────────────────────────────────────────────


async def create(session: AsyncSession, structure: Structure, first_name: str, organisation: str) -> Adviser:
    """A partner's account, with the source that counts who they bring. They choose their password by an invitation."""
    partner = Adviser(
        slug=f"partenaire-{secrets.token_hex(6)}",
        structure_id=structure.id,
        first_name=first_name.strip()[:LONGEST_NAME],
        organisation=organisation.strip()[:80],
        role=Role.PARTNER,
    )
    session.add(partner)
    await session.flush()
    session.add(
        Source(
            code=partner.slug,
            territory_id=structure.territory_id,
            label=partner.organisation,
            kind="partner",
            structure_id=structure.id,
        )
    )
    await session.flush()
    return partner


async def of_structure(session: AsyncSession, structure_id: str) -> Sequence[Adviser]:
    rows = await session.scalars(
        select(Adviser)
        .where(Adviser.structure_id == structure_id, Adviser.role == Role.PARTNER, Adviser.active)
        .order_by(Adviser.organisation, Adviser.id)
    )
    return rows.all()


async def remove(session: AsyncSession, partner: Adviser) -> None:
    """They cannot log in any more; what they booked stays."""
    partner.active = False
    await session.flush()


# ── Booking ──────────────────────────────────────────────────────────────────────────────────


async def places_of(session: AsyncSession, partner: Adviser) -> Sequence[Place]:
    """Where a partner may book: the places of the structure that gave them their account."""
    rows = await session.scalars(
        select(Place).where(Place.structure_id == partner.structure_id).order_by(Place.mobile, Place.name)
    )
    return rows.all()


async def book(
    session: AsyncSession,
    partner: Adviser,
    slot: Slot,
    first_name: str,
    now: datetime,
    *,
    agreed: bool,
    reason: str = FIRST_MEETING,
    phone: str = "",
) -> Booked:
    """Book for a young person who agreed to it. A number, if they gave one, is to remind them by telephone.

    Raises:
        NeedsAgreement: without their agreement and a first name, nothing is written.
        NotYourStructure: the place is another structure's.
        NoWayToCall: the number is not one, or an appointment by telephone has none.
        SlotTaken, SlotGone: see `appointments.book`.
    """
    first_name = " ".join(first_name.split())[:LONGEST_NAME]
    if not agreed or not first_name:
        raise NeedsAgreement
    place = await session.get(Place, slot.place_id)
    if place is None:
        raise SlotGone
    if place.structure_id != partner.structure_id:
        raise NotYourStructure
    number = read_phone(phone)
    if number is None and (phone.strip() or slot.mode is Mode.PHONE):
        raise NoWayToCall
    conversation = await _nobody_yet(session, partner, now)
    appointment = await appointments.book(
        session, conversation, slot, now, reason=reason, by=BookableBy.PARTNER, phone=number
    )
    if number is not None:
        appointment.remind_by, appointment.remind_phone = RemindBy.PHONE, number
    booking = PartnerBooking(
        appointment=appointment,
        partner=partner,
        conversation_id=conversation.id,
        first_name=first_name,
        agreed_at=now,
    )
    session.add(booking)
    await session.flush()
    return Booked(booking, await _link(session, booking, now))


async def _nobody_yet(session: AsyncSession, partner: Adviser, now: datetime) -> Conversation:
    """A person nobody has talked to, and the place that their conversation will take."""
    person = Person(created_at=now)
    session.add(person)
    await session.flush()
    identity = ChannelIdentity(person=person, channel=Channel.PARTNER, address=secrets.token_hex(16), created_at=now)
    conversation = Conversation(identity=identity, structure=partner.structure, rasa_key=people.new_rasa_key())
    session.add_all([identity, conversation])
    await session.flush()
    await people.brought_by(session, conversation, partner.slug, now)
    return conversation


async def new_link(session: AsyncSession, booking: PartnerBooking, now: datetime) -> Booked:
    """Another link; the one given before opens nothing any more.

    Raises:
        LinkGone: the young person opened theirs, or the appointment is not to come any more.
    """
    if booking.opened_at is not None or not _to_come(booking, now):
        raise LinkGone
    await session.execute(
        delete(JoinLink).where(JoinLink.conversation_id == booking.conversation_id, JoinLink.used_at.is_(None))
    )
    return Booked(booking, await _link(session, booking, now))


async def _link(session: AsyncSession, booking: PartnerBooking, now: datetime) -> str:
    code = f"{PREFIX}{secrets.token_urlsafe(32)}"
    session.add(
        JoinLink(
            token_hash=joining.digest(code),
            conversation_id=booking.conversation_id,
            made_at=now,
            expires_at=booking.appointment.ends_at,
        )
    )
    await session.flush()
    return code


async def bookings_of(session: AsyncSession, partner: Adviser) -> Sequence[PartnerBooking]:
    """What a partner booked, and nothing else: the last first."""
    rows = await session.scalars(
        select(PartnerBooking)
        .where(PartnerBooking.partner_id == partner.id)
        .order_by(PartnerBooking.appointment_id.desc())
    )
    return rows.all()


async def cancel(session: AsyncSession, booking: PartnerBooking, now: datetime) -> None:
    """Cancel for the young person, as long as it is not in their hands.

    Raises:
        LinkGone: they opened their link, so it is theirs.
        NothingToDo: it is not to come any more.
    """
    if booking.opened_at is not None:
        raise LinkGone
    await appointments.cancel(session, booking.appointment, AppointmentState.CANCELLED_BY_YOUNG, now)


# ── The young person comes ───────────────────────────────────────────────────────────────────


def is_link(code: str) -> bool:
    return code.startswith(PREFIX)


async def waits(session: AsyncSession, code: str, now: datetime) -> bool:
    """Whether a code is the link of an appointment that still waits for its young person."""
    link = await session.get(JoinLink, joining.digest(code)) if is_link(code) else None
    return link is not None and link.used_at is None and now < link.expires_at


async def open_link(session: AsyncSession, conversation: Conversation, code: str, now: datetime) -> list[Say]:
    """The young person comes by their link: the appointment is theirs, and is said and recalled here.

    Raises:
        LinkGone: it was opened by someone else, is too old, or never was.
        TwoAppointments: they have another one for the same reason; nothing changes.
    """
    link = await session.get(JoinLink, joining.digest(code), with_for_update=True)
    if link is None:
        raise LinkGone
    booking = await session.scalar(select(PartnerBooking).where(PartnerBooking.conversation_id == link.conversation_id))
    if booking is None:
        raise LinkGone
    appointment = booking.appointment
    if link.used_at is not None:
        if appointment.person_id != conversation.identity.person_id:
            raise LinkGone
        return await appointments.tell(session, conversation, now)
    if appointment.state is not AppointmentState.BOOKED or now >= appointment.ends_at:
        return [Say("utter_partner_link_over")]
    by_phone = appointment.remind_phone if appointment.remind_by is RemindBy.PHONE else None
    origin = await session.get_one(Conversation, link.conversation_id)
    await joining.make_one(session, origin, conversation, now)
    link.used_at = booking.opened_at = now
    values = appointments.describe(appointment, now) | {"partner": _capital(booking.partner.organisation or "")}
    file = appointments.calendar_file(appointment, conversation.discreet, now)
    says = [Say("utter_partner_booked", values, attachment=file)]
    if conversation.identity.channel is Channel.WEB:
        appointment.remind_by = RemindBy.PHONE if by_phone else None
        appointment.remind_phone = by_phone
        if not by_phone:
            says.append(await reminding.ask(session, appointment, now))
    await session.flush()
    return says


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _to_come(booking: PartnerBooking, now: datetime) -> bool:
    return booking.appointment.state is AppointmentState.BOOKED and booking.appointment.ends_at > now
