"""A person is wanted: now, by phone, a given one, or for someone else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn_action import TurnAction
from bot.domain.conversations import Say
from bot.domain.handoffs import HandoffReason
from bot.domain.wishes import wish_of
from bot.services import answers, asking, handoffs
from bot.storage.tables import Conversation, Turn


class RequestHuman(TurnAction):
    def name(self) -> str:
        return "action_request_human"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await asking.ask_and_say(session, conversation, HandoffReason.ASKED, now, wish=wish_of(turn.text or ""))


class RequestCallback(TurnAction):
    def name(self) -> str:
        return "action_request_callback"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await answers.start_callback(session, conversation, turn, now)


class AskMyAdviser(TurnAction):
    def name(self) -> str:
        return "action_ask_my_adviser"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        return await asking.tell_adviser(session, conversation, now)


class ForSomeoneElse(TurnAction):
    def name(self) -> str:
        return "action_for_someone_else"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        await handoffs.ask(session, conversation, HandoffReason.FOR_SOMEONE_ELSE, now)
        return [Say("utter_someone_else")]


class ReportNews(TurnAction):
    def name(self) -> str:
        return "action_report_news"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        await handoffs.ask(session, conversation, HandoffReason.NEWS, now)
        return [Say("utter_news_noted")]


class GiveFeedback(TurnAction):
    def name(self) -> str:
        return "action_give_feedback"

    async def act(
        self, session: AsyncSession, conversation: Conversation, turn: Turn, intent: str, now: datetime
    ) -> list[Say]:
        await handoffs.keep_feedback(session, conversation, turn, now)
        return [Say("utter_feedback")]
