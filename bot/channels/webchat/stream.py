"""Keep an open page up to date, by server-sent events: `line`, `gone`, `typing`, `clear`, `end`, and a `ping`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from sse_starlette import ServerSentEvent

from bot.channels.webchat import thread
from bot.channels.webchat.page import render_line, words
from bot.channels.webchat.thread import Line
from bot.clock import Clock
from bot.domain.conversations import Author
from bot.services import web_sessions
from bot.services.feed import Feed
from bot.services.typing import Writing
from bot.storage.database import Database

# Sent again on every connection; the page shows a line once.
AGAIN = 30
# What may have come since the last look.
RECENT = 60
# Tabs of one browser; more is not someone reading.
MOST_TABS = 8
MINUTE = 60_000


@dataclass(frozen=True)
class Shown:
    """What the page has: the order of its last line, and of which epoch."""

    after: int
    epoch: str


@dataclass(frozen=True)
class State:
    """What the page should have. No `conversation_id`: the session is over."""

    conversation_id: int | None
    epoch: str = ""
    lines: Sequence[Line] = ()
    quitted: bool = False


class Stream:
    """One open page."""

    def __init__(self, database: Database, feed: Feed, clock: Clock, telegram: str) -> None:
        self.database = database
        self.feed = feed
        self.clock = clock
        self.telegram = telegram
        self._open: Counter[str | None] = Counter()

    async def events(self, token: str | None, shown: Shown, framed: bool) -> AsyncGenerator[ServerSentEvent, None]:
        """What the page misses, then what comes, until the session is over."""
        if self._open[token] >= MOST_TABS:
            return
        self._open[token] += 1
        try:
            async with aclosing(self._follow(token, shown, framed)) as events:
                async for event in events:
                    yield event
        finally:
            self._open[token] -= 1
            self._open += Counter()  # forgets those nobody has open

    async def _follow(self, token: str | None, shown: Shown, framed: bool) -> AsyncGenerator[ServerSentEvent, None]:
        state = await self._look(token, thread.SHOWN)
        after, epoch = shown.after, shown.epoch
        sent: dict[str, int] = {}
        beat = 0
        while state.conversation_id is not None:
            conversation_id = state.conversation_id
            with self.feed.listen(conversation_id=conversation_id) as listener:
                # Looked at again once we listen: nothing can fall between the two.
                state = await self._look(token, thread.SHOWN)
                while state.conversation_id == conversation_id:
                    if state.epoch != epoch:
                        epoch, after = state.epoch, 0
                        sent.clear()
                        yield ServerSentEvent(event="clear", data=epoch)
                    for line in _missing(state.lines, after):
                        if sent.get(line.id) != line.version:
                            sent[line.id] = line.version
                            yield _line(line, framed)
                    writing = self.feed.typing.of(conversation_id, Author.ADVISER)
                    if writing is not None and writing.beat != beat:
                        yield ServerSentEvent(event="typing", data=_say(writing))
                    beat = writing.beat if writing is not None else 0
                    after = max([after, *(line.order for line in state.lines)])
                    await listener.changed()
                    state = await self._look(token, RECENT)
        yield ServerSentEvent(event="end", data="quit" if state.quitted else "over")

    async def _look(self, token: str | None, limit: int) -> State:
        async with self.database.read_only() as session:
            row = await web_sessions.find(session, token, self.clock.now())
            conversation = await web_sessions.conversation_of(session, row) if row is not None else None
            if row is None or conversation is None:
                return State(None, quitted=await web_sessions.was_ended(session, token))
            return State(
                conversation.id,
                await thread.epoch(session, row),
                await thread.lines(session, row, self.telegram, limit),
            )


def ping() -> ServerSentEvent:
    """Every few seconds, so that the page knows a dead line from a silent one."""
    return ServerSentEvent(event="ping", data="·")


def _missing(lines: Sequence[Line], after: int) -> Sequence[Line]:
    """What came since, a minute before it, and the last thirty; and what was rewritten, whenever it came."""
    first = next((index for index, line in enumerate(lines) if line.order > after - MINUTE), len(lines))
    first = min(first, max(0, len(lines) - AGAIN))
    return [*(line for line in lines[:first] if line.version), *lines[first:]]


def _say(writing: Writing) -> str:
    """ "Karim écrit…" """
    return " ".join(words("utter_web_typing", {"name": writing.name}))


def _line(line: Line, framed: bool) -> ServerSentEvent:
    if line.gone:
        return ServerSentEvent(event="gone", data=line.id)
    data = {"id": line.id, "html": render_line(line, framed)}
    return ServerSentEvent(event="line", data=json.dumps(data, ensure_ascii=False))
