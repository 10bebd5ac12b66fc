"""Booking under a crowd, and free slots under a year of appointments: `make bench-booking`.

Races: fifty persistent workers, ten in each of five processes (fifty processes do not fit on two cores), wait at a
barrier and then all want the same thing. On PostgreSQL each has its own connection; on SQLite each process has its
own writer. Every round must have exactly one winner. `--rounds 10000` runs them all; `--without-constraint` takes the
database's last word away, and must fail.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Mode, Slot, slices
from bot.domain.calendar import PARIS
from bot.domain.openings import slots
from bot.domain.people import Channel
from bot.domain.waiting import WaitingState
from bot.domain.workshops import RegistrationState, WorkshopKind
from bot.errors import NothingToDo, Refusal
from bot.running import settle
from bot.services import appointments, openings, people, registrations, waiting, workshops
from bot.storage import migrating
from bot.storage.database import Database
from bot.storage.tables import (
    Adviser,
    Appointment,
    ChannelIdentity,
    Conversation,
    Nudge,
    Opening,
    OutboxRow,
    Person,
    Place,
    Reason,
    Registration,
    SlotSlice,
    Structure,
    TerritoryRow,
    Waiting,
    Workshop,
)

NOW = datetime(2027, 3, 8, 10, tzinfo=PARIS)  # a Monday
DAY = date(2027, 3, 15)
PROCESSES, TASKS = 5, 10
WORKERS = PROCESSES * TASKS
FAR = 9000  # beside whatever the database holds already
KINDS = ("seat", "lengths", "adviser", "move", "offer", "workshop", "workshop_offer")
IN_A_WORKSHOP = ("workshop", "workshop_offer")

PLACES, ADVISERS, PAST, COMING = 40, 60, 17_400, 2_600


# ── What everyone wants ──────────────────────────────────────────────────────────────────────


async def set_up(session: AsyncSession) -> None:
    """A structure with an opening for each kind of race, and twice fifty young people."""
    session.add(
        TerritoryRow(id="race", name="Course", subdiv=None, fictional=True, neighbours=[], bring=[], loaded_at=NOW)
    )
    await session.flush()
    session.add(Structure(id="race", territory_id="race", name="Course", short_name="Course"))
    await session.flush()
    session.add_all(_reason("race", slug, minutes) for slug, minutes in LENGTHS)
    session.add_all(
        Place(id=FAR + number, slug=f"race-{number}", structure_id="race", name=f"Lieu {number}", serves=[])
        for number in (1, 2)
    )
    session.add(Adviser(id=FAR, slug="race", structure_id="race", first_name="Ana", role="adviser"))
    await session.flush()
    session.add_all(
        [
            _opening(1, place=1, seats=1),  # the last seat, and its lengths
            _opening(2, place=1, adviser=FAR),  # one adviser,
            _opening(3, place=2, adviser=FAR),  # in two places
            _opening(4, place=2, seats=WORKERS, weekday=1),  # where those who move come from
        ]
    )
    half_day = tuple(datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=PARIS) for clock in ("09:00", "12:00"))
    plan = workshops.Plan(WorkshopKind.ATELIER, "Course", FAR + 1, seats=1, sessions=((half_day[0], half_day[1]),))
    await workshops.set_up(session, "race", "race", plan, NOW)
    for number in range(2 * WORKERS):  # those who move have an appointment already, and are not the others
        await people.meet(session, Channel.TELEGRAM, str(9000 + number), NOW)


LENGTHS = (("first_meeting", None), ("cv", 45), ("housing", 60))


def _reason(structure: str, slug: str, minutes: int | None) -> Reason:
    return Reason(
        structure_id=structure, slug=slug, name=slug, minutes=minutes, bookable_by=["young"],
        shortest_notice_minutes=120, longest_notice_days=42, change_notice_minutes=60,
    )  # fmt: skip


def _opening(number: int, *, place: int, adviser: int | None = None, seats: int = 1, weekday: int = 0) -> Opening:
    return Opening(
        id=FAR + number, key=f"race-{number}", place_id=FAR + place, adviser_id=adviser, weekday=weekday,
        start_minute=9 * 60, end_minute=12 * 60, slot_minutes=30, seats=seats, modes=["sur_place"],
    )  # fmt: skip


def slot_of(opening: int, clock: str, minutes: int = 30, day: date = DAY) -> Slot:
    starts_at = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=PARIS).astimezone(UTC)
    place, adviser = {1: (1, None), 2: (1, FAR), 3: (2, FAR), 4: (2, None)}[opening]
    return Slot(FAR + opening, FAR + place, adviser, Mode.ON_SITE, starts_at, starts_at + timedelta(minutes=minutes))


async def prepare(session: AsyncSession, kind: str) -> None:
    """What a round needs: appointments to move, a slot or a seat kept for the first in line. Nothing else is left."""
    to_move = select(Appointment.id).where(Appointment.opening_id == FAR + 4)
    free = or_(SlotSlice.appointment_id.is_(None), SlotSlice.appointment_id.not_in(to_move))
    await session.execute(delete(SlotSlice).where(free))
    for table in (Nudge, OutboxRow, Waiting, Registration):
        await session.execute(delete(table))
    await session.execute(delete(Appointment).where(Appointment.opening_id != FAR + 4))
    if kind == "move":
        ready = set((await session.scalars(select(Appointment.conversation_id))).all())
        for conversation in (await _everyone(session))[WORKERS:]:
            if conversation.id not in ready:  # the one who moved, the time before
                await appointments.book(session, conversation, slot_of(4, "10:00", day=DAY + timedelta(days=1)), NOW)
    if kind == "workshop_offer":
        first, second = (await _everyone(session))[:2]
        leaves = await registrations.register(session, first, await _workshop(session), NOW)
        await registrations.wait(session, second, await _workshop(session), NOW)
        await registrations.leave(session, leaves, NOW)
    if kind == "offer":
        first = (await _everyone(session))[0]
        await waiting.join(session, first, NOW)
        slot = slot_of(1, "10:00")
        assert await waiting.offer_freed(session, "race", slot.opening_id, slot.starts_at, slot.ends_at, NOW) == 1


async def _workshop(session: AsyncSession) -> Workshop:
    return (await session.scalars(select(Workshop).where(Workshop.key == "race"))).one()


async def _everyone(session: AsyncSession) -> list[Conversation]:
    return list(await session.scalars(select(Conversation).order_by(Conversation.id)))


async def attempt(database: Database, kind: str, number: int) -> bool:
    """What one of the workers does in a round; True if they got it."""
    try:
        async with database.unit_of_work() as session:
            mine = number + WORKERS if kind == "move" else number
            conversation = await session.scalar(select(Conversation).order_by(Conversation.id).offset(mine).limit(1))
            assert conversation is not None
            await WANTS[kind](session, conversation, number)
    except Refusal:
        return False
    return True


async def _want_seat(session: AsyncSession, conversation: Conversation, number: int) -> None:
    await appointments.book(session, conversation, slot_of(1, "10:00"), NOW)


async def _want_length(session: AsyncSession, conversation: Conversation, number: int) -> None:
    """9:30 to 10:00, 9:00 to 9:45 or 9:00 to 10:00: any two of them overlap."""
    reason, minutes = LENGTHS[number % 3]
    slot = slot_of(1, "09:00" if minutes else "09:30", minutes or 30)
    await appointments.book(session, conversation, slot, NOW, reason=reason)


async def _want_adviser(session: AsyncSession, conversation: Conversation, number: int) -> None:
    await appointments.book(session, conversation, slot_of(2 + number % 2, "10:00"), NOW)


async def _want_move(session: AsyncSession, conversation: Conversation, number: int) -> None:
    booked = await appointments.upcoming(session, conversation, NOW)
    await appointments.move(session, booked, slot_of(1, "10:00"), NOW)


async def _want_offer(session: AsyncSession, conversation: Conversation, number: int) -> None:
    """Half press the button of the same offer, on as many devices; half try to book the slot it holds."""
    if number % 2:
        await appointments.book(session, conversation, slot_of(1, "10:00"), NOW)
    else:
        offered = (await session.scalars(select(Waiting))).one()
        await appointments.take_offer(session, offered, NOW)


async def _want_workshop(session: AsyncSession, conversation: Conversation, number: int) -> None:
    await registrations.register(session, conversation, await _workshop(session), NOW)


async def _want_workshop_offer(session: AsyncSession, conversation: Conversation, number: int) -> None:
    """Half press the button of the same offer, on as many devices; half want the seat it keeps."""
    if number % 2:
        await registrations.register(session, conversation, await _workshop(session), NOW)
    else:
        kept = select(Registration).where(Registration.offered_until.is_not(None))
        offered = (await session.scalars(kept)).one_or_none()
        if offered is None:
            raise NothingToDo
        await registrations.take_offer(session, offered, NOW)


WANTS: dict[str, Callable[[AsyncSession, Conversation, int], Awaitable[None]]] = {
    "seat": _want_seat,
    "lengths": _want_length,
    "adviser": _want_adviser,
    "move": _want_move,
    "offer": _want_offer,
    "workshop": _want_workshop,
    "workshop_offer": _want_workshop_offer,
}


async def check(session: AsyncSession, kind: str, won: int) -> None:
    """Exactly one winner, and the tables say so too.

    Raises:
        AssertionError: two were told they have it, or none.
    """
    assert won == 1, f"{kind}: {won} winners"
    if kind in IN_A_WORKSHOP:
        seats = select(Registration.seat, Registration.state).where(Registration.seat.is_not(None))
        assert (await session.execute(seats)).all() == [(0, RegistrationState.REGISTERED)], kind
        return
    booked = (
        await session.scalars(
            select(Appointment).where(Appointment.state == AppointmentState.BOOKED, Appointment.opening_id != FAR + 4)
        )
    ).all()
    assert len(booked) == 1, f"{kind}: {len(booked)} appointments"
    theirs = set((await session.scalars(select(SlotSlice.slice).where(SlotSlice.appointment_id == booked[0].id))).all())
    assert theirs == set(slices(booked[0].starts_at, booked[0].ends_at)), kind
    if kind == "offer":
        assert (await session.scalars(select(Waiting.state))).all() == [WaitingState.TAKEN]


# ── Fifty workers ────────────────────────────────────────────────────────────────────────────


def _work(url: str, first: int, barrier: Barrier, pipe: Connection) -> None:
    """One process: told a kind, it waits for the others, then its ten workers go at once."""

    async def work() -> None:
        logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of each insertion that loses
        database = Database(url)
        while (kind := pipe.recv()) is not None:
            barrier.wait()
            tries = (attempt(database, kind, first + index) for index in range(TASKS))
            won = await asyncio.gather(*tries, return_exceptions=True)
            pipe.send([one if isinstance(one, bool) else repr(one) for one in won])
        await database.close()

    asyncio.run(work())


def race(url: str, rounds: int) -> None:
    """Run `rounds` rounds, the kinds in turn; stops at the first that does not have exactly one winner."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    pipes, workers = [], []
    for number in range(PROCESSES):
        ours, theirs = context.Pipe()
        pipes.append(ours)
        workers.append(context.Process(target=_work, args=(url, number * TASKS, barrier, theirs), daemon=True))
        workers[-1].start()

    async def run() -> None:
        database = Database(url)
        began = time.perf_counter()
        for number in range(rounds):
            kind = KINDS[number % len(KINDS)]
            async with database.unit_of_work() as session:
                await prepare(session, kind)
            for pipe in pipes:
                pipe.send(kind)
            won = [one for pipe in pipes for one in await asyncio.to_thread(pipe.recv)]
            assert all(isinstance(one, bool) for one in won), f"{kind}: {set(won) - {True, False}}"
            async with database.read_only() as session:
                await check(session, kind, sum(won))
            if (number + 1) % 100 == 0:
                print(f"  {number + 1} rounds, {time.perf_counter() - began:.0f} s", flush=True)
        await database.close()

    try:
        asyncio.run(run())
    finally:
        for pipe, worker in zip(pipes, workers, strict=True):
            pipe.send(None)
            worker.join(timeout=10)
            worker.kill()


async def take_the_constraint_away(database: Database) -> None:
    """What the races must not survive: the slots' key and, on PostgreSQL, the workshops' seats.

    On SQLite a seat is looked for and taken under the one lock of writers, which nothing takes away.
    """
    async with database.unit_of_work() as session:
        if database.is_sqlite:
            await session.execute(text("ALTER TABLE slot_slice RENAME TO slot_slice_before"))
            await session.execute(text("CREATE TABLE slot_slice AS SELECT * FROM slot_slice_before WHERE 0"))
        else:
            await session.execute(text("ALTER TABLE slot_slice DROP CONSTRAINT pk_slot_slice"))
            await session.execute(text("ALTER TABLE registration DROP CONSTRAINT uq_registration_workshop_id_seat"))


# ── Free slots ───────────────────────────────────────────────────────────────────────────────


async def fill(session: AsyncSession, past: int, coming: int) -> None:
    """40 places, 60 advisers with two days a week each, and their appointments, written as booking writes them."""
    session.add(
        TerritoryRow(id="big", name="Grand", subdiv="57", fictional=True, neighbours=[], bring=[], loaded_at=NOW)
    )
    await session.flush()
    session.add(Structure(id="big", territory_id="big", name="Grand", short_name="Grand"))
    await session.flush()
    session.add(_reason("big", "first_meeting", None))
    session.add_all(
        Place(id=number, slug=f"big-{number}", structure_id="big", name=f"Lieu {number}", serves=[])
        for number in range(1, PLACES + 1)
    )
    session.add_all(
        Adviser(id=number, slug=f"big-{number}", structure_id="big", first_name="Ana", role="adviser")
        for number in range(1, ADVISERS + 1)
    )
    session.add(Person(id=1, created_at=NOW))
    await session.flush()
    session.add(ChannelIdentity(id=1, person_id=1, channel=Channel.TELEGRAM, address="1", created_at=NOW))
    await session.flush()
    session.add(Conversation(id=1, identity_id=1, structure_id="big", rasa_key="key"))
    await session.flush()
    hours = ((9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60))
    for adviser in range(1, ADVISERS + 1):
        for day in (adviser % 5, (adviser + 2) % 5):
            for start, end in hours:
                session.add(
                    Opening(
                        key=f"big:{adviser}:{day}:{start}",
                        place_id=(adviser + day) % PLACES + 1,
                        adviser_id=adviser,
                        weekday=day,
                        start_minute=start,
                        end_minute=end,
                        slot_minutes=30,
                        seats=1,
                        modes=["sur_place"],
                    )
                )
    await session.flush()
    made = list((await session.scalars(select(Opening))).all())
    await _book_all(session, list(_times(made, NOW - timedelta(days=1), -1)), past)
    await _book_all(session, list(_times(made, NOW + timedelta(hours=3), 1)), coming * 2)


def _times(made: list[Opening], since: datetime, direction: int) -> Iterator[Slot]:
    """The slots of the openings, away from a moment, day after day."""
    for number in range(1, 600):
        day = since.date() + timedelta(days=direction * number)
        for opening in made:
            pattern = openings.pattern_of(opening)
            for starts_at, ends_at in slots(pattern, day, 30) if pattern.holds_on(day) else ():
                yield Slot(opening.id, opening.place_id, opening.adviser_id, Mode.ON_SITE, starts_at, ends_at)


async def _book_all(session: AsyncSession, found: list[Slot], count: int) -> None:
    """Past: all of them; to come: every other one."""
    taken = found[:count] if found[0].starts_at < NOW else found[:count:2]
    first = (await session.scalar(select(Appointment.id).order_by(Appointment.id.desc()).limit(1)) or 0) + 1
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for number, slot in enumerate(taken, first):
        coming = slot.starts_at > NOW
        rows.append(
            {
                "id": number,
                "person_id": 1,
                "conversation_id": 1,
                "structure_id": "big",
                "place_id": slot.place_id,
                "opening_id": slot.opening_id,
                "adviser_id": slot.adviser_id,
                "mode": slot.mode,
                "sequence": 0,
                # One person stands for all: the rule of one open appointment a reason is not what is measured.
                "reason": f"r{number}",
                "starts_at": slot.starts_at,
                "ends_at": slot.ends_at,
                "uid": str(number),
                "state": AppointmentState.BOOKED if coming else AppointmentState.PRESENT,
                "booked_at": NOW,
            }
        )
        numbers = list(slices(slot.starts_at, slot.ends_at))
        parts += [
            {"resource": slot.resources[0], "slice": one, "run": 0 if index else len(numbers), "appointment_id": number}
            for index, one in enumerate(numbers)
        ]
    if rows:
        await session.execute(insert(Appointment), rows)
        await session.execute(insert(SlotSlice), parts)


async def measure(database: Database, rounds: int = 200) -> tuple[list[float], int]:
    """Milliseconds of each look at a month of free slots of the whole territory, and how many it found."""
    taken, found = [], 0
    for _ in range(rounds):
        async with database.read_only() as session:
            began = time.perf_counter()
            found = len(await openings.free_slots(session, "big", NOW, end=NOW + timedelta(days=30)))
            taken.append((time.perf_counter() - began) * 1000)
    return taken, found


PLAN = """SELECT resource, slice, run FROM slot_slice
WHERE run > 0 AND slice >= 6000000 AND slice < 6010000 AND (held_until IS NULL OR held_until > '2027-03-08')"""


async def plan(session: AsyncSession) -> str:
    """How the database finds what is taken."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    rows = (await session.execute(text(("EXPLAIN QUERY PLAN " if on_sqlite else "EXPLAIN ") + PLAN))).all()
    return " | ".join(str(row[-1]).strip() for row in rows)


# ── All of it ────────────────────────────────────────────────────────────────────────────────


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The URL of a new migrated database."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            url = f"sqlite:///{Path(folder) / 'bench.db'}"
        else:
            from tests.databases import postgres

            url = postgres().create()
        migrating.upgrade(url)
        yield url


async def show_free_slots(url: str, past: int) -> None:
    database = Database(url)
    async with database.unit_of_work() as session:
        await fill(session, past, COMING)
    if not database.is_sqlite:
        async with database.unit_of_work() as session:
            await session.execute(text("ANALYZE"))  # as PostgreSQL does by itself, within minutes
    await measure(database, 5)
    settle()  # as the service does once it has started
    taken, found = await measure(database)
    ordered = sorted(taken)
    print(
        f"  {past:6} past + {COMING} to come: {found} free slots; p50 {statistics.median(taken):.1f} ms, "
        f"p95 {ordered[int(len(ordered) * 0.95)]:.1f} ms",
        flush=True,
    )
    if past == PAST:
        async with database.read_only() as session:
            print(f"  plan: {await plan(session)}", flush=True)
    await database.close()


async def ready(database: Database) -> None:
    async with database.unit_of_work() as session:
        await set_up(session)
        await session.execute(update(Conversation).values(structure_id="race"))


async def _start_races(url: str, *, without_constraint: bool) -> None:
    database = Database(url)
    await ready(database)
    if without_constraint:
        await take_the_constraint_away(database)
    await database.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--without-constraint", action="store_true")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--skip", choices=("races", "slots"))
    asked = parser.parse_args()
    for kind in (asked.only,) if asked.only else ("sqlite", "postgresql"):
        if asked.skip != "slots" and not asked.without_constraint:
            print(f"Free slots of a month, {PLACES} places, {ADVISERS} advisers, {kind}:", flush=True)
            for past in (0, PAST, 2 * PAST):
                with fresh(kind) as url:
                    asyncio.run(show_free_slots(url, past))
        if asked.skip == "races":
            continue
        print(f"Races, {asked.rounds} rounds of {WORKERS} workers in {PROCESSES} processes, {kind}:", flush=True)
        with fresh(kind) as url:
            asyncio.run(_start_races(url, without_constraint=asked.without_constraint))
            try:
                race(url, asked.rounds)
            except AssertionError as failed:
                print(f"  lost: {failed}")
                sys.exit(1)
        print(f"  one winner in each of {asked.rounds} rounds", flush=True)


if __name__ == "__main__":
    main()
