"""Rasa: asked once for each turn, and never trusted to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import structlog

from bot.assistant.breaker import Breaker
from bot.domain import wants
from bot.domain.conversations import MAX_TO_ASSISTANT, Say
from bot.errors import AssistantAway
from bot.services.ports import Question
from nlu.encoder import METADATA, packed

log = structlog.get_logger(__name__)

# Numbers and addresses that name someone are not for Rasa; the actions read the whole text from our tables.
PRIVATE = re.compile(r"\S+@\S+\.\S+|\+?\d(?:[ .\-/]?\d){8,}")
FORM = "booking_form"
STEP = "booking_done"
HEALTH_SECONDS = 1.0
# A KeyError: Rasa answered something else than what it promises.
AWAY = (aiohttp.ClientError, TimeoutError, ValueError, KeyError)


class RasaAssistant:
    """Rasa behind its REST channel, one message of a conversation at a time (the turns see to that)."""

    def __init__(self, url: str, token: str, *, timeout_seconds: float = 3.0, recovery_seconds: float = 0.5) -> None:
        self.breaker = Breaker(recovery_seconds)
        self.timeout_seconds = timeout_seconds
        self._url, self._token = url, token
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
        self._http = None

    async def _call(
        self, method: str, path: str, seconds: float, *, params: dict[str, str] | None = None, data: Any = None
    ) -> Any:
        """What Rasa answers, as JSON.

        Raises:
            aiohttp.ClientError, TimeoutError, ValueError: it does not, or with something else.
        """
        if self._http is None:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20))
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._http.request(method, self._url + path, params=params, json=data, timeout=timeout) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)

    async def is_healthy(self) -> bool:
        """Whether Rasa has a model loaded."""
        try:
            status = await self._call("GET", "/status", HEALTH_SECONDS, params={"token": self._token})
            return bool(status.get("model_file"))
        except AWAY:
            return False

    async def ask(self, question: Question) -> list[Say]:
        """Send a turn to Rasa once, and read what it answers.

        Raises:
            AssistantAway: Rasa is away, too slow, or its action failed (which it reports as 200 `[]`).
        """
        if self.breaker.is_open and not await self._is_back():
            raise AssistantAway("circuit open")
        try:
            parts: list[Say] = []
            for number, message in enumerate(await self._messages(question)):
                said = await self._said_already(question, number) if question.asked_before else None
                if said is None:
                    if number == 0:
                        await self._tell_booking(question)
                    said = await self._send(question, number, message)
                if not said:
                    raise AssistantAway("no answer")
                parts.extend(say for say in said if say not in parts)
        except AWAY as error:
            self.breaker.fail()
            raise AssistantAway(type(error).__name__) from error
        return parts

    async def _messages(self, question: Question) -> list[str]:
        """What to send of a turn: its text, the intent a button gave it, or two pieces with a want each."""
        text = for_rasa(question.text)
        if question.intent is not None:
            return [f"/{question.intent}"]
        read = [(piece, *await self._parse(piece)) for piece in wants.pieces(text)]
        return wants.two_wants(read, booking=question.booking) or [text]

    async def _parse(self, text: str) -> tuple[str, float]:
        """The intent of a text, and its confidence; the conversation knows nothing of it."""
        parsed = await self._call(
            "POST", "/model/parse", self.timeout_seconds, params={"token": self._token}, data={"text": text}
        )
        return parsed["intent"]["name"], parsed["intent"]["confidence"]

    async def _is_back(self) -> bool:
        if not self.breaker.probe_due:
            return False
        self.breaker.probed()
        if await self.is_healthy():
            self.breaker.succeed()
            return True
        return False

    async def _said_already(self, question: Question, number: int) -> list[Say] | None:
        """What Rasa answered to this message of the turn before a crash of ours; None if it never saw it."""
        tracker = await self._call(
            "GET",
            f"/conversations/{question.key}/tracker",
            self.timeout_seconds,
            params={"token": self._token, "include_events": "APPLIED"},
        )
        found: list[Say] | None = None
        for event in tracker["events"]:
            if event["event"] == "user":
                metadata = event.get("metadata") or {}
                if found is not None:
                    break
                if (metadata.get("turn"), metadata.get("part")) == (question.turn_id, number):
                    found = []
            elif event["event"] == "bot" and found is not None:
                data = event.get("data") or {}
                found.extend(_says(data))
        return found

    async def _tell_booking(self, question: Question) -> None:
        """Buttons and dates change a booking without Rasa; it is told before the next text."""
        if question.booking == question.knows_booking:
            return
        events = [
            # A session begins with them: Rasa dates them before the session it would begin itself, and loses them.
            {"event": "action", "name": "action_session_start"},
            {"event": "session_started"},
            {"event": "action", "name": "action_listen"},
            {"event": "active_loop", "name": FORM if question.booking else None},
            {"event": "slot", "name": "requested_slot", "value": STEP if question.booking else None},
        ]
        await self._call(
            "POST",
            f"/conversations/{question.key}/tracker/events",
            self.timeout_seconds,
            params={"token": self._token},
            data=events,
        )

    async def _send(self, question: Question, number: int, message: str) -> list[Say]:
        messages = await self._call(
            "POST",
            "/webhooks/rest/webhook",
            self.timeout_seconds,
            data={
                "sender": question.key,
                "message": message,
                "metadata": {"turn": question.turn_id, "part": number} | _vector(question, message),
            },
        )
        return [say for message in messages for say in _says(message)]


def _vector(question: Question, message: str) -> dict[str, str]:
    """What the encoder made of the whole text already; Rasa takes it out before it keeps the message."""
    if question.meaning is None or message != for_rasa(question.text):
        return {}
    return {METADATA: packed(question.meaning.vector)}


def for_rasa(text: str) -> str:
    """What Rasa may read of a text: at most 200 characters, no number or address, never a slash first."""
    masked = PRIVATE.sub("numéro", text).lstrip("/ ").strip()
    return masked[:MAX_TO_ASSISTANT] or "?"


def _says(message: dict[str, Any]) -> Iterator[Say]:
    """What Rasa says is always a name: an action's, or a rule's (see `training.domain_folder`)."""
    yield from (Say.from_json(say) for say in (message.get("custom") or {}).get("say", ()))
