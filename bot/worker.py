"""The loops that make the service work: turns, deliveries, ticks. Any of them may be killed at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from bot.assistant import away
from bot.clock import Clock
from bot.domain.people import Channel
from bot.scheduler import start_ticks
from bot.services import delivery, turns
from bot.services.ports import Assistant, Messenger
from bot.settings import Settings
from bot.storage.database import Database

log = structlog.get_logger(__name__)

TURNS_AT_ONCE = 4
DELIVERIES_AT_ONCE = 4
IDLE_SECONDS = 0.1
AFTER_ERROR_SECONDS = 1.0


class Bell:
    """Rung when there is something to do, so that nobody waits for the next look."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self._event.clear()


class Worker:
    """Takes turns and delivers the outbox until cancelled."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        assistant: Assistant,
        messengers: Mapping[Channel, Messenger],
    ) -> None:
        self.clock: Clock = settings.clock
        self.database = database
        self.assistant = assistant
        self.messengers = messengers
        self.settings = settings
        self.lease = timedelta(seconds=settings.lease_seconds)
        self.pace = turns.Pace(timedelta(seconds=settings.gather_seconds), self.lease)
        self.inbox_bell, self.outbox_bell = Bell(), Bell()

    async def run(self) -> None:
        """Run every loop until cancelled."""
        scheduler = start_ticks(self.database, self.clock, self.settings, on_queued=self.outbox_bell.ring)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(TURNS_AT_ONCE):
                    group.create_task(self._loop(self._take_turn, self.inbox_bell))
                for _ in range(DELIVERIES_AT_ONCE):
                    group.create_task(self._loop(self._deliver, self.outbox_bell))
        finally:
            scheduler.shutdown(wait=False)

    async def _take_turn(self) -> bool:
        done = await turns.take_turn(self.database, self.assistant, away.answer, self.clock, self.pace)
        if done:
            self.outbox_bell.ring()
        return done

    async def _deliver(self) -> bool:
        return await delivery.deliver(self.database, self.messengers, self.clock, self.lease)

    async def _loop(self, step: Callable[[], Awaitable[bool]], bell: Bell) -> None:
        while True:
            try:
                done = await step()
            except Exception as error:
                # The database may be away for a moment; the work waits in it and is taken up again.
                log.error("step failed", step=step.__name__, error=type(error).__name__, exc_info=True)
                await asyncio.sleep(AFTER_ERROR_SECONDS)
                continue
            if not done:
                await bell.wait(IDLE_SECONDS)
