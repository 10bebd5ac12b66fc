"""A console and the browsers that look at it, without a network."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import ShiftedClock
from bot.services import accounts, partners
from bot.services.feed import Feed
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.tables import Adviser
from bot.web import make_app
from tests.factories import adviser

PASSWORD = "un mot de passe assez long"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASHED = CHEAP.hash(PASSWORD)
TEAM = ("karim", "sandra", "nadia", "claire")
PARTNER = "anne"  # of a town hall, books with Sandra's structure


class Desk:
    """The application, with the demo's team: Karim is of another structure, Claire coordinates."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.app = make_app(settings, database, Feed(database))
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Desk:
        async with self.database.unit_of_work() as session:
            for slug in TEAM:
                who = await adviser(session, slug)
                await accounts.set_up(session, who, email(slug), HASHED, must_change=False)
            sandra = await adviser(session, "sandra")
            anne = await partners.create(session, sandra.structure, "Anne", "la mairie de Fameck")
            await accounts.set_up(session, anne, email(PARTNER), HASHED, must_change=False)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._stack.aclose()

    @property
    def now(self) -> datetime:
        return self.settings.clock.now()

    async def partner(self, session: AsyncSession) -> Adviser:
        return (await session.scalars(select(Adviser).where(Adviser.email == email(PARTNER)))).one()

    def move_to(self, moment: datetime) -> None:
        assert isinstance(self.settings.clock, ShiftedClock)
        self.settings.clock.move_to(moment)

    async def browser(self, host: str = "192.0.2.7") -> Browser:
        transport = httpx.ASGITransport(self.app, client=(host, 123))
        http = httpx.AsyncClient(transport=transport, base_url="https://desk.test")
        return Browser(await self._stack.enter_async_context(http))

    async def logged_in(self, slug: str) -> Browser:
        browser = await self.browser()
        answer = await browser.log_in(email(slug))
        assert answer.status_code == 303, answer.text
        return browser


class Browser:
    """Keeps cookies, follows no redirection, and sends forms as the pages write them."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def log_in(self, address: str, password: str = PASSWORD) -> httpx.Response:
        return await self.submit("/console/connexion", "/console/connexion", email=address, password=password)

    async def submit(self, page: str, action: str, **fields: str) -> httpx.Response:
        """Open a page and send a form of it, with the token the page gives."""
        found = re.search(r'name="csrf" value="([\w-]+)"', (await self.get(page)).text)
        assert found is not None, f"{page} has no form"
        return await self.http.post(action, data={"csrf": found[1], **fields})


def hash_with(monkeypatch: pytest.MonkeyPatch, hasher: PasswordHasher) -> None:
    monkeypatch.setattr(accounts, "_hasher", hasher)
    accounts._hash_of_nobody.cache_clear()


def email(slug: str) -> str:
    return f"{slug}@exemple.fr"
