"""What the team writes in its Telegram group: answers to the young, and orders. The verbs are the console's.

Only an adviser of the group's structure, by the Telegram account they linked, is obeyed; only in a topic that is ours.
Everything else is the team's own talk, and is let be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Incoming, IncomingKind, Say
from bot.domain.team import Role
from bot.domain.topics import CONSOLE
from bot.errors import AlreadyTaken, NothingToDo, NotTheHolder, Refusal
from bot.services import alerts, handoffs, inbox, linking, notes, rewriting, team, topics
from bot.storage.queries import insert_new
from bot.storage.tables import (
    Adviser,
    Conversation,
    Handoff,
    InboxRow,
    Message,
    OutboxRow,
    Topic,
    TopicGroup,
    TopicGuest,
    TopicLine,
)
from nlu.langue import fold

TAKE_ANYWAY = "quand meme"
FILES = (IncomingKind.PHOTO, IncomingKind.DOCUMENT, IncomingKind.VOICE, IncomingKind.STICKER)


async def obey(session: AsyncSession, row: InboxRow, now: datetime) -> None:
    """Do what an update of the group asks, once; its words are not kept here afterwards."""
    incoming = inbox.read(row)
    row.payload = row.payload | {"text": "", "argument": ""}
    if linking.is_group_link(incoming):
        await linking.link_group(session, incoming, now)
        return
    chat_id, _, thread = incoming.address.partition("/")
    group = await session.scalar(select(TopicGroup).where(TopicGroup.chat_id == chat_id))
    topic = await topics.topic_at(session, chat_id, thread)
    if group is None or topic is None or incoming.kind is IncomingKind.OTHER:
        return
    adviser = await _adviser(session, group, incoming.sender)
    if adviser is None:
        await _tell_guest(session, topic, incoming.sender, now)
        return
    conversation = await session.get_one(Conversation, topic.conversation_id)
    if conversation.structure_id != adviser.structure_id:
        return
    try:
        async with session.begin_nested():
            said = await _do(session, topic, conversation, adviser, incoming, row.update_id, now)
    except AlreadyTaken as refusal:
        said = Say("utter_topic_taken_by", refusal.values)
    except (NotTheHolder, NothingToDo) as refusal:
        said = await _not_sent(session, conversation, incoming, refusal)
    except Refusal as refusal:
        said = Say(refusal.response, refusal.values)
    if said is not None:
        await topics.tell(session, topic, said, now)


async def _adviser(session: AsyncSession, group: TopicGroup, sender: str) -> Adviser | None:
    """The adviser of the group's structure who linked this account. A private chat has its account's number."""
    return await session.scalar(
        select(Adviser).where(
            Adviser.telegram_chat == sender,
            Adviser.structure_id == group.structure_id,
            Adviser.active,
            Adviser.role != Role.PARTNER,
        )
    )


async def _tell_guest(session: AsyncSession, topic: Topic, sender: str, now: datetime) -> None:
    """Who is not linked, or is another structure's, is told so once in each group; what they wrote goes nowhere."""
    who = hashlib.sha256(f"{topic.chat_id}:{sender}".encode()).hexdigest()
    if await insert_new(session, TopicGuest, chat_id=topic.chat_id, who=who, told_at=now):
        await topics.tell(session, topic, Say("utter_topic_guest", {"console": CONSOLE}), now)


async def _not_sent(session: AsyncSession, conversation: Conversation, incoming: Incoming, refusal: Refusal) -> Say:
    """Words that went nowhere are said so, with the way to make them go."""
    if incoming.kind is IncomingKind.COMMAND:
        return Say(refusal.response, refusal.values)
    text = topics.excerpt(incoming.text)
    handoff = await handoffs.open_handoff(session, conversation)
    if handoff is None:
        return Say("utter_topic_over", {"text": text, "link": _page(conversation)})
    if handoff.adviser is not None:
        return Say("utter_topic_theirs", {"text": text, "name": handoff.adviser.first_name})
    return Say("utter_topic_take_first", {"text": text})


async def _do(
    session: AsyncSession,
    topic: Topic,
    conversation: Conversation,
    adviser: Adviser,
    incoming: Incoming,
    update_id: int,
    now: datetime,
) -> Say | None:
    if incoming.kind is IncomingKind.EDIT:
        return await _edit(session, topic, adviser, incoming, now)
    if incoming.kind in FILES:
        return Say("utter_topic_no_files", {"link": _page(conversation)})
    if incoming.kind is IncomingKind.COMMAND:
        order = ORDERS.get(_plain(incoming.text))
        if order is None:
            return Say("utter_topic_orders")
        return await order(session, conversation, adviser, incoming.argument, now)
    if incoming.kind is IncomingKind.TEXT:
        await _answer(session, topic, conversation, adviser, incoming, update_id, now)
    return None


async def _answer(
    session: AsyncSession,
    topic: Topic,
    conversation: Conversation,
    adviser: Adviser,
    incoming: Incoming,
    update_id: int,
    now: datetime,
) -> None:
    """What is written goes to the young person; it is in the topic already, so it is not shown there again."""
    handoff = await _open(session, conversation)
    once = f"group{update_id}"
    await handoffs.answer(session, handoff, adviser, incoming.text, now, once=once)
    queued = await session.scalar(select(OutboxRow).where(OutboxRow.once_key == f"answer:{handoff.id}:{once}:0"))
    if queued is not None:
        message = await session.get_one(Message, queued.payload["message"])
        await topics.shown(session, topic, f"m-{message.id}", message.text, incoming.reference)


async def _edit(session: AsyncSession, topic: Topic, adviser: Adviser, incoming: Incoming, now: datetime) -> Say | None:
    """What was sent is changed on the young person's screen too; what never was is let be."""
    shown = await session.scalar(
        select(TopicLine).where(TopicLine.topic_id == topic.id, TopicLine.reference == incoming.reference)
    )
    if shown is None:
        return None
    message = await session.get_one(Message, int(shown.line.removeprefix("m-")))
    await rewriting.edit(session, message, adviser, incoming.text, now)
    topics.shown_again(shown, message.text)
    return Say("utter_topic_edited")


async def _open(session: AsyncSession, conversation: Conversation) -> Handoff:
    handoff = await handoffs.open_handoff(session, conversation)
    if handoff is None:
        raise NothingToDo
    return handoff


def _page(conversation: Conversation) -> str:
    return f"{CONSOLE}/conversations/{conversation.id}"


def _plain(words: str) -> str:
    """Without accents or capitals: a phone puts them as it likes."""
    return fold(words.lower()).strip()


# ── Orders ───────────────────────────────────────────────────────────────────────────────────


async def _take(
    session: AsyncSession, conversation: Conversation, adviser: Adviser, said: str, now: datetime
) -> Say | None:
    anyway = _plain(said) == TAKE_ANYWAY
    await alerts.take(session, await _open(session, conversation), adviser, now, from_colleague=anyway)
    return None  # the announcement and the topic's name say it


async def _give_back(
    session: AsyncSession, conversation: Conversation, adviser: Adviser, said: str, now: datetime
) -> Say | None:
    await handoffs.give_back(session, await _open(session, conversation), adviser, now, summary=said)
    return None


async def _close(
    session: AsyncSession, conversation: Conversation, adviser: Adviser, said: str, now: datetime
) -> Say | None:
    await handoffs.close(session, await _open(session, conversation), adviser, now)
    return None


async def _note(session: AsyncSession, conversation: Conversation, adviser: Adviser, said: str, now: datetime) -> Say:
    note = await notes.write(session, conversation, adviser, said, now)
    topic = await topics.topic_of(session, conversation.id)
    assert topic is not None, "the order came from it"
    await topics.shown(session, topic, f"n-{note.id}", note.text, "")
    return Say("utter_topic_noted")


async def _book(session: AsyncSession, conversation: Conversation, adviser: Adviser, said: str, now: datetime) -> Say:
    return Say("utter_topic_book", {"link": _page(conversation)})


async def _transfer(
    session: AsyncSession, conversation: Conversation, adviser: Adviser, said: str, now: datetime
) -> Say | None:
    """`/transferer Sandra elle connaît le dossier`: a first name, then a note to her."""
    name, _, note = said.strip().partition(" ")
    colleagues = [one for one in await team.advisers_of(session, conversation.structure_id) if one.id != adviser.id]
    named = [one for one in colleagues if _plain(one.first_name) == _plain(name)]
    if len(named) != 1:
        return Say("utter_topic_transfer_to_whom", {"names": ", ".join(one.first_name for one in colleagues) or "–"})
    await handoffs.transfer(session, await _open(session, conversation), adviser, named[0], now, note=note.strip())
    return None


Order = Callable[[AsyncSession, Conversation, Adviser, str, datetime], Awaitable[Say | None]]
ORDERS: dict[str, Order] = {
    "prendre": _take,
    "rendre": _give_back,
    "note": _note,
    "rdv": _book,
    "transferer": _transfer,
    "clore": _close,
}
