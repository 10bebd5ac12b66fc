"""The way out: one row of the outbox becomes one call to Telegram."""

from __future__ import annotations

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, Message
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot.channels.telegram import topics
from bot.channels.telegram.transport import FILE_SECONDS, NeverLeft, Transport
from bot.domain.outbox import OutboxKind
from bot.services import files
from bot.services.ports import Blocked, Parcel, SendFailed, SendLater, SendRefused
from bot.storage.database import Database
from bot.storage.vault import Vault

NOT_MODIFIED = "message is not modified"  # sent a second time, after a crash
GONE = ("chat not found", "user is deactivated")


def make_bot(token: str, base_url: str) -> Bot:
    """python-telegram-bot's Bot on the configured Bot API."""
    return Bot(
        token,
        base_url=f"{base_url}/bot",
        base_file_url=f"{base_url}/file/bot",
        request=Transport(),
    )


class TelegramMessenger:
    """`console` is the address of the team's pages, for what is said to the team."""

    def __init__(self, bot: Bot, database: Database, vault: Vault, console: str) -> None:
        self.bot = bot
        self.database = database
        self.vault = vault
        self.console = console

    async def send(self, parcel: Parcel) -> str | None:
        """See `Messenger`. Telegram has no idempotency key: what a time-out cut may have been sent."""
        try:
            kind = OutboxKind(parcel.payload["kind"])
            if kind is OutboxKind.PRESS:
                await self._acknowledge(parcel)
                return None
            if kind is OutboxKind.DELETE:
                await self._delete(parcel)
                return None
            if kind is OutboxKind.EDIT:
                await self._edit(parcel)
                return None
            if kind is OutboxKind.TOPIC:
                return await topics.send(self.bot, parcel.payload, self.console)
            return await self._say(parcel)
        except RetryAfter as error:
            seconds = error.retry_after if isinstance(error.retry_after, int) else (error.retry_after.total_seconds())
            raise SendLater(seconds) from error
        except Forbidden as error:
            raise Blocked("blocked") from error
        except BadRequest as error:
            if any(word in error.message.lower() for word in GONE):
                raise Blocked("gone") from error
            raise SendRefused(error.message) from error
        except NetworkError as error:
            raise SendFailed(type(error).__name__, unknown=not isinstance(error, NeverLeft)) from error
        except TelegramError as error:
            raise SendFailed(type(error).__name__) from error

    async def _say(self, parcel: Parcel) -> str:
        payload = parcel.payload
        rows = [[InlineKeyboardButton(title, callback_data=data)] for title, data in payload["buttons"]]
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        if number := payload.get("file"):
            message = await self._send_file(parcel.address, number, payload["text"])
        elif payload["attachment"]:
            name, content = payload["attachment"]
            message = await self.bot.send_document(
                parcel.address,
                InputFile(content.encode(), filename=name),
                caption=payload["text"],
                reply_markup=keyboard,
            )
        else:
            text = payload["text"]
            if payload["kind"] == OutboxKind.NOTICE:
                text += f"\n{self.console}"
            message = await self.bot.send_message(parcel.address, text, reply_markup=keyboard)
        return str(message.message_id)

    async def _send_file(self, address: str, number: int, caption: str) -> Message:
        async with self.database.read_only() as session:
            file = await files.opened(session, self.vault, number)
        if file is None:
            raise SendRefused("the file is gone")
        upload = InputFile(file.content, filename=file.name)
        if file.kind.is_picture:
            return await self.bot.send_photo(address, upload, caption=caption, read_timeout=FILE_SECONDS)
        return await self.bot.send_document(address, upload, caption=caption, read_timeout=FILE_SECONDS)

    async def _acknowledge(self, parcel: Parcel) -> None:
        try:
            await self.bot.answer_callback_query(parcel.payload["press"])
        except BadRequest:
            return  # too old: the answer has been given in the chat all the same

    async def _edit(self, parcel: Parcel) -> None:
        text, reference = parcel.payload["text"], int(parcel.payload["references"][0])
        try:
            if parcel.payload["captioned"]:
                await self.bot.edit_message_caption(parcel.address, reference, caption=text)
            else:
                await self.bot.edit_message_text(text, parcel.address, reference)
        except BadRequest as error:
            if NOT_MODIFIED not in error.message.lower():
                raise

    async def _delete(self, parcel: Parcel) -> None:
        references: list[int] = parcel.payload["references"]
        try:
            await self.bot.delete_messages(parcel.address, references)
        except BadRequest:
            # One that cannot be deleted must not keep the others on the phone.
            for reference in references:
                await self._delete_one(parcel.address, reference)

    async def _delete_one(self, address: str, reference: int) -> None:
        try:
            await self.bot.delete_message(address, reference)
        except BadRequest:
            return
