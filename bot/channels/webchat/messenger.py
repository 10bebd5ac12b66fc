"""The way out: the page shows what the outbox says was sent, so there is only to know that someone can read it."""

from __future__ import annotations

from bot.clock import Clock
from bot.services import web_sessions
from bot.services.ports import Blocked, Parcel
from bot.storage.database import Database


class WebMessenger:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def send(self, parcel: Parcel) -> str | None:
        """See `Messenger`. Sent again it is the same row, so nothing is shown twice."""
        async with self.database.read_only() as session:
            if not await web_sessions.is_alive(session, parcel.address, self.clock.now()):
                raise Blocked("the session is over")
        return None
