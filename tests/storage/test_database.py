"""What storage promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine, select, update
from sqlalchemy.exc import StatementError

from bot.domain.people import MilestoneKind
from bot.storage import migrating
from bot.storage.database import Database
from bot.storage.queries import insert_new
from bot.storage.tables import Milestone, Person, SendBudget
from tests.factories import NOW, young_person


async def test_a_hundred_increments_at_once_lose_none(database: Database) -> None:
    async with database.unit_of_work() as session:
        session.add(SendBudget(scope="counter", tokens=0, at=NOW))

    async def increment() -> None:
        async with database.unit_of_work() as session:
            counter = await session.get_one(SendBudget, "counter", with_for_update=True)
            await asyncio.sleep(0)  # another task may read here
            counter.tokens += 1

    await asyncio.gather(*(increment() for _ in range(100)))
    async with database.read_only() as session:
        assert (await session.get_one(SendBudget, "counter")).tokens == 100


async def test_a_unit_that_fails_keeps_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.unit_of_work() as session:
            await young_person(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read_only() as session:
        assert (await session.scalars(select(Person))).all() == []


async def test_read_only_never_commits(database: Database) -> None:
    async with database.unit_of_work() as session:
        session.add(SendBudget(scope="counter", tokens=0, at=NOW))
    async with database.read_only() as session:
        await session.execute(update(SendBudget).values(tokens=5))
    async with database.read_only() as session:
        assert (await session.get_one(SendBudget, "counter")).tokens == 0


async def test_reading_does_not_wait_for_who_writes(database: Database) -> None:
    async with database.unit_of_work() as writing:
        await young_person(writing)
        async with asyncio.timeout(60), database.read_only() as reading:
            assert (await reading.scalars(select(Person))).all() == []


async def test_an_instant_needs_its_zone_and_comes_back_in_utc(database: Database) -> None:
    summer = datetime(2027, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    async with database.unit_of_work() as session:
        session.add(SendBudget(scope="aware", tokens=0, at=summer))
    async with database.read_only() as session:
        at = (await session.get_one(SendBudget, "aware")).at
    assert at == summer
    assert at.tzinfo is UTC

    with pytest.raises(StatementError, match="an instant needs its time zone"):
        async with database.unit_of_work() as session:
            session.add(SendBudget(scope="naive", tokens=0, at=datetime(2027, 7, 1)))  # noqa: DTZ001


async def test_insert_new_tells_whether_it_is_new(database: Database) -> None:
    async with database.unit_of_work() as session:
        person_id = (await young_person(session)).identity.person_id
        honoured = {"person_id": person_id, "kind": MilestoneKind.FIRST_APPOINTMENT_HONOURED}
        assert await insert_new(session, Milestone, **honoured, at=NOW)
        assert not await insert_new(session, Milestone, **honoured, at=NOW + timedelta(days=1))
        kept = await session.get_one(Milestone, (person_id, MilestoneKind.FIRST_APPOINTMENT_HONOURED))
        assert kept.at == NOW


async def test_who_inserts_second_at_once_is_told_it_is_not_new(database: Database) -> None:
    async def insert() -> bool:
        async with database.unit_of_work() as session:
            return await insert_new(session, SendBudget, scope="one", tokens=1, at=NOW)

    assert sorted(await asyncio.gather(*(insert() for _ in range(10)))) == [False] * 9 + [True]


def test_migrations_go_up_agree_with_the_code_and_come_back(empty_url: str) -> None:
    migrating.upgrade(empty_url)
    assert _differences(empty_url) == []
    assert migrating.check(empty_url) is None
    migrating.downgrade(empty_url, "base")
    assert "db upgrade" in (migrating.check(empty_url) or "")
    migrating.upgrade(empty_url)
    assert migrating.check(empty_url) is None


def _differences(url: str) -> list[object]:
    engine = create_engine(migrating.sync_url(url))
    with engine.connect() as connection:
        found = migrating._differences(connection)
    engine.dispose()
    return found
