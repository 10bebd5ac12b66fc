"""Fifty want the same thing at once, and one has it. `make bench-booking` runs many more rounds, in processes."""

from __future__ import annotations

import asyncio

import pytest

from bench import booking
from bot.storage.database import Database


@pytest.mark.parametrize("kind", booking.KINDS)
async def test_fifty_at_once_and_one_winner(database: Database, kind: str) -> None:
    await booking.ready(database)
    async with database.unit_of_work() as session:
        await booking.prepare(session, kind)
    won = await asyncio.gather(*(booking.attempt(database, kind, number) for number in range(booking.WORKERS)))
    async with database.read_only() as session:
        await booking.check(session, kind, sum(won))


async def test_without_the_constraint_there_is_more_than_one(database: Database) -> None:
    """What makes the others pass is the database's last word, and nothing that was checked before."""
    await booking.ready(database)
    await booking.take_the_constraint_away(database)
    async with database.unit_of_work() as session:
        await booking.prepare(session, "seat")
    won = await asyncio.gather(*(booking.attempt(database, "seat", number) for number in range(booking.WORKERS)))
    assert sum(won) > 1
