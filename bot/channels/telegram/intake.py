"""The way in: each update is committed to the inbox before Telegram is told (law 1).

python-telegram-bot's own updater acknowledges first and loses what is queued when it is killed (11 of 50,
measured), so the polling and the webhook are ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import structlog
from fastapi import APIRouter, HTTPException, Request
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.telegram import reading
from bot.channels.telegram.transport import trusting
from bot.clock import Clock
from bot.domain.conversations import Incoming
from bot.domain.outbox import chat_of
from bot.domain.people import Channel
from bot.errors import SettingsError
from bot.services import inbox, linking, topics
from bot.storage.database import Database

log = structlog.get_logger(__name__)

KINDS = ["message", "edited_message", "message_reaction", "callback_query", "my_chat_member"]
LONG_POLL_SECONDS = 30
REFUSED_TOKEN = "TELEGRAM_BOT_TOKEN : Telegram refuse ce jeton. Copie-le de nouveau de BotFather."
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def store(database: Database, updates: list[dict[str, Any]], clock: Clock) -> None:
    """Commit updates to the inbox, each once. One that cannot be read is set aside and does not stop the rest."""
    now = clock.now()
    async with database.unit_of_work() as session:
        for raw in updates:
            update_id = raw.get("update_id")
            if not isinstance(update_id, int):
                await inbox.set_aside(session, Channel.TELEGRAM, _made_up_id(raw), raw, "no id", now)
                continue
            try:
                incoming = reading.read(raw)
            except reading.NothingToKeep:
                continue
            except reading.Unreadable as why:
                log.warning("update set aside", update=update_id, why=str(why))
                await inbox.set_aside(session, Channel.TELEGRAM, update_id, raw, str(why), now)
            else:
                if not incoming.group:
                    await inbox.store(session, Channel.TELEGRAM, update_id, incoming, now)
                elif await _is_for_us(session, incoming):
                    await inbox.store(session, Channel.TEAM, update_id, incoming, now)


async def _is_for_us(session: AsyncSession, incoming: Incoming) -> bool:
    """A group is read if it is a structure's, or to become one: nothing is kept of what others say."""
    return linking.is_group_link(incoming) or await topics.is_ours(session, chat_of(incoming.address))


def _made_up_id(raw: dict[str, Any]) -> int:
    digest = hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).digest()
    return -int.from_bytes(digest[:6], "big")


class Polling:
    """Long polling. The next offset, which acknowledges, is only sent after the commit."""

    def __init__(
        self, database: Database, clock: Clock, base_url: str, token: str, on_stored: Callable[[], None]
    ) -> None:
        self.database = database
        self.clock = clock
        self.on_stored = on_stored
        self._url = f"{base_url}/bot{token}/getUpdates"
        self._http: aiohttp.ClientSession | None = None

    async def run(self) -> None:
        """Poll until cancelled.

        Raises:
            SettingsError: Telegram refuses the token.
        """
        offset, pause = 0, 0.5
        while True:
            try:
                updates = await self._get(offset)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                log.warning("telegram away", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(30.0, pause * 2)
                continue
            pause = 0.5
            if updates:
                await store(self.database, updates, self.clock)
                self.on_stored()
                offset = max(offset, *(int(update["update_id"]) + 1 for update in updates))

    async def _get(self, offset: int) -> list[dict[str, Any]]:
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=LONG_POLL_SECONDS + 10)
            self._http = aiohttp.ClientSession(connector=trusting(), timeout=timeout)
        asked = {"offset": offset, "timeout": LONG_POLL_SECONDS, "allowed_updates": KINDS}
        async with self._http.post(self._url, json=asked) as answer:
            if answer.status in (401, 404):
                raise SettingsError(REFUSED_TOKEN)
            if answer.status == 409:
                log.warning("another process polls this bot, or a webhook is set")
            answer.raise_for_status()
            updates: list[dict[str, Any]] = (await answer.json())["result"]
            return updates

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def webhook_router(database: Database, clock: Clock, secret: str, on_stored: Callable[[], None]) -> APIRouter:
    """The webhook: 200 only after the commit; Telegram sends again what did not get it."""
    router = APIRouter()

    @router.post("/telegram/webhook")
    async def receive(request: Request) -> dict[str, bool]:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            raise HTTPException(403)
        try:
            raw = json.loads(await request.body())
        except ValueError as error:
            raise HTTPException(400) from error
        if not isinstance(raw, dict):
            raise HTTPException(400)
        await store(database, [raw], clock)
        on_stored()
        return {"ok": True}

    return router
