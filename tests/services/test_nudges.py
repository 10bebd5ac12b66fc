"""Reminders and nudges: at the right moment, once, and not to someone who should not get one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, DraftState
from bot.domain.calendar import is_quiet
from bot.domain.conversations import Say
from bot.domain.nudges import NudgeKind, NudgeState, reminder_times
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.domain.safety import check
from bot.domain.team import NoticeKind
from bot.services import alerts, appointments, booking, delivery, nudges, outbox, people
from bot.services.ports import SendFailed
from bot.storage.database import Database
from bot.storage.tables import BookingDraft, Conversation, Notice, Nudge, OutboxRow
from tests.factories import NOW, adviser, appointment_of, handoff, paris, slot, young_person
from tests.fakes.clock import FakeClock
from tests.fakes.messenger import FakeMessenger

FRIDAY = "2027-03-12T10:00"
EVENING = paris("2027-03-11T17:00")
LEASE = timedelta(minutes=1)


# ── When (no database) ───────────────────────────────────────────────────────────────────────


def _planned(starts: str, booked: str) -> list[tuple[str, str, str]]:
    """(kind, due, too late) on the clock of Paris."""
    times = reminder_times(paris(starts), paris(booked))
    zone = NOW.tzinfo
    return [
        (kind.value, f"{due.astimezone(zone):%m-%dT%H:%M}", f"{late.astimezone(zone):%m-%dT%H:%M}")
        for kind, due, late in times
    ]


@pytest.mark.parametrize(
    ("starts", "booked", "expected"),
    [
        pytest.param(
            "2027-03-12T10:30",
            "2027-03-08T10:00",
            [("evening", "03-11T17:00", "03-11T19:30"), ("two_hours", "03-12T08:30", "03-12T10:00")],
            id="the evening before, and two hours before",
        ),
        pytest.param(
            "2027-03-12T09:30",
            "2027-03-08T10:00",
            [("evening", "03-11T17:00", "03-11T19:30")],
            id="two hours before is quiet",
        ),
        pytest.param(
            "2027-03-15T09:00",
            "2027-03-08T10:00",
            [("evening", "03-13T17:00", "03-13T19:30")],
            id="a Monday morning is recalled on Saturday",
        ),
        pytest.param(
            "2027-03-15T14:00",
            "2027-03-14T12:00",
            [("two_hours", "03-15T12:00", "03-15T13:30")],
            id="a Monday booked on Sunday",
        ),
        pytest.param(
            "2027-03-15T09:00",
            "2027-03-13T22:00",
            [("evening", "03-15T08:30", "03-15T09:00")],
            id="a day ahead with no good moment: the last one that is not quiet",
        ),
        pytest.param(
            "2027-03-15T08:20",
            "2027-03-14T08:00",
            [("evening", "03-15T08:00", "03-15T08:20")],
            id="a Monday at 8:20 booked on Sunday: the first moment that is not quiet",
        ),
        pytest.param(
            "2027-03-15T08:00",
            "2027-03-14T07:00",
            [("evening", "03-14T17:00", "03-14T19:30")],
            id="every moment before it is quiet: the Sunday evening",
        ),
        pytest.param(
            "2027-03-12T10:30",
            "2027-03-11T18:00",
            [("evening", "03-11T18:10", "03-11T19:30"), ("two_hours", "03-12T08:30", "03-12T10:00")],
            id="booked that evening: ten minutes later",
        ),
        pytest.param(
            "2027-03-12T14:00",
            "2027-03-12T09:00",
            [("two_hours", "03-12T12:00", "03-12T13:30")],
            id="booked the same day",
        ),
        pytest.param("2027-03-12T11:00", "2027-03-12T08:30", [], id="booked two hours and a half before"),
        pytest.param(
            "2027-03-30T10:00",
            "2027-03-22T10:00",
            [("evening", "03-29T17:00", "03-29T19:30"), ("two_hours", "03-30T08:00", "03-30T09:30")],
            id="after the clocks went forward",
        ),
        pytest.param(
            "2027-11-01T10:00",
            "2027-10-20T10:00",
            [("evening", "10-30T17:00", "10-30T19:30"), ("two_hours", "11-01T08:00", "11-01T09:30")],
            id="the clocks go back in between",
        ),
    ],
)
def test_when_an_appointment_is_recalled(starts: str, booked: str, expected: list[tuple[str, str, str]]) -> None:
    assert _planned(starts, booked) == expected


def test_the_clocks_going_forward_move_the_reminder_in_utc() -> None:
    # Saturday 27 March is in winter time, the Monday after in summer time.
    [evening, two_hours] = reminder_times(paris("2027-03-29T14:00"), NOW)
    assert evening[1] == datetime.fromisoformat("2027-03-27T16:00+00:00")
    assert two_hours[1] == datetime.fromisoformat("2027-03-29T10:00+00:00")


@given(
    day=st.integers(0, 364),
    minute=st.integers(8 * 12 + 1, 18 * 12).map(lambda five: five * 5),
    ahead=st.integers(24 * 60, 40 * 24 * 60),
)
def test_a_day_ahead_there_is_always_a_reminder_and_never_at_a_quiet_hour(day: int, minute: int, ahead: int) -> None:
    starts_at = paris("2027-01-01T00:00") + timedelta(days=day, minutes=minute)
    booked_at = starts_at - timedelta(minutes=ahead)
    times = reminder_times(starts_at, booked_at)
    if starts_at.weekday() != 6:  # nobody is received on a Sunday
        assert times
        for _, due, too_late in times:
            assert booked_at < due < too_late <= starts_at
            assert not is_quiet(due)


# ── Sending ──────────────────────────────────────────────────────────────────────────────────


async def _tick(database: Database, now: datetime) -> None:
    async with database.unit_of_work() as session:
        await nudges.tick(session, now)


async def _queued(database: Database, young: Conversation) -> list[OutboxRow]:
    async with database.read_only() as session:
        rows = await session.scalars(
            select(OutboxRow).where(
                OutboxRow.conversation_id == young.id,
                OutboxRow.kind.in_((OutboxKind.REMINDER, OutboxKind.NUDGE)),
            )
        )
        return list(rows.all())


async def _deliver(database: Database, messenger: FakeMessenger, now: datetime) -> None:
    clock = FakeClock(now)
    while await delivery.deliver(database, {Channel.TELEGRAM: messenger}, clock, LEASE):
        pass


async def _nudges(database: Database) -> list[tuple[NudgeKind, NudgeState, str | None]]:
    async with database.read_only() as session:
        found = await session.scalars(select(Nudge).order_by(Nudge.due_at))
        return [(one.kind, one.state, one.why) for one in found.all()]


async def _left_unfinished(session: AsyncSession, now: datetime = NOW) -> Conversation:
    """Someone who began to book and stopped there: a nudge is planned for the next day at 10:00."""
    young = await young_person(session, now=now)
    await booking.start(session, young, "", now)
    return young


DUE = paris("2027-03-11T10:00")


async def test_a_reminder_leaves_once_and_says_when_and_where(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=FRIDAY)
    await _tick(database, EVENING - timedelta(seconds=1))
    assert await _queued(database, young) == []
    await _tick(database, EVENING)
    await _tick(database, EVENING + timedelta(minutes=1))

    messenger = FakeMessenger()
    await _deliver(database, messenger, EVENING)
    text = "\n".join(messenger.texts_to(young.identity.address))
    assert text.count("10 h") == 1
    assert "Mission Locale, Thionville" in text
    assert (await _nudges(database))[0] == (NudgeKind.EVENING, NudgeState.SENT, None)


async def test_two_ticks_at_once_send_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=FRIDAY)
    await asyncio.gather(_tick(database, EVENING), _tick(database, EVENING))
    rows = await _queued(database, young)
    assert len({row.once_key for row in rows}) == len(rows)
    texts = [row.payload["text"] for row in rows]
    assert sum("10 h" in text for text in texts) == 1


async def test_a_reminder_survives_stop_and_a_nudge_does_not(database: Database) -> None:
    async with database.unit_of_work() as session:
        booked = await young_person(session, with_appointment=FRIDAY)
        unfinished = await _left_unfinished(session)
        for young in (booked, unfinished):
            await people.stop_nudges(young, NOW)
    await _tick(database, DUE)
    await _tick(database, EVENING)
    assert await _queued(database, booked)
    assert await _queued(database, unfinished) == []
    assert (NudgeKind.UNFINISHED, NudgeState.DROPPED, "stopped") in await _nudges(database)


async def test_a_reminder_that_is_too_late_is_dropped(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=FRIDAY)
    await _tick(database, paris("2027-03-11T19:31"))
    assert await _queued(database, young) == []
    assert (await _nudges(database))[0] == (NudgeKind.EVENING, NudgeState.DROPPED, "too late")


async def test_a_moved_appointment_is_recalled_at_its_new_date_only(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=FRIDAY)
        appointment = await appointment_of(session, young)
        await appointments.move(session, appointment, await slot(session, "2027-03-19T10:00"), NOW)
    await _tick(database, EVENING)
    assert await _queued(database, young) == []
    await _tick(database, paris("2027-03-18T17:00"))
    assert await _queued(database, young)


async def test_a_reminder_queued_before_a_cancellation_does_not_leave(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=FRIDAY)
    await _tick(database, EVENING)
    async with database.unit_of_work() as session:
        await appointments.cancel(
            session, await appointment_of(session, young), AppointmentState.CANCELLED_BY_YOUNG, EVENING
        )
    messenger = FakeMessenger()
    await _deliver(database, messenger, EVENING + timedelta(minutes=1))
    assert messenger.sent == []
    assert (NudgeKind.EVENING, NudgeState.DROPPED, "changed") in await _nudges(database)


async def _stop(session: AsyncSession, young: Conversation) -> None:
    await people.stop_nudges(young, NOW)


async def _take(session: AsyncSession, young: Conversation) -> None:
    await handoff(session, young, taken_by="sandra")


async def _alarm(session: AsyncSession, young: Conversation) -> None:
    text = "je veux mourir"
    await alerts.heard(session, young, None, None, text, check(text), NOW)


async def _book(session: AsyncSession, young: Conversation) -> None:
    await appointments.book(session, young, await slot(session, "2027-03-15T10:00"), NOW)


async def _finish(session: AsyncSession, young: Conversation) -> None:
    await booking.leave(session, young, NOW)


async def _hide(session: AsyncSession, young: Conversation) -> None:
    young.discreet = True


async def _block(session: AsyncSession, young: Conversation) -> None:
    young.identity.unreachable_at = NOW


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_stop, "stopped"),
        (_take, "a human has it"),
        (_alarm, "alert"),
        (_book, "booked"),
        (_finish, "finished"),
        (_hide, "discreet"),
        (_block, "unreachable"),
    ],
)
@pytest.mark.parametrize("when", ["before the tick", "between the tick and the sending"])
async def test_a_nudge_is_dropped(database: Database, change, why: str, when: str) -> None:
    async with database.unit_of_work() as session:
        young = await _left_unfinished(session)
        if when == "before the tick":
            await change(session, young)
    await _tick(database, DUE)
    if when != "before the tick":
        assert await _queued(database, young)
        async with database.unit_of_work() as session:
            await change(session, await session.get_one(Conversation, young.id))
    messenger = FakeMessenger()
    await _deliver(database, messenger, DUE + timedelta(minutes=1))

    assert await _sent(database, young) == []
    unfinished = [one for one in await _nudges(database) if one[0] is NudgeKind.UNFINISHED]
    assert [state for _, state, _ in unfinished] == [NudgeState.DROPPED]
    assert unfinished[0][2] in (why, "taken over")


async def _sent(database: Database, young: Conversation) -> list[OutboxRow]:
    return [row for row in await _queued(database, young) if row.state is OutboxState.SENT]


async def test_a_nudge_is_dropped_at_a_quiet_hour(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await _left_unfinished(session)
    await _tick(database, paris("2027-03-11T19:59"))
    messenger = FakeMessenger()
    await _deliver(database, messenger, paris("2027-03-11T21:00"))
    assert messenger.sent == []
    assert await _sent(database, young) == []


async def test_a_nudge_left_by_a_crash_is_not_sent_again_and_the_team_is_told(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await _left_unfinished(session)
    await _tick(database, DUE)
    await _crash_while_sending(database, DUE)

    messenger = FakeMessenger()
    await _deliver(database, messenger, DUE + LEASE + timedelta(seconds=1))

    assert [row.state for row in await _queued(database, young)] == [OutboxState.UNKNOWN]
    assert (NudgeKind.UNFINISHED, NudgeState.UNKNOWN, "crash") in await _nudges(database)
    assert messenger.texts_to(young.identity.address) == []
    async with database.read_only() as session:
        kinds = set((await session.scalars(select(Notice.kind))).all())
        assert kinds == {NoticeKind.UNKNOWN_SEND}


async def test_a_nudge_whose_sending_is_unknown_is_not_sent_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await _left_unfinished(session)
    await _tick(database, DUE)
    messenger = FakeMessenger(SendFailed("timed out", unknown=True))
    await _deliver(database, messenger, DUE)
    await _deliver(database, messenger, DUE + timedelta(hours=1))
    assert messenger.tried == 1
    assert [row.state for row in await _queued(database, young)] == [OutboxState.UNKNOWN]


async def test_a_reply_left_by_a_crash_is_sent_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await outbox.say(session, young, [Say("utter_later_ok")], NOW)
    await _crash_while_sending(database, NOW)
    messenger = FakeMessenger()
    await _deliver(database, messenger, NOW + timedelta(seconds=59))
    assert messenger.sent == [], "still leased"
    await _deliver(database, messenger, NOW + LEASE + timedelta(seconds=1))
    assert len(messenger.texts_to(young.identity.address)) == 1


async def _crash_while_sending(database: Database, now: datetime) -> None:
    class Killed(BaseException):
        pass

    class Dying(FakeMessenger):
        async def send(self, parcel: object) -> str | None:
            raise Killed

    with pytest.raises(Killed):
        await delivery.deliver(database, {Channel.TELEGRAM: Dying()}, FakeClock(now), LEASE)


async def test_the_absence_nudge_asks_kindly_the_next_day_that_is_not_a_sunday(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment=FRIDAY)
        marked_at = paris("2027-03-14T09:00")  # a Sunday
        await appointments.mark(
            session,
            await appointment_of(session, young),
            AppointmentState.ABSENT,
            await adviser(session, "sandra"),
            marked_at,
        )
        [planned] = (await session.scalars(select(Nudge).where(Nudge.kind == NudgeKind.NO_SHOW))).all()
        assert planned.due_at == paris("2027-03-15T10:00")


async def test_a_booking_that_was_finished_is_not_asked_about(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await _left_unfinished(session)
        draft = (await session.scalars(select(BookingDraft))).one()
        draft.state = DraftState.BOOKED
    await _tick(database, DUE)
    assert await _queued(database, young) == []
