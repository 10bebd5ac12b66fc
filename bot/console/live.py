"""Live pages: one board a structure and one an open conversation, rendered once a change for all who look.

A browser that comes, or comes back, is sent every piece as it is now; then what changes. It can miss nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from sse_starlette import ServerSentEvent

from bot.clock import Clock
from bot.console import fragments
from bot.console.fragments import Fragments
from bot.console.pages import personal
from bot.domain.conversations import Author
from bot.services import accounts
from bot.services.feed import Feed, Listener
from bot.storage.database import Database

log = structlog.get_logger(__name__)

# Delays are said in minutes, and an appointment begins without anyone changing anything.
AGAIN_SECONDS = 60.0
# A desk that changes ten times a second is drawn five times; a conversation is drawn each time.
DESK_PAUSE, CONVERSATION_PAUSE = 0.2, 0.0
LOGGED_IN_SECONDS = 0.5
AFTER_ERROR_SECONDS = 1.0

Render = Callable[[AsyncSession, datetime], Awaitable[Fragments]]


class Board:
    """The pieces of one thing, each with the number of the drawing in which it last changed."""

    def __init__(self, database: Database, clock: Clock, render: Render, pause: float) -> None:
        self._database, self._clock, self._render, self._pause = database, clock, render, pause
        self._pieces: dict[str, tuple[int, str]] = {}
        self.drawing = 0
        self.watchers: dict[asyncio.Event, None] = {}

    def since(self, drawing: int) -> list[tuple[str, str]]:
        """The pieces that changed after a drawing: all of them after the drawing 0."""
        return [(name, html) for name, (number, html) in self._pieces.items() if number > drawing]

    async def run(self, listening: AbstractContextManager[Listener]) -> None:
        """Draw at each change until cancelled."""
        with listening as listener:
            while True:
                try:
                    await self._draw()
                except Exception as error:
                    # The database may be away for a moment; an open page waits.
                    log.error("board failed", error=type(error).__name__, exc_info=True)
                    await asyncio.sleep(AFTER_ERROR_SECONDS)
                    continue
                await asyncio.sleep(self._pause)
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_SECONDS):
                        await listener.changed()

    async def _draw(self) -> None:
        async with self._database.read_only() as session:
            drawn = await self._render(session, self._clock.now())
        self.drawing += 1
        before, self._pieces = self._pieces, {}
        for name, html in drawn.items():
            known = before.get(name)
            self._pieces[name] = known if known is not None and known[1] == html else (self.drawing, html)
        for watcher in self.watchers:
            watcher.set()


class Live:
    """The boards that somebody looks at, and the sessions that look."""

    def __init__(self, database: Database, feed: Feed, clock: Clock) -> None:
        self.database, self.feed, self.clock = database, feed, clock
        self._boards: dict[tuple[str, str | int], tuple[Board, asyncio.Task[None]]] = {}
        self._sessions: dict[str, dict[asyncio.Event, None]] = {}
        self._over: set[str] = set()
        self._keeper: asyncio.Task[None] | None = None

    async def stream(
        self, token_hash: str, adviser_id: int, token: str, structure_id: str, conversation_id: int | None
    ) -> AsyncIterator[ServerSentEvent]:
        """What an open page is sent, until its session ends."""
        woken = asyncio.Event()
        with ExitStack() as stack:
            stack.enter_context(self._kept(token_hash, woken))
            boards = [stack.enter_context(self._of_structure(structure_id, woken))]
            if conversation_id is not None:
                boards.append(stack.enter_context(self._of_conversation(conversation_id, woken)))
            drawings = [0] * len(boards)
            while token_hash not in self._over:
                woken.clear()
                for index, board in enumerate(boards):
                    changed = board.since(drawings[index])
                    drawings[index] = board.drawing
                    for name, html in changed:
                        piece = {"id": name, "html": personal(html, adviser_id, token)}
                        yield ServerSentEvent(json.dumps(piece, ensure_ascii=False), event="piece", retry=1000)
                await woken.wait()
            yield ServerSentEvent("", event="end")

    def _of_structure(self, structure_id: str, woken: asyncio.Event) -> AbstractContextManager[Board]:
        async def render(session: AsyncSession, now: datetime) -> Fragments:
            return await fragments.of_structure(session, structure_id, now)

        listening = self.feed.listen(structure_id=structure_id)
        return self._board(("structure", structure_id), render, listening, DESK_PAUSE, woken)

    def _of_conversation(self, conversation_id: int, woken: asyncio.Event) -> AbstractContextManager[Board]:
        async def render(session: AsyncSession, now: datetime) -> Fragments:
            writing = self.feed.typing.of(conversation_id, Author.YOUNG)
            pieces = await fragments.of_conversation(session, conversation_id, now)
            return pieces | {"typing": fragments.typing(writing)}

        listening = self.feed.listen(conversation_id=conversation_id)
        return self._board(("conversation", conversation_id), render, listening, CONVERSATION_PAUSE, woken)

    @contextmanager
    def _board(
        self,
        key: tuple[str, str | int],
        render: Render,
        listening: AbstractContextManager[Listener],
        pause: float,
        woken: asyncio.Event,
    ) -> Iterator[Board]:
        """The board of `key`, drawn as long as somebody looks at it."""
        if key not in self._boards:
            board = Board(self.database, self.clock, render, pause)
            self._boards[key] = board, asyncio.create_task(board.run(listening))
        board, task = self._boards[key]
        board.watchers[woken] = None
        try:
            yield board
        finally:
            del board.watchers[woken]
            if not board.watchers:
                del self._boards[key]
                task.cancel()

    @contextmanager
    def _kept(self, token_hash: str, woken: asyncio.Event) -> Iterator[None]:
        """Wake a page when its session is over: logged out, twelve hours idle, no longer in the team."""
        self._sessions.setdefault(token_hash, {})[woken] = None
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            del self._sessions[token_hash][woken]
            if not self._sessions[token_hash]:
                del self._sessions[token_hash]
                self._over.discard(token_hash)
            if not self._sessions:
                self._keeper.cancel()
                self._keeper = None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOGGED_IN_SECONDS)
            looking = set(self._sessions)
            try:
                async with self.database.read_only() as session:
                    still = await accounts.still_open(session, looking, self.clock.now())
            except Exception as error:
                log.error("keeper failed", error=type(error).__name__)
                continue
            for token_hash in looking - still:
                if token_hash in self._sessions:
                    self._over.add(token_hash)
                    for woken in self._sessions[token_hash]:
                        woken.set()
