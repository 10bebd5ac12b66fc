"""A bare yes presses the button that the last thing said marks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Say
from bot.services import answers, outbox
from bot.storage.database import Database
from bot.storage.tables import Conversation
from tests.factories import NOW, open_turn, young_person

NEXT_WEEK = NOW + timedelta(days=7)


async def _yes(session: AsyncSession, young: Conversation, now=NOW) -> str:
    """The response that a yes gets."""
    turn = await open_turn(session, young, now=now)
    return (await answers.yes_or_no(session, young, turn, True, now))[0].response


async def test_a_yes_does_what_the_variant_that_was_said_offers(database: Database) -> None:
    got = {}
    for _ in range(2):  # one conversation after the other, one variant after the other
        async with database.unit_of_work() as session:
            young = await young_person(session)
            rows = await outbox.say(session, young, [Say("utter_report_dropout")], NOW)
            got[rows[-1].payload["text"]] = await _yes(session, young)
    assert got["Tu veux en parler avec quelqu'un ?"].startswith("utter_human_")
    assert got["Pour la suite, l'équipe peut t'aider. Tu veux un rendez-vous ?"] == "utter_booking_ask_place"


async def test_a_yes_answers_the_last_question(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await outbox.say(session, young, [Say("utter_no_appointment")], NOW)
        says = [Say("utter_outage_apology", {"delay": "3 h"}), Say("utter_need_family")]
        await outbox.say(session, young, says, NOW + timedelta(minutes=1))
        assert (await _yes(session, young, NOW + timedelta(minutes=2))).startswith("utter_human_")


@pytest.mark.parametrize(("said", "now"), [("utter_old_button", NOW), ("utter_no_appointment", NEXT_WEEK)])
async def test_a_yes_to_an_open_question_or_to_an_old_one_presses_nothing(
    database: Database, said: str, now: object
) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await outbox.say(session, young, [Say(said)], NOW)
        assert await _yes(session, young, now) == "utter_affirm_nothing_pending"
