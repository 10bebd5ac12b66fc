"""Fetch what a message brought. Telegram keeps it; we ask for it once the update is stored and acknowledged."""

from __future__ import annotations

from telegram import Bot
from telegram.error import BadRequest, TelegramError

from bot.channels.telegram.transport import FILE_SECONDS
from bot.domain.files import MEGABYTE
from bot.errors import FileTooBig
from bot.services.ports import FetchFailed, FetchRefused


class TelegramFiles:
    def __init__(self, bot: Bot) -> None:
        self.bot = bot

    async def fetch(self, reference: str, largest: int) -> bytes:
        """See `Fetcher`. Telegram itself gives a bot no file of more than 20 MB.
        https://core.telegram.org/bots/api#getfile
        """
        try:
            file = await self.bot.get_file(reference)
            if (file.file_size or 0) > largest:
                raise FileTooBig(most=str(largest // MEGABYTE))
            return bytes(await file.download_as_bytearray(read_timeout=FILE_SECONDS))
        except BadRequest as error:
            if "too big" in error.message.lower():
                raise FileTooBig(most=str(largest // MEGABYTE)) from error
            raise FetchRefused(error.message) from error
        except TelegramError as error:
            raise FetchFailed(type(error).__name__) from error
