"""Rasa: asked once for each turn, and never trusted to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import structlog

from bot.assistant.breaker import Breaker
from bot.domain.conversations import MAX_TO_ASSISTANT, Say
from bot.errors import AssistantAway
from bot.services.ports import Question

log = structlog.get_logger(__name__)

# Numbers and addresses that name someone are not for Rasa; the actions read the whole text from our tables.
PRIVATE = re.compile(r"\S+@\S+\.\S+|\+?\d(?:[ .\-/]?\d){8,}")
FORM = "booking_form"
STEP = "booking_done"


class RasaAssistant:
    """Rasa behind its REST channel, one message of a conversation at a time (the turns see to that)."""

    def __init__(self, url: str, token: str, *, timeout_seconds: float = 3.0, recovery_seconds: float = 0.5) -> None:
        self.breaker = Breaker(recovery_seconds)
        self.timeout_seconds = timeout_seconds
        self._token = token
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=timeout_seconds,
            trust_env=False,
            limits=httpx.Limits(max_connections=20, keepalive_expiry=30),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def is_healthy(self) -> bool:
        """Whether Rasa has a model loaded."""
        try:
            answer = await self._http.get("/status", params={"token": self._token}, timeout=1.0)
            return answer.status_code == 200 and bool(answer.json().get("model_file"))
        except (httpx.HTTPError, ValueError):
            return False

    async def ask(self, question: Question) -> list[Say]:
        """Send a turn to Rasa once, and read what it answers.

        Raises:
            AssistantAway: Rasa is away, too slow, or its action failed (which it reports as 200 `[]`).
        """
        if self.breaker.is_open and not await self._is_back():
            raise AssistantAway("circuit open")
        try:
            parts = await self._said_already(question) if question.asked_before else None
            if parts is None:
                await self._tell_booking(question)
                parts = await self._send(question)
        except (httpx.HTTPError, ValueError) as error:
            self.breaker.fail()
            raise AssistantAway(type(error).__name__) from error
        if not parts:
            raise AssistantAway("no answer")
        return parts

    async def _is_back(self) -> bool:
        if not self.breaker.probe_due:
            return False
        self.breaker.probed()
        if await self.is_healthy():
            self.breaker.succeed()
            return True
        return False

    async def _said_already(self, question: Question) -> list[Say] | None:
        """What Rasa answered to this turn before a crash of ours; None if it never saw it."""
        answer = await self._http.get(
            f"/conversations/{question.key}/tracker",
            params={"token": self._token, "include_events": "APPLIED"},
        )
        answer.raise_for_status()
        found: list[Say] | None = None
        for event in answer.json()["events"]:
            if event["event"] == "user":
                mine = (event.get("metadata") or {}).get("turn") == question.turn_id
                found = [] if mine else None
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
        answer = await self._http.post(
            f"/conversations/{question.key}/tracker/events", params={"token": self._token}, json=events
        )
        answer.raise_for_status()

    async def _send(self, question: Question) -> list[Say]:
        answer = await self._http.post(
            "/webhooks/rest/webhook",
            json={
                "sender": question.key,
                "message": for_rasa(question.text),
                "metadata": {"turn": question.turn_id},
            },
        )
        answer.raise_for_status()
        return [say for message in answer.json() for say in _says(message)]


def for_rasa(text: str) -> str:
    """What Rasa may read of a text: at most 200 characters, no number or address, never a slash first."""
    masked = PRIVATE.sub("numéro", text).lstrip("/ ").strip()
    return masked[:MAX_TO_ASSISTANT] or "?"


def _says(message: dict[str, Any]) -> Iterator[Say]:
    """What Rasa says is always a name: an action's, or a rule's (see `training.domain_folder`)."""
    yield from (Say.from_json(say) for say in (message.get("custom") or {}).get("say", ()))
