"""Every step of a handoff: who may take it, what the young person hears, what the history keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Author, IncomingKind
from bot.domain.handoffs import HandoffReason, HandoffState, Step
from bot.domain.team import NoticeKind
from bot.errors import (
    AlreadyTaken,
    BadMoment,
    NotAColleague,
    NoteTooLong,
    NotKnownYet,
    NotTheHolder,
    NotYourStructure,
    Refusal,
    StillWaiting,
)
from bot.services import handoffs, partners, queue
from bot.storage.database import Database
from bot.storage.tables import Conversation, Handoff, HandoffEvent, Message, Notice, OutboxRow
from tests.factories import NOW, adviser, handoff, young_person

LATER = NOW + timedelta(hours=3)


async def _history(session: AsyncSession, of: Handoff) -> list[HandoffEvent]:
    rows = await session.scalars(select(HandoffEvent).where(HandoffEvent.handoff_id == of.id).order_by(HandoffEvent.id))
    return list(rows)


async def _texts(session: AsyncSession, young: Conversation) -> list[str]:
    rows = await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == young.id).order_by(OutboxRow.id))
    return [row.payload["text"] for row in rows]


async def _told(session: AsyncSession, slug: str) -> list[NoticeKind]:
    who = await adviser(session, slug)
    return list(await session.scalars(select(Notice.kind).where(Notice.adviser_id == who.id).order_by(Notice.id)))


async def _young_writes(session: AsyncSession, young: Conversation, at: object = NOW) -> None:
    session.add(
        Message(conversation_id=young.id, author=Author.YOUNG, kind=IncomingKind.TEXT, text="tu es là ?", at=at)
    )
    await session.flush()


async def test_taking_from_a_colleague_is_asked_for_and_recorded(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        with pytest.raises(AlreadyTaken) as refused:
            await handoffs.take(session, held, nadia, NOW)
        assert refused.value.values == {"name": "Sandra"}

        await handoffs.take(session, held, nadia, LATER, from_colleague=True)
        assert (held.state, held.adviser) == (HandoffState.TAKEN, nadia)
        last = (await _history(session, held))[-1]
        assert (last.event, last.adviser_id, last.from_adviser_id, last.to_adviser_id, last.at) == (
            Step.TAKEN_OVER,
            nadia.id,
            sandra.id,
            nadia.id,
            LATER,
        )
        assert "prends la suite de Sandra" in (await _texts(session, young))[-1]
        assert NoticeKind.TAKEN_OVER in await _told(session, "sandra")
        with pytest.raises(NotTheHolder):
            await handoffs.answer(session, held, sandra, "Bonjour", LATER)


async def test_a_transfer_for_a_time_comes_back(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        await handoffs.transfer(session, held, sandra, nadia, NOW, until=LATER, note=" Elle attend sa CNI. ")

        assert held.adviser == nadia
        last = (await _history(session, held))[-1]
        assert (last.event, last.note, last.until, last.from_adviser_id) == (
            Step.TRANSFERRED,
            "Elle attend sa CNI.",
            LATER,
            sandra.id,
        )
        assert not any("CNI" in text for text in await _texts(session, young))
        assert NoticeKind.TRANSFERRED in await _told(session, "nadia")

        assert await queue.tick(session, LATER - timedelta(minutes=1)) == 0
        assert await queue.tick(session, LATER) == 1
        assert held.adviser == sandra
        assert (await _history(session, held))[-1].event is Step.TRANSFER_OVER
        assert "prends la suite de Nadia" in (await _texts(session, young))[-1]
        assert await queue.tick(session, LATER) == 0


async def test_a_transfer_for_good_stays(database: Database) -> None:
    async with database.unit_of_work() as session:
        held = await handoff(session, await young_person(session), taken_by="sandra")
        claire, nadia = await adviser(session, "claire"), await adviser(session, "nadia")
        await handoffs.transfer(session, held, claire, nadia, NOW)  # a coordinator, for the holder
        assert await queue.tick(session, LATER) == 0
        assert held.adviser == nadia


async def test_a_transfer_is_refused_where_it_makes_no_sense(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        asked = await handoff(session, young)
        sandra, nadia, karim = [await adviser(session, slug) for slug in ("sandra", "nadia", "karim")]
        anne = await partners.create(session, sandra.structure, "Anne", "la mairie")
        with pytest.raises(NotTheHolder):
            await handoffs.transfer(session, asked, sandra, nadia, NOW)
        held = await handoffs.take(session, asked, sandra, NOW)
        for by in (nadia, karim):
            with pytest.raises(NotTheHolder):
                await handoffs.transfer(session, held, by, nadia, NOW)
        for to in (sandra, karim, anne):
            with pytest.raises(NotAColleague):
                await handoffs.transfer(session, held, sandra, to, NOW)
        for until in (NOW, NOW + timedelta(days=61)):
            with pytest.raises(BadMoment):
                await handoffs.transfer(session, held, sandra, nadia, NOW, until=until)
        with pytest.raises(NoteTooLong):
            await handoffs.transfer(session, held, sandra, nadia, NOW, note="a" * 501)
        assert held.adviser == sandra
        assert len(await _history(session, held)) == 2


async def test_what_is_put_aside_is_still_held_and_wakes_by_the_clock(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        said = await _texts(session, young)
        await handoffs.snooze(session, held, sandra, LATER, NOW)

        assert await handoffs.holder(session, young) is held
        with pytest.raises(AlreadyTaken):
            await handoffs.take(session, held, nadia, NOW)
        assert (await handoff(session, young)).id == held.id  # one open handoff, as before
        assert held.state is HandoffState.TAKEN  # who asks again wakes it

        await handoffs.snooze(session, held, sandra, LATER, NOW)
        assert await queue.tick(session, LATER) == 1
        assert held.state is HandoffState.TAKEN
        assert held.snoozed_until is None
        assert [one.event for one in await _history(session, held)][-1] is Step.WOKEN
        assert (await _told(session, "sandra")).count(NoticeKind.WOKEN) == 2
        assert await _texts(session, young) == said  # nothing of it is said to the young person


async def test_the_young_persons_next_message_wakes_what_was_put_aside(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        await handoffs.snooze(session, held, await adviser(session, "sandra"), LATER, NOW)
        assert await handoffs.hear(session, young, NOW) is held
        assert held.state is HandoffState.TAKEN
        assert await handoffs.hear(session, await young_person(session), NOW) is None


async def test_a_promise_says_when_and_is_kept_in_the_history(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        await handoffs.promise(session, held, sandra, NOW.replace(hour=16), NOW)
        assert (await _texts(session, young))[-1] == "Sandra, Mission Locale : je te réponds aujourd'hui à 16 h."
        assert (await _history(session, held))[-1].until == NOW.replace(hour=16)
        with pytest.raises(BadMoment):
            await handoffs.promise(session, held, sandra, NOW, NOW)
        with pytest.raises(NotTheHolder):
            await handoffs.promise(session, held, nadia, LATER, NOW)
        await handoffs.answer(session, held, sandra, "Me voilà.", LATER)
        assert held.promised_at is None


@pytest.mark.parametrize("summary", ["", "On se voit jeudi à 14 h."])
async def test_given_back_with_a_last_word(database: Database, summary: str) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        before = await _texts(session, young)
        await handoffs.give_back(session, held, sandra, NOW, summary)
        said = (await _texts(session, young))[len(before) :]
        assert [text for text in said if "jeudi" in text] == (
            [f"Sandra, Mission Locale : {summary}"] if summary else []
        )
        assert held.state is HandoffState.GIVEN_BACK
        assert await handoffs.holder(session, young) is None


async def test_closed_is_said_and_asked_again_is_another(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        with pytest.raises(NotTheHolder):
            await handoffs.close(session, held, nadia, NOW)
        await handoffs.snooze(session, held, sandra, LATER, NOW)
        await handoffs.close(session, held, sandra, NOW)
        assert (held.state, held.ended_at) == (HandoffState.CLOSED, NOW)
        assert "Sandra termine la conversation" in (await _texts(session, young))[-1]
        with pytest.raises(NotTheHolder):
            await handoffs.close(session, held, sandra, NOW)
        assert (await handoff(session, young)).id != held.id


async def test_the_team_writes_first_once_to_someone_it_knows_even_after_stop(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra, nadia, karim = [await adviser(session, slug) for slug in ("sandra", "nadia", "karim")]
        with pytest.raises(NotKnownYet):
            await handoffs.write_first(session, young, sandra, "Bonjour", NOW)
        held = await handoff(session, young, taken_by="sandra")
        await handoffs.give_back(session, held, sandra, NOW)
        young.identity.person.nudges_stopped_at = NOW
        for who, refusal in ((nadia, NotKnownYet), (karim, NotYourStructure)):
            with pytest.raises(refusal):
                await handoffs.write_first(session, young, who, "Bonjour", NOW)

        first = await handoffs.write_first(session, young, sandra, "Une place se libère jeudi.", LATER)
        assert (first.state, first.reason, first.adviser) == (HandoffState.TAKEN, HandoffReason.WROTE_FIRST, sandra)
        assert (await _texts(session, young))[-1] == "Sandra, Mission Locale : Une place se libère jeudi."
        history = await _history(session, first)
        assert [(one.event, one.adviser_id, one.to_adviser_id) for one in history] == [
            (Step.WROTE_FIRST, sandra.id, sandra.id)
        ]
        with pytest.raises(StillWaiting):
            await handoffs.answer(session, first, sandra, "Tu as vu ?", LATER)
        await handoffs.close(session, first, sandra, LATER)
        with pytest.raises(StillWaiting):
            await handoffs.write_first(session, young, sandra, "Tu as vu ?", LATER)

        await _young_writes(session, young, LATER)
        again = await handoffs.write_first(session, young, sandra, "Parfait.", LATER)
        assert again.id != first.id


async def test_writing_first_answers_who_waits_and_never_over_a_colleague(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        held = await handoff(session, young, taken_by="nadia")
        await handoffs.give_back(session, held, nadia, NOW)
        held = await handoff(session, young, taken_by="sandra")
        with pytest.raises(AlreadyTaken):
            await handoffs.write_first(session, young, nadia, "Bonjour", NOW)
        await handoffs.give_back(session, held, sandra, NOW)
        asked = await handoff(session, young)
        assert (await handoffs.write_first(session, young, nadia, "Bonjour", NOW)).id == asked.id
        young.identity.person.erased_at = NOW
        with pytest.raises(Refusal):
            await handoffs.write_first(session, young, nadia, "Bonjour", NOW)
