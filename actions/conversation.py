"""Hello, yes, no, a bare fact, leave it, I did not understand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import FALLBACK, TurnAction
from bot.domain.conversations import Say
from bot.services import answers, booking
from bot.storage.tables import Conversation, Turn


class Greet(TurnAction):
    def name(self) -> str:
        return "action_greet"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return [Say("utter_first_choice" if turn.before else "utter_greet")]


class Affirm(TurnAction):
    def name(self) -> str:
        return "action_affirm"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await answers.yes_or_no(session, conversation, turn, True, now)


class Deny(TurnAction):
    def name(self) -> str:
        return "action_deny"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await answers.yes_or_no(session, conversation, turn, False, now)


class Inform(TurnAction):
    def name(self) -> str:
        return "action_inform"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await answers.bare_fact(session, conversation, turn, now)


class AbandonStep(TurnAction):
    def name(self) -> str:
        return "action_abandon_step"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        conversation.pending = None
        return await booking.leave(session, conversation, now)


class NotUnderstood(TurnAction):
    def name(self) -> str:
        return "action_not_understood"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        first = "utter_out_of_scope" if intent == "out_of_scope" else "utter_not_understood"
        return await answers.not_understood(session, conversation, turn, first, now)

    async def act_on(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, message: dict[str, Any], now: datetime
    ) -> list[Say]:
        ranking = [(choice["name"], choice["confidence"]) for choice in message["intent_ranking"]]
        if ranking[0][0] != FALLBACK:
            return await super().act_on(session, conversation, turn, message, now)
        return await answers.not_sure(session, conversation, turn, ranking[1:], now)
