"""The team's group: one row of the outbox becomes one call, or two for a topic's name and state."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from telegram import Bot
from telegram.error import BadRequest, Forbidden

from bot.domain.topics import CONSOLE, TopicOp, Trouble
from bot.services.ports import GroupShut, SendRefused, TopicGone, TopicMade

# In Telegram's words, or the library's: https://github.com/tdlib/telegram-bot-api/issues/854
GONE = ("message thread not found", "topic_deleted", "topic_id_invalid")
NOT_MODIFIED = "topic_not_modified"
NO_RIGHTS = ("not enough rights", "not a forum", "chat_admin_required", "need administrator rights")
SHUT = ("chat not found", "group chat was upgraded")


async def send(bot: Bot, payload: dict[str, Any], console: str) -> str | None:
    """Do what one row says in the group; `console` is the address of the team's pages.

    A topic that is not there is made, and nothing else is done: its number is kept before anything is said in it.

    Raises:
        TopicMade, TopicGone, GroupShut, SendRefused: see each.
    """
    try:
        return await _do(bot, payload, console)
    except Forbidden as error:
        raise GroupShut(Trouble.CLOSED) from error
    except BadRequest as error:
        said = error.message.lower()
        if any(words in said for words in GONE):
            raise TopicGone("topic gone") from error
        if any(words in said for words in NO_RIGHTS):
            raise GroupShut(Trouble.RIGHTS) from error
        if any(words in said for words in SHUT):
            raise GroupShut(Trouble.CLOSED) from error
        raise SendRefused(error.message) from error


async def _do(bot: Bot, payload: dict[str, Any], console: str) -> str | None:
    chat, thread, op = payload["chat"], payload["thread"], TopicOp(payload["op"])
    if op is TopicOp.DELETE:
        await bot.delete_forum_topic(chat, thread)
        return None
    if thread is None:
        made = await bot.create_forum_topic(chat, payload["name"])
        raise TopicMade(made.message_thread_id)
    if op is TopicOp.STATE:
        if payload["renamed"]:
            await _unless_so(bot.edit_forum_topic(chat, thread, name=payload["name"]))
        change = bot.reopen_forum_topic if payload["open"] else bot.close_forum_topic
        await _unless_so(change(chat, thread))
        return None
    silent = payload["silent"]
    if op is TopicOp.COPY:
        copied = await bot.copy_message(
            chat,
            payload["from"],
            int(payload["message"]),
            caption=payload["text"],
            message_thread_id=thread,
            disable_notification=silent,
        )
        return str(copied.message_id)
    text = payload["text"].replace(CONSOLE, console)
    said = await bot.send_message(chat, text, message_thread_id=thread, disable_notification=silent)
    return str(said.message_id)


async def _unless_so(call: Awaitable[bool]) -> None:
    """Asked for twice, after a crash, it is so already."""
    try:
        await call
    except BadRequest as error:
        if NOT_MODIFIED not in error.message.lower():
            raise
