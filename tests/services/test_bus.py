"""The bus: those booked are told at once, whatever they stopped, and lose nothing they can keep."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import territory_file
from bot.domain.appointments import AppointmentState
from bot.domain.calendar import in_paris
from bot.domain.communes import by_insee
from bot.domain.outbox import OutboxKind
from bot.errors import BusGone, NothingToDo, NotYourStructure
from bot.services import appointments, bus, openings, people, territories
from bot.storage.database import Database
from bot.storage.tables import Conversation, Opening, OutboxRow, Place
from tests.databases import DEMO
from tests.factories import NOW, adviser, appointment_of, paris, young_person

DAY = "2027-03-17"  # a Wednesday, in Sierck from 14:00 to 16:00
TODAY = paris("2027-03-17T13:40")


async def _opening(session: AsyncSession, day: str = DAY, place: str = "bus-sierck") -> Opening:
    rows = await session.scalars(select(Opening).join(Place).where(Place.slug == place).order_by(Opening.id))
    return next(one for one in rows if one.on_date is not None and one.on_date.isoformat() == day)


async def _booked(session: AsyncSession, hour: str, *, commune: str | None = None) -> Conversation:
    young = await young_person(session, with_appointment=f"{DAY}T{hour}", at_place="bus-sierck")
    young.commune = commune
    return young


async def _told(session: AsyncSession, young: Conversation) -> list[OutboxRow]:
    rows = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.conversation_id == young.id, OutboxRow.kind == OutboxKind.SERVICE)
        .order_by(OutboxRow.id)
    )
    return list(rows.all())


def _words(rows: list[OutboxRow]) -> str:
    return " ".join(row.payload["text"] for row in rows)


def _starts(passages: list[bus.Passage]) -> list[tuple[str, str]]:
    return [(one.opening.place.slug, f"{in_paris(one.starts_at):%m-%d}") for one in passages]


# ── The next stops ───────────────────────────────────────────────────────────────────────────


async def test_the_next_stops_are_in_the_commune_then_around(database: Database) -> None:
    async with database.read_only() as session:
        sierck = await bus.next_stops(session, "demo", by_insee("57650"), NOW)
        assert _starts(sierck) == [("bus-sierck", "03-17"), ("bus-sierck", "04-07"), ("bus-sierck", "04-21")]
        kerling = next(one for one in territory_file.read(DEMO).places if one.id == "bus-sierck").serves
        assert kerling == ("200067486",)
        apach = await bus.next_stops(session, "demo", by_insee("57026"), NOW)  # Apach, the same intercommunalité
        assert _starts(apach) == [("bus-bouzonville", "03-10"), ("bus-sierck", "03-17"), ("bus-bouzonville", "03-24")]
        assert await bus.next_stops(session, "demo", by_insee("57672"), NOW) == [], "Thionville has no bus"
        assert len(await bus.next_stops(session, "demo", None, NOW)) == 3


async def test_a_day_when_the_driver_is_away_is_not_a_stop(database: Database) -> None:
    async with database.read_only() as session:
        august = await bus.next_stops(session, "demo", by_insee("57650"), paris("2027-07-22T10:00"))
        assert ("bus-sierck", "08-04") not in _starts(august), "Karim is away from 2 to 13 August"
        assert _starts(august)[0] == ("bus-sierck", "08-18")


async def test_the_button_of_a_stop_books_there_that_day_or_says_it_is_gone(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, young = await _opening(session), await young_person(session)
        says = await bus.BUTTONS["bus"](session, young, opening.id, NOW)
        assert says[-1].response == "utter_booking_propose_at"
        assert [button.title[:9] for button in says[-1].buttons] == ["mer. 17/0"] * 3
        with pytest.raises(BusGone):
            await bus.BUTTONS["bus"](session, young, opening.id, paris("2027-03-17T16:00"))
        with pytest.raises(BusGone):
            await bus.BUTTONS["bus"](session, young, 2**30, NOW)


# ── Late, there, broken down ─────────────────────────────────────────────────────────────────


async def test_late_is_told_to_who_is_not_yet_received(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        received, waits = await _booked(session, "14:00"), await _booked(session, "14:40")
        await people.stop_nudges(waits, NOW)
        at = paris(f"{DAY}T14:10")
        await appointments.mark(session, await appointment_of(session, received), AppointmentState.PRESENT, karim, at)
        assert await bus.late(session, opening, 15, karim, at) == 1
        assert await _told(session, received) == []
        assert "vers 14 h 55 au lieu de 14 h 40" in _words(await _told(session, waits))
        with pytest.raises(NothingToDo):
            await bus.late(session, opening, 15, karim, at)
        assert await bus.late(session, opening, 0, karim, at) == 1
        assert "à l'heure" in _words(await _told(session, waits))


async def test_what_the_driver_says_is_of_today_and_of_their_structure(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening = await _opening(session)
        karim, sandra = await adviser(session, "karim"), await adviser(session, "sandra")
        with pytest.raises(NothingToDo):
            await bus.late(session, opening, 15, karim, NOW)  # the week before
        with pytest.raises(NotYourStructure):
            await bus.late(session, opening, 15, sandra, TODAY)
        with pytest.raises(NotYourStructure):
            await bus.cancel(session, opening, sandra, NOW)
        await bus.arrived(session, opening, karim, TODAY)
        with pytest.raises(NothingToDo):
            await bus.late(session, opening, 15, karim, TODAY)
        await bus.arrived(session, opening, karim, TODAY, there=False)
        assert await bus.late(session, opening, 15, karim, TODAY) == 0


async def test_who_just_comes_is_counted_and_uncounted(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        for step in (1, 1, -1):
            await bus.count_walk_in(session, opening, karim, step, TODAY)
        state = (await bus.passage_of(session, opening)).state
        assert state is not None
        assert state.walk_ins == 1
        await bus.count_walk_in(session, opening, karim, -1, TODAY)
        with pytest.raises(NothingToDo):
            await bus.count_walk_in(session, opening, karim, -1, TODAY)


async def test_broken_down_cancels_the_rest_of_the_day(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        evening = await bus.add(
            session,
            bus.When(
                (await _opening(session, "2027-03-24", "bus-bouzonville")).place_id, TODAY.date(), 17 * 60, 18 * 60
            ),
            karim,
            NOW,
        )
        young = await _booked(session, "14:40")
        assert await bus.broken_down(session, opening, karim, TODAY) == 1
        assert not opening.active
        assert not evening.active
        assert "en panne" in _words(await _told(session, young))
        assert (await appointment_of(session, young)).state is AppointmentState.CANCELLED_BY_STRUCTURE


# ── Cancelled, moved ─────────────────────────────────────────────────────────────────────────


async def test_a_cancelled_stop_is_told_after_stop_with_the_next_ones(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        young = await _booked(session, "14:40", commune="57026")
        await people.stop_nudges(young, NOW)
        assert await bus.cancel(session, opening, karim, NOW) == 1
        told = await _told(session, young)
        assert "Le bus ne passera pas mercredi 17 mars." in _words(told)
        payloads = [payload for row in told for _, payload in row.payload["buttons"]]
        following = await bus.next_stops(session, "demo", by_insee("57026"), NOW)
        assert opening.id not in {one.opening.id for one in following}
        # Of those, the one of this morning has no slot left in time.
        bookable = [f"bus:{one.opening.id}" for one in following[1:]]
        assert [one for one in payloads if one.startswith("bus:")] == bookable
        [file] = [row.payload["attachment"] for row in told if row.payload["attachment"]]
        assert "METHOD:CANCEL" in file[1]
        with pytest.raises(NothingToDo):
            await bus.cancel(session, opening, karim, NOW)
        free = await openings.free_slots(session, "demo", NOW, place_id=opening.place_id)
        assert all(slot.opening_id != opening.id for slot in free)


@pytest.mark.parametrize("minutes", [20, -20])
async def test_a_moved_stop_takes_its_appointments_along(database: Database, minutes: int) -> None:
    """Neighbours shift by one slot at once, each into the one the other leaves."""
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        young = [await _booked(session, hour) for hour in ("14:00", "14:20", "14:40")]
        when = bus.When(opening.place_id, TODAY.date(), 14 * 60 + minutes, 16 * 60 + minutes)
        assert await bus.move(session, opening, when, karim, NOW) == 3
        starts = [(await appointment_of(session, one)).starts_at for one in young]
        shift = timedelta(minutes=minutes)
        assert starts == [paris(f"{DAY}T{hour}") + shift for hour in ("14:00", "14:20", "14:40")]
        for one in young:
            told = await _told(session, one)
            assert "c'est maintenant" in _words(told)
            [file] = [row.payload["attachment"] for row in told if row.payload["attachment"]]
            assert "SEQUENCE:1" in file[1]
        with pytest.raises(NothingToDo):
            await bus.move(session, opening, when, karim, NOW)


async def test_who_does_not_fit_in_the_new_hours_is_offered_the_next_stop(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        kept, lost = await _booked(session, "14:00"), await _booked(session, "15:40")
        bouzonville = (await _opening(session, "2027-03-24", "bus-bouzonville")).place_id
        when = bus.When(bouzonville, TODAY.date(), 14 * 60, 15 * 60)
        assert await bus.move(session, opening, when, karim, NOW) == 2
        assert (await appointment_of(session, kept)).place.slug == "bus-bouzonville"
        assert "Le bus, Bouzonville" in _words(await _told(session, kept))
        assert (await appointment_of(session, lost)).state is AppointmentState.CANCELLED_BY_STRUCTURE
        assert any(
            payload.startswith("bus:") for row in await _told(session, lost) for _, payload in row.payload["buttons"]
        )


async def test_the_territory_file_does_not_bring_back_what_was_cancelled(database: Database) -> None:
    async with database.unit_of_work() as session:
        opening, karim = await _opening(session), await adviser(session, "karim")
        await bus.cancel(session, opening, karim, NOW)
        await territories.load(session, territory_file.read(DEMO), NOW)
        await session.refresh(opening)
        assert not opening.active


# ── In the chat ──────────────────────────────────────────────────────────────────────────────


async def _hears(session: AsyncSession, young: Conversation, text: str, now: datetime = NOW) -> list[str] | None:
    says = await bus.tell(session, young, text, now)
    return None if says is None else [say.response for say in says]


async def test_the_bus_is_answered_near_who_asks(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        assert await _hears(session, young, "le bus passe quand") == ["utter_bus_anywhere"]
        assert await _hears(session, young, "il passe quand le bus à sierck") == ["utter_bus_at"]
        assert await _hears(session, young, "et le bus") == ["utter_bus_at"], "what was said of a commune is kept"
        near = await _hears(session, young, "le bus passe à thionville ?")
        assert near is not None
        assert near[0] == "utter_bus_not_near"
        assert await _hears(session, young, "quel bus pour venir chez vous") is None
