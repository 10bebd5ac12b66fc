"""What the team's Telegram group shows: one topic a conversation, with the lines of its thread.

The thread is the truth (services/thread). What the group was given of it is kept line by line, so that looking again,
after a crash or in another process, gives each line once. Lines that wait for the same topic leave in one message:
Telegram takes twenty a minute in a group.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.conversations import Author, IncomingKind, Say
from bot.domain.handoffs import OPEN_STATES, Step
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.domain.topics import (
    CONSOLE,
    CONSOLE_ROOM,
    COPIED,
    KINDS,
    MAX_CAPTION,
    MAX_MESSAGE,
    TopicOp,
    pieces,
    topic_name,
    utf16,
)
from bot.services import outbox, thread
from bot.services.thread import WINDOW, Line, Sort
from bot.storage.queries import insert_new, lock
from bot.storage.tables import Conversation, Handoff, OutboxRow, Topic, TopicGroup, TopicLine

# How many of the lines before a human was asked for are shown: enough to know what it is about.
BEFORE = 10
LOST = (OutboxState.FAILED, OutboxState.DROPPED, OutboxState.UNKNOWN)


async def group_of(session: AsyncSession, structure_id: str) -> TopicGroup | None:
    return await session.get(TopicGroup, structure_id)


async def is_ours(session: AsyncSession, chat_id: str) -> bool:
    """Whether a group is a structure's: what is written in any other is not even kept."""
    return await session.scalar(select(TopicGroup.chat_id).where(TopicGroup.chat_id == chat_id)) is not None


async def to_show(session: AsyncSession, among: Iterable[int] | None = None) -> list[int]:
    """The conversations that have a topic or should have one; of `among`, if it is given."""
    waits = select(Handoff.id).where(Handoff.conversation_id == Conversation.id, Handoff.state.in_(OPEN_STATES))
    has = select(Topic.id).where(Topic.conversation_id == Conversation.id)
    grouped = select(TopicGroup.structure_id).where(TopicGroup.structure_id == Conversation.structure_id)
    wanted = select(Conversation.id).where((grouped.exists() & waits.exists()) | has.exists())
    if among is not None:
        wanted = wanted.where(Conversation.id.in_(list(among)))
    return list((await session.scalars(wanted.order_by(Conversation.id))).all())


async def show(session: AsyncSession, conversation_id: int, now: datetime) -> None:
    """Queue what the topic of a conversation lacks: itself, its name, the lines that are new or were edited.

    Nothing is shown of what comes after the human part is over; a new one shows the last lines again.
    """
    conversation = await session.get_one(Conversation, conversation_id)
    group = await group_of(session, conversation.structure_id)
    topic = await topic_of(session, conversation_id)
    erased = conversation.identity.person.erased_at is not None
    if topic is not None and (erased or group is None or group.chat_id != topic.chat_id):
        await leave(session, topic, now)
        topic = None
    if group is None or erased:
        return
    handoff = await _last_handoff(session, conversation_id)
    if handoff is None:
        return
    is_open = handoff.state in OPEN_STATES
    name = topic_name(handoff.state, say_who(conversation), handoff.adviser.first_name if handoff.adviser else None)
    if topic is None:
        if not is_open:
            return
        topic = await _begin(session, conversation, group, name, now)
    reopened = is_open and not topic.open
    topic.name, topic.open = name, is_open
    if reopened:
        topic.since = await _since(session, conversation, now)
        await _queue_state(session, topic, now)
    await _show_lines(session, topic, conversation, None if is_open else handoff.ended_at, now)
    await _queue_state(session, topic, now)


def say_who(conversation: Conversation) -> str:
    """How the team calls the young person, or a number."""
    return conversation.nickname or f"Conversation {conversation.id}"


async def topic_of(session: AsyncSession, conversation_id: int) -> Topic | None:
    """The topic of a conversation, locked."""
    return await _locked(session, select(Topic).where(Topic.conversation_id == conversation_id))


async def topic_at(session: AsyncSession, chat_id: str, thread: str) -> Topic | None:
    """The topic of a thread of a group, locked."""
    if not thread.isdecimal() or int(thread) > 2**31 - 1:
        return None
    return await _locked(session, select(Topic).where(Topic.chat_id == chat_id, Topic.thread_id == int(thread)))


async def _locked(session: AsyncSession, found: Select[Topic]) -> Topic | None:
    """What waits for it first, then the topic: in the order of those who send, so that nobody waits in a ring."""
    topic = await session.scalar(found)
    if topic is not None:
        await _waiting(session, topic)
        await lock(session, topic)
    return topic


async def tell(session: AsyncSession, topic: Topic, say: Say, now: datetime) -> None:
    """Say something to the team in a topic; the young person does not see it."""
    await _queue_text(session, topic, _words(say), now)


async def shown(session: AsyncSession, topic: Topic, line: str, text: str, reference: str) -> None:
    """A line that was written in the topic itself is not shown there again."""
    await insert_new(
        session, TopicLine, topic_id=topic.id, line=line, shown=_digest(text), failed=False, reference=reference
    )


def shown_again(line: TopicLine, text: str) -> None:
    """It was changed in the topic itself."""
    line.shown = _digest(text)


async def leave(session: AsyncSession, topic: Topic, now: datetime) -> None:
    """The topic must not be in the group any more: all that is in it is deleted there."""
    address = _address(topic)
    await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.channel == Channel.TELEGRAM, OutboxRow.address == address, OutboxRow.state == OutboxState.WAITING
        )
        .values(state=OutboxState.DROPPED, error="topic left", payload={})
    )
    if topic.thread_id is not None:
        await _queue_delete(session, address, topic.chat_id, topic.thread_id, now)
    await session.execute(delete(TopicLine).where(TopicLine.topic_id == topic.id))
    await session.delete(topic)
    await session.flush()


async def leave_all(session: AsyncSession, chat_id: str, now: datetime) -> None:
    """The group is not the structure's any more."""
    for topic in (await session.scalars(select(Topic).where(Topic.chat_id == chat_id))).all():
        await leave(session, topic, now)


# ── The thread, line by line ─────────────────────────────────────────────────────────────────


async def _last_handoff(session: AsyncSession, conversation_id: int) -> Handoff | None:
    return await session.scalar(
        select(Handoff).where(Handoff.conversation_id == conversation_id).order_by(Handoff.id.desc()).limit(1)
    )


async def _begin(
    session: AsyncSession, conversation: Conversation, group: TopicGroup, name: str, now: datetime
) -> Topic:
    await insert_new(
        session,
        Topic,
        conversation_id=conversation.id,
        chat_id=group.chat_id,
        name=name,
        open=True,
        since=await _since(session, conversation, now),
    )
    topic = await topic_of(session, conversation.id)
    assert topic is not None, "it was just inserted, here or by another process"
    await tell(session, topic, Say("utter_topic_opened"), now)
    return topic


async def _since(session: AsyncSession, conversation: Conversation, now: datetime) -> datetime:
    """When the last lines begin."""
    lines = (await thread.read(session, conversation, BEFORE)).lines
    return lines[0].at if lines else now


async def _show_lines(
    session: AsyncSession, topic: Topic, conversation: Conversation, until: datetime | None, now: datetime
) -> None:
    known = {one.line: one for one in await session.scalars(select(TopicLine).where(TopicLine.topic_id == topic.id))}
    for line in await _lines(session, topic, conversation, until):
        before, failed = known.get(line.id), _failed(line)
        digest = _digest(line.text if line.withdrawn_at is None else "")
        if before is None:
            session.add(TopicLine(topic_id=topic.id, line=line.id, shown=digest, failed=failed))
            await _queue_line(session, topic, conversation, line, now)
        elif before.shown != digest:
            before.shown = digest
            await _queue_text(session, topic, _edited(line), now)
        if failed and not (before is not None and before.failed):
            if before is not None:
                before.failed = True
            why = "utter_topic_blocked" if line.unreachable else "utter_topic_not_sent"
            await tell(session, topic, Say(why, {"text": excerpt(line.text)}), now)
    await session.flush()


async def _lines(session: AsyncSession, topic: Topic, conversation: Conversation, until: datetime | None) -> list[Line]:
    """The lines of the human part of the thread."""
    window = WINDOW
    read = await thread.read(session, conversation, window)
    while read.more and read.lines[0].at >= topic.since:
        window *= 4
        read = await thread.read(session, conversation, window)
    return [
        line
        for line in read.lines
        # Of what happened, the name of the topic says all but to whom it was passed on, and with what words.
        if line.at >= topic.since
        and (until is None or line.at <= until)
        and (line.sort is not Sort.EVENT or line.step is Step.TRANSFERRED)
    ]


def _failed(line: Line) -> bool:
    """A human's words that did not arrive; the bot's are in the console."""
    return line.author is Author.ADVISER and line.sent in LOST


async def _queue_line(
    session: AsyncSession, topic: Topic, conversation: Conversation, line: Line, now: datetime
) -> None:
    identity = conversation.identity
    on_telegram = line.author is Author.YOUNG and identity.channel is Channel.TELEGRAM and line.reference
    if on_telegram and line.kind in COPIED:
        text = _said(line)
        copy = {"from": identity.address, "message": line.reference, "text": next(pieces(text, MAX_CAPTION))}
        await _queue(session, topic, TopicOp.COPY, now, **copy)
        return
    text = _said(line)
    if line.attached is not None:
        text += f"\n{CONSOLE}/conversations/{conversation.id}"
    await _queue_text(session, topic, text, now)


def _said(line: Line) -> str:
    """A line as the group reads it; what a human wrote is signed already."""
    if line.sort is Sort.NOTE:
        return f"Note de {line.name} : {line.text}"
    if line.sort is Sort.EVENT:
        return f"{line.name} passe la conversation à {line.to}. {line.text}".strip()
    by = "" if line.author is Author.ADVISER else f"{line.author.label} : "
    if line.kind is IncomingKind.BUTTON:
        return f"{by}[{line.text or 'un bouton'}]"
    if line.kind is IncomingKind.COMMAND:
        return f"{by}/{line.text}"
    parts = [KINDS[line.kind]] if line.kind in KINDS else []
    parts += [line.text] if line.text else []
    parts += [f"(fichier : {line.file})"] if line.file else []
    parts += [" ".join(f"[{title}]" for title in line.buttons)] if line.buttons else []
    return by + "\n".join(parts)


def _edited(line: Line) -> str:
    by = line.name or line.author.label
    if line.withdrawn_at is not None:
        return f"{by} a repris son message : « {excerpt(line.unsigned)} »"
    before = f"\n(avant : {line.before})" if line.before else ""
    return f"{by}, message modifié : {line.text}{before}"


def excerpt(text: str) -> str:
    """The beginning of a text, to say which one is meant."""
    words = " ".join(text.split())
    return words if len(words) <= 40 else f"{words[:39]}…"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _words(say: Say) -> str:
    return "\n".join(bubble.text for bubble in texts.render(say))


# ── What waits to be sent ────────────────────────────────────────────────────────────────────


def _address(topic: Topic) -> str:
    """Each topic has its own line in the outbox: one that fails does not stop the others."""
    return f"{topic.chat_id}/{topic.id}"


async def _queue_text(session: AsyncSession, topic: Topic, text: str, now: datetime) -> None:
    """Add to what waits for the topic, if it fits in the same message; else queue another."""
    for piece in pieces(text):
        last = await _last_waiting(session, topic)
        if last is not None and utf16(last.payload["text"]) + 1 + utf16(piece) <= MAX_MESSAGE - CONSOLE_ROOM:
            last.payload = last.payload | {"text": f"{last.payload['text']}\n{piece}"}
            await session.flush()
        else:
            await _queue(session, topic, TopicOp.SAY, now, text=piece)


async def _last_waiting(session: AsyncSession, topic: Topic) -> OutboxRow | None:
    """The last text that waits, if nothing but names waits after it."""
    for row in await _waiting(session, topic):
        if row.payload["op"] == TopicOp.STATE:
            continue
        is_text = row.payload["op"] == TopicOp.SAY
        return row if is_text and row.state is OutboxState.WAITING else None
    return None


async def _waiting(session: AsyncSession, topic: Topic) -> Sequence[OutboxRow]:
    """What waits for a topic or is on its way, the last first, locked."""
    rows = await session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.channel == Channel.TELEGRAM,
            OutboxRow.address == _address(topic),
            OutboxRow.state.in_((OutboxState.WAITING, OutboxState.SENDING)),
        )
        .order_by(OutboxRow.id.desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def _queue_state(session: AsyncSession, topic: Topic, now: datetime) -> None:
    """The topic's name, and whether it is open, are read when they leave: one row at most waits for them."""
    if (topic.name, topic.open) == (topic.name_sent, topic.open_sent):
        return
    waiting = [row.payload["op"] for row in await _waiting(session, topic) if row.state is OutboxState.WAITING]
    # A topic that is not made yet is made with its name.
    made_by_another = topic.thread_id is None and topic.open and waiting
    if TopicOp.STATE not in waiting and not made_by_another:
        await _queue(session, topic, TopicOp.STATE, now)


async def _queue(session: AsyncSession, topic: Topic, op: TopicOp, now: datetime, **about: Any) -> None:
    payload = {"op": op.value, "topic": topic.id, "conversation": topic.conversation_id, **about}
    await outbox.queue(session, Channel.TELEGRAM, _address(topic), OutboxKind.TOPIC, payload, now)


async def _queue_delete(session: AsyncSession, address: str, chat_id: str, thread_id: int, now: datetime) -> None:
    payload = {"op": TopicOp.DELETE.value, "chat": chat_id, "thread": thread_id}
    await outbox.queue(session, Channel.TELEGRAM, address, OutboxKind.TOPIC, payload, now)
