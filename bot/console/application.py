"""Put the console in the service's web application."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from bot.console.access import Console
from bot.console.live import Live
from bot.console.routes import routers
from bot.domain.people import Channel
from bot.services.feed import Feed
from bot.services.ports import Typist
from bot.settings import Settings
from bot.storage.database import Database


def install(
    app: FastAPI, settings: Settings, database: Database, feed: Feed, typists: Mapping[Channel, Typist]
) -> None:
    """Add the console's routes, all under /console."""
    app.state.console = Console(settings, database, settings.clock, Live(database, feed, settings.clock), typists)
    for router in routers:
        # As they are: `include_router` would build each of them a second time, half a second for an application.
        app.router.routes.extend(router.routes)
