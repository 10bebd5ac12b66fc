"""Needs: a short, true answer by theme, and a next step."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain.conversations import Say
from bot.domain.themes import find_theme
from bot.storage.tables import Conversation, Turn


class AnswerNeed(TurnAction):
    def name(self) -> str:
        return "action_answer_need"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        theme = find_theme(intent, turn.text or "")
        return [Say(theme.response if theme else f"utter_{intent}")]
