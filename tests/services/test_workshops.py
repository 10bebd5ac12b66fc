"""Workshops: nobody gets a seat twice, a freed one goes to the first in line, and who is registered is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import territory_file
from bot.domain.nudges import NudgeKind, NudgeState
from bot.domain.outbox import OutboxKind
from bot.domain.workshops import Attendance, RegistrationState, WorkshopKind
from bot.errors import AlreadyRegistered, NothingToDo, NotYourStructure, WorkshopFull, WorkshopGone
from bot.services import joining, nudges, people, programme, registrations, rights, territories, workshops
from bot.services.workshops import Plan
from bot.storage.database import Database
from bot.storage.tables import Conversation, Nudge, OutboxRow, Place, Registration, Workshop
from tests.databases import DEMO
from tests.factories import NOW, adviser, open_turn, paris, young_person

BEGINS, ENDS = "2027-03-16T14:00", "2027-03-16T16:00"


async def _plan(session: AsyncSession, *, seats: int = 2, sessions: tuple[tuple[str, str], ...] = ()) -> Plan:
    place = (await session.scalars(select(Place).where(Place.slug == "hayange"))).one()
    times = sessions or ((BEGINS, ENDS),)
    return Plan(
        kind=WorkshopKind.ATELIER,
        title="Atelier photo",
        place_id=place.id,
        seats=seats,
        sessions=tuple((paris(start), paris(end)) for start, end in times),
    )


async def _workshop(session: AsyncSession, *, seats: int = 2, sessions: tuple[tuple[str, str], ...] = ()) -> Workshop:
    return await workshops.set_up(
        session, "photo", "ml-demo", await _plan(session, seats=seats, sessions=sessions), NOW
    )


async def _told(session: AsyncSession, young: Conversation) -> list[str]:
    rows = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.conversation_id == young.id, OutboxRow.kind == OutboxKind.SERVICE)
        .order_by(OutboxRow.id)
    )
    return [row.payload["text"] for row in rows]


async def _presses(
    session: AsyncSession, young: Conversation, verb: str, workshop: Workshop, now: datetime
) -> list[str]:
    says = await workshops.BUTTONS[verb](session, young, workshop.id, now)
    return [say.response for say in says]


# ── Seats ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seats", [1, 3])
async def test_forty_ask_at_once_and_only_the_seats_are_given(database: Database, seats: int) -> None:
    async with database.unit_of_work() as session:
        workshop_id = (await _workshop(session, seats=seats)).id
        askers = [(await young_person(session)).id for _ in range(40)]

    async def asks(number: int) -> bool:
        try:
            async with database.unit_of_work() as session:
                young = await session.get_one(Conversation, number)
                await registrations.register(session, young, await session.get_one(Workshop, workshop_id), NOW)
        except WorkshopFull:
            return False
        return True

    assert sum(await asyncio.gather(*(asks(number) for number in askers))) == seats
    async with database.read_only() as session:
        rows = (await session.scalars(select(Registration))).all()
        assert sorted(row.seat for row in rows if row.seat is not None) == list(range(seats))


async def test_one_seat_a_person_and_none_once_it_has_begun(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, young = await _workshop(session), await young_person(session)
        await registrations.register(session, young, workshop, NOW)
        with pytest.raises(AlreadyRegistered):
            await registrations.register(session, young, workshop, NOW)
        with pytest.raises(AlreadyRegistered):
            await registrations.wait(session, young, workshop, NOW)
        with pytest.raises(WorkshopGone):
            await registrations.register(session, await young_person(session), workshop, paris(BEGINS))


# ── The line ─────────────────────────────────────────────────────────────────────────────────


async def _full(session: AsyncSession) -> tuple[Workshop, Conversation, Conversation, Conversation]:
    """A workshop of one seat: who has it, and two who wait."""
    workshop = await _workshop(session, seats=1)
    has, first, second = [await young_person(session) for _ in range(3)]
    await registrations.register(session, has, workshop, NOW)
    for young in (first, second):
        with pytest.raises(WorkshopFull):
            await registrations.register(session, young, workshop, NOW)
        await registrations.wait(session, young, workshop, NOW)
    return workshop, has, first, second


async def _state(session: AsyncSession, workshop: Workshop, young: Conversation) -> RegistrationState | None:
    found = await registrations.registration_of(session, workshop, young)
    return found.state if found else None


async def test_a_freed_seat_is_offered_to_the_first_in_line_and_to_nobody_else(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, has, first, second = await _full(session)
        assert await _presses(session, has, "workshop_out_yes", workshop, NOW) == ["utter_workshop_left"]
        assert await _state(session, workshop, first) is RegistrationState.OFFERED
        assert await _state(session, workshop, second) is RegistrationState.WAITING
        assert "Je te la garde jusqu'à 12 h." in " ".join(await _told(session, first))
        with pytest.raises(WorkshopFull):
            await registrations.register(session, await young_person(session), workshop, NOW)
        said = await _presses(session, first, "workshop_seat", workshop, NOW + timedelta(minutes=119))
        assert said[0] == "utter_workshop_registered"
        assert await _told(session, second) == []


async def test_an_offer_nobody_took_goes_to_the_next_and_the_first_is_told(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, has, first, second = await _full(session)
        await _presses(session, has, "workshop_out_yes", workshop, NOW)
        assert await registrations.tick(session, NOW + timedelta(minutes=119)) == 0
        assert await registrations.tick(session, NOW + timedelta(hours=2)) > 0
        assert "allée à quelqu'un d'autre" in " ".join(await _told(session, first))
        assert await _state(session, workshop, second) is RegistrationState.OFFERED
        with pytest.raises(WorkshopGone):
            await _presses(session, first, "workshop_seat", workshop, NOW + timedelta(hours=2))
        assert await _presses(session, first, "workshop_line", workshop, NOW) == ["utter_workshop_in_line"]


@pytest.mark.parametrize(
    ("freed", "offered", "until"),
    [
        ("2027-03-10T22:00", "2027-03-11T09:00", "2027-03-11T11:00"),
        ("2027-03-10T19:00", "2027-03-10T19:00", "2027-03-11T10:00"),
        ("2027-03-16T11:00", "2027-03-16T11:00", "2027-03-16T11:20"),  # it begins in three hours
    ],
)
async def test_nobody_is_woken_up_for_a_seat(database: Database, freed: str, offered: str, until: str) -> None:
    async with database.unit_of_work() as session:
        workshop, has, first, _ = await _full(session)
        await _presses(session, has, "workshop_out_yes", workshop, paris(freed))
        if offered != freed:
            await registrations.tick(session, paris(offered) - timedelta(minutes=1))
            assert await _told(session, first) == []
            await registrations.tick(session, paris(offered))
        registration = await registrations.registration_of(session, workshop, first)
        assert registration is not None
        assert registration.offered_until == paris(until)


async def test_two_leave_at_once_and_two_are_offered(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop = await _workshop(session, seats=2)
        leaving = [await young_person(session) for _ in range(2)]
        for young in leaving:
            await registrations.register(session, young, workshop, NOW)
        for _ in range(3):
            await registrations.wait(session, await young_person(session), workshop, NOW)
        numbers = [young.id for young in leaving]

    async def leaves(number: int) -> None:
        async with database.unit_of_work() as session:
            young = await session.get_one(Conversation, number)
            await workshops.BUTTONS["workshop_out_yes"](session, young, workshop.id, NOW)

    await asyncio.gather(*(leaves(number) for number in numbers))
    async with database.read_only() as session:
        rows = (await session.scalars(select(Registration).order_by(Registration.id))).all()
        in_line = [row for row in rows if row.state is not RegistrationState.LEFT]
        assert [row.state.value for row in in_line] == ["offered", "offered", "waiting"]
        assert sorted(row.seat for row in in_line[:2]) == [0, 1]


# ── What the team does ───────────────────────────────────────────────────────────────────────


async def test_a_change_of_hour_is_told_even_after_stop_with_the_next_file(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, young, waits = (
            await _workshop(session, seats=1),
            await young_person(session),
            await young_person(session),
        )
        await registrations.register(session, young, workshop, NOW)
        await registrations.wait(session, waits, workshop, NOW)
        await people.stop_nudges(young, NOW)
        plan = await _plan(session, seats=1)
        await workshops.change(session, workshop, replace(plan, title="Atelier photos"), NOW)
        assert await _told(session, young) == [], "its name alone disturbs nobody"
        later = ((paris("2027-03-17T14:00"), paris("2027-03-17T16:00")),)
        await workshops.change(session, workshop, replace(plan, sessions=later), NOW)
        assert "Mercredi 17 mars : 14 h-16 h" in " ".join(await _told(session, young))
        assert await _told(session, waits) == []
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == young.id))
        [file] = [row.payload["attachment"] for row in rows if row.payload["attachment"]]
        assert "SEQUENCE:1" in file[1]
        planned = await session.scalars(select(Nudge).where(Nudge.state == NudgeState.PLANNED))
        assert [(one.kind, one.due_at) for one in planned] == [(NudgeKind.WORKSHOP, paris("2027-03-16T17:00"))]


async def test_fewer_seats_put_nobody_out_and_more_go_to_the_line(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, has, first, second = await _full(session)
        plan = await _plan(session, seats=2)
        await workshops.change(session, workshop, plan, NOW)
        assert await _state(session, workshop, first) is RegistrationState.OFFERED
        await _presses(session, first, "workshop_seat", workshop, NOW)
        await workshops.change(session, workshop, replace(plan, seats=1), NOW)
        assert [await _state(session, workshop, young) for young in (has, first, second)] == [
            RegistrationState.REGISTERED,
            RegistrationState.REGISTERED,
            RegistrationState.WAITING,
        ]


async def test_a_cancelled_workshop_is_told_to_all_and_cannot_be_joined(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, has, first, second = await _full(session)
        assert await workshops.cancel(session, workshop, NOW) == 3
        for young in (has, first, second):
            assert "c'est annulé" in " ".join(await _told(session, young))
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == has.id))
        [file] = [row.payload["attachment"] for row in rows if row.payload["attachment"]]
        assert Calendar.from_ical(file[1])["METHOD"] == "CANCEL"
        with pytest.raises(WorkshopGone):
            await registrations.register(session, await young_person(session), workshop, NOW)
        with pytest.raises(NothingToDo):
            await workshops.cancel(session, workshop, NOW)
        assert workshop.id not in {one.id for one in await programme.coming(session, "demo", NOW)}


async def test_a_chantier_is_one_registration_marked_by_half_day(database: Database) -> None:
    days = (
        ("2027-03-16T09:00", "2027-03-16T12:00"),
        ("2027-03-16T13:00", "2027-03-16T16:00"),
        (
            "2027-03-17T09:00",
            "2027-03-17T12:00",
        ),
    )
    async with database.unit_of_work() as session:
        workshop, young = await _workshop(session, sessions=days), await young_person(session)
        registration = await registrations.register(session, young, workshop, NOW)
        file = registrations.calendar_file(registration, False, NOW)
        events = Calendar.from_ical(file[1]).walk("VEVENT")
        assert len({str(event["UID"]) for event in events}) == 3
        planned = (await session.scalars(select(Nudge).order_by(Nudge.due_at))).all()
        assert [one.due_at for one in planned] == [paris("2027-03-15T17:00"), paris("2027-03-16T17:00")]

        sandra, karim = await adviser(session, "sandra"), await adviser(session, "karim")
        morning, afternoon, _ = workshop.sessions
        at = paris("2027-03-16T10:00")
        await workshops.mark(session, registration, morning, Attendance.ABSENT, sandra, at)
        await workshops.mark(session, registration, morning, Attendance.PRESENT, sandra, at)
        with pytest.raises(NothingToDo):
            await workshops.mark(session, registration, afternoon, Attendance.PRESENT, sandra, at)
        with pytest.raises(NotYourStructure):
            await workshops.mark(session, registration, morning, Attendance.ABSENT, karim, at)
        assert await workshops.attendance(session, workshop) == {(registration.id, morning.id): Attendance.PRESENT}
        await workshops.mark(session, registration, morning, None, sandra, at)
        assert await workshops.attendance(session, workshop) == {}


async def test_the_evening_before_it_is_recalled_unless_they_left(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop = await _workshop(session)
        stays, leaves = await young_person(session), await young_person(session)
        for young in (stays, leaves):
            await registrations.register(session, young, workshop, NOW)
        await people.stop_nudges(stays, NOW)
        await _presses(session, leaves, "workshop_out_yes", workshop, NOW)
        assert await nudges.tick(session, paris("2027-03-15T17:00")) == 1
        rows = (await session.scalars(select(OutboxRow).where(OutboxRow.kind == OutboxKind.REMINDER))).all()
        assert {row.conversation_id for row in rows} == {stays.id}
        assert "Rappel : Atelier photo, demain, 14 h" in rows[0].payload["text"]


# ── Files, erasure ───────────────────────────────────────────────────────────────────────────


async def test_the_territory_file_loaded_again_keeps_seats_and_what_the_console_changed(database: Database) -> None:
    territory = territory_file.read(DEMO)
    async with database.unit_of_work() as session:
        keys = {one.key: one for one in await session.scalars(select(Workshop))}
        young = await young_person(session)
        await registrations.register(session, young, keys["atelier-cv-mars"], NOW)
        chantier = keys["chantier-paques"]
        half_days = tuple((one.starts_at, one.ends_at) for one in chantier.sessions)
        edited = Plan(WorkshopKind.CHANTIER, "Chantier jardin", chantier.place.id, 4, half_days)
        await workshops.change(session, chantier, edited, NOW, by_hand=True)
        await territories.load(session, territory, NOW)
        assert await _told(session, young) == []
        assert chantier.title == "Chantier jardin"
        without = territory.model_copy(update={"workshops": territory.workshops[1:]})
        await territories.load(session, without, NOW)
        assert "c'est annulé" in " ".join(await _told(session, young))


async def test_a_link_to_telegram_carries_the_seats_along(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop = await _workshop(session)
        on_the_web, on_telegram = await young_person(session), await young_person(session)
        registration = await registrations.register(session, on_the_web, workshop, NOW)
        await joining.make_one(session, on_the_web, on_telegram, NOW)
        await session.refresh(registration)
        assert registration.person_id == on_telegram.identity.person_id
        assert await nudges.tick(session, paris("2027-03-15T17:00")) == 1
        [reminded] = await session.scalars(select(OutboxRow).where(OutboxRow.kind == OutboxKind.REMINDER).limit(1))
        assert reminded.conversation_id == on_telegram.id


async def test_who_is_erased_gives_their_seat_to_the_next(database: Database) -> None:
    async with database.unit_of_work() as session:
        workshop, has, first, _ = await _full(session)
        await rights.erase(session, has, await open_turn(session, has), NOW)
        assert await _state(session, workshop, first) is RegistrationState.OFFERED
