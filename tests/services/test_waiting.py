"""The waiting list: a slot that is freed is held for the first in line, then for the next."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState
from bot.domain.waiting import WaitingState
from bot.errors import OfferGone, SlotTaken
from bot.services import appointments, openings, waiting
from bot.storage.database import Database
from bot.storage.tables import Conversation, OutboxRow, Place, Waiting
from tests.factories import NOW, adviser, appointment_of, paris, slot, young_person

EARLY, MIDDLE, LATE = "2027-03-15T10:00", "2027-03-19T10:00", "2027-03-22T10:00"


async def _in_line(session: AsyncSession, at: str | None = LATE, now: datetime = NOW) -> tuple[Conversation, Waiting]:
    """Someone who has an appointment and would like it earlier; `at` None: who has none."""
    young = await young_person(session, with_appointment=at)
    return young, await waiting.join(session, young, now)


async def _cancel(session: AsyncSession, young: Conversation, now: datetime = NOW) -> None:
    await appointments.cancel(session, await appointment_of(session, young), AppointmentState.CANCELLED_BY_YOUNG, now)


async def _told(session: AsyncSession, young: Conversation) -> list[str]:
    rows = await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == young.id).order_by(OutboxRow.id))
    return [row.payload["text"] for row in rows]


async def test_a_freed_slot_is_held_for_the_first_in_line_and_taken(database: Database) -> None:
    async with database.unit_of_work() as session:
        holder = await young_person(session, with_appointment=EARLY)
        first, one = await _in_line(session)
        second, other = await _in_line(session, at="2027-03-22T09:00")
        await _cancel(session, holder)

        assert (one.state, other.state) == (WaitingState.OFFERED, WaitingState.WAITING)
        assert one.held_until == NOW + timedelta(hours=2)
        [said] = await _told(session, first)
        assert "lundi 15 mars à 10 h" in said
        assert "jusqu'à 12 h" in said
        assert await _told(session, second) == []
        with pytest.raises(SlotTaken):
            await appointments.book(session, await young_person(session), await slot(session, EARLY), NOW)

        moved = await appointments.take_offer(session, one, NOW + timedelta(hours=1))
        assert (moved.starts_at, moved.sequence, one.state) == (paris(EARLY), 1, WaitingState.TAKEN)
        assert other.state is WaitingState.WAITING, "what the first left is not earlier than theirs"
        with pytest.raises(OfferGone):
            await appointments.take_offer(session, one, NOW + timedelta(hours=1))


async def test_what_the_first_leaves_goes_to_the_next(database: Database) -> None:
    async with database.unit_of_work() as session:
        holder = await young_person(session, with_appointment=EARLY)
        _, one = await _in_line(session, at=MIDDLE)
        _, other = await _in_line(session, at=LATE)
        await _cancel(session, holder)
        await appointments.take_offer(session, one, NOW)

        assert other.state is WaitingState.OFFERED
        assert waiting.offered_slot(other, NOW).starts_at == paris(MIDDLE)


async def test_an_offer_that_is_not_answered_goes_to_the_next_and_is_told_kindly(database: Database) -> None:
    async with database.unit_of_work() as session:
        holder = await young_person(session, with_appointment=EARLY)
        first, one = await _in_line(session)
        second, other = await _in_line(session, at="2027-03-22T11:00")
        await _cancel(session, holder)
        late = NOW + timedelta(hours=2)
        assert await waiting.tick(session, late - timedelta(seconds=1)) == 0
        with pytest.raises(OfferGone):
            await appointments.take_offer(session, one, late)

        assert await waiting.tick(session, late) == 1
        assert (one.state, one.missed, other.state) == (WaitingState.WAITING, 1, WaitingState.OFFERED)
        assert "Tu restes sur la liste" in (await _told(session, first))[-1]
        assert "jusqu'à 14 h" in (await _told(session, second))[-1]

        await waiting.decline(session, other, late)
        assert (one.state, other.state) == (WaitingState.WAITING, WaitingState.WAITING), "neither is asked again"
        await appointments.book(session, await young_person(session), await slot(session, EARLY), late)


async def test_after_three_missed_offers_nobody_insists(database: Database) -> None:
    async with database.unit_of_work() as session:
        first, one = await _in_line(session)
        now = NOW
        for starts in (EARLY, "2027-03-15T11:00", "2027-03-15T11:30"):
            holder = await young_person(session, with_appointment=starts)
            await _cancel(session, holder, now)
            assert one.held_until is not None
            now = one.held_until
            await waiting.tick(session, now)
        assert (one.state, one.missed) == (WaitingState.LEFT, 3)
        assert "J'arrête de te prévenir" in (await _told(session, first))[-1]


async def test_what_is_freed_at_night_is_held_and_told_in_the_morning(database: Database) -> None:
    async with database.unit_of_work() as session:
        holder = await young_person(session, with_appointment=EARLY)
        first, one = await _in_line(session)
        await _cancel(session, holder, paris("2027-03-10T22:30"))
        assert one.state is WaitingState.OFFERED
        assert one.held_until == paris("2027-03-11T11:00")
        assert await _told(session, first) == []
        await waiting.tick(session, paris("2027-03-11T07:59"))
        assert await _told(session, first) == []
        await waiting.tick(session, paris("2027-03-11T08:00"))
        assert len(await _told(session, first)) == 1
        assert await waiting.tick(session, paris("2027-03-11T08:01")) == 0

        tomorrow = await young_person(session, with_appointment="2027-03-12T09:00", now=paris("2027-03-11T09:00"))
        _, other = await _in_line(session, at="2027-03-22T11:00")
        await _cancel(session, tomorrow, paris("2027-03-11T23:00"))
        assert other.state is WaitingState.WAITING, "told at eight, it would be too soon"


async def test_who_does_not_fit_is_passed_over(database: Database) -> None:
    async with database.unit_of_work() as session:
        holder = await young_person(session, with_appointment=EARLY)
        elsewhere = await young_person(session, with_appointment=LATE)
        hayange = (await session.scalars(select(Place).where(Place.slug == "hayange"))).one()
        await waiting.join(session, elsewhere, NOW, place_id=hayange.id)
        await _in_line(session, at="2027-03-12T10:00")  # theirs is earlier
        away, gone = await _in_line(session, at="2027-03-22T11:00")
        away.identity.unreachable_at = NOW
        _, right = await _in_line(session, at=None)
        await _cancel(session, holder)
        assert right.state is WaitingState.OFFERED
        assert gone.state is WaitingState.WAITING
        booked = await appointments.take_offer(session, right, NOW)
        assert booked.starts_at == paris(EARLY)


async def test_leaving_cancelling_or_moving_gives_the_held_slot_to_the_next(database: Database) -> None:
    async with database.unit_of_work() as session:
        holder = await young_person(session, with_appointment=EARLY)
        people_in_line = [await _in_line(session, at=f"2027-03-22T{hour}") for hour in ("10:00", "10:30", "11:00")]
        await _cancel(session, holder)
        (first, one), (second, other), (_, last) = people_in_line

        assert await waiting.leave(session, first.identity.person_id, NOW)
        assert (one.state, other.state) == (WaitingState.LEFT, WaitingState.OFFERED)
        theirs = await appointment_of(session, second)
        await appointments.move(session, theirs, await slot(session, "2027-03-15T09:00"), NOW)
        assert (other.state, last.state) == (WaitingState.WAITING, WaitingState.OFFERED)
        await _cancel(session, people_in_line[2][0])
        assert last.state is WaitingState.LEFT
        assert not await waiting.leave(session, first.identity.person_id, NOW)
        free = {one.starts_at for one in await openings.free_slots(session, "demo", NOW)}
        assert paris(EARLY) in free


async def test_asking_again_keeps_the_turn(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, one = await _in_line(session)
        again = await waiting.join(session, young, NOW + timedelta(days=1), phone="+33600000001")
        assert (again.id, again.joined_at, again.phone) == (one.id, NOW, "+33600000001")


async def test_what_a_structure_cancels_is_offered_to_nobody_and_they_stay_in_line(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, one = await _in_line(session)
        _, other = await _in_line(session, at="2027-03-22T11:00")
        booked = await appointment_of(session, young)
        state = AppointmentState.CANCELLED_BY_STRUCTURE
        await appointments.mark(session, booked, state, await adviser(session, "sandra"), NOW)
        assert (one.state, other.state) == (WaitingState.WAITING, WaitingState.WAITING)
