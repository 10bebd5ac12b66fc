"""Chats, as the people in them see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import BotApi

JSON = dict[str, Any]

MAX_TEXT = 4096  # UTF-16 units
_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,64}(?:@\w+)?(?!\w)")


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: an emoji is 2."""
    return len(text.encode("utf-16-le")) // 2


def text_content(text: str) -> JSON:
    """The `text` and `entities` fields of a message."""
    commands = [
        {
            "type": "bot_command",
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found.group()),
        }
        for found in _COMMAND.finditer(text)
    ]
    return {"text": text, "entities": commands} if commands else {"text": text}


def in_topic(thread: int | None) -> JSON:
    """The fields of a message of a topic."""
    return {"message_thread_id": thread, "is_topic_message": True} if thread else {}


@dataclass(frozen=True)
class Document:
    name: str
    content: bytes


@dataclass(eq=False)
class Message:
    """A message of a chat; `content` holds its own fields (text, voice…), `markup` its reply_markup."""

    chat: Chat
    message_id: int
    sender: JSON
    at: datetime
    content: JSON
    markup: JSON | None = None
    document: Document | None = None
    edited_at: datetime | None = None
    deleted: bool = False

    @property
    def text(self) -> str:
        """The text, or the caption."""
        return str(self.content.get("text", self.content.get("caption", "")))

    @property
    def raw_buttons(self) -> list[JSON]:
        return [button for row in (self.markup or {}).get("inline_keyboard", []) for button in row]

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """Inline buttons, as (title, callback data or address)."""
        return [(b["text"], b.get("callback_data") or b.get("url", "")) for b in self.raw_buttons]

    def json(self) -> JSON:
        message = {
            "message_id": self.message_id,
            "from": self.sender,
            "chat": self.chat.description,
            "date": int(self.at.timestamp()),
            **self.content,
        }
        if self.edited_at is not None:
            message["edit_date"] = int(self.edited_at.timestamp())
        if self.raw_buttons:
            message["reply_markup"] = self.markup
        return message

    def __repr__(self) -> str:
        titles = "".join(f" [{title}]" for title, _ in self.buttons)
        document = f" <{self.document.name}>" if self.document else ""
        return f"#{self.message_id} {self.text!r}{document}{titles}"


@dataclass(eq=False)
class Topic:
    """A topic of a forum; `thread_id` is the number of the message that made it."""

    chat: Chat
    thread_id: int
    name: str
    closed: bool = False

    @property
    def messages(self) -> list[Message]:
        """What is said in it, in order, by whoever."""
        in_it = {"message_thread_id": self.thread_id}.items()
        return [one for one in self.chat.messages.values() if in_it <= one.content.items() and not one.deleted]

    @property
    def said(self) -> list[str]:
        """The bot's texts in it, line by line."""
        return [line for one in self.messages if one.sender["is_bot"] for line in one.text.splitlines()]


class Chat:
    """A group (or, as a `User`, a private chat); `topics` are those of a forum, by number, `gone` the deleted ones."""

    def __init__(self, api: BotApi, chat_id: int, description: JSON) -> None:
        self.api = api
        self.chat_id = chat_id
        self.description = {"id": chat_id, **description}
        self.messages: dict[int, Message] = {}
        self.topics: dict[int, Topic] = {}
        self.gone: list[Topic] = []
        self.may_manage_topics = True
        self.blocked = False
        self.notices: list[str] = []  # what answerCallbackQuery showed

    @property
    def received(self) -> list[Message]:
        """All the bot's messages, in order, deleted ones too."""
        return [message for message in self.messages.values() if message.sender["is_bot"]]

    @property
    def screen(self) -> list[Message]:
        """The bot's messages one can see now, in order."""
        return [message for message in self.received if not message.deleted]

    def post(
        self, sender: JSON, content: JSON, markup: JSON | None = None, document: Document | None = None
    ) -> Message:
        message = Message(self, len(self.messages) + 1, sender, self.api.now(), content, markup, document)
        self.messages[message.message_id] = message
        return message

    def topic(self, name: str) -> Topic:
        """The topic whose name has this in it.

        Raises:
            LookupError: there is none.
        """
        for topic in self.topics.values():
            if name in topic.name:
                return topic
        raise LookupError(f"no topic {name!r} among {[topic.name for topic in self.topics.values()]}")

    def delete_topic(self, topic: Topic) -> None:
        """Someone deletes it in the application: all that is in it goes, and the bot is told nothing."""
        for message in topic.messages:
            message.deleted = True
        self.gone.append(self.topics.pop(topic.thread_id))

    async def waits_for(
        self,
        what: int | str | Callable[[Message], bool],
        timeout: float = 60.0,  # noqa: ASYNC109 - how long to wait is what a test says here
    ) -> Message:
        """Wait for the bot's n-th message ever, or for a visible one with this text or that pleases `what`.

        Raises:
            AssertionError: nothing like it within `timeout` seconds.
        """

        def found() -> Message | None:
            if isinstance(what, int):
                return self.received[what - 1] if len(self.received) >= what else None
            pleases = (lambda message: what in message.text) if isinstance(what, str) else what
            return next((message for message in reversed(self.screen) if pleases(message)), None)

        try:
            return await self.api.until(found, timeout)
        except TimeoutError:
            raise AssertionError(f"waited for {what!r} in vain; on screen: {self.screen}") from None


class User(Chat):
    """A person, and their private chat with the bot."""

    def __init__(self, api: BotApi, first_name: str, user_id: int) -> None:
        super().__init__(api, user_id, {"type": "private", "first_name": first_name})
        self.reactions: dict[int, str] = {}
        self.account = {"id": user_id, "is_bot": False, "first_name": first_name, "language_code": "fr"}

    async def start(self, code: str = "") -> Message:
        """Open the bot from a link or a QR code carrying `code`."""
        return await self.says(f"/start {code}".strip())

    async def says(self, text: str, chat: Chat | None = None, thread: int | None = None) -> Message:
        """Write in the private chat, or in `chat`, in one of its topics; `thread` may be forged."""
        text = text.strip()
        if not text or utf16_length(text) > MAX_TEXT:
            raise ValueError("a Telegram client sends 1 to 4096 characters")
        return self._send(text_content(text) | in_topic(thread), chat)

    async def sends_voice(self, seconds: int = 4, content: bytes = b"OggS voice") -> Message:
        voice = {**self.api.keep_file("voice", "oga", content), "duration": seconds, "mime_type": "audio/ogg"}
        return self._send({"voice": voice})

    async def sends_photo(
        self, caption: str | None = None, chat: Chat | None = None, thread: int | None = None
    ) -> Message:
        size = {**self.api.keep_file("photos", "jpg", b"\xff\xd8 photo"), "width": 1280, "height": 960}
        return self._send({"photo": [size]} | ({"caption": caption} if caption else {}) | in_topic(thread), chat)

    async def sends_document(self, name: str, content: bytes = b"%PDF-1.4") -> Message:
        kept = self.api.keep_file("documents", name.rpartition(".")[2], content)
        return self._send({"document": {**kept, "file_name": name}})

    async def sends_sticker(self) -> Message:
        sticker = {
            **self.api.keep_file("stickers", "webp", b"RIFF"),
            **{"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
        }
        return self._send({"sticker": sticker})

    async def sends_location(self, lat: float, lon: float) -> Message:
        return self._send({"location": {"latitude": lat, "longitude": lon}})

    async def sends_contact(self, phone: str) -> Message:
        name = self.account["first_name"]
        return self._send({"contact": {"phone_number": phone, "first_name": name, "user_id": self.chat_id}})

    async def edits(self, message: Message | int | Literal["last"], text: str) -> Message:
        """Change one's own message."""
        if message == "last":
            message = [sent for sent in self.messages.values() if not sent.sender["is_bot"]][-1]
        elif isinstance(message, int):
            message = self.messages[message]
        assert isinstance(message, Message)
        if message.sender != self.account:
            raise ValueError(f"{message} is not from {self.account['first_name']}")
        message.content = text_content(text.strip()) | in_topic(message.content.get("message_thread_id"))
        message.edited_at = self.api.now()
        self.api.publish("edited_message", message.json())
        return message

    async def reacts(self, emoji: str, message: Message | None = None) -> None:
        """Put a reaction on a message of the bot, in place of any other: the last one, or `message`."""
        on = message or self.screen[-1]
        before, self.reactions[on.message_id] = self.reactions.get(on.message_id), emoji
        self.api.publish(
            "message_reaction",
            {
                "chat": self.description,
                "message_id": on.message_id,
                "user": self.account,
                "date": int(self.api.now().timestamp()),
                "old_reaction": [{"type": "emoji", "emoji": before}] if before else [],
                "new_reaction": [{"type": "emoji", "emoji": emoji}],
            },
        )

    async def presses(
        self, title: str | None = None, *, data: str | None = None, message: Message | None = None
    ) -> str:
        """Press the button `title` (on `message`, or the lowest on screen); returns the query's id.

        With `data` the press is forged on `message` or the last one seen, as an old client would, even when
        the button or the message is gone.

        Raises:
            LookupError: no such button is on screen.
        """
        if title is not None:
            shown = [message] if message else list(reversed(self.screen))
            message, data = next(
                (
                    (seen, button["callback_data"])
                    for seen in shown
                    if not seen.deleted
                    for button in seen.raw_buttons
                    if button["text"] == title and "callback_data" in button
                ),
                (None, None),
            )
        elif message is None and self.received:
            message = self.received[-1]
        if message is None or data is None:
            raise LookupError(f"no button {title!r} to press; on screen: {self.screen}")
        return self.api.ask(self, message, data)

    async def blocks(self) -> None:
        self.blocked = True
        self._is_now("kicked", before="member")

    async def unblocks(self) -> None:
        self.blocked = False
        self._is_now("member", before="kicked")

    def _is_now(self, status: str, *, before: str) -> None:
        def member(status: str) -> JSON:
            until = {"until_date": 0} if status == "kicked" else {}
            return {"user": self.api.account, "status": status, **until}

        self.api.publish(
            "my_chat_member",
            {
                "chat": self.description,
                "from": self.account,
                "date": int(self.api.now().timestamp()),
                "old_chat_member": member(before),
                "new_chat_member": member(status),
            },
        )

    def _send(self, content: JSON, chat: Chat | None = None) -> Message:
        if self.blocked and chat is None:
            raise ValueError(f"{self.account['first_name']} has blocked the bot and cannot write to it")
        message = (chat or self).post(self.account, content)
        self.api.publish("message", message.json())
        return message
