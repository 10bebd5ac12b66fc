"""A person's rights: who reads, stop, resume, see, erase, hide."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain import privacy
from bot.domain.conversations import Say
from bot.services import rights
from bot.storage.tables import Conversation, Turn


class AnswerPrivacy(TurnAction):
    def name(self) -> str:
        return "action_answer_privacy"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return [Say(privacy.response_to(turn.text or ""))]


class StopNudges(TurnAction):
    def name(self) -> str:
        return "action_stop_nudges"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await rights.stop_nudges(conversation, now)


class ResumeNudges(TurnAction):
    def name(self) -> str:
        return "action_resume_nudges"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await rights.resume_nudges(conversation)


class AskMyData(TurnAction):
    def name(self) -> str:
        return "action_ask_my_data"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await rights.tell_my_data(session, conversation)


class EraseMyData(TurnAction):
    def name(self) -> str:
        return "action_erase_my_data"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await rights.ask_erase(session, conversation, now)


class HideConversation(TurnAction):
    def name(self) -> str:
        return "action_hide_conversation"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await rights.hide(session, conversation, now)
