"""The whole thread of a conversation, as the team reads it: the young person, the bot, the colleagues, what the team
notes for itself, and who took, gave back or passed the conversation on.

What a young person sent is read from the inbox, where it is before anyone answers, so a line appears at once and
stays the same line when its turn comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.conversations import Author, IncomingKind
from bot.domain.handoffs import HandoffReason, Step
from bot.domain.outbox import OutboxKind, OutboxState
from bot.services import files, inbox
from bot.services.files import Attached
from bot.storage.tables import (
    Adviser,
    Conversation,
    Handoff,
    HandoffEvent,
    InboxRow,
    Message,
    Note,
    OutboxRow,
)

# What a page shows first. The rest is a click away.
WINDOW = 200


class Sort(StrEnum):
    """What a line is: something said, a note of the team to itself, or what became of the conversation."""

    SAID = "said"
    NOTE = "note"
    EVENT = "event"


@dataclass(frozen=True)
class Line:
    """One line. `id` is the same from the inbox to the end; lines are in the order of `at`.

    `before` is the text before an edit; `buttons` what the bot proposed under it; `sent` is None for what came in.
    Of an event, `step` is what happened, `name` who did it, `before` and `to` who had the conversation and has it now,
    `until` its end, `reason` why a human was asked for, and `text` what was written to the colleague.
    """

    id: str
    at: datetime
    author: Author
    kind: IncomingKind
    text: str
    name: str = ""
    reference: str | None = None
    edited: bool = False
    before: str | None = None
    buttons: tuple[str, ...] = ()
    sent: OutboxState | None = None
    unreachable: bool = False
    about: OutboxKind | None = None
    file: str | None = None
    sort: Sort = Sort.SAID
    step: Step | None = None
    reason: HandoffReason | None = None
    to: str = ""
    until: datetime | None = None
    attached: Attached | None = None
    # Of what an adviser wrote: its number and whose it is, when it was taken back, and what became of the change.
    conversation_id: int = 0
    message_id: int | None = None
    adviser_id: int | None = None
    withdrawn_at: datetime | None = None
    rewritten: OutboxState | None = None

    @property
    def unsigned(self) -> str:
        """What an adviser wrote, without the signature it begins with."""
        return self.text.partition(" : ")[2]

    @property
    def order(self) -> int:
        """Microseconds: the place of the line in the page."""
        return int(self.at.timestamp() * 1_000_000)


@dataclass(frozen=True)
class Thread:
    """The last lines, oldest first; `more` when there are older ones."""

    lines: tuple[Line, ...]
    more: bool


async def read(session: AsyncSession, conversation: Conversation, window: int = WINDOW) -> Thread:
    """The last `window` lines of a conversation."""
    identity = conversation.identity
    rows = (
        await session.scalars(
            select(InboxRow)
            .where(InboxRow.channel == identity.channel, InboxRow.address == identity.address)
            .order_by(InboxRow.id.desc())
            .limit(window + 1)
        )
    ).all()
    said = (
        await session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation.id, Message.inbox_id.is_(None))
            .order_by(Message.id.desc())
            .limit(window + 1)
        )
    ).all()
    outgoing = (
        await session.scalars(
            select(OutboxRow)
            .where(OutboxRow.conversation_id == conversation.id)
            .order_by(OutboxRow.id.desc())
            .limit(window + 1)
        )
    ).all()
    names = {one.id: one.first_name for one in await session.scalars(select(Adviser))}
    unreachable = identity.unreachable_at is not None
    by_message = {row.payload.get("message"): row for row in outgoing}
    # The last change of each message is the one that counts: rows are the newest first.
    changes = {row.payload["of"]: row.state for row in reversed(outgoing) if "of" in row.payload}
    came, sent = await files.of_conversation(session, conversation)
    lines = [
        replace(
            _said(message, by_message.get(message.id), names, unreachable),
            attached=sent.get(message.id),
            rewritten=changes.get(message.id),
        )
        for message in said
    ]
    lines += await _came_in(session, list(reversed(rows)), list(reversed(outgoing)), came)
    lines += await _noted(session, conversation, names, window)
    lines += await _happened(session, conversation, names, window)
    lines.sort(key=lambda line: (line.at, line.id))
    return Thread(tuple(lines[-window:]), more=len(lines) > window)


async def _noted(session: AsyncSession, conversation: Conversation, names: dict[int, str], window: int) -> list[Line]:
    """The team's notes; those of another structure stay there."""
    rows = await session.scalars(
        select(Note)
        .where(Note.conversation_id == conversation.id, Note.structure_id == conversation.structure_id)
        .order_by(Note.id.desc())
        .limit(window + 1)
    )
    return [
        Line(
            f"n-{note.id}",
            note.at,
            Author.ADVISER,
            IncomingKind.TEXT,
            note.text,
            name=names.get(note.adviser_id, ""),
            sort=Sort.NOTE,
        )
        for note in rows
    ]


async def _happened(
    session: AsyncSession, conversation: Conversation, names: dict[int, str], window: int
) -> list[Line]:
    """Who asked for a human, took the conversation, passed it on, put it aside, gave it back."""
    rows = await session.execute(
        select(HandoffEvent, Handoff.reason)
        .join(Handoff, HandoffEvent.handoff_id == Handoff.id)
        .where(Handoff.conversation_id == conversation.id, Handoff.structure_id == conversation.structure_id)
        .order_by(HandoffEvent.id.desc())
        .limit(window + 1)
    )
    return [
        Line(
            f"e-{row.id}",
            row.at,
            Author.ADVISER,
            IncomingKind.OTHER,
            row.note or "",
            name=names.get(row.adviser_id or 0, ""),
            before=names.get(row.from_adviser_id or 0),
            sort=Sort.EVENT,
            step=row.event,
            reason=reason,
            to=names.get(row.to_adviser_id or 0, ""),
            until=row.until,
        )
        for row, reason in rows
    ]


async def _came_in(
    session: AsyncSession, rows: list[InboxRow], outgoing: list[OutboxRow], attached: dict[int, Attached]
) -> list[Line]:
    """The young person's lines; an edit that waits for its turn is shown on the line it changes."""
    found = await session.scalars(select(Message).where(Message.inbox_id.in_([row.id for row in rows])))
    messages = {message.inbox_id: message for message in found}
    titles = {payload: title for row in outgoing for title, payload in row.payload.get("buttons") or ()}
    lines: list[Line] = []
    for row in rows:
        if not row.payload or row.kind is None:
            continue  # erased
        incoming = inbox.read(row)
        if row.kind is IncomingKind.EDIT:
            if row.turn_id is None:
                lines = [_edit(line, incoming.reference, incoming.text) for line in lines]
            continue
        text = titles.get(incoming.argument, "") if row.kind is IncomingKind.BUTTON else incoming.text
        line = Line(
            f"i-{row.id}",
            row.received_at,
            Author.YOUNG,
            row.kind,
            text,
            reference=incoming.reference,
            attached=attached.get(row.id),
        )
        message = messages.get(row.id)
        if message is not None and message.edited_at is not None:
            line = replace(line, text=message.text, edited=True, before=message.text_before_edit)
        lines.append(line)
    return lines


def _edit(line: Line, reference: str, text: str) -> Line:
    if not reference or line.reference != reference:
        return line
    return replace(line, text=text, edited=True, before=line.before or line.text)


def _said(message: Message, row: OutboxRow | None, names: dict[int, str], unreachable: bool) -> Line:
    attachment = row.payload.get("attachment") if row is not None else None
    return Line(
        f"m-{message.id}",
        message.at,
        message.author,
        message.kind,
        message.text,
        name=names.get(message.adviser_id or 0, ""),
        edited=message.edited_at is not None,
        before=message.text_before_edit,
        buttons=tuple(title for title, _ in (row.payload.get("buttons") or ())) if row is not None else (),
        sent=row.state if row is not None else None,
        unreachable=unreachable or (row is not None and row.error == "unreachable"),
        about=row.kind if row is not None else None,
        file=attachment[0] if attachment else None,
        conversation_id=message.conversation_id,
        message_id=message.id if message.author is Author.ADVISER else None,
        adviser_id=message.adviser_id,
        withdrawn_at=message.withdrawn_at,
    )
