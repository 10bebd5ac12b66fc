"""What changes by itself on an open page: pieces of it, by the id of their element."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.pages import render
from bot.domain.handoffs import HELD_STATES
from bot.domain.helplines import Line
from bot.services import alerts, card, desk, handoffs, moments, team, thread
from bot.services.card import Card
from bot.services.desk import Desk, Entry, OpenAlert, Who
from bot.services.thread import WINDOW, Thread
from bot.services.typing import Writing
from bot.storage.tables import Conversation, Handoff, Structure

Fragments = dict[str, str]


@dataclass(frozen=True)
class View:
    """A conversation as its page shows it; `answer_at` are the hours its holder may promise in one tap."""

    conversation: Conversation
    who: Who
    handoff: Handoff | None
    alert: OpenAlert | None
    lines: tuple[Line, ...]
    appointment: Entry | None
    others: tuple[Who, ...]
    card: Card
    answer_at: tuple[datetime, ...]
    thread: Thread


async def view(session: AsyncSession, conversation: Conversation, now: datetime, window: int = WINDOW) -> View:
    """Everything the page of a conversation shows."""
    alert = await alerts.open_alert(session, conversation)
    handoff = await handoffs.open_handoff(session, conversation)
    held = handoff is not None and handoff.state in HELD_STATES
    hours = await team.hours_of(session, handoff.adviser) if held and handoff and handoff.adviser else None
    return View(
        conversation=conversation,
        who=desk.who(conversation),
        handoff=handoff,
        alert=await desk.describe(session, alert, now) if alert else None,
        lines=alerts.lines(alert, now) if alert else (),
        appointment=await desk.next_entry(session, conversation, now),
        others=await desk.others_of(session, conversation),
        card=await card.read(session, conversation, now),
        answer_at=tuple(moments.to_answer(hours, now)) if hours else (),
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
        for name in ("alerts", "waiting", "count", "today", "unmarked", "calls", "team", "recent")
    }
    held = {
        f"held-{number}": render(
            "fragments/held.html", number=number, name=name, held=seen.held[number], read_by=seen.read_by, now=now
        )
        for number, name in names.items()
    }
    news = {
        f"news-{number}": render("fragments/news.html", number=number, news=seen.news[number], now=now)
        for number in names
    }
    tasks = {
        f"tasks-{number}": render("fragments/tasks.html", number=number, tasks=seen.tasks[number], now=now)
        for number in names
    }
    return shared | held | news | tasks


async def of_conversation(session: AsyncSession, conversation_id: int, now: datetime) -> Fragments:
    """The state of a conversation, what is to know of it, and each of its last lines."""
    seen = await view(session, await session.get_one(Conversation, conversation_id), now)
    return of_view(seen, now)


def of_view(seen: View, now: datetime) -> Fragments:
    pieces = {name: render(f"fragments/{name}.html", view=seen, now=now) for name in ("who", "state", "danger", "side")}
    return pieces | {line.id: render("fragments/line.html", line=line, now=now) for line in seen.thread.lines}


def typing(writing: Writing | None) -> str:
    """That the young person writes, at this moment."""
    return render("fragments/typing.html", writing=writing)
