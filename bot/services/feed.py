"""Tell open pages, in this process, that a conversation changed, whichever process changed it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError

from bot.domain.conversations import Author
from bot.services.typing import Typing
from bot.storage.database import Database
from bot.storage.tables import Change, Conversation

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.05
# PostgreSQL may show a number before a smaller one, whose transaction is longer: a few are looked at again.
OVERLAP = 100
KEPT = 10_000


@dataclass(eq=False)
class Listener:
    """What one open page waits for: a conversation, or all those of a structure; or, for the bridge, all."""

    conversation_id: int | None
    structure_id: str | None
    everything: bool = False
    _changed: set[int] = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def concerns(self, conversation_id: int, structure_id: str) -> bool:
        return self.everything or conversation_id == self.conversation_id or structure_id == self.structure_id

    def wake(self, conversation_id: int) -> None:
        self._changed.add(conversation_id)
        self._woken.set()

    async def changed(self) -> set[int]:
        """Wait for a change; the numbers of the conversations that changed since the last time."""
        await self._woken.wait()
        return self.take()

    def take(self) -> set[int]:
        """The same, without waiting."""
        self._woken.clear()
        changed, self._changed = self._changed, set()
        return changed


class Feed:
    """Looks at the changes and wakes who listens."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._listeners: set[Listener] = set()
        self._seen: deque[int] = deque(maxlen=2 * OVERLAP)
        self.typing = Typing()

    @contextmanager
    def listen(
        self, *, conversation_id: int | None = None, structure_id: str | None = None, everything: bool = False
    ) -> Iterator[Listener]:
        """Hear of the changes of a conversation, of a structure's, or of all, for as long as the block lasts."""
        listener = Listener(conversation_id, structure_id, everything)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def types(self, conversation_id: int, author: Author, name: str = "") -> bool:
        """Tell the open pages of a conversation that somebody writes; False if they were told a moment ago."""
        if not self.typing.hear(conversation_id, author, name):
            return False
        for listener in self._listeners:
            if listener.conversation_id == conversation_id:
                listener.wake(conversation_id)
        return True

    async def run(self) -> None:
        """Look until cancelled."""
        last = await self._last()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._listeners:
                continue
            try:
                last = await self._look(last)
            except DBAPIError as error:
                log.error("feed failed", error=type(error).__name__)

    async def _last(self) -> int:
        async with self.database.read_only() as session:
            return await session.scalar(select(func.max(Change.id))) or 0

    async def _look(self, last: int) -> int:
        async with self.database.read_only() as session:
            rows = await session.execute(
                select(Change.id, Conversation.id, Conversation.structure_id)
                .join(Conversation, Change.conversation_id == Conversation.id)
                .where(Change.id > last - OVERLAP, Change.id.not_in(self._seen))
                .order_by(Change.id)
            )
        for number, conversation_id, structure_id in rows:
            self._seen.append(number)
            last = max(last, number)
            for listener in self._listeners:
                if listener.concerns(conversation_id, structure_id):
                    listener.wake(conversation_id)
        return last


async def throw_old_away(database: Database) -> None:
    """Keep the last changes only: open pages are seconds behind, not days."""
    async with database.unit_of_work() as session:
        newest = await session.scalar(select(func.max(Change.id))) or 0
        await session.execute(delete(Change).where(Change.id < newest - KEPT))
