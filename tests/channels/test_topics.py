"""The team's group against a Telegram played over HTTP: nothing lost, nothing obeyed that should not be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.storage.database import Database
from bot.storage.tables import Conversation
from tests.channels.group import World, open_world


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
