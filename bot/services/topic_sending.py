"""A row of the outbox for the team's group: completed when it leaves, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.conversations import Say
from bot.domain.outbox import OutboxState, chat_of, limit_of, retry_delay
from bot.domain.people import Channel
from bot.domain.topics import CONSOLE_ROOM, MAX_MESSAGE, TopicOp, Trouble, utf16
from bot.services import budgets, outbox, team
from bot.services.ports import Blocked, GroupShut, SendFailed, SendLater, SendRefused, TopicGone, TopicMade
from bot.storage.queries import lock
from bot.storage.tables import Conversation, OutboxRow, Topic, TopicGroup


async def prepare(session: AsyncSession, row: OutboxRow, now: datetime) -> str | None:
    """Put in the row where it goes, as the topic is now; or say why it must not be sent any more.

    It makes no sound on the team's phones when nobody is present or on call.
    """
    op = TopicOp(row.payload["op"])
    if op is TopicOp.DELETE:
        return None
    topic = await _topic(session, row)
    if topic is None:
        row.payload = {}
        return "topic left"
    if op is TopicOp.STATE:
        if topic.thread_id is None and not topic.open:
            return "no topic"
        if topic.thread_id is not None and (topic.name, topic.open) == (topic.name_sent, topic.open_sent):
            return "already so"
    conversation = await session.get_one(Conversation, topic.conversation_id)
    heard = await team.reachable(session, conversation.structure_id, now)
    row.payload = row.payload | {
        "chat": topic.chat_id,
        "thread": topic.thread_id,
        "name": topic.name,
        "open": topic.open,
        "renamed": topic.name != topic.name_sent,
        "silent": not heard,
    }
    return None


async def sent(session: AsyncSession, row: OutboxRow) -> None:
    """Of what left, nothing is kept here but that it did: the words are in the thread."""
    topic = await _topic(session, row)
    if topic is not None:
        if row.payload["op"] == TopicOp.STATE:
            topic.name_sent, topic.open_sent = row.payload["name"], row.payload["open"]
        await _trouble(session, topic.chat_id, None)
    row.payload = {"op": row.payload["op"]}


async def failed(session: AsyncSession, row: OutboxRow, error: SendFailed, now: datetime) -> None:
    """The lines of a topic are never given up: they wait, whatever it takes, or go to another topic."""
    row.state = OutboxState.WAITING
    topic = await _topic(session, row)
    if isinstance(error, TopicMade):
        row.attempts, row.not_before = row.attempts - 1, now
        await _made(session, row, topic, error.thread, now)
    elif isinstance(error, TopicGone):
        row.not_before = now
        await _gone(row, topic)
    elif isinstance(error, SendLater):
        row.attempts -= 1
        if isinstance(error, GroupShut):
            await _trouble(session, chat_of(row.address), error.trouble)
        await _wait(session, row, error.seconds, now)
    elif isinstance(error, SendRefused | Blocked):
        await _refused(session, row, now)
    else:
        row.not_before = now + retry_delay(row.attempts)


async def _topic(session: AsyncSession, row: OutboxRow) -> Topic | None:
    """The topic a row is for, locked; None if it was left since, even if another one has its number now."""
    topic = await session.get(Topic, row.payload.get("topic", 0))
    if topic is None or topic.conversation_id != row.payload["conversation"]:
        return None
    await lock(session, topic)
    return topic


async def _made(session: AsyncSession, row: OutboxRow, topic: Topic | None, thread: int, now: datetime) -> None:
    chat_id = chat_of(row.address)
    if topic is None or topic.thread_id is not None:
        # Left, or made by another process, between the call and its answer: this one would stay for nothing.
        payload = {"op": TopicOp.DELETE.value, "chat": chat_id, "thread": thread}
        await outbox.queue(session, Channel.TELEGRAM, row.address, row.kind, payload, now)
        return
    topic.thread_id, topic.name_sent, topic.open_sent = thread, row.payload["name"], True
    await _trouble(session, chat_id, None)


async def _gone(row: OutboxRow, topic: Topic | None) -> None:
    """Somebody deleted the topic: what could not be said there is said in a new one, which says so."""
    if row.payload["op"] == TopicOp.DELETE or topic is None:
        row.state, row.payload = OutboxState.DROPPED, {}
        return
    if topic.thread_id != row.payload["thread"]:
        return  # another one was made meanwhile
    topic.thread_id, topic.name_sent, topic.open_sent = None, None, None
    if row.payload["op"] == TopicOp.SAY:
        again = texts.render(Say("utter_topic_again"))[0].text
        text = f"{again}\n{row.payload['text']}"
        if utf16(text) <= MAX_MESSAGE - CONSOLE_ROOM:
            row.payload = row.payload | {"text": text}


async def _refused(session: AsyncSession, row: OutboxRow, now: datetime) -> None:
    if row.payload["op"] == TopicOp.COPY:
        # The young person deleted it, or Telegram cannot show it twice: what is known of it is said.
        row.payload = row.payload | {"op": TopicOp.SAY.value}
        row.not_before = now
        return
    row.state, row.payload = OutboxState.FAILED, {"op": row.payload["op"]}
    await _trouble(session, chat_of(row.address), Trouble.REFUSED)


async def _wait(session: AsyncSession, row: OutboxRow, seconds: float, now: datetime) -> None:
    """Telegram asked the whole group to wait: its other topics do not ask in vain."""
    chat = chat_of(row.address)
    row.not_before = now + timedelta(seconds=seconds)
    await budgets.hold(session, f"{row.channel.value}:{chat}", limit_of(chat), seconds, now)


async def _trouble(session: AsyncSession, chat_id: str, trouble: Trouble | None) -> None:
    await session.execute(
        update(TopicGroup)
        .where(TopicGroup.chat_id == chat_id, TopicGroup.trouble.is_distinct_from(trouble))
        .values(trouble=trouble)
    )
