"""Statements that both databases must read alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.tables import Base


async def insert_new(session: AsyncSession, table: type[Base], **values: Any) -> bool:
    """Insert a row unless one with the same key is there; True if it is new."""
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    # Without the option, PostgreSQL's driver counts -1 row for every insertion.
    result = await session.execute(
        build(table).values(**values).on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
