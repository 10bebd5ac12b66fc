"""The life of one message: stored once, answered once, whatever dies on the way."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.assistant import away
from bot.domain.conversations import IncomingKind, Say, Speaker
from bot.domain.handoffs import HandoffReason
from bot.domain.people import Channel
from bot.domain.safety import Meaning
from bot.errors import ClosedTurn
from bot.services import asking, commands, handoffs, people, turns
from bot.services.ports import Encoder, Question
from bot.storage.database import Database
from bot.storage.tables import (
    Alert,
    Conversation,
    Handoff,
    InboxRow,
    Message,
    OldRasaKey,
    OutboxRow,
    Turn,
    TurnEffect,
)
from tests.factories import NOW, adviser, open_turn, writes, young_person
from tests.fakes.assistant import FakeAssistant
from tests.fakes.clock import FakeClock
from tests.fakes.encoder import FakeEncoder

GATHER = timedelta(seconds=0.3)
LEASE = timedelta(seconds=30)
PACE = turns.Pace(GATHER, LEASE)
ANSWER = Say("utter_later_ok")


class Killed(BaseException):
    """The process dies here."""


async def _take(database: Database, assistant: FakeAssistant, clock: FakeClock, encoder: Encoder | None = None) -> bool:
    return await turns.take_turn(database, assistant, away.answer, encoder or FakeEncoder(), clock, PACE)


async def _take_all(database: Database, assistant: FakeAssistant, clock: FakeClock) -> None:
    while await _take(database, assistant, clock):
        pass


async def _met(database: Database) -> Conversation:
    """Someone who has been greeted already."""
    async with database.unit_of_work() as session:
        young = await young_person(session)
        young.greeted_at = NOW
        return young


async def _send(database: Database, young: Conversation, *said: str, now=NOW) -> None:
    async with database.unit_of_work() as session:
        for text in said:
            await writes(session, young.identity.address, text, now=now)


async def _said(database: Database, young: Conversation) -> list[str]:
    async with database.read_only() as session:
        rows = await session.scalars(
            select(OutboxRow).where(OutboxRow.address == young.identity.address).order_by(OutboxRow.id)
        )
        return [row.payload["text"] for row in rows if "text" in row.payload]  # a deletion says nothing


def _may_say(response: str) -> list[str]:
    """The first bubble of each variant of a response without variables."""
    return [text.split("\n\n")[0].strip() for text in texts.all_variants(response)]


def _later() -> FakeClock:
    return FakeClock(NOW + timedelta(seconds=1))


# ── Inbox ────────────────────────────────────────────────────────────────────────────────────


async def test_the_same_update_twice_is_one_row(database: Database) -> None:
    async def store() -> bool:
        async with database.unit_of_work() as session:
            return await writes(session, "77", "salut", update_id=12)

    assert await store()
    assert sorted(await asyncio.gather(store(), store())) == [False, False]
    async with database.read_only() as session:
        assert len((await session.scalars(select(InboxRow))).all()) == 1


async def test_an_update_may_come_after_a_later_one(database: Database) -> None:
    async with database.unit_of_work() as session:
        assert await writes(session, "77", "deux", update_id=12)
        assert await writes(session, "77", "un", update_id=11)
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert [question.text for question in assistant.questions] == ["un\ndeux"]


# ── Gathering ────────────────────────────────────────────────────────────────────────────────


async def test_five_texts_in_a_row_are_one_turn_and_one_answer(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "salut", "je", "cherche", "un", "boulot")
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())

    assert [question.text for question in assistant.questions] == ["salut\nje\ncherche\nun\nboulot"]
    assert len(await _said(database, young)) == 1
    async with database.read_only() as session:
        assert len((await session.scalars(select(Message).where(Message.author == "young"))).all()) == 5


async def test_it_waits_a_moment_for_the_rest_but_not_forever(database: Database) -> None:
    young = await _met(database)
    assistant, clock = FakeAssistant(ANSWER), FakeClock(NOW)
    for part in range(5):
        await _send(database, young, f"partie {part}", now=clock.now())
        clock.advance(seconds=0.29)
        assert not await _take(database, assistant, clock)
    await _send(database, young, "fin", now=clock.now())
    clock.advance(seconds=0.06)  # a second and a half since the first
    assert await _take(database, assistant, clock)
    assert len(assistant.questions) == 1


async def test_a_command_is_a_turn_of_its_own(database: Database) -> None:
    young = await _met(database)
    async with database.unit_of_work() as session:
        address = young.identity.address
        await writes(session, address, "salut")
        await writes(session, address, "aide", kind=IncomingKind.COMMAND)
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert [question.text for question in assistant.questions] == ["salut"]
    async with database.read_only() as session:
        speakers = (await session.scalars(select(Turn.speaker).order_by(Turn.id))).all()
        assert speakers == [Speaker.ASSISTANT, Speaker.SERVICE]


async def test_several_workers_answer_everyone_once(database: Database) -> None:
    everyone = [await _met(database) for _ in range(10)]
    for young in everyone:
        await _send(database, young, "salut", "ca va")
    assistant, clock = FakeAssistant(ANSWER), _later()
    await asyncio.gather(*(_take_all(database, assistant, clock) for _ in range(4)))
    await _take_all(database, assistant, clock)
    assert len(assistant.questions) == 10
    for young in everyone:
        assert len(await _said(database, young)) == 1


async def test_two_first_messages_at_once_make_one_person(database: Database) -> None:
    async with database.unit_of_work() as session:
        await writes(session, "77", "start", kind=IncomingKind.COMMAND)
        await writes(session, "77", "aide", kind=IncomingKind.COMMAND)
    clock = _later()
    await asyncio.gather(*(_take_all(database, FakeAssistant(), clock) for _ in range(2)))
    await _take_all(database, FakeAssistant(), clock)
    async with database.read_only() as session:
        assert len((await session.scalars(select(Conversation))).all()) == 1
        assert [row.turn_id is not None for row in await session.scalars(select(InboxRow))] == [True, True]


# ── Who is speaking ──────────────────────────────────────────────────────────────────────────

FIRST = [
    (IncomingKind.TEXT, "je cherche un boulot"),
    *((kind, "") for kind in turns.ANSWERS),
    (IncomingKind.VOICE, ""),
    (IncomingKind.LOCATION, ""),
    (IncomingKind.EDIT, "en fait non"),
    (IncomingKind.COMMAND, "start"),
    (IncomingKind.COMMAND, "rdv"),
    (IncomingKind.COMMAND, "aide"),
]


@pytest.mark.parametrize(("kind", "text"), FIRST)
async def test_the_first_answer_begins_with_the_robot_saying_what_it_is_once(
    database: Database, kind: IncomingKind, text: str
) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
    for _ in range(2):
        async with database.unit_of_work() as session:
            await writes(session, young.identity.address, text, kind=kind)
        await _take_all(database, FakeAssistant(ANSWER), _later())
    said = await _said(database, young)
    assert said[0].startswith("Salut. Je suis le robot de la Mission Locale de démonstration.")
    assert "\n".join(said).count("Derrière moi, il y a Sandra et Nadia.") == 1


@pytest.mark.parametrize("kind", [IncomingKind.TEXT, IncomingKind.PHOTO, IncomingKind.EDIT])
async def test_in_danger_the_lines_come_first_and_the_robot_says_what_it_is_last(
    database: Database, kind: IncomingKind
) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await writes(session, young.identity.address, "je vais me tuer ce soir", kind=kind)
    await _take_all(database, FakeAssistant(), _later())
    said = await _said(database, young)
    [robot] = _may_say("utter_safety_robot_first")
    assert said[0] in _may_say("utter_safety_line_samu_15")
    assert said[-1] == robot
    await _send(database, young, "je vais le faire", "salut")
    await _take_all(database, FakeAssistant(ANSWER), _later())
    said = await _said(database, young)
    assert said.count(robot) == 1
    assert not any("Derrière moi" in text for text in said)
    async with database.read_only() as session:
        assert (await session.scalars(select(Alert.conversation_id))).all() == [young.id]


@pytest.mark.parametrize(("kind", "text", "said"), [(IncomingKind.BLOCKED, "", 0), (IncomingKind.COMMAND, "cacher", 1)])
async def test_nothing_is_introduced_to_who_left_or_hides(
    database: Database, kind: IncomingKind, text: str, said: int
) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        await writes(session, young.identity.address, text, kind=kind)
    await _take_all(database, FakeAssistant(), _later())
    answers = await _said(database, young)
    assert len(answers) == said
    assert "robot" not in " ".join(answers)


# ── Actions ──────────────────────────────────────────────────────────────────────────────────


async def _ask_human(session: AsyncSession, conversation: Conversation, turn: Turn, now: object) -> turns.Acted:
    says = await asking.ask_and_say(session, conversation, HandoffReason.ASKED, NOW)
    return turns.Acted(says, {"asked": True})


async def test_an_action_sent_twice_is_done_once_and_says_the_same(database: Database) -> None:
    async with database.unit_of_work() as session:
        turn_id = (await open_turn(session, await young_person(session))).id
    done = 0

    async def counted(session: AsyncSession, young: Conversation, turn: Turn, now: object) -> turns.Acted:
        nonlocal done
        done += 1
        await asyncio.sleep(0.05)
        return await _ask_human(session, young, turn, now)

    got = [await turns.act(database, turn_id, "action_human", counted, NOW)]
    got += await asyncio.gather(*(turns.act(database, turn_id, "action_human", counted, NOW) for _ in range(3)))
    assert done == 1
    assert all(one == got[0] for one in got)
    assert got[0].says


async def test_an_action_sent_twice_at_once_is_done_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        turn_id = (await open_turn(session, await young_person(session))).id
    got = await asyncio.gather(*(turns.act(database, turn_id, "action_human", _ask_human, NOW) for _ in range(3)))
    assert got[0] == got[1] == got[2]
    async with database.read_only() as session:
        assert len((await session.scalars(select(Handoff))).all()) == 1


async def test_an_action_of_a_closed_turn_does_nothing(database: Database) -> None:
    async with database.unit_of_work() as session:
        turn = await open_turn(session, await young_person(session))
        turn.closed_at = NOW
    for turn_id in (turn.id, 999_999):
        with pytest.raises(ClosedTurn):
            await turns.act(database, turn_id, "action_human", _ask_human, NOW)
    async with database.read_only() as session:
        assert (await session.scalars(select(Handoff))).all() == []
        assert (await session.scalars(select(TurnEffect))).all() == []


# ── The assistant is away ────────────────────────────────────────────────────────────────────


async def test_without_the_assistant_the_menu_answers_and_rasa_forgets(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "blabla quelque chose")
    await _take_all(database, FakeAssistant(away=True), _later())

    assert (await _said(database, young))[0] in _may_say("utter_rasa_away")
    async with database.read_only() as session:
        fresh = await session.get_one(Conversation, young.id)
        assert fresh.rasa_key != young.rasa_key
        assert (await session.scalars(select(OldRasaKey.key))).all() == [young.rasa_key]


async def test_what_was_done_before_the_assistant_went_away_is_said(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "je veux parler a quelqu'un")

    async def acts(question: Question) -> None:
        await turns.act(database, question.turn_id, "action_human", _ask_human, NOW)

    await _take_all(database, FakeAssistant(away=True, meanwhile=acts), _later())
    said = await _said(database, young)
    assert said
    assert "Mission Locale" in " ".join(said)
    assert said[0] not in _may_say("utter_rasa_away")
    async with database.read_only() as session:
        turn_id = (await session.scalars(select(Turn.id))).one()
    with pytest.raises(ClosedTurn):
        await turns.act(database, turn_id, "action_late", _ask_human, NOW)


# ── Who speaks ───────────────────────────────────────────────────────────────────────────────


async def test_a_human_who_takes_while_the_assistant_thinks_is_the_only_one_to_speak(
    database: Database,
) -> None:
    young = await _met(database)
    await _send(database, young, "salut")

    async def take(question: Question) -> None:
        async with database.unit_of_work() as session:
            conversation = await session.get_one(Conversation, young.id)
            asked = await handoffs.ask(session, conversation, HandoffReason.ASKED, NOW)
            await handoffs.take(session, asked, await adviser(session, "sandra"), NOW)

    await _take_all(database, FakeAssistant(ANSWER, meanwhile=take), _later())
    said = await _said(database, young)
    assert len(said) == 1
    assert "Sandra" in said[0]


async def test_in_a_held_conversation_the_assistant_is_not_asked(database: Database) -> None:
    async with database.unit_of_work() as session:
        young = await young_person(session)
        asked = await handoffs.ask(session, young, HandoffReason.ASKED, NOW)
        await handoffs.take(session, asked, await adviser(session, "sandra"), NOW)
    before = await _said(database, young)
    await _send(database, young, "merci")
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert assistant.questions == []
    assert await _said(database, young) == before


# ── What dies, and what is wrong ─────────────────────────────────────────────────────────────


async def test_a_turn_whose_process_died_is_taken_up_and_answered_once(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "salut")

    async def die(question: Question) -> None:
        raise Killed

    clock = _later()
    with pytest.raises(Killed):
        await _take(database, FakeAssistant(meanwhile=die), clock)
    assistant = FakeAssistant(ANSWER)
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert not await _take(database, assistant, clock), "it may still be alive"
    clock.advance(seconds=2)
    await asyncio.gather(_take_all(database, assistant, clock), _take_all(database, assistant, clock))

    assert [question.asked_before for question in assistant.questions] == [True]
    assert len(await _said(database, young)) == 1


async def test_a_process_that_comes_back_after_its_lease_does_not_answer_again(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "salut")
    clock = _later()

    async def slow(question: Question) -> None:
        clock.advance(seconds=LEASE.total_seconds() + 1)
        await _take_all(database, FakeAssistant(ANSWER), clock)

    await _take(database, FakeAssistant(ANSWER, meanwhile=slow), clock)
    assert len(await _said(database, young)) == 1


async def test_a_turn_that_always_kills_is_given_up_with_an_apology(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "salut")

    async def die(question: Question) -> None:
        raise Killed

    clock = _later()
    for _ in range(turns.MAX_ATTEMPTS):
        with pytest.raises(Killed):
            await _take(database, FakeAssistant(meanwhile=die), clock)
        clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await _take(database, FakeAssistant(meanwhile=die), clock)
    assert (await _said(database, young))[0] in _may_say("utter_error")


async def test_a_defect_sets_the_message_aside_with_an_apology_and_the_next_is_answered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def defect(*_: object) -> list[Say]:
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "run", defect)
    young = await _met(database)
    async with database.unit_of_work() as session:
        await writes(session, young.identity.address, "aide", kind=IncomingKind.COMMAND)
    await _send(database, young, "salut")
    await _take_all(database, FakeAssistant(ANSWER), _later())

    said = await _said(database, young)
    assert said[0] in _may_say("utter_error")
    assert said[-1] in _may_say("utter_later_ok")
    async with database.read_only() as session:
        aside = (await session.scalars(select(InboxRow.set_aside).order_by(InboxRow.update_id))).all()
        assert aside == ["error", None]


async def test_what_the_database_always_refuses_is_set_aside_and_not_tried_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def twice(session: AsyncSession, conversation: Conversation, *_: object) -> list[Say]:
        for _ in range(2):
            session.add(
                Handoff(
                    conversation_id=conversation.id,
                    structure_id=conversation.structure_id,
                    reason=HandoffReason.ASKED,
                    priority=5,
                    asked_at=NOW,
                )
            )
        await session.flush()
        raise AssertionError("one conversation has one open handoff")

    monkeypatch.setattr(commands, "run", twice)
    young = await _met(database)
    async with database.unit_of_work() as session:
        await writes(session, young.identity.address, "aide", kind=IncomingKind.COMMAND)
    assert await _take(database, FakeAssistant(), _later())
    assert not await _take(database, FakeAssistant(), _later())
    assert (await _said(database, young))[0] in _may_say("utter_error")


async def test_a_text_the_database_refuses_does_not_stop_the_line(database: Database) -> None:
    awkward, next_one = await _met(database), await _met(database)
    await _send(database, awkward, "salut\x00")  # PostgreSQL stores no such character
    await _send(database, next_one, "salut")
    await _take_all(database, FakeAssistant(ANSWER), _later())
    assert await _said(database, awkward)
    assert len(await _said(database, next_one)) == 1


async def test_danger_in_the_backlog_is_answered_first(database: Database) -> None:
    people_before = [await _met(database) for _ in range(3)]
    in_danger = await _met(database)
    for young in people_before:
        await _send(database, young, "salut")
    await _send(database, in_danger, "je veux mourir")
    assert await _take(database, FakeAssistant(ANSWER), _later())

    assert await _said(database, in_danger)
    for young in people_before:
        assert await _said(database, young) == []
    async with database.read_only() as session:
        assert (await session.scalars(select(Alert.conversation_id))).all() == [in_danger.id]


async def test_danger_never_waits_for_the_assistant(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "je veux mourir")
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert assistant.questions == []
    async with database.read_only() as session:
        assert (await session.scalars(select(Turn.speaker))).all() == [Speaker.SAFETY]


async def test_what_the_encoder_made_of_a_text_reaches_safety_and_the_assistant(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "slt", "jveux un rdv")
    meaning = Meaning("slt\nje veux un rendez-vous", np.zeros(384, np.float32), whole=True)
    assistant, encoder, clock = FakeAssistant(ANSWER), FakeEncoder(meaning), FakeClock(NOW + GATHER)
    assert await _take(database, assistant, clock, encoder)
    assert encoder.texts == ["slt\njveux un rdv"]
    assert [question.meaning for question in assistant.questions] == [meaning]


async def test_a_text_is_read_while_the_rest_of_it_may_still_come(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "jveux un rdv")
    assistant, encoder = FakeAssistant(ANSWER), FakeEncoder()
    assert not await _take(database, assistant, FakeClock(NOW), encoder)
    assert encoder.texts == ["jveux un rdv"]
    assert assistant.questions == []


async def test_what_came_while_the_encoder_read_is_read_with_the_rest(database: Database) -> None:
    young = await _met(database)
    await _send(database, young, "jveux")

    class Slow(FakeEncoder):
        async def read(self, text: str) -> list[Meaning]:
            if not self.texts:
                await _send(database, young, "un rdv")
            return await super().read(text)

    assistant, encoder, clock = FakeAssistant(ANSWER), Slow(), FakeClock(NOW + GATHER)
    assert await _take(database, assistant, clock, encoder)
    assert assistant.questions == []
    assert await _take(database, assistant, clock, encoder)
    assert [question.text for question in assistant.questions] == ["jveux\nun rdv"]
    assert encoder.texts == ["jveux", "jveux\nun rdv"]


async def test_what_comes_after_an_erasure_is_read_as_it_was_written(database: Database) -> None:
    young = await _met(database)
    async with database.unit_of_work() as session:
        address = young.identity.address
        await writes(session, address, kind=IncomingKind.BUTTON, argument="erase:yes")
        await writes(session, address, "merci au revoir")
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert [question.text for question in assistant.questions] == ["merci au revoir"]


async def test_a_blocked_bot_that_hears_again_is_reachable(database: Database) -> None:
    young = await _met(database)
    async with database.unit_of_work() as session:
        conversation = await people.meet(session, Channel.TELEGRAM, young.identity.address, NOW)
        conversation.identity.unreachable_at = NOW
    await _send(database, young, "salut")
    await _take_all(database, FakeAssistant(ANSWER), _later())
    async with database.read_only() as session:
        again = await session.get_one(Conversation, young.id)
        assert again.identity.unreachable_at is None


# ── Two meanings of a text ───────────────────────────────────────────────────────────────────


async def _asked_what_it_means(database: Database) -> tuple[Conversation, str]:
    young = await _met(database)
    await _send(database, young, "pas dispo demain")
    await _take_all(database, FakeAssistant(ANSWER), _later())
    async with database.read_only() as session:
        turn = await session.scalar(select(Turn.id).where(Turn.text == "pas dispo demain"))
    return young, f"mean:{turn}:cancel_appointment"


async def _presses(database: Database, address: str, payload: str) -> None:
    async with database.unit_of_work() as session:
        await writes(session, address, kind=IncomingKind.BUTTON, argument=payload)


async def test_the_meaning_pressed_is_asked_of_the_same_text(database: Database) -> None:
    young, payload = await _asked_what_it_means(database)
    await _presses(database, young.identity.address, payload)
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert [(one.text, one.intent) for one in assistant.questions] == [("pas dispo demain", "cancel_appointment")]


async def test_the_meaning_pressed_survives_a_crash(database: Database) -> None:
    young, payload = await _asked_what_it_means(database)
    await _presses(database, young.identity.address, payload)
    with pytest.raises(RuntimeError):
        await _take(database, FakeAssistant(meanwhile=_dies), _later())
    clock = _later()
    clock.advance(seconds=LEASE.total_seconds() + 1)
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, clock)
    assert [(one.intent, one.asked_before) for one in assistant.questions] == [("cancel_appointment", True)]


async def _dies(_: Question) -> None:
    raise RuntimeError("killed")


@pytest.mark.parametrize(
    "payload", ["mean:1:fly", "mean:999999999:need_job", "mean::need_job", "mean:1", "mean:-1:greet"]
)
async def test_a_forged_meaning_is_an_old_button(database: Database, payload: str) -> None:
    young, _ = await _asked_what_it_means(database)
    await _presses(database, young.identity.address, payload)
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert assistant.questions == []
    assert (await _said(database, young))[-1] in texts.all_variants("utter_old_button")[0]


async def test_nobody_presses_the_meaning_of_another_s_text(database: Database) -> None:
    _, payload = await _asked_what_it_means(database)
    async with database.unit_of_work() as session:
        stranger = await young_person(session)
    await _presses(database, stranger.identity.address, payload)
    assistant = FakeAssistant(ANSWER)
    await _take_all(database, assistant, _later())
    assert assistant.questions == []
