"""The queue of updates, and its two ways out: long polling and the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from tests.fakes.bot_api.errors import ApiError

JSON = dict[str, Any]

KEPT_FOR = timedelta(hours=24)  # https://core.telegram.org/bots/api#getting-updates
SILENT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
FUTURE = 10  # the open-source server takes an offset farther ahead as a mistake, and answers from the head


@dataclass(frozen=True)
class Pending:
    update_id: int
    body: JSON
    at: datetime


@dataclass(frozen=True)
class Delivery:
    """One attempt to hand an update to the webhook; `status` is None when no answer came."""

    update_id: int
    status: int | None
    at: float


class UpdateQueue:
    """Updates not yet confirmed. An id is given once; an update leaves when it is confirmed or a day old."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._next_id = 700_000_001
        self._pending: list[Pending] = []
        self._held: list[Pending] = []
        self._hold = 0
        self._arrivals: list[asyncio.Future[None]] = []
        self._poller: asyncio.Future[None] | None = None
        self.allowed: list[str] = []

    def __len__(self) -> int:
        self._expire()
        return len(self._pending) + len(self._held)

    def add(self, kind: str, body: Any) -> None:
        """Queue an update, unless the bot did not ask for this kind."""
        if kind in self.allowed or (not self.allowed and kind not in SILENT_BY_DEFAULT):
            self.add_raw({kind: body})

    def add_raw(self, update: JSON) -> int:
        """Queue `update` as it is, with an id of its own if it has none; returns the id."""
        update_id = update.get("update_id")
        if not isinstance(update_id, int):
            update_id = self._next_id
        self._next_id = max(self._next_id, update_id + 1)
        arrived = Pending(update_id, {"update_id": update_id, **update}, self._now())
        if self._hold == 0:
            self._pending.append(arrived)
        else:
            self._held.append(arrived)
            if len(self._held) < self._hold:
                return update_id
            self._pending += reversed(self._held)
            self._held, self._hold = [], 0
        for arrival in self._arrivals:
            if not arrival.done():
                arrival.set_result(None)
        self._arrivals.clear()
        return update_id

    def shuffle_next(self, count: int) -> None:
        """Hold the next `count` updates until all are there, then let them out in reverse."""
        self._hold = count

    def clear(self) -> None:
        self._pending, self._held = [], []

    def first(self) -> Pending | None:
        self._expire()
        return self._pending[0] if self._pending else None

    def forget(self, update: Pending) -> None:
        if update in self._pending:
            self._pending.remove(update)

    def arrival(self) -> asyncio.Future[None]:
        """Done when the next update is queued."""
        self._arrivals.append(asyncio.get_running_loop().create_future())
        return self._arrivals[-1]

    def end_poll(self, by: str) -> None:
        """Answer the waiting getUpdates, if there is one, with a conflict."""
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(ApiError(409, f"Conflict: terminated by {by}"))

    async def poll(self, offset: int, limit: int, wait: float) -> list[JSON]:
        """Confirm what comes before `offset`, then give what remains; `wait` seconds at most for a first one.

        A negative offset keeps that many updates from the end. The `limit` smallest ids are chosen, so that
        a batch out of order loses nothing when its highest id is confirmed.
        """
        self.end_poll("other getUpdates request; make sure that only one bot instance is running")
        self._expire()
        if offset > self._next_id + FUTURE:
            offset = 0
        if offset < 0:
            self._pending = sorted(self._pending, key=lambda update: update.update_id)[offset:]
        self._pending = [update for update in self._pending if update.update_id >= offset]
        if not self._pending and wait:
            poller = self._poller = self.arrival()
            try:
                await asyncio.wait_for(poller, wait)
            except TimeoutError:
                return []
            finally:
                if self._poller is poller:
                    self._poller = None
        chosen = sorted(update.update_id for update in self._pending if update.update_id >= offset)[:limit]
        return [update.body for update in self._pending if update.update_id in chosen][:limit]

    def _expire(self) -> None:
        oldest = self._now() - KEPT_FOR
        self._pending = [update for update in self._pending if update.at > oldest]


@dataclass
class Webhook:
    """Where updates are posted, one at a time, each until it is answered with a 2xx."""

    url: str
    secret: str | None = None
    max_connections: int = 40
    last_error: str | None = None
    last_error_at: datetime | None = None
    delays: Sequence[float] = field(kw_only=True)
    patience: float = field(kw_only=True)

    async def deliver(
        self, queue: UpdateQueue, now: Callable[[], datetime], attempted: Callable[[Delivery], None]
    ) -> None:
        """Run until cancelled; the seconds between attempts grow along `delays`."""
        failures = 0
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.patience)) as session:
            while True:
                update = queue.first()
                if update is None:
                    await queue.arrival()
                    continue
                status, error = await self._post(session, update)
                if error is None:
                    queue.forget(update)
                attempted(Delivery(update.update_id, status, loop.time()))
                if error is None:
                    failures = 0
                    continue
                self.last_error, self.last_error_at = error, now()
                await asyncio.sleep(self.delays[min(failures, len(self.delays) - 1)])
                failures += 1

    async def _post(self, session: aiohttp.ClientSession, update: Pending) -> tuple[int | None, str | None]:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        try:
            async with session.post(self.url, json=update.body, headers=headers, allow_redirects=False) as answer:
                if answer.ok and answer.status < 300:
                    return answer.status, None
                return answer.status, f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return None, "Read timeout expired"
        except aiohttp.ClientConnectorError:
            return None, "Connection refused"
        except aiohttp.ClientError:
            return None, "Connection closed"
