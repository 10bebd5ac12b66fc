"""Keep the team's groups in step with the threads, in the process that also sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.clock import Clock
from bot.services import topics
from bot.services.feed import Feed, Listener
from bot.storage.database import Database
from bot.storage.tables import TopicGroup

log = structlog.get_logger(__name__)

# Most services have no group: how often one that has none looks for one.
NO_GROUP_SECONDS = 2.0
# A group takes few messages: what comes within a moment leaves together, and is looked at once.
GATHER_SECONDS = 0.5
# All topics are looked at this often, whatever the feed told: it begins with this after a crash.
ALL_SECONDS = 30.0


class Bridge:
    """Looks at a conversation when it changes. What it shows is read from the tables: nothing is lost in a crash."""

    def __init__(self, database: Database, clock: Clock, on_queued: Callable[[], None]) -> None:
        self.database = database
        self.clock = clock
        self.on_queued = on_queued

    async def run(self) -> None:
        """Run until cancelled."""
        feed = Feed(self.database)
        async with asyncio.TaskGroup() as group:
            group.create_task(feed.run())
            group.create_task(self._follow(feed))

    async def _follow(self, feed: Feed) -> None:
        while True:
            if not await self._has_group():
                await asyncio.sleep(NO_GROUP_SECONDS)
                continue
            with feed.listen(everything=True) as listener:
                await self.look()
                while await self._has_group():
                    changed = await _changed(listener)
                    await asyncio.sleep(GATHER_SECONDS)
                    await self.look(changed | listener.take() if changed is not None else None)

    async def look(self, among: Iterable[int] | None = None) -> None:
        """Show what the topics lack: of these conversations, or of all."""
        try:
            async with self.database.read_only() as session:
                numbers = await topics.to_show(session, among)
        except DBAPIError as error:
            log.error("bridge failed", error=type(error).__name__)
            return
        for number in numbers:
            try:
                async with self.database.unit_of_work() as session:
                    await topics.show(session, number, self.clock.now())
            except Exception as error:
                # Looked at again with all the others: one conversation must not keep the others from the group.
                log.error("topic failed", conversation=number, error=type(error).__name__)
        if numbers:
            self.on_queued()

    async def _has_group(self) -> bool:
        try:
            async with self.database.read_only() as session:
                return await session.scalar(select(TopicGroup.structure_id).limit(1)) is not None
        except DBAPIError as error:
            log.error("bridge failed", error=type(error).__name__)
            return False


async def _changed(listener: Listener) -> set[int] | None:
    """The conversations that changed; None, for all of them, when nothing did for a while."""
    try:
        async with asyncio.timeout(ALL_SECONDS):
            return await listener.changed()
    except TimeoutError:
        return None
