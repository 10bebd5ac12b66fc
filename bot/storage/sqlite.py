"""SQLite, called straight from the event loop.

SQLAlchemy's own asynchronous driver sends each statement to a thread and back four times (cursor, execute, fetch,
close): about 1 ms a statement, of which SQLite itself takes some 20 µs (measured). Here a statement runs where it is
asked. Nothing is lost by it: SQLite has one writer, units of work are short, and none is open across a network call.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import ConnectArgsType

DRIVER = "sqlite+inline"


class InlineCursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """SQLAlchemy's asynchronous results ask for this; the rows of this cursor are in memory already."""


class InlineConnection(sqlite3.Connection):
    def cursor(self, *_: Any) -> InlineCursor:  # type: ignore[override]
        return super().cursor(InlineCursor)


class InlineDialect(SQLiteDialect_pysqlite):
    """The standard driver under SQLAlchemy's asynchronous session."""

    driver = "inline"
    supports_statement_cache = True
    is_async = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        arguments, options = super().create_connect_args(url)
        return arguments, {**options, "factory": InlineConnection}


registry.register("sqlite.inline", __name__, "InlineDialect")
