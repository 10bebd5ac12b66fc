"""People: how they came is kept, what they ask to forget is forgotten."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState
from bot.domain.conversations import Author, IncomingKind
from bot.domain.handoffs import HandoffReason
from bot.domain.people import Channel, MilestoneKind
from bot.domain.safety import check
from bot.services import alerts, people, rights, team
from bot.storage.database import Database
from bot.storage.tables import (
    Appointment,
    BookingDraft,
    Conversation,
    Handoff,
    InboxRow,
    Message,
    Milestone,
    OldRasaKey,
    Person,
    SlotSlice,
    SourceTouch,
    Structure,
    Turn,
    TurnEffect,
)
from tests.factories import NOW, adviser, open_turn, paris, writes, young_person

NEXT_DAY = NOW + timedelta(days=1)


async def _touch(session: AsyncSession, young: Conversation) -> SourceTouch:
    return await session.get_one(SourceTouch, young.identity.person_id)


async def test_an_address_is_met_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        first = await people.meet(session, Channel.TELEGRAM, "77", NOW)
        again = await people.meet(session, Channel.TELEGRAM, "77", NEXT_DAY)
        other = await people.meet(session, Channel.TERMINAL, "77", NOW)
        assert again is first
        assert other is not first
        met = await session.get_one(Milestone, (first.identity.person_id, MilestoneKind.FIRST_CONTACT))
        assert met.at == NOW


async def test_the_first_and_the_last_source_are_kept(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        for days, code in enumerate(("affiche-gare", "marche-hayange", "bus")):
            await people.brought_by(session, young, code, NOW + timedelta(days=days))
        touch = await _touch(session, young)
        assert (touch.first_code, touch.first_at, touch.first_known) == ("affiche-gare", NOW, True)
        assert (touch.last_code, touch.last_at) == ("bus", NOW + timedelta(days=2))


async def test_an_unknown_source_is_kept_as_unknown(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await people.brought_by(session, young, "x" * 500, NOW)
        touch = await _touch(session, young)
        assert (touch.first_code, touch.first_known) == ("x" * 64, False)


@pytest.mark.parametrize(
    ("code", "structure"), [("promeneur-karim", "amp-demo"), ("affiche-gare", "ml-demo"), ("?", "ml-demo")]
)
async def test_the_first_source_may_choose_the_structure(database: Database, code: str, structure: str) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await people.brought_by(session, young, code, NOW)
    async with database.read_only() as session:
        assert (await session.get_one(Conversation, young.id)).structure_id == structure


async def _erased(database: Database) -> Conversation:
    """Someone with a past who asked that it be forgotten."""
    async with database.unit_of_work() as session:
        young = await young_person(session, with_appointment="2027-03-15T10:00")
        await people.brought_by(session, young, "bus", NOW)
        await people.reach(session, young.identity.person_id, MilestoneKind.FIRST_HUMAN_ANSWER, NOW)
        young.commune, young.pending = "57672", {"kind": "rebook", "at": NOW.isoformat()}
        await writes(session, young.identity.address, "je m'appelle Lina")
        earlier = await open_turn(session, young)
        earlier.text, earlier.closed_at = "je m'appelle Lina", NOW
        row = (await session.scalars(select(InboxRow))).one()
        row.turn_id = earlier.id
        session.add(TurnEffect(turn_id=earlier.id, action="action_x", says=[], outcome={"name": "Lina"}))
        session.add(
            Message(
                conversation_id=young.id,
                turn_id=earlier.id,
                author=Author.YOUNG,
                kind=IncomingKind.TEXT,
                text="je m'appelle Lina",
                at=NOW,
            )
        )
        session.add(
            BookingDraft(
                conversation_id=young.id,
                wanted=[],
                excluded=[],
                offered=[],
                seen=[],
                phone="+33612345678",
                opened_at=NOW,
                touched_at=NOW,
            )
        )
        await session.flush()
        await rights.erase(session, young, await open_turn(session, young, now=NEXT_DAY), NEXT_DAY)
        return young


async def test_erasing_removes_what_was_written_and_keeps_the_dates(database: Database) -> None:
    young = await _erased(database)
    async with database.read_only() as session:
        assert (await session.scalars(select(Message))).all() == []
        assert (await session.scalars(select(TurnEffect))).all() == []
        assert set((await session.scalars(select(Turn.text))).all()) == {None}
        assert (await session.scalars(select(InboxRow.payload))).all() == [{}]
        assert (await session.scalars(select(BookingDraft.phone))).all() == [None]
        assert (await session.scalars(select(SourceTouch))).all() == []

        fresh = await session.get_one(Conversation, young.id)
        assert (fresh.commune, fresh.pending) == (None, None)
        assert (await session.get_one(Person, fresh.identity.person_id)).erased_at == NEXT_DAY
        kinds = set((await session.scalars(select(Milestone.kind))).all())
        assert kinds == {MilestoneKind.FIRST_CONTACT, MilestoneKind.FIRST_HUMAN_ANSWER}


async def test_erasing_frees_the_appointment_and_changes_rasas_key(database: Database) -> None:
    await _erased(database)
    async with database.read_only() as session:
        assert (await session.scalars(select(Appointment.state))).all() == [AppointmentState.CANCELLED_BY_YOUNG]
        assert (await session.scalars(select(SlotSlice))).all() == []
        [old] = (await session.scalars(select(OldRasaKey.key))).all()
        assert (await session.scalars(select(Conversation.rasa_key))).all() != [old]


async def test_during_an_alert_a_human_looks_before_anything_is_erased(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        text = "je veux mourir"
        await alerts.heard(session, young, None, None, text, check(text), NOW)
        turn = await open_turn(session, young)
        says = await rights.erase(session, young, turn, NOW)
        assert [say.response for say in says] == ["utter_erase_alert_pending"]
        assert turn.text is not None
        asked = (await session.scalars(select(Handoff))).one()
        assert asked.reason is HandoffReason.SAFETY, "the more urgent reason stays"


# ── The team ─────────────────────────────────────────────────────────────────────────────────


async def _team(session: AsyncSession, now: str) -> team.TeamNow:
    return await team.team_now(session, await session.get_one(Structure, "ml-demo"), paris(now))


async def test_over_a_long_week_end_the_team_comes_back_after_it(database: Database) -> None:
    async with database.read_only() as session:
        there = await _team(session, "2027-03-25T18:30")  # before Good Friday, and Easter Monday follows
        assert not there.open_now
        assert there.reopens_at == paris("2027-03-30T09:00")
        assert there.say_reopens(paris("2027-03-25T18:30")) == "mardi 30 mars à 9 h"


async def test_who_is_there_and_until_when(database: Database) -> None:
    async with database.read_only() as session:
        there = await _team(session, "2027-03-25T09:00")
        assert {one.first_name for one in there.present} == {"Sandra", "Nadia", "Claire"}
        assert there.until == time(12)
        assert not (await _team(session, "2027-03-25T12:00")).open_now
        assert (await _team(session, "2027-03-25T16:59")).open_now
        assert not (await _team(session, "2027-03-26T10:00")).open_now, "Good Friday"


async def test_an_adviser_away_is_not_there(database: Database) -> None:
    async with database.read_only() as session:
        karim = await adviser(session, "karim")
        hours = await team.hours_of(session, karim)
        assert not hours.is_open(paris("2027-08-04T10:00"))
        assert hours.next_opening(paris("2027-08-04T10:00")) == paris("2027-08-16T09:00")
        assert await team.reachable(session, "amp-demo", paris("2027-08-04T10:00")) == []
