"""How long a coordinator waits among 20,000 handoffs, on SQLite: `python -m bench.review`."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console import sheets
from bot.console.routes.review import HEADER, _row
from bot.domain.calendar import in_paris
from bot.domain.handoffs import HandoffReason, HandoffState, Step
from bot.domain.people import Channel
from bot.domain.review import Delay, Order
from bot.domain.surveys import Face
from bot.services import figures, review
from bot.services.review import Wanted
from bot.storage.database import Database
from bot.storage.tables import (
    ChannelIdentity,
    Conversation,
    Handoff,
    HandoffEvent,
    Person,
    SourceTouch,
    Structure,
    SurveyAnswer,
)
from tests.factories import NOW, adviser
from tests.world import make_template

HANDOFFS, PEOPLE, TIMES = 20_000, 8_000, 30
REASONS = tuple(HandoffReason)[:5]


async def fill(session: AsyncSession) -> None:
    """A year of one structure."""
    chance, sandra = random.Random(6), await adviser(session, "sandra")
    numbers = range(1, PEOPLE + 1)
    await session.execute(insert(Person), [{"id": one, "created_at": NOW} for one in numbers])
    identity = {"channel": Channel.TELEGRAM, "created_at": NOW}
    await session.execute(
        insert(ChannelIdentity), [{"id": one, "person_id": one, "address": str(one), **identity} for one in numbers]
    )
    await session.execute(
        insert(Conversation),
        [{"id": one, "identity_id": one, "structure_id": "ml-demo", "rasa_key": f"k{one}"} for one in numbers],
    )
    touch = {"first_at": NOW, "first_known": True, "last_code": "x", "last_at": NOW, "last_known": True}
    await session.execute(
        insert(SourceTouch), [{"person_id": one, "first_code": f"c{one % 20}", **touch} for one in numbers]
    )
    rows: list[dict[str, Any]] = []
    for number in range(1, HANDOFFS + 1):
        asked = NOW - timedelta(minutes=chance.uniform(1, 365 * 24 * 60))
        wait = timedelta(minutes=chance.expovariate(1 / 60))
        rows.append(
            {
                "id": number,
                "conversation_id": chance.choice(numbers),
                "structure_id": "ml-demo",
                "reason": chance.choice(REASONS),
                "state": HandoffState.GIVEN_BACK,
                "priority": 2,
                "asked_at": asked,
                "ended_at": asked + 2 * wait,
                "first_answer_at": asked + wait if chance.random() < 0.9 else None,
                "in_hours": chance.random() < 0.6,
                "adviser_id": sandra.id,
            }
        )
    await session.execute(insert(Handoff), rows)
    await session.execute(
        insert(HandoffEvent),
        [
            {"handoff_id": row["id"], "state": HandoffState.ASKED, "event": event, "at": row["asked_at"]}
            for row in rows
            for event in (Step.ASKED, Step.TAKEN, Step.RETURNED if row["id"] % 10 == 0 else Step.GIVEN_BACK)
        ],
    )
    answers = [{"handoff_id": row["id"], "face": Face.BAD, "at": row["asked_at"]} for row in rows if row["id"] % 5 == 0]
    await session.execute(insert(SurveyAnswer), answers)


async def measure(name: str, database: Database, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
    took, worked = [], []
    for _ in range(TIMES):
        started, before = time.perf_counter(), time.process_time()
        async with database.read_only() as session:
            await work(session)
        took.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (time.process_time() - before))
    p50, p95, cpu = statistics.median(took), statistics.quantiles(took, n=20)[-1], statistics.median(worked)
    print(f"{name:<32} p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   processor {cpu:6.0f} ms")


async def run(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    async with database.unit_of_work() as session:
        await fill(session)
    async with database.read_only() as session:
        structure = await session.get_one(Structure, "ml-demo")
    today = in_paris(NOW).date()
    month, year = (Wanted(today - timedelta(days=days), today) for days in (30, 365))
    slow = Wanted(year.since, today, delay=Delay.DAY, source="c3", order=Order.LONGEST)
    print(f"{HANDOFFS} handoffs of {PEOPLE} people, in one structure, in a year; {TIMES} times each")
    await measure("list, 30 days", database, lambda s: review.find(s, structure, month, NOW))
    await measure("list, a year, last page", database, lambda s: review.find(s, structure, year, NOW, 400))
    longest = Wanted(year.since, today, order=Order.LONGEST)
    await measure("list, a year, longest first", database, lambda s: review.find(s, structure, longest, NOW))
    await measure("list, a year, delay and source", database, lambda s: review.find(s, structure, slow, NOW))
    await measure("what went badly", database, lambda s: review.unhappy(s, structure, NOW))
    await measure("figures, 30 days", database, lambda s: figures.of(s, structure, month.since, today))
    await measure("figures, a year", database, lambda s: figures.of(s, structure, year.since, today))

    async def export(session: AsyncSession, write: Callable[[list[list[sheets.Cell]]], bytes]) -> None:
        write([_row(one) for one in await review.find_all(session, structure, year, NOW)])

    await measure("CSV, 5,000 rows", database, lambda s: export(s, lambda rows: sheets.as_csv(HEADER, rows)))
    await measure(
        "XLSX, 5,000 rows", database, lambda s: export(s, lambda rows: sheets.as_xlsx("Relais", HEADER, rows))
    )
    await database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(make_template(Path(name))))
