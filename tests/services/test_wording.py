"""A structure's own words: said in its conversations, with their values, and by two people where it is of safety."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.conversations import Say
from bot.domain.team import Role
from bot.domain.wording import WordingState, faults
from bot.errors import AlreadyDecided, BadWording, NotChangeable, OwnProposal
from bot.services import handoffs, outbox, wording
from bot.storage.database import Database
from bot.storage.tables import Adviser, Conversation, OutboxRow, Wording
from tests.factories import NOW, adviser, handoff, young_person

FREE, SAFETY = "utter_human_no_hours", "utter_safety_heard_suicide"
OURS = "C'est transmis à l'équipe. On te répond vite."
GENTLE = "J'ai lu ton message. Merci de l'avoir écrit ici."


async def _said(session: AsyncSession, young: Conversation, response: str, turn: int = 0) -> str:
    """The text, with the first of its variants."""
    own = await wording.own(session, young.structure_id, [response])
    return texts.render(Say(response), turn, own)[0].text


async def _second_coordinator(session: AsyncSession) -> Adviser:
    nadia = await adviser(session, "nadia")
    nadia.role = Role.COORDINATOR
    await session.flush()
    return nadia


async def test_a_text_of_the_coordination_is_said_at_once_to_its_own_young_people_only(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire = await adviser(session, "claire")
        ours, theirs = await young_person(session), await young_person(session, structure="amp-demo")
        await wording.propose(session, claire, FREE, 0, f"  {OURS}\r\n", NOW)
        rows = await outbox.say(session, ours, [Say(FREE)], NOW)
        assert [row.payload["text"] for row in rows] == [OURS]
        assert [title for title, _ in rows[-1].payload["buttons"]] == ["Prendre un rendez-vous", "Recevoir un appel"]
        assert (await outbox.say(session, theirs, [Say(FREE)], NOW))[0].payload["text"] != OURS
        await wording.restore(session, claire, FREE, 0, NOW)
        assert (await outbox.say(session, ours, [Say(FREE)], NOW))[0].payload["text"] != OURS


async def test_what_an_adviser_writes_waits_for_the_coordination(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        sandra, claire = await adviser(session, "sandra"), await adviser(session, "claire")
        proposed = await wording.propose(session, sandra, FREE, 0, OURS, NOW)
        assert await _said(session, young, FREE) != OURS
        await wording.validate(session, proposed, claire, NOW)
        assert await _said(session, young, FREE) == OURS
        with pytest.raises(AlreadyDecided):
            await wording.refuse(session, proposed, claire, NOW)


async def test_a_text_of_safety_is_said_only_once_a_second_person_validated_it(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, claire = await young_person(session), await adviser(session, "claire")
        nadia = await _second_coordinator(session)
        proposed = await wording.propose(session, claire, SAFETY, 0, GENTLE, NOW)
        assert proposed.state is WordingState.PROPOSED
        assert await _said(session, young, SAFETY) != GENTLE
        with pytest.raises(OwnProposal):
            await wording.validate(session, proposed, claire, NOW)
        assert await _said(session, young, SAFETY) != GENTLE
        await wording.validate(session, proposed, nadia, NOW + timedelta(hours=1))
        assert await _said(session, young, SAFETY) == GENTLE
        others = texts.all_variants(SAFETY)[1:]
        assert [await _said(session, young, SAFETY, turn) for turn in (1, 2)] == [text.strip() for text in others]
    async with database.read_only() as session:
        [kept] = await wording.of_structure(session, "ml-demo")
        assert (kept.author.first_name, kept.decider and kept.decider.first_name) == ("Claire", "Nadia")


async def test_one_text_is_in_force_and_the_others_stay_as_history(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire, sandra = await adviser(session, "claire"), await adviser(session, "sandra")
        for text in (OURS, "Ta demande est partie."):
            await wording.propose(session, claire, FREE, 0, text, NOW)
        first = await wording.propose(session, sandra, FREE, 0, "C'est parti.", NOW)
        await wording.propose(session, sandra, FREE, 0, "C'est bien parti.", NOW)
        with pytest.raises(AlreadyDecided):
            await wording.validate(session, first, claire, NOW)
    async with database.read_only() as session:
        rows = (await session.scalars(select(Wording).order_by(Wording.id))).all()
        assert [row.state.value for row in rows] == ["replaced", "in_force", "replaced", "proposed"]


async def test_a_text_whose_default_has_other_values_by_now_is_not_said(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.unit_of_work() as session:
        young, claire = await young_person(session), await adviser(session, "claire")
        await wording.propose(session, claire, FREE, 0, OURS, NOW)
        changed = texts.responses() | {FREE: [{"text": "{who} te répond.", "buttons": []}]}
        monkeypatch.setattr(texts, "responses", lambda: changed)
        rows = await outbox.say(session, young, [Say(FREE, {"who": "Karim"})], NOW)
        assert rows[0].payload["text"] == "Karim te répond."


async def test_what_a_human_writes_begins_with_the_structures_signature(database: Database) -> None:
    async with database.unit_of_work() as session:
        young, claire = await young_person(session), await adviser(session, "claire")
        sandra, held = await adviser(session, "sandra"), await handoff(session, young, taken_by="sandra")
        await wording.propose(session, claire, wording.SIGNATURE, 0, "{name} ({structure})", NOW)
        await handoffs.answer(session, held, sandra, "Bonjour {name}", NOW)
        said = await session.scalar(select(OutboxRow.payload).order_by(OutboxRow.id.desc()).limit(1))
        assert said["text"] == "Sandra (Mission Locale) : Bonjour {name}"


@pytest.mark.parametrize("response", ["utter_error", "utter_privacy", "utter_nothing_like_it"])
async def test_the_other_texts_stay_as_they_are(database: Database, response: str) -> None:
    async with database.unit_of_work() as session:
        with pytest.raises(NotChangeable):
            await wording.propose(session, await adviser(session, "claire"), response, 0, OURS, NOW)
        with pytest.raises(NotChangeable):
            await wording.propose(session, await adviser(session, "claire"), FREE, 1, OURS, NOW)


LINES = "utter_voice"  # gives the 15 and the 114


@pytest.mark.parametrize(
    ("response", "text", "wrong"),
    [
        (FREE, " ", "empty"),
        (wording.SIGNATURE, "{name}\n\n{structure}", "one_line"),
        (FREE, "a. " * 400, "long"),
        (FREE, "Un. Deux. Trois. Quatre.", "sentences"),
        (FREE, "Un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize.", "words"),
        (FREE, "Vous aurez une réponse.", "vous"),
        (FREE, "N'hésite pas à écrire.", "word"),
        (FREE, "Tu as droit à une aide.", "word"),
        (FREE, "Tu es inscrit·e.", "gender"),
        (FREE, "C'est fait 🎉", "emoji"),
        (FREE, "Ça va ? Tu veux quoi ?", "one_question"),
        (FREE, "C'est {when}.", "values_unknown"),
        (FREE, "C'est {when.", "values_unknown"),
        ("utter_human_told", "Quelqu'un te répond.", "values_missing"),
        (LINES, "Quelqu'un l'écoute {when}. Si c'est urgent : le 15.", "numbers"),
        (LINES, "Quelqu'un l'écoute {when}. Si c'est urgent : le 15, le 115, ou un SMS au 114.", "numbers"),
    ],
)
async def test_the_rules_of_the_voice_are_said_in_clear(response: str, text: str, wrong: str) -> None:
    with pytest.raises(BadWording) as caught:
        wording.check(response, 0, text.strip())
    assert f"utter_wording_{wrong}" in {fault.response for fault in caught.value.faults}
    assert all(texts.render(fault)[0].text for fault in caught.value.faults)


def test_every_text_a_structure_may_change_keeps_the_rules_itself() -> None:
    """Otherwise one could not change a comma of it."""
    wrong = {
        (name, number): [fault.response for fault in found]
        for name in texts.changeable()
        for number, variant in enumerate(texts.responses()[name])
        if (
            found := faults(
                variant["text"].strip(),
                variant["text"].strip(),
                answers_yes=any(button.get("on_yes") for button in variant.get("buttons", ())),
                numbers_stay=texts.needs_two(name),
            )
        )
    }
    assert wrong == {}


def test_every_text_that_gives_an_emergency_number_needs_two() -> None:
    assert texts.needs_two(LINES)
    assert texts.needs_two(SAFETY)
    assert not texts.needs_two(FREE)
    assert {name for name in texts.may_change()["Sécurité"] if not texts.needs_two(name)} == set()
