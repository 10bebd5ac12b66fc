"""Booking, moving, cancelling, holding, waiting and closing in any order, against a model that fits on a page."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.appointments import AppointmentState, Slot, slices
from bot.domain.waiting import WaitingState
from bot.errors import Refusal
from bot.services import appointments, openings, waiting
from bot.storage.database import Database
from bot.storage.tables import Absence, Appointment, BookingDraft, Conversation, SlotSlice, Waiting
from tests.databases import demo_on_postgres, postgres
from tests.factories import NOW, adviser, slot, young_person

PEOPLE = 4
TIMES = ("2027-03-15T10:00", "2027-03-15T11:00", "2027-03-19T10:00", "2027-03-19T11:00")
MONDAY = date(2027, 3, 15)
who = st.integers(0, PEOPLE - 1)
when = st.sampled_from(TIMES)
Step = Callable[[AsyncSession], Coroutine[Any, Any, None]]


class Booking(RuleBasedStateMachine):
    """What the model knows: who has which time, who holds which until when, and whether Monday is closed."""

    copy_database: Callable[[], str]

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = Database(type(self).copy_database())
        self.now = NOW
        self.has: dict[int, str] = {}
        self.held: dict[int, tuple[str, datetime]] = {}
        self.closed = False
        self.conversations: list[int] = []
        self.slots: dict[str, Slot] = {}
        self.do(self._meet)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.database.close())
            self.loop.close()

    def do(self, step: Step) -> bool:
        """Run a step in a unit of work; False if it was refused."""

        async def run() -> None:
            async with self.database.unit_of_work() as session:
                await step(session)

        try:
            self.loop.run_until_complete(run())
        except Refusal:
            return False
        return True

    async def _meet(self, session: AsyncSession) -> None:
        for _ in range(PEOPLE):
            conversation = await young_person(session)
            self.conversations.append(conversation.id)
            session.add(
                BookingDraft(
                    conversation_id=conversation.id, wanted=[], excluded=[], offered=[], seen=[],
                    opened_at=NOW, touched_at=NOW,
                )
            )  # fmt: skip
        self.slots = {at: await slot(session, at) for at in TIMES}

    # ── The model ────────────────────────────────────────────────────────────────────────────

    def open_at(self, at: str) -> bool:
        return not (self.closed and at.startswith(f"{MONDAY}"))

    def free_for(self, person: int, at: str) -> bool:
        """Nobody else has it or holds it, as the offers stand in the tables."""
        others = {time for one, time in self.has.items() if one != person}
        holds = {time for one, (time, until) in self.held.items() if one != person and until > self.now}
        return at not in others | holds and self.offers().get(at, person) == person

    def offers(self) -> dict[str, int]:
        """Who is being offered which time."""
        found: dict[str, int] = {}

        async def look(session: AsyncSession) -> None:
            rows = await session.scalars(select(Waiting).where(Waiting.state == WaitingState.OFFERED))
            for row in rows.all():
                assert row.offer is not None
                assert row.held_until is not None
                if row.held_until > self.now:
                    at = openings.slot_from(row.offer).starts_at
                    name = next(name for name, one in self.slots.items() if one.starts_at == at)
                    found[name] = self.conversations.index(row.conversation_id)

        self.do(look)
        return found

    # ── The steps ────────────────────────────────────────────────────────────────────────────

    @rule(person=who, at=when)
    def book(self, person: int, at: str) -> None:
        # An offer is taken by its own button: to book beside it is to meet someone else's slices.
        may = person not in self.has and self.open_at(at) and self.free_for(person, at) and at not in self.offers()
        may = may and self.held.get(person, ("", NOW))[0] != at
        draft_holds = self.held.get(person, ("", NOW))[0] == at and self.held[person][1] > self.now
        done = self.do(lambda session: self._book(session, person, at))
        if draft_holds:
            assert not done, "what a draft holds is booked with the draft"
            return
        if self.held.get(person, ("", NOW))[0] == at:
            may = person not in self.has and self.open_at(at) and self.free_for(person, at) and at not in self.offers()
        assert done is may
        if done:
            self.has[person] = at

    async def _book(self, session: AsyncSession, person: int, at: str) -> None:
        await appointments.book(session, await self._conversation(session, person), self.slots[at], self.now)

    @rule(person=who, at=when)
    def hold(self, person: int, at: str) -> None:
        may = at not in self.has.values() and self.free_for(person, at) and at not in self.offers()
        done = self.do(lambda session: self._hold(session, person, at))
        assert done is may
        if done:
            self.held[person] = (at, self.now + timedelta(minutes=10))

    async def _hold(self, session: AsyncSession, person: int, at: str) -> None:
        await openings.hold(session, await self._draft(session, person), self.slots[at], self.now)

    @rule(person=who)
    def confirm(self, person: int) -> None:
        """Book or move to what is held, in time or late."""
        if person not in self.held:
            return
        at, _ = self.held[person]
        may = self.open_at(at) and self.free_for(person, at) and at not in self.offers()
        may = may and self.has.get(person) != at
        if self.has.get(person) == at:
            return
        done = self.do(lambda session: self._confirm(session, person, at))
        assert done is may
        if done:
            self.has[person] = at
            del self.held[person]

    async def _confirm(self, session: AsyncSession, person: int, at: str) -> None:
        conversation, draft = await self._conversation(session, person), await self._draft(session, person)
        if person in self.has:
            booked = await appointments.upcoming(session, conversation, self.now)
            await appointments.move(session, booked, self.slots[at], self.now, draft=draft)
        else:
            await appointments.book(session, conversation, self.slots[at], self.now, draft=draft)

    @rule(person=who)
    def cancel(self, person: int) -> None:
        if person in self.has:
            assert self.do(lambda session: self._cancel(session, person))
            del self.has[person]

    async def _cancel(self, session: AsyncSession, person: int) -> None:
        booked = await appointments.upcoming(session, await self._conversation(session, person), self.now)
        await appointments.cancel(session, booked, AppointmentState.CANCELLED_BY_YOUNG, self.now)

    @rule(person=who)
    def stand_in_line(self, person: int) -> None:
        assert self.do(lambda session: self._join(session, person))

    async def _join(self, session: AsyncSession, person: int) -> None:
        await waiting.join(session, await self._conversation(session, person), self.now)

    @rule(person=who, takes=st.booleans())
    def answer_an_offer(self, person: int, takes: bool) -> None:
        offered = {one: at for at, one in self.offers().items()}
        done = self.do(lambda session: self._answer(session, person, takes))
        assert done is (person in offered and (not takes or self.open_at(offered[person])))
        if done and takes:
            self.has[person] = offered[person]

    async def _answer(self, session: AsyncSession, person: int, takes: bool) -> None:
        conversation = await self._conversation(session, person)
        entry = await waiting.place_in_line(session, conversation.identity.person_id)
        if entry is None:
            raise Refusal
        if takes:
            await appointments.take_offer(session, entry, self.now)
        else:
            await waiting.decline(session, entry, self.now)

    @rule(minutes=st.sampled_from([5, 10, 120]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.do(self._tick)

    async def _tick(self, session: AsyncSession) -> None:
        await waiting.tick(session, self.now)

    @rule()
    def close_or_open_monday(self) -> None:
        self.closed = not self.closed
        self.do(self._close)

    async def _close(self, session: AsyncSession) -> None:
        found = await session.scalar(select(Absence).where(Absence.key == "machine"))
        if found is None:
            sandra = await adviser(session, "sandra")
            session.add(Absence(key="machine", adviser_id=sandra.id, first_date=MONDAY, last_date=MONDAY))
        else:
            found.active = self.closed

    # ── What is always true ──────────────────────────────────────────────────────────────────

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        if hasattr(self, "database"):
            assert self.do(self._check)

    async def _check(self, session: AsyncSession) -> None:
        rows = await session.scalars(select(Appointment).where(Appointment.state == AppointmentState.BOOKED))
        booked = {self.conversations.index(row.conversation_id): row for row in rows.all()}
        assert {one: row.starts_at for one, row in booked.items()} == {
            one: self.slots[at].starts_at for one, at in self.has.items()
        }
        taken = (await session.scalars(select(SlotSlice))).all()
        for row in booked.values():
            theirs = {part.slice for part in taken if part.appointment_id == row.id}
            assert theirs == set(slices(row.starts_at, row.ends_at))
        assert {part.appointment_id for part in taken} <= {None, *(row.id for row in booked.values())}
        free = {(one.opening_id, one.starts_at) for one in await openings.free_slots(session, "demo", self.now)}
        offers = self.offers_in(taken)
        for at, one in self.slots.items():
            holds = {time for time, until in self.held.values() if until > self.now}
            expected = self.open_at(at) and at not in {*self.has.values(), *holds} and one.starts_at not in offers
            assert ((one.opening_id, one.starts_at) in free) is expected, at

    def offers_in(self, taken: Any) -> set[datetime]:
        """The starts that are held for someone in line."""
        numbers = {part.slice for part in taken if part.waiting_id and part.held_until > self.now}
        return {one.starts_at for one in self.slots.values() if numbers & set(slices(one.starts_at, one.ends_at))}

    async def _conversation(self, session: AsyncSession, person: int) -> Conversation:
        return await session.get_one(Conversation, self.conversations[person])

    async def _draft(self, session: AsyncSession, person: int) -> BookingDraft:
        wanted = BookingDraft.conversation_id == self.conversations[person]
        return (await session.scalars(select(BookingDraft).where(wanted))).one()


def test_any_order_of_steps_agrees_with_the_model_on_sqlite(demo_on_sqlite: Path, tmp_path: Path) -> None:
    def copy() -> str:
        folder = tempfile.mkdtemp(dir=tmp_path)
        shutil.copy(demo_on_sqlite, f"{folder}/demo.db")
        return f"sqlite:///{folder}/demo.db"

    _run(copy, examples=12)


@pytest.mark.timeout(300)
def test_any_order_of_steps_agrees_with_the_model_on_postgresql() -> None:
    _run(lambda: postgres().create(demo_on_postgres()), examples=2)


def _run(copy: Callable[[], str], examples: int) -> None:
    machine = type("Machine", (Booking,), {"copy_database": staticmethod(copy)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
