"""What the page shows of a conversation: what the browser sent and what the outbox says was sent, in order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.domain.conversations import Button, IncomingKind, Say
from bot.domain.outbox import OutboxKind, OutboxState
from bot.domain.people import Channel
from bot.services import inbox, web_sessions
from bot.storage.tables import InboxRow, OutboxRow, WebSession

SHOWN = 200
LARGEST = 2**31 - 1
NOT_SHOWN = (OutboxKind.PRESS, OutboxKind.DELETE, OutboxKind.EDIT, OutboxKind.NOTICE, OutboxKind.TOPIC)
MENU = "utter_web_menu"
# What a line says of a file that was sent from the page.
BROUGHT = {IncomingKind.PHOTO: "utter_web_photo_sent", IncomingKind.DOCUMENT: "utter_web_file_sent"}
# A button that asks for Telegram, and one that opens it: shown only where the service has a bot there.
ASK_TELEGRAM, OPEN_TELEGRAM = "remind:telegram:", "open:"


class Side(StrEnum):
    YOUNG = "young"
    BOT = "bot"
    TEAM = "team"


@dataclass(frozen=True)
class Choice:
    """A button of the page: it sends `payload`, or leads to `link`."""

    title: str
    payload: str
    link: str | None = None


@dataclass(frozen=True)
class Line:
    """One bubble. `id` is its place in the page, unique; `number` is its row's."""

    id: str
    side: Side
    text: str
    at: datetime
    choices: tuple[Choice, ...] = ()
    file: str | None = None
    has_file: bool = False  # one that an adviser sent
    number: int = 0
    # Grows when who wrote it changes it; a line that was taken back is `gone`.
    version: int = 0
    gone: bool = False

    @property
    def order(self) -> int:
        """Milliseconds since 1970: the page keeps its lines in this order."""
        return int(self.at.timestamp() * 1000)


async def lines(session: AsyncSession, row: WebSession, telegram: str, limit: int = SHOWN) -> list[Line]:
    """The last lines, oldest first. What was hidden or erased is not there; `telegram` is the bot's name, or ""."""
    came = await session.scalars(
        select(InboxRow)
        .where(
            InboxRow.channel == Channel.WEB,
            InboxRow.address == row.address,
            InboxRow.received_at > row.hidden_before if row.hidden_before else true(),
        )
        .order_by(InboxRow.id.desc())
        .limit(limit)
    )
    went = await session.scalars(select(OutboxRow).where(*_shown(row)).order_by(OutboxRow.id.desc()).limit(limit))
    found = [line for inbox_row in came if (line := _from_inbox(inbox_row)) is not None]
    found += [_from_outbox(outbox_row, telegram) for outbox_row in went if outbox_row.payload]
    return sorted(found, key=lambda line: (line.at, line.side is not Side.YOUNG, line.number))[-limit:]


async def outbox_row(session: AsyncSession, row: WebSession, number: int) -> OutboxRow | None:
    """A line that was sent to this session, by its number; one that no row can have is nobody's."""
    if number > LARGEST:
        return None
    found: OutboxRow | None = await session.scalar(select(OutboxRow).where(OutboxRow.id == number, *_shown(row)))
    return found if found is not None and found.payload else None


async def title_of(session: AsyncSession, row: WebSession, line: str, payload: str) -> str:
    """What the pressed button showed; "" if no button of this session's has this payload."""
    known = [(button.title, button.payload) for button in menu()]
    if line.isdecimal() and len(line) < 12 and (found := await outbox_row(session, row, int(line))) is not None:
        known = [(title, of) for title, of in found.payload["buttons"]]
    return next((title for title, of in known if of == payload), "")


async def epoch(session: AsyncSession, row: WebSession) -> str:
    """Changes when what a page shows must go: hidden, erased, or another person's."""
    conversation = await web_sessions.conversation_of(session, row)
    erased = conversation.identity.person.erased_at if conversation else None
    parts = (row.address, conversation.id if conversation else None, row.hidden_before, erased)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def menu() -> tuple[Button, ...]:
    """What can be asked for at any time."""
    return texts.render(Say(MENU))[-1].buttons


def _shown(row: WebSession) -> tuple[Any, ...]:
    return (
        OutboxRow.channel == Channel.WEB,
        OutboxRow.address == row.address,
        OutboxRow.state == OutboxState.SENT,
        OutboxRow.kind.not_in(NOT_SHOWN),
        # By when it was written, not sent: what waited while the screen was cleared is of before.
        OutboxRow.created_at >= row.hidden_before if row.hidden_before else true(),
    )


def _from_inbox(row: InboxRow) -> Line | None:
    if not row.payload or row.kind is None:
        return None
    said = inbox.read(row)
    if said.kind is IncomingKind.COMMAND:
        text = "" if said.text == "start" else f"/{said.text} {said.argument}".rstrip()
    else:
        brought = texts.render(Say(BROUGHT[said.kind]))[0].text if said.kind in BROUGHT else ""
        text = "\n".join(filter(None, (brought, said.text)))
    return Line(f"y{row.update_id}", Side.YOUNG, text, row.received_at, number=row.id) if text else None


def _from_outbox(row: OutboxRow, telegram: str) -> Line:
    choices = []
    for title, payload in row.payload["buttons"]:
        if not payload.startswith((ASK_TELEGRAM, OPEN_TELEGRAM)):
            choices.append(Choice(title, payload))
        elif telegram and payload.startswith(OPEN_TELEGRAM):
            start = payload.removeprefix(OPEN_TELEGRAM)
            choices.append(Choice(title, payload, f"https://t.me/{telegram}?start={start}"))
        elif telegram:
            choices.append(Choice(title, payload))
    return Line(
        id=f"b{row.id}",
        side=Side.TEAM if row.kind is OutboxKind.ADVISER else Side.BOT,
        text=row.payload["text"],
        at=row.sent_at or row.created_at,
        choices=tuple(choices),
        file=row.payload["attachment"][0] if row.payload["attachment"] else None,
        has_file=bool(row.payload.get("file")),
        number=row.id,
        version=row.payload.get("version", 0),
        gone=row.payload.get("gone", False),
    )
