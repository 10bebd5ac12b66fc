"""Show on the young person's Telegram that somebody writes."""

from __future__ import annotations

from contextlib import suppress

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError


class TelegramTypist:
    def __init__(self, bot: Bot) -> None:
        self.bot = bot

    async def show(self, address: str) -> None:
        """See `Typist`. Telegram shows it for five seconds. https://core.telegram.org/bots/api#sendchataction"""
        with suppress(TelegramError):
            await self.bot.send_chat_action(address, ChatAction.TYPING)
