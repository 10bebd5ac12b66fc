"""Places: where and when people are received."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain.conversations import Say
from bot.services import bus, places
from bot.storage.tables import Conversation, Turn


class TellPlace(TurnAction):
    def name(self) -> str:
        return "action_tell_place"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        said = await bus.tell(session, conversation, turn.text or "", now)
        return said or await places.tell(session, conversation, turn.text or "", now)
