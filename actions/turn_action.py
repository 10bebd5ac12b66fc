"""What every action shares: it runs once in its turn, and says things by name."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from functools import partial
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, ActionExecutionRejection, Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import Clock
from bot.domain.conversations import Say
from bot.errors import Refusal
from bot.services import turns
from bot.services.turns import Acted
from bot.storage.database import Database
from bot.storage.tables import Conversation, Turn

FALLBACK = "nlu_fallback"


class TurnAction(Action):
    """An action that does its work in the turn Rasa is answering, in a unit of work of its own.

    What it says goes back to the service by name; the service finds the words.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    @abstractmethod
    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        """Do it, and return what to say.

        Raises:
            Refusal: it cannot be done; its text says so.
        """

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        acted = await self.run_once(tracker)
        if acted.says:
            dispatcher.utter_message(json_message={"say": [say.to_json() for say in acted.says]})
        return []

    async def run_once(self, tracker: Tracker) -> Acted:
        """Run `act` in the turn of the message Rasa is answering.

        Raises:
            ActionExecutionRejection: the turn is closed, or the message is of none.
        """
        message = tracker.latest_message
        metadata = message.get("metadata") or {}
        turn_id, part = metadata.get("turn"), metadata.get("part")
        if not isinstance(turn_id, int):
            raise ActionExecutionRejection(self.name(), "the message belongs to no turn")

        async def do(
            session: AsyncSession, conversation: Conversation, turn: Turn, now: datetime, refusal: Refusal | None = None
        ) -> Acted:
            if turn.intent is None and (likeliest := _likeliest(message)):
                turn.intent, turn.confidence = likeliest
            if refusal is None:
                says = await self.act_on(session, conversation, turn, message, now)
            else:
                says = [Say(refusal.response, refusal.values)]
            return Acted(says, await self.outcome(session, conversation, says, now))

        # Two wants of a turn may have the same action: each is done.
        effect = f"{self.name()} {part}" if part else self.name()
        try:
            return await turns.act(self.database, turn_id, effect, do, self.clock.now())
        except Refusal as refused:
            # What the action had begun is undone with its unit of work; why it was refused is kept in another.
            return await turns.act(self.database, turn_id, effect, partial(do, refusal=refused), self.clock.now())

    async def act_on(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, message: dict[str, Any], now: datetime
    ) -> list[Say]:
        """`act`, on the message as Rasa understood it."""
        intent = str((message.get("intent") or {}).get("name") or "")
        return await self.act(session, conversation, turn, intent, now)

    async def outcome(
        self, session: AsyncSession, conversation: Conversation, says: list[Say], now: datetime
    ) -> dict[str, Any]:
        """What Rasa must know of what was done, kept with it."""
        return {}


def _likeliest(message: dict[str, Any]) -> tuple[str, float] | None:
    """The intent the model finds likeliest, even where that is too little to act on, and how likely it is."""
    for choice in message.get("intent_ranking") or ():
        if choice["name"] != FALLBACK:
            return choice["name"], choice["confidence"]
    return None
