"""Twenty advisers press *Prendre* on the same conversation at once: `make bench-takeover`.

Twenty persistent workers, four in each of five processes, wait at a barrier and then all take. On PostgreSQL each has
its own connection; on SQLite each process has its own writer. Every round must have one winner, and the nineteen
others must be told who it is. `--rounds 1000` runs them all, on both databases.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench import booking
from bench.booking import FAR, NOW
from bot.domain.handoffs import HandoffReason, HandoffState, Step
from bot.errors import AlreadyTaken
from bot.services import handoffs
from bot.storage.database import Database
from bot.storage.tables import Adviser, Conversation, Handoff, HandoffEvent, Message, Notice, OutboxRow

PROCESSES, TASKS = 5, 4
WORKERS = PROCESSES * TASKS


async def ready(database: Database) -> None:
    """A structure with twenty advisers, and someone who waits."""
    await booking.ready(database)
    async with database.unit_of_work() as session:
        session.add_all(
            Adviser(
                id=FAR + number, slug=f"taker-{number}", structure_id="race", first_name=f"A{number}", role="adviser"
            )
            for number in range(1, WORKERS + 1)
        )


async def prepare(session: AsyncSession) -> int:
    """Someone asks for a human. What was before is gone."""
    for table in (Notice, HandoffEvent, Handoff, OutboxRow, Message):
        await session.execute(delete(table))
    conversation = (await session.scalars(select(Conversation).order_by(Conversation.id).limit(1))).one()
    return (await handoffs.ask(session, conversation, HandoffReason.ASKED, NOW)).id


async def attempt(database: Database, handoff_id: int, number: int) -> str:
    """What one adviser does in a round. "" if they have it; else the name they are told."""
    try:
        async with database.unit_of_work() as session:
            adviser = await session.get_one(Adviser, FAR + number)
            await handoffs.take(session, await session.get_one(Handoff, handoff_id), adviser, NOW)
    except AlreadyTaken as refusal:
        return refusal.values["name"]
    return ""


async def check(session: AsyncSession, handoff_id: int, said: list[str]) -> None:
    """One winner, whose name everyone else was told, and the tables say so too.

    Raises:
        AssertionError: two have it, or none, or someone was told nothing true.
    """
    winners = [number for number, name in enumerate(said, 1) if not name]
    assert len(winners) == 1, f"{len(winners)} winners"
    others = {name for name in said if name}
    assert others == {f"A{winners[0]}"}, f"told {others}, and A{winners[0]} has it"
    handoff = await session.get_one(Handoff, handoff_id)
    assert (handoff.state, handoff.adviser_id) == (HandoffState.TAKEN, FAR + winners[0])
    steps = (await session.scalars(select(HandoffEvent.event).where(HandoffEvent.handoff_id == handoff_id))).all()
    assert sorted(steps) == [Step.ASKED, Step.TAKEN], steps


def _work(url: str, first: int, barrier: Barrier, pipe: Connection) -> None:
    """One process: told a conversation, it waits for the others, then its four advisers press at once."""

    async def work() -> None:
        database = Database(url)
        while (handoff_id := pipe.recv()) is not None:
            barrier.wait()
            tries = (attempt(database, handoff_id, first + index + 1) for index in range(TASKS))
            got = await asyncio.gather(*tries, return_exceptions=True)
            pipe.send([one if isinstance(one, str) else repr(one) for one in got])
        await database.close()

    asyncio.run(work())


def race(url: str, rounds: int) -> float:
    """Run `rounds` rounds; stops at the first that does not have one winner. Returns the seconds it took."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    pipes, workers = [], []
    for number in range(PROCESSES):
        ours, theirs = context.Pipe()
        pipes.append(ours)
        workers.append(context.Process(target=_work, args=(url, number * TASKS, barrier, theirs), daemon=True))
        workers[-1].start()

    async def run() -> float:
        database = Database(url)
        await ready(database)
        began = 0.0
        for number in range(rounds + 1):
            async with database.unit_of_work() as session:
                handoff_id = await prepare(session)
            for pipe in pipes:
                pipe.send(handoff_id)
            said = [one for pipe in pipes for one in await asyncio.to_thread(pipe.recv)]
            async with database.read_only() as session:
                await check(session, handoff_id, said)
            if number == 0:
                began = time.perf_counter()  # the workers have started
            elif number % 100 == 0:
                print(f"  {number} rounds, {time.perf_counter() - began:.0f} s", flush=True)
        took = time.perf_counter() - began
        await database.close()
        return took

    try:
        return asyncio.run(run())
    finally:
        for pipe, worker in zip(pipes, workers, strict=True):
            pipe.send(None)
            worker.join(timeout=10)
            worker.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    asked = parser.parse_args()
    for kind in (asked.only,) if asked.only else ("sqlite", "postgresql"):
        print(f"Taking over, {asked.rounds} rounds of {WORKERS} advisers in {PROCESSES} processes, {kind}:", flush=True)
        with booking.fresh(kind) as url:
            try:
                took = race(url, asked.rounds)
            except AssertionError as failed:
                print(f"  lost: {failed}")
                sys.exit(1)
        print(f"  one winner in each of {asked.rounds} rounds, {1000 * took / asked.rounds:.0f} ms a round", flush=True)


if __name__ == "__main__":
    main()
