"""Read a Telegram update: python-telegram-bot's types, one row at a time."""

from __future__ import annotations

from typing import Any

from telegram import CallbackQuery, ChatMember, Message, Update

from bot.domain.conversations import MAX_TEXT, Incoming, IncomingKind

FILES = (
    ("voice", IncomingKind.VOICE),
    ("audio", IncomingKind.VOICE),
    ("video_note", IncomingKind.VOICE),
    ("photo", IncomingKind.PHOTO),
    ("sticker", IncomingKind.STICKER),
    ("document", IncomingKind.DOCUMENT),
    ("video", IncomingKind.DOCUMENT),
    ("animation", IncomingKind.DOCUMENT),
    ("contact", IncomingKind.CONTACT),
)


class Unreadable(Exception):
    """The update cannot be read, or is of a kind the service does not take; it is set aside."""


def read(raw: dict[str, Any]) -> Incoming:
    """What a private chat sent, without the sender's name.

    Raises:
        Unreadable: it is broken, from a group, or of another kind.
    """
    try:
        update = Update.de_json(raw, None)
    except Exception as error:  # the library raises whatever a broken field makes it raise
        raise Unreadable(type(error).__name__) from error
    if update.callback_query is not None:
        return _button(update.callback_query)
    if update.my_chat_member is not None:
        member = update.my_chat_member
        if member.chat.type != "private":
            raise Unreadable("group")
        gone = member.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT)
        kind = IncomingKind.BLOCKED if gone else IncomingKind.UNBLOCKED
        return Incoming(kind, str(member.chat.id), member.date)
    if update.edited_message is not None:
        message = update.edited_message
        _refuse_group(message)
        return Incoming(
            IncomingKind.EDIT,
            str(message.chat.id),
            message.edit_date or message.date,
            text=(message.text or message.caption or "")[:MAX_TEXT],
            reference=str(message.message_id),
        )
    if update.message is None:
        raise Unreadable("kind")
    return _message(update.message)


def _message(message: Message) -> Incoming:
    _refuse_group(message)
    address, reference = str(message.chat.id), str(message.message_id)
    text = message.text or message.caption or ""
    if message.text is not None and message.text.startswith("/"):
        command, _, argument = message.text[1:].partition(" ")
        return Incoming(
            IncomingKind.COMMAND,
            address,
            message.date,
            text=command.partition("@")[0].lower()[:64],
            argument=argument.strip()[:64],
            reference=reference,
        )
    if message.text is not None:
        return Incoming(IncomingKind.TEXT, address, message.date, text=text[:MAX_TEXT], reference=reference)
    if message.location is not None:
        return Incoming(
            IncomingKind.LOCATION,
            address,
            message.date,
            reference=reference,
            latitude=message.location.latitude,
            longitude=message.location.longitude,
        )
    for name, kind in FILES:
        file = getattr(message, name)
        if file:
            largest = file[-1] if isinstance(file, tuple) else file
            return Incoming(
                kind,
                address,
                message.date,
                text=text[:MAX_TEXT],
                reference=reference,
                file_reference=getattr(largest, "file_id", ""),
            )
    return Incoming(IncomingKind.OTHER, address, message.date, reference=reference)


def _button(query: CallbackQuery) -> Incoming:
    if query.message is None:
        raise Unreadable("button without message")
    if query.message.chat.type != "private":
        raise Unreadable("group")
    # The message may be too old for Telegram to date it: the moment of the press is when it came in.
    return Incoming(
        IncomingKind.BUTTON,
        str(query.message.chat.id),
        query.message.date,
        argument=(query.data or "")[:64],
        reference=str(query.message.message_id),
        press_reference=query.id,
    )


def _refuse_group(message: Message) -> None:
    if message.chat.type != "private":
        raise Unreadable("group")
