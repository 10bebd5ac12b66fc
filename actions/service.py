"""The service itself: what it is, who may come, what it costs."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain.conversations import Say
from bot.domain.replies import plain
from bot.storage.tables import Conversation, Turn

COST = re.compile(r"\b(?:gratuit\w*|pay(?:e|er|ant\w*|es)|cout\w*|cher|prix|tarif\w*|euros?)\b")


class AboutService(TurnAction):
    def name(self) -> str:
        return "action_about_service"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        about_cost = COST.search(plain(turn.text or ""))
        return [Say("utter_about_cost" if about_cost else "utter_about_service")]
