"""The bus and the workshops in the console: added, changed, cancelled, and who is concerned is told."""

from __future__ import annotations

import itertools
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.outbox import OutboxKind
from bot.domain.workshops import Attendance
from bot.services import appointments, bus, registrations, workshops
from bot.storage.database import Database
from bot.storage.tables import (
    Conversation,
    Opening,
    OutboxRow,
    Place,
    Registration,
    Workshop,
    WorkshopAttendance,
)
from tests.console.desk import Desk
from tests.console.test_conversations import words
from tests.factories import NOW, paris, slot, young_person

_numbers = itertools.count(1)
FORM = {"kind": "atelier", "seats": "3", "documents": "ton CV\nun stylo", "minor_papers": "", "pickup": ""}


async def a_workshop(session: AsyncSession) -> Workshop:
    """One of Sandra's structure, the next day at 14:00."""
    place = (await session.scalars(select(Place).where(Place.slug == "hayange"))).one()
    half_day = (paris("2027-03-11T14:00"), paris("2027-03-11T16:00"))
    plan = workshops.Plan(workshops.WorkshopKind.ATELIER, "Atelier photo", place.id, 2, (half_day,))
    return await workshops.set_up(session, f"photo-{next(_numbers)}", "ml-demo", plan, NOW)


async def a_passage(session: AsyncSession) -> Opening:
    """A bus of Sandra's structure, today from 14:00 to 16:00."""
    number = next(_numbers)
    place = Place(slug=f"bus-{number}", structure_id="ml-demo", name=f"Le bus, arrêt {number}", mobile=True, serves=[])
    opening = Opening(
        key=f"bus-{number}",
        place=place,
        on_date=NOW.date(),
        start_minute=14 * 60,
        end_minute=16 * 60,
        slot_minutes=20,
        seats=1,
        modes=["sur_place"],
    )
    session.add_all([place, opening])
    await session.flush()
    return opening


async def _told(database: Database, young: Conversation) -> str:
    async with database.read_only() as session:
        rows = await session.scalars(
            select(OutboxRow).where(OutboxRow.conversation_id == young.id, OutboxRow.kind == OutboxKind.SERVICE)
        )
        return " ".join(row.payload["text"] for row in rows)


# ── Workshops ────────────────────────────────────────────────────────────────────────────────


async def test_a_workshop_is_added_changed_and_cancelled(desk: Desk) -> None:
    sandra = await desk.logged_in("sandra")
    async with desk.database.read_only() as session:
        place = (await session.scalars(select(Place).where(Place.slug == "hayange"))).one()
    form = FORM | {"title": "Atelier budget", "place": str(place.id)}
    when = {"day": "2027-03-18", "start": "14:00", "end": "16:00"}
    answer = await sandra.submit("/console/ateliers/nouveau", "/console/ateliers", **form, **when)
    path = answer.headers["location"]
    page = words((await sandra.get(path)).text)
    assert "Atelier budget" in page
    assert "À apporter : ton CV et un stylo" in page
    assert "Atelier budget" in words((await sandra.get("/console/ateliers")).text)

    async with desk.database.unit_of_work() as session:
        young = await young_person(session)
        workshop = (await session.scalars(select(Workshop).where(Workshop.title == "Atelier budget"))).one()
        await registrations.register(session, young, workshop, desk.now)
    later = when | {"start": "15:00", "end": "17:00"}
    await sandra.submit(f"{path}/modifier", path, **form, **later)
    assert "Jeudi 18 mars : 15 h-17 h" in await _told(desk.database, young)
    assert "Une personne est prévenue." in words((await sandra.get(path)).text)

    assert "Une personne est prévenue tout de suite" in words((await sandra.get(f"{path}/annuler")).text)
    await sandra.submit(f"{path}/annuler", f"{path}/annuler")
    assert "c'est annulé" in await _told(desk.database, young)
    assert "Annulé" in words((await sandra.get(path)).text)


async def test_a_form_with_a_mistake_keeps_what_was_typed(desk: Desk) -> None:
    sandra = await desk.logged_in("sandra")
    async with desk.database.read_only() as session:
        ours = (await session.scalars(select(Place).where(Place.slug == "hayange"))).one()
        theirs = (await session.scalars(select(Place).where(Place.slug == "bus-sierck"))).one()
    sound = FORM | {"title": "Atelier budget", "day": "2027-03-18", "start": "14:00", "end": "16:00"}
    for wrong in (
        {"place": str(ours.id), "end": "13:00"},
        {"place": str(ours.id), "day": "2027-02-30"},
        {"place": str(ours.id), "pickup": "devant la gare"},
        {"place": str(ours.id), "seats": "0"},
        {"place": str(theirs.id)},
    ):
        answer = await sandra.submit("/console/ateliers/nouveau", "/console/ateliers", **sound | wrong)
        assert answer.status_code == 400, wrong
        assert 'value="Atelier budget"' in answer.text
        assert "Rien n'est changé." in answer.text.replace("&#39;", "'")
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(Workshop).where(Workshop.title == "Atelier budget"))).all() == []


async def test_who_came_is_marked_once_it_has_begun(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        workshop = await a_workshop(session)
        registration = await registrations.register(session, await young_person(session), workshop, desk.now)
        half_day = workshop.sessions[0].id
    sandra = await desk.logged_in("sandra")
    path = f"/console/ateliers/{workshop.id}"
    assert "Excusé" not in words((await sandra.get(path)).text)
    desk.move_to(paris("2027-03-11T14:05"))
    sandra = await desk.logged_in("sandra")
    fields = {"registration": str(registration.id), "half_day": str(half_day)}
    await sandra.submit(path, f"{path}/presence", **fields, state="present")
    async with desk.database.read_only() as session:
        [row] = (await session.scalars(select(WorkshopAttendance))).all()
        assert row.state is Attendance.PRESENT
    await sandra.submit(path, f"{path}/presence", **fields, state="")
    async with desk.database.read_only() as session:
        assert (await session.scalars(select(WorkshopAttendance))).all() == []
        other = (await session.scalars(select(Workshop).where(Workshop.key == "atelier-cv-mars"))).one()
    astray = f"/console/ateliers/{other.id}/presence"
    assert (await sandra.submit(path, astray, **fields, state="present")).status_code == 404


async def test_who_waits_is_shown_in_order_with_a_number_and_no_name(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        workshop = await a_workshop(session)
        for _ in range(2):
            await registrations.register(session, await young_person(session), workshop, desk.now)
        await registrations.wait(session, await young_person(session), workshop, desk.now)
        first = (await session.scalars(select(Registration).where(Registration.seat.is_(None)))).one()
    page = words((await (await desk.logged_in("sandra")).get(f"/console/ateliers/{workshop.id}")).text)
    assert "2 sur 2 places, 1 en attente" in page
    assert f"Liste d'attente Jeune {first.person_id}" in page


async def test_another_structures_young_people_come_without_a_way_to_their_conversation(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        workshop = await a_workshop(session)
        theirs = await young_person(session, structure="amp-demo")
        await registrations.register(session, theirs, workshop, desk.now)
    page = (await (await desk.logged_in("sandra")).get(f"/console/ateliers/{workshop.id}")).text
    assert f"Jeune {theirs.identity.person_id}" in page
    assert f"/console/conversations/{theirs.id}" not in page


# ── The bus ──────────────────────────────────────────────────────────────────────────────────


async def _booked(desk: Desk, hour: str) -> tuple[Opening, Conversation]:
    async with desk.database.unit_of_work() as session:
        opening = await a_passage(session)
        young = await young_person(session)
        wanted = await slot(session, f"2027-03-10T{hour}", opening.place.slug)
        await appointments.book(session, young, wanted, NOW - timedelta(hours=2))
        return opening, young


async def test_the_driver_says_late_after_a_question_and_there_at_once(desk: Desk) -> None:
    opening, young = await _booked(desk, "14:20")
    sandra = await desk.logged_in("sandra")
    path = f"/console/bus/{opening.id}"
    page = words((await sandra.get("/console/bus")).text)
    assert "14 h-16 h, Le bus, arrêt" in page
    assert "14 h 20 Jeune" in page
    assert "Une personne est prévenue" in words((await sandra.get(f"{path}/prevenir?quoi=retard-15")).text)
    assert await _told(desk.database, young) == "", "asking tells nobody"
    await sandra.submit("/console/bus", f"{path}/prevenir", quoi="retard-15")
    assert "vers 14 h 35" in await _told(desk.database, young)
    page = words((await sandra.get("/console/bus")).text)
    assert "Une personne est prévenue." in page
    assert "Retard annoncé : 15 min" in page
    await sandra.submit("/console/bus", f"{path}/arrivee", there="oui")
    assert "Le bus est là, noté à 10 h" in words((await sandra.get("/console/bus")).text)
    await sandra.submit("/console/bus", f"{path}/arrivee", there="non")
    assert "Retard annoncé" in words((await sandra.get("/console/bus")).text)


async def test_walk_ins_are_counted_by_the_press(desk: Desk) -> None:
    async with desk.database.unit_of_work() as session:
        opening = await a_passage(session)
    sandra = await desk.logged_in("sandra")
    for step in ("1", "1", "-1"):
        await sandra.submit("/console/bus", f"/console/bus/{opening.id}/de-passage", step=step)
    assert "1 sans rendez-vous" in words((await sandra.get("/console/bus")).text)


async def test_a_stop_is_added_moved_and_cancelled(desk: Desk) -> None:
    opening, young = await _booked(desk, "14:20")
    sandra = await desk.logged_in("sandra")
    stop = str(opening.place.id)
    form = {"place": stop, "day": "2027-03-10", "start": "15:00", "end": "17:00"}
    assert "Une personne a rendez-vous" in words((await sandra.get(f"/console/bus/{opening.id}/modifier")).text)
    await sandra.submit("/console/bus", f"/console/bus/{opening.id}", **form)
    assert "aujourd'hui, 15 h 20" in await _told(desk.database, young)
    await sandra.submit("/console/bus", f"/console/bus/{opening.id}/annuler")
    assert "Le bus ne passera pas" in await _told(desk.database, young)

    answer = await sandra.submit("/console/bus/nouveau", "/console/bus", **form | {"day": "2027-03-17"})
    assert answer.headers["location"] == "/console/bus"
    assert "ercredi 17 mars , 15 h-17 h" in words((await sandra.get("/console/bus")).text)
    wrong = form | {"end": "14:00", "back": "/console/bus/nouveau"}
    answer = await sandra.submit("/console/bus/nouveau", "/console/bus", **wrong)
    assert answer.headers["location"] == "/console/bus/nouveau"
    async with desk.database.read_only() as session:
        assert len(await bus.of_structure(session, "ml-demo", NOW.date(), paris("2027-04-30T10:00").date())) == 2
