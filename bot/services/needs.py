"""What a young person asked the bot about, before asking for someone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.storage.tables import Conversation, Turn, TurnEffect

# A need of last week is not why they ask for someone today.
LIVES = timedelta(hours=24)
ANSWERED = "action_answer_need"


async def last(session: AsyncSession, conversation: Conversation, now: datetime) -> str | None:
    """The last need the bot answered in the conversation in 24 hours ("need_housing"); None if there is none."""
    says = await session.scalar(
        select(TurnEffect.says)
        .join(Turn, TurnEffect.turn_id == Turn.id)
        .where(
            Turn.conversation_id == conversation.id,
            Turn.opened_at > now - LIVES,
            TurnEffect.action.startswith(ANSWERED, autoescape=True),
        )
        .order_by(TurnEffect.turn_id.desc())
        .limit(1)
    )
    response = says[0]["response"] if says else ""
    return next((need for need in labels() if response.startswith(f"utter_{need}")), None)


def labels() -> dict[str, str]:
    """Every need, with what it is called: {"need_housing": "Logement"}."""
    return {name: label for name, label in texts.labels().items() if name.startswith("need_")}
