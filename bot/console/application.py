"""Put the console in the service's web application."""

from __future__ import annotations

from fastapi import FastAPI

from bot.console.access import Console
from bot.console.live import Live
from bot.console.routes import routers
from bot.services.feed import Feed
from bot.settings import Settings
from bot.storage.database import Database


def install(app: FastAPI, settings: Settings, database: Database, feed: Feed) -> None:
    """Add the console's routes, all under /console."""
    app.state.console = Console(settings, database, settings.clock, Live(database, feed, settings.clock))
    for router in routers:
        app.include_router(router)
