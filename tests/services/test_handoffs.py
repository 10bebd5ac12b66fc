"""One human at a time holds a conversation, and the bot is silent meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Author, Say, Speaker
from bot.domain.handoffs import HandoffReason, HandoffState
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import MilestoneKind
from bot.errors import AlreadyTaken, NothingToDo, NotTheHolder, NotYourStructure
from bot.services import asking, commands, handoffs, outbox, team
from bot.storage.database import Database
from bot.storage.tables import Conversation, Handoff, HandoffEvent, Message, Milestone, Notice, OutboxRow
from tests.factories import NOW, adviser, handoff, open_turn, paris, young_person

NIGHT = paris("2027-03-10T22:00")


async def _waiting_texts(session: AsyncSession, young: Conversation) -> list[str]:
    rows = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.conversation_id == young.id, OutboxRow.state == OutboxState.WAITING)
        .order_by(OutboxRow.id)
    )
    return [row.payload["text"] for row in rows]


async def test_two_advisers_take_at_once_and_the_other_hears_who_has_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        asked = (await handoff(session, await young_person(session))).id

    async def take(slug: str) -> str:
        async with database.unit_of_work() as session:
            who = await adviser(session, slug)
            await handoffs.take(session, await session.get_one(Handoff, asked), who, NOW)
            return who.first_name

    got = await asyncio.gather(take("sandra"), take("nadia"), return_exceptions=True)

    [winner] = [one for one in got if isinstance(one, str)]
    [refusal] = [one for one in got if isinstance(one, AlreadyTaken)]
    assert refusal.values == {"name": winner}
    async with database.read_only() as session:
        states = (await session.scalars(select(HandoffEvent.state).order_by(HandoffEvent.id))).all()
        assert states == [HandoffState.ASKED, HandoffState.TAKEN]


async def test_another_structure_cannot_take(database: Database) -> None:
    async with database.unit_of_work() as session:
        asked = await handoff(session, await young_person(session))
        with pytest.raises(NotYourStructure):
            await handoffs.take(session, asked, await adviser(session, "karim"), NOW)
        assert await handoffs.waiting(session, "amp-demo") == []
        assert await handoffs.waiting(session, "ml-demo") == [asked]


async def test_taking_twice_does_nothing(database: Database) -> None:
    async with database.unit_of_work() as session:
        held = await handoff(session, await young_person(session), taken_by="sandra")
        with pytest.raises(NothingToDo):
            await handoffs.take(session, held, await adviser(session, "sandra"), NOW)


async def test_only_the_holder_answers_and_gives_back(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        asked = await handoff(session, young)
        sandra, nadia = await adviser(session, "sandra"), await adviser(session, "nadia")
        for who in (sandra, nadia):
            with pytest.raises(NotTheHolder):
                await handoffs.answer(session, asked, who, "Bonjour", NOW)
        held = await handoffs.take(session, asked, sandra, NOW)
        with pytest.raises(NotTheHolder):
            await handoffs.answer(session, held, nadia, "Bonjour", NOW)
        with pytest.raises(NotTheHolder):
            await handoffs.give_back(session, held, nadia, NOW)
        assert await handoffs.holder(session, young) is held


async def test_an_answer_is_signed_and_is_a_milestone(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        sandra = await adviser(session, "sandra")
        await handoffs.answer(session, held, sandra, "  Je t'appelle demain. ", NOW)

        texts = await _waiting_texts(session, young)
        assert texts[-1] == "Sandra, Mission Locale : Je t'appelle demain."
        message = (await session.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        assert (message.author, message.adviser_id) == (Author.ADVISER, sandra.id)
        answered = (young.identity.person_id, MilestoneKind.FIRST_HUMAN_ANSWER)
        assert (await session.get_one(Milestone, answered)).at == NOW


async def test_given_back_is_announced_and_can_be_asked_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        held = await handoff(session, young, taken_by="sandra")
        taken = await _waiting_texts(session, young)
        await handoffs.give_back(session, held, await adviser(session, "sandra"), NOW)

        assert held.state is HandoffState.GIVEN_BACK
        assert await handoffs.holder(session, young) is None
        announced = await _waiting_texts(session, young)
        assert "Sandra" in taken[-1]
        assert len(announced) > len(taken)
        again = await handoff(session, young)
        assert again.id != held.id


async def test_danger_is_first_then_who_waits_longest(database: Database) -> None:
    async with database.unit_of_work() as session:
        oldest = await handoff(session, await young_person(session), now=NOW)
        newer = await handoff(session, await young_person(session), now=NOW + timedelta(minutes=1))
        danger = await handoff(
            session, await young_person(session), reason=HandoffReason.SAFETY, now=NOW + timedelta(minutes=2)
        )
        assert await handoffs.waiting(session, "ml-demo") == [danger, oldest, newer]


async def test_asking_twice_is_one_handoff_that_can_only_become_more_urgent(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        first = await handoff(session, young)
        raised = await handoff(session, young, reason=HandoffReason.SAFETY)
        again = await handoff(session, young, reason=HandoffReason.ASKED)
        assert first.id == raised.id == again.id
        assert again.reason is HandoffReason.SAFETY


async def test_those_present_are_told_once_and_nobody_at_night(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await handoff(session, young)
        await handoff(session, young)
        notices = (await session.scalars(select(Notice))).all()
        names = {(await adviser(session, slug)).id for slug in ("sandra", "nadia", "claire")}
        assert len(notices) == 3
        assert {notice.adviser_id for notice in notices} == names

        await handoff(session, await young_person(session), now=NIGHT)
        assert len((await session.scalars(select(Notice))).all()) == 3


async def test_what_the_bot_had_to_say_is_dropped_when_a_human_takes(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        asked = await handoff(session, young)
        for kind in (OutboxKind.REPLY, OutboxKind.NUDGE, OutboxKind.REMINDER, OutboxKind.SERVICE):
            await outbox.say(session, young, [Say("utter_menu")], NOW, kind=kind)
        await handoffs.take(session, asked, await adviser(session, "sandra"), NOW)
    async with database.read_only() as session:
        rows = (await session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == young.id))).all()
        dropped = {row.kind for row in rows if row.state is OutboxState.DROPPED}
        waiting = {row.kind for row in rows if row.state is OutboxState.WAITING}
        assert dropped == {OutboxKind.REPLY, OutboxKind.NUDGE}
        assert waiting == {OutboxKind.REMINDER, OutboxKind.SERVICE, OutboxKind.ADVISER}


async def test_a_human_who_takes_withdraws_no_help_line(database: Database) -> None:
    """Telegram lets four messages a second leave: the rest of the answer to danger may still wait."""
    async with database.unit_of_work() as session:
        young = await young_person(session)
        asked = await handoff(session, young, reason=HandoffReason.SAFETY)
        for speaker in (Speaker.SAFETY, Speaker.ASSISTANT):
            turn = await open_turn(session, young)
            turn.speaker, turn.closed_at = speaker, NOW
            await session.flush()
            await outbox.say(session, young, [Say("utter_safety_line_suicide_3114")], NOW, turn_id=turn.id)
        await outbox.say(session, young, [Say("utter_safety_line_sms_114")], NOW, once="alert:1:first")
        await handoffs.take(session, asked, await adviser(session, "sandra"), NOW)
    async with database.read_only() as session:
        rows = (await session.scalars(select(OutboxRow).order_by(OutboxRow.id))).all()
        assert [row.state for row in rows[:3]] == [OutboxState.WAITING, OutboxState.DROPPED, OutboxState.WAITING]


async def test_the_absent_holders_return_is_said_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        held = await handoff(session, await young_person(session), taken_by="sandra")
        assert await asking.say_holder_off_duty(session, held, NOW) == []
        [say] = await asking.say_holder_off_duty(session, held, NIGHT)
        assert say.values == {"name": "Sandra", "returns": "demain à 9 h"}
        assert await asking.say_holder_off_duty(session, held, NIGHT) == []


@pytest.mark.parametrize(
    ("name", "short_name", "robot_of", "told"),
    [
        (
            "Mission Locale du Nord Mosellan",
            "Mission Locale",
            "la Mission Locale du Nord Mosellan",
            "de la Mission Locale",
        ),
        ("AMIPH", "AMIPH", "l'équipe AMIPH", "AMIPH"),
        ("AMP (démo)", "AMP", "l'équipe AMP", "AMP"),
    ],
)
async def test_the_team_is_named_with_its_article(
    database: Database, name: str, short_name: str, robot_of: str, told: str
) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        young.structure.name, young.structure.short_name = name, short_name
        says = await asking.ask_and_say(session, young, HandoffReason.ASKED, NOW)
        assert says[0].values["team"] == told
        assert (await commands.introduction(session, young))["structure"] == robot_of
        for one in await team.advisers_of(session, young.structure_id):
            one.active = False
        assert (await commands.introduction(session, young))["humans"] == f"l'équipe {told}"
