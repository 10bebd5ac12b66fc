"""One person on the web chat and on Telegram: joined by a link used once, parted by an adviser, counted once."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, RemindBy
from bot.domain.nudges import NudgeState
from bot.domain.people import Channel, MilestoneKind
from bot.domain.safety import check
from bot.errors import LinkGone, NothingToDo, TwoAppointments
from bot.services import alerts, appointments, buttons, commands, joining, nudges, people, rights
from bot.storage.database import Database
from bot.storage.tables import (
    Appointment,
    ChannelIdentity,
    Conversation,
    JoinLink,
    Message,
    Milestone,
    Nudge,
    OutboxRow,
    Person,
    SourceTouch,
)
from tests.factories import NOW, appointment_of, open_turn, paris, slot, young_person

LATER = NOW + timedelta(hours=1)
AT, EVE = "2027-03-12T10:00", paris("2027-03-11T18:00")
_browsers = itertools.count(1)


async def in_a_browser(session: AsyncSession, *, with_appointment: str | None = None) -> Conversation:
    """Someone who wrote in the web chat."""
    conversation = await people.meet(session, Channel.WEB, f"browser-{next(_browsers)}", NOW)
    if with_appointment:
        await appointments.book(session, conversation, await slot(session, with_appointment), NOW)
    return conversation


async def link_of(session: AsyncSession, conversation: Conversation) -> str:
    """What follows /start in the link they are given."""
    (said,) = await joining.offer(session, conversation, NOW)
    return said.buttons[0].payload.removeprefix(joining.OPEN)


async def counted(session: AsyncSession) -> int:
    """Persons as figures count them: those who can write from somewhere."""
    return await session.scalar(select(func.count(ChannelIdentity.person_id.distinct()))) or 0


async def test_the_appointment_and_its_reminders_move_to_telegram(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        link = await link_of(session, web)
        telegram = await young_person(session, now=LATER)
        (said,) = await joining.join(session, telegram, link, LATER)
        assert said.response == "utter_joined"
        appointment = await appointment_of(session, web)
        assert appointment.conversation_id == telegram.id
        assert appointment.remind_by is RemindBy.TELEGRAM
        planned = (await session.scalars(select(Nudge).where(Nudge.about == appointment.id))).all()
        assert {nudge.conversation_id for nudge in planned} == {telegram.id}
    async with database.unit_of_work() as session:
        await nudges.tick(session, EVE)
        (row,) = (await session.scalars(select(OutboxRow).where(OutboxRow.once_key.like("nudge:%:0")))).all()
        assert row.channel is Channel.TELEGRAM


async def test_they_are_one_person_and_count_for_one(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        telegram = await young_person(session, now=LATER)
        assert await counted(session) == 2
        await joining.join(session, telegram, await link_of(session, web), LATER)
        assert web.identity.person_id == telegram.identity.person_id
        assert await counted(session) == 1
        # Each side sees the appointment.
        for side in (web, telegram):
            assert (await appointments.upcoming(session, side, LATER)).id


@pytest.mark.parametrize("later", [timedelta(hours=24), timedelta(days=30)])
async def test_an_old_link_does_nothing(database: Database, later: timedelta) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session)
        link = await link_of(session, web)
        telegram = await young_person(session)
        with pytest.raises(LinkGone):
            await joining.join(session, telegram, link, NOW + later)
        assert await counted(session) == 2


async def test_a_link_works_for_one_account_only_and_may_be_touched_twice(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        link = await link_of(session, web)
        lea, tom = await young_person(session), await young_person(session)
        await joining.join(session, lea, link, LATER)
        (said,) = await joining.join(session, lea, link, LATER)
        assert said.response == "utter_joined"
        with pytest.raises(LinkGone):
            await joining.join(session, tom, link, LATER)
        assert tom.identity.person_id != web.identity.person_id


@pytest.mark.parametrize("code", ["join-", "join-x", "join-" + "é" * 40, "join-' or 1=1"])
async def test_an_invented_link_gets_a_sentence(database: Database, code: str) -> None:
    async with database.unit_of_work() as session:
        telegram = await young_person(session)
        said = await commands.start(session, telegram, code, NOW)
        assert [say.response for say in said] == ["utter_first_contact_short", "utter_join_gone"]
        assert await session.get(SourceTouch, telegram.identity.person_id) is None


async def test_a_link_opened_in_the_web_chat_joins_nobody(database: Database) -> None:
    async with database.unit_of_work() as session:
        web, other = await in_a_browser(session), await in_a_browser(session)
        with pytest.raises(LinkGone):
            await joining.join(session, other, await link_of(session, web), NOW)


async def test_only_a_digest_of_the_link_is_kept(database: Database) -> None:
    async with database.unit_of_work() as session:
        link = await link_of(session, await in_a_browser(session))
        (row,) = (await session.scalars(select(JoinLink))).all()
        assert link.removeprefix(joining.PREFIX) not in row.token_hash
        assert len(link) <= 64  # what Telegram lets through


async def test_with_two_appointments_nothing_changes_and_the_link_still_works(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        telegram = await young_person(session, with_appointment="2027-03-12T14:00")
        link = await link_of(session, web)
        with pytest.raises(TwoAppointments):
            await joining.join(session, telegram, link, LATER)
        assert await counted(session) == 2
        assert (await appointment_of(session, web)).conversation_id == web.id
        cancelled = await appointment_of(session, telegram)
        await appointments.cancel(session, cancelled, AppointmentState.CANCELLED_BY_YOUNG, LATER)
        (said,) = await joining.join(session, telegram, link, LATER)
        assert said.response == "utter_joined"


async def test_an_old_appointment_nobody_marked_does_not_stand_in_the_way(database: Database) -> None:
    async with database.unit_of_work() as session:
        telegram = await young_person(session, with_appointment="2027-03-10T13:30")
        web = await in_a_browser(session, with_appointment=AT)
        (said,) = await joining.join(session, telegram, await link_of(session, web), paris("2027-03-10T16:00"))
        assert said.response == "utter_joined"
        assert await counted(session) == 1


async def test_a_joined_person_keeps_what_each_side_asked_and_the_earliest_dates(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session)
        telegram = await young_person(session, now=LATER)
        await people.brought_by(session, telegram, "affiche-gare", LATER)
        await people.stop_nudges(telegram, LATER)
        await people.reach(session, telegram.identity.person_id, MilestoneKind.FIRST_HUMAN_ANSWER, LATER)
        web.discreet = True
        await joining.join(session, telegram, await link_of(session, web), LATER)
        person = telegram.identity.person
        assert person.nudges_stopped_at is not None
        assert telegram.discreet
        touch = await session.get(SourceTouch, person.id)
        assert touch is not None
        assert touch.first_code == "affiche-gare"
        dates = await session.execute(select(Milestone.kind, Milestone.at).where(Milestone.person_id == person.id))
        assert dict(iter(dates)) == {
            MilestoneKind.FIRST_CONTACT: NOW,
            MilestoneKind.FIRST_HUMAN_ANSWER: LATER,
        }


async def test_parting_gives_everything_back(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        telegram = await young_person(session)
        before = (web.identity.person_id, telegram.identity.person_id)
        await joining.join(session, telegram, await link_of(session, web), LATER)
        (absorbed,) = (
            await session.scalars(select(ChannelIdentity).where(ChannelIdentity.person_before_id.is_not(None)))
        ).all()
        await joining.part(session, absorbed, LATER)
        assert (web.identity.person_id, telegram.identity.person_id) == before
        appointment = await appointment_of(session, web)
        assert (appointment.conversation_id, appointment.person_id) == (web.id, before[0])
        planned = (await session.scalars(select(Nudge).where(Nudge.state == NudgeState.PLANNED))).all()
        assert {nudge.conversation_id for nudge in planned} == {web.id}
        assert await counted(session) == 2
        with pytest.raises(NothingToDo):
            await joining.part(session, absorbed, LATER)


async def test_what_was_booked_on_telegram_after_joining_stays_there(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session)
        telegram = await young_person(session, now=LATER)
        telegrams = telegram.identity.person_id
        await joining.join(session, telegram, await link_of(session, web), LATER)
        await appointments.book(session, telegram, await slot(session, AT), LATER)
        assert (await appointments.upcoming(session, web, LATER)).conversation_id == telegram.id
        await joining.part(session, telegram.identity, LATER)
        appointment = await session.scalar(select(Appointment))
        assert appointment is not None
        assert (appointment.conversation_id, appointment.person_id) == (telegram.id, telegrams)


async def test_erasing_on_one_side_erases_both(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        telegram = await young_person(session)
        await joining.join(session, telegram, await link_of(session, web), LATER)
        for side in (web, telegram):
            session.add(Message(conversation_id=side.id, author="young", kind="text", text="mon secret", at=NOW))
        await session.flush()
        await rights.erase(session, telegram, await open_turn(session, telegram), LATER)
    async with database.read_only() as session:
        assert (await session.scalars(select(Message))).all() == []
        assert None not in (await session.scalars(select(Person.erased_at))).all()


async def test_an_alert_on_one_side_holds_the_erasure_of_both(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session)
        telegram = await young_person(session)
        await joining.join(session, telegram, await link_of(session, web), LATER)
        reading = check("jveux mourir ce soir")
        await alerts.heard(session, web, None, None, "jveux mourir ce soir", reading, LATER)
        (said,) = await rights.ask_erase(session, telegram, LATER)
        assert said.response == "utter_erase_alert_pending"


async def test_who_erased_their_data_cannot_be_joined(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session)
        link = await link_of(session, web)
        await rights.erase(session, web, await open_turn(session, web), NOW)
        with pytest.raises(LinkGone):
            await joining.join(session, await young_person(session), link, LATER)


# ── Where to be reminded ─────────────────────────────────────────────────────────────────────


async def press(session: AsyncSession, web: Conversation, how: str) -> list[str]:
    appointment = await appointment_of(session, web)
    turn = await open_turn(session, web)
    said = await buttons.press(session, web, turn, f"remind:{how}:{appointment.id}", NOW)
    turn.closed_at = NOW
    return [say.response for say in said]


@pytest.mark.parametrize(
    ("how", "response", "remind_by"),
    [
        ("calendar", "utter_remind_calendar", RemindBy.CALENDAR),
        ("nowhere", "utter_remind_nowhere", RemindBy.NOWHERE),
        ("phone", "utter_remind_ask_phone", None),
        ("telegram", "utter_remind_telegram", None),
        ("pigeon", "utter_old_button", None),
    ],
)
async def test_each_answer_is_kept(database: Database, how: str, response: str, remind_by: RemindBy | None) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        assert await press(session, web, how) == [response]
        assert (await appointment_of(session, web)).remind_by is remind_by


@pytest.mark.parametrize("how", ["calendar", "nowhere"])
async def test_what_they_chose_is_what_is_done(database: Database, how: str) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        await press(session, web, how)
    async with database.unit_of_work() as session:
        await nudges.tick(session, EVE)
        assert (await session.scalars(select(OutboxRow))).all() == []


async def test_an_appointment_recalled_on_telegram_is_no_longer_asked_about_here(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        telegram = await young_person(session)
        await joining.join(session, telegram, await link_of(session, web), LATER)
        assert await press(session, web, "nowhere") == ["utter_no_appointment"]


async def test_a_moved_appointment_is_to_be_called_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        web = await in_a_browser(session, with_appointment=AT)
        appointment = await appointment_of(session, web)
        appointment.called_at = NOW
        await appointments.move(session, appointment, await slot(session, "2027-03-12T14:00"), NOW)
        assert appointment.called_at is None
