"""The loops that make the service work: turns, deliveries, ticks. Any of them may be killed at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from bot.assistant import away
from bot.clock import Clock
from bot.domain.people import Channel
from bot.scheduler import start_ticks
from bot.services import delivery, files, turns
from bot.services.bridge import Bridge
from bot.services.ports import Assistant, Encoder, Fetcher, Messenger
from bot.settings import Settings
from bot.storage.database import Database

log = structlog.get_logger(__name__)

TURNS_AT_ONCE = 4
DELIVERIES_AT_ONCE = 4
LOOK_SECONDS = 0.1
FETCH_SECONDS = 1.0
AFTER_ERROR_SECONDS = 1.0


class Bell:
    """Rung when there may be something to do; each ring wakes one sleeper."""

    def __init__(self, sleepers: int) -> None:
        self._rings: asyncio.Queue[None] = asyncio.Queue(maxsize=sleepers)

    def ring(self) -> None:
        if not self._rings.full():
            self._rings.put_nowait(None)

    async def wait(self) -> None:
        await self._rings.get()


class Worker:
    """Takes turns and delivers the outbox until cancelled."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        assistant: Assistant,
        encoder: Encoder,
        messengers: Mapping[Channel, Messenger],
        fetchers: Mapping[Channel, Fetcher],
    ) -> None:
        self.clock: Clock = settings.clock
        self.database = database
        self.assistant = assistant
        self.encoder = encoder
        self.messengers = messengers
        self.fetchers = fetchers
        self.settings = settings
        self.lease = timedelta(seconds=settings.lease_seconds)
        self.pace = turns.Pace(timedelta(seconds=settings.gather_seconds), self.lease)
        self.inbox_bell, self.outbox_bell = Bell(TURNS_AT_ONCE), Bell(DELIVERIES_AT_ONCE)

    async def run(self) -> None:
        """Run every loop until cancelled."""
        scheduler = start_ticks(self.database, self.clock, self.settings, on_queued=self.outbox_bell.ring)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(TURNS_AT_ONCE):
                    group.create_task(self._loop(self._take_turn, self.inbox_bell))
                for _ in range(DELIVERIES_AT_ONCE):
                    group.create_task(self._loop(self._deliver, self.outbox_bell))
                group.create_task(self._look_out())
                group.create_task(self._fetch_files())
                if Channel.TELEGRAM in self.messengers:
                    group.create_task(Bridge(self.database, self.clock, self.outbox_bell.ring).run())
        finally:
            scheduler.shutdown(wait=False)

    def stored(self) -> None:
        """Something came in: look at once, and when the rest of a message has had time to come."""
        self.inbox_bell.ring()
        if self.pace.gather:
            asyncio.get_running_loop().call_later(self.pace.gather.total_seconds(), self.inbox_bell.ring)

    async def _look_out(self) -> None:
        """Ring for what no bell of this process announces: another process's work, a delay that is over."""
        while True:
            try:
                async with self.database.read_only() as session:
                    now = self.clock.now()
                    if await turns.something_waits(session, now):
                        self.inbox_bell.ring()
                    if await delivery.something_is_due(session, list(self.messengers), now):
                        self.outbox_bell.ring()
            except DBAPIError as error:
                log.error("look-out failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _take_turn(self) -> bool:
        done = await turns.take_turn(self.database, self.assistant, away.answer, self.encoder, self.clock, self.pace)
        if done:
            self.outbox_bell.ring()
        return done

    async def _deliver(self) -> bool:
        return await delivery.deliver(self.database, self.messengers, self.clock, self.lease)

    async def _fetch_files(self) -> None:
        """Files are not answered, so nobody waits for them by the tenth of a second."""
        while True:
            try:
                while await files.fetch_next(self.database, self.fetchers, self.settings.vault, self.clock):
                    pass
            except Exception as error:
                log.error("fetch failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(FETCH_SECONDS)

    async def _loop(self, step: Callable[[], Awaitable[bool]], bell: Bell) -> None:
        while True:
            await bell.wait()
            try:
                while await step():
                    await asyncio.sleep(0)  # who was just woken goes first
            except Exception as error:
                # The database may be away for a moment; the work waits in it and is taken up again.
                log.error("step failed", step=step.__name__, error=type(error).__name__, exc_info=True)
                await asyncio.sleep(AFTER_ERROR_SECONDS)
