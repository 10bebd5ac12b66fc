"""The team's group against a Telegram played over HTTP: nothing lost, nothing obeyed that should not be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal

import pytest

from bot.domain.outbox import OutboxState
from bot.domain.topics import Trouble
from bot.storage.database import Database
from bot.storage.tables import Conversation
from tests.channels.group import World, open_world
from tests.factories import paris
from tests.fakes.bot_api import Fault, Limits


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with open_world(database) as opened:
        yield opened


async def test_one_conversation_from_the_first_word_to_the_end(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await lea.says("je voudrais parler à quelqu'un de mon logement")
    await world.settle()
    assert world.team.topics == {}, "nobody asked for a human yet"

    await world.asks(number)
    topic = world.topic(number)
    assert topic.name == f"En attente · Conversation {number}"
    assert "Jeune : je voudrais parler à quelqu'un de mon logement" in topic.said
    assert any(line.startswith("Robot : ") for line in topic.said)

    await world.writes(world.sandra, "/prendre", number)
    assert topic.name == f"Pris par Sandra · Conversation {number}"
    await world.writes(world.sandra, "Bonjour, tu dors où ce soir ?", number)
    assert lea.screen[-1].text == "Sandra, Mission Locale : Bonjour, tu dors où ce soir ?"
    await lea.says("chez ma sœur")
    await world.settle()
    assert topic.said[-1] == "Jeune : chez ma sœur"
    assert not any("tu dors où" in line for line in topic.said), "what is written there is not shown there again"

    await world.writes(world.sandra, "/rendre", number)
    assert topic.name == f"Rendu au robot · Conversation {number}"
    assert topic.closed
    await lea.says("merci")
    await world.settle()
    assert "Jeune : merci" not in topic.said, "what is said to the robot afterwards stays with the robot"

    await world.asks(number)
    assert world.topic(number) is topic
    assert not topic.closed
    assert "Jeune : merci" in topic.said
    assert await world.count(Conversation) == 1, "nothing of the group is anybody's conversation"


async def test_photo_voice_and_edits_are_in_the_topic_and_what_cannot_be_shown_is_said(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    topic = world.topic(number)
    sent = await lea.sends_photo("mon contrat")
    await world.settle()
    await lea.sends_voice()
    await world.settle()
    photo, voice = topic.messages[-2:]
    assert (photo.content["photo"], photo.text) == (sent.content["photo"], "Jeune : Photo\nmon contrat")
    assert "voice" in voice.content

    said = await lea.says("je suis à Fameck")
    await world.settle()
    await lea.edits(said, "je suis à Uckange")
    await world.settle()
    assert topic.said[-2:] == ["Jeune, message modifié : je suis à Uckange", "(avant : je suis à Fameck)"]

    gone = await lea.sends_photo("à effacer")
    await world.come_in()
    gone.deleted = True
    await world.settle()
    assert topic.said[-2:] == ["Jeune : Photo", "à effacer"]

    await lea.sends_location(49.3, 6.1)
    await world.settle()
    assert topic.said[-1] == "Jeune : A partagé sa position (elle n'est pas gardée)"
    assert not any("location" in one.content for one in topic.messages)


async def test_an_answer_of_the_console_appears_once_and_one_of_the_group_too(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    await world.answers_in_console(number, "sandra", "Je regarde.")
    await world.settle()
    await world.writes(world.sandra, "C'est fait.", number)
    answers = [one.text for one in lea.screen[-2:]]
    assert answers == ["Sandra, Mission Locale : Je regarde.", "Sandra, Mission Locale : C'est fait."]
    topic = world.topic(number)
    assert topic.said.count("Sandra, Mission Locale : Je regarde.") == 1
    assert sum("C'est fait." in one.text for one in topic.messages) == 1
    assert [line.text for line in await world.thread(number) if "C'est fait" in line.text] == [answers[1]]


async def test_the_same_update_twice_is_one_answer(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    sent = await world.sandra.says("Bonjour.", chat=world.team, thread=world.topic(number).thread_id)
    twice = {"update_id": 999_999_999, "message": sent.json()}
    world.api.push_raw(twice)
    world.api.push_raw(twice)
    await world.settle()
    # Telegram's own copy and the two pushed ones, which are one update: two messages, not three.
    assert sum("Bonjour." in one.text for one in lea.screen) == 2


async def test_writing_without_holding_sends_nothing_and_says_how(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    before = len(lea.received)
    await world.writes(world.sandra, "coucou toi", number)
    topic = world.topic(number)
    assert topic.said[-1] == "Rien n'est parti : « coucou toi ». Écris /prendre, puis ton message."
    await world.writes(world.claire, "/prendre", number)
    await world.writes(world.sandra, "je suis là", number)
    assert topic.said[-1] == "Rien n'est parti : « je suis là ». C'est Claire qui répond ici."
    await world.writes(world.sandra, "/prendre", number)
    assert "Claire a déjà cette conversation" in topic.said[-1]
    await world.writes(world.claire, "/rendre", number)
    await world.writes(world.sandra, "encore un mot", number)
    assert (
        f"La conversation est finie. Pour écrire de nouveau : https://desk.test/console/conversations/{number}"
        in (topic.said[-1])
    )
    await world.writes(world.sandra, "/inconnue", number)
    assert topic.said[-1].startswith("Rien n'est parti. Je comprends /prendre")
    words = " ".join(one.text for one in lea.received[before:])
    assert not any(said in words for said in ("coucou toi", "je suis là", "encore un mot"))


async def test_the_orders_do_what_the_console_does(world: World) -> None:
    lea, nadia = world.api.user("Léa"), world.api.user("Nadia")
    await world.link(nadia, "nadia")
    number = await world.meets(lea)
    await world.asks(number)
    topic = world.topic(number)
    await world.writes(world.sandra, "/prendre@promeneurs_bot", number)
    await world.writes(world.sandra, "/note Sa mère ne sait pas.\nÀ rappeler lundi.", number)
    assert topic.said[-1] == "Note gardée. Le jeune ne la voit pas."
    assert "Sa mère ne sait pas.\nÀ rappeler lundi." in [line.text for line in await world.thread(number)]
    await world.writes(world.sandra, "/rdv", number)
    assert topic.said[-1].endswith(f"https://desk.test/console/conversations/{number}")

    await world.writes(world.sandra, "/transferer Karim", number)
    assert topic.said[-1] == "À qui ? Écris /transferer et un prénom : Nadia, Claire."
    await world.writes(world.sandra, "/transferer nadia elle veut un logement", number)
    assert topic.name == f"Pris par Nadia · Conversation {number}"
    assert "Sandra passe la conversation à Nadia. elle veut un logement" in topic.said
    await world.writes(world.sandra, "/clore", number)
    assert topic.said[-1] == "Il faut d'abord prendre la conversation."
    await world.writes(world.sandra, "/prendre", number)
    assert topic.said[-1].startswith("Nadia a déjà cette conversation. Pour la reprendre")
    await world.writes(world.sandra, "/prendre quand même", number)
    assert topic.name == f"Pris par Sandra · Conversation {number}"
    await world.writes(nadia, "/rendre", number)
    assert topic.name == f"Pris par Sandra · Conversation {number}"
    await world.writes(world.sandra, "/clore", number)
    assert topic.name == f"Terminé · Conversation {number}"
    assert topic.closed
    assert not any("mère" in one.text or "logement" in one.text for one in lea.received)

    await world.asks(number)
    await world.writes(nadia, "/prendre", number)
    await world.writes(nadia, "/rendre Rappelle-moi lundi.", number)
    assert topic.name == f"Rendu au robot · Conversation {number}"
    assert any("Rappelle-moi lundi." in one.text for one in lea.screen)


async def test_the_name_the_team_gave_is_the_topics(world: World) -> None:
    number = await world.meets(world.api.user("Léa"))
    await world.asks(number)
    topic = world.topic(number)
    await world.names(number, "Loulou")
    assert topic.name == "En attente · Loulou"


async def test_who_is_not_linked_is_told_once_and_nobody_else_is_obeyed(world: World) -> None:
    lea, stranger, karim = world.api.user("Léa"), world.api.user("Inconnu"), world.api.user("Karim")
    await world.link(karim, "karim")  # of another structure
    number = await world.meets(lea)
    await world.asks(number)
    topic = world.topic(number)
    conversations = await world.count(Conversation)
    shown = len(lea.received)
    for user in (stranger, karim):
        for text in ("/prendre", "je réponds", "/rendre", "encore"):
            await world.writes(user, text, number)
    assert sum("n'est pas relié" in line for line in topic.said) == 2, "once each"
    assert topic.name == f"En attente · Conversation {number}"
    # Forged numbers, the general topic, another group: not a word, nothing done.
    other = world.api.group("Ailleurs", forum=True)
    told = len(world.team.received)
    for thread in (999, None, 1):
        await world.sandra.says("/prendre", chat=world.team, thread=thread)
    await world.sandra.says("/prendre", chat=other, thread=topic.thread_id)
    await stranger.says("/start groupe_" + "x" * 43, chat=other)
    await world.settle()
    assert (len(world.team.received), other.received) == (told, [])
    assert len(lea.received) == shown
    assert await world.count(Conversation) == conversations, "no group is anybody's conversation"
    assert topic.name == f"En attente · Conversation {number}"


async def test_who_left_the_team_or_unlinked_is_not_obeyed_any_more(world: World) -> None:
    number = await world.meets(world.api.user("Léa"))
    await world.asks(number)
    await world.changes("sandra", active=False)
    await world.writes(world.sandra, "/prendre", number)
    await world.changes("sandra", active=True, telegram_chat=None)
    await world.writes(world.sandra, "/prendre", number)
    assert world.topic(number).name.startswith("En attente")


async def test_a_deleted_topic_is_made_again_and_the_line_that_failed_is_in_it(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    first = world.topic(number)
    world.team.delete_topic(first)
    await lea.says("tu es là ?")
    await world.settle()
    second = world.topic(number)
    assert second.thread_id != first.thread_id
    assert second.name == f"Pris par Sandra · Conversation {number}"
    assert second.said == [
        "Le sujet avait été supprimé. Le début se lit dans la console.",
        "Jeune : tu es là ?",
    ]
    await world.writes(world.sandra, "oui", number)
    assert "oui" in lea.screen[-1].text
    # Deleted while only its name changes, then while it closes.
    world.team.delete_topic(second)
    await world.gives_back_in_console(number, "sandra")
    await world.settle()
    assert [topic.closed for topic in world.team.topics.values()] in ([], [True])


async def test_what_someone_asked_to_erase_leaves_the_group(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await lea.says("mon secret")
    await world.settle()
    topic = world.topic(number)
    await world.writes(world.sandra, "/prendre", number)
    await world.writes(world.sandra, "/rendre", number)
    await lea.says("/effacer")
    await world.settle()
    await lea.presses(lea.screen[-1].buttons[0][0])
    await world.settle()
    assert topic in world.team.gone
    assert all(one.deleted for one in world.team.messages.values() if "secret" in one.text)
    assert not any("secret" in str(row.payload) for row in await world.rows())


async def test_twenty_conversations_in_a_group_that_takes_twenty_messages_a_minute(database: Database) -> None:
    async with open_world(database, limits=Limits()) as world:
        young = [world.api.user(f"J{index}") for index in range(20)]
        numbers = [await world.meets(user) for user in young]
        for number in numbers:
            await world.queue_ask(number)
        said: dict[int, list[str]] = {number: [] for number in numbers}
        for turn in range(4):
            for user, number in zip(young, numbers, strict=True):
                said[number].append(f"{number} dit {turn}")
                await user.says(said[number][-1])
            await world.come_in()
            await world.go_out()
        await world.settle(minutes=30)
        for number in numbers:
            topic = world.topic(number)
            lines = [line.removeprefix("Jeune : ") for line in topic.said if line.startswith("Jeune : ")]
            assert lines == said[number], "in order, each once"
        to_group = sorted(one.at for one in world.team.received)
        for index, at in enumerate(to_group):
            within = [other for other in to_group[index:] if other - at < timedelta(minutes=1)]
            assert len(within) <= 20
        assert len(to_group) < 20 * 4, "lines that wait leave together"
        refused = [call for call in world.api.calls if call.status == 429 and call.params.get("chat_id", 0) < 0]
        assert refused == []


async def test_a_burst_of_429_holds_the_whole_group_and_loses_nothing(world: World) -> None:
    numbers = [await world.meets(world.api.user(f"J{index}")) for index in range(3)]
    for number in numbers:
        await world.queue_ask(number)
    world.api.script("createForumTopic", Fault(status=429, retry_after=30), times=2)
    calls = len(world.api.calls)
    await world.go_out()
    tried = [call for call in world.api.calls[calls:] if call.method == "createForumTopic"]
    assert len(tried) == 1, "the other topics do not ask while the group must wait"
    await world.settle()
    world.api.script("sendMessage", Fault(status=429, retry_after=17), times=3)
    world.api.script("sendMessage", Fault(status=502), times=2)
    for number in numbers:
        await world.writes(world.sandra, "/prendre", number)
    for number in numbers:
        assert world.topic(number).name.startswith("Pris par Sandra")
        assert any("/prendre" in line for line in world.topic(number).said)


@pytest.mark.parametrize(
    ("method", "cut"),
    [
        ("createForumTopic", "before"),
        ("createForumTopic", "after"),
        ("sendMessage", "before"),
        ("sendMessage", "after"),
        ("editForumTopic", "after"),
        ("copyMessage", "after"),
    ],
)
async def test_killed_between_the_claim_and_the_result_nothing_is_lost(
    world: World, method: str, cut: Literal["before", "after"]
) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)

    async def scene() -> None:
        await world.asks(number)
        await lea.sends_photo("mon contrat")
        await world.settle()
        await world.writes(world.sandra, "/prendre", number)
        await lea.says("je suis là")
        await world.settle()

    world.kill_at(method, cut)
    await scene()
    assert world.killed, "the point was met"
    # Made, and not known to be: Telegram has an empty topic too many, and that is all.
    topic = world.topic(number)
    assert topic.name == f"Pris par Sandra · Conversation {number}"
    assert "Jeune : je suis là" in topic.said
    assert any("photo" in one.content for one in topic.messages)
    if cut == "before":
        assert topic.said.count("Jeune : je suis là") == 1
        assert len(world.team.topics) == 1
    assert [row.state for row in await world.rows() if row.state in (OutboxState.FAILED, OutboxState.UNKNOWN)] == []


async def test_a_robot_without_rights_or_put_out_waits_and_says_so(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    world.team.may_manage_topics = False
    await world.queue_ask(number)
    await lea.says("il y a quelqu'un ?")
    for _ in range(4):
        await world.come_in()
        await world.go_out()
        world.clock.advance(minutes=2)
    assert await world.trouble() is Trouble.RIGHTS
    world.team.may_manage_topics = True
    await world.settle()
    assert "Jeune : il y a quelqu'un ?" in world.topic(number).said
    assert await world.trouble() is None
    world.team.blocked = True
    await lea.says("allô")
    await world.come_in()
    await world.go_out()
    assert await world.trouble() is Trouble.CLOSED
    world.team.blocked = False
    await world.settle()
    assert "Jeune : allô" in world.topic(number).said


async def test_an_answer_that_did_not_arrive_is_said_in_the_topic(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    lea.blocked = True
    await world.writes(world.sandra, "tu viens demain ?", number)
    assert any(line.startswith("Pas arrivé : « Sandra, Mission Locale : tu viens") for line in world.topic(number).said)


async def test_a_long_message_is_cut(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    topic = world.topic(number)
    await lea.says("🚲" * 2048)
    await world.settle()
    assert sum(one.text.count("🚲") for one in topic.messages) == 2048


async def test_an_edit_in_the_group_is_one_on_the_young_persons_screen(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    await world.writes(world.sandra, "/prendre", number)
    topic = world.topic(number)
    sent = await world.sandra.says("À 10 h.", chat=world.team, thread=topic.thread_id)
    await world.settle()
    await world.sandra.edits(sent, "À 11 h.")
    await world.settle()
    assert lea.screen[-1].text == "Sandra, Mission Locale : À 11 h."
    assert topic.said[-1] == "Changé chez le jeune aussi."
    assert not any("message modifié" in line for line in topic.said)
    await world.rewrites_in_console(number, "sandra", "À midi.")
    assert topic.said[-2:] == [
        "Sandra, message modifié : Sandra, Mission Locale : À midi.",
        "(avant : Sandra, Mission Locale : À 10 h.)",
    ]
    await world.rewrites_in_console(number, "sandra", None)
    assert topic.said[-1] == "Sandra a repris son message : « À midi. »"
    assert not any("À midi" in one.text for one in lea.screen)
    never = await world.claire.says("salut", chat=world.team, thread=topic.thread_id)
    await world.settle()
    told = len(topic.said)
    await world.claire.edits(never, "salut !")
    await world.settle()
    assert len(topic.said) == told


async def test_closing_the_group_deletes_its_topics_and_stops_it(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    topic = world.topic(number)
    await world.turn_off()
    assert world.team.gone == [topic]
    await lea.says("coucou")
    await world.settle()
    await world.sandra.says("/prendre", chat=world.team, thread=topic.thread_id)
    await world.settle()
    assert world.team.topics == {}
    assert "coucou" not in " ".join(one.text for one in world.team.received)


async def test_nobody_present_no_sound(world: World) -> None:
    lea = world.api.user("Léa")
    number = await world.meets(lea)
    await world.asks(number)
    world.clock.move_to(paris("2027-03-10T23:00"))
    await lea.says("tu dors ?")
    await world.settle()
    silent = [
        (call.params["disable_notification"], call.params.get("text", ""))
        for call in world.api.calls
        if call.method == "sendMessage" and "message_thread_id" in call.params
    ]
    assert [quiet for quiet, text in silent if "tu dors" in text] == [True]
    assert not silent[0][0]


async def test_a_conversation_that_changes_structure_leaves_the_group(world: World) -> None:
    number = await world.meets(world.api.user("Léa"))
    await world.asks(number)
    topic = world.topic(number)
    await world.moves(number, "amp-demo")
    await world.settle()
    assert world.team.gone == [topic]
    assert world.team.topics == {}
