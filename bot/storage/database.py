"""The database: SQLite by default, PostgreSQL for a structure. `unit_of_work()` is the only commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from bot.storage.changes import NotingSession
from bot.storage.sqlite import DRIVER


class Database:
    """One engine. Both kinds of unit give an `AsyncSession`; only `unit_of_work` commits, and on success."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else create_async_engine(url, pool_size=10)
        # SQLite has one writer. Its own way to wait for it is to sleep and try again, up to 100 ms at a time and in
        # no order: ten messages a second waited 6 s on each other (measured). Within a process we queue instead.
        self._turnstile: AbstractAsyncContextManager[None] = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._writing = async_sessionmaker(self.engine, expire_on_commit=False, sync_session_class=NotingSession)
        self._reading = async_sessionmaker(
            self.engine.execution_options(read_only=True), expire_on_commit=False, autoflush=False
        )

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """A session that commits when the block ends well and rolls back when it raises."""
        async with self._turnstile, self._writing() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[AsyncSession]:
        """A session that never commits and, on SQLite, does not wait for the writer."""
        async with self._reading() as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
        self.engine.sync_engine.clear_compiled_cache()


def _sqlite_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(url.set(drivername=DRIVER), connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver's own transactions begin DEFERRED and lose updates silently (27 of 100 kept,
        # measured); so it opens none, and `begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
