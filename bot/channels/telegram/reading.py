"""Read a Telegram update: python-telegram-bot's types, one row at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from telegram import CallbackQuery, ChatMember, Message, MessageReactionUpdated, ReactionTypeEmoji, Update

from bot.domain.conversations import MAX_TEXT, Incoming, IncomingKind
from bot.domain.topics import GroupKind

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
THUMB_DOWN = "👎"


class Unreadable(Exception):
    """The update cannot be read, or is of a kind the service does not take; it is set aside."""


class NothingToKeep(Exception):
    """What nobody waits an answer for: what a group did beside its messages, a heart. Nothing is kept of it."""


def read(raw: dict[str, Any]) -> Incoming:
    """What a private chat or a group sent, without the sender's name; `group` tells the second from the first.

    Raises:
        Unreadable: it is broken, or of another kind.
        NothingToKeep: see it.
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
            raise NothingToKeep
        gone = member.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT)
        kind = IncomingKind.BLOCKED if gone else IncomingKind.UNBLOCKED
        return Incoming(kind, str(member.chat.id), member.date)
    if update.edited_message is not None:
        message = update.edited_message
        return _placed(
            message,
            Incoming(
                IncomingKind.EDIT,
                str(message.chat.id),
                message.edit_date or message.date,
                text=(message.text or message.caption or "")[:MAX_TEXT],
                reference=str(message.message_id),
            ),
        )
    if update.message_reaction is not None:
        return _reaction(update.message_reaction)
    if update.message is None:
        raise Unreadable("kind")
    return _placed(update.message, _message(update.message))


def _placed(message: Message, incoming: Incoming) -> Incoming:
    """Of a group: which topic it was written in, and who wrote."""
    chat = message.chat
    if chat.type == "private":
        return incoming
    if chat.type == "channel":
        raise NothingToKeep
    # A reply outside the topics has a number too, which is no topic's.
    thread = message.message_thread_id if message.is_topic_message else None
    # Who hides behind the group, or behind a channel, is nobody.
    sender = message.from_user.id if message.from_user is not None and message.sender_chat is None else ""
    group = GroupKind.PUBLIC if chat.username else GroupKind.FORUM if chat.is_forum else GroupKind.PLAIN
    argument = incoming.argument
    if incoming.kind is IncomingKind.COMMAND and message.text is not None:
        argument = message.text.partition(" ")[2].strip()
    return replace(
        incoming, address=f"{chat.id}/{thread or ''}", sender=str(sender), group=group.value, argument=argument
    )


def _message(message: Message) -> Incoming:
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
        raise NothingToKeep
    # The message may be too old for Telegram to date it: the moment of the press is when it came in.
    return Incoming(
        IncomingKind.BUTTON,
        str(query.message.chat.id),
        query.message.date,
        argument=(query.data or "")[:64],
        reference=str(query.message.message_id),
        press_reference=query.id,
    )


def _reaction(change: MessageReactionUpdated) -> Incoming:
    """A thumb down put on a message; any other reaction, or one taken back, says nothing that we could answer."""
    before, after = (
        {one.emoji for one in reactions if isinstance(one, ReactionTypeEmoji)}
        for reactions in (change.old_reaction, change.new_reaction)
    )
    if change.chat.type != "private" or THUMB_DOWN not in after - before:
        raise NothingToKeep
    return Incoming(IncomingKind.REACTION, str(change.chat.id), change.date, reference=str(change.message_id))
