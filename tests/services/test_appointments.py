"""Appointments: nobody gets a slot twice, nobody loses theirs, and the calendar file follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest
import vobject
from icalendar import Calendar, Event
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, Slot
from bot.domain.calendar import in_paris
from bot.domain.nudges import NudgeState
from bot.domain.outbox import OutboxKind
from bot.domain.people import MilestoneKind
from bot.domain.reasons import BookableBy
from bot.domain.team import NoticeKind
from bot.errors import AlreadyBooked, NothingToDo, NotYourStructure, SlotGone, SlotTaken, TooLateToChange
from bot.services import appointments, openings, people
from bot.storage.database import Database
from bot.storage.tables import (
    Absence,
    Appointment,
    BookingDraft,
    Conversation,
    Milestone,
    Notice,
    Nudge,
    Opening,
    OutboxRow,
    Place,
    SlotSlice,
)
from tests.factories import NOW, adviser, appointment_of, paris, slot, young_person

MONDAY = "2027-03-15T10:00"  # Sandra, in Thionville
LATER = "2027-03-15T11:00"
TWO_SEATS = "2027-03-17T10:00"  # a Wednesday: whoever is there, two at a time


async def _books(database: Database, conversation_id: int, wanted: Slot) -> bool:
    try:
        async with database.unit_of_work() as session:
            conversation = await session.get_one(Conversation, conversation_id)
            await appointments.book(session, conversation, wanted, NOW)
    except SlotTaken:
        return False
    return True


async def _free(session: AsyncSession, *, at_place: str = "thionville", now=NOW) -> set[str]:
    """The free starts of a place, as Paris says them."""
    place_id = (await session.scalars(select(Place.id).where(Place.slug == at_place))).one()
    slots = await openings.free_slots(session, "demo", now, place_id=place_id)
    return {f"{in_paris(one.starts_at):%Y-%m-%dT%H:%M}" for one in slots}


async def _draft(session: AsyncSession, conversation: Conversation) -> BookingDraft:
    draft = BookingDraft(
        conversation_id=conversation.id,
        wanted=[],
        excluded=[],
        offered=[],
        seen=[],
        opened_at=NOW,
        touched_at=NOW,
    )
    session.add(draft)
    await session.flush()
    return draft


# ── Nobody gets it twice ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("starts", "seats"), [(MONDAY, 1), (TWO_SEATS, 2)])
async def test_forty_ask_at_once_and_only_the_seats_are_given(database: Database, starts: str, seats: int) -> None:
    async with database.unit_of_work() as session:
        askers = [(await young_person(session)).id for _ in range(40)]
        wanted = await slot(session, starts)

    got = await asyncio.gather(*(_books(database, asker, wanted) for asker in askers))

    assert sum(got) == seats
    async with database.read_only() as session:
        assert len((await session.scalars(select(Appointment))).all()) == seats


async def test_an_adviser_is_not_in_two_places_at_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        await young_person(session, with_appointment=MONDAY)
        sandra, hayange = await adviser(session, "sandra"), await _place(session, "hayange")
        elsewhere = Opening(
            key="hayange:sandra",
            place_id=hayange.id,
            adviser_id=sandra.id,
            weekday=0,
            start_minute=9 * 60 + 45,
            end_minute=12 * 60,
            slot_minutes=45,
            seats=1,
            modes=["sur_place"],
        )
        session.add(elsewhere)
        await session.flush()
        overlaps = await slot(session, "2027-03-15T09:45", "hayange")

        with pytest.raises(SlotTaken):
            await appointments.book(session, await young_person(session), overlaps, NOW)
        assert "2027-03-15T09:45" not in await _free(session, at_place="hayange")
        after = await slot(session, "2027-03-15T10:30", "hayange")
        await appointments.book(session, await young_person(session), after, NOW)


async def test_one_open_appointment_a_person(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        with pytest.raises(AlreadyBooked) as refusal:
            await appointments.book(session, young, await slot(session, LATER), NOW)
        assert refusal.value.values["time"] == "10 h"
        assert LATER in await _free(session)


async def test_someone_who_asks_twice_at_once_gets_one(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = (await young_person(session)).id
        slots = [await slot(session, MONDAY), await slot(session, LATER)]

    got = await asyncio.gather(*(_books(database, young, one) for one in slots), return_exceptions=True)

    assert sorted(type(one).__name__ for one in got) == ["AlreadyBooked", "bool"]


async def test_a_cancelled_slot_can_be_booked_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        first = await young_person(session, with_appointment=MONDAY)
        await appointments.cancel(
            session, await appointment_of(session, first), AppointmentState.CANCELLED_BY_YOUNG, NOW
        )
        assert MONDAY in await _free(session)
        second = await young_person(session, with_appointment=MONDAY)
        assert (await appointments.upcoming(session, second, NOW)).state is AppointmentState.BOOKED
        await appointments.book(session, first, await slot(session, LATER), NOW)


async def test_a_hold_keeps_the_slot_for_ten_minutes(database: Database) -> None:
    async with database.unit_of_work() as session:
        wanted = await slot(session, MONDAY)
        draft = await _draft(session, await young_person(session))
        await openings.hold(session, draft, wanted, NOW)

        quick, patient = await young_person(session), await young_person(session)
        with pytest.raises(SlotTaken):
            await appointments.book(session, quick, wanted, NOW + timedelta(minutes=9, seconds=59))
        assert MONDAY not in await _free(session)
        assert MONDAY in await _free(session, now=NOW + timedelta(minutes=10))
        await appointments.book(session, patient, wanted, NOW + timedelta(minutes=10))


async def test_who_holds_a_slot_can_book_it_and_a_draft_holds_one_at_a_time(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        draft = await _draft(session, young)
        await openings.hold(session, draft, await slot(session, LATER), NOW)
        held = await openings.hold(session, draft, await slot(session, MONDAY), NOW)
        assert LATER in await _free(session)
        await appointments.book(session, young, held, NOW, draft=draft)
        assert (await session.scalars(select(SlotSlice).where(SlotSlice.held_until.is_not(None)))).all() == []


# ── Moving ───────────────────────────────────────────────────────────────────────────────────


async def test_moving_frees_the_old_slot_and_keeps_the_calendar_entry(database: Database) -> None:
    async with database.unit_of_work() as session:
        appointment = await appointment_of(session, await young_person(session, with_appointment=MONDAY))
        uid = appointment.uid
        await appointments.move(session, appointment, await slot(session, LATER), NOW)

        assert (appointment.uid, appointment.sequence) == (uid, 1)
        assert appointment.starts_at == paris(LATER)
        free = await _free(session)
        assert MONDAY in free
        assert LATER not in free


async def test_a_move_to_a_taken_slot_keeps_the_old_one(database: Database) -> None:
    async with database.unit_of_work() as session:
        await young_person(session, with_appointment=LATER)
        young = await young_person(session, with_appointment=MONDAY)
        appointment = await appointment_of(session, young)
        with pytest.raises(SlotTaken):
            await appointments.move(session, appointment, await slot(session, LATER), NOW)
    async with database.read_only() as session:
        kept = await appointment_of(session, young)
        assert (kept.starts_at, kept.sequence) == (paris(MONDAY), 0)
        assert MONDAY not in await _free(session)


async def test_two_swap_at_once_and_each_keeps_one(database: Database) -> None:
    async with database.unit_of_work() as session:
        one = await appointment_of(session, await young_person(session, with_appointment=MONDAY))
        other = await appointment_of(session, await young_person(session, with_appointment=LATER))
        moves = [(one.id, await slot(session, LATER)), (other.id, await slot(session, MONDAY))]

    async def move(appointment_id: int, wanted: Slot) -> None:
        async with database.unit_of_work() as session:
            appointment = await session.get_one(Appointment, appointment_id)
            await appointments.move(session, appointment, wanted, NOW)

    await asyncio.gather(*(move(*one) for one in moves), return_exceptions=True)
    async with database.read_only() as session:
        starts = [one.starts_at for one in (await session.scalars(select(Appointment))).all()]
        assert sorted(starts) == [paris(MONDAY), paris(LATER)]


async def test_cancelled_by_both_sides_at_once_is_cancelled_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        appointment_id = (await appointment_of(session, await young_person(session, with_appointment=MONDAY))).id

    async def cancel(by: AppointmentState) -> None:
        async with database.unit_of_work() as session:
            appointment = await session.get_one(Appointment, appointment_id)
            await asyncio.sleep(0.05)
            await appointments.cancel(session, appointment, by, NOW)

    got = await asyncio.gather(
        cancel(AppointmentState.CANCELLED_BY_YOUNG),
        cancel(AppointmentState.CANCELLED_BY_STRUCTURE),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in got) == ["NoneType", "NothingToDo"]


async def test_a_move_and_a_cancellation_at_once_leave_no_slot_taken_for_nobody(database: Database) -> None:
    async with database.unit_of_work() as session:
        appointment_id = (await appointment_of(session, await young_person(session, with_appointment=MONDAY))).id
        later = await slot(session, LATER)

    async def run(act: Callable[[AsyncSession, Appointment], Awaitable[object]]) -> None:
        async with database.unit_of_work() as session:
            appointment = await session.get_one(Appointment, appointment_id)
            await asyncio.sleep(0.05)
            await act(session, appointment)

    await asyncio.gather(
        run(lambda session, one: appointments.move(session, one, later, NOW)),
        run(lambda session, one: appointments.cancel(session, one, AppointmentState.CANCELLED_BY_YOUNG, NOW)),
        return_exceptions=True,
    )
    async with database.read_only() as session:
        appointment = await session.get_one(Appointment, appointment_id)
        taken = (await session.scalars(select(SlotSlice))).all()
        assert bool(taken) is (appointment.state is AppointmentState.BOOKED)


async def test_it_is_too_late_to_change_within_the_hour(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        assert await appointments.changeable(session, young, paris("2027-03-15T09:00"))
        with pytest.raises(TooLateToChange):
            await appointments.changeable(session, young, paris("2027-03-15T09:01"))


# ── The calendar file ────────────────────────────────────────────────────────────────────────


def _event(appointment: Appointment, *, discreet: bool = False) -> tuple[str, Event]:
    name, content = appointments.calendar_file(appointment, discreet, NOW)
    assert name.endswith(".ics")
    calendar = Calendar.from_ical(content)
    [event] = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event


async def test_the_calendar_file_follows_the_appointment(database: Database) -> None:
    async with database.unit_of_work() as session:
        appointment = await appointment_of(session, await young_person(session, with_appointment=MONDAY))
        method, booked = _event(appointment)
        assert (method, booked["STATUS"]) == ("PUBLISH", "CONFIRMED")
        assert booked.decoded("DTSTART") == paris(MONDAY)
        assert booked.decoded("DTEND") == paris("2027-03-15T10:30")
        assert "1 place de la Démonstration" in booked["LOCATION"]

        await appointments.move(session, appointment, await slot(session, LATER), NOW)
        _, moved = _event(appointment)
        await appointments.cancel(session, appointment, AppointmentState.CANCELLED_BY_YOUNG, NOW)
        method, cancelled = _event(appointment)

        assert (method, cancelled["STATUS"]) == ("CANCEL", "CANCELLED")
        assert booked["UID"] == moved["UID"] == cancelled["UID"]
        assert [event["SEQUENCE"] for event in (booked, moved, cancelled)] == [0, 1, 2]


async def test_two_readers_of_calendars_agree_across_book_move_move_cancel(database: Database) -> None:
    """Read strictly by `icalendar` and by `vobject`; 28 March 2027 is the night the clock changes."""
    steps = []
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        appointment = await appointment_of(session, young)
        steps.append(appointments.calendar_file(appointment, False, NOW)[1])
        for starts in ("2027-03-19T10:00", "2027-03-31T14:00"):
            await appointments.move(session, appointment, await slot(session, starts), NOW)
            steps.append(appointments.calendar_file(appointment, False, NOW)[1])
        await appointments.cancel(session, appointment, AppointmentState.CANCELLED_BY_YOUNG, NOW)
        steps.append(appointments.calendar_file(appointment, False, NOW)[1])

    starts = [paris(MONDAY), paris("2027-03-19T10:00"), *[paris("2027-03-31T14:00")] * 2]
    uids = set()
    for sequence, (content, at) in enumerate(zip(steps, starts, strict=True)):
        calendar = Calendar.from_ical(content)
        [event] = calendar.walk("VEVENT")
        assert calendar.errors == []
        assert event.errors == []
        other = vobject.readOne(content, validate=True)
        assert (event["SEQUENCE"], other.vevent.sequence.value) == (sequence, str(sequence))
        assert event.decoded("DTSTART") == other.vevent.dtstart.value == at
        assert other.vevent.dtend.value - at == timedelta(minutes=30)
        assert other.method.value == calendar["METHOD"] == ("CANCEL" if sequence == 3 else "PUBLISH")
        uids |= {str(event["UID"]), other.vevent.uid.value}
    assert len(uids) == 1


async def test_in_discreet_mode_the_calendar_file_does_not_say_what_for(database: Database) -> None:
    async with database.unit_of_work() as session:
        appointment = await appointment_of(session, await young_person(session, with_appointment=MONDAY))
        _, event = _event(appointment, discreet=True)
        assert event["SUMMARY"] == "Rendez-vous"


# ── Free slots ───────────────────────────────────────────────────────────────────────────────


async def test_free_slots_leave_out_what_is_taken_and_what_is_too_soon(database: Database) -> None:
    async with database.unit_of_work() as session:
        await young_person(session, with_appointment=MONDAY)
        free = await _free(session, now=paris("2027-03-15T08:31"))
        assert "2027-03-15T10:30" not in free, "in less than two hours"
        assert "2027-03-15T11:00" in free
        assert MONDAY not in free
        assert "2027-03-15T09:30" in await _free(session)


async def test_free_slots_leave_out_holidays_and_closures(database: Database) -> None:
    async with database.unit_of_work() as session:
        spring = await _free(session, now=paris("2027-03-20T10:00"))
        days = {date.fromisoformat(one[:10]) for one in spring}
        assert date(2027, 3, 26) not in days, "Good Friday, a holiday in Moselle"
        assert date(2027, 3, 29) not in days, "Easter Monday"
        assert {date(2027, 3, 22), date(2027, 4, 2)} <= days

        summer = await openings.free_slots(session, "demo", paris("2027-07-05T10:00"))
        karim, guenange = await adviser(session, "karim"), await _place(session, "guenange")
        away = {in_paris(one.starts_at).date() for one in summer if one.adviser_id == karim.id}
        assert away
        assert not [day for day in away if date(2027, 8, 2) <= day <= date(2027, 8, 13)]
        closed = {in_paris(one.starts_at).date() for one in summer if one.place_id == guenange.id}
        assert closed == {date(2027, 7, 9)}


async def test_a_slot_that_is_over_or_was_never_there_is_gone(database: Database) -> None:
    async with database.unit_of_work() as session:
        known = await slot(session, MONDAY)
        for starts_at, now in (
            (paris(MONDAY), paris(MONDAY)),
            (paris("2027-03-15T10:10"), NOW),
            (paris("2027-03-16T10:00"), NOW),
        ):
            with pytest.raises(SlotGone):
                await openings.slot_at(session, known.opening_id, starts_at, Mode.ON_SITE, now)
        with pytest.raises(SlotGone):
            await openings.slot_at(session, known.opening_id, paris(MONDAY), Mode.VIDEO, NOW)


# ── What an adviser does ─────────────────────────────────────────────────────────────────────


async def _told(session: AsyncSession, young: Conversation) -> list[OutboxRow]:
    rows = await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == young.id))
    return list(rows.all())


AFTER = paris("2027-03-15T11:00")


async def test_present_is_a_milestone(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        appointment, sandra = await appointment_of(session, young), await adviser(session, "sandra")
        await appointments.mark(session, appointment, AppointmentState.PRESENT, sandra, AFTER)

        assert (appointment.state, appointment.marked_by) == (AppointmentState.PRESENT, sandra.id)
        honoured = (young.identity.person_id, MilestoneKind.FIRST_APPOINTMENT_HONOURED)
        assert (await session.get_one(Milestone, honoured)).at == AFTER


async def test_absent_plans_one_kind_nudge_and_says_nothing_now(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        appointment, sandra = await appointment_of(session, young), await adviser(session, "sandra")
        await appointments.mark(session, appointment, AppointmentState.ABSENT, sandra, AFTER)

        planned = (await session.scalars(select(Nudge).where(Nudge.state == NudgeState.PLANNED))).all()
        assert [(one.kind.value, one.due_at) for one in planned] == [("no_show", paris("2027-03-16T10:00"))]
        assert await _told(session, young) == []


async def test_what_cannot_be_marked_is_refused(database: Database) -> None:
    async with database.unit_of_work() as session:
        appointment = await appointment_of(session, await young_person(session, with_appointment=MONDAY))
        sandra, karim = await adviser(session, "sandra"), await adviser(session, "karim")
        with pytest.raises(NotYourStructure):
            await appointments.mark(session, appointment, AppointmentState.PRESENT, karim, AFTER)
        with pytest.raises(NotYourStructure):
            await appointments.move_by_structure(session, appointment, await slot(session, LATER), karim, NOW)
        with pytest.raises(NotYourStructure):
            await appointments.adviser_late(session, appointment, karim, 10, NOW)

        await appointments.mark(session, appointment, AppointmentState.CANCELLED_BY_STRUCTURE, sandra, NOW)
        with pytest.raises(NothingToDo):
            await appointments.mark(session, appointment, AppointmentState.PRESENT, sandra, AFTER)
        with pytest.raises(NothingToDo):
            await appointments.move_by_structure(session, appointment, await slot(session, LATER), sandra, NOW)
        with pytest.raises(NothingToDo):
            await appointments.adviser_late(session, appointment, sandra, 10, NOW)


async def test_a_cancellation_by_the_structure_is_told_even_after_stop(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        await people.stop_nudges(young, NOW)
        appointment, sandra = await appointment_of(session, young), await adviser(session, "sandra")
        await appointments.mark(session, appointment, AppointmentState.CANCELLED_BY_STRUCTURE, sandra, NOW)

        told = await _told(session, young)
        assert {row.kind for row in told} == {OutboxKind.SERVICE}
        assert "lundi 15 mars" in " ".join(row.payload["text"] for row in told)
        [file] = [row.payload["attachment"] for row in told if row.payload["attachment"]]
        assert "METHOD:CANCEL" in file[1]
        assert MONDAY in await _free(session)


async def test_a_move_by_the_structure_is_told_with_the_new_file(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        appointment, sandra = await appointment_of(session, young), await adviser(session, "sandra")
        await appointments.move_by_structure(session, appointment, await slot(session, LATER), sandra, NOW)

        told = await _told(session, young)
        assert "11 h" in " ".join(row.payload["text"] for row in told)
        [file] = [row.payload["attachment"] for row in told if row.payload["attachment"]]
        assert "SEQUENCE:1" in file[1]


async def _place(session: AsyncSession, slug: str) -> Place:
    return (await session.scalars(select(Place).where(Place.slug == slug))).one()


async def test_who_does_not_come_twice_is_called_not_punished(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, sandra = await young_person(session), await adviser(session, "sandra")

        async def missed(starts: str, state: AppointmentState) -> list[Notice]:
            booked = await appointments.book(session, young, await slot(session, starts), NOW)
            await appointments.mark(session, booked, state, sandra, paris(starts) + timedelta(hours=1))
            notices = await session.scalars(select(Notice).where(Notice.kind == NoticeKind.NO_SHOWS))
            return list(notices.all())

        assert await missed("2027-03-12T10:00", AppointmentState.ABSENT) == []
        assert await missed("2027-03-15T10:00", AppointmentState.EXCUSED) == []
        assert await missed("2027-03-19T10:00", AppointmentState.LATE) == []
        assert await missed("2027-03-22T10:00", AppointmentState.ABSENT) == [], "they came in between"
        [notice] = await missed("2027-04-02T10:00", AppointmentState.ABSENT)
        assert notice.adviser_id == sandra.id
        assert await appointments.book(session, young, await slot(session, "2027-04-05T14:00"), NOW), "no sanction"


# ── Reasons ──────────────────────────────────────────────────────────────────────────────────


async def test_a_reason_has_its_length_its_notices_and_who_may_book_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=MONDAY)
        cv = await openings.free_slots(session, "demo", NOW, reason="cv")
        assert {one.ends_at - one.starts_at for one in cv} == {timedelta(minutes=45)}
        assert min(one.starts_at for one in cv) >= NOW + timedelta(days=1)
        assert paris("2027-04-01T13:30") in {one.starts_at for one in cv}, "the first Thursday of the month"
        assert await openings.free_slots(session, "demo", NOW, reason="housing") == []
        by_adviser = await openings.free_slots(session, "demo", NOW, reason="housing", by=BookableBy.ADVISER)
        assert {one.ends_at - one.starts_at for one in by_adviser} == {timedelta(hours=1)}

        wanted = next(one for one in cv if one.starts_at > NOW + timedelta(days=7))
        booked = await appointments.book(session, young, wanted, NOW, reason="cv")
        assert booked.reason == "cv", "one open appointment for each reason"
        with pytest.raises(AlreadyBooked):
            await appointments.book(session, young, cv[-1], NOW, reason="cv")
        first = await appointment_of(session, young)
        await appointments.cancel(session, first, AppointmentState.CANCELLED_BY_STRUCTURE, NOW)
        other = await young_person(session)
        soon = wanted.starts_at - timedelta(hours=23)
        with pytest.raises(SlotGone):
            await appointments.book(session, other, wanted, soon, reason="cv")
        assert await appointments.book(session, other, wanted, soon, reason="cv", by=BookableBy.ADVISER)


async def test_the_notice_to_change_is_the_reason_s(database: Database) -> None:
    async with database.unit_of_work() as session:
        cv = await openings.free_slots(session, "demo", NOW, reason="cv")
        young = await young_person(session)
        booked = await appointments.book(session, young, cv[0], NOW, reason="cv")
        assert await appointments.changeable(session, young, booked.starts_at - timedelta(hours=4)) is booked
        with pytest.raises(TooLateToChange):
            await appointments.changeable(session, young, booked.starts_at - timedelta(hours=3, minutes=59))


async def test_what_was_closed_while_it_was_held_cannot_be_booked(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, sandra = await young_person(session), await adviser(session, "sandra")
        draft = await _draft(session, young)
        held = await openings.hold(session, draft, await slot(session, MONDAY), NOW)
        day = paris(MONDAY).date()
        away = Absence(adviser_id=sandra.id, first_date=day, last_date=day, start_minute=600, end_minute=660)
        session.add(away)
        await session.flush()
        free = await _free(session)
        assert MONDAY not in free
        assert {"2027-03-15T09:30", LATER} <= free
        with pytest.raises(SlotGone):
            await appointments.book(session, young, held, NOW, draft=draft)
        away.active = False
        await session.flush()
        assert await appointments.book(session, young, held, NOW, draft=draft)
