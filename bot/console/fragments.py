"""What changes by itself on an open page: pieces of it, by the id of their element."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.pages import render
from bot.domain.helplines import Line
from bot.services import alerts, desk, handoffs, thread
from bot.services.desk import Desk, Entry, OpenAlert, Who
from bot.services.thread import WINDOW, Thread
from bot.services.typing import Writing
from bot.storage.tables import Conversation, Handoff, Structure

Fragments = dict[str, str]


@dataclass(frozen=True)
class View:
    """A conversation as its page shows it."""

    conversation: Conversation
    who: Who
    handoff: Handoff | None
    alert: OpenAlert | None
    lines: tuple[Line, ...]
    appointment: Entry | None
    others: tuple[Who, ...]
    thread: Thread


async def view(session: AsyncSession, conversation: Conversation, now: datetime, window: int = WINDOW) -> View:
    """Everything the page of a conversation shows."""
    alert = await alerts.open_alert(session, conversation)
    return View(
        conversation=conversation,
        who=desk.who(conversation),
        handoff=await handoffs.open_handoff(session, conversation),
        alert=await desk.describe(session, alert, now) if alert else None,
        lines=alerts.lines(alert, now) if alert else (),
        appointment=await desk.next_entry(session, conversation, now),
        others=await desk.others_of(session, conversation),
        thread=await thread.read(session, conversation, window),
    )


async def of_structure(session: AsyncSession, structure_id: str, now: datetime) -> Fragments:
    """The fragments that every page of a structure may show."""
    structure = await session.get_one(Structure, structure_id)
    return of_desk(await desk.see(session, structure, now), now)


def of_desk(seen: Desk, now: datetime) -> Fragments:
    names = {member.adviser.id: member.adviser.first_name for member in seen.team}
    shared = {
        name: render(f"fragments/{name}.html", desk=seen, now=now)
        for name in ("alerts", "waiting", "count", "today", "unmarked", "calls", "team")
    }
    held = {
        f"held-{number}": render("fragments/held.html", number=number, name=name, held=seen.held[number], now=now)
        for number, name in names.items()
    }
    news = {
        f"news-{number}": render("fragments/news.html", number=number, news=seen.news[number], now=now)
        for number in names
    }
    return shared | held | news


async def of_conversation(session: AsyncSession, conversation_id: int, now: datetime) -> Fragments:
    """The state of a conversation, what is to know of it, and each of its last lines."""
    seen = await view(session, await session.get_one(Conversation, conversation_id), now)
    return of_view(seen, now)


def of_view(seen: View, now: datetime) -> Fragments:
    pieces = {name: render(f"fragments/{name}.html", view=seen, now=now) for name in ("state", "side")}
    return pieces | {line.id: render("fragments/line.html", line=line, now=now) for line in seen.thread.lines}


def typing(writing: Writing | None) -> str:
    """That the young person writes, at this moment."""
    return render("fragments/typing.html", writing=writing)
