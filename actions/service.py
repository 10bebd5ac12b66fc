"""The service itself: what it is, who may come, what it costs, whether it is real."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain.conversations import Say
from bot.domain.replies import plain
from bot.storage.tables import Conversation, Turn

COST = re.compile(r"\b(?:gratuit\w*|pay(?:e|er|ant\w*|es)|cout\w*|cher|prix|tarif\w*|euros?)\b")
# Whether it is real: asked by who found a poster, or a message they did not expect.
GENUINE = re.compile(
    r"\b(?:arnaqu\w*|arnak\w*|escro\w*|fake|faux|bidon|pieges?|virus|spam|phishing|seri(?:eux|euse)|confiance|mefi\w*"
    r"|officiel\w*|(?:pour|de) vrai|vrai (?:site|truc|compte|service))\b"
)


class AboutService(TurnAction):
    def name(self) -> str:
        return "action_about_service"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        asked = plain(turn.text or "")
        if GENUINE.search(asked):
            return [Say("utter_about_genuine")]
        return [Say("utter_about_cost" if COST.search(asked) else "utter_about_service")]
