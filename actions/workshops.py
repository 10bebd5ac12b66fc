"""Workshops: which are coming, and a seat in one of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffReason
from bot.services import asking, workshops
from bot.storage.tables import Conversation, Turn


class JoinWorkshop(TurnAction):
    """List what is coming; when nothing is, the team is asked."""

    def name(self) -> str:
        return "action_join_workshop"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        said = await workshops.tell(session, conversation, turn.text or "", now)
        if said:
            return said
        return [Say("utter_workshop"), *await asking.ask_and_say(session, conversation, HandoffReason.WORKSHOP, now)]
