"""What Rasa is sent of a turn: its text, two pieces of it, or what a button said it means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.assistant.rasa import RasaAssistant
from bot.domain.conversations import Say
from bot.errors import AssistantAway
from bot.services.ports import Question

INTENTS = {"jcherche un taf": "need_job", "un appart": "need_housing", "slt": "greet"}
QUESTION = Question("key", 7, "jcherche un taf et un appart", booking=False, knows_booking=False, asked_before=False)


class FakeRasa:
    """Understands what `INTENTS` says, answers each message with its text, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.events: list[dict[str, Any]] = []
        self.deaf_to = ""

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/model/parse", self._parse)
        application.router.add_post("/webhooks/rest/webhook", self._hear)
        application.router.add_get("/conversations/key/tracker", self._tracker)
        return application

    async def _parse(self, request: web.Request) -> web.Response:
        text = (await request.json())["text"]
        return web.json_response({"intent": {"name": INTENTS.get(text, "nlu_fallback"), "confidence": 0.9}})

    async def _hear(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["message"] == self.deaf_to:
            return web.json_response([])
        self.sent.append((body["message"], body["metadata"]))
        said = {"custom": {"say": [Say(body["message"]).to_json()]}}
        self.events += [{"event": "user", "metadata": body["metadata"]}, {"event": "bot", "data": said}]
        return web.json_response([said])

    async def _tracker(self, request: web.Request) -> web.Response:
        return web.json_response({"events": self.events})


@pytest.fixture
async def rasa() -> AsyncIterator[tuple[FakeRasa, RasaAssistant]]:
    fake = FakeRasa()
    async with TestServer(fake.application()) as server:
        assistant = RasaAssistant(f"http://127.0.0.1:{server.port}", "token")
        yield fake, assistant
        await assistant.close()


async def test_each_of_two_wants_is_a_message(rasa: tuple[FakeRasa, RasaAssistant]) -> None:
    fake, assistant = rasa
    assert await assistant.ask(QUESTION) == [Say("jcherche un taf"), Say("un appart")]
    assert [metadata for _, metadata in fake.sent] == [{"turn": 7, "part": 0}, {"turn": 7, "part": 1}]


async def test_politeness_beside_a_want_does_not_cut(rasa: tuple[FakeRasa, RasaAssistant]) -> None:
    text = "slt. jcherche un taf"
    assert await rasa[1].ask(replace(QUESTION, text=text)) == [Say(text)]


async def test_what_a_button_said_is_the_intent(rasa: tuple[FakeRasa, RasaAssistant]) -> None:
    assert await rasa[1].ask(replace(QUESTION, intent="need_job")) == [Say("/need_job")]


async def test_after_a_crash_only_what_was_not_heard_is_sent_again(rasa: tuple[FakeRasa, RasaAssistant]) -> None:
    fake, assistant = rasa
    fake.deaf_to = "un appart"
    with pytest.raises(AssistantAway):
        await assistant.ask(QUESTION)
    fake.deaf_to = ""
    said = await assistant.ask(replace(QUESTION, asked_before=True))
    assert said == [Say("jcherche un taf"), Say("un appart")]
    assert [message for message, _ in fake.sent] == ["jcherche un taf", "un appart"]
