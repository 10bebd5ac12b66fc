"""The service's own web application: the chat, the console, Telegram's webhook, the actions' route, health, metrics."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select
from starlette.formparsers import MultiPartParser

from bot import console
from bot.channels.telegram.intake import webhook_router
from bot.channels.webchat.routes import chat_router
from bot.domain.outbox import OutboxState
from bot.domain.people import Channel
from bot.services.feed import Feed
from bot.services.ports import Typist
from bot.settings import Settings, TelegramMode
from bot.storage.database import Database
from bot.storage.tables import InboxRow, OutboxRow

# A file on its way to be sealed stays in memory: the library would write it to the disk, in clear.
MultiPartParser.spool_max_size = 2 * 24 * 1024 * 1024


def make_app(
    settings: Settings,
    database: Database,
    feed: Feed,
    on_stored: Callable[[], None] = lambda: None,
    typists: Mapping[Channel, Typist] = MappingProxyType({}),
) -> FastAPI:
    """The application; `on_stored` is called when something that came in was committed.

    `typists` show, on the channels that can, that an adviser writes.
    """
    app = FastAPI(title="Promeneurs", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    async def health() -> dict[str, bool]:
        async with database.read_only() as session:
            await session.execute(select(1))
        return {"ok": True}

    @app.get("/metrics")
    async def metrics(authorization: Annotated[str, Header()] = "") -> Response:
        # What waits and what failed is nobody else's business; the same token as the actions' route.
        expected = f"Bearer {settings.actions_token.get_secret_value()}"
        if not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return Response(await _metrics(database), media_type=CONTENT_TYPE_LATEST)

    for point in entry_points(group="promeneurs.routers"):
        # The actions are plugged in by name: `bot` never imports them.
        make: Callable[..., APIRouter] = point.load()
        app.include_router(make(database, settings.clock, settings.actions_token.get_secret_value()))
    if settings.telegram_mode is TelegramMode.WEBHOOK and settings.telegram_webhook_secret:
        secret = settings.telegram_webhook_secret.get_secret_value()
        app.include_router(webhook_router(database, settings.clock, secret, on_stored))
    app.include_router(chat_router(settings, database, feed, on_stored))
    console.install(app, settings, database, feed, typists)
    return app


async def _metrics(database: Database) -> bytes:
    """What waits, and what was set aside; counted when asked, so that every process tells the same."""
    registry = CollectorRegistry()
    waiting = Gauge("promeneurs_inbox_waiting", "Updates not answered yet", registry=registry)
    aside = Gauge("promeneurs_inbox_set_aside", "Updates that could not be read", registry=registry)
    outgoing = Gauge("promeneurs_outbox", "Messages to send, by state", ["state"], registry=registry)
    async with database.read_only() as session:
        waiting.set(
            await session.scalar(
                select(func.count())
                .select_from(InboxRow)
                .where(InboxRow.turn_id.is_(None), InboxRow.set_aside.is_(None))
            )
            or 0
        )
        aside.set(
            await session.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.set_aside.is_not(None))) or 0
        )
        rows = await session.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
        for state, count in rows:
            outgoing.labels(OutboxState(state).value).set(count)
    return generate_latest(registry)
