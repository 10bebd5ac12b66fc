"""A partner books for a young person, who finds the appointment by a link."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, RemindBy
from bot.domain.nudges import NudgeState
from bot.domain.people import Channel
from bot.errors import LinkGone, NeedsAgreement, NotYourStructure, NoWayToCall, SlotTaken, TwoAppointments
from bot.services import appointments, nudges, partners, people, team
from bot.storage.database import Database
from bot.storage.tables import Adviser, Appointment, Conversation, Nudge, OutboxRow, PartnerBooking, Person, SourceTouch
from tests.factories import NOW, adviser, open_turn, paris, slot, young_person

FRIDAY = "2027-03-19T09:00"


async def _partner(session: AsyncSession) -> Adviser:
    sandra = await adviser(session, "sandra")
    return await partners.create(session, sandra.structure, "Anne", "la mairie de Fameck")


async def _booked(session: AsyncSession, *, at: str = FRIDAY, phone: str = "") -> partners.Booked:
    partner = await _partner(session)
    return await partners.book(session, partner, await slot(session, at), " Inès ", NOW, agreed=True, phone=phone)


async def test_without_agreement_or_a_name_nothing_is_written(database: Database) -> None:
    async with database.unit_of_work() as session:
        partner, free = await _partner(session), await slot(session, FRIDAY)
        for name, agreed in (("Inès", False), ("  ", True)):
            with pytest.raises(NeedsAgreement):
                await partners.book(session, partner, free, name, NOW, agreed=agreed)
        assert await session.scalar(select(func.count()).select_from(Person)) == 0
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 0


async def test_a_partner_books_only_where_their_structure_receives(database: Database) -> None:
    async with database.unit_of_work() as session:
        partner = await _partner(session)
        with pytest.raises(NotYourStructure):
            await partners.book(
                session, partner, await slot(session, "2027-03-24T10:00", "bus-bouzonville"), "Inès", NOW, agreed=True
            )
        phone = await slot(session, FRIDAY, mode=Mode.PHONE)
        with pytest.raises(NoWayToCall):
            await partners.book(session, partner, phone, "Inès", NOW, agreed=True)
        with pytest.raises(NoWayToCall):
            await partners.book(session, partner, await slot(session, FRIDAY), "Inès", NOW, agreed=True, phone="12")


async def test_the_seat_is_taken_for_everyone(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session)
        with pytest.raises(SlotTaken):
            await appointments.book(session, await young_person(session), await slot(session, FRIDAY), NOW)
        assert (booked.booking.first_name, booked.booking.agreed_at) == ("Inès", NOW)


async def test_the_link_gives_the_appointment_to_who_opens_it_first(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session)
        appointment = booked.booking.appointment
        young = await young_person(session)
        says = await partners.open_link(session, young, booked.code, NOW)

        assert [say.response for say in says] == ["utter_partner_booked"]
        assert says[0].values["partner"] == "La mairie de Fameck"
        assert (appointment.conversation_id, appointment.remind_by) == (young.id, RemindBy.TELEGRAM)
        assert await appointments.upcoming(session, young, NOW) is appointment
        planned = await session.scalars(select(Nudge.conversation_id).where(Nudge.state == NudgeState.PLANNED))
        assert set(planned) == {young.id}
        touch = await session.get_one(SourceTouch, young.identity.person_id)
        assert touch.first_known

        again = await partners.open_link(session, young, booked.code, NOW)
        assert [say.response for say in again] == ["utter_my_appointment"]
        with pytest.raises(LinkGone):
            await partners.open_link(session, await young_person(session), booked.code, NOW)
        with pytest.raises(LinkGone):
            await partners.open_link(session, young, "rdv-inventé", NOW)
        with pytest.raises(LinkGone):
            await partners.cancel(session, booked.booking, NOW)


async def test_on_the_site_they_are_asked_where_to_be_reminded(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session)
        visitor = await people.meet(session, Channel.WEB, "navigateur", NOW)
        says = await partners.open_link(session, visitor, booked.code, NOW)
        assert [say.response for say in says] == ["utter_partner_booked", "utter_remind_where"]
        assert booked.booking.appointment.remind_by is None


async def test_two_appointments_for_the_same_reason_are_left_alone(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session)
        young = await young_person(session, with_appointment="2027-03-15T10:00")
        with pytest.raises(TwoAppointments):
            await partners.open_link(session, young, booked.code, NOW)
        assert booked.booking.opened_at is None
        assert await partners.waits(session, booked.code, NOW)


async def test_a_link_ends_with_its_appointment_and_with_the_next_link(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session)
        other = await partners.new_link(session, booked.booking, NOW)
        assert not await partners.waits(session, booked.code, NOW)
        assert await partners.waits(session, other.code, NOW)
        assert not await partners.waits(session, other.code, paris("2027-03-19T10:00"))

        await partners.cancel(session, booked.booking, NOW)
        assert booked.booking.appointment.state is AppointmentState.CANCELLED_BY_YOUNG
        says = await partners.open_link(session, await young_person(session), other.code, NOW)
        assert [say.response for say in says] == ["utter_partner_link_over"]
        with pytest.raises(LinkGone):
            await partners.new_link(session, booked.booking, NOW)


async def test_before_they_come_nothing_is_sent_and_the_team_may_call(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session, phone="06 12 34 56 78")
        appointment = booked.booking.appointment
        assert (appointment.remind_by, appointment.remind_phone) == (RemindBy.PHONE, "+33612345678")
        sandra = await adviser(session, "sandra")
        await appointments.mark(session, appointment, AppointmentState.CANCELLED_BY_STRUCTURE, sandra, NOW)
        assert (await session.scalars(select(OutboxRow))).all() == []
    async with database.unit_of_work() as session:
        await _booked(session, at="2027-03-15T10:00")
        await nudges.tick(session, paris("2027-03-14T18:00"))
        await nudges.tick(session, paris("2027-03-15T08:10"))
        assert (await session.scalars(select(OutboxRow))).all() == []


async def test_a_partner_is_not_of_the_team(database: Database) -> None:
    async with database.unit_of_work() as session:
        partner = await _partner(session)
        assert partner.id not in {one.id for one in await team.advisers_of(session, partner.structure_id)}


async def test_erasing_takes_the_first_name_away(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await _booked(session)
        young = await young_person(session)
        await partners.open_link(session, young, booked.code, NOW)
        await appointments.cancel(session, booked.booking.appointment, AppointmentState.CANCELLED_BY_YOUNG, NOW)
        await people.erase(session, young, await open_turn(session, young), NOW)
        assert (await session.scalars(select(PartnerBooking))).all() == []
        assert (await session.get_one(Conversation, young.id)).identity.person.erased_at == NOW
