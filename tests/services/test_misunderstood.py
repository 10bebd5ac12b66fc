"""What was misunderstood: kept without names or distress, put right once, and forgotten after a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.assistant import away
from bot.domain.conversations import Author, IncomingKind, Say
from bot.domain.misunderstandings import KEPT, Cause, MisreadState
from bot.errors import AlreadyDecided, FormMistake
from bot.services import alerts, answers, misunderstood, people, turns
from bot.services.misunderstood import Entity
from bot.services.ports import Question
from bot.services.turns import Acted
from bot.storage.database import Database
from bot.storage.tables import Conversation, Message, Misread, Turn
from tests.factories import NOW, adviser, open_turn, writes, young_person
from tests.fakes.assistant import FakeAssistant
from tests.fakes.clock import FakeClock
from tests.fakes.encoder import FakeEncoder

PACE = turns.Pace(timedelta(seconds=0.3), timedelta(seconds=30))
CLOSE = (("ask_my_appointment", 0.41), ("move_appointment", 0.38), ("greet", 0.05))
LOST = (("need_papers", 0.12), ("greet", 0.1), ("thank", 0.05))
TEXT = "karim ma dit ya un truc pr mon rdv, mon tel 06 12 34 56 78"
MASKED = "[prénom] ma dit ya un truc pr mon rdv, mon tel [numéro]"


def not_sure(database: Database, ranking: Sequence[tuple[str, float]]) -> Callable[[Question], Awaitable[object]]:
    """What the action does, while Rasa is asked, of a text the model is not sure of."""

    async def do(session: AsyncSession, conversation: Conversation, turn: Turn, now) -> Acted:
        turn.intent, turn.confidence = ranking[0]
        return Acted(await answers.not_sure(session, conversation, turn, ranking, now), {})

    async def meanwhile(question: Question) -> object:
        if question.intent is None:
            await turns.act(database, question.turn_id, "action_not_understood", do, NOW)
        return None

    return meanwhile


async def _write(database: Database, address: str, text: str, ranking: Sequence[tuple[str, float]] = LOST) -> None:
    clock = FakeClock(NOW)
    async with database.unit_of_work() as session:
        await writes(session, address, text)
    clock.advance(seconds=1)
    assistant = FakeAssistant(Say("utter_not_understood"), meanwhile=not_sure(database, ranking))
    while await turns.take_turn(database, assistant, away.answer, FakeEncoder(), clock, PACE):
        pass


async def _kept(database: Database) -> list[Misread]:
    async with database.read_only() as session:
        return list((await session.scalars(select(Misread).order_by(Misread.id))).all())


async def _met(database: Database) -> str:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        young.greeted_at = NOW
        return young.identity.address


async def test_a_message_of_low_confidence_is_kept_masked(database: Database) -> None:
    await _write(database, await _met(database), TEXT)
    [kept] = await _kept(database)
    assert (kept.text, kept.cause, kept.read_as, kept.state) == (
        MASKED,
        Cause.NOT_UNDERSTOOD,
        "need_papers",
        MisreadState.WAITING,
    )
    assert kept.confidence == pytest.approx(0.12)


async def test_what_they_press_says_what_they_meant(database: Database) -> None:
    address = await _met(database)
    await _write(database, address, "mon rdv la c koi", CLOSE)
    [kept] = await _kept(database)
    assert (kept.cause, kept.meant) == (Cause.HESITATED, None)
    async with database.unit_of_work() as session:
        payload = f"mean:{kept.turn_id}:move_appointment"
        await writes(session, address, kind=IncomingKind.BUTTON, argument=payload, text="")
    assistant = FakeAssistant(Say("utter_later_ok"))
    while await turns.take_turn(database, assistant, away.answer, FakeEncoder(), FakeClock(NOW), PACE):
        pass
    [kept] = await _kept(database)
    assert (kept.cause, kept.meant) == (Cause.CORRECTED, "move_appointment")


async def test_an_answer_said_to_be_beside_the_point_keeps_what_it_answered(database: Database) -> None:
    address = await _met(database)
    clock = FakeClock(NOW)
    for text in ("ya quoi pour le permis", "tu réponds a coté"):
        async with database.unit_of_work() as session:
            await writes(session, address, text)
        clock.advance(seconds=1)
        assistant = FakeAssistant(Say("utter_need_papers"))
        while await turns.take_turn(database, assistant, away.answer, FakeEncoder(), clock, PACE):
            pass
    [kept] = await _kept(database)
    assert (kept.cause, kept.text) == (Cause.DISLIKED, "ya quoi pour le permis")


async def test_a_thumb_down_on_an_answer_keeps_what_it_answered_and_is_not_answered(database: Database) -> None:
    address = await _met(database)
    clock = FakeClock(NOW)
    assistant = FakeAssistant(Say("utter_need_papers"))

    async def happens(text: str = "", kind: IncomingKind = IncomingKind.TEXT, update_id: int | None = None) -> None:
        async with database.unit_of_work() as session:
            await writes(session, address, text, kind=kind, update_id=update_id)
        clock.advance(seconds=1)
        while await turns.take_turn(database, assistant, away.answer, FakeEncoder(), clock, PACE):
            pass

    for text in ("ya quoi pour le permis", "et sinon jcherche un appart"):
        await happens(text)
    async with database.unit_of_work() as session:
        said = (await session.scalars(select(Message).where(Message.author == Author.BOT).order_by(Message.id))).all()
        said[0].reference, said[1].reference = "500", "501"
    await happens(kind=IncomingKind.REACTION, update_id=500)
    await happens(kind=IncomingKind.REACTION, update_id=777)  # on what somebody erased, or an adviser wrote
    [kept] = await _kept(database)
    assert (kept.cause, kept.text) == (Cause.DISLIKED, "ya quoi pour le permis")
    async with database.read_only() as session:
        assert len((await session.scalars(select(Message).where(Message.author == Author.BOT))).all()) == len(said)


@pytest.mark.parametrize("text", ["jai plus envie de rien en ce moment", "je me sens trop mal", "mon père me frappe"])
async def test_nothing_of_distress_ever_enters(database: Database, text: str) -> None:
    address = await _met(database)
    await _write(database, address, text)
    await _write(database, address, "t'as rien compris")
    assert [kept.text for kept in await _kept(database) if text in kept.text] == []


async def test_nor_anything_of_someone_who_had_an_alert_or_is_discreet(database: Database) -> None:
    async with database.unit_of_work() as session:
        alerted, discreet = await young_person(session), await young_person(session)
        reading = misunderstood.safety.check("je vais me tuer ce soir")
        await alerts.heard(session, alerted, None, None, "je vais me tuer ce soir", reading, NOW)
        discreet.discreet = True
        for young in (alerted, discreet):
            turn = await open_turn(session, young)
            turn.teachable = True
            await misunderstood.keep(session, young, turn, Cause.NOT_UNDERSTOOD, NOW)
    assert await _kept(database) == []


async def _one(session: AsyncSession) -> Misread:
    young = await young_person(session)
    turn = await open_turn(session, young)
    turn.text, turn.teachable, turn.intent, turn.confidence = TEXT, True, "need_papers", 0.2
    await misunderstood.keep(session, young, turn, Cause.NOT_UNDERSTOOD, NOW)
    return (await session.scalars(select(Misread).where(Misread.turn_id == turn.id))).one()


@pytest.mark.parametrize(
    ("sentence", "refusal"),
    [
        (TEXT, "utter_form_names_someone"),
        (MASKED, "utter_form_signs"),
        ("ma dit ya un truc pr mon rdv, mon tel", "utter_form_own_words"),
        ("x", "utter_form_sentence"),
        ("mot " * 60, "utter_form_sentence"),
        ("c'est quoi mon rendez-vous avec Karim", "utter_form_names_someone"),
        ("j'ai envie de mourir", "utter_form_distress"),
    ],
)
async def test_a_sentence_that_may_not_be_learnt_is_refused(database: Database, sentence: str, refusal: str) -> None:
    async with database.unit_of_work() as session:
        misread, claire = await _one(session), await adviser(session, "claire")
        with pytest.raises(FormMistake) as caught:
            await misunderstood.correct(session, misread, claire, "ask_my_appointment", sentence, {}, NOW)
        assert caught.value.response == refusal
        assert misread.state is MisreadState.WAITING


async def test_put_right_once_and_who_did_it_is_kept(database: Database) -> None:
    async with database.unit_of_work() as session:
        misread, claire = await _one(session), await adviser(session, "claire")
        sentence = "on m'a parlé d'un  rendez-vous jeudi à fameck, c'est quoi ?"
        wrong = {Entity.COMMUNE: "Thionville"}
        with pytest.raises(FormMistake):
            await misunderstood.correct(session, misread, claire, "ask_my_appointment", sentence, wrong, NOW)
        said = {Entity.COMMUNE: "Fameck", Entity.MOMENT: " "}
        await misunderstood.correct(session, misread, claire, "ask_my_appointment", sentence, said, NOW)
        with pytest.raises(AlreadyDecided):
            await misunderstood.ignore(session, misread, claire, NOW)
        second = await _one(session)
        with pytest.raises(FormMistake) as caught:
            await misunderstood.correct(session, second, claire, "need_papers", sentence, {}, NOW)
        assert caught.value.response == "utter_form_two_intents"
    [kept, _] = await _kept(database)
    assert (kept.state, kept.decided_by, kept.decided_at) == (MisreadState.CORRECTED, claire.id, NOW)
    assert (kept.sentence, kept.entities) == (
        "on m'a parlé d'un rendez-vous jeudi à fameck, c'est quoi ?",
        {"commune": "Fameck"},
    )


async def test_after_a_while_and_when_they_erase_nobodys_words_are_left(database: Database) -> None:
    async with database.unit_of_work() as session:
        claire = await adviser(session, "claire")
        taught, left = await _one(session), await _one(session)
        await misunderstood.correct(session, taught, claire, "ask_my_appointment", "c'est quand déjà ?", {}, NOW)
        await misunderstood.forget_old(session, NOW + KEPT)
        assert {one.text for one in (taught, left)} == {MASKED}
        await misunderstood.forget_old(session, NOW + KEPT + timedelta(seconds=1))
    assert [(kept.text, kept.sentence) for kept in await _kept(database)] == [("", "c'est quand déjà ?")]
    async with database.unit_of_work() as session:
        one = await _one(session)
        conversation = await session.get_one(Conversation, one.conversation_id)
        await people.erase(session, conversation, await open_turn(session, await young_person(session)), NOW)
    assert [kept.text for kept in await _kept(database)] == [""]
