"""Fifty want the same thing at once, and one has it. `make bench-booking` and
`make bench-takeover` run many more rounds, in processes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from bench import booking, takeover
from bot.storage.database import Database


@pytest.mark.parametrize("kind", booking.KINDS)
async def test_fifty_at_once_and_one_winner(database: Database, kind: str) -> None:
    await booking.ready(database)
    async with database.unit_of_work() as session:
        await booking.prepare(session, kind)
    won = await asyncio.gather(*(booking.attempt(database, kind, number) for number in range(booking.WORKERS)))
    async with database.read_only() as session:
        await booking.check(session, kind, sum(won))


async def test_twenty_press_take_at_once_and_the_others_hear_who_has_it(database: Database) -> None:
    await takeover.ready(database)
    for _ in range(10):
        async with database.unit_of_work() as session:
            asked = await takeover.prepare(session)
        numbers = range(1, takeover.WORKERS + 1)
        said = await asyncio.gather(*(takeover.attempt(database, asked, number) for number in numbers))
        async with database.read_only() as session:
            await takeover.check(session, asked, list(said))


@pytest.mark.spoils_the_database
async def test_without_the_constraint_there_is_more_than_one(database: Database) -> None:
    """What makes the others pass is the database's last word, and nothing that was checked before."""
    await booking.ready(database)
    await booking.take_the_constraint_away(database)
    for kind in ("seat",) if database.is_sqlite else ("seat", "workshop"):
        async with database.unit_of_work() as session:
            await booking.prepare(session, kind)
        won = await asyncio.gather(*(booking.attempt(database, kind, number) for number in range(booking.WORKERS)))
        assert sum(won) > 1


async def test_past_appointments_cost_nothing_to_who_looks_for_free_slots(database: Database) -> None:
    """What is taken is read in an index by time, between two moments, on both databases."""
    async with database.unit_of_work() as session:
        if not database.is_sqlite:
            await session.execute(text("SET enable_seqscan = off"))  # the tables are small here
        plan = await booking.plan(session)
    assert "ix_slot_slice_run" in plan
    assert ("slice>? AND slice<?" if database.is_sqlite else "slice >= 6000000) AND (slice < 6010000)") in plan
