"""Statements that both databases must read alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

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


async def lock(session: AsyncSession, row: Base) -> None:
    """Read a row again, and let nobody else change it until the unit of work ends.

    In two statements: PostgreSQL refuses to lock an outer join, and one that waited for the lock would come
    with the joined rows as they were before.
    """
    state = inspect(row)
    keys = state.mapper.primary_key
    found = zip(keys, state.identity or (), strict=True)
    await session.execute(select(*keys).where(*(key == value for key, value in found)).with_for_update())
    await session.refresh(row)


class seconds_between(GenericFunction[float]):
    """The seconds from a moment to a later one."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(clause, **options) for clause in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {start}))"
